/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "metrics/histogram.h"

static const char *text(struct histogram *h)
{
	static char bytes[8192];
	struct writer out = writer_of(bytes, sizeof(bytes) - 1);

	histogram_render(h, "x_seconds", &out);
	assert_true(writer_ok(&out));
	bytes[out.len] = '\0';
	return bytes;
}

static void test_ranges(void **state)
{
	static struct histogram h = {.bounds = {5, 1000, 2500000},
				     .unit = 1000000,
				     .labels = "message=\"associate\""};

	for (const int64_t *v =
		     (const int64_t[]){0, 5, 6, 1000, 1001, 2500000, 2500001, -1};
	     *v >= 0; v++)
		histogram_observe(&h, *v);
	assert_string_equal(text(&h),
			    "x_seconds_bucket{message=\"associate\",le=\"5e-06\"} 2\n"
			    "x_seconds_bucket{message=\"associate\",le=\"0.001\"} 4\n"
			    "x_seconds_bucket{message=\"associate\",le=\"2.5\"} 6\n"
			    "x_seconds_bucket{message=\"associate\",le=\"+Inf\"} 7\n"
			    "x_seconds_sum{message=\"associate\"} 5.002013\n"
			    "x_seconds_count{message=\"associate\"} 7\n");
}

static void test_without_labels(void **state)
{
	static struct histogram h = {.bounds = {256, 114688}, .unit = 1, .labels = ""};

	histogram_observe(&h, INT64_C(1) << 40);
	assert_string_equal(text(&h), "x_seconds_bucket{le=\"256\"} 0\n"
				      "x_seconds_bucket{le=\"114688\"} 0\n"
				      "x_seconds_bucket{le=\"+Inf\"} 1\n"
				      "x_seconds_sum 1099511627776\n"
				      "x_seconds_count 1\n");
}

static void test_all_bounds(void **state)
{
	static struct histogram h = {
		.bounds = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16},
		.unit = 1,
		.labels = ""};

	for (int64_t v = 1; v <= 18; v++)
		histogram_observe(&h, v);
	for (size_t i = 0; i < HISTOGRAM_BOUNDS; i++)
		assert_int_equal(h.counts[i], 1);
	assert_int_equal(h.counts[HISTOGRAM_BOUNDS], 2);
	assert_non_null(strstr(text(&h), "le=\"16\"} 16\n"));
	assert_non_null(strstr(text(&h), "le=\"+Inf\"} 18\n"));
}

enum { THREADS = 4, ROUNDS = 100000 };

static struct histogram shared = {.bounds = {10, 20}, .unit = 1, .labels = ""};

static void *observe(void *unused)
{
	for (int i = 0; i < ROUNDS; i++)
		histogram_observe(&shared, i % 30 + 1);
	return unused;
}

static int64_t number_behind(const char *samples, const char *head)
{
	return strtoll(strstr(samples, head) + strlen(head), NULL, 10);
}

/* At any moment the count is that of the last bucket; in the end nothing is lost. */
static void test_threads(void **state)
{
	pthread_t threads[THREADS];

	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, observe, NULL), 0);
	for (int i = 0; i < 200; i++) {
		const char *now = text(&shared);

		assert_int_equal(number_behind(now, "le=\"+Inf\"} "),
				 number_behind(now, "_count "));
		assert_true(number_behind(now, "le=\"10\"} ") <=
			    number_behind(now, "le=\"20\"} "));
	}
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(number_behind(text(&shared), "_count "), THREADS * ROUNDS);
	assert_int_equal(shared.counts[0] + shared.counts[1] +
				 shared.counts[HISTOGRAM_BOUNDS],
			 THREADS * ROUNDS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ranges),
		cmocka_unit_test(test_without_labels),
		cmocka_unit_test(test_all_bounds),
		cmocka_unit_test(test_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
