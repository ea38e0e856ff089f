/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"

static void test_text(void **state)
{
	char text[CLOCK_TEXT];

	clock_text(0, text);
	assert_string_equal(text, "1970-01-01T00:00:00.000Z");
	clock_text(1709164799999, text);
	assert_string_equal(text, "2024-02-28T23:59:59.999Z");
	clock_text(INT64_MAX, text);
}

static void test_units(void **state)
{
	int64_t ns = clock_monotonic_ns(), ms = clock_monotonic_ms();
	int64_t s = clock_realtime_s(), us = clock_realtime_us();

	assert_in_range(ms - ns / 1000000, 0, 60000);
	assert_in_range(us - s * 1000000, 0, 60000000);
}

static void test_deadline(void **state)
{
	atomic_bool stop = false;
	struct deadline now = deadline_in(0, NULL), soon = deadline_in(60000, &stop);

	assert_int_equal(deadline_slice(&now), 0);
	assert_false(deadline_stopped(&now));
	assert_int_equal(deadline_slice(&soon), DEADLINE_SLICE_MS);
	atomic_store(&stop, true);
	assert_int_equal(deadline_slice(&soon), 0);
	assert_true(deadline_stopped(&soon));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_units),
		cmocka_unit_test(test_deadline),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
