/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "edge.h"
#include "base/wildcard.h"

static void test_wildcards(void **state)
{
	static const struct {
		const char *pattern, *text;
		bool match;
	} cases[] = {
		{"CT", "CT", true},
		{"CT", "ct", false},
		{"CT", "CTA", false},
		{"CT", "C", false},
		{"", "", true},
		{"", "a", false},
		{"*", "", true},
		{"*", "anything", true},
		{"**", "", true},
		{"?", "", false},
		{"?", "a", true},
		{"?", "ab", false},
		{"HEAD*", "HEAD", true},
		{"HEAD*", "HEADNECK", true},
		{"HEAD*", "AHEAD", false},
		{"*NECK", "HEADNECK", true},
		{"*NECK", "NECKLACE", false},
		{"*AB", "AAAB", true},
		{"*AB*", "XXABXXAB", true},
		{"A*B*C", "A123B456C", true},
		{"A*B*C", "A123C456B", false},
		{"?*", "", false},
		{"*?", "a", true},
		{"a*b", "ab", true},
		{"*a?c*", "zzabczz", true},
		{"*a", "a b", false},
		/* one ? is one character, of however many bytes */
		{"M?ller", "M\u00fcller", true},
		{"M??ller", "M\u00fcller", false},
		{"?", "\u20ac", true},
		{"??", "\u5c71\u7530", true},
		{"*\u7530", "\u5c71\u7530", true},
		{"?", "\U0001F600", true},
		/* a star does not end within a character */
		{"*\xBC", "\u00fc", false},
	};
	static char text[20001];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (wildcard_matches(cases[i].pattern, edge(slice_str(cases[i].text))) !=
		    cases[i].match)
			fail_msg("%s, %s", cases[i].pattern, cases[i].text);
	/* what makes a recursive matcher take for ever */
	memset(text, 'a', sizeof(text) - 1);
	assert_false(wildcard_matches("*a*a*a*a*a*a*a*a*a*a*a*a*b", slice_str(text)));
	assert_false(wildcard_matches("*aaaaaaaaaaaaaaaaaaaaaaaaab", slice_str(text)));
	assert_false(wildcard_matches("abc", slice_of("ab\0c", 4)));
	assert_true(wildcard_matches("ab*", slice_of("ab\0c", 4)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_wildcards)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
