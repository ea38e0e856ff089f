/* SPDX-License-Identifier: MIT */
/* The matrix and the examples of HAProxy's configuration.txt 2.2 and 2.3 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "edge.h"
#include "haproxy_cfg/words.h"
#include "sample.h"

static bool read_words(struct haproxy_words *w, struct slice line)
{
	memset(w, 'x', sizeof(*w));
	return haproxy_words_read(w, edge(line));
}

/* <expected>: the words, each with | behind it */
static void check(const char *line, const char *expected)
{
	struct haproxy_words w;
	bool ok = read_words(&w, slice_str(line));
	char got[2 * HAPROXY_WORDS_TEXT] = "";

	for (size_t i = 0; i < w.n; i++) {
		strcat(got, w.word[i]);
		strcat(got, "|");
	}
	if (!ok || strcmp(got, expected) != 0)
		fail_msg("%s: %s, expected %s", line, got, expected);
	for (size_t i = w.n; i < HAPROXY_WORDS; i++)
		assert_string_equal(w.word[i], "");
}

static void test_words(void **state)
{
	check("", "");
	check("  \t ", "");
	check("backend ct", "backend|ct|");
	check("\tbackend  ct from\td \n", "backend|ct|from|d|");
	check("mode tcp\r\n", "mode|tcp|");
	check("mode tcp # mode http", "mode|tcp|");
	check("# mode http", "");
	check("a#b c", "a|");
	check("a \"\" b '' ", "a||b||");
	check("R\u00f6ntgen", "R\u00f6ntgen|");
}

static void test_quotes_and_escapes(void **state)
{
	check("a\\ b \"a b\" 'a b' \"a\\ b\"", "a b|a b|a b|a b|");
	check("\\# \"#\" \"\\#\" '#' a", "#|#|#|#|a|");
	check("\\\" \"\\\"\" '\"'", "\"|\"|\"|");
	check("\\' \"'\" \"\\'\"", "'|'|'|");
	check("\\\\ \"\\\\\" '\\'", "\\|\\|\\|");
	check("$ \\$ \"\\$\" '$'", "$|\\$|$|$|");
	check("\\1 \\", "\\1|\\|");
	check("log-format \"%{+Q}o %t\"' %s'\\ %{-Q}r",
	      "log-format|%{+Q}o %t %s %{-Q}r|");
	check("a\"b\"'c'd", "abcd|");
}

static void test_variables(void **state)
{
	setenv("TEST_A", "one", 1);
	setenv("TEST_EMPTY", "", 1);
	setenv("_test2", "$A\"#", 1);
	unsetenv("TEST_NONE");
	check("\"$TEST_A\" \"${TEST_A}\" \"x${TEST_A}y\" \"$TEST_A.b\"",
	      "one|one|xoney|one.b|");
	check("${TEST_A} $TEST_A '${TEST_A}'", "${TEST_A}|$TEST_A|${TEST_A}|");
	check("\"${TEST_NONE-general}\" \"${TEST_A-other}\" \"${TEST_EMPTY-x}\" "
	      "\"${TEST_NONE-}\" ",
	      "general|one|||");
	check("\"${TEST_NONE-a \"b' #c}\" d", "a \"b' #c|d|");
	check("\"$TEST_NONE\" b", "|b|");
	check("\"${_test2}\"", "$A\"#|"); /* a value is not read again */
	check("\"$\" \"${}\" \"$-\"", "||-|");
}

static void test_quotes_that_stay_open(void **state)
{
	static const char *const broken[] = {"a \"b",    "a 'b",   "\"${A}",
					     "\"${A-'}", "\"${\"", "\"${A\""};
	struct haproxy_words w;

	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++)
		if (read_words(&w, slice_str(broken[i])))
			fail_msg("%s is taken", broken[i]);
	assert_true(read_words(&w, (struct slice){0}));
	assert_true(read_words(&w, slice_of("a\0b", 3)));
	assert_int_equal(w.n, 1);
}

/* More words, and longer ones, than there is room for: none is cut. */
static void test_long_lines(void **state)
{
	static char line[3 * HAPROXY_WORDS_TEXT];
	struct haproxy_words w;

	for (size_t i = 0; i < sizeof(line); i++)
		line[i] = i % 2 ? ' ' : 'a';
	assert_true(read_words(&w, slice_of(line, sizeof(line))));
	assert_int_equal(w.n, HAPROXY_WORDS);
	assert_string_equal(w.word[HAPROXY_WORDS - 1], "a");
	memset(line, 'b', sizeof(line));
	memcpy(line, "a 'c' ", 6);
	assert_true(read_words(&w, slice_of(line, sizeof(line))));
	assert_int_equal(w.n, 2);
	assert_string_equal(w.word[1], "c");
	assert_string_equal(w.word[2], "");
	line[sizeof(line) - 1] = '\'';
	assert_false(read_words(&w, slice_of(line, sizeof(line))));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_quotes_and_escapes),
		cmocka_unit_test(test_variables),
		cmocka_unit_test(test_quotes_that_stay_open),
		cmocka_unit_test(test_long_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
