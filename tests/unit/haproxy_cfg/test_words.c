/* SPDX-License-Identifier: MIT */
/* The matrix and the examples of HAProxy's configuration.txt 2.2 and 2.3 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "edge.h"
#include "haproxy_cfg/words.h"
#include "sample.h"

static const char *value(void *context, struct slice name)
{
	static const char *const known[][2] = {{"A", "one"},
					       {"LIST", " x  y\tz "},
					       {"EMPTY", ""},
					       {"_b2", "$A\"#"},
					       {".LINE", "7"}};

	(void)context;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (slice_equal(name, slice_str(known[i][0])))
			return known[i][1];
	return NULL;
}

static const char *read_words(struct haproxy_words *w, struct slice line)
{
	static const struct haproxy_variables variables = {value, NULL};

	memset(w, 'x', sizeof(*w));
	return haproxy_words_read(w, edge(line), &variables);
}

/* <expected>: the words, each with | behind it */
static void check(const char *line, const char *expected)
{
	struct haproxy_words w;
	const char *error = read_words(&w, slice_str(line));
	char got[2 * HAPROXY_WORDS_TEXT] = "";

	for (size_t i = 0; i < w.n; i++) {
		strcat(got, w.word[i]);
		strcat(got, "|");
	}
	if (error || strcmp(got, expected) != 0)
		fail_msg("%s: %s%s, expected %s", line, got, error ? error : "",
			 expected);
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
	check("a ''", "a|");
	check("R\u00f6ntgen", "R\u00f6ntgen|");
}

static void test_quotes_and_escapes(void **state)
{
	check("a\\ b \"a b\" 'a b' a\\x20b \"a\\ b\" \"a\\x20b\"",
	      "a b|a b|a b|a b|a b|a b|");
	check("\\# \"#\" \"\\#\" \\x23 '#' a", "#|#|#|#|#|a|");
	check("\\\" \\x22 \"\\\"\" '\"'", "\"|\"|\"|\"|");
	check("\\' \\x27 \"'\" \"\\'\"", "'|'|'|'|");
	check("\\\\ \\x5c \"\\\\\" \"\\x5C\" '\\'", "\\|\\|\\|\\|\\|");
	check("$ \\$ \\x24 \"\\$\" '$'", "$|\\$|$|$|$|");
	check("\\t\\n\\r", "\t\n\r|");
	check("\\1 \\", "\\1|\\|");
	check("log-format \"%{+Q}o %t\"' %s'\\ %{-Q}r",
	      "log-format|%{+Q}o %t %s %{-Q}r|");
	check("a\"b\"'c'd", "abcd|");
}

static void test_variables(void **state)
{
	check("\"$A\" \"${A}\" \"x${A}y\" \"$A.b\"", "one|one|xoney|one.b|");
	check("${A} $A '${A}'", "${A}|$A|${A}|");
	check("\"${NONE-general}\" \"${A-other}\" \"${EMPTY-x}\" \"${NONE-}\" ",
	      "general|one|||");
	check("\"${NONE-a \"b' #c}\" d", "a \"b' #c|d|");
	check("\"$NONE\" b", "|b|");
	check("\"${_b2}\"", "$A\"#|"); /* a value is no more read */
	check("\"${.LINE}\"", "7|");
	check("\"${LIST}\"", " x  y\tz |");
	check("\"${LIST[*]}\" end", "|x|y|z||end|");
	check("\"a${LIST[*]}\"", "a|x|y|z|");
}

static void test_broken_lines(void **state)
{
	static const char *const broken[] = {
		"a \"b",      "a 'b",        "a \\x2",     "a \\xg0",   "a \\x",
		"\"$\"",      "\"${}\"",     "\"${A\"",    "\"${A-b\"", "\"$1\"",
		"\"${A[*}\"", "\"${A[1]}\"", "\"${A b}\"", "\"${A[*]",  "\"${"};
	struct haproxy_words w;

	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++)
		if (!read_words(&w, slice_str(broken[i])))
			fail_msg("%s is taken", broken[i]);
	assert_null(read_words(&w, (struct slice){0}));
	assert_null(read_words(&w, slice_of("a\0b", 3)));
	assert_int_equal(w.n, 1);
}

/* More words, and longer ones, than there is room for: none is cut. */
static void test_long_lines(void **state)
{
	static char line[3 * HAPROXY_WORDS_TEXT];
	struct haproxy_words w;

	for (size_t i = 0; i < sizeof(line); i++)
		line[i] = i % 2 ? ' ' : 'a';
	assert_null(read_words(&w, slice_of(line, sizeof(line))));
	assert_int_equal(w.n, HAPROXY_WORDS);
	assert_string_equal(w.word[HAPROXY_WORDS - 1], "a");
	memset(line, 'b', sizeof(line));
	memcpy(line, "a 'c' ", 6);
	assert_null(read_words(&w, slice_of(line, sizeof(line))));
	assert_int_equal(w.n, 2);
	assert_string_equal(w.word[1], "c");
	assert_string_equal(w.word[2], "");
	line[sizeof(line) - 1] = '\'';
	assert_non_null(read_words(&w, slice_of(line, sizeof(line))));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_quotes_and_escapes),
		cmocka_unit_test(test_variables),
		cmocka_unit_test(test_broken_lines),
		cmocka_unit_test(test_long_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
