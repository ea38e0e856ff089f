/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cli/rehearsal.h"
#include "talk.h"

#define ASSOCIATE                                                                        \
	"01 00 {0001 0000 'ARCHIVE         ' 'CT_SCANNER_1    ' 00*32"                   \
	" 10 00 ['1.2.840.10008.3.1.1.1']" STORE_CONTEXT                                 \
	" 50 00 [51 00 [00004000] 52 00 ['1.2.3.4']]}"
#define CT_DATA "0800 6000 'CS' 0200 'CT'"

static struct policy_store *policies;
static struct rehearsal r;
static struct decide *d;

static void begin(const char *json)
{
	policies = policy_store_of(quoted(json));
	d = decide_new(policies);
	assert_non_null(d);
	memset(&r, 0, offsetof(struct rehearsal, ac));
	r.decide = d;
	r.port = -1;
}

static void run(const char *sent)
{
	r.sent = edge(sample(sent));
	r.needed_data = false;
	rehearsal_run(&r);
}

static void end(void)
{
	decide_release(d);
	decide_free(d);
	policy_store_free(policies);
}

static void check(enum verdict_kind kind, const char *pool)
{
	assert_int_equal(r.verdict.kind, kind);
	if (pool)
		assert_string_equal(r.verdict.pool->name, pool);
}

/* The association decides: whatever follows is not looked at. */
static void test_association(void **state)
{
	begin(YES_IF("'CalledAETitle': 'ARCHIVE'"));
	run(ASSOCIATE);
	check(VERDICT_ROUTE, "yes");
	assert_true(rehearsal_decided(&r));
	assert_false(r.needed_data);
	run(ASSOCIATE "FF*100");
	check(VERDICT_ROUTE, "yes");
	assert_false(r.needed_data);
	end();
}

static void test_data(void **state)
{
	begin(YES_IF("'Modality': 'CT'"));
	run(ASSOCIATE STORE(CT_DATA));
	check(VERDICT_ROUTE, "yes");
	assert_true(rehearsal_decided(&r));
	assert_true(r.needed_data);
	run(ASSOCIATE STORE("0800 6000 'CS' 0200 'MR'"));
	check(VERDICT_ROUTE, "no");
	assert_true(r.needed_data);
	end();
}

/* HAProxy gives its fallback when nothing more comes; that is not said here. */
static void test_too_little(void **state)
{
	begin(YES_IF("'PatientID': 'P1'"));
	run(ASSOCIATE);
	check(VERDICT_ACCEPT, NULL);
	assert_false(rehearsal_decided(&r));
	assert_true(r.needed_data);
	run(ASSOCIATE "04 00 {{01 03" STORE_RQ "}}");
	check(VERDICT_MORE, NULL);
	assert_false(rehearsal_decided(&r));
	run(ASSOCIATE "04 00 {{01 03" STORE_RQ "}} 04 00 {{01 00" CT_DATA "}}");
	check(VERDICT_MORE, NULL);
	assert_false(rehearsal_decided(&r));
	end();
}

/* Cut anywhere, it ends, and what it says with all bytes it never contradicts. */
static void test_every_prefix(void **state)
{
	struct slice sent = sample(ASSOCIATE STORE(CT_DATA "1000 2000 'LO' 0200 'P1'"));
	struct pdu rq;
	struct reader stream = reader_of(sent, true);
	size_t rqlen;

	assert_true(pdu_next(&stream, &rq));
	rqlen = sent.len - reader_left(&stream);
	begin(YES_IF("'Modality': 'CT'"));
	for (size_t len = 1; len <= sent.len; len++) {
		r.sent = edge(slice_head(sent, len));
		r.needed_data = false;
		rehearsal_run(&r);
		assert_int_equal(r.needed_data, len >= rqlen);
		if (len >= rqlen && rehearsal_decided(&r))
			check(VERDICT_ROUTE, "yes");
		if (len == sent.len)
			assert_true(rehearsal_decided(&r));
	}
	end();
}

/* Not more than HAProxy holds: an attribute behind that is never seen. */
static void test_buffer(void **state)
{
	static uint8_t bytes[200000];
	struct writer w = writer_of(bytes, sizeof(bytes));

	begin(YES_IF("'PatientID': 'P1'"));
	sample_write(&w, ASSOCIATE "04 00 {{01 03" STORE_RQ "}}");
	for (int i = 0; i < 8; i++) /* a private element of 160 KB, in eight PDVs */
		sample_write(&w, i ? "04 00 {{01 00 '-'*20000}}"
				   : "04 00 {{01 00 0900 1000 'LO' 0400 'ACME'"
				     "0900 0110 'UN' 0000 E0220200 '-'*20000}}");
	sample_write(&w, "04 00 {{01 02 1000 2000 'LO' 0200 'P1'}}");
	assert_true(writer_ok(&w) && w.len > REHEARSAL_DATA_MOST);
	r.sent = writer_slice(&w);
	rehearsal_run(&r);
	check(VERDICT_MORE, NULL);
	assert_false(rehearsal_decided(&r));
	end();
}

/* What the owner has set is what the policy sees. */
static void test_connection(void **state)
{
	static const char policy[] =
		"{'rules': [{'name': 'r', 'backend': 'yes', 'if': {'ClientAddress':"
		" '10.0.0.1', 'DestinationPort': 104, 'TLSServerName': 's',"
		" 'TLSClientName': 'c', 'schedule': {'weekdays': 'Sat-Sun'}}}],"
		" 'default': {'backend': ['no', 'other']}}";

	begin(policy);
	run(ASSOCIATE);
	check(VERDICT_ROUTE, "no");
	memcpy(r.from.bytes, sample("00*10 FFFF 0A000001").ptr, 16);
	r.has_from = true;
	r.port = 104;
	r.server_name = "s";
	r.client_name = "c";
	r.began = 1764417600; /* a Saturday at noon, UTC */
	run(ASSOCIATE);
	check(VERDICT_ROUTE, "yes");
	r.began = 1764244800; /* Thursday */
	run(ASSOCIATE);
	check(VERDICT_ROUTE, "no");
	r.down = "no";
	run(ASSOCIATE);
	check(VERDICT_ROUTE, "other");
	r.down = "no other";
	run(ASSOCIATE);
	check(VERDICT_REJECT, NULL);
	assert_true(rehearsal_decided(&r));
	end();
	/* and what has not been set is not there */
	begin(YES_IF(
		"'ClientAddress': {'present': false}, 'DestinationPort': {'present': "
		"false}, 'TLSServerName': {'present': false}"));
	run(ASSOCIATE);
	check(VERDICT_ROUTE, "yes");
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_association), cmocka_unit_test(test_data),
		cmocka_unit_test(test_too_little),  cmocka_unit_test(test_every_prefix),
		cmocka_unit_test(test_buffer),      cmocka_unit_test(test_connection),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
