/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#include "edge.h"
#include "base/regex.h"
#include "sample.h"

static struct regex_scratch *scratch;

static struct regex *compile(const char *pattern, bool ignore_case)
{
	struct regex_error error;
	struct regex *regex = regex_new(pattern, ignore_case, &error);

	if (!regex)
		fail_msg("%s: %s at %zu", pattern, error.text, error.offset);
	return regex;
}

static void check(const char *pattern, bool ignore_case, struct slice text,
		  enum regex_result expected)
{
	struct regex *regex = compile(pattern, ignore_case);
	enum regex_result got = regex_match(regex, scratch, edge(text));

	if (got != expected)
		fail_msg("%s, \"%.*s\": %d, expected %d", pattern,
			 (int)slice_head(text, 80).len, (const char *)text.ptr, got,
			 expected);
	regex_free(regex);
}

static void test_search(void **state)
{
	static const struct {
		const char *pattern, *text;
		bool exactly, ignoring_case;
	} cases[] = {
		{"CT", "CT", true, true},
		{"CT", "PET/CT", true, true},
		{"CT", "ct", false, true},
		{"^CT$", "PET/CT", false, false},
		{"^CT$", "CT\n", false, false}, /* $ is the very end */
		{"^(CT|MR)$", "MR", true, true},
		{"", "", true, true},
		{"^$", "", true, true},
		{".", "", false, false},
		{"HEAD|NECK", "HEADNECK", true, true},
		{"\\bHEAD\\b", "CT HEAD w/o", true, true},
		{"\\bHEAD\\b", "FOREHEAD", false, false},
		{"^\\d{4}-\\d\\d$", "2020-05", true, true},
		{"r\u00f6ntgen", "R\u00d6NTGEN", false, true},
		{"^R.ntgen$", "R\u00f6ntgen", true, true}, /* . is a code point */
		{"^\\w+$", "R\u00f6ntgen", true, true},
		{"\\bntgen", "R\u00f6ntgen", false, false},
		{"^\\p{Lu}\\p{Ll}+$", "\u00c4rzte", true, true},
		{"^\u5c71", "\u5c71\u7530", true, true},
		{"\\x{5c71}", "\u5c71\u7530", true, true},
		{"(?i)head", "HEAD", true, true},
		{"^(.)\\1$", "aa", true, true},
		{"^(.)\\1$", "ab", false, false},
		{"^(?<a>.)\\k<a>$", "\u00e4\u00c4", false, true},
		{"(?<!NO )CONTRAST", "NO CONTRAST", false, false},
		{"(?<!NO )CONTRAST", "WITH CONTRAST", true, true},
		{"^(?!.*PHANTOM)", "HEAD PHANTOM", false, false},
		{"^(\\((?1)*\\))$", "(()(()))", true, true},
		{"^[^\\\\]+\\\\PRIMARY", "ORIGINAL\\PRIMARY", true, true},
		{"a{3}", "aa", false, false},
		{"a{3}", "xaaax", true, true},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct slice text = slice_str(cases[i].text);

		check(cases[i].pattern, false, text,
		      cases[i].exactly ? REGEX_YES : REGEX_NO);
		check(cases[i].pattern, true, text,
		      cases[i].ignoring_case ? REGEX_YES : REGEX_NO);
	}
}

static void test_any_bytes(void **state)
{
	check("^a.b$", false, sample("'a' 00 'b'"), REGEX_YES);
	check("b$", false, sample("'a' 00 'b'"), REGEX_YES);
	check("\\x00", false, sample("'a' 00"), REGEX_YES);
	check("^$", false, slice_of(NULL, 0), REGEX_YES);
	/* no UTF-8: anywhere, also behind what would match */
	check("a", false, sample("'a' FF"), REGEX_NO);
	check(".*", false, sample("C080"), REGEX_NO);
	check("", false, sample("EDA080"), REGEX_NO);
	check("", false, sample("F4908080"), REGEX_NO);
	check("a", false, sample("'a' E281"), REGEX_NO);
	check("", false, sample("80"), REGEX_NO);
	check("", false, sample("FE"), REGEX_NO);
}

static void test_no_pattern(void **state)
{
	static const struct {
		const char *pattern, *part;
		size_t offset;
	} cases[] = {
		{"a(b", "parenthesis", 3},
		{"ab)", "parenthesis", 2},
		{"[a", "]", 2},
		{"*a", "quantifier", 0},
		{"a\\", "\\ at end", 2},
		{"a\\1", "non-existent", 2},
		{"(?<=a+)b", "lookbehind", 0},
		{"\xFF", "UTF-8", 0},
		{"ab\xC3", "UTF-8", 2},
		{"a\\Cb", "\\C", 3},
		{"\\p{Nothing}", "property", 11},
		{"a{70000}", "too big", 7},
		/* their work cannot be counted */
		{"a\\Xb", "not supported", 1},
		{"(?:b\\E\\X*)", "not supported", 6},
		{"(*sr:\\d+)", "not supported", 0},
		{"a(*atomic_script_run:\\d+)", "not supported", 1},
	};
	struct regex_error error;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (regex_new(cases[i].pattern, false, &error))
			fail_msg("%s was taken", cases[i].pattern);
		if (!strstr(error.text, cases[i].part) || error.offset != cases[i].offset)
			fail_msg("%s: %s at %zu", cases[i].pattern, error.text,
				 error.offset);
	}
	regex_free(compile("\\\\X", false));
	regex_free(compile("\\Q\\X\\E", false));
	regex_free(compile("[(*sr:]", false));
	regex_free(NULL);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* 64 KB that nearly match: each takes a few milliseconds without sanitizers, where it
 * would be seconds or years.
 */
static void test_hostile_texts(void **state)
{
	static const struct {
		const char *pattern, *unit, *tail;
	} cases[] = {
		{"(a+)+$", "a", "!"},
		{"(a|aa)+$", "a", "!"},
		{"(x+x+)+y", "x", "!y"},
		{"^(.*?,){11}P", "1,2,3,", "!"},
		{"a*b", "a", "!b"},
		{"a*+b", "a", "!b"},
		{"\\s+$", " ", "!"},
		{"a{40000}z", "a", "!z"},
		{"(.*)\\1z", "a", "!z"},
		{"(?i)(.+)\\1z", "\u00e4", "!z"},
		{"(a{100})\\1{50}z", "a", "!z"},
		{"(?:a|b)*c", "ab", "!c"},
		{"(a(?R)?b)", "a", "!b"},
		{"[^\\x{100}-\\x{200}\\p{Greek}\\p{Han}\\p{Arabic}]*+q", "a", "\u0100q"},
		{"(?=a*+z)a", "a", "!z"},
		{"(?<=b{200})a{100}z", "a", "!z"},
		{"((((((((a))))))))*z", "a", "!z"},
		{"(*NO_START_OPT)(*NO_AUTO_POSSESS)a*z", "a", "!z"},
	};
	enum { SIZE = 1 << 16 };
	static char text[SIZE + 16];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct writer w = writer_of(text, sizeof(text));
		double start;

		while (w.len + strlen(cases[i].unit) <= SIZE)
			writer_bytes(&w, slice_str(cases[i].unit));
		writer_bytes(&w, slice_str(cases[i].tail));
		start = now();
		check(cases[i].pattern, false, writer_slice(&w), REGEX_TOO_HARD);
		if (now() - start > 2)
			fail_msg("%s took %f s", cases[i].pattern, now() - start);
	}
}

/* The bound is on one text: none is left over from what was matched before. */
static void test_each_text_starts_anew(void **state)
{
	struct regex *hard = compile("(a+)+$", false), *plain = compile("^a+$", false);
	struct slice text = sample("'a'*5000 '!'");

	for (int i = 0; i < 20; i++) {
		assert_int_equal(regex_match(hard, scratch, text), REGEX_TOO_HARD);
		assert_int_equal(regex_match(plain, scratch, text), REGEX_NO);
		assert_int_equal(regex_match(plain, scratch, slice_head(text, 5000)),
				 REGEX_YES);
	}
	regex_free(hard);
	regex_free(plain);
}

/* What a policy would ask of the longest texts that are common. */
static void test_plain_patterns_are_never_too_hard(void **state)
{
	static const char *const patterns[] = {
		"(?i)contrast", "(?:HEAD|NECK|BRAIN).*contrast",
		"[a-z]+[0-9]",  "\\bpneumonia\\b",
		"^\\s*$",       "\\p{Lu}\\w*\\d",
		"foo.*bar",     "^.*findings: none",
	};
	static char text[10240]; /* LT (PS3.5 6.2) */
	struct writer w = writer_of(text, sizeof(text));

	while (w.len + 64 < sizeof(text))
		writer_bytes(&w, slice_str("No Focal opacity, no effusion; heart of "
					   "normal size.\r\n"));
	for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++)
		check(patterns[i], false, writer_slice(&w), REGEX_NO);
}

#ifdef __SANITIZE_ADDRESS__
/* of compiler-rt's <sanitizer/allocator_interface.h> */
int __sanitizer_install_malloc_and_free_hooks(void (*)(const volatile void *, size_t),
					      void (*)(const volatile void *));

static size_t allocations;

static void count_malloc(const volatile void *ptr, size_t size)
{
	allocations++;
}

static void ignore_free(const volatile void *ptr)
{
}

static void test_matching_allocates_nothing(void **state)
{
	static const char *const patterns[] = {
		"(a+)+$",    "(?:a|b)*c", "^a", "(a(?R)?b)", "(((((((((a)))))))))*b",
		"(a+)\\1+b",
	};
	struct regex_scratch *fresh = regex_scratch_new();
	struct slice text = edge(sample("'a'*30000 '!bc'"));

	assert_non_null(fresh);
	assert_int_not_equal(
		__sanitizer_install_malloc_and_free_hooks(count_malloc, ignore_free), 0);
	for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
		struct regex *regex = compile(patterns[i], true);

		assert_int_not_equal(allocations, 0);
		allocations = 0;
		regex_match(regex, fresh, text);
		regex_match(regex, fresh, slice_of(NULL, 0));
		if (allocations > 0)
			fail_msg("%s: %zu allocations", patterns[i], allocations);
		regex_free(regex);
	}
	regex_scratch_free(fresh);
}
#else
static void test_matching_allocates_nothing(void **state)
{
	skip();
}
#endif

static int open_scratch(void **state)
{
	scratch = regex_scratch_new();
	return scratch ? 0 : -1;
}

static int close_scratch(void **state)
{
	regex_scratch_free(scratch);
	regex_scratch_free(NULL);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_search),
		cmocka_unit_test(test_any_bytes),
		cmocka_unit_test(test_no_pattern),
		cmocka_unit_test(test_hostile_texts),
		cmocka_unit_test(test_each_text_starts_anew),
		cmocka_unit_test(test_plain_patterns_are_never_too_hard),
		cmocka_unit_test(test_matching_allocates_nothing),
	};

	return cmocka_run_group_tests(tests, open_scratch, close_scratch);
}
