/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "policy/memory.h"
#include "policy/unreachable.h"
#include "policy_of.h"
#include "quoted.h"

/* A policy whose rules have these conditions */
static struct policy *with(const char *const *conditions, size_t n)
{
	static char json[32 * 1024];
	size_t len;

	len = (size_t)snprintf(json, sizeof(json),
			       "{'lists': {'heads': ['CT', 'MR'], 'small': ['ct'],"
			       " 'open': ['M*']}, 'rules': [");
	for (size_t i = 0; i < n; i++)
		len += (size_t)snprintf(json + len, sizeof(json) - len,
					"%s{'name': '%zu', 'backend': 'p', 'if': %s}",
					i ? "," : "", i, conditions[i]);
	snprintf(json + len, sizeof(json) - len, "], 'default': {'backend': 'x'}}");
	return policy_of(quoted(json));
}

static bool hides(const char *above, const char *below)
{
	const char *const conditions[] = {above, below};
	struct policy *policy = with(conditions, 2);
	struct unreachable *r = unreachable_new(policy);
	size_t by;

	assert_non_null(r);
	assert_int_equal(unreachable_hidden_by(r, 0), SIZE_MAX); /* nothing is above */
	by = unreachable_hidden_by(r, 1);
	assert_true(by == 0 || by == SIZE_MAX);
	unreachable_free(r);
	policy_free(policy);
	return by == 0;
}

struct pair {
	const char *above, *below;
};

static const struct pair hidden[] = {
	{"{}", "{}"},
	{"{}", "{'Modality': 'CT'}"},
	{"{}", "{'schedule': {'from': '07:00', 'to': '18:00'}}"},
	{"{'Modality': 'CT'}", "{'Modality': 'CT'}"},
	{"{'Modality': 'CT'}", "{'(0008,0060)': 'CT'}"},
	{"{'Modality': 'CT'}", "{'Modality': 'CT', 'Rows': 512}"},
	{"{'Modality': ['CT', 'MR']}", "{'Modality': 'MR'}"},
	{"{'Modality': ['CT', 'MR', 'US']}", "{'Modality': ['US', 'CT']}"},
	{"{'Modality': {'in': 'heads'}}", "{'Modality': 'MR'}"},
	{"{'Modality': 'M*'}", "{'Modality': ['MR', 'MG']}"},
	{"{'Modality': '?R'}", "{'Modality': 'MR'}"},
	{"{'Modality': {'in': 'open'}}", "{'Modality': 'MR'}"},
	{"{'Modality': {'regex': '^M'}}", "{'Modality': 'MR'}"},
	{"{'Modality': {'is': 'CT', 'ignore_case': true}}", "{'Modality': 'Ct'}"},
	{"{'Modality': {'is': 'ct', 'ignore_case': true}}",
	 "{'Modality': {'is': 'CT', 'ignore_case': true}}"},
	{"{'Modality': 'C*'}", "{'Modality': 'C*', 'Rows': 1}"},
	{"{'Modality': {'regex': 'C'}}", "{'Rows': 1, 'Modality': {'regex': 'C'}}"},
	{"{'Rows': {'from': 100, 'to': 600}}", "{'Rows': {'from': 100, 'to': 600}}"},
	{"{'SOPClassUID': '@storage'}", "{'SOPClassUID': 'CTImageStorage'}"},
	{"{'SOPClassUID': '1.2.840.10008.5.1.4.1.1.*'}",
	 "{'SOPClassUID': ['CTImageStorage', 'MRImageStorage']}"},
	{"{'PatientName': 'DOE^*'}", "{'PatientName': 'DOE^JOHN'}"},
	{"{'PatientName': 'DOE^JOHN'}", "{'PatientName': 'DOE^JOHN=YAMADA^TARO'}"},
	{"{'Modality': {'present': true}}", "{'Modality': 'CT'}"},
	{"{'Modality': {'present': true}}", "{'Modality': {'empty': true}}"},
	{"{'Modality': {'present': true}}", "{'Modality': {'regex': 'x'}}"},
	{"{'Modality': {'present': false}}", "{'Modality': {'present': false}}"},
	{"{'any': [{'Modality': 'CT'}, {'Rows': 1}]}", "{'Rows': 1}"},
	{"{'any': [{'Modality': 'CT'}, {'Rows': 1}]}", "{'Modality': 'US', 'Rows': 1}"},
	{"{'Modality': 'CT'}",
	 "{'Modality': 'CT', 'any': [{'Modality': 'MR'}, {'Rows': 1}]}"},
	{"{'Modality': 'CT'}",
	 "{'all': [{'Modality': 'MR'}, {'any': [{'Rows': 1}]}, {'Modality': 'CT'}]}"},
	{"{'Modality': ['CT', 'MR']}",
	 "{'any': [{'Modality': 'CT'}, {'Modality': 'MR'}]}"},
	{"{'any': [{'Modality': 'CT'}, {'Modality': 'MR'}]}",
	 "{'any': [{'Modality': 'MR', 'Rows': 1}, {'Modality': 'CT'}]}"},
	{"{'Modality': 'CT', 'Rows': 1}", "{'Rows': 1, 'Columns': 2, 'Modality': 'CT'}"},
	{"{'not': {'Modality': ['CT', 'MR']}}",
	 "{'not': {'Modality': ['CT', 'MR', 'US']}}"},
	{"{'not': {'Modality': 'CT', 'Rows': 1}}", "{'not': {'Modality': 'CT'}}"},
	{"{'sample': {'percent': 10, 'by': 'PatientID'}}",
	 "{'sample': {'percent': 10, 'by': 'PatientID'}, 'Rows': 1}"},
};

static const struct pair seen[] = {
	{"{'Modality': 'CT'}", "{}"},
	{"{'Modality': 'CT'}", "{'Modality': 'MR'}"},
	{"{'Modality': 'CT'}", "{'Modality': ['CT', 'MR']}"},
	{"{'Modality': 'CT'}", "{'Modality': 'ct'}"},
	{"{'Modality': 'CT'}", "{'Modality': {'is': 'CT', 'ignore_case': true}}"},
	{"{'Modality': {'in': 'small'}}",
	 "{'Modality': {'is': 'CT', 'ignore_case': true}}"},
	{"{'Modality': 'CT'}", "{'StationName': 'CT'}"},
	{"{'Modality': 'CT', 'Rows': 1}", "{'Modality': 'CT'}"},
	{"{'Modality': 'CT'}", "{'any': [{'Modality': 'CT'}, {'Rows': 1}]}"},
	{"{'Modality': 'CT'}", "{'not': {'Modality': 'MR'}}"},
	{"{'not': {'Modality': 'MR'}}", "{'not': {'Rows': 1}}"},
	{"{'not': {'Modality': 'CT'}}", "{'not': {'Modality': 'CT', 'Rows': 1}}"},
	{"{'Modality': {'present': false}}", "{'Modality': 'CT'}"},
	{"{'Modality': {'present': true}}", "{'Modality': {'present': false}}"},
	{"{'Modality': {'empty': true}}", "{'Modality': {'present': true}}"},
	{"{'Modality': 'MR*'}", "{'Modality': 'M*'}"},
	{"{'Modality': {'regex': '^CT$'}}", "{'Modality': {'regex': 'CT'}}"},
	{"{'Modality': {'regex': 'CT'}}",
	 "{'Modality': {'regex': 'CT', 'ignore_case': true}}"},
	{"{'Rows': {'from': 100}}", "{'Rows': {'to': 600}}"},
	{"{'SOPClassUID': '@worklist'}", "{'SOPClassUID': 'CTImageStorage'}"},
	{"{'RequestAttributesSequence[0].AccessionNumber': 'A'}",
	 "{'RequestAttributesSequence[1].AccessionNumber': 'A'}"},
	/* what is newer today is not for ever */
	{"{'StudyDate': {'newer_than': '100 years'}}", "{'StudyDate': '19500101'}"},
	{"{'sample': {'percent': 10, 'by': 'PatientID'}}",
	 "{'sample': {'percent': 5, 'by': 'StudyInstanceUID'}}"},
};

static void test_pairs(void **state)
{
	for (size_t i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++)
		if (!hides(hidden[i].above, hidden[i].below))
			fail_msg("%s does not hide %s", hidden[i].above, hidden[i].below);
	for (size_t i = 0; i < sizeof(seen) / sizeof(seen[0]); i++)
		if (hides(seen[i].above, seen[i].below))
			fail_msg("%s hides %s", seen[i].above, seen[i].below);
}

/* The first one that hides a rule is named; rules below it hide nothing. */
static void test_which(void **state)
{
	static const char *const conditions[] = {
		"{'Modality': 'US'}",                    /* 0 */
		"{'Modality': ['CT', 'MR']}",            /* 1 */
		"{'Modality': {'present': true}}",       /* 2 */
		"{'Modality': 'MR', 'Rows': 512}",       /* 3: by 1, not 2 */
		"{'Modality': 'XA'}",                    /* 4: by 2 */
		"{'Modality': 'CT'}",                    /* 5: by 1 */
		"{'Rows': 512}",                         /* 6 */
		"{'Rows': 512, 'Modality': 'US'}",       /* 7: by 0 */
		"{'any': [{'Rows': 512}, {'Rows': 1}]}", /* 8 */
	};
	static const size_t by[] = {SIZE_MAX, SIZE_MAX, SIZE_MAX, 1,       2,
				    1,        SIZE_MAX, 0,        SIZE_MAX};
	struct policy *policy = with(conditions, 9);
	struct unreachable *r = unreachable_new(policy);

	for (int round = 0; round < 2;
	     round++) /* nothing is left of the question before */
		for (size_t i = 9; i-- > 0;)
			assert_int_equal(unreachable_hidden_by(r, i), by[i]);
	unreachable_free(r);
	policy_free(policy);
	unreachable_free(NULL);
}

/* Of values at random, however they are spread in a Bloom filter: hidden exactly if all
 * of them are among those of the rule above.
 */
static void test_subsets(void **state)
{
	static unsigned number = 1;
	enum { ROUNDS = 400, VALUES = 12 };

	for (int round = 0; round < ROUNDS; round++) {
		char text[2][512];
		unsigned set[2];

		for (int k = 0; k < 2; k++) {
			size_t len = (size_t)sprintf(text[k], "{'StationName': [");

			number = number * 1103515245 + 12345;
			set[k] = number >> 16 & ((1U << VALUES) - 1);
			set[k] |= k == 0 ? 0x555 : 1;
			set[k] &= k == 1 && round % 2 ? set[0] : UINT32_MAX;
			for (unsigned v = 0; v < VALUES; v++)
				if (set[k] >> v & 1)
					len += (size_t)sprintf(text[k] + len,
							       "'ROOM_%u',", v);
			strcpy(text[k] + len - 1, "]}");
		}
		assert_int_equal(hides(text[0], text[1]), (set[1] & ~set[0]) == 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pairs),
		cmocka_unit_test(test_which),
		cmocka_unit_test(test_subsets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
