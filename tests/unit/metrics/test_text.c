/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "edge.h"
#include "metrics/text.h"
#include "sample.h"

static char bytes[1024];
static struct writer out;

static int start(void **state)
{
	out = writer_of(bytes, sizeof(bytes) - 1);
	return 0;
}

static const char *written(void)
{
	assert_true(writer_ok(&out));
	bytes[out.len] = '\0';
	return bytes;
}

static void test_head(void **state)
{
	metrics_text_head(&out, "dicom_x_total", "counter", "What is counted.");
	assert_string_equal(written(), "# HELP dicom_x_total What is counted.\n"
				       "# TYPE dicom_x_total counter\n");
}

static void test_labels(void **state)
{
	static const struct {
		const char *value; /* as sample.h has it */
		const char *text;
	} cases[] = {
		{"", ""},
		{"'CT 1'", "CT 1"},
		{"'a' 22 'b' 5C 'c' 0A 'd'", "a\\\"b\\\\c\\nd"},
		{"09 0D 00 1F 7F", "     "},
		{"'R' C3B6", "R\u00f6"},
		{"F09F9880", "\U0001F600"},
		{"'a' FF 'b' C3", "a\uFFFDb\uFFFD"}, /* C3 alone, at the end */
		{"EDA080", "\uFFFD\uFFFD\uFFFD"},    /* a surrogate */
		{"C0AF", "\uFFFD\uFFFD"},            /* too long a form */
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char expected[128];

		start(NULL);
		metrics_text_label(&out, "ae", edge(sample(cases[i].value)));
		snprintf(expected, sizeof(expected), "ae=\"%s\"", cases[i].text);
		assert_string_equal(written(), expected);
		metrics_text_label(&out, "le", slice_str("+Inf"));
		strcat(expected, ",le=\"+Inf\"");
		assert_string_equal(written(), expected);
	}
}

static void test_samples(void **state)
{
	metrics_text_sample(&out, "x", "_bucket", slice_str("le=\"1\""), "2.5");
	metrics_text_sample(&out, "x", "", (struct slice){0}, "NaN");
	metrics_text_number(&out, "x", "_count", (struct slice){0}, 0);
	metrics_text_number(&out, "y", "", slice_str("a=\"b\""), INT64_MIN);
	metrics_text_number(&out, "y", "", slice_str("a=\"c\""), INT64_MAX);
	assert_string_equal(written(), "x_bucket{le=\"1\"} 2.5\nx NaN\nx_count 0\n"
				       "y{a=\"b\"} -9223372036854775808\n"
				       "y{a=\"c\"} 9223372036854775807\n");
}

/* A text without its end would be read as another number: it fails as a whole. */
static void test_no_room(void **state)
{
	const struct slice labels = slice_str("a=\"b\"");

	metrics_text_number(&out, "name", "_total", labels, 12345);
	for (size_t cap = 0; cap <= out.len; cap++) {
		struct writer w = writer_of(bytes, cap);

		metrics_text_number(&w, "name", "_total", labels, 12345);
		assert_int_equal(writer_ok(&w), cap == out.len);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_head, start),
		cmocka_unit_test_setup(test_labels, start),
		cmocka_unit_test_setup(test_samples, start),
		cmocka_unit_test_setup(test_no_room, start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
