/* SPDX-License-Identifier: MIT */
/* The facts of the association, one by one; how rules use them is in
 * decide/test_decide_association.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "dicom/dict.h"
#include "facts/association.h"
#include "edge.h"
#include "sample.h"

#define CONTEXT_OF(id, uid) "20 00 [" id "000000 30 00 ['" uid "']"
#define SYNTAX(uid)         "40 00 ['" uid "']"
#define CT(id)              CONTEXT_OF(id, "1.2.840.10008.5.1.4.1.1.2")
#define MR(id)              CONTEXT_OF(id, "1.2.840.10008.5.1.4.1.1.4")
#define ECHO(id)            CONTEXT_OF(id, "1.2.840.10008.1.1")
#define EXPLICIT            SYNTAX("1.2.840.10008.1.2.1")
#define IMPLICIT            SYNTAX("1.2.840.10008.1.2")
#define CT_UID              "1.2.840.10008.5.1.4.1.1.2"
#define MR_UID              "1.2.840.10008.5.1.4.1.1.4"
#define EXPLICIT_UID        "1.2.840.10008.1.2.1"
#define IMPLICIT_UID        "1.2.840.10008.1.2"

static struct pdu_associate rq;
static struct dimse_message message;
static struct facts_association known;
static struct unicode_scratch unicode;
static uint8_t bytes[8192];
static struct writer text;

/* An A-ASSOCIATE-RQ with these presentation contexts and user items */
static void begin(const char *contexts, const char *items)
{
	char body[2048];

	snprintf(body, sizeof(body),
		 "0001 0000 'ARCHIVE         ' '  CT 1          ' 00*32"
		 " 10 00 ['1.2.840.10008.3.1.1.1'] %s 50 00 [51 00 [00004000] %s]",
		 contexts, items);
	assert_int_equal(pdu_parse_associate(reader_of(edge(sample(body)), false),
					     PDU_ASSOCIATE_RQ, &rq),
			 READ_OK);
	known = (struct facts_association){.rq = &rq, .connection = {.port = -1}};
	message = (struct dimse_message){0};
	text = writer_of(bytes, sizeof(bytes));
}

static struct policy_fact get(enum policy_association which)
{
	struct policy_attribute attribute = {.tag = which, .vr = "LO"};

	return facts_association_get(&known, &attribute, &unicode, &text);
}

static void check(enum policy_association which, enum policy_fact_state state,
		  const char *expected)
{
	struct policy_fact fact = get(which);

	assert_int_equal(fact.state, state);
	if (!is_text(fact.text, expected))
		fail_msg("%.*s instead of %s", (int)fact.text.len,
			 (const char *)fact.text.ptr, expected);
}

static void test_titles(void **state)
{
	begin(CT("01") EXPLICIT "]", "52 00 ['1.2.3'] 55 00 ['V1']");
	check(POLICY_CALLED_AE_TITLE, POLICY_PRESENT, "ARCHIVE");
	check(POLICY_CALLING_AE_TITLE, POLICY_PRESENT, "CT 1");
	check(POLICY_IMPLEMENTATION_CLASS_UID, POLICY_PRESENT, "1.2.3");
	check(POLICY_IMPLEMENTATION_VERSION_NAME, POLICY_PRESENT, "V1");
	begin(CT("01") EXPLICIT "]", "");
	check(POLICY_IMPLEMENTATION_CLASS_UID, POLICY_ABSENT, "");
	check(POLICY_IMPLEMENTATION_VERSION_NAME, POLICY_ABSENT, "");
}

/* Until the first message has come, it is one of those proposed; if only one is
 * proposed, that one is known.
 */
static void test_sop_class(void **state)
{
	begin(CT("01") EXPLICIT "]" MR("03") EXPLICIT "]" CT("05") IMPLICIT "]", "");
	check(POLICY_PROPOSED_SOP_CLASS_UID, POLICY_PRESENT, CT_UID "\\" MR_UID);
	check(POLICY_SOP_CLASS_UID, POLICY_ONE_OF, CT_UID "\\" MR_UID);
	known.message = &message;
	check(POLICY_SOP_CLASS_UID, POLICY_ONE_OF, CT_UID "\\" MR_UID);
	message.command_whole = true;
	check(POLICY_SOP_CLASS_UID, POLICY_ABSENT, ""); /* N-GET and others may lack it */
	message.sop_class = slice_str(MR_UID);
	check(POLICY_SOP_CLASS_UID, POLICY_PRESENT, MR_UID);
	check(POLICY_PROPOSED_SOP_CLASS_UID, POLICY_PRESENT, CT_UID "\\" MR_UID);
	begin(CT("01") EXPLICIT "]" CT("03") IMPLICIT "]", "");
	check(POLICY_SOP_CLASS_UID, POLICY_PRESENT, CT_UID);
}

static void test_transfer_syntax(void **state)
{
	begin(CT("01") EXPLICIT IMPLICIT "]" CT("03") EXPLICIT IMPLICIT "]", "");
	check(POLICY_TRANSFER_SYNTAX_UID, POLICY_ONE_OF, EXPLICIT_UID "\\" IMPLICIT_UID);
	known.message = &message; /* its context, not the message, says which */
	message.command_whole = true;
	check(POLICY_TRANSFER_SYNTAX_UID, POLICY_ONE_OF, EXPLICIT_UID "\\" IMPLICIT_UID);
	known.transfer_syntax = slice_str(IMPLICIT_UID);
	check(POLICY_TRANSFER_SYNTAX_UID, POLICY_PRESENT, IMPLICIT_UID);
	begin(CT("01") EXPLICIT "]" CT("03") EXPLICIT "]", "");
	check(POLICY_TRANSFER_SYNTAX_UID, POLICY_PRESENT, EXPLICIT_UID);
	begin(CT("01") EXPLICIT "]" MR("03") IMPLICIT "]", "");
	check(POLICY_TRANSFER_SYNTAX_UID, POLICY_ONE_OF, EXPLICIT_UID "\\" IMPLICIT_UID);
}

static void test_command(void **state)
{
	static const struct {
		const char *uid;
		enum policy_fact_state state;
		const char *commands;
	} cases[] = {
		{CT_UID, POLICY_PRESENT, "C-STORE"},
		{"1.2.840.10008.1.1", POLICY_PRESENT, "C-ECHO"},
		{"1.2.840.10008.5.1.4.1.2.1.1", POLICY_PRESENT, "C-FIND"},
		{"1.2.840.10008.5.1.4.1.2.2.2", POLICY_PRESENT, "C-MOVE"},
		{"1.2.840.10008.5.1.4.1.2.2.3", POLICY_PRESENT, "C-GET"},
		{"1.2.840.10008.5.1.4.31", POLICY_PRESENT, "C-FIND"},
		{"1.2.840.10008.3.1.2.3.3", POLICY_ONE_OF, "N-CREATE\\N-SET"},
		{"1.2.840.10008.3.1.2.3.4", POLICY_PRESENT, "N-GET"},
		{"1.2.840.10008.3.1.2.3.5", POLICY_PRESENT, "N-EVENT-REPORT"},
		{"1.2.840.10008.1.20.1", POLICY_ONE_OF, "N-ACTION\\N-EVENT-REPORT"},
		{"1.2.840.10008.5.1.1.9", POLICY_UNKNOWN, ""}, /* print: many */
		{"1.2.3", POLICY_UNKNOWN, ""},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char context[256];

		snprintf(context, sizeof(context),
			 "20 00 [01000000 30 00 ['%s'] " EXPLICIT "]", cases[i].uid);
		begin(context, "");
		check(POLICY_FIRST_COMMAND, cases[i].state, cases[i].commands);
	}
	begin(CT("01") EXPLICIT "]" MR("03") EXPLICIT "]" ECHO("05") IMPLICIT "]", "");
	check(POLICY_FIRST_COMMAND, POLICY_ONE_OF, "C-STORE\\C-ECHO");
	/* one that can be anything, and nothing is known */
	begin(CT("01") EXPLICIT "]" CONTEXT_OF("03", "1.2.3") EXPLICIT "]", "");
	check(POLICY_FIRST_COMMAND, POLICY_UNKNOWN, "");
	known.message = &message;
	message.command_field = 0x0030;
	check(POLICY_FIRST_COMMAND, POLICY_UNKNOWN, "");
	message.command_whole = true;
	check(POLICY_FIRST_COMMAND, POLICY_PRESENT, "C-ECHO");
	message.command_field = 0x8030; /* a response is no request */
	check(POLICY_FIRST_COMMAND, POLICY_ABSENT, "");
}

static void test_user(void **state)
{
	begin(CT("01") EXPLICIT "]", "");
	check(POLICY_USER_IDENTITY, POLICY_ABSENT, "");
	begin(CT("01") EXPLICIT "]", "58 00 [01 00 ['Ro' CC88 'n'] [ ]]");
	check(POLICY_USER_IDENTITY, POLICY_PRESENT, "R\u00f6n");
	begin(CT("01") EXPLICIT "]", "58 00 [03 00 ['ticket'] [ ]]");
	check(POLICY_USER_IDENTITY, POLICY_PRESENT, ""); /* one, but no user name */
	begin(CT("01") EXPLICIT "]", "58 00 [01 00 ['R' F6 'n'] [ ]]"); /* no UTF-8 */
	check(POLICY_USER_IDENTITY, POLICY_PRESENT, "R\uFFFDn");
}

static void test_connection(void **state)
{
	static const struct {
		const char *bytes, *address;
	} addresses[] = {
		{"0A000001", "10.0.0.1"},
		{"FFFFFFFF", "255.255.255.255"},
		{"20010DB8 00*11 01", "2001:db8::1"},
		{"00*10 FFFF 0A000001", "10.0.0.1"},
		{"00*15 01", "::1"},
	};
	static const struct {
		int64_t port;
		const char *text;
	} ports[] = {{0, "0"},         {7, "7"},         {104, "104"},
		     {11112, "11112"}, {10000, "10000"}, {65535, "65535"}};

	begin(CT("01") EXPLICIT "]", "");
	check(POLICY_CLIENT_ADDRESS, POLICY_ABSENT, "");
	check(POLICY_DESTINATION_PORT, POLICY_ABSENT, "");
	check(POLICY_TLS_SERVER_NAME, POLICY_ABSENT, "");
	check(POLICY_TLS_CLIENT_NAME, POLICY_ABSENT, "");
	for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
		known.connection.address = edge(sample(addresses[i].bytes));
		check(POLICY_CLIENT_ADDRESS, POLICY_PRESENT, addresses[i].address);
	}
	for (size_t len = 0; len <= 17; len++) {
		known.connection.address = edge(slice_head(sample("11*17"), len));
		assert_int_equal(get(POLICY_CLIENT_ADDRESS).state,
				 len == 4 || len == 16 ? POLICY_PRESENT : POLICY_ABSENT);
	}
	for (size_t i = 0; i < sizeof(ports) / sizeof(ports[0]); i++) {
		known.connection.port = ports[i].port;
		check(POLICY_DESTINATION_PORT, POLICY_PRESENT, ports[i].text);
	}
	known.connection.port = 65536;
	check(POLICY_DESTINATION_PORT, POLICY_ABSENT, "");
	known.connection.server_name = slice_str("pacs.example.org");
	known.connection.client_name = slice_str("Ro\u0308ntgen");
	check(POLICY_TLS_SERVER_NAME, POLICY_PRESENT, "pacs.example.org");
	check(POLICY_TLS_CLIENT_NAME, POLICY_PRESENT, "R\u00f6ntgen");
}

/* What does not fit is as if it were not there, and the next fact finds its room again.
 */
static void test_no_room(void **state)
{
	begin(CT("01") EXPLICIT "]" MR("03") IMPLICIT "]", "");
	known.connection.address = sample("0A000001");
	text = writer_of(bytes, sizeof(CT_UID) + 3);
	check(POLICY_PROPOSED_SOP_CLASS_UID, POLICY_UNKNOWN, "");
	check(POLICY_SOP_CLASS_UID, POLICY_UNKNOWN, "");
	known.connection.client_name = sample("'n'*100");
	check(POLICY_TLS_CLIENT_NAME, POLICY_UNKNOWN, "");
	assert_int_equal(text.len, 0);
	check(POLICY_CLIENT_ADDRESS, POLICY_PRESENT, "10.0.0.1");
	check(POLICY_CALLED_AE_TITLE, POLICY_PRESENT, "ARCHIVE"); /* needs none */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_titles),
		cmocka_unit_test(test_sop_class),
		cmocka_unit_test(test_transfer_syntax),
		cmocka_unit_test(test_command),
		cmocka_unit_test(test_user),
		cmocka_unit_test(test_connection),
		cmocka_unit_test(test_no_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
