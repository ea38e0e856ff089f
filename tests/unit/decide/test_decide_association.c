/* SPDX-License-Identifier: MIT */
/* What is known of the connection and the association, and what an outcome has beside
 * its pool (docs/policy.md, docs/contract.md).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#include "talk.h"
#include "dicom/pdu.h"

static struct talk t;

static struct slice text(const char *s)
{
	return s ? slice_str(s) : (struct slice){0};
}

static void check(const struct heard *h, const char *verdict, const char *backend)
{
	if (!is_text(h->verdict, verdict) || !is_text(h->backend, backend))
		fail_msg("%.*s to %.*s instead of %s to %s", (int)h->verdict.len,
			 (const char *)h->verdict.ptr, (int)h->backend.len,
			 (const char *)h->backend.ptr, verdict, backend);
}

/*** the connection ***/

static void test_connection(void **state)
{
	static const struct {
		const char *condition;
		const char *src; /* in hexadecimal */
		int64_t port;
		const char *server, *client;
		bool holds;
	} cases[] = {
		{"'ClientAddress': '10.0.0.0/8'", "0A010203", 0, NULL, NULL, true},
		{"'ClientAddress': '10.1.2.3'", "0A010203", 0, NULL, NULL, true},
		{"'ClientAddress': ['11.0.0.0/8', '10.1.2.4']", "0A010203", 0, NULL, NULL,
		 false},
		{"'ClientAddress': '2001:db8::/32'", "20010DB8 00*11 01", 0, NULL, NULL,
		 true},
		{"'ClientAddress': '2001:db8::1'", "20010DB8 00*11 01", 0, NULL, NULL,
		 true},
		{"'ClientAddress': '2001:db8::2'", "20010DB8 00*11 01", 0, NULL, NULL,
		 false},
		{"'ClientAddress': '10.0.0.0/8'", "20010DB8 00*11 01", 0, NULL, NULL,
		 false},
		/* IPv4 on an IPv6 socket */
		{"'ClientAddress': '10.1.2.3'", "00*10 FFFF 0A010203", 0, NULL, NULL,
		 true},
		{"'ClientAddress': '::ffff:10.0.0.0/104'", "0A010203", 0, NULL, NULL,
		 true},
		{"'ClientAddress': '::/0'", "0A010203", 0, NULL, NULL, true},
		{"'ClientAddress': {'regex': '^10[.]1[.]2[.]3$'}", "00*10 FFFF 0A010203",
		 0, NULL, NULL, true},
		{"'ClientAddress': {'regex': '^2001:db8::1$'}", "20010DB8 00*11 01", 0,
		 NULL, NULL, true},
		/* a UNIX socket has none */
		{"'ClientAddress': '::/0'", "", 0, NULL, NULL, false},
		{"'ClientAddress': {'present': false}", "", 0, NULL, NULL, true},
		{"'DestinationPort': 11112", "", 11112, NULL, NULL, true},
		{"'DestinationPort': [104, 11112]", "", 104, NULL, NULL, true},
		{"'DestinationPort': '104'", "", 104, NULL, NULL, true},
		{"'DestinationPort': ['0104', '1*']", "", 104, NULL, NULL, true},
		{"'DestinationPort': '1.04e2'", "", 104, NULL, NULL, true},
		{"'DestinationPort': {'from': 1024, 'to': 65535}", "", 65535, NULL, NULL,
		 true},
		{"'DestinationPort': {'from': 1024}", "", 104, NULL, NULL, false},
		{"'DestinationPort': '7'", "", 7, NULL, NULL, true},
		{"'DestinationPort': {'present': false}", "", 0, NULL, NULL, true},
		{"'DestinationPort': {'present': false}", "", 65536, NULL, NULL, true},
		{"'DestinationPort': {'present': false}", "", -1, NULL, NULL, true},
		{"'TLSServerName': 'ct.example.org'", "", 0, "ct.example.org", NULL,
		 true},
		{"'TLSServerName': '*.example.org'", "", 0, "ct.example.org", NULL, true},
		{"'TLSServerName': 'CT.example.org'", "", 0, "ct.example.org", NULL,
		 false},
		{"'TLSServerName': {'is': 'ct.example.org', 'ignore_case': true}", "", 0,
		 "CT.Example.ORG", NULL, true},
		{"'TLSServerName': {'present': false}", "", 0, NULL, "CT 1", true},
		{"'TLSClientName': 'CT 1'", "", 0, "ct.example.org", "CT 1", true},
		{"'TLSClientName': 'R\u00f6ntgen'", "", 0, NULL, "R\u00f6ntgen", true},
		{"'TLSClientName': 'R\u00f6ntgen'", "", 0, NULL, "Ro\u0308ntgen", true},
		{"'TLSClientName': {'present': true}", "", 0, "ct.example.org", NULL,
		 false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char json[512];
		struct heard *h;

		snprintf(json, sizeof(json), YES_IF("%s"), cases[i].condition);
		talk_begin(&t, json);
		t.told.src = cases[i].src[0] ? sample(cases[i].src) : (struct slice){0};
		t.told.dport = cases[i].port;
		t.told.server_name = text(cases[i].server);
		t.told.client_name = text(cases[i].client);
		h = talk_associate(&t, STORE_CONTEXT, "");
		if (!is_text(h->verdict, "route") ||
		    !is_text(h->backend, cases[i].holds ? "yes" : "no"))
			fail_msg("%s", cases[i].condition);
		assert_int_equal(h->request.len, 0);
		talk_end(&t);
	}
}

/*** the association ***/

/* PS3.7 D.3.3.7: 1 user name, 2 with passcode, 3 Kerberos, 4 SAML, 5 JSON Web Token */
static void test_user_identity(void **state)
{
	static const struct {
		const char *item, *condition;
		bool holds;
	} cases[] = {
		{"58 00 [01 00 ['dr who'] [ ]]", "'dr who'", true},
		{"58 00 [01 00 ['dr who'] [ ]]", "'dr*'", true},
		{"58 00 [01 01 ['dr who'] [ ]]", "'dr who'", true},
		{"58 00 [02 00 ['dr who'] ['secret']]", "'dr who'", true},
		{"58 00 [02 00 ['dr who'] ['secret']]", "{'regex': 'secret'}", false},
		{"58 00 [01 00 ['R' C3B6 'ntgen'] [ ]]", "'R\u00f6ntgen'", true},
		{"58 00 [01 00 ['Ro' CC88 'ntgen'] [ ]]", "'R\u00f6ntgen'", true},
		{"58 00 [01 00 ['WARD' 5C 'who'] [ ]]", "'WARD\\\\who'", true},
		{"58 00 [01 00 ['WARD' 5C 'who'] [ ]]", "['who', 'WARD']", false},
		{"58 00 [03 00 ['ticket'] [ ]]", "'ticket'", false},
		{"58 00 [03 00 ['ticket'] [ ]]", "{'empty': true}", true},
		{"58 00 [04 00 ['saml'] [ ]]", "{'empty': true}", true},
		{"58 00 [05 00 ['jwt'] [ ]]", "{'present': true}", true},
		{"58 00 [05 00 ['jwt'] [ ]]", "{'empty': false}", false},
		{"58 00 [01 00 [ ] [ ]]", "{'empty': true}", true},
		{"", "{'present': false}", true},
		{"", "{'empty': true}", false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char json[512];
		struct heard *h;

		snprintf(json, sizeof(json), YES_IF("'UserIdentity': %s"),
			 cases[i].condition);
		talk_begin(&t, json);
		h = talk_associate(&t, STORE_CONTEXT, cases[i].item);
		if (!is_text(h->verdict, "route") ||
		    !is_text(h->backend, cases[i].holds ? "yes" : "no"))
			fail_msg("%s, %s", cases[i].item, cases[i].condition);
		talk_end(&t);
	}
}

#define CONTEXT(id, uid) "20 00 [" id " 00 00 00 30 00 ['" uid "']" IMPLICIT "]"

/* What an SCU of the proposed SOP classes can only begin with */
static void test_command_before_the_message(void **state)
{
	static const struct {
		const char *contexts, *command, *verdict, *backend;
	} cases[] = {
		{FIND_CONTEXT, "'C-FIND'", "route", "yes"},
		{FIND_CONTEXT, "'C-MOVE'", "route", "no"},
		{CONTEXT("01", "1.2.840.10008.5.1.4.1.2.1.2"), "'C-MOVE'", "route",
		 "yes"},
		{CONTEXT("01", "1.2.840.10008.5.1.4.1.2.2.3"), "'C-GET'", "route", "yes"},
		{CONTEXT("01", "1.2.840.10008.3.1.2.3.4"), "'N-GET'", "route", "yes"},
		{CONTEXT("01", "1.2.840.10008.3.1.2.3.5"), "'N-EVENT-REPORT'", "route",
		 "yes"},
		{CONTEXT("01", "1.2.840.10008.5.1.4.31"), "'C-FIND'", "route", "yes"},
		{ECHO_CONTEXT, "'C-ECHO'", "route", "yes"},
		{STORE_CONTEXT, "'C-STORE'", "route", "yes"},
		{STORE_CONTEXT CONTEXT("03", "1.2.840.10008.5.1.4.1.1.4"), "'C-STORE'",
		 "route", "yes"},
		/* one of two: it matters, or not */
		{STORE_CONTEXT ECHO_CONTEXT, "'C-ECHO'", "accept", "no"},
		{STORE_CONTEXT ECHO_CONTEXT, "['C-ECHO', 'C-STORE']", "route", "yes"},
		{STORE_CONTEXT ECHO_CONTEXT, "'C-FIND'", "route", "no"},
		{FIND_CONTEXT CONTEXT("03", "1.2.840.10008.5.1.4.1.2.2.2"),
		 "['C-FIND', 'C-MOVE']", "route", "yes"},
		/* only the archive can answer these: what is unknown is absent */
		{FIND_CONTEXT CONTEXT("03", "1.2.840.10008.5.1.4.1.2.2.2"), "'C-FIND'",
		 "route", "no"},
		{CONTEXT("01", "1.2.840.10008.3.1.2.3.3"), "['N-CREATE', 'N-SET']",
		 "route", "yes"},
		{CONTEXT("01", "1.2.840.10008.3.1.2.3.3"), "'N-SET'", "route", "no"},
		/* a service that is not known may begin with anything */
		{STORE_CONTEXT CONTEXT("03", "1.3.12.2.1107.5.9.1"), "'C-STORE'",
		 "accept", "no"},
		{CONTEXT("01", "1.3.12.2.1107.5.9.1"), "'C-STORE'", "route", "no"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char json[512];
		struct heard *h;

		snprintf(json, sizeof(json), YES_IF("'Command': %s"), cases[i].command);
		talk_begin(&t, json);
		h = talk_associate(&t, cases[i].contexts, "");
		if (!is_text(h->verdict, cases[i].verdict) ||
		    !is_text(h->backend, cases[i].backend))
			fail_msg("%s, %s: %.*s", cases[i].contexts, cases[i].command,
				 (int)h->verdict.len, (const char *)h->verdict.ptr);
		talk_end(&t);
	}
}

static void test_command_of_the_message(void **state)
{
	static const struct {
		const char *stream, *backend;
	} cases[] = {
		{"04 00 {{03 03" ECHO_RQ "}}", "echo"},
		{"04 00 {{01 03" STORE_RQ "}}", "store"},
		{"05 00 {00*4 }", "none"}, /* released: there was none */
	};

	talk_begin(&t, "{'rules': [{'name': '1', 'if': {'Command': 'C-ECHO'}, 'backend': "
		       "'echo'},"
		       " {'name': '2', 'if': {'Command': 'C-ST*'}, 'backend': 'store'}],"
		       " 'default': {'backend': 'none'}}");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		check(talk_associate(&t, STORE_CONTEXT ECHO_CONTEXT, ""), "accept",
		      "none");
		check(talk_send(&t, cases[i].stream), "route", cases[i].backend);
	}
	talk_end(&t);
}

/*** outcomes ***/

static void test_keys(void **state)
{
	static const struct {
		const char *key, *data, *value;
	} cases[] = {
		{"'Modality'", "0800 6000 'CS' 0200 'CT'", "CT"},
		{"['Modality', 'PatientID']",
		 "0800 6000 'CS' 0200 'CT' 1000 2000 'LO' 0400 'ID7 '", "CT\\ID7"},
		{"['Modality', 'PatientID']", "1000 2000 'LO' 0400 'ID7 '", "\\ID7"},
		{"['PatientID', 'Modality']", "0800 6000 'CS' 0200 'CT'", "\\CT"},
		{"['PatientID', 'Modality']", "1000 2000 'LO' 0400 'ID7 '", "ID7\\"},
		{"['PatientID', 'Modality']",
		 "0800 6000 'CS' 0200 '  ' 1000 2000 'LO' 0000", ""},
		{"['PatientID', 'Modality']", "", ""},
		{"'ImageType'", "0800 0800 'CS' 0800 'ORIG\\AB '", "ORIG"},
		{"['CallingAETitle', 'Rows', 'Modality']", "2800 1000 'US' 0200 0002",
		 "CT_SCANNER_1\\512\\"},
		{"'PatientName'",
		 "0800 0500 'CS' 0A00 'ISO_IR 100' 1000 1000 'PN' 0400 'M' FC '^A'",
		 "M\u00fc^A"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char json[512], stream[1024];
		struct heard *h;

		snprintf(json, sizeof(json),
			 "{'rules': [{'name': 'r', 'backend': 'b', 'key': %s}]}",
			 cases[i].key);
		snprintf(stream, sizeof(stream), STORE("%s"), cases[i].data);
		talk_begin(&t, json);
		check(talk_associate(&t, STORE_CONTEXT, ""), "accept", "b");
		h = talk_send(&t, stream);
		check(h, "route", "b");
		if (!is_text(h->key, cases[i].value))
			fail_msg("%s: %.*s", cases[i].key, (int)h->key.len,
				 (const char *)h->key.ptr);
		talk_end(&t);
	}
}

/* A value that does not fit into the answer is cut. */
static void test_long_keys_and_exports(void **state)
{
	struct heard *h;
	size_t len = 0;

	talk_begin(&t, "{'rules': [{'name': 'r', 'backend': 'b', 'key': "
		       "['PatientComments', 'PatientID']}],"
		       " 'export': {'x_a': 'PatientID', 'x_b': 'PatientComments', 'x_c': "
		       "'PatientID'}}");
	talk_associate(&t, STORE_CONTEXT, "");
	h = talk_send(&t, STORE("1000 2000 'LO' 0200 'ID' 1000 0040 'LT' 0020 'x'*8192"));
	check(h, "route", "b");
	assert_int_equal(h->key.len, 1024);
	for (unsigned i = 0; i < h->nexports; i++)
		len += h->exports[i].value.len;
	assert_in_range(len, 2, 1024);
	assert_true(is_text(h->exports[0].value, "ID"));
	talk_end(&t);
}

static void check_titles(struct slice pdu, const char *called, const char *calling)
{
	static struct pdu_associate rq;
	struct reader stream = reader_of(pdu, false);
	struct pdu part;

	assert_true(pdu_next(&stream, &part) && reader_done(&stream));
	assert_int_equal(pdu_parse_associate(part.body, PDU_ASSOCIATE_RQ, &rq), READ_OK);
	assert_true(is_text(rq.called_ae_title, called));
	assert_true(is_text(rq.calling_ae_title, calling));
}

static const char renaming[] =
	"{'rules': [{'name': '1', 'if': {'Modality': 'CT'}, 'backend': 'b', 'called_ae': "
	"'X',"
	"  'calling_ae': 'Y'}, {'name': '2', 'if': {'Modality': 'MR'}, 'backend': 'b'}],"
	" 'default': {'backend': 'b', 'calling_ae': 'FALLBACK'}}";

static void test_titles_of_a_spliced_association(void **state)
{
	struct heard *h;

	talk_begin(&t, renaming);
	h = talk_associate(&t, STORE_CONTEXT, "");
	check(h, "accept", "b");
	check_titles(h->request, "ARCHIVE", "FALLBACK");
	/* the log has those of the SCU, and it gets its own back */
	assert_true(is_text(h->calling_ae, "CT_SCANNER_1") &&
		    is_text(h->called_ae, "ARCHIVE"));
	assert_memory_equal(h->reply.ptr + 10, "ARCHIVE         CT_SCANNER_1    ", 32);
	h = talk_send(&t, "04 00 {{01 03" STORE_RQ "}}");
	check(h, "more", "b");
	check_titles(h->request, "ARCHIVE", "FALLBACK");
	h = talk_send(&t, "04 00 {{01 02 0800 6000 'CS' 0200 'CT'}}");
	check(h, "route", "b");
	check_titles(h->request, "X", "Y");
	talk_associate(&t, STORE_CONTEXT, "");
	h = talk_send(&t, STORE("0800 6000 'CS' 0200 'MR'"));
	check_titles(h->request, "ARCHIVE", "CT_SCANNER_1");
	talk_end(&t);
}

/* Then the rest of the RQ stays as it is, byte for byte. */
static void test_titles_of_another_association(void **state)
{
	struct heard *h;

	talk_begin(&t, renaming);
	h = talk_associate(&t, FIND_CONTEXT, "53 00 [0002 0002]");
	check(h, "route", "b");
	check_titles(h->request, "ARCHIVE", "FALLBACK");
	assert_int_equal(h->request.len, t.stream.len);
	assert_memory_equal(h->request.ptr, t.bytes, 26);
	assert_memory_equal(h->request.ptr + 42, t.bytes + 42, t.stream.len - 42);
	/* what came behind the RQ is no part of it */
	sample_write(&t.stream, "04 00 00");
	h = talk_ask(&t, "associate", t.stream.len);
	assert_int_equal(h->request.len, t.stream.len - 3);
	talk_end(&t);
}

/*** exports ***/

static void check_export(const struct heard *h, const char *name, const char *value)
{
	for (unsigned i = 0; i < h->nexports; i++)
		if (is_text(h->exports[i].name, name)) {
			assert_true(value && is_text(h->exports[i].value, value));
			return;
		}
	assert_null(value);
}

static const char sorting[] = "{'rules': [{'name': '1', 'if': {'CallingAETitle': 'CT*'}, "
			      "'backend': 'b'}], 'export': {";

static void test_exports_of_the_association(void **state)
{
	char json[1024];
	struct heard *h;

	snprintf(json, sizeof(json),
		 "%s'x_ae': 'CallingAETitle', 'x_user': 'UserIdentity',"
		 " 'x_class': 'ProposedSOPClassUID', 'x_from': 'ClientAddress', "
		 "'x_port': 'DestinationPort'}}",
		 sorting);
	talk_begin(&t, json);
	t.told.src = sample("0A010203");
	h = talk_associate(&t, STORE_CONTEXT ECHO_CONTEXT,
			   "58 00 [03 00 ['ticket'] [ ]]");
	check(h, "route", "b"); /* nothing to wait for */
	assert_int_equal(h->request.len, 0);
	check_export(h, "x_ae", "CT_SCANNER_1");
	check_export(h, "x_user", "");
	check_export(h, "x_class", "1.2.840.10008.5.1.4.1.1.2\\1.2.840.10008.1.1");
	check_export(h, "x_from", "10.1.2.3");
	check_export(h, "x_port", NULL);
	talk_end(&t);
}

static void test_exports_of_the_data_set(void **state)
{
	char json[1024];
	struct heard *h;

	snprintf(json, sizeof(json),
		 "%s'x_type': 'ImageType', 'x_ae': 'CallingAETitle',"
		 " 'x_id': 'PatientID', 'x_rows': 'Rows', 'x_none': 'StationName'}}",
		 sorting);
	talk_begin(&t, json);
	h = talk_associate(&t, STORE_CONTEXT, "");
	check(h, "accept", "b"); /* the pool is known, but not what it may depend on */
	check_export(h, "x_ae", "CT_SCANNER_1");
	check_export(h, "x_type", NULL);
	h = talk_send(&t,
		      "04 00 {{01 03" STORE_RQ "}} 04 00 {{01 00"
		      "0800 0800 'CS' 1000 'ORIGINAL\\PRIMARY' 1000 2000 'LO' 0000}}");
	check(h, "more", "b");
	check_export(h, "x_ae", "CT_SCANNER_1");
	check_export(h, "x_type", "ORIGINAL\\PRIMARY");
	check_export(h, "x_rows", NULL);
	h = talk_send(&t, "04 00 {{01 02 2800 1000 'US' 0200 0002}}");
	check(h, "route", "b");
	check_export(h, "x_type", "ORIGINAL\\PRIMARY");
	check_export(h, "x_id", "");
	check_export(h, "x_rows", "512");
	check_export(h, "x_none", NULL);
	talk_end(&t);
}

/* What is refused has no pool that could depend on them. */
static void test_exports_do_not_delay_refusals(void **state)
{
	struct heard *h;

	talk_begin(&t, "{'rules': [{'name': '1', 'if': {'CallingAETitle': 'CT*'},"
		       " 'reject': 'no-reason-given', 'result': 'transient'}], 'export': "
		       "{'x_m': 'Modality'}}");
	h = talk_associate(&t, STORE_CONTEXT, "");
	check(h, "reject", "");
	assert_true(slice_equal(h->reply, sample("03 00 00000004 00 02 01 01")));
	assert_int_equal(h->nexports, 0);
	talk_end(&t);
}

/*** a policy that is replaced, and time ***/

static void replace(const char *json)
{
	assert_true(policy_store_replace(t.policies, policy_of(quoted(json))));
}

static void test_policy_is_replaced(void **state)
{
	static const char first[] =
		"{'rules': [{'name': 'old', 'if': {'Modality': 'CT'},"
		" 'backend': 'old'}], 'default': {'backend': 'none'}}";
	static const char data[] = STORE("0800 6000 'CS' 0200 'CT'");
	char id[32];
	struct heard *h;

	talk_begin(&t, first);
	h = talk_associate(&t, STORE_CONTEXT, "");
	check(h, "accept", "none");
	assert_int_equal(h->policy.len, POLICY_ID_SIZE - 1);
	strcpy(id, t.policy);
	replace("{'rules': [{'name': 'new', 'if': {'PatientID': 'x', 'Modality': 'CT'},"
		" 'backend': 'new'}], 'default': {'backend': 'newer'}}");
	/* one that is under way stays with the one that it began with */
	h = talk_send(&t, data);
	check(h, "route", "old");
	assert_true(is_text(h->policy, id));
	/* its id was lost, or is another agent's: the one in force */
	t.told.policy = (struct slice){0};
	h = talk_ask(&t, "dataset", t.stream.len);
	check(h, "route", "newer");
	assert_false(is_text(h->policy, id));
	t.told.policy = slice_str("0123456789abcdef");
	check(talk_ask(&t, "dataset", t.stream.len), "route", "newer");
	/* the next one begins with the new one */
	h = talk_associate(&t, STORE_CONTEXT, "");
	check(h, "accept", "newer");
	assert_false(is_text(h->policy, id));
	decide_release(t.d);
	decide_release(t.d);
	talk_end(&t);
}

static void test_began(void **state)
{
	static const char data[] = STORE("0800 2000 'DA' 0800 '20261001'");
	int64_t now = time(NULL);
	struct heard *h;

	talk_begin(&t, YES_IF("'StudyDate': {'newer_than': '30 days'}"));
	h = talk_associate(&t, STORE_CONTEXT, "");
	assert_in_range(h->began, now, now + 60);
	t.told.began = 1793361600; /* 2026-10-30 12:00 UTC */
	h = talk_send(&t, data);
	check(h, "route", "yes");
	assert_int_equal(h->began, 1793361600);
	t.told.began += 3 * 86400;
	check(talk_ask(&t, "dataset", t.stream.len), "route", "no");
	talk_end(&t);
}

/* When the A-ASSOCIATE-AC was sent, for the wait for the data set. */
static void test_accepted(void **state)
{
	int64_t now = time(NULL);

	talk_begin(&t, YES_IF("'Modality': 'CT'"));
	talk_associate(&t, STORE_CONTEXT, "");
	assert_in_range(t.heard.accepted, now * 1000000, (now + 60) * 1000000);
	check(talk_send(&t, STORE("0800 6000 'CS' 0200 'CT'")), "route", "yes");
	assert_int_equal(t.heard.accepted, -1);
	talk_end(&t);
	talk_begin(&t, "{'rules': [], 'default': {'backend': 'a'}}");
	check(talk_associate(&t, STORE_CONTEXT, ""), "route", "a");
	assert_int_equal(t.heard.accepted, -1);
	talk_end(&t);
}

static void test_schedule(void **state)
{
	static const struct {
		int64_t began;
		const char *backend;
	} cases[] = {
		{1795608000, "no"},              /* Wednesday, 2026-11-25 12:00 UTC */
		{1795608000 + 6 * 3600, "yes"},  /* 18:00 */
		{1795608000 + 18 * 3600, "yes"}, /* Thursday 6:00 */
		{1795608000 + 19 * 3600, "no"},  /* 7:00 */
		{1795608000 + 30 * 3600, "no"},  /* Thursday 18:00 */
	};

	talk_begin(&t, YES_IF("'schedule': {'from': '18:00', 'to': '07:00', 'weekdays': "
			      "'Wed'}"));
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		t.told.began = cases[i].began;
		check(talk_associate(&t, STORE_CONTEXT, ""), "route", cases[i].backend);
		assert_int_equal(t.heard.began, cases[i].began);
	}
	talk_end(&t);
}

static int set_up(void **state)
{
	return setenv("TZ", "UTC", 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_connection),
		cmocka_unit_test(test_user_identity),
		cmocka_unit_test(test_command_before_the_message),
		cmocka_unit_test(test_command_of_the_message),
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_long_keys_and_exports),
		cmocka_unit_test(test_titles_of_a_spliced_association),
		cmocka_unit_test(test_titles_of_another_association),
		cmocka_unit_test(test_exports_of_the_association),
		cmocka_unit_test(test_exports_of_the_data_set),
		cmocka_unit_test(test_exports_do_not_delay_refusals),
		cmocka_unit_test(test_policy_is_replaced),
		cmocka_unit_test(test_began),
		cmocka_unit_test(test_accepted),
		cmocka_unit_test(test_schedule),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
