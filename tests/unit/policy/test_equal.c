/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "policy/equal.h"
#include "policy/memory.h"
#include "policy_of.h"
#include "quoted.h"

/* A policy of two rules, <a> and <b>, each what is behind its name */
static struct policy *two_rules(const char *a, const char *b)
{
	char json[2048];

	snprintf(json, sizeof(json),
		 "{'lists': {'l': ['A'], 'm': ['A'], 'n': ['B']}, 'rules': ["
		 "{'name': 'a', %s}, {'name': 'b', %s}], 'default': {'backend': 'x'}}",
		 a, b);
	return policy_of(quoted(json));
}

static bool same_condition(const char *a, const char *b)
{
	char rules[2][1024];
	struct policy *policy;
	bool same, back;

	snprintf(rules[0], sizeof(rules[0]), "'backend': 'p', 'if': %s", a);
	snprintf(rules[1], sizeof(rules[1]), "'backend': 'p', 'if': %s", b);
	policy = two_rules(rules[0], rules[1]);
	same = policy_equal_condition(&policy->rules[0].condition,
				      &policy->rules[1].condition);
	back = policy_equal_condition(&policy->rules[1].condition,
				      &policy->rules[0].condition);
	assert_int_equal(same, back);
	assert_true(policy_equal_condition(&policy->rules[0].condition,
					   &policy->rules[0].condition));
	policy_free(policy);
	return same;
}

/* No two of these are the same; each is the same as itself, written again. */
static const char *const conditions[] = {
	"{}",
	"{'Modality': 'CT'}",
	"{'Modality': 'ct'}",
	"{'Modality': 'MR'}",
	"{'Modality': ['CT', 'MR']}",
	"{'StationName': 'CT'}",
	"{'(0008,1010)': 'CT', 'Modality': 'CT'}",
	"{'Modality': 'C*'}",
	"{'Modality': 'C?'}",
	"{'Modality': ['C*', 'CT']}",
	"{'Modality': {'is': 'CT', 'ignore_case': true}}",
	"{'Modality': {'present': true}}",
	"{'Modality': {'present': false}}",
	"{'Modality': {'empty': true}}",
	"{'Modality': {'empty': false}}",
	"{'Modality': {'regex': 'CT'}}",
	"{'Modality': {'regex': 'MR'}}",
	"{'Modality': {'regex': 'CT', 'ignore_case': true}}",
	"{'Modality': {'regex': 'CT', 'is': 'CT'}}",
	"{'Modality': {'in': 'l'}}",
	"{'Modality': {'in': 'n'}}",
	"{'Modality': {'in': ['l', 'n']}}",
	"{'Modality': {'in': ['l', 'n', 'm']}}",
	"{'Rows': 512}",
	"{'Rows': 513}",
	"{'Rows': [512, 513]}",
	"{'Rows': {'from': 512}}",
	"{'Rows': {'to': 512}}",
	"{'Rows': {'from': 513}}",
	"{'Rows': {'to': 513}}",
	"{'Rows': {'from': 512, 'to': 513}}",
	"{'StudyDate': {'older_than': '2 years'}}",
	"{'StudyDate': {'older_than': '3 years'}}",
	"{'StudyDate': {'older_than': '2 months'}}",
	"{'StudyDate': {'newer_than': '2 years'}}",
	"{'StudyDate': {'newer_than': '3 years'}}",
	"{'StudyDate': {'newer_than': '2 years', 'older_than': '2 years'}}",
	"{'ClientAddress': '10.0.0.0/8'}",
	"{'ClientAddress': '10.0.0.0/9'}",
	"{'ClientAddress': '11.0.0.0/8'}",
	"{'ClientAddress': ['10.0.0.0/8', '11.0.0.0/8']}",
	"{'SOPClassUID': '@storage'}",
	"{'SOPClassUID': '@worklist'}",
	"{'SOPClassUID': ['@worklist', '@storage']}",
	"{'all': [{'Modality': 'CT'}, {'Rows': 512}]}",
	"{'any': [{'Modality': 'CT'}, {'Rows': 512}]}",
	"{'any': [{'Modality': 'CT'}, {'Rows': 513}]}",
	"{'any': [{'Modality': 'CT'}, {'Rows': 512}, {'Rows': 513}]}",
	"{'not': {'Modality': 'CT'}}",
	"{'not': {'Modality': 'MR'}}",
	"{'not': {'not': {'Modality': 'CT'}}}",
	"{'sample': {'percent': 10, 'by': 'PatientID'}}",
	"{'sample': {'percent': 11, 'by': 'PatientID'}}",
	"{'sample': {'percent': 10, 'by': 'StudyInstanceUID'}}",
	"{'sample': {'percent': 10, 'by': ['PatientID', 'StudyInstanceUID']}}",
	"{'schedule': {'from': '07:00', 'to': '18:00'}}",
	"{'schedule': {'from': '07:00', 'to': '18:01'}}",
	"{'schedule': {'from': '07:01', 'to': '18:00'}}",
	"{'schedule': {'from': '07:00', 'to': '18:00', 'weekdays': 'Mon-Fri'}}",
	"{'schedule': {'from': '07:00', 'to': '18:00', 'weekdays': 'Mon-Thu'}}",
	"{'RequestAttributesSequence.AccessionNumber': 'A'}",
	"{'RequestAttributesSequence[0].AccessionNumber': 'A'}",
	"{'RequestAttributesSequence[1].AccessionNumber': 'A'}",
};

static void test_conditions(void **state)
{
	enum { N = sizeof(conditions) / sizeof(conditions[0]) };

	for (size_t i = 0; i < N; i++)
		for (size_t k = i; k < N; k++)
			if (same_condition(conditions[i], conditions[k]) != (i == k))
				fail_msg("%s and %s", conditions[i], conditions[k]);
}

/* Written in another way, but with the same meaning and the same form. */
static void test_spellings(void **state)
{
	assert_true(same_condition("{'Modality': 'CT'}", "{'(0008,0060)': ['CT']}"));
	assert_true(same_condition("{'Modality': ['CT', 'MR']}",
				   "{'Modality': {'is': ['MR', 'CT']}}"));
	assert_true(same_condition("{'Rows': [512, 513]}", "{'Rows': [513, 512]}"));
	assert_true(same_condition("{'SOPClassUID': 'CTImageStorage'}",
				   "{'SOPClassUID': '1.2.840.10008.5.1.4.1.1.2'}"));
	/* two lists that hold the same */
	assert_true(
		same_condition("{'Modality': {'in': 'l'}}", "{'Modality': {'in': 'm'}}"));
}

static bool same_outcome(const char *a, const char *b)
{
	struct policy *policy = two_rules(a, b);
	bool same = policy_equal_outcome(&policy->rules[0].outcome,
					 &policy->rules[1].outcome);

	assert_int_equal(same, policy_equal_outcome(&policy->rules[1].outcome,
						    &policy->rules[0].outcome));
	policy_free(policy);
	return same;
}

/* No two of these are the same, though the name of the rule does not matter. */
static void test_outcomes(void **state)
{
	static const char *const outcomes[] = {
		"'backend': 'p'",
		"'backend': 'q'",
		"'backend': ['p', 'q']",
		"'backend': ['q', 'p']",
		"'backend': 'p', 'called_ae': 'A'",
		"'backend': 'p', 'called_ae': 'B'",
		"'backend': 'p', 'calling_ae': 'A'",
		"'backend': 'p', 'called_ae': 'A', 'calling_ae': 'A'",
		"'backend': 'p', 'key': 'PatientID'",
		"'backend': 'p', 'key': 'StudyInstanceUID'",
		"'backend': 'p', 'key': ['PatientID', 'StudyInstanceUID']",
		"'backend': 'p', 'key': ['StudyInstanceUID', 'PatientID']",
		"'reject': 'no-reason-given'",
		"'reject': 'no-reason-given', 'result': 'transient'",
		"'reject': 'temporary-congestion'",
		"'reject': 'provider-no-reason-given'",
	};
	enum { N = sizeof(outcomes) / sizeof(outcomes[0]) };

	for (size_t i = 0; i < N; i++)
		for (size_t k = i; k < N; k++)
			if (same_outcome(outcomes[i], outcomes[k]) != (i == k))
				fail_msg("%s and %s", outcomes[i], outcomes[k]);
	assert_true(same_outcome("'backend': 'p'", "'backend': ['p']"));
	assert_true(same_outcome("'backend': 'p', 'key': 'PatientID'",
				 "'backend': 'p', 'key': ['(0010,0020)']"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_conditions),
		cmocka_unit_test(test_spellings),
		cmocka_unit_test(test_outcomes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
