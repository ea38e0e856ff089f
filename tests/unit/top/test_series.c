/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "top/series.h"

static struct series of(const char *words)
{
	char *text = strdup(words);
	struct series s;

	assert_non_null(text);
	assert_true(series_read(&s, text, slice_str(text)));
	return s;
}

static const char *const rule_pool[] = {"rule", "pool", NULL};

/* "rule,pool:grown/total ..." of both agents */
static const char *sums_of(const char *one, const char *one_before, const char *two,
			   const char *two_before)
{
	static char out[1024];
	struct series s[] = {of(one), of(one_before), of(two), of(two_before)};
	struct counts sums = {0};
	size_t len = 0;

	out[0] = '\0';
	assert_true(series_sum(&s[0], &s[1], "d", rule_pool, &sums));
	assert_true(series_sum(&s[2], &s[3], "d", rule_pool, &sums));
	counts_sort(&sums);
	for (size_t i = 0; i < sums.n; i++) {
		const struct count *c = &sums.rows[i];

		len += (size_t)snprintf(
			out + len, sizeof(out) - len, "%.*s,%.*s:%g/%g ",
			(int)c->labels[0].len, (const char *)c->labels[0].ptr,
			(int)c->labels[1].len, (const char *)c->labels[1].ptr, c->grown,
			c->total);
	}
	counts_free(&sums);
	for (size_t i = 0; i < 4; i++)
		series_free(&s[i]);
	return out;
}

static void test_sums(void **state)
{
	assert_string_equal(sums_of("", "", "", ""), "");
	assert_string_equal(sums_of("d{rule=\"a\",pool=\"p\"} 3\n", "", "", ""),
			    "a,p:0/3 ");
	assert_string_equal(sums_of("d{rule=\"a\",pool=\"p\",x=\"1\"} 3\n"
				    "d{rule=\"a\",pool=\"p\",x=\"2\"} 4\n"
				    "d{rule=\"b\",pool=\"\"} 9\ndd{rule=\"c\"} 100\n",
				    "d{rule=\"a\",pool=\"p\",x=\"2\"} 1\n",
				    "d{pool=\"p\",rule=\"a\"} 10\nd 1\n",
				    "d{pool=\"p\",rule=\"a\"} 8\n"),
			    "a,p:8/17 b,:9/9 ,:1/1 ");
	/* an agent that has started again */
	assert_string_equal(sums_of("d{rule=\"a\",pool=\"p\"} 3\n",
				    "d{rule=\"a\",pool=\"p\"} 50\n", "", ""),
			    "a,p:3/3 ");
}

static void test_values(void **state)
{
	struct series s = of("b 2\na{x=\"1\"} 7\na 1\n");

	assert_true(series_value(&s, "a", -1) == 1);
	assert_true(series_value(&s, "b", -1) == 2);
	assert_true(series_value(&s, "c", -1) == -1);
	assert_true(series_find(&s, slice_str("a"), slice_str("x=\"1\""))->value == 7);
	assert_null(series_find(&s, slice_str("a"), slice_str("x=\"2\"")));
	series_free(&s);
	assert_null(series_find(&s, slice_str("a"), slice_of(NULL, 0)));
}

static double quantile(const char *now, const char *before, double q, const char *only)
{
	static const char *const labels[] = {"le", "m", NULL};
	struct series s = of(now), b = of(before);
	struct counts buckets = {0};
	double value;

	assert_true(series_sum(&s, &b, "h_bucket", labels, &buckets));
	value = counts_quantile(&buckets, q, only);
	counts_free(&buckets);
	series_free(&s);
	series_free(&b);
	return value;
}

static void test_quantiles(void **state)
{
	static const char before[] = "h_bucket{le=\"0.5\"} 5\nh_bucket{le=\"2\"} 5\n"
				     "h_bucket{le=\"10\"} 5\nh_bucket{le=\"+Inf\"} 5\n";
	static const char now[] = "h_bucket{le=\"0.5\"} 5\nh_bucket{le=\"2\"} 15\n"
				  "h_bucket{le=\"10\"} 25\nh_bucket{le=\"+Inf\"} 25\n";
	static const char beyond[] = "h_bucket{le=\"0.5\"} 5\nh_bucket{le=\"2\"} 5\n"
				     "h_bucket{le=\"10\"} 5\nh_bucket{le=\"+Inf\"} 9\n";
	static const char two[] =
		"h_bucket{m=\"a\",le=\"1\"} 10\nh_bucket{m=\"a\",le=\"+Inf\"} 10\n"
		"h_bucket{m=\"b\",le=\"1\"} 0\nh_bucket{m=\"b\",le=\"4\"} 10\n"
		"h_bucket{m=\"b\",le=\"+Inf\"} 10\n";

	assert_true(isnan(quantile("", "", 0.5, NULL)));
	assert_true(isnan(quantile(before, before, 0.5, NULL)));
	assert_true(isnan(quantile(now, "", 0.5, NULL))); /* nothing is known of before */
	assert_true(quantile(now, before, 0.25, NULL) == 1.25);
	assert_true(quantile(now, before, 0.5, NULL) == 2);
	assert_true(quantile(now, before, 0.75, NULL) == 6);
	assert_true(quantile(now, before, 1, NULL) == 10);
	assert_true(quantile(beyond, before, 0.5, NULL) == 10);
	assert_true(quantile(two, "x 1\n", 0.5, "a") == 0.5);
	assert_true(quantile(two, "x 1\n", 0.5, "b") == 2.5);
	assert_true(isnan(quantile(two, "x 1\n", 0.5, "c")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sums),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_quantiles),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
