/* SPDX-License-Identifier: MIT */
/* PS3.5 6.2; what is compared is in test_value.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "dicom/datetime.h"
#include "edge.h"
#include "sample.h"

typedef bool parse(struct slice text, struct datetime *d);

/* "Y-M-D h:m:s", then what <d> has beside */
static const char *shown(const struct datetime *d)
{
	static char text[128];
	int len = snprintf(text, sizeof(text), "%d-%d-%d %d:%d:%d to %d",
			   d->field[DATETIME_YEAR], d->field[DATETIME_MONTH],
			   d->field[DATETIME_DAY], d->field[DATETIME_HOUR],
			   d->field[DATETIME_MINUTE], d->field[DATETIME_SECOND], d->end);

	if (d->fraction || d->step != DATETIME_MICROS)
		len += snprintf(text + len, sizeof(text) - (size_t)len, " .%d/%d",
				(int)d->fraction, (int)d->step);
	if (d->has_offset)
		snprintf(text + len, sizeof(text) - (size_t)len, " %+d", d->offset);
	return text;
}

struct good {
	const char *text, *fields;
};

static void check_good(parse *read, const struct good *cases, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct datetime d;

		if (!read(edge(slice_str(cases[i].text)), &d))
			fail_msg("%s is not read", cases[i].text);
		if (strcmp(shown(&d), cases[i].fields) != 0)
			fail_msg("%s: %s instead of %s", cases[i].text, shown(&d),
				 cases[i].fields);
	}
}

static void check_bad(parse *read, const char *const *cases, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct datetime d;

		if (read(edge(slice_str(cases[i])), &d))
			fail_msg("%s is read as %s", cases[i], shown(&d));
	}
}

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void test_date(void **state)
{
	static const struct good good[] = {
		{"20260131", "2026-1-31 0:0:0 to 3"},
		{"2026", "2026-1-1 0:0:0 to 1"},
		{"202602", "2026-2-1 0:0:0 to 2"},
		{"2026-02", "2026-2-1 0:0:0 to 2"},
		{"2026-02-03", "2026-2-3 0:0:0 to 3"},
		{"2026.02.03", "2026-2-3 0:0:0 to 3"},
		{"20240229", "2024-2-29 0:0:0 to 3"},
		{"20000229", "2000-2-29 0:0:0 to 3"},
		{"00010101", "1-1-1 0:0:0 to 3"},
		{"99991231", "9999-12-31 0:0:0 to 3"},
	};
	static const char *const bad[] = {
		"",           "2",
		"202",        "20261",
		"2026013",    "202601311",
		"20260132",   "20260100",
		"20261301",   "20260001",
		"20250229",   "19000229",
		"20260431",   "2026-0203",
		"202602-03",  "2026-02.03",
		"2026-",      "2026-02-",
		"-2026",      "00000101",
		"2026 02 03", "2026/02/03",
		"2026013x",   " 20260131",
		"20260131 ",  "2026-02-03T00",
	};

	check_good(datetime_date, good, COUNT(good));
	check_bad(datetime_date, bad, COUNT(bad));
}

static void test_time(void **state)
{
	static const struct good good[] = {
		{"12", "1-1-1 12:0:0 to 4"},
		{"1234", "1-1-1 12:34:0 to 5"},
		{"12:34", "1-1-1 12:34:0 to 5"},
		{"123456", "1-1-1 12:34:56 to 6"},
		{"12:34:56", "1-1-1 12:34:56 to 6"},
		{"235959.999999", "1-1-1 23:59:59 to 6 .999999/1"},
		{"00:00:00.5", "1-1-1 0:0:0 to 6 .500000/100000"},
		{"000000.050", "1-1-1 0:0:0 to 6 .50000/1000"},
		{"235960", "1-1-1 23:59:59 to 6"}, /* a leap second */
	};
	static const char *const bad[] = {
		"",         "1",         "123",       "24",
		"1260",     "123461",    "12:3456",   "1234:56",
		"12.5",     "1234.5",    "123456.",   "123456.1234567",
		"123456,5", "12:34:56.", "12:34:56:", "123456+0100",
		"T12",      "12-34",
	};

	check_good(datetime_time, good, COUNT(good));
	check_bad(datetime_time, bad, COUNT(bad));
}

static void test_both(void **state)
{
	static const struct good good[] = {
		{"2026", "2026-1-1 0:0:0 to 1"},
		{"20260131", "2026-1-31 0:0:0 to 3"},
		{"2026013112", "2026-1-31 12:0:0 to 4"},
		{"20260131123456.5", "2026-1-31 12:34:56 to 6 .500000/100000"},
		{"20260131T12", "2026-1-31 12:0:0 to 4"},
		{"2026-01-31T12:34", "2026-1-31 12:34:0 to 5"},
		{"2026-01-31 12:34:56", "2026-1-31 12:34:56 to 6"},
		{"20260131123456+0130", "2026-1-31 12:34:56 to 6 +5400"},
		{"2026-01-31T12:34:56-11:30", "2026-1-31 12:34:56 to 6 -41400"},
		{"2026-01-31T12Z", "2026-1-31 12:0:0 to 4 +0"},
		{"20260131123456+1400", "2026-1-31 12:34:56 to 6 +50400"},
		{"20260131123456-1200", "2026-1-31 12:34:56 to 6 -43200"},
		{"2026+0100", "2026-1-1 0:0:0 to 1 +3600"},
	};
	static const char *const bad[] = {
		"",
		"Z",
		"+0100",
		"2026T12",
		"202601 12",
		"2026-01-3112:34",
		"2026.01.31",
		"20260131T",
		"20260131 ",
		"20260131123456+1401",
		"20260131123456-1201",
		"20260131123456+0160",
		"20260131123456+01",
		"20260131123456 +0100",
		"20260131123456ZZ",
		"20260131  12",
		"20260131Tx",
	};

	check_good(datetime_parse, good, COUNT(good));
	check_bad(datetime_parse, bad, COUNT(bad));
}

/* Every beginning of a whole text, at the guard page: some are dates, none is a fault. */
static void test_every_prefix(void **state)
{
	const char *const text = "2026-01-31T12:34:56.123456+01:30";
	bool read[33] = {[4] = true,  [7] = true,  [10] = true, [13] = true, [16] = true,
			 [19] = true, [21] = true, [22] = true, [23] = true, [24] = true,
			 [25] = true, [26] = true, [32] = true};

	for (size_t len = 0; len <= 32; len++) {
		struct datetime d;

		if (datetime_parse(edge(slice_of(text, len)), &d) != read[len])
			fail_msg("%.*s", (int)len, text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_date),
		cmocka_unit_test(test_time),
		cmocka_unit_test(test_both),
		cmocka_unit_test(test_every_prefix),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
