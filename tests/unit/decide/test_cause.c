/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "decide/cause.h"

/* Each has a name and words of its own; those without a promise come first. */
static void test_rows(void **state)
{
	for (unsigned c = CAUSE_NONE; c < CAUSE_COUNT; c++) {
		for (unsigned other = CAUSE_NONE; other < c; other++) {
			assert_string_not_equal(cause_name((enum cause)c),
						cause_name((enum cause)other));
			assert_string_not_equal(cause_words((enum cause)c),
						cause_words((enum cause)other));
		}
		assert_int_equal(cause_is_of_promise((enum cause)c),
				 c >= CAUSE_SCP_ROLE && c <= CAUSE_NO_CONTEXT);
		assert_int_equal(cause_is_told((enum cause)c),
				 c != CAUSE_NONE && c != CAUSE_RELEASED);
	}
}

static void check_text(enum cause cause, const struct pdu_context *context,
		       const char *expected)
{
	char text[300];
	struct writer w = writer_of((uint8_t *)text, sizeof(text) - 1);

	cause_write(&w, cause, context);
	assert_true(writer_ok(&w));
	text[w.len] = '\0';
	assert_string_equal(text, expected);
}

static void test_text(void **state)
{
	struct pdu_context c = {.id = 255,
				.abstract_syntax = slice_str("1.2.840.10008.1.20.1")};
	uint8_t hostile[200];

	check_text(CAUSE_TOO_LONG, NULL,
		   "decided without the data set: what decides lies behind all that "
		   "HAProxy's buffer holds");
	check_text(CAUSE_OTHER_SERVICE, &c,
		   "decided without the data set: only other services are proposed: "
		   "StorageCommitmentPushModel in context 255");
	c.abstract_syntax = slice_str("1.2\"\n");
	check_text(CAUSE_OTHER_SERVICE, &c,
		   "decided without the data set: only other services are proposed: "
		   "1.2\\x22\\x0a in context 255");
	/* the longest that can be */
	memset(hostile, 0xff, sizeof(hostile));
	c.abstract_syntax = slice_of(hostile, sizeof(hostile));
	for (unsigned i = CAUSE_NONE + 1; i < CAUSE_COUNT; i++) {
		uint8_t text[512];
		struct writer w = writer_of(text, sizeof(text) - 1);

		cause_write(&w, (enum cause)i, &c);
		assert_true(writer_ok(&w));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
