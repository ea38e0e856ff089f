/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "edge.h"
#include "policy_of.h"
#include "sample.h"

static void test_values(void **state)
{
	static const struct {
		const char *vr, *text, *values; /* the values, each followed by | */
	} cases[] = {
		{"CS", "CT", "CT|"},
		{"CS", "ORIGINAL\\PRIMARY ", "ORIGINAL|PRIMARY|"},
		{"CS", " A \\ B \\", "A|B||"},
		{"CS", "", "|"},
		{"CS", "\\", "||"},
		{"LO", "  ID 7  ", "ID 7|"},
		{"ST", " a\\b ", " a\\b|"},
		{"LT", "a\\b", "a\\b|"},
		{"UT",
		 "a\\b\x1e"
		 "c",
		 "a\\b|c|"},
		{"UR", "http://x\\y ", "http://x\\y|"},
		{"PN", "A^B=C\\D", "A^B=C|D|"},
		{"US", "1\\2", "1|2|"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct slice text = edge(slice_str(cases[i].text)), value;
		char got[64] = "";

		while (policy_next_value(cases[i].vr, &text, &value)) {
			strncat(got, (const char *)value.ptr, value.len);
			strcat(got, "|");
		}
		assert_string_equal(got, cases[i].values);
	}
	{
		struct slice text = sample("'1.2.840' 00"), value;

		assert_true(policy_next_value("UI", &text, &value));
		assert_true(is_text(value, "1.2.840"));
		text = (struct slice){0};
		assert_false(policy_next_value("UI", &text, &value));
	}
}

/*** evaluation over facts that a table gives ***/

enum { ATTRIBUTES = 4 };

static struct policy_fact table[ATTRIBUTES];
static struct policy_facts facts;

static const struct policy_fact *look_up(void *context, const struct policy_attribute *a)
{
	return &table[a->index];
}

static const struct policy_attribute attributes[ATTRIBUTES] = {
	{.vr = "CS", .name = "a", .index = 0},
	{.vr = "CS", .name = "b", .index = 1},
	{.vr = "CS", .name = "c", .index = 2},
	{.vr = "ST", .name = "d", .index = 3},
};

static struct policy_fact fact(enum policy_fact_state state, const char *text)
{
	return (struct policy_fact){state, text ? slice_str(text) : (struct slice){0}};
}

static void test_three_values(void **state)
{
	/* Kleene's tables, in the order of enum policy_tri: no, yes, maybe */
	static const enum policy_tri all[3][3] = {{0, 0, 0}, {0, 1, 2}, {0, 2, 2}};
	static const enum policy_tri any[3][3] = {{0, 1, 2}, {1, 1, 1}, {2, 1, 2}};
	static const enum policy_tri not [3] = {1, 0, 2};
	const struct slice yes = slice_str("yes");
	const struct policy_set set = {.literals = &yes, .nliterals = 1};
	const struct policy_match is_yes = {.is = &set};
	struct policy_node leaves[2] = {
		{.kind = POLICY_MATCH, .attribute = &attributes[0], .match = &is_yes},
		{.kind = POLICY_MATCH, .attribute = &attributes[1], .match = &is_yes}};
	struct policy_node node = {.children = leaves, .nchildren = 2};
	struct policy_fact of[3] = {fact(POLICY_PRESENT, "no"),
				    fact(POLICY_PRESENT, "yes"),
				    fact(POLICY_UNKNOWN, NULL)};

	for (int i = 0; i < 3; i++)
		for (int k = 0; k < 3; k++) {
			table[0] = of[i];
			table[1] = of[k];
			node.kind = POLICY_ALL;
			assert_int_equal(policy_test(&node, &facts), all[i][k]);
			node.kind = POLICY_ANY;
			assert_int_equal(policy_test(&node, &facts), any[i][k]);
			node.kind = POLICY_NOT;
			assert_int_equal(policy_test(&node, &facts), not [i]);
		}
	node = (struct policy_node){.kind = POLICY_ALL};
	assert_int_equal(policy_test(&node, &facts), POLICY_YES);
	node.kind = POLICY_ANY;
	assert_int_equal(policy_test(&node, &facts), POLICY_NO);
}

static void test_matches(void **state)
{
	const char *const pattern = "M*";
	const struct slice ct = slice_str("CT");
	const struct policy_set set = {
		.literals = &ct, .nliterals = 1, .patterns = &pattern, .npatterns = 1};
	const struct policy_match ct_or_m = {.is = &set};
	const struct policy_node match = {
		.kind = POLICY_MATCH, .attribute = attributes, .match = &ct_or_m};
	const struct policy_node there = {.kind = POLICY_IS_THERE,
					  .attribute = attributes};
	const struct policy_node empty = {.kind = POLICY_IS_EMPTY,
					  .attribute = attributes};
	const struct {
		struct policy_fact fact;
		enum policy_tri match, there, empty;
	} cases[] = {
		{fact(POLICY_UNKNOWN, NULL), POLICY_MAYBE, POLICY_MAYBE, POLICY_MAYBE},
		{fact(POLICY_ABSENT, NULL), POLICY_NO, POLICY_NO, POLICY_NO},
		{fact(POLICY_PRESENT, ""), POLICY_NO, POLICY_YES, POLICY_YES},
		{fact(POLICY_PRESENT, "CT "), POLICY_YES, POLICY_YES, POLICY_NO},
		{fact(POLICY_PRESENT, "US\\MR"), POLICY_YES, POLICY_YES, POLICY_NO},
		{fact(POLICY_PRESENT, "US\\CR"), POLICY_NO, POLICY_YES, POLICY_NO},
		{fact(POLICY_ONE_OF, "US\\MR"), POLICY_MAYBE, POLICY_YES, POLICY_NO},
		{fact(POLICY_ONE_OF, "CT\\MR"), POLICY_YES, POLICY_YES, POLICY_NO},
		{fact(POLICY_ONE_OF, "US\\CR"), POLICY_NO, POLICY_YES, POLICY_NO},
		{fact(POLICY_AT_LEAST, "US\\CR"), POLICY_MAYBE, POLICY_YES, POLICY_NO},
		{fact(POLICY_AT_LEAST, "US\\CT"), POLICY_YES, POLICY_YES, POLICY_NO},
		{fact(POLICY_AT_LEAST, ""), POLICY_MAYBE, POLICY_YES, POLICY_MAYBE},
		{fact(POLICY_PRESENT, " \\"), POLICY_NO, POLICY_YES, POLICY_YES},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		table[0] = cases[i].fact;
		assert_int_equal(policy_test(&match, &facts), cases[i].match);
		assert_int_equal(policy_test(&there, &facts), cases[i].there);
		assert_int_equal(policy_test(&empty, &facts), cases[i].empty);
	}
}

/*** what the language can say of one value; docs/policy.md has an example of each ***/

/* The condition <json> with <keyword> = <value> of the data set, or absent. */
static enum policy_tri holds(const char *json, const char *keyword, const char *value)
{
	char text[1024];
	struct policy *p;
	static struct policy_fact all[8];
	struct policy_facts f = facts;
	enum policy_tri result;

	snprintf(text, sizeof(text),
		 "{\"rules\": [{\"name\": \"r\", \"backend\": \"b\", \"if\": {%s}}],"
		 " \"lists\": {\"l\": [\"A\", \"B*\", \"\u00c4\"], \"m\": [\"C\"]}}",
		 json);
	p = policy_of(text);
	for (size_t i = 0; i < p->nattributes; i++)
		all[i] = strcmp(p->attributes[i]->name, keyword) == 0 && value
				 ? fact(POLICY_PRESENT, value)
				 : fact(POLICY_ABSENT, NULL);
	f.get = look_up;
	memcpy(table, all, sizeof(table));
	result = policy_test(&p->rules[0].condition, &f);
	policy_free(p);
	return result;
}

static void test_language(void **state)
{
	static const struct {
		const char *json, *keyword, *value;
		bool match;
	} cases[] = {
		{"\"Rows\": 512", "Rows", "512", true},
		{"\"Rows\": [1, 512]", "Rows", "513\\512", true},
		{"\"SliceThickness\": 1.5", "SliceThickness", "1.50 ", true},
		{"\"SliceThickness\": \"1.5\"", "SliceThickness", "1.50", true},
		{"\"SliceThickness\": \"1.5*\"", "SliceThickness", "1.50", true},
		{"\"StudyDate\": \"2026-11-25\"", "StudyDate", "20261125", true},
		{"\"StudyDate\": \"20261125\"", "StudyDate", "2026.11.25", true},
		{"\"StudyTime\": \"08:30\"", "StudyTime", "083000", true},
		{"\"PatientAge\": \"18Y\"", "PatientAge", "018Y", true},
		{"\"PatientAge\": \"18Y\"", "PatientAge", "18 years", false},
		{"\"SeriesNumber\": {\"from\": 5, \"to\": 7}", "SeriesNumber", "05",
		 true},
		{"\"SeriesNumber\": {\"from\": 5, \"to\": 7}", "SeriesNumber", "8",
		 false},
		{"\"SeriesNumber\": {\"from\": 5, \"to\": 7}", "SeriesNumber", "x",
		 false},
		{"\"SeriesNumber\": {\"from\": 5}", "SeriesNumber", NULL, false},
		{"\"ImageType\": \"CT \"", "ImageType", " CT ", true},
		{"\"ImageType\": \" C* \"", "ImageType", "CT", true},
		{"\"ImageType\": \" \"", "ImageType", "", true},
		{"\"PatientName\": \"A^B^ \"", "PatientName", "A^B", true},
		/* all for the same value */
		{"\"ImageType\": {\"regex\": \"^A\", \"is\": \"*B\"}", "ImageType",
		 "AX\\XB", false},
		{"\"ImageType\": {\"regex\": \"^A\", \"is\": \"*B\"}", "ImageType",
		 "X\\AB", true},
		{"\"ImageType\": {\"in\": \"l\"}", "ImageType", "X\\BCD", true},
		{"\"ImageType\": {\"in\": \"l\"}", "ImageType", "AA", false},
		{"\"ImageType\": {\"in\": [\"l\", \"m\"]}", "ImageType", "C", true},
		{"\"ImageType\": {\"in\": \"l\", \"ignore_case\": true}", "ImageType",
		 "bcd", true},
		{"\"InstitutionName\": {\"in\": \"l\", \"ignore_case\": true}",
		 "InstitutionName", "\u00e4", true},
		{"\"InstitutionName\": {\"is\": \"M\u00fcLL*\", \"ignore_case\": true}",
		 "InstitutionName", "m\u00dcller", true},
		/* composed in the policy, whatever the form there */
		{"\"InstitutionName\": \"Mu\u0308ller\"", "InstitutionName",
		 "M\u00fcller", true},
		{"\"InstitutionName\": {\"regex\": \"^m.ller$\"}", "InstitutionName",
		 "m\u00fcller", true},
		{"\"InstitutionName\": {\"regex\": \"LL\", \"ignore_case\": true}",
		 "InstitutionName", "m\u00fcller", true},
		{"\"StudyDate\": {\"from\": \"2020-02-01\", \"to\": \"2020\"}",
		 "StudyDate", "20201231", true},
		{"\"StudyDate\": {\"to\": \"2020\"}", "StudyDate", "20210101", false},
		{"\"StudyDate\": {\"to\": \"2020\"}", "StudyDate", "20200231", false},
		{"\"StudyTime\": {\"from\": \"08:00\", \"to\": \"17:59\"}", "StudyTime",
		 "175959.9", true},
		{"\"PatientAge\": {\"to\": \"17Y\"}", "PatientAge", "204M", true},
		{"\"PatientAge\": {\"to\": \"17Y\"}", "PatientAge", "018Y", false},
		/* now is 2026-11-25 12:00 UTC */
		{"\"StudyDate\": {\"older_than\": \"5 years\"}", "StudyDate", "20211124",
		 true},
		{"\"StudyDate\": {\"older_than\": \"5 years\"}", "StudyDate", "20211125",
		 false},
		{"\"StudyDate\": {\"newer_than\": \"1 week\"}", "StudyDate", "20261118",
		 true},
		{"\"StudyDate\": {\"newer_than\": \"1 week\"}", "StudyDate", "20261117",
		 false},
		/* component groups of a person name */
		{"\"PatientName\": \"Yamada^Tarou\"", "PatientName",
		 "Yamada^Tarou=\u5c71\u7530", true},
		{"\"PatientName\": \"\u5c71\u7530\"", "PatientName",
		 "Yamada^Tarou=\u5c71\u7530^=x", true},
		{"\"PatientName\": \"Yamada^Tarou^^\"", "PatientName", "Yamada^Tarou^",
		 true},
		{"\"PatientName\": \"Yamada\"", "PatientName", "Yamada^Tarou", false},
		{"\"PatientName\": \"*=\u5c71*\"", "PatientName",
		 "Yamada^Tarou=\u5c71\u7530", true},
		{"\"PatientName\": \"B\"", "PatientName", "A\\B", true},
		{"\"PatientID\": {\"present\": true}", "PatientID", "", true},
		{"\"PatientID\": {\"present\": false}", "PatientID", "", false},
		{"\"PatientID\": {\"present\": false}", "PatientID", NULL, true},
		{"\"PatientID\": {\"empty\": true}", "PatientID", "  ", true},
		{"\"PatientID\": {\"empty\": true}", "PatientID", NULL, false},
		{"\"PatientID\": {\"empty\": false}", "PatientID", NULL, false},
		{"\"PatientID\": {\"empty\": false}", "PatientID", "1", true},
		{"\"ClientAddress\": \"10.0.0.0/8\"", "ClientAddress", "10.255.0.1",
		 true},
		{"\"ClientAddress\": [\"10.0.0.0/8\", \"2001:db8::/32\"]",
		 "ClientAddress", "2001:db8::1", true},
		{"\"ClientAddress\": \"2001:db8::1\"", "ClientAddress", "2001:db8:0::1",
		 true},
		{"\"ClientAddress\": \"10.0.0.0/8\"", "ClientAddress", "11.0.0.1", false},
		{"\"SOPClassUID\": \"@storage\"", "SOPClassUID",
		 "1.2.840.10008.5.1.4.1.1.2", true},
		{"\"SOPClassUID\": [\"@query-retrieve\", \"1.2.3\"]", "SOPClassUID",
		 "1.2.3", true},
		{"\"SOPClassUID\": \"@storage\"", "SOPClassUID", "1.2.840.10008.1.1",
		 false},
		{"\"TransferSyntaxUID\": \"@compressed\"", "TransferSyntaxUID",
		 "1.2.840.10008.1.2.4.90", true},
		{"\"TransferSyntaxUID\": \"@lossy\"", "TransferSyntaxUID",
		 "1.2.840.10008.1.2.4.90", false},
		{"\"sample\": {\"percent\": 100, \"by\": \"PatientID\"}", "PatientID",
		 "1", true},
		{"\"sample\": {\"percent\": 100, \"by\": \"PatientID\"}", "PatientID",
		 NULL, false},
		{"\"sample\": {\"percent\": 0, \"by\": \"PatientID\"}", "PatientID", "1",
		 false},
		/* Wednesday, 12:00 */
		{"\"schedule\": {\"from\": \"12:00\", \"to\": \"12:01\"}", "", NULL,
		 true},
		{"\"schedule\": {\"from\": \"11:00\", \"to\": \"12:00\"}", "", NULL,
		 false},
		{"\"schedule\": {\"from\": \"18:00\", \"to\": \"12:01\"}", "", NULL,
		 true},
		{"\"schedule\": {\"weekdays\": [\"Mon\", \"Wed\"]}", "", NULL, true},
		{"\"schedule\": {\"weekdays\": \"Thu-Tue\"}", "", NULL, false},
		/* what runs over midnight began on Tuesday */
		{"\"schedule\": {\"from\": \"18:00\", \"to\": \"13:00\", \"weekdays\": "
		 "\"Tue\"}",
		 "", NULL, true},
		{"\"schedule\": {\"from\": \"18:00\", \"to\": \"13:00\", \"weekdays\": "
		 "\"Wed\"}",
		 "", NULL, false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (holds(cases[i].json, cases[i].keyword, cases[i].value) !=
		    (cases[i].match ? POLICY_YES : POLICY_NO))
			fail_msg("%s, %s = %s", cases[i].json, cases[i].keyword,
				 cases[i].value ? cases[i].value : "(absent)");
}

/* A tenth is a tenth, and what grows only adds. */
static void test_samples(void **state)
{
	static const char *const percents[] = {"1", "10", "50", "90"};
	const double expected[] = {0.01, 0.1, 0.5, 0.9};
	enum { VALUES = 20000 };
	static bool in[VALUES];
	struct policy_facts f = facts;

	f.get = look_up;
	memset(in, false, sizeof(in));
	for (size_t i = 0; i < 4; i++) {
		char text[256], uid[80];
		unsigned count = 0;
		struct policy *p;

		snprintf(text, sizeof(text),
			 "{\"rules\": [{\"name\": \"r\", \"backend\": \"b\", \"if\": "
			 "{\"sample\":"
			 " {\"percent\": %s, \"by\": [\"StudyInstanceUID\", "
			 "\"PatientID\"]}}}]}",
			 percents[i]);
		p = policy_of(text);
		table[1] = fact(POLICY_PRESENT, "P");
		for (unsigned n = 0; n < VALUES; n++) {
			bool now;

			snprintf(uid, sizeof(uid), "1.2.840.113619.2.55.3.%u", n);
			table[0] = fact(POLICY_PRESENT, uid);
			now = policy_test(&p->rules[0].condition, &f) == POLICY_YES;
			assert_true(now || !in[n]);
			in[n] = now;
			count += now;
		}
		assert_true(count > VALUES * expected[i] * 0.85 - 10);
		assert_true(count < VALUES * expected[i] * 1.15 + 10);
		policy_free(p);
	}
}

/* A regular expression that would take for ever is given up. */
static void test_too_hard(void **state)
{
	static char text[40000];

	memset(text, 'a', sizeof(text) - 2);
	text[sizeof(text) - 2] = '!';
	facts.scratch->too_hard = false;
	assert_int_equal(holds("\"PatientComments\": {\"regex\": \"(a+)+$\"}",
			       "PatientComments", text),
			 POLICY_NO);
	assert_true(facts.scratch->too_hard);
}

static int set_up(void **state)
{
	setenv("TZ", "UTC", 1);
	facts = (struct policy_facts){.get = look_up,
				      .now = 1795608000, /* 2026-11-25 12:00 UTC */
				      .scratch = policy_scratch_new()};
	return facts.scratch ? 0 : -1;
}

static int tear_down(void **state)
{
	policy_scratch_free(facts.scratch);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),  cmocka_unit_test(test_three_values),
		cmocka_unit_test(test_matches), cmocka_unit_test(test_language),
		cmocka_unit_test(test_samples), cmocka_unit_test(test_too_hard),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
