/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "edge.h"
#include "policy_of.h"
#include "sample.h"

static void test_wildcards(void **state)
{
	static const struct {
		const char *pattern, *text;
		bool match;
	} cases[] = {
		{"CT", "CT", true},          {"CT", "ct", false},
		{"CT", "CTA", false},        {"CT", "C", false},
		{"", "", true},              {"", "a", false},
		{"*", "", true},             {"*", "anything", true},
		{"**", "", true},            {"?", "", false},
		{"?", "a", true},            {"?", "ab", false},
		{"HEAD*", "HEAD", true},     {"HEAD*", "HEADNECK", true},
		{"HEAD*", "AHEAD", false},   {"*NECK", "HEADNECK", true},
		{"*NECK", "NECKLACE", false}, {"*AB", "AAAB", true},
		{"*AB*", "XXABXXAB", true},  {"A*B*C", "A123B456C", true},
		{"A*B*C", "A123C456B", false}, {"?*", "", false},
		{"*?", "a", true},           {"a*b", "ab", true},
		{"*a?c*", "zzabczz", true},  {"*a", "a b", false},
		/* one ? is one character, of however many bytes */
		{"M?ller", "M\u00fcller", true}, {"M??ller", "M\u00fcller", false},
		{"?", "\u20ac", true},       {"??", "\u5c71\u7530", true},
		{"*\u7530", "\u5c71\u7530", true}, {"?", "\U0001F600", true},
		/* a star does not end within a character */
		{"*\xBC", "\u00fc", false},
	};
	static char text[20001];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (policy_wildcard(cases[i].pattern, edge(slice_str(cases[i].text))) !=
		    cases[i].match)
			fail_msg("%s, %s", cases[i].pattern, cases[i].text);
	/* what makes a recursive matcher take for ever */
	memset(text, 'a', sizeof(text) - 1);
	assert_false(policy_wildcard("*a*a*a*a*a*a*a*a*a*a*a*a*b", slice_str(text)));
	assert_false(policy_wildcard("*aaaaaaaaaaaaaaaaaaaaaaaaab", slice_str(text)));
	assert_false(policy_wildcard("abc", slice_of("ab\0c", 4)));
	assert_true(policy_wildcard("ab*", slice_of("ab\0c", 4)));
}

static void test_values(void **state)
{
	static const struct {
		const char *vr, *text, *values; /* the values, each followed by | */
	} cases[] = {
		{"CS", "CT", "CT|"},            {"CS", "ORIGINAL\\PRIMARY ", "ORIGINAL|PRIMARY|"},
		{"CS", " A \\ B \\", "A|B||"},  {"CS", "", "|"},
		{"CS", "\\", "||"},             {"LO", "  ID 7  ", "ID 7|"},
		{"ST", " a\\b ", " a\\b|"},     {"LT", "a\\b", "a\\b|"},
		{"UT", "a\\b", "a\\b|"},        {"UR", "http://x\\y ", "http://x\\y|"},
		{"PN", "A^B=C\\D", "A^B=C|D|"}, {"US", "1\\2", "1|2|"},
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

static const struct policy_fact *look_up(void *context, size_t attribute)
{
	return &table[attribute];
}

static const struct policy_facts facts = {look_up, NULL};

static const struct policy_attribute attributes[ATTRIBUTES] = {
	{POLICY_DATA_SET, 1, "CS", "a"},
	{POLICY_DATA_SET, 2, "CS", "b"},
	{POLICY_DATA_SET, 3, "CS", "c"},
	{POLICY_DATA_SET, 4, "ST", "d"},
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
	static const enum policy_tri not[3] = {1, 0, 2};
	const char *const yes[] = {"yes"};
	const struct policy p = {.attributes = attributes, .nattributes = ATTRIBUTES};
	struct policy_node leaves[2] = {
		{.kind = POLICY_MATCH, .attribute = 0, .values = yes, .nvalues = 1},
		{.kind = POLICY_MATCH, .attribute = 1, .values = yes, .nvalues = 1}};
	struct policy_node node = {.children = leaves, .nchildren = 2};
	struct policy_fact of[3] = {fact(POLICY_PRESENT, "no"), fact(POLICY_PRESENT, "yes"),
				    fact(POLICY_UNKNOWN, NULL)};

	for (int i = 0; i < 3; i++)
		for (int k = 0; k < 3; k++) {
			table[0] = of[i];
			table[1] = of[k];
			node.kind = POLICY_ALL;
			assert_int_equal(policy_test(&p, &node, &facts), all[i][k]);
			node.kind = POLICY_ANY;
			assert_int_equal(policy_test(&p, &node, &facts), any[i][k]);
			node.kind = POLICY_NOT;
			assert_int_equal(policy_test(&p, &node, &facts), not[i]);
		}
	node = (struct policy_node){.kind = POLICY_ALL};
	assert_int_equal(policy_test(&p, &node, &facts), POLICY_YES);
	node.kind = POLICY_ANY;
	assert_int_equal(policy_test(&p, &node, &facts), POLICY_NO);
}

static void test_matches(void **state)
{
	const char *const ct[] = {"CT", "M*"};
	const struct policy p = {.attributes = attributes, .nattributes = ATTRIBUTES};
	const struct policy_node match = {.kind = POLICY_MATCH, .values = ct, .nvalues = 2};
	const struct policy_node there = {.kind = POLICY_IS_THERE};
	const struct {
		struct policy_fact fact;
		enum policy_tri match, there;
	} cases[] = {
		{fact(POLICY_UNKNOWN, NULL), POLICY_MAYBE, POLICY_MAYBE},
		{fact(POLICY_ABSENT, NULL), POLICY_NO, POLICY_NO},
		{fact(POLICY_PRESENT, ""), POLICY_NO, POLICY_YES},
		{fact(POLICY_PRESENT, "CT "), POLICY_YES, POLICY_YES},
		{fact(POLICY_PRESENT, "US\\MR"), POLICY_YES, POLICY_YES},
		{fact(POLICY_PRESENT, "US\\CR"), POLICY_NO, POLICY_YES},
		{fact(POLICY_ONE_OF, "US\\MR"), POLICY_MAYBE, POLICY_YES},
		{fact(POLICY_ONE_OF, "CT\\MR"), POLICY_YES, POLICY_YES},
		{fact(POLICY_ONE_OF, "US\\CR"), POLICY_NO, POLICY_YES},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		table[0] = cases[i].fact;
		assert_int_equal(policy_test(&p, &match, &facts), cases[i].match);
		assert_int_equal(policy_test(&p, &there, &facts), cases[i].there);
	}
}

static void test_first_match_wins(void **state)
{
	struct policy *p = policy_of(
		"{\"rules\": ["
		" {\"name\": \"1\", \"if\": {\"Modality\": \"CT\"}, \"backend\": \"one\"},"
		" {\"name\": \"2\", \"if\": {\"Modality\": \"C*\"}, \"backend\": \"two\","
		"  \"key\": \"PatientID\"},"
		" {\"name\": \"3\", \"if\": {\"Modality\": \"C?\"}, \"backend\": \"three\"}]}");
	const struct policy_outcome *o;

	/* SpecificCharacterSet, Modality, PatientID */
	assert_int_equal(p->nattributes, 3);
	table[0] = table[2] = fact(POLICY_UNKNOWN, NULL);
	table[1] = fact(POLICY_PRESENT, "CT");
	o = policy_decide(p, &facts);
	assert_string_equal(o->rule, "1");
	/* the condition is settled, the key is not */
	table[1] = fact(POLICY_PRESENT, "CR");
	assert_null(policy_decide(p, &facts));
	table[2] = fact(POLICY_ONE_OF, "1\\2");
	assert_null(policy_decide(p, &facts));
	table[2] = fact(POLICY_ABSENT, NULL);
	o = policy_decide(p, &facts);
	assert_string_equal(o->rule, "2");
	/* an unknown above is not jumped over */
	table[1] = fact(POLICY_UNKNOWN, NULL);
	assert_null(policy_decide(p, &facts));
	table[1] = fact(POLICY_ABSENT, NULL);
	assert_ptr_equal(policy_decide(p, &facts), &p->otherwise);
	assert_null(p->otherwise.backend);
	policy_free(p);
}

/*** random policies: what is decided early is what is decided late ***/

static uint32_t seed = 1;

static unsigned choose(unsigned n)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 16) % n;
}

static const char *const words[] = {"", "A", "B", "AB", "A\\B", "B\\AB", "A\\B\\AB"};
static const char *const patterns[] = {"A", "B", "A*", "?", "*", "", "*B"};

static void grow(struct policy_node *node, struct policy_node **spare, unsigned depth)
{
	node->kind = (enum policy_node_kind)choose(depth > 0 ? 5 : 2);
	if (depth == 0)
		node->kind = node->kind ? POLICY_MATCH : POLICY_IS_THERE;
	node->attribute = choose(ATTRIBUTES);
	node->values = &patterns[choose(6)];
	node->nvalues = 1 + choose(2);
	node->nchildren = node->kind == POLICY_NOT ? 1 : choose(4);
	node->children = *spare;
	if (node->kind == POLICY_MATCH || node->kind == POLICY_IS_THERE)
		return;
	*spare += node->nchildren;
	for (size_t i = 0; i < node->nchildren; i++)
		grow((struct policy_node *)(uintptr_t)&node->children[i], spare, depth - 1);
}

/* A fact that <known> allows. */
static struct policy_fact settle(struct policy_fact known)
{
	struct slice text = known.text, value = text;

	if (known.state == POLICY_UNKNOWN)
		return choose(3) ? fact(POLICY_PRESENT, words[choose(7)])
				 : fact(POLICY_ABSENT, NULL);
	if (known.state != POLICY_ONE_OF)
		return known;
	for (unsigned n = 1; policy_next_value("CS", &text, &value); n++)
		if (choose(2))
			break;
	return (struct policy_fact){POLICY_PRESENT, value};
}

static void test_early_is_late(void **state)
{
	static struct policy_node nodes[1024];
	unsigned early = 0, rounds = 200000;

	for (unsigned round = 0; round < rounds; round++) {
		struct policy_rule rules[3] = {0};
		struct policy p = {.rules = rules, .nrules = 1 + choose(3),
				   .attributes = attributes, .nattributes = ATTRIBUTES,
				   .otherwise = {.key = POLICY_NO_KEY}};
		struct policy_node *spare = nodes;
		const struct policy_outcome *o;

		for (size_t i = 0; i < p.nrules; i++) {
			grow(&rules[i].condition, &spare, 3);
			rules[i].outcome.key = choose(4) ? POLICY_NO_KEY : choose(ATTRIBUTES);
		}
		/* "ST" has no several values, so ONE_OF is not for the last attribute */
		for (size_t i = 0; i < ATTRIBUTES; i++)
			table[i] = fact((enum policy_fact_state)choose(i < 3 ? 4 : 3), NULL);
		for (size_t i = 0; i < ATTRIBUTES; i++)
			if (table[i].state >= POLICY_PRESENT)
				table[i].text = slice_str(words[choose(7)]);
		o = policy_decide(&p, &facts);
		for (size_t i = 0; i < ATTRIBUTES; i++)
			table[i] = settle(table[i]);
		assert_non_null(policy_decide(&p, &facts));
		if (o)
			assert_ptr_equal(policy_decide(&p, &facts), o);
		early += o != NULL;
	}
	assert_in_range(early, rounds / 4, rounds - rounds / 10); /* both do happen */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wildcards),    cmocka_unit_test(test_values),
		cmocka_unit_test(test_three_values), cmocka_unit_test(test_matches),
		cmocka_unit_test(test_first_match_wins), cmocka_unit_test(test_early_is_late),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
