/* SPDX-License-Identifier: MIT */
/* UAX #15, its figures and examples; CaseFolding.txt of the Unicode Character Database */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "edge.h"
#include "sample.h"
#include "base/unicode.h"

#define REPLACED "\xEF\xBF\xBD"

typedef bool write_fn(struct unicode_scratch *s, struct slice text, struct writer *out);

static struct unicode_scratch scratch;

static void check(write_fn *write, struct slice text, const char *expected)
{
	static char room[1024];
	struct writer out = writer_of(room, sizeof(room));

	assert_true(write(&scratch, edge(text), &out));
	if (!is_text(writer_slice(&out), expected))
		fail_msg("\"%.*s\" became \"%.*s\", expected \"%s\"", (int)text.len,
			 (const char *)text.ptr, (int)out.len, room, expected);
}

struct pair {
	const char *text, *expected;
};

static void check_pairs(write_fn *write, const struct pair *pairs, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		check(write, slice_str(pairs[i].text), pairs[i].expected);
		check(write, slice_str(pairs[i].expected), pairs[i].expected);
	}
}

static void test_composed(void **state)
{
	static const struct pair pairs[] = {
		{"", ""},
		{"CT *?[a-z]\\^=\x7F", "CT *?[a-z]\\^=\x7F"},
		{"Ro\u0308ntgen", "R\u00f6ntgen"},
		{"R\u00f6ntgen", "R\u00f6ntgen"},
		{"e\u0301\u0308", "\u00e9\u0308"},
		/* singletons, UAX #15 figure 3 */
		{"\u212b", "\u00c5"},
		{"\u2126", "\u03a9"},
		/* canonical ordering, figures 4 and 5 */
		{"\u1e9b\u0323", "\u1e9b\u0323"},
		{"d\u0323\u0307", "\u1e0d\u0307"},
		{"d\u0307\u0323", "\u1e0d\u0307"},
		{"\u1e0b\u0323", "\u1e0d\u0307"},
		{"a\u0315\u0300\u05ae"
		 "b",
		 "\u00e0\u05ae\u0315b"},
		/* exclusions from composition */
		{"\u0915\u093c", "\u0915\u093c"},
		{"\u0958", "\u0915\u093c"},
		{"\ufb2a", "\u05e9\u05c1"},
		{"\U0001d15e", "\U0001d157\U0001d165"},
		/* Hangul, with and without a final consonant */
		{"\u1112\u1169\u11bc", "\ud64d"},
		{"\u1100\u1161", "\uac00"},
		{"\uac00\u11a8", "\uac01"},
		{"\u1100\u1100\u1161", "\u1100\uac00"},
		/* a voiced sound mark; half-width ones are compatible only */
		{"\u30cf\u3099", "\u30d0"},
		{"\uff8a\uff9e", "\uff8a\uff9e"},
		{"\ufb01", "\ufb01"},
		/* a mark with nothing below it, and blocked by another of its class */
		{"\u0308", "\u0308"},
		{"a\u0305\u0308", "a\u0305\u0308"},
		{"\u0344", "\u0308\u0301"},
		{"a\U0001f3e5\u0308", "a\U0001f3e5\u0308"},
	};

	check_pairs(unicode_normalize, pairs, sizeof(pairs) / sizeof(pairs[0]));
}

static void test_folded(void **state)
{
	static const struct pair pairs[] = {
		{"", ""},
		{"AZ@[`az{ HEAD*?", "az@[`az{ head*?"},
		{"R\u00d6NTGEN", "r\u00f6ntgen"},
		{"RO\u0308NTGEN", "r\u00f6ntgen"},
		{"STRASSE", "strasse"},
		{"Stra\u00dfe", "strasse"},
		{"STRA\u1e9eE", "strasse"},
		{"\ufb03", "ffi"},
		{"\u03a3\u03c3\u03c2", "\u03c3\u03c3\u03c3"},
		{"\u041b\u042e\u041a", "\u043b\u044e\u043a"},
		{"\u212a\u017f", "ks"},
		{"\u0130I\u0131", "i\u0307i\u0131"},
		{"\u01f0", "\u01f0"},
		{"\u0390 \u1fd3", "\u0390 \u0390"},
		{"\u13a0 \uab70", "\u13a0 \u13a0"},
		{"\U00010400", "\U00010428"},
		/* the iota below: as a mark and with its letter, in any order (D145) */
		{"\u1f88", "\u1f00\u03b9"},
		{"\u1fb4", "\u03ac\u03b9"},
		{"\u03b1\u0345\u0301", "\u03ac\u03b9"},
		{"\u03b1\u0301\u0345", "\u03ac\u03b9"},
		{"\u5c71\u7530", "\u5c71\u7530"},
	};

	check_pairs(unicode_fold, pairs, sizeof(pairs) / sizeof(pairs[0]));
}

static void test_broken_text(void **state)
{
	static const struct pair pairs[] = {
		{"'a' FF 'b'", "a" REPLACED "b"},
		{"C080", REPLACED REPLACED}, /* overlong */
		{"E08080", REPLACED REPLACED REPLACED},
		{"EDA080", REPLACED REPLACED REPLACED}, /* a surrogate */
		{"F4908080", REPLACED REPLACED REPLACED REPLACED},
		{"F8 'x'", REPLACED "x"},
		{"C3", REPLACED}, /* cut at each byte */
		{"E281", REPLACED REPLACED},
		{"F09F8F", REPLACED REPLACED REPLACED},
		{"E281 'a' CC88", REPLACED REPLACED "\u00e4"},
		{"EFBFBD", REPLACED},
		{"80*3", REPLACED REPLACED REPLACED},
	};
	struct slice zeros = sample("'A' 00 'A' CC88 00");

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		check(unicode_normalize, sample(pairs[i].text), pairs[i].expected);
		check(unicode_fold, sample(pairs[i].text), pairs[i].expected);
	}
	for (int fold = 0; fold < 2; fold++) {
		char room[16];
		struct writer out = writer_of(room, sizeof(room));

		assert_true(
			(fold ? unicode_fold : unicode_normalize)(&scratch, zeros, &out));
		assert_int_equal(out.len, 5);
		assert_memory_equal(room, fold ? "a\0\xC3\xA4\0" : "A\0\xC3\x84\0", 5);
	}
}

/* What does not fit leaves the writer as it was. */
static void test_no_room(void **state)
{
	static const char *const texts[] = {"HEAD", "Ro\u0308ntgen", "\u0958", "\xFF"};
	static write_fn *const writes[] = {unicode_normalize, unicode_fold};

	for (size_t t = 0; t < 4; t++)
		for (size_t f = 0; f < 2; f++) {
			char whole[64], room[64];
			struct writer all = writer_of(whole, sizeof(whole));

			assert_true(writes[f](&scratch, slice_str(texts[t]), &all));
			for (size_t cap = 2; cap <= 2 + all.len; cap++) {
				struct writer out = writer_of(room, cap);
				bool fits = cap == 2 + all.len;

				writer_bytes(&out, slice_str("->"));
				assert_int_equal(
					writes[f](&scratch, slice_str(texts[t]), &out),
					fits);
				assert_true(writer_ok(&out));
				assert_int_equal(out.len, fits ? cap : 2);
				assert_memory_equal(room + 2, whole, fits ? all.len : 0);
			}
		}
}

static void test_a_failed_writer_stays_failed(void **state)
{
	char room[8];
	struct writer out = writer_of(room, sizeof(room));

	out.failed = true;
	assert_false(unicode_normalize(&scratch, slice_str("a"), &out));
	assert_false(unicode_fold(&scratch, slice_str("\u00e4"), &out));
	assert_int_equal(out.len, 0);
	assert_true(out.failed);
}

enum { BIG = 3 * UNICODE_POINTS };
static char big[BIG + 1], big_out[3 * BIG];

/* <count> times <part>, behind <head>. */
static struct slice repeated(const char *head, const char *part, size_t count)
{
	struct writer w = writer_of(big, sizeof(big));

	writer_bytes(&w, slice_str(head));
	for (size_t i = 0; i < count; i++)
		writer_bytes(&w, slice_str(part));
	assert_true(writer_ok(&w));
	return writer_slice(&w);
}

static bool fits(write_fn *write, struct slice text, size_t *len)
{
	struct writer out = writer_of(big_out, sizeof(big_out));
	bool done = write(&scratch, edge(text), &out);

	assert_true(writer_ok(&out));
	*len = out.len;
	return done;
}

static void test_the_bound_on_code_points(void **state)
{
	size_t len;

	assert_true(fits(unicode_normalize, repeated("", "a", BIG), &len)); /* ASCII */
	assert_int_equal(len, BIG);
	assert_true(fits(unicode_fold, repeated("", "A", BIG), &len));
	assert_int_equal(len, BIG);
	assert_true(
		fits(unicode_normalize, repeated("", "\u5c71", UNICODE_POINTS), &len));
	assert_int_equal(len, BIG);
	assert_true(fits(unicode_normalize, repeated("", "\u00e4", UNICODE_POINTS / 2),
			 &len));
	assert_int_equal(len, UNICODE_POINTS);
	assert_false(fits(unicode_normalize, repeated("a", "\u00e4", UNICODE_POINTS / 2),
			  &len));
	assert_int_equal(len, 0);
	assert_false(fits(unicode_normalize, repeated("\u00e4", "a", BIG - 2), &len));
	/* it fits as it comes, but not when it is folded */
	assert_true(
		fits(unicode_normalize, repeated("", "\u00df", UNICODE_POINTS), &len));
	assert_false(fits(unicode_fold, repeated("", "\u00df", UNICODE_POINTS), &len));
	assert_true(fits(unicode_fold, repeated("", "\u00df", UNICODE_POINTS / 2), &len));
	assert_int_equal(len, UNICODE_POINTS);
}

/* Marks in the worst order are sorted, those of one class keep theirs. */
static void test_a_long_row_of_marks(void **state)
{
	enum { PAIRS = UNICODE_POINTS / 2 - 1 };
	size_t len;

	assert_true(fits(unicode_normalize, repeated("x", "\u0315\u0323", PAIRS), &len));
	assert_int_equal(len, 1 + 4 * PAIRS);
	for (size_t i = 0; i < 2 * PAIRS; i++)
		assert_memory_equal(big_out + 1 + 2 * i, i < PAIRS ? "\u0323" : "\u0315",
				    2);
	for (size_t n = 1; n < 12; n++) {
		assert_true(fits(unicode_normalize,
				 repeated("x", "\u0305\u0306\u0323", n), &len));
		for (size_t i = 0; i < 3 * n; i++)
			assert_memory_equal(big_out + 1 + 2 * i,
					    i < n              ? "\u0323"
					    : (i - n) % 2 == 0 ? "\u0305"
							       : "\u0306",
					    2);
	}
}

/* Three times the bytes are enough, and what was done once stays: for every code point.
 */
static void test_every_code_point(void **state)
{
	static write_fn *const writes[] = {unicode_normalize, unicode_fold};

	for (uint32_t point = 0x80; point < 0x110000; point++) {
		uint8_t text[4], once[16], twice[16];
		struct writer in = writer_of(text, sizeof(text));

		if (point < 0x800) {
			writer_u8(&in, (uint8_t)(0xC0 | point >> 6));
		} else if (point < 0x10000) {
			writer_u8(&in, (uint8_t)(0xE0 | point >> 12));
			writer_u8(&in, (uint8_t)(0x80 | (point >> 6 & 0x3F)));
		} else {
			writer_u8(&in, (uint8_t)(0xF0 | point >> 18));
			writer_u8(&in, (uint8_t)(0x80 | (point >> 12 & 0x3F)));
			writer_u8(&in, (uint8_t)(0x80 | (point >> 6 & 0x3F)));
		}
		writer_u8(&in, (uint8_t)(0x80 | (point & 0x3F)));
		for (size_t f = 0; f < 2; f++) {
			struct writer a = writer_of(once, 3 * in.len),
				      b = writer_of(twice, 16);

			assert_true(writes[f](&scratch, writer_slice(&in), &a));
			assert_true(writes[f](&scratch, writer_slice(&a), &b));
			assert_true(slice_equal(writer_slice(&a), writer_slice(&b)));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_composed),
		cmocka_unit_test(test_folded),
		cmocka_unit_test(test_broken_text),
		cmocka_unit_test(test_no_room),
		cmocka_unit_test(test_a_failed_writer_stays_failed),
		cmocka_unit_test(test_the_bound_on_code_points),
		cmocka_unit_test(test_a_long_row_of_marks),
		cmocka_unit_test(test_every_code_point),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
