/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "history/reasons.h"
#include "talk.h"

static struct policy_store *policies;
static struct decide *d;
static struct verdict v;
static uint8_t ac[4096];

/* The last verdict on an association with this policy, whose first message is a C-STORE
 * of <elements>; NULL: nothing of it has come.
 */
static void decided(const char *json, const char *elements)
{
	static char text[4096];
	struct question q = {.kind = QUESTION_ASSOCIATE,
			     .now = 1764417600000000,
			     .connection = {.port = 104}};
	size_t rqlen;

	snprintf(text, sizeof(text),
		 "01 00 {0001 0000 'ARCHIVE         ' 'CT_SCANNER_1    ' 00*32"
		 " 10 00 ['1.2.840.10008.3.1.1.1']" STORE_CONTEXT
		 " 50 00 [51 00 [00004000] 52 00 ['1.2.3.4']]}");
	rqlen = sample(text).len;
	if (elements)
		snprintf(text + strlen(text), sizeof(text) - strlen(text),
			 "04 00 {{01 03" STORE_RQ "}} 04 00 {{01 02 %s}}", elements);
	policies = policy_store_of(quoted(json));
	d = decide_new(policies);
	assert_non_null(d);
	q.rq = slice_head(sample(text), rqlen);
	decide(d, &q, &v);
	if (v.kind != VERDICT_ACCEPT)
		return;
	memcpy(ac, v.reply.ptr, v.reply.len);
	q.ac = slice_of(ac, v.reply.len);
	q.kind = QUESTION_DATASET;
	q.rq = sample(text);
	decide(d, &q, &v);
}

static void end(void)
{
	decide_release(d);
	decide_free(d);
	policy_store_free(policies);
}

/* <json>, a new reference, is <expected>, with ' for ". */
static void check(json_t *json, const char *expected)
{
	json_t *wanted = json_loads(quoted(expected), JSON_DECODE_ANY, NULL);

	assert_non_null(json);
	assert_non_null(wanted);
	if (!json_equal(json, wanted))
		fail_msg("%s instead of %s", json_dumps(json, JSON_ENCODE_ANY), expected);
	json_decref(json);
	json_decref(wanted);
}

#define CHEST                                                                            \
	"0800 6000 'CS' 0200 'CT' 1000 1000 'PN' 0800 'DOE^JOHN' 1000 2000 'LO' 0200 "   \
	"'P1'"

static void test_decisions(void **state)
{
	decided(YES_IF("'CalledAETitle': 'ARCHIVE'"), NULL);
	check(reasons_decision(&v), "{'rule': 'r', 'backend': 'yes'}");
	end();
	decided("{'rules': [{'name': 'r', 'backend': 'b', 'called_ae': 'A', "
		"'calling_ae': "
		"'B'}]}",
		NULL);
	check(reasons_decision(&v),
	      "{'rule': 'r', 'backend': 'b', 'called_ae': 'A', 'calling_ae': 'B'}");
	end();
	decided("{'rules': [{'name': 'r', 'reject': 'called-ae-title-not-recognized'}]}",
		NULL);
	check(reasons_decision(&v),
	      "{'rule': 'r', 'reject': {'reason': 'called-ae-title-not-recognized',"
	      " 'result': 'permanent'}}");
	end();
	decided("{'rules': [{'name': 'r', 'reject': 'no-reason-given', 'result': "
		"'transient'}]}",
		NULL);
	check(reasons_decision(&v),
	      "{'rule': 'r', 'reject': {'reason': 'no-reason-given', 'result': "
	      "'transient'}}");
	end();
}

/* No pool is up: the rule's, and refused all the same */
static void test_no_pool(void **state)
{
	decided(YES_IF("'CalledAETitle': 'ARCHIVE'"), NULL);
	v.pool = NULL;
	check(reasons_decision(&v), "{'rule': 'r', 'reject': {'reason': "
				    "'temporary-congestion', 'result': 'transient'}}");
	end();
}

/* Up to the rule that decided, and not further */
static void test_rules(void **state)
{
	static const char policy[] =
		"{'rules': [{'name': 'a', 'backend': 'x', 'if': {'Modality': ['MR', "
		"'US']}},"
		" {'name': 'b', 'backend': 'y', 'if': {'CalledAETitle': 'ARCHIVE',"
		"  'Modality': {'regex': '^C'}}},"
		" {'name': 'c', 'backend': 'z'}]}";

	decided(policy, CHEST);
	check(reasons_rules(&v, decide_facts(d), REASONS_ALL),
	      "[{'name': 'a', 'matches': 'no', 'because': [{'attribute': 'Modality',"
	      "  'test': ['MR', 'US'], 'values': ['CT'], 'state': 'present', 'result': "
	      "'no'}]},"
	      " {'name': 'b', 'matches': 'yes', 'because': ["
	      "  {'attribute': 'CalledAETitle', 'test': 'ARCHIVE', 'values': ['ARCHIVE'],"
	      "   'state': 'present', 'result': 'yes'},"
	      "  {'attribute': 'Modality', 'test': {'regex': '^C'}, 'values': ['CT'],"
	      "   'state': 'present', 'result': 'yes'}]}]");
	check(reasons_attributes(&v, decide_facts(d), REASONS_ALL),
	      "{'Modality': ['CT'], 'CalledAETitle': ['ARCHIVE']}");
	end();
	/* none matches: all of them, for the default */
	decided("{'rules': [{'name': 'a', 'backend': 'x', 'if': {'Modality': 'MR'}}],"
		" 'default': {'backend': 'y'}}",
		CHEST);
	check(reasons_rules(&v, decide_facts(d), REASONS_ALL),
	      "[{'name': 'a', 'matches': 'no', 'because': [{'attribute': 'Modality', "
	      "'test':"
	      " 'MR', 'values': ['CT'], 'state': 'present', 'result': 'no'}]}]");
	end();
}

static void test_nested(void **state)
{
	decided("{'rules': [{'name': 'a', 'backend': 'x', 'if': {'any': [{'Modality': "
		"'MR'},"
		" {'not': {'StudyID': {'present': true}}}], 'PatientID': {'present': "
		"false}}},"
		" {'name': 'b', 'backend': 'y', 'if': {'sample': {'percent': 100, 'by':"
		" 'Modality'}, 'schedule': {'weekdays': 'Mon-Sun'}}}]}",
		CHEST);
	check(reasons_rules(&v, decide_facts(d), REASONS_ALL),
	      "[{'name': 'a', 'matches': 'no', 'because': [{'any': ["
	      "  [{'attribute': 'Modality', 'test': 'MR', 'values': ['CT'], 'state':"
	      "    'present', 'result': 'no'}],"
	      "  [{'not': [{'attribute': 'StudyID', 'test': {'present': true}, 'values': "
	      "null,"
	      "    'state': 'absent', 'result': 'no'}], 'result': 'yes'}]],"
	      "  'result': 'yes'},"
	      " {'attribute': 'PatientID', 'test': {'present': false}, 'values': ['P1'],"
	      "  'state': 'present', 'result': 'no'}]},"
	      " {'name': 'b', 'matches': 'yes', 'because': ["
	      "  {'sample': {'percent': 100, 'by': 'Modality'}, 'values': {'Modality': "
	      "['CT']},"
	      "   'result': 'yes'},"
	      "  {'schedule': {'weekdays': 'Mon-Sun'}, 'result': 'yes'}]}]");
	end();
}

/* A patient's values are not shown, nor what they are compared with. */
static void test_discreet(void **state)
{
	json_t *rules;
	char *text;

	decided("{'rules': [{'name': 'a', 'backend': 'x', 'if': {'PatientID': ['P7', "
		"'P8'],"
		" 'PatientName': {'regex': 'SMITH', 'ignore_case': true}, 'Modality': "
		"'CT',"
		" 'StudyDate': {'older_than': '5 years', 'to': '20200101'}}},"
		" {'name': 'b', 'backend': 'y', 'key': 'PatientID'}]}",
		CHEST);
	rules = reasons_rules(&v, decide_facts(d), REASONS_DISCREET);
	text = json_dumps(rules, 0);
	assert_null(strstr(text, "P1"));
	assert_null(strstr(text, "P7"));
	assert_null(strstr(text, "DOE"));
	assert_null(strstr(text, "SMITH"));
	assert_null(strstr(text, "20200101"));
	free(text);
	check(rules,
	      "[{'name': 'a', 'matches': 'no', 'because': ["
	      "  {'attribute': 'PatientID', 'test': ['***', '***'], 'values': ['***'],"
	      "   'state': 'present', 'result': 'no'},"
	      "  {'attribute': 'PatientName', 'test': {'regex': '***', 'ignore_case': "
	      "true},"
	      "   'values': ['***'], 'state': 'present', 'result': 'no'},"
	      "  {'attribute': 'Modality', 'test': 'CT', 'values': ['CT'], 'state': "
	      "'present',"
	      "   'result': 'yes'},"
	      "  {'attribute': 'StudyDate', 'test': {'older_than': '5 years', 'to': "
	      "'***'},"
	      "   'values': null, 'state': 'absent', 'result': 'no'}]},"
	      " {'name': 'b', 'matches': 'yes', 'because': []}]");
	check(reasons_attributes(&v, decide_facts(d), REASONS_DISCREET),
	      "{'PatientID': ['***'], 'PatientName': ['***'], 'Modality': ['CT'],"
	      " 'StudyDate': null}");
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_decisions), cmocka_unit_test(test_no_pool),
		cmocka_unit_test(test_rules),     cmocka_unit_test(test_nested),
		cmocka_unit_test(test_discreet),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
