/* SPDX-License-Identifier: MIT */
/* Places as an editor shows them; the steps are written in short, see find() */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "edge.h"
#include "loader/json_place.h"
#include "sample.h"

/* Steps from a text: "rules/#1/name" is member, element, member. */
static bool find(struct slice json, const char *way, enum json_place_end end,
		 struct json_place *p)
{
	static char names[256];
	struct json_place_step steps[16];
	size_t n = 0;

	snprintf(names, sizeof(names), "%s", way);
	for (char *s = strtok(names, "/"); s; s = strtok(NULL, "/"), n++)
		steps[n] =
			s[0] == '#'
				? (struct json_place_step){NULL, strtoul(s + 1, NULL, 10)}
				: (struct json_place_step){s, 0};
	return json_place_find(edge(json), steps, n, end, p);
}

static void check(const char *json, const char *way, enum json_place_end end,
		  unsigned line, unsigned column)
{
	struct json_place p = {0, 0};

	if (!find(slice_str(json), way, end, &p))
		fail_msg("%s is not in %s", way, json);
	if (p.line != line || p.column != column)
		fail_msg("%s in %s: %u:%u, expected %u:%u", way, json, p.line, p.column,
			 line, column);
}

static void check_none(const char *json, const char *way)
{
	struct json_place p;

	assert_false(find(slice_str(json), way, JSON_PLACE_NAME, &p));
	assert_false(find(slice_str(json), way, JSON_PLACE_VALUE, &p));
}

static const char policy[] =
	"{\n"
	"  \"default\": {\"backend\": \"x\"},\r\n"
	"\t\"rules\" : [\n"
	"    {\"name\":\"a]}\\\"\",\"if\":{\"R\u00f6ntgen\":[1,-2.5e3 , true]}},\n"
	"    { } ,{\"name\" : \"b\", \"list\":[[],[{}],null]}\n"
	"  ]\n"
	"}\n";

static void test_places(void **state)
{
	check(policy, "", JSON_PLACE_VALUE, 1, 1);
	check(policy, "", JSON_PLACE_NAME, 1, 1);
	check(policy, "default", JSON_PLACE_NAME, 2, 3);
	check(policy, "default", JSON_PLACE_VALUE, 2, 14);
	check(policy, "default/backend", JSON_PLACE_VALUE, 2, 26);
	check(policy, "rules", JSON_PLACE_NAME, 3, 2); /* a tab is one character */
	check(policy, "rules", JSON_PLACE_VALUE, 3, 12);
	check(policy, "rules/#0", JSON_PLACE_VALUE, 4, 5);
	check(policy, "rules/#0/name", JSON_PLACE_VALUE, 4, 13);
	check(policy, "rules/#0/if", JSON_PLACE_NAME, 4, 21);
	check(policy, "rules/#0/if/R\u00f6ntgen/#0", JSON_PLACE_VALUE, 4, 38);
	check(policy, "rules/#0/if/R\u00f6ntgen/#1", JSON_PLACE_VALUE, 4, 40);
	check(policy, "rules/#0/if/R\u00f6ntgen/#2", JSON_PLACE_NAME, 4, 49);
	check(policy, "rules/#1", JSON_PLACE_VALUE, 5, 5);
	check(policy, "rules/#2", JSON_PLACE_NAME, 5, 10);
	check(policy, "rules/#2/name", JSON_PLACE_VALUE, 5, 20);
	check(policy, "rules/#2/list/#1/#0", JSON_PLACE_VALUE, 5, 37);
	check(policy, "rules/#2/list/#2", JSON_PLACE_VALUE, 5, 41);
	check("  \n 7", "", JSON_PLACE_VALUE, 2, 2);
	check("\"text\"", "", JSON_PLACE_VALUE, 1, 1);
	/* of two, the first */
	check("{\"a\":1,\"a\":2}", "a", JSON_PLACE_VALUE, 1, 6);
}

static void test_what_is_not_there(void **state)
{
	check_none(policy, "rule");
	check_none(policy, "rules1");
	check_none(policy, "rules/name");
	check_none(policy, "rules/#3");
	check_none(policy, "rules/#1/name");
	check_none(policy, "default/#0");
	check_none(policy, "default/backend/x");
	check_none(policy, "rules/#2/list/#0/#0");
	check_none("[]", "#0");
	check_none("{}", "a");
	check_none("", "");
	check_none("  ", "");
}

/* A name is what it says, not how it is written. */
static void test_escapes_in_names(void **state)
{
	check("{\"R\\u00f6ntgen\":1}", "R\u00f6ntgen", JSON_PLACE_VALUE, 1, 17);
	check("{\"R\\u00F6ntgen\":1}", "R\u00f6ntgen", JSON_PLACE_VALUE, 1, 17);
	check("{\"\\u20ac\\u0041\":1}", "\u20acA", JSON_PLACE_VALUE, 1, 17);
	check("{\"\\ud83d\\uDE00\":1}", "\U0001F600", JSON_PLACE_VALUE, 1, 17);
	check("{\"\U0001F600\":1}", "\U0001F600", JSON_PLACE_VALUE, 1, 6);
	check("{\"\\\"\\\\\\b\\f\\n\\r\\t\":1}", "\"\\\b\f\n\r\t", JSON_PLACE_VALUE, 1,
	      19);
	check("{\"\\u0022\\ufffd\":0}", "\"\uFFFD", JSON_PLACE_NAME, 1, 2);
	check("{\"a\\\\\":0,\"b\":1}", "b", JSON_PLACE_VALUE, 1, 14);
	check_none("{\"a\\u0000\":1}", "a");
	check_none("{\"\\u0061b\":1}", "a");
	check_none("{\"\\u0061\":1}", "ab");
	check_none("{\"\\ud83d\":1}", "\U0001F600");
}

/* A step by name into '/' itself needs its own steps. */
static void test_empty_name(void **state)
{
	static const struct json_place_step empty = {"", 0};
	struct json_place p;

	assert_true(json_place_find(slice_str("{\"/\":0,\"\":1}"), &empty, 1,
				    JSON_PLACE_VALUE, &p));
	assert_int_equal(p.column, 11);
}

/* Depth costs no stack, and skipped depth no steps. */
static void test_depth(void **state)
{
	enum { DEPTH = 60000 };
	static char text[2 * DEPTH + 64];
	static struct json_place_step steps[DEPTH];
	struct json_place p;

	memset(text, '[', DEPTH);
	memset(text + DEPTH, ']', DEPTH);
	assert_true(json_place_find(edge(slice_of(text, 2 * DEPTH)), steps, DEPTH - 1,
				    JSON_PLACE_VALUE, &p));
	assert_int_equal(p.column, DEPTH);
	assert_false(json_place_find(edge(slice_of(text, 2 * DEPTH)), steps, DEPTH,
				     JSON_PLACE_VALUE, &p));
	memcpy(text, "{\"a\":", 5);
	strcpy(text + 2 * DEPTH - 5, ",\"b\":1}");
	assert_true(find(slice_of(text, 2 * DEPTH + 2), "b", JSON_PLACE_NAME, &p));
	assert_int_equal(p.column, 2 * DEPTH - 3);
}

/* Cut and damaged everywhere: any answer will do, but it stays inside and ends. */
static void test_damaged_text(void **state)
{
	static const char *const ways[] = {"rules/#2/list/#1/#0",
					   "rules/#0/if/R\u00f6ntgen/#2",
					   "default/backend", "x"};
	char text[sizeof(policy)];
	struct json_place p;

	for (size_t i = 0; i < sizeof(policy); i++)
		for (size_t way = 0; way < 4; way++) {
			(void)find(slice_of(policy, i), ways[way], JSON_PLACE_VALUE, &p);
			for (const char *byte = "\"\\[]{}:,u \xFF"; *byte; byte++) {
				memcpy(text, policy, sizeof(text));
				text[i] = *byte;
				(void)find(slice_of(text, sizeof(text) - 1), ways[way],
					   JSON_PLACE_NAME, &p);
			}
		}
	(void)find(slice_str("{\"\\u00"), "x", JSON_PLACE_NAME, &p);
	(void)find(slice_str("{\"\\ud83d\\u"), "x", JSON_PLACE_NAME, &p);
	(void)find((struct slice){0}, "x", JSON_PLACE_NAME, &p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_what_is_not_there),
		cmocka_unit_test(test_escapes_in_names),
		cmocka_unit_test(test_empty_name),
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_damaged_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
