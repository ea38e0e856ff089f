/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "archive/capability.h"
#include "edge.h"
#include "sample.h"

enum { ROWS = 5 };

/* Sorted by bytes: a UID comes before those that it is the beginning of. */
static const char *const classes[ROWS] = {"1.2", "1.2.3", "1.2.3.10", "1.2.3.9", "1.20"};

static struct capability_row rows[ROWS];
static struct slice syntaxes[CAPABILITY_SYNTAXES];
static struct capability all = {.rows = rows,
				.nrows = ROWS,
				.syntaxes = syntaxes,
				.nsyntaxes = CAPABILITY_SYNTAXES};

static int start(void **state)
{
	static char names[CAPABILITY_SYNTAXES][8];

	for (size_t i = 0; i < ROWS; i++)
		rows[i] = (struct capability_row){slice_str(classes[i]), 0};
	for (size_t i = 0; i < CAPABILITY_SYNTAXES; i++) {
		snprintf(names[i], sizeof(names[i]), "9.%zu", i);
		syntaxes[i] = slice_str(names[i]);
	}
	return 0;
}

static void test_order(void **state)
{
	struct capability_row mixed[ROWS];

	for (size_t i = 0; i < ROWS; i++)
		mixed[i] = rows[(3 * i + 4) % ROWS];
	qsort(mixed, ROWS, sizeof(mixed[0]), capability_row_order);
	for (size_t i = 0; i < ROWS; i++)
		assert_true(is_text(mixed[i].sop_class, classes[i]));
	assert_int_equal(capability_row_order(&rows[2], &rows[2]), 0);
}

static void test_row(void **state)
{
	static const char *const others[] = {"",      "1",      "1.2.",    "1.2.3.1",
					     "1.2.4", "1.20.1", "1.2.3.90"};
	const struct capability nothing = {0};

	for (size_t i = 0; i < ROWS; i++)
		assert_ptr_equal(capability_row(&all, edge(slice_str(classes[i]))),
				 &rows[i]);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_null(capability_row(&all, edge(slice_str(others[i]))));
	assert_null(capability_row(&all, (struct slice){0}));
	assert_null(capability_row(&nothing, slice_str("1.2")));
}

/* Each bit, the highest too, says the same of its own syntax and of no other. */
static void test_accepts(void **state)
{
	struct capability_row row = {slice_str("1.2"), 0};

	for (size_t bit = 0; bit < CAPABILITY_SYNTAXES; bit++) {
		row.syntaxes = (uint64_t)1 << bit;
		for (size_t i = 0; i < CAPABILITY_SYNTAXES; i++)
			assert_int_equal(
				capability_accepts(&all, &row, edge(syntaxes[i])),
				i == bit);
	}
	row.syntaxes = UINT64_MAX;
	assert_false(capability_accepts(&all, &row, slice_str("9.")));
	assert_false(capability_accepts(&all, &row, slice_str("9.100")));
	assert_false(capability_accepts(&all, &row, (struct slice){0}));
	all.nsyntaxes = 1;
	assert_true(capability_accepts(&all, &row, syntaxes[0]));
	assert_false(capability_accepts(&all, &row, syntaxes[1]));
	all.nsyntaxes = CAPABILITY_SYNTAXES;
}

static void test_length(void **state)
{
	assert_int_equal(capability_length(0, 0), 0);
	assert_int_equal(capability_length(0, 16384), 16384);
	assert_int_equal(capability_length(16384, 0), 16384);
	assert_int_equal(capability_length(16384, 16382), 16382);
	assert_int_equal(capability_length(4096, UINT32_MAX), 4096);
	assert_int_equal(capability_length(UINT32_MAX, 0), UINT32_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_order, start),
		cmocka_unit_test_setup(test_row, start),
		cmocka_unit_test_setup(test_accepts, start),
		cmocka_unit_test_setup(test_length, start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
