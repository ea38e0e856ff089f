/* SPDX-License-Identifier: MIT */
/* What is decided early is what is decided late; nothing waits in vain; the index leaves
 * nothing out.  Policies and facts are random, the language is that of docs/policy.md.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "edge.h"
#include "policy_of.h"
#include "policy/equal.h"
#include "policy/ruling.h"

enum { MAX_ATTRIBUTES = 16 };

static struct policy_fact table[MAX_ATTRIBUTES];
static struct policy_facts facts;
static uint32_t seed = 1;

static const struct policy_fact *look_up(void *context, const struct policy_attribute *a)
{
	return &table[a->index];
}

static unsigned choose(unsigned n)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 16) % n;
}

static struct policy_fact fact(enum policy_fact_state state, const char *text)
{
	return (struct policy_fact){state, text ? slice_str(text) : (struct slice){0}};
}

static struct policy_fact *fact_of(const struct policy *p, const char *name)
{
	for (size_t i = 0; i < p->nattributes; i++)
		if (strcmp(p->attributes[i]->name, name) == 0)
			return &table[i];
	abort();
}

static void test_first_match_wins(void **state)
{
	struct policy *p = policy_of(
		"{\"rules\": ["
		" {\"name\": \"1\", \"if\": {\"Modality\": \"CT\"}, \"backend\": "
		"\"one\"},"
		" {\"name\": \"2\", \"if\": {\"Modality\": \"C*\"}, \"backend\": \"two\","
		"  \"key\": \"PatientID\"},"
		" {\"name\": \"3\", \"if\": {\"Modality\": \"C?\"}, \"backend\": "
		"\"three\"}]}");
	struct policy_fact *modality = fact_of(p, "Modality"),
			   *id = fact_of(p, "PatientID");
	const struct policy_outcome *o;

	*id = fact(POLICY_UNKNOWN, NULL);
	*modality = fact(POLICY_PRESENT, "CT");
	o = ruling_decide(p, &facts);
	assert_string_equal(o->rule, "1");
	/* the condition is settled, the key is not */
	*modality = fact(POLICY_PRESENT, "CR");
	assert_null(ruling_decide(p, &facts));
	*id = fact(POLICY_ONE_OF, "1\\2");
	assert_null(ruling_decide(p, &facts));
	*id = fact(POLICY_AT_LEAST, "1");
	assert_null(ruling_decide(p, &facts));
	*id = fact(POLICY_ABSENT, NULL);
	o = ruling_decide(p, &facts);
	assert_string_equal(o->rule, "2");
	/* an unknown above is not jumped over */
	*modality = fact(POLICY_UNKNOWN, NULL);
	assert_null(ruling_decide(p, &facts));
	*modality = fact(POLICY_ABSENT, NULL);
	assert_ptr_equal(ruling_decide(p, &facts), &p->otherwise);
	assert_null(p->otherwise.pools);
	policy_free(p);
}

/* All ways lead to the same pool: nobody needs to wait to know which one. */
static void test_the_same_outcome(void **state)
{
	static const struct {
		const char *rules;
		const char *
			rule; /* that decides while Modality is unknown; NULL: it waits */
	} cases[] = {
		{"{\"name\": \"ct\", \"if\": {\"Modality\": \"CT\"}, \"backend\": \"b\"}",
		 "default"},
		{"{\"name\": \"ct\", \"if\": {\"Modality\": \"CT\"}, \"backend\": \"c\"}",
		 NULL},
		{"{\"name\": \"ct\", \"if\": {\"not\": {\"Modality\": \"CT\"}}, "
		 "\"backend\": \"b\"}",
		 "ct"},
		{"{\"name\": \"ct\", \"if\": {\"Modality\": \"CT\"}, \"backend\": \"b\","
		 " \"called_ae\": \"X\"}",
		 NULL},
		{"{\"name\": \"ct\", \"if\": {\"Modality\": \"CT\"}, \"backend\": \"b\","
		 " \"calling_ae\": \"X\"}",
		 NULL},
		{"{\"name\": \"ct\", \"if\": {\"Modality\": \"CT\"}, \"backend\": \"b\","
		 " \"key\": \"Modality\"}",
		 NULL},
		{"{\"name\": \"ct\", \"if\": {\"Modality\": \"CT\"}, \"reject\": "
		 "\"no-reason-given\"}",
		 NULL},
		/* certain, whatever it is */
		{"{\"name\": \"x\", \"if\": {\"any\": [{\"Modality\": \"CT\"}, {\"not\":"
		 " {\"Modality\": \"CT\"}}]}, \"backend\": \"c\"}",
		 "x"},
		{"{\"name\": \"x\", \"if\": {\"all\": [{\"Modality\": \"CT\"}, "
		 "{\"Modality\":"
		 " {\"present\": false}}]}, \"backend\": \"c\"}",
		 "default"},
		/* [CT, MR] has been excluded when CT is asked for */
		{"{\"name\": \"x\", \"if\": {\"Modality\": [\"CT\", \"MR\"]}, "
		 "\"backend\": \"b\"},"
		 "{\"name\": \"y\", \"if\": {\"Modality\": \"CT\"}, \"backend\": \"c\"}",
		 "default"},
		{"{\"name\": \"x\", \"if\": {\"Modality\": \"CT\"}, \"backend\": \"b\"},"
		 "{\"name\": \"y\", \"if\": {\"Modality\": [\"CT\", \"MR\"]}, "
		 "\"backend\": \"c\"}",
		 NULL},
		{"{\"name\": \"x\", \"if\": {\"Modality\": \"C*\"}, \"backend\": \"b\"},"
		 "{\"name\": \"y\", \"if\": {\"Modality\": \"CT\"}, \"backend\": \"c\"}",
		 "default"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct policy_outcome *o;
		char json[1024];
		struct policy *p;

		snprintf(json, sizeof(json),
			 "{\"rules\": [%s], \"default\": {\"backend\": \"b\"}}",
			 cases[i].rules);
		p = policy_of(json);
		*fact_of(p, "Modality") = fact(POLICY_UNKNOWN, NULL);
		o = ruling_decide(p, &facts);
		if (!o != !cases[i].rule || (o && strcmp(o->rule, cases[i].rule) != 0))
			fail_msg("%s: %s", cases[i].rules, o ? o->rule : "waits");
		policy_free(p);
	}
}

/*** random policies ***/

static const char *const keywords[] = {"Modality", "BodyPartExamined", "ImageType",
				       "ProtocolName", "CallingAETitle"};

struct text {
	char bytes[16384];
	size_t len;
};

static void __attribute__((format(printf, 2, 3)))
put(struct text *t, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	t->len += (size_t)vsnprintf(t->bytes + t->len, sizeof(t->bytes) - t->len, format,
				    ap);
	va_end(ap);
	assert_true(t->len < sizeof(t->bytes));
}

static const char *const exact[] = {"\"A\"",
				    "\"B\"",
				    "\"AB\"",
				    "[\"A\", \"B\"]",
				    "[\"AB\", \"B\"]",
				    "{\"present\": true}",
				    "{\"present\": false}",
				    "{\"empty\": true}",
				    "{\"empty\": false}"};
static const char *const loose[] = {"\"A*\"",
				    "\"?\"",
				    "\"*B\"",
				    "\"\"",
				    "\"*\"",
				    "{\"regex\": \"^A\"}",
				    "{\"regex\": \"b\","
				    " \"ignore_case\": true}",
				    "{\"is\": [\"a\", \"b\"], \"ignore_case\": true}",
				    "{\"in\": \"l\"}",
				    "{\"in\": \"l\", \"regex\": \"B\"}"};

/* Keys may have ProtocolName, too. */
static const char *tested_keyword(bool only_exact)
{
	unsigned i = choose(only_exact ? 3 : 4);

	return keywords[i < 3 ? i : 4];
}

static void put_condition(struct text *t, unsigned depth, bool only_exact);

static void put_conditions(struct text *t, const char *name, unsigned depth,
			   bool only_exact)
{
	unsigned n = 1 + choose(3);

	put(t, "\"%s\": [", name);
	for (unsigned i = 0; i < n; i++) {
		put(t, i ? ", " : "");
		put_condition(t, depth - 1, only_exact);
	}
	put(t, "]");
}

static void put_member(struct text *t, unsigned depth, bool only_exact)
{
	switch (depth > 0 ? choose(7) : 6) {
	case 0:
		put_conditions(t, "all", depth, only_exact);
		break;
	case 1:
		put_conditions(t, "any", depth, only_exact);
		break;
	case 2:
		put(t, "\"not\": ");
		put_condition(t, depth - 1, only_exact);
		break;
	case 3:
		if (only_exact)
			put(t, "\"any\": [{}]");
		else
			put(t, "\"sample\": {\"percent\": %u, \"by\": \"%s\"}",
			    choose(4) * 30, keywords[choose(3)]);
		break;
	default:
		put(t, "\"%s\": %s", tested_keyword(only_exact),
		    only_exact || choose(2) ? exact[choose(9)] : loose[choose(10)]);
	}
}

static void put_condition(struct text *t, unsigned depth, bool only_exact)
{
	put(t, "{");
	put_member(t, depth, only_exact);
	put(t, "}");
}

/* Each test of a value, as rules are that have an index */
static void put_tests(struct text *t)
{
	put(t, "{");
	for (unsigned i = 0, k = choose(4); i < 3; i++, k++)
		if (choose(3))
			put(t, "\"%s\": %s, ", keywords[k % 5],
			    choose(6) ? exact[choose(5)] : loose[choose(10)]);
	put(t, "\"any\": [{}]}");
}

static struct policy *random_policy(struct text *t, bool only_exact)
{
	bool many = !only_exact && choose(4) == 0; /* enough for an index */
	unsigned n = many ? 9 + choose(30) : 1 + choose(4);

	t->len = 0;
	put(t, "{\"lists\": {\"l\": [\"AB\", \"B\"]}, \"rules\": [");
	for (unsigned i = 0; i < n; i++) {
		put(t, "%s{\"name\": \"%u\", \"if\": ", i ? ", " : "", i);
		if (many && choose(8))
			put_tests(t);
		else
			put_condition(t, 3, only_exact);
		put(t, ", \"backend\": \"%c\"", 'a' + (char)choose(2));
		if (choose(6) == 0)
			put(t, ", \"key\": \"%s\"", keywords[choose(4)]);
		put(t, "}");
	}
	put(t, "], \"default\": {\"backend\": \"a\"}");
	if (choose(8) == 0)
		put(t, ", \"export\": {\"x\": \"%s\"}", keywords[choose(4)]);
	put(t, "}");
	return policy_of(t->bytes);
}

static const char *const words[] = {"",      "A",        "B", "AB",   "A\\B",
				    "B\\AB", "A\\B\\AB", "Z", "A\\Z", "b"};

enum { WORDS = sizeof(words) / sizeof(words[0]) };

/* A fact that <known> allows. */
static struct policy_fact settle(struct policy_fact known)
{
	static char longer[MAX_ATTRIBUTES][64];
	static unsigned next;
	struct slice text = known.text, value = text;
	char *to = longer[next++ % MAX_ATTRIBUTES];

	if (known.state == POLICY_UNKNOWN)
		return choose(3) ? fact(POLICY_PRESENT, words[choose(WORDS)])
				 : fact(POLICY_ABSENT, NULL);
	if (known.state == POLICY_AT_LEAST) {
		snprintf(to, 64, "%.*s%s%s", (int)text.len, text.ptr,
			 choose(2) ? "\\" : "", words[choose(WORDS)]);
		if (to[text.len] != '\\')
			to[text.len] = '\0';
		return fact(POLICY_PRESENT, to);
	}
	if (known.state != POLICY_ONE_OF)
		return known;
	for (unsigned n = 1; policy_next_value("CS", &text, &value); n++)
		if (choose(2))
			break;
	return (struct policy_fact){POLICY_PRESENT, value};
}

static void random_facts(const struct policy *p)
{
	for (size_t i = 0; i < p->nattributes; i++) {
		table[i] = fact((enum policy_fact_state)choose(5), NULL);
		if (table[i].state >= POLICY_PRESENT)
			table[i].text = slice_str(words[choose(WORDS)]);
		/* one value is no question */
		if (table[i].state == POLICY_ONE_OF &&
		    !memchr(table[i].text.ptr, '\\', table[i].text.len))
			table[i].state = POLICY_PRESENT;
	}
}

/* The definition: rule by rule, with everything known. */
static const struct policy_outcome *rule_by_rule(const struct policy *p)
{
	for (size_t i = 0; i < p->nrules; i++) {
		enum policy_tri truth = policy_test(&p->rules[i].condition, &facts);

		assert_int_not_equal(truth, POLICY_MAYBE);
		if (truth == POLICY_YES)
			return &p->rules[i].outcome;
	}
	return &p->otherwise;
}

/* What became of the association: the outcome, and the values that belong to it. */
static bool same_end(const struct policy_outcome *a, const struct policy_fact *fa,
		     const struct policy_outcome *b, const struct policy_fact *fb)
{
	if (!policy_equal_outcome(a, b))
		return false;
	for (size_t i = 0; i < a->key.n; i++) {
		size_t k = a->key.list[i]->index;

		if (fa[k].state != fb[k].state || !slice_equal(fa[k].text, fb[k].text))
			return false;
	}
	return true;
}

static void test_early_is_late(void **state)
{
	static struct text t;
	unsigned early = 0, rounds = 20000;

	for (unsigned round = 0; round < rounds; round++) {
		struct policy *p = random_policy(&t, false);

		for (unsigned inputs = 0; inputs < 4; inputs++) {
			const struct policy_outcome *o, *late;

			random_facts(p);
			o = ruling_decide(p, &facts);
			for (size_t i = 0; i < p->nattributes; i++)
				table[i] = settle(table[i]);
			late = ruling_decide(p, &facts);
			assert_non_null(late);
			assert_ptr_equal(late, rule_by_rule(p));
			if (o && !policy_equal_outcome(o, late))
				fail_msg("%s: %s early, %s late", t.bytes, o->rule,
					 late->rule);
			early += o != NULL;
		}
		policy_free(p);
	}
	assert_in_range(early, rounds, 4 * rounds - rounds / 2); /* both do happen */
}

/* All that an unknown attribute can be, as far as the tests can tell */
static const char *const possible[] = {NULL, "",     "Z",     "A",     "B",
				       "AB", "A\\B", "A\\AB", "B\\AB", "A\\B\\AB"};

enum { POSSIBLE = sizeof(possible) / sizeof(possible[0]) };

/* Tries all data sets; true if two of them have different ends. */
static bool has_two_ends(const struct policy *p, const struct policy_fact *known,
			 size_t attribute, const struct policy_outcome **first,
			 struct policy_fact *with)
{
	struct slice text = known[attribute].text, value;

	if (attribute == p->nattributes) {
		const struct policy_outcome *o = rule_by_rule(p);

		if (!*first) {
			*first = o;
			memcpy(with, table, sizeof(table));
		}
		return !same_end(*first, with, o, table);
	}
	table[attribute] = known[attribute];
	if (known[attribute].state == POLICY_ONE_OF) {
		while (policy_next_value("CS", &text, &value)) {
			table[attribute] = (struct policy_fact){POLICY_PRESENT, value};
			if (has_two_ends(p, known, attribute + 1, first, with))
				return true;
		}
		return false;
	}
	if (known[attribute].state != POLICY_UNKNOWN)
		return has_two_ends(p, known, attribute + 1, first, with);
	for (size_t i = 0; i < POSSIBLE; i++) {
		table[attribute] = possible[i] ? fact(POLICY_PRESENT, possible[i])
					       : fact(POLICY_ABSENT, NULL);
		if (has_two_ends(p, known, attribute + 1, first, with))
			return true;
	}
	return false;
}

static void fail_known(const struct policy *p, const struct policy_fact *known,
		       const char *policy, const char *rule)
{
	for (size_t i = 0; i < p->nattributes; i++)
		print_error("%s: state %d, \"%.*s\"\n", p->attributes[i]->name,
			    known[i].state, (int)known[i].text.len,
			    (const char *)known[i].text.ptr);
	fail_msg("%s: waits, though all leads to %s", policy, rule);
}

/* With tests of literal values and presence the agent waits only if there are data sets
 * that lead to different ends.
 */
static void test_no_wait_in_vain(void **state)
{
	static struct text t;
	unsigned waits = 0, rounds = 4000;

	for (unsigned round = 0; round < rounds; round++) {
		struct policy *p = random_policy(&t, true);
		struct policy_fact known[MAX_ATTRIBUTES] = {0}, with[MAX_ATTRIBUTES];
		const struct policy_outcome *first = NULL;
		bool waited;

		random_facts(p);
		for (size_t i = 0; i < p->nattributes; i++)
			if (table[i].state == POLICY_AT_LEAST ||
			    strcmp(p->attributes[i]->name, "SpecificCharacterSet") == 0)
				table[i] = fact(POLICY_ABSENT, NULL);
		memcpy(known, table, sizeof(known));
		waited = p->nexports == 0 && !ruling_decide(p, &facts);
		if (waited && !has_two_ends(p, known, 0, &first, with))
			fail_known(p, known, t.bytes, first->rule);
		waits += waited;
		policy_free(p);
	}
	assert_in_range(waits, rounds / 20, rounds - rounds / 10);
}

/*** what is left ***/

static void count_outcome(void *context, const struct policy_outcome *outcome)
{
	++*(size_t *)context;
}

/* Rules that are certain not to match are none, one that does is the last; too many are
 * not looked at.
 */
static void test_what_is_left(void **state)
{
	static char json[64 * (RULING_MOST + 10)];
	size_t n = 0, len = (size_t)sprintf(json, "{\"rules\": [");
	struct policy *p;

	for (unsigned i = 0; i < RULING_MOST + 1; i++)
		len += (size_t)sprintf(json + len,
				       "%s{\"name\": \"%u\", \"if\": {\"Modality\": "
				       "\"%u\"}, \"backend\": \"b\"}",
				       i ? ", " : "", i, i);
	sprintf(json + len, "]}");
	p = policy_of(json);
	*fact_of(p, "Modality") = fact(POLICY_UNKNOWN, NULL);
	assert_false(ruling_each(p, &facts, count_outcome, &n));
	n = 0;
	*fact_of(p, "Modality") = fact(POLICY_ONE_OF, "7\\9\\X");
	assert_true(ruling_each(p, &facts, count_outcome, &n));
	assert_int_equal(n, 3); /* and the default */
	n = 0;
	*fact_of(p, "Modality") = fact(POLICY_PRESENT, "7");
	assert_true(ruling_each(p, &facts, count_outcome, &n));
	assert_int_equal(n, 1);
	policy_free(p);
}

static int set_up(void **state)
{
	facts = (struct policy_facts){.get = look_up, .scratch = policy_scratch_new()};
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
		cmocka_unit_test(test_first_match_wins),
		cmocka_unit_test(test_the_same_outcome),
		cmocka_unit_test(test_early_is_late),
		cmocka_unit_test(test_no_wait_in_vain),
		cmocka_unit_test(test_what_is_left),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
