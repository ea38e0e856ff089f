/* SPDX-License-Identifier: MIT */
/* The index leaves out no rule that may match, whatever is known, and most others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "policy/index.h"
#include "policy_of.h"
#include "quoted.h"

enum { RULES = 60, NAMES = 5, VALUES = 6, FACTS = 8, ROOM = 8 };

/* A person name is no key, since it is compared in parts. */
static const char *const names[NAMES] = {"CallingAETitle", "Modality", "ImageType",
					 "PatientName", "ProtocolName"};
static const char *const values[] = {"A", "B", "C", "D", "", "A^B", "A^", "x=B^="};

static uint32_t seed = 7;

static unsigned choose(unsigned n)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 16) % n;
}

/*** random policies ***/

static char json[256 * 1024];
static size_t len;

__attribute__((format(printf, 1, 2))) static void put(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	len += (size_t)vsnprintf(json + len, sizeof(json) - len, format, ap);
	va_end(ap);
	assert_true(len < sizeof(json));
}

static void put_test(void)
{
	switch (choose(24)) {
	case 0:
		put("'%s*'", values[choose(3)]);
		break;
	case 1:
		put("{'is': '%s', 'ignore_case': true}", values[choose(VALUES)]);
		break;
	case 2:
		put("{'present': %s}", choose(2) ? "true" : "false");
		break;
	case 3:
		put("{'in': 'list'}");
		break;
	case 4:
		put("['%s', '%s', 'A']", values[choose(VALUES)], values[choose(VALUES)]);
		break;
	case 5:
		put("{'is': ['%s', 'A'], 'regex': '^A'}", values[choose(VALUES)]);
		break;
	default:
		put("'%s'", values[choose(VALUES)]);
	}
}

/* Most rules of a policy test one and the same attribute, else there is no index. */
static unsigned favourite;

static void put_condition(int depth)
{
	unsigned first = choose(8) ? favourite : choose(NAMES),
		 n = choose(8) ? 1 + choose(3) : 0;

	put("{");
	for (unsigned i = 0; i < n; i++) {
		put("%s'%s': ", i ? ", " : "", names[(first + i) % NAMES]);
		put_test();
	}
	if (depth < 2 && choose(4) == 0) {
		unsigned kind = choose(3);

		put("%s'%s': ", n ? ", " : "",
		    kind == 0   ? "all"
		    : kind == 1 ? "any"
				: "not");
		put(kind < 2 ? "[" : "");
		put_condition(depth + 1);
		if (kind < 2) {
			put(", ");
			put_condition(depth + 1);
		}
		put(kind < 2 ? "]" : "");
	}
	put("}");
}

static struct policy *random_policy(void)
{
	len = 0;
	favourite = choose(NAMES - 1);
	put("{'lists': {'list': ['A', 'x']}, 'rules': [");
	for (unsigned i = 0; i < RULES; i++) {
		put("%s{'name': '%u', 'backend': 'b', 'if': ", i ? "," : "", i);
		put_condition(0);
		put("}");
	}
	put("]}");
	return policy_of(quoted(json));
}

/*** facts ***/

static struct policy_fact table[ROOM];
static unsigned asked[ROOM];
static struct policy_facts facts;

static const struct policy_fact *look_up(void *context, const struct policy_attribute *a)
{
	asked[a->index]++;
	return &table[a->index];
}

static void random_facts(const struct policy *p)
{
	static char texts[ROOM][64];

	for (size_t i = 0; i < p->nattributes; i++) {
		unsigned n = choose(4);

		table[i].state = (enum policy_fact_state)choose(5);
		strcpy(texts[i], values[choose(FACTS)]);
		for (; n > 1; n--) {
			strcat(texts[i], choose(3) ? "\\" : " \\ ");
			strcat(texts[i], values[choose(FACTS)]);
		}
		table[i].text = table[i].state == POLICY_UNKNOWN ||
						table[i].state == POLICY_ABSENT
					? (struct slice){0}
					: slice_str(texts[i]);
	}
}

static size_t next(const struct policy *p, size_t from)
{
	return policy_index_next(p->index, &facts, from);
}

/* From any number on: ascending, and what is passed over is POLICY_NO. */
static unsigned check(const struct policy *p)
{
	unsigned tried = 0;

	for (size_t from = 0; from < p->nrules;) {
		size_t i = next(p, from);

		assert_true(i >= from && (i < p->nrules || i == SIZE_MAX));
		for (size_t k = from; k < p->nrules && k < i; k++)
			if (policy_test(&p->rules[k].condition, &facts) != POLICY_NO)
				fail_msg("rule %zu is left out:\n%s", k, json);
		if (i == SIZE_MAX)
			return tried;
		tried++;
		from = i + 1;
	}
	assert_int_equal(next(p, p->nrules), SIZE_MAX);
	return tried;
}

static void test_nothing_is_left_out(void **state)
{
	unsigned tried = 0, rounds = 0;

	for (unsigned i = 0; i < 60; i++) {
		struct policy *p = random_policy();

		assert_true(p->nattributes <= ROOM);
		for (unsigned k = 0; k < 100; k++, rounds++) {
			random_facts(p);
			tried += check(p);
		}
		policy_free(p);
	}
	assert_in_range(tried, 1, rounds * RULES * 3 / 4);
}

/*** many rules, of one kind ***/

static struct policy *many(unsigned rules, const char *format, unsigned modulus)
{
	static char text[4 << 20];
	size_t at = (size_t)sprintf(text, "{\"rules\": [");
	struct policy *p;

	for (unsigned i = 0; i < rules; i++) {
		at += (size_t)sprintf(
			text + at, "%s{\"name\": \"%u\", \"backend\": \"b\", \"if\": {",
			i ? "," : "", i);
		at += (size_t)sprintf(text + at, format, i, i % modulus);
		at += (size_t)sprintf(text + at, "}}");
		assert_true(at < sizeof(text) - 1024);
	}
	sprintf(text + at, "]}");
	p = policy_of(text);
	for (size_t i = 0; i < ROOM; i++)
		table[i] = (struct policy_fact){POLICY_UNKNOWN, {0}};
	memset(asked, 0, sizeof(asked));
	return p;
}

static unsigned count(const struct policy *p)
{
	unsigned tried = 0;

	for (size_t i = next(p, 0); i != SIZE_MAX; i = next(p, i + 1))
		tried++;
	return tried;
}

static void know(const struct policy *p, const char *name, enum policy_fact_state state,
		 const char *text)
{
	for (size_t i = 0; i < p->nattributes; i++)
		if (strcmp(p->attributes[i]->name, name) == 0)
			table[i] = (struct policy_fact){state, text ? slice_str(text)
								    : (struct slice){0}};
}

static unsigned asked_for(const struct policy *p, const char *name)
{
	for (size_t i = 0; i < p->nattributes; i++)
		if (strcmp(p->attributes[i]->name, name) == 0)
			return asked[i];
	return 0;
}

static void test_many_titles(void **state)
{
	struct policy *p =
		many(10000, "\"CallingAETitle\": \"AE%u\", \"Modality\": \"M%u\"", 10);

	know(p, "CallingAETitle", POLICY_PRESENT, "AE4711 ");
	assert_int_equal(count(p), 1);
	assert_int_equal(next(p, 0), 4711);
	assert_int_equal(next(p, 4712), SIZE_MAX);
	/* the data set is not needed to know */
	assert_int_equal(asked_for(p, "Modality"), 0);
	know(p, "CallingAETitle", POLICY_PRESENT, "AE1\\AE2\\AE1\\X");
	assert_int_equal(count(p), 2);
	know(p, "CallingAETitle", POLICY_ABSENT, NULL);
	assert_int_equal(count(p), 0);
	know(p, "CallingAETitle", POLICY_UNKNOWN, NULL);
	assert_int_equal(count(p), 10000);
	know(p, "CallingAETitle", POLICY_ONE_OF, "AE1\\AE3\\AE5");
	assert_int_equal(count(p), 3);
	policy_free(p);
}

/* Few titles with many modalities each: a level below the other */
static void test_two_levels(void **state)
{
	struct policy *p = many(
		10000, "\"StationName\": \"S%1$u\", \"CallingAETitle\": \"AE%2$u\"", 20);

	know(p, "CallingAETitle", POLICY_PRESENT, "AE3");
	know(p, "StationName", POLICY_PRESENT, "S4703");
	assert_int_equal(count(p), 1);
	know(p, "StationName", POLICY_PRESENT, "S4704");
	assert_in_range(count(p), 0, 1);
	policy_free(p);
}

/* Rules that no level can divide are tried, and others are not because of them. */
static void test_others_between(void **state)
{
	static const char *const formats[] = {
		"\"CallingAETitle\": \"AE%u\"",
		"\"CallingAETitle\": {\"regex\": \"%u\"}",
	};
	static char text[1 << 20];
	struct policy *p;
	size_t at = (size_t)sprintf(text, "{\"rules\": [");

	for (unsigned i = 0; i < 2000; i++) {
		at += (size_t)sprintf(
			text + at, "%s{\"name\": \"%u\", \"backend\": \"b\", \"if\": {",
			i ? "," : "", i);
		at += (size_t)sprintf(text + at, formats[i % 100 == 99], i);
		at += (size_t)sprintf(text + at, "}}");
	}
	sprintf(text + at, "]}");
	p = policy_of(text);
	know(p, "CallingAETitle", POLICY_PRESENT, "AE1000");
	assert_int_equal(count(p), 21);
	assert_int_equal(next(p, 0), 99);
	assert_int_equal(next(p, 1000), 1000);
	policy_free(p);
}

/* Facts are asked for only if a rule that depends on them comes first. */
static void test_laziness(void **state)
{
	static const char *const firsts[] = {"",
					     "\"CallingAETitle\": {\"regex\": \"^X\"}"};

	for (size_t i = 0; i < 2; i++) {
		static char text[1 << 16];
		struct policy *p;
		size_t at = (size_t)sprintf(
			text,
			"{\"rules\": [{\"name\": \"f\", \"backend\": \"b\","
			" \"if\": {%s}}",
			firsts[i]);

		for (unsigned k = 0; k < 100; k++)
			at += (size_t)sprintf(text + at,
					      ",{\"name\": \"%u\", \"backend\": \"b\","
					      " \"if\": {\"Modality\": \"M%u\"}}",
					      k, k);
		sprintf(text + at, "]}");
		p = policy_of(text);
		memset(asked, 0, sizeof(asked));
		know(p, "Modality", POLICY_PRESENT, "M7");
		assert_int_equal(next(p, 0), 0);
		assert_int_equal(asked_for(p, "Modality"), 0);
		assert_int_equal(next(p, 1), 8);
		assert_true(asked_for(p, "Modality") > 0);
		policy_free(p);
	}
}

static void test_few(void **state)
{
	struct policy *p = policy_of("{\"rules\": []}");

	assert_int_equal(next(p, 0), SIZE_MAX);
	policy_free(p);
	p = policy_of("{\"rules\": [{\"name\": \"a\", \"backend\": \"b\"}]}");
	assert_int_equal(next(p, 0), 0);
	assert_int_equal(next(p, 1), SIZE_MAX);
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
		cmocka_unit_test(test_nothing_is_left_out),
		cmocka_unit_test(test_many_titles),
		cmocka_unit_test(test_two_levels),
		cmocka_unit_test(test_others_between),
		cmocka_unit_test(test_laziness),
		cmocka_unit_test(test_few),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
