/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "edge.h"
#include "base/log.h"

/* The text of a line so far, behind time, level and event. */
static const char *after_event(struct log_line *line)
{
	static const char event[] = " level=info event=test ";
	static char text[sizeof(line->bytes) + 1];
	char *at;

	memcpy(text, line->bytes, line->text.len);
	text[line->text.len] = '\0';
	at = strstr(text, event);
	assert_non_null(at);
	return at + strlen(event);
}

static void check_value(struct slice value, const char *expected)
{
	struct log_line line;

	log_begin(&line, LOG_LEVEL_INFO, "test");
	log_bytes(&line, "k", edge(value));
	assert_string_equal(after_event(&line), expected);
}

static void test_quoting(void **state)
{
	check_value(slice_str("plain-1.2/[::1]:3"), "k=plain-1.2/[::1]:3");
	check_value(slice_str(""), "k=\"\"");
	check_value(slice_str("two words"), "k=\"two words\"");
	check_value(slice_str("a=b"), "k=\"a=b\"");
	check_value(slice_str("say \"\\\""), "k=\"say \\\"\\\\\\\"\"");
	check_value(slice_str("\n\x1b[31m\x7f\xff"), "k=\"\\x0a\\x1b[31m\\x7f\\xff\"");
	check_value(slice_of("\0x", 2), "k=\"\\x00x\"");
}

static void check_json(struct slice value, const char *expected)
{
	static char text[sizeof(((struct log_line *)0)->bytes) + 1];
	struct log_line line;

	log_set_format(LOG_FORMAT_JSON);
	log_begin(&line, LOG_LEVEL_INFO, "test");
	log_bytes(&line, "k", edge(value));
	log_number(&line, "n", -7);
	log_set_format(LOG_FORMAT_TEXT);
	memcpy(text, line.bytes, line.text.len);
	text[line.text.len] = '\0';
	assert_int_equal(strncmp(text, "{\"time\":\"20", 11), 0);
	assert_string_equal(strstr(text, ",\"level\""), expected);
}

static void test_json(void **state)
{
	check_json(slice_str("a b"),
		   ",\"level\":\"info\",\"event\":\"test\",\"k\":\"a b\",\"n\":-7");
	check_json(slice_str(""),
		   ",\"level\":\"info\",\"event\":\"test\",\"k\":\"\",\"n\":-7");
	check_json(slice_of("\"\\\n\0\xe9\x7f", 6),
		   ",\"level\":\"info\",\"event\":\"test\","
		   "\"k\":\"\\\"\\\\\\u000a\\u0000\\\\xe9\\u007f\",\"n\":-7");
}

static void test_numbers(void **state)
{
	struct log_line line;

	log_begin(&line, LOG_LEVEL_INFO, "test");
	log_number(&line, "a", INT64_MIN);
	log_number(&line, "b", 7);
	assert_string_equal(after_event(&line), "a=-9223372036854775808 b=7");
}

static void test_pair_that_does_not_fit_is_left_out(void **state)
{
	uint8_t big[2000];
	struct log_line line;

	memset(big, '\n', sizeof(big));
	log_begin(&line, LOG_LEVEL_INFO, "test");
	log_bytes(&line, "big", slice_of(big, sizeof(big)));
	log_text(&line, "small", "yes");
	assert_true(line.truncated);
	assert_string_equal(after_event(&line), "small=yes");
}

/* One write for each line, and no line is ever torn or without its end. */
static void check_each_length(const char *end)
{
	int pipe_fd[2], saved = dup(STDERR_FILENO);
	char text[2 * sizeof(((struct log_line *)0)->bytes)];
	uint8_t value[1100];

	memset(value, 'x', sizeof(value));
	assert_int_equal(pipe(pipe_fd), 0);
	for (size_t len = 900; len < sizeof(value); len++) {
		struct log_line line;
		ssize_t n;

		dup2(pipe_fd[1], STDERR_FILENO);
		log_begin(&line, LOG_LEVEL_INFO, "test");
		log_bytes(&line, "v", slice_of(value, len));
		log_end(&line);
		dup2(saved, STDERR_FILENO);
		n = read(pipe_fd[0], text, sizeof(text));
		assert_in_range(n, 1, sizeof(line.bytes));
		assert_int_equal(text[n - 1], '\n');
		assert_null(memchr(text, '\n', (size_t)n - 1));
		assert_memory_equal(text + n - strlen(end), end, strlen(end));
	}
	close(pipe_fd[0]);
	close(pipe_fd[1]);
	close(saved);
}

static void test_each_length_ends_in_a_newline(void **state)
{
	check_each_length("\n");
	log_set_format(LOG_FORMAT_JSON);
	check_each_length("}\n");
	log_set_format(LOG_FORMAT_TEXT);
}

static void test_levels(void **state)
{
	struct log_line line;
	enum log_level level;

	assert_false(log_level_of("loud", &level));
	assert_true(log_level_of("error", &level));
	log_set_level(level);
	log_begin(&line, LOG_LEVEL_INFO, "test");
	log_text(&line, "k", "v");
	log_end(&line);
	assert_false(line.wanted);
	assert_true(log_level_of("debug", &level));
	log_set_level(level);
	log_begin(&line, LOG_LEVEL_DEBUG, "test");
	assert_true(line.wanted);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_quoting),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_pair_that_does_not_fit_is_left_out),
		cmocka_unit_test(test_each_length_ends_in_a_newline),
		cmocka_unit_test(test_levels),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
