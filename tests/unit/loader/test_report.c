/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "loader/report.h"

static struct report report;

static void test_entries(void **state)
{
	report_add(&report, false, "policy.json", (struct json_place){3, 14}, "%s: %d",
		   "rules", 7);
	report_add(&report, true, "policy.json", (struct json_place){0, 0}, "no place");
	report_add(&report, false, NULL, (struct json_place){5, 1}, "no file");
	assert_int_equal(report.n, 3);
	assert_int_equal(report.errors, 2);
	assert_int_equal(report.warnings, 1);
	assert_string_equal(report.entries[0].text, "policy.json:3:14: error: rules: 7");
	assert_string_equal(report.entries[1].text, "policy.json: warning: no place");
	assert_string_equal(report.entries[2].text, "error: no file");
	assert_false(report.entries[0].warning);
	assert_true(report.entries[1].warning);
	report_clear(&report);
	assert_int_equal(report.n + report.errors + report.warnings, 0);
	report_clear(&report);
}

/* Names of files and messages of any length are cut. */
static void test_long(void **state)
{
	static char text[10000];

	memset(text, 'x', sizeof(text) - 1);
	report_add(&report, false, text, (struct json_place){1, 1}, "message");
	report_add(&report, false, "file", (struct json_place){1, 1}, "%s", text);
	for (size_t i = 0; i < 2; i++) {
		size_t len = strlen(report.entries[i].text);

		assert_in_range(len, 1000, 5000);
		assert_int_equal(report.entries[i].text[len - 1], 'x');
	}
	assert_non_null(strstr(report.entries[1].text, "file:1:1: error: xxx"));
	report_clear(&report);
}

/* The first ones are kept, and all are counted. */
static void test_many(void **state)
{
	for (unsigned i = 1; i <= REPORT_MAX + 50; i++)
		report_add(&report, i % 2 == 0, "f", (struct json_place){i, 1}, "%u", i);
	assert_int_equal(report.n, REPORT_MAX);
	assert_int_equal(report.errors, REPORT_MAX / 2 + 25);
	assert_int_equal(report.warnings, REPORT_MAX / 2 + 25);
	assert_string_equal(report.entries[0].text, "f:1:1: error: 1");
	assert_string_equal(report.entries[REPORT_MAX - 1].text, "f:200:1: warning: 200");
	report_clear(&report);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_entries),
		cmocka_unit_test(test_long),
		cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
