/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/escape.h"

static const char raw[] = "a \"b\\\n\x7f\xc3~";

static void expect(struct writer *w, const char *text)
{
	assert_true(writer_ok(w));
	assert_int_equal(w->len, strlen(text));
	assert_memory_equal(w->buf, text, w->len);
}

static void styled(enum escape_style style, const char *text)
{
	char buf[64];
	struct writer w = writer_of(buf, sizeof(buf));

	escape_write(&w, style, slice_str(raw));
	expect(&w, text);
}

static void test_styles(void **state)
{
	styled(ESCAPE_HEX, "a \\x22b\\x5c\\x0a\\x7f\\xc3~");
	styled(ESCAPE_TEXT, "a \\\"b\\\\\\x0a\\x7f\\xc3~");
	styled(ESCAPE_JSON, "a \\\"b\\\\\\u000a\\u007f\\\\xc3~");
}

static void test_replace(void **state)
{
	char buf[64];
	struct writer w = writer_of(buf, sizeof(buf));

	escape_replace(&w, slice_str(raw));
	expect(&w, "a \"b\\???~");
}

static void test_most(void **state)
{
	char buf[ESCAPE_MOST];
	struct writer w = writer_of(buf, sizeof(buf));

	for (unsigned byte = 0; byte < 256; byte++) {
		w = writer_of(buf, sizeof(buf));
		escape_write(&w, ESCAPE_HEX, slice_of(&(uint8_t){(uint8_t)byte}, 1));
		assert_true(writer_ok(&w));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_styles),
		cmocka_unit_test(test_replace),
		cmocka_unit_test(test_most),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
