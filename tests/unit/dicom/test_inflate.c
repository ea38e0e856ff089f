/* SPDX-License-Identifier: MIT */
/* PS3.5 A.5: raw deflate (RFC 1951), cut at each byte */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <zlib.h>

#include "edge.h"
#include "dicom/inflate.h"
#include "sample.h"

static max_align_t arena[INFLATE_ARENA / sizeof(max_align_t)];
static uint8_t plain[100000], packed[200000], out_bytes[200000];

/* Text that neither packs to nothing nor stays as it is. */
static struct slice make_plain(size_t len)
{
	uint32_t seed = 1;

	for (size_t i = 0; i < len; i++) {
		seed = seed * 1664525 + 1013904223;
		plain[i] = (uint8_t)("0123456789ABCDEF"[seed >> 28]);
	}
	return slice_of(plain, len);
}

static struct slice pack(struct slice in, int level)
{
	z_stream z = {.next_out = packed, .avail_out = sizeof(packed)};

	assert_int_equal(deflateInit2(&z, level, Z_DEFLATED, -MAX_WBITS, 8, 0), Z_OK);
	z.next_in = (z_const Bytef *)(uintptr_t)in.ptr;
	z.avail_in = (uInt)in.len;
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	assert_int_equal(deflateEnd(&z), Z_OK);
	return slice_of(packed, sizeof(packed) - z.avail_out);
}

static void test_every_prefix(void **state)
{
	struct slice text = make_plain(3000), in = pack(text, 9);

	for (size_t len = 0, last = 0; len <= in.len; len++) {
		struct writer out = writer_of(out_bytes, sizeof(out_bytes));
		bool cut = true;

		assert_true(
			inflate_prefix(edge(slice_of(in.ptr, len)), &out, arena, &cut));
		assert_int_equal(cut, len < in.len);
		assert_true(out.len >= last && out.len <= text.len);
		assert_memory_equal(out_bytes, plain, out.len);
		last = out.len;
		if (len == in.len)
			assert_int_equal(out.len, text.len);
	}
}

static void test_all_levels(void **state)
{
	for (int level = 0; level <= 9; level++) {
		struct slice text = make_plain(sizeof(plain)), in = pack(text, level);
		struct writer out = writer_of(out_bytes, sizeof(out_bytes));
		bool cut = true;

		assert_true(inflate_prefix(edge(in), &out, arena, &cut));
		assert_false(cut);
		assert_true(slice_equal(writer_slice(&out), text));
	}
}

/* Less room than text: what fits is there, and the rest is cut, however whole <in> is. */
static void test_little_room(void **state)
{
	struct slice text = make_plain(sizeof(plain)), in = pack(text, 9);
	static const size_t rooms[] = {1, 2, 257, 65536, sizeof(plain) - 1};

	for (size_t i = 0; i < sizeof(rooms) / sizeof(rooms[0]); i++) {
		struct writer out = writer_of(out_bytes, rooms[i]);
		bool cut = false;

		assert_true(inflate_prefix(in, &out, arena, &cut));
		assert_true(cut);
		assert_int_equal(out.len, rooms[i]);
		assert_memory_equal(out_bytes, plain, rooms[i]);
	}
}

static void test_garbage(void **state)
{
	static const char *const garbage[] = {
		"07",                   /* RFC 1951 3.2.3: block type 11 is an error */
		"FFFF", "01 0500 0000", /* stored: length and its complement differ */
		"78 9C 4B 04",          /* a zlib header is no deflate block */
	};

	for (size_t i = 0; i < sizeof(garbage) / sizeof(garbage[0]); i++) {
		struct writer out = writer_of(out_bytes, sizeof(out_bytes));
		bool cut = true;

		if (inflate_prefix(edge(sample(garbage[i])), &out, arena, &cut) &&
		    out.len > 0)
			fail_msg("taken for deflate: %s", garbage[i]);
	}
	/* what comes behind the end (padding to even, PS3.5 A.5) does not matter */
	{
		struct writer out = writer_of(out_bytes, sizeof(out_bytes));
		bool cut = true;

		assert_true(inflate_prefix(edge(sample("01 0200 FDFF 'CT' 00")), &out,
					   arena, &cut));
		assert_false(cut);
		assert_true(is_text(writer_slice(&out), "CT"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_prefix),
		cmocka_unit_test(test_all_levels),
		cmocka_unit_test(test_little_room),
		cmocka_unit_test(test_garbage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
