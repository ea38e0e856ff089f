/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "edge.h"

#define TEXT(s) slice_of(s, sizeof(s) - 1)

static void test_trim(void **state)
{
	const struct {
		struct slice text;
		const char *end, *both;
	} cases[] = {
		{TEXT("  a b \0 \0"), "  a b", "a b"},
		{TEXT("a\n"), "a\n", "a\n"},
		{TEXT("\0a"), NULL, NULL},
		{TEXT(" \0 "), "", ""},
		{TEXT(""), "", ""},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct slice text = edge(cases[i].text);
		struct slice end = cases[i].end ? slice_str(cases[i].end) : text;
		struct slice both = cases[i].both ? slice_str(cases[i].both) : text;

		assert_true(slice_equal(slice_trim_end(text), end));
		assert_true(slice_equal(slice_trim(text), both));
	}
	assert_int_equal(slice_trim((struct slice){0}).len, 0);
}

static void test_parts(void **state)
{
	struct slice list = edge(TEXT("a,,b"));

	assert_true(slice_equal(slice_tail(list, 2), TEXT(",b")));
	assert_int_equal(slice_tail(list, 4).len, 0);
	assert_int_equal(slice_tail(list, SIZE_MAX).len, 0);
	assert_true(slice_equal(slice_part(&list, ','), TEXT("a")));
	assert_true(slice_equal(slice_part(&list, ','), TEXT("")));
	assert_true(slice_equal(slice_part(&list, ','), TEXT("b")));
	assert_int_equal(list.len, 0);
}

static void test_peek(void **state)
{
	struct reader r = reader_of(edge(TEXT("xy")), false);

	assert_int_equal(reader_peek(&r), 'x');
	assert_int_equal(reader_u8(&r), 'x');
	assert_int_equal(reader_u8(&r), 'y');
	assert_int_equal(reader_peek(&r), 0);
	assert_true(reader_done(&r));
	assert_true(byte_is_one_of('b', "abc"));
	assert_false(byte_is_one_of('d', "abc"));
	assert_false(byte_is_one_of(0, "abc"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_trim),
		cmocka_unit_test(test_parts),
		cmocka_unit_test(test_peek),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
