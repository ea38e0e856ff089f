/* SPDX-License-Identifier: MIT */
/* PS3.8 table 9-21 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "dicom/rejection.h"

static void test_every_row_is_found_again(void **state)
{
	for (unsigned id = 0; id < REJECTION_COUNT; id++) {
		struct rejection why = rejection_of((enum rejection_id)id);

		assert_int_equal(rejection_find(&why), id);
		why.result = 3 - why.result; /* the other result has the same reason */
		assert_int_equal(rejection_find(&why), id);
		assert_non_null(rejection_name((enum rejection_id)id));
	}
}

static void test_the_standard(void **state)
{
	static const struct {
		struct rejection why;
		const char *words;
	} cases[] = {
		{{1, 1, 3}, "calling AE title not recognized"},
		{{2, 1, 7}, "called AE title not recognized"},
		{{1, 2, 2}, "protocol version not supported"},
		{{2, 3, 1}, "temporary congestion"},
		{{2, 3, 2}, "local limit exceeded"},
		/* reserved: 4 to 6 and 8 to 10 of the service-user, 0 and 3 of
		   presentation */
		{{1, 1, 4}, "a reason that DICOM does not know"},
		{{1, 3, 0}, "a reason that DICOM does not know"},
		{{1, 2, 7}, "a reason that DICOM does not know"},
		{{0, 0, 0}, "a reason that DICOM does not know"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(rejection_words(&cases[i].why), cases[i].words);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_row_is_found_again),
		cmocka_unit_test(test_the_standard),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
