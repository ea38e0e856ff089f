/* SPDX-License-Identifier: MIT */
/* PS3.3 C.12.1.1.2 and the examples of PS3.5 annexes H, I, J, K */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "dicom/charset.h"
#include "edge.h"
#include "sample.h"

#define REPLACED "\xEF\xBF\xBD"

static struct charset *cs;

static struct slice decode(const char *specific, struct slice raw)
{
	static char text[8192];
	struct writer out = writer_of(text, sizeof(text));

	assert_true(charset_decode(cs, slice_str(specific), "\\^=", edge(raw), &out));
	return writer_slice(&out);
}

/* The equals sign ends the escapes in a person name only (PS3.5 6.1.2.5.3) */
static void test_delimiters_are_those_of_the_vr(void **state)
{
	static const char specific[] = "\\ISO 2022 IR 149";
	struct slice raw = sample("1B242943 C8AB '=' C8AB '\\' C8AB");
	char text[64];
	struct writer out = writer_of(text, sizeof(text));

	assert_true(charset_decode(cs, slice_str(specific), "\\", edge(raw), &out));
	assert_int_equal(out.len, strlen("\ud64d=\ud64d\\\u00c8\u00ab"));
	assert_memory_equal(text, "\ud64d=\ud64d\\\u00c8\u00ab", out.len);
}

static void check(const char *specific, const char *bytes, const char *text)
{
	struct slice got = decode(specific, sample(bytes));

	if (!is_text(got, text))
		fail_msg("%s, %s: \"%.*s\", expected \"%s\"", specific, bytes,
			 (int)got.len, (const char *)got.ptr, text);
}

/* One letter of each single-byte repertoire (Table C.12-2), alone and with its escape
 * sequence (Table C.12-3), of each multi-byte one (Tables C.12-4 and C.12-5).
 */
static void test_every_term(void **state)
{
	static const struct {
		const char *number, *bytes, *text, *escape;
	} single[] = {
		{"100", "'Buc^J' E9 'r' F4 'me'", "Buc^J\u00e9r\u00f4me", "2D41"},
		{"101", "'Wa' B3 EA 'sa'", "Wa\u0142\u0119sa", "2D42"},
		{"109", "A1", "\u0126", "2D43"},
		{"110", "A2", "\u0138", "2D44"},
		{"144", "BB EE DA", "\u041b\u044e\u043a", "2D4C"},
		{"127", "E2 C8 C7", "\u0642\u0628\u0627", "2D47"},
		{"126", "C4 E9 EF", "\u0394\u03b9\u03bf", "2D46"},
		{"138", "F9 F8 E5", "\u05e9\u05e8\u05d5", "2D48"},
		{"148", "F0 DD FE", "\u011f\u0130\u015f", "2D4D"},
		{"203", "A4 BC", "\u20ac\u0152", "2D62"},
		{"166", "A1 D2", "\u0e01\u0e32", "2D54"},
		{"13", "D4 CF C0 DE", "\uff94\uff8f\uff80\uff9e", "2949"},
	};
	char term[64], bytes[128];

	for (size_t i = 0; i < sizeof(single) / sizeof(single[0]); i++) {
		snprintf(term, sizeof(term), "ISO_IR %s", single[i].number);
		check(term, single[i].bytes, single[i].text);
		snprintf(term, sizeof(term), "ISO 2022 IR %s", single[i].number);
		check(term, single[i].bytes, single[i].text);
		snprintf(term, sizeof(term), "\\ISO 2022 IR %s", single[i].number);
		snprintf(bytes, sizeof(bytes), "1B %s %s", single[i].escape,
			 single[i].bytes);
		check(term, bytes, single[i].text);
	}
	check("ISO_IR 192", "'Wang^XiaoDong=' E78E8B '^' E5B08F E4B89C",
	      "Wang^XiaoDong=\u738b^\u5c0f\u4e1c");
	check("GB18030", "'Wang^XiaoDong=' CDF5 '^' D0A1B6AB",
	      "Wang^XiaoDong=\u738b^\u5c0f\u4e1c");
	check("GB18030", "81308130", "\xC2\x80");
	check("GBK", "CDF5", "\u738b");
	check("", "'plain'", "plain");
	check("ISO_IR 100 ", "E9", "\u00e9"); /* padded */
	check("ISO 2022 IR 6\\ISO 2022 IR 100", "'J' 1B2D41 E9", "J\u00e9");
}

/* PS3.5 H.3, I.2, J.3 and K.2 */
static void test_examples_of_the_standard(void **state)
{
	check("\\ISO 2022 IR 87",
	      "'Yamada^Tarou=' 1B2442 3B33 4544 1B2842 '^' 1B2442 4240 4F3A 1B2842"
	      "'=' 1B2442 2464 245E 2440 1B2842 '^' 1B2442 243F 246D 2426 1B2842",
	      "Yamada^Tarou=\u5c71\u7530^\u592a\u90ce=\u3084\u307e\u3060^"
	      "\u305f\u308d\u3046");
	check("ISO 2022 IR 13\\ISO 2022 IR 87",
	      "D4CFC0DE '^' C0DBB3 '=' 1B2442 3B33 4544 1B284A '^' 1B2442 4240 4F3A "
	      "1B284A"
	      "'=' 1B2442 2464 245E 2440 1B284A '^' 1B2442 243F 246D 2426 1B284A",
	      "\uff94\uff8f\uff80\uff9e^\uff80\uff9b\uff73=\u5c71\u7530^\u592a\u90ce="
	      "\u3084\u307e\u3060^\u305f\u308d\u3046");
	check("\\ISO 2022 IR 149",
	      "'Hong^Gildong=' 1B242943 FBF3 '^' 1B242943 D1CE D4D7"
	      "'=' 1B242943 C8AB '^' 1B242943 B1E6 B5BF",
	      "Hong^Gildong=\u6d2a^\u5409\u6d1e=\ud64d^\uae38\ub3d9");
	check("\\ISO 2022 IR 58",
	      "'Zhang^XiaoDong=' 1B242941 D5C5 '^' 1B242941 D0A1 B6AB '='",
	      "Zhang^XiaoDong=\u5f20^\u5c0f\u4e1c=");
	/* each line begins anew (J.4.2) */
	check("\\ISO 2022 IR 58",
	      "'1.' 1B242941 B5DA D2BB D0D0 'a' 0D0A '2.' 1B242941 B5DA B6FE D0D0 0D0A",
	      "1.\u7b2c\u4e00\u884ca\r\n2.\u7b2c\u4e8c\u884c\r\n");
	/* JIS X 0212 beside JIS X 0208 */
	check("\\ISO 2022 IR 87\\ISO 2022 IR 159", "1B2442 3B33 1B242844 3021 1B2842 'x'",
	      "\u5c71\u4e02x");
	/* Greek and Latin in one value, and the state at a delimiter */
	check("ISO 2022 IR 100\\ISO 2022 IR 126", "E9 1B2D46 E9 '^' E9 5C 1B2D46 E9",
	      "\u00e9\u03b9^\u00e9\\\u03b9");
	/* bytes of a two-byte character that look like delimiters: 5C, 5E, 3D */
	check("\\ISO 2022 IR 87", "1B2442 305C 305E 303D 1B2842 '='",
	      "\u79fb\u7def\u7dbe=");
}

static void test_broken_text(void **state)
{
	check("ISO_IR 192", "'a' FF 'b'", "a" REPLACED "b");
	check("ISO_IR 192", "'a' E3 81", "a" REPLACED REPLACED);
	check("ISO_IR 192", "'a' C080 'b'", "a" REPLACED REPLACED "b"); /* overlong */
	check("\\ISO 2022 IR 149", "1B242943 C8 'x'", REPLACED "x");
	check("\\ISO 2022 IR 87", "1B2442 3B 1B2842 'x'", REPLACED "x");
	check("GB18030", "CD", REPLACED);
	/* an unknown term, and none where one was needed: nothing is hidden, all is UTF-8
	 */
	assert_true(decode("ISO_IR 999", sample("'a' E9")).len > 1);
	assert_true(decode("", sample("'a' E9")).len > 1);
	/* escapes: unknown, cut at each byte, alone */
	check("", "'a' 1B", "a");
	check("", "'a' 1B24", "a$");
	check("", "'a' 1B2428 'b'", "a$(b");
	check("", "1B 1B 1B2842 'b'", "b");
}

/* glibc's iconv also lets the leads F5 to FD pass, which are beyond Unicode. */
static bool is_utf8(struct slice s)
{
	for (size_t i = 0; i < s.len;) {
		uint8_t lead = s.ptr[i];
		size_t n = 1;

		while (lead >= 0xC0 && n < 6 && lead & 0x80 >> n)
			n++;
		if ((lead >= 0x80 && lead < 0xC2) || lead > 0xFD || n > s.len - i)
			return false;
		for (size_t k = 1; k < n; k++)
			if ((s.ptr[i + k] & 0xC0) != 0x80)
				return false;
		i += n;
	}
	return true;
}

static const char *const terms[] = {
	"",
	"ISO_IR 100",
	"ISO_IR 144",
	"ISO_IR 13",
	"ISO_IR 166",
	"ISO_IR 192",
	"GB18030",
	"GBK",
	"ISO 2022 IR 13\\ISO 2022 IR 87",
	"\\ISO 2022 IR 149",
	"\\ISO 2022 IR 58",
	"\\\\",
	"?",
};

/* Whatever comes is turned into UTF-8, also if there is little room. */
static void test_random_bytes(void **state)
{
	static const char *const escapes[] = {"\x1B$B",  "\x1B$)C", "\x1B(B", "\x1B-F",
					      "\x1B$(D", "\x1B)I",  "\x1B",   "\x1B$",
					      "\\",      "^"};
	uint32_t seed = 7;

	for (unsigned round = 0; round < 20000; round++) {
		uint8_t raw[160], room[200];
		struct writer w = writer_of(raw, sizeof(raw)), out;
		const char *term = terms[round % (sizeof(terms) / sizeof(terms[0]))];

		for (int i = 0; i < 40; i++) {
			seed = seed * 1664525 + 1013904223;
			if (seed >> 29 == 0)
				writer_bytes(&w, slice_str(escapes[(seed >> 8) % 10]));
			else
				writer_u8(&w, (uint8_t)(seed >> 16));
		}
		assert_true(is_utf8(decode(term, writer_slice(&w))));
		out = writer_of(room, seed % sizeof(room));
		if (charset_decode(cs, slice_str(term), "\\^=", writer_slice(&w), &out))
			assert_true(out.len <= seed % sizeof(room));
	}
}

/* A run that is longer than the chunk in which it is converted */
static void test_long_values(void **state)
{
	static uint8_t raw[4096];

	for (size_t n = 1; n < 200; n += 7) {
		struct writer w = writer_of(raw, sizeof(raw));
		struct slice got;

		sample_write(&w, "1B2442");
		for (size_t i = 0; i < n; i++)
			sample_write(&w, "3B33");
		sample_write(&w, "1B242844");
		for (size_t i = 0; i < n; i++)
			sample_write(&w, "3021");
		got = decode("\\ISO 2022 IR 87\\ISO 2022 IR 159", writer_slice(&w));
		assert_int_equal(got.len, 6 * n);
		for (size_t i = 0; i < n; i++) {
			assert_memory_equal(got.ptr + 3 * i, "\u5c71", 3);
			assert_memory_equal(got.ptr + 3 * (n + i), "\u4e02", 3);
		}
	}
}

static int open_charset(void **state)
{
	cs = charset_new();
	return cs ? 0 : -1;
}

static int close_charset(void **state)
{
	charset_free(cs);
	charset_free(NULL);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_delimiters_are_those_of_the_vr),
		cmocka_unit_test(test_every_term),
		cmocka_unit_test(test_examples_of_the_standard),
		cmocka_unit_test(test_broken_text),
		cmocka_unit_test(test_random_bytes),
		cmocka_unit_test(test_long_values),
	};

	return cmocka_run_group_tests(tests, open_charset, close_charset);
}
