/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "edge.h"
#include "sample.h"

/*** slices ***/

static void test_equal_and_order(void **state)
{
	/* in the order of bytes: a text before those that it is the beginning of */
	static const char *const texts[] = {"", "A", "AB", "ABC", "AC", "B", "a", "\x80"};

	for (int i = 0; i < 8; i++)
		for (int k = 0; k < 8; k++) {
			struct slice a = slice_str(texts[i]), b = slice_str(texts[k]);
			int order = slice_order(a, b);

			assert_int_equal((order > 0) - (order < 0), (i > k) - (i < k));
			assert_int_equal(slice_equal(a, b), i == k);
		}
	assert_true(slice_equal((struct slice){0}, slice_str("")));
	assert_int_equal(slice_order((struct slice){0}, slice_str("")), 0);
	assert_true(slice_order(sample("'A' 00"), sample("'A'")) > 0);
	assert_false(slice_equal(sample("'A' 00 'B'"), sample("'A' 00 'C'")));
}

static void test_head_and_tail(void **state)
{
	struct slice s = edge(slice_str("ABC"));

	for (size_t len = 0; len <= 5; len++) {
		struct slice head = slice_head(s, len), tail = slice_tail(s, len);

		assert_int_equal(head.len, len < 3 ? len : 3);
		assert_int_equal(head.len + tail.len, 3);
		assert_ptr_equal(head.ptr, s.ptr);
		if (tail.len > 0)
			assert_ptr_equal(tail.ptr, s.ptr + len);
	}
	assert_int_equal(slice_head(s, SIZE_MAX).len, 3);
	assert_int_equal(slice_tail(s, SIZE_MAX).len, 0);
	assert_int_equal(slice_tail((struct slice){0}, 1).len, 0);
}

static void test_trim(void **state)
{
	static const struct {
		const char *bytes, *end, *both;
	} cases[] = {
		{"", "", ""},
		{"'  '", "", ""},
		{"00 00", "", ""},
		{"' A B '", " A B", "A B"},
		{"'A' 00 20 00", "A", "A"},
		{"'A' 09", "A\t", "A\t"}, /* no padding of PS3.5 */
		{"'  A'", "  A", "A"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct slice s = edge(sample(cases[i].bytes));

		assert_true(is_text(slice_trim_end(s), cases[i].end));
		assert_true(is_text(slice_trim(s), cases[i].both));
	}
	assert_int_equal(slice_trim(sample("00 'A'")).len, 2); /* only at the end */
	assert_int_equal(slice_trim((struct slice){0}).len, 0);
}

static void test_part(void **state)
{
	struct slice text = edge(slice_str("a,,bc"));

	assert_true(is_text(slice_part(&text, ','), "a"));
	assert_true(is_text(slice_part(&text, ','), ""));
	assert_true(is_text(slice_part(&text, ','), "bc"));
	assert_int_equal(text.len, 0);
	assert_int_equal(slice_part(&text, ',').len, 0);
	text = edge(slice_str("a,"));
	assert_true(is_text(slice_part(&text, ','), "a"));
	assert_int_equal(text.len, 0);
	text = (struct slice){0};
	assert_int_equal(slice_part(&text, ',').len, 0);
}

static void test_one_of(void **state)
{
	assert_true(byte_is_one_of('b', "abc"));
	assert_false(byte_is_one_of('d', "abc"));
	assert_false(byte_is_one_of(0, "abc")); /* where strchr() finds the end */
	assert_false(byte_is_one_of('a', ""));
}

/*** reading ***/

static void test_numbers(void **state)
{
	struct reader r =
		reader_of(edge(sample("01 8203 84050607 0380 07060584")), false);

	assert_int_equal(reader_peek(&r), 1);
	assert_int_equal(reader_u8(&r), 1);
	assert_int_equal(reader_be16(&r), 0x8203);
	assert_int_equal(reader_be32(&r), 0x84050607);
	assert_int_equal(reader_le16(&r), 0x8003);
	assert_int_equal(reader_le32(&r), 0x84050607);
	assert_true(reader_done(&r));
	assert_int_equal(reader_peek(&r), 0);
	assert_true(reader_done(&r)); /* to look is not to read */
}

/* The first failure sticks: all that is read behind it is zero, though bytes are left. */
static void test_failure_sticks(void **state)
{
	for (int cut = 0; cut < 2; cut++) {
		struct reader r = reader_of(edge(sample("FFFFFF")), cut);

		assert_int_equal(reader_be32(&r), 0);
		assert_int_equal(r.state, cut ? READ_MORE : READ_BAD);
		assert_int_equal(reader_left(&r), 3);
		assert_int_equal(reader_u8(&r), 0);
		assert_int_equal(reader_be16(&r), 0);
		assert_int_equal(reader_le16(&r), 0);
		assert_int_equal(reader_le32(&r), 0);
		assert_null(reader_bytes(&r, 0));
		assert_int_equal(reader_slice(&r, 1).len, 0);
		assert_int_equal(reader_rest(&r).len, 0);
		assert_false(reader_done(&r));
		reader_fail(&r); /* the first reason stays */
		assert_int_equal(r.state, cut ? READ_MORE : READ_BAD);
	}
}

/* A length is compared with what is left: none is too large. */
static void test_lengths(void **state)
{
	static const size_t lengths[] = {4, 5, SIZE_MAX / 2, SIZE_MAX - 1, SIZE_MAX};

	for (size_t i = 0; i < 5; i++) {
		struct reader r = reader_of(edge(sample("010203")), false);

		assert_null(reader_bytes(&r, lengths[i]));
		assert_int_equal(r.state, READ_BAD);
		r = reader_of(edge(sample("010203")), true);
		assert_int_equal(reader_slice(&r, lengths[i]).len, 0);
		assert_int_equal(r.state, READ_MORE);
	}
	{
		struct reader r = reader_of((struct slice){0}, false);

		assert_int_equal(reader_left(&r), 0);
		assert_true(reader_done(&r));
		(void)reader_bytes(&r, 0);
		assert_int_equal(r.state, READ_OK);
		assert_int_equal(reader_rest(&r).len, 0);
		assert_true(reader_done(&r));
	}
}

static void test_rest(void **state)
{
	struct reader r = reader_of(edge(slice_str("ABCD")), false);

	assert_true(is_text(reader_slice(&r, 1), "A"));
	assert_true(is_text(reader_slice(&r, 0), ""));
	assert_true(is_text(reader_rest(&r), "BCD"));
	assert_true(reader_done(&r));
}

/*** windows ***/

/* A window is cut if it reaches past the end of one that is; past a whole one it is bad,
 * and so is what it was taken from.
 */
static void test_windows(void **state)
{
	struct reader r = reader_of(edge(slice_str("ABCDE")), false), w;

	w = reader_window(&r, 2);
	assert_int_equal(reader_left(&w), 2);
	assert_false(w.cut);
	assert_true(is_text(reader_rest(&w), "AB"));
	assert_int_equal(reader_u8(&w), 0); /* not the C behind it */
	assert_int_equal(w.state, READ_BAD);
	assert_int_equal(r.state, READ_OK);
	assert_int_equal(reader_left(&r), 3);
	w = reader_window(&r, 4);
	assert_int_equal(w.state, READ_BAD);
	assert_int_equal(r.state, READ_BAD);
	assert_int_equal(reader_left(&w), 0);
	w = reader_window(&r, 0);
	assert_int_equal(w.state, READ_BAD);
}

static void test_windows_of_cut_ones(void **state)
{
	struct reader r = reader_of(edge(slice_str("ABCDE")), true), w, inner;

	w = reader_window(&r, 5);
	assert_false(w.cut); /* all of it is there */
	r = reader_of(edge(slice_str("ABCDE")), true);
	w = reader_window(&r, SIZE_MAX);
	assert_true(w.cut);
	assert_int_equal(w.state, READ_OK);
	assert_int_equal(reader_left(&w), 5);
	assert_int_equal(r.state, READ_OK);
	assert_int_equal(reader_left(&r), 0);
	inner = reader_window(&w, 4);
	assert_false(inner.cut);
	inner = reader_window(&w, 4);
	assert_true(inner.cut);
	assert_int_equal(reader_u8(&inner), 'E');
	assert_int_equal(reader_u8(&inner), 0);
	assert_int_equal(inner.state, READ_MORE);
	assert_int_equal(reader_u8(&r), 0);
	assert_int_equal(r.state, READ_MORE);
}

/*** writing ***/

static void test_written(void **state)
{
	uint8_t bytes[16];
	struct writer w = writer_of(bytes, sizeof(bytes));

	writer_u8(&w, 1);
	writer_be16(&w, 0x8203);
	writer_be32(&w, 0x84050607);
	writer_bytes(&w, slice_str("AB"));
	writer_bytes(&w, (struct slice){0});
	assert_true(writer_ok(&w));
	assert_true(slice_equal(writer_slice(&w), sample("01 8203 84050607 'AB'")));
}

/* What does not fit changes nothing, and is noticed at the end, whatever would fit behind
 * it.
 */
static void test_full(void **state)
{
	uint8_t bytes[4] = {9, 9, 9, 9};
	struct writer w = writer_of(bytes, 3);

	writer_u8(&w, 1);
	writer_bytes(&w, slice_str("abc"));
	assert_false(writer_ok(&w));
	writer_u8(&w, 2);
	writer_patch_be16(&w, 0);
	assert_int_equal(w.len, 1);
	assert_int_equal(writer_slice(&w).len, 0);
	assert_memory_equal(bytes, ((uint8_t[]){1, 9, 9, 9}), 4);
	w = writer_of(bytes, 3);
	writer_u8(&w, 1);
	assert_null(writer_room(&w, SIZE_MAX)); /* the sum would be 0 */
	w = writer_of(bytes, 3);
	assert_ptr_equal(writer_room(&w, 3), bytes);
	assert_true(writer_ok(&w));
	assert_null(writer_room(&w, 1));
}

/* A length field counts what is behind it. */
static void test_patches(void **state)
{
	static uint8_t bytes[70000];
	struct writer w = writer_of(bytes, sizeof(bytes));

	writer_be16(&w, 0);
	writer_be32(&w, 0);
	writer_bytes(&w, slice_str("ABC"));
	writer_patch_be32(&w, 2);
	writer_patch_be16(&w, 0);
	assert_true(slice_equal(writer_slice(&w), sample("0007 00000003 'ABC'")));
	w = writer_of(bytes, sizeof(bytes));
	writer_be16(&w, 0);
	writer_patch_be16(&w, 0);
	assert_true(slice_equal(writer_slice(&w), sample("0000")));
	/* no more than 16 bits hold */
	assert_non_null(writer_room(&w, 65535));
	writer_patch_be16(&w, 0);
	assert_true(writer_ok(&w));
	assert_true(slice_equal(slice_head(writer_slice(&w), 2), sample("FFFF")));
	writer_u8(&w, 0);
	writer_patch_be16(&w, 0);
	assert_false(writer_ok(&w));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_equal_and_order),
		cmocka_unit_test(test_head_and_tail),
		cmocka_unit_test(test_trim),
		cmocka_unit_test(test_part),
		cmocka_unit_test(test_one_of),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_failure_sticks),
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_rest),
		cmocka_unit_test(test_windows),
		cmocka_unit_test(test_windows_of_cut_ones),
		cmocka_unit_test(test_written),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_patches),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
