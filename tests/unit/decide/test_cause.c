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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
