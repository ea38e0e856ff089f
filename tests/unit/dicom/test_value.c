/* SPDX-License-Identifier: MIT */
/* PS3.5 section 6.2 and Table 6.2-1 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#include "edge.h"
#include "sample.h"
#include "dicom/value.h"

#define COUNT(array) (sizeof(array) / sizeof(array[0]))

/* Days and seconds since 1970-01-01 */
enum { D1970 = 0, D2000 = 10957, D2020 = 18262, D2021 = 18628, DAY = 86400 };
#define T2020 (18262. * DAY)

static void set_zone(const char *zone)
{
	setenv("TZ", zone, 1);
	tzset();
}

struct value {
	const char *text;
	double number;
};

static void check_values(enum value_kind kind, const struct value *values, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		double n = -1;

		if (!value_number(kind, edge(slice_str(values[i].text)), &n))
			fail_msg("%s is none", values[i].text);
		if (n != values[i].number)
			fail_msg("%s: %.17g, expected %.17g", values[i].text, n,
				 values[i].number);
		if (!value_bound(kind, values[i].text, false, &n) ||
		    n != values[i].number)
			fail_msg("%s: the lower bound is %.17g", values[i].text, n);
		if (!value_bound(kind, values[i].text, true, &n) || n < values[i].number)
			fail_msg("%s: the upper bound is %.17g", values[i].text, n);
	}
}

static void check_none(enum value_kind kind, const char *const *texts, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		double n = 4711;

		if (value_number(kind, edge(slice_str(texts[i])), &n) || n != 4711)
			fail_msg("\"%s\" was taken", texts[i]);
	}
}

static void check_no_bound(enum value_kind kind, const char *const *texts, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		double n = 4711;

		if (value_bound(kind, texts[i], i % 2, &n) || n != 4711)
			fail_msg("\"%s\" was taken", texts[i]);
	}
}

struct bound {
	const char *text;
	double lower, upper;
};

static void check_bounds(enum value_kind kind, const struct bound *bounds, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		double lower = -1, upper = -1;

		assert_true(value_bound(kind, bounds[i].text, false, &lower));
		assert_true(value_bound(kind, bounds[i].text, true, &upper));
		if (lower != bounds[i].lower || upper != bounds[i].upper)
			fail_msg("%s: %.17g to %.17g", bounds[i].text, lower, upper);
	}
}

static void test_kinds(void **state)
{
	static const struct {
		const char *vrs;
		enum value_kind kind;
	} cases[] = {
		{"DS IS US SS UL SL UV SV FL FD", VALUE_NUMBER},
		{"DA", VALUE_DATE},
		{"TM", VALUE_TIME},
		{"DT", VALUE_DATE_TIME},
		{"AS", VALUE_AGE},
		{"AE AT CS LO LT OB OD OF OL OV OW PN SH SQ ST UC UI UN UR UT ds xs",
		 VALUE_TEXT},
	};

	for (size_t i = 0; i < COUNT(cases); i++)
		for (const char *vr = cases[i].vrs; *vr; vr += vr[2] ? 3 : 2) {
			char text[3] = {vr[0], vr[1]};

			assert_int_equal(value_kind(text), cases[i].kind);
		}
	assert_int_equal(value_kind(""), VALUE_TEXT);
	assert_int_equal(value_kind("D"), VALUE_TEXT);
	assert_int_equal(value_kind("DSS"), VALUE_TEXT);
}

static void test_numbers(void **state)
{
	static const struct value values[] = {
		{"0", 0},
		{"-0", 0},
		{"1", 1},
		{"+1", 1},
		{"-17", -17},
		{"007", 7},
		{"1.5", 1.5},
		{".5", .5},
		{"5.", 5},
		{"-.5", -.5},
		{"+5.", 5},
		{"1e3", 1000},
		{"1E+3", 1000},
		{"1.5e-1", .15},
		{"0.1", 0.1},
		{"2147483647", 2147483647},
		{"1e-400", 0},
		{"1e308", 1e308},
		{"-2147483648", -2147483648.},
		{"18446744073709551615", 18446744073709551615.},
		{"-1.7976931348623157e+308", -1.7976931348623157e+308},
		{"0000000000000000000000000000000000000000000000000000000000000001", 1},
	};
	static const char *const none[] = {
		"",
		" ",
		"1 ",
		" 1",
		"+",
		"-",
		".",
		"-.",
		"e5",
		"1e",
		"1e+",
		"1e5.",
		"1e5e5",
		"++1",
		"+-1",
		"1-",
		"1.2.3",
		"1,5",
		"0x10",
		"0x",
		"inf",
		"-inf",
		"infinity",
		"nan",
		"NAN(1)",
		"1e309",
		"-1e309",
		"1e99999999999",
		"1f",
		"1d3",
		"1\\2",
		"1_000",
		"\t1",
		"1\n",
		"00000000000000000000000000000000000000000000000000000000000000001",
	};
	double n;

	check_values(VALUE_NUMBER, values, COUNT(values));
	check_none(VALUE_NUMBER, none, COUNT(none));
	check_no_bound(VALUE_NUMBER, none, COUNT(none));
	assert_false(value_number(VALUE_NUMBER, slice_of(NULL, 0), &n));
	assert_false(value_number(VALUE_NUMBER, sample("'1' 00"), &n));
	assert_false(value_number(VALUE_NUMBER, sample("'1' 00 '2'"), &n));
}

static void test_text_has_no_order(void **state)
{
	double n;

	assert_false(value_number(VALUE_TEXT, slice_str("1"), &n));
	assert_false(value_bound(VALUE_TEXT, "1", false, &n));
}

static void test_dates(void **state)
{
	static const struct value values[] = {
		{"19700101", D1970},      {"1970-01-01", D1970},
		{"1970.01.01", D1970},    {"19691231", -1},
		{"20000101", D2000},      {"20000229", D2000 + 59},
		{"20200229", D2020 + 59}, {"20201231", D2021 - 1},
		{"2021-01-01", D2021},    {"19000228", -25509},
		{"19000301", -25508},     {"00010101", -719162},
		{"99991231", 2932896},    {"2020.12.31", D2021 - 1},
	};
	static const char *const none[] = {
		"",
		"20200",
		"2020010",
		"202001011",
		"20201301",
		"20200001",
		"20200100",
		"20200132",
		"20200230",
		"20210229",
		"19000229",
		"20200431",
		"00000101",
		"00000000",
		"2020-01.01",
		"2020-0101",
		"202001-01",
		"2020-1-1",
		"2020/01/01",
		"2020--01-01",
		"2020-01-01-",
		"-2020-01-01",
		"20200101 ",
		" 20200101",
		"2020010A",
		"20200101-20200131",
		"2020-01-01T10:00",
		"20200101Z",
		"20200101+0100",
		"01.02.2020",
	};
	static const char *const periods[] = {"2020", "202001", "2020-01"};
	static const char *const no_bounds[] = {
		"202",    "20201", "2020-",      "2020-1",           "2020-13", "202013",
		"202000", "0000",  "2020-02-30", "2020-01-01T10:00", ">2020",   "2020 "};
	static const struct bound bounds[] = {
		{"2020", D2020, D2021 - 1},          {"202002", D2020 + 31, D2020 + 59},
		{"2020-02", D2020 + 31, D2020 + 59}, {"2021-02", D2021 + 31, D2021 + 58},
		{"2020-12", D2021 - 31, D2021 - 1},  {"2020-12-31", D2021 - 1, D2021 - 1},
		{"20200101", D2020, D2020},          {"9999", 2932532, 2932896},
	};

	check_values(VALUE_DATE, values, COUNT(values));
	check_none(VALUE_DATE, none, COUNT(none));
	check_none(VALUE_DATE, periods, COUNT(periods));
	check_bounds(VALUE_DATE, bounds, COUNT(bounds));
	check_no_bound(VALUE_DATE, no_bounds, COUNT(no_bounds));
	assert_false(value_number(VALUE_DATE, sample("'2020010' 00"), &(double){0}));
}

/* No day is left out and none is there twice. */
static void test_every_day(void **state)
{
	double expected = -25567; /* 1900-01-01 */

	for (int year = 1900; year < 2101; year++)
		for (int month = 1; month <= 12; month++)
			for (int day = 1; day <= 31; day++) {
				bool leap = year % 4 == 0 &&
					    (year % 100 != 0 || year % 400 == 0);
				int days = month == 2 ? 28 + leap
					   : month == 4 || month == 6 || month == 9 ||
							   month == 11
						   ? 30
						   : 31;
				char text[32];
				double n;

				snprintf(text, sizeof(text), "%04d%02d%02d", year, month,
					 day);
				assert_int_equal(
					value_number(VALUE_DATE, slice_str(text), &n),
					day <= days);
				if (day <= days)
					assert_true(n == expected++);
			}
}

static void test_times(void **state)
{
	static const struct value values[] = {
		{"00", 0},
		{"23", 82800},
		{"0000", 0},
		{"1830", 66600},
		{"18:30", 66600},
		{"183015", 66615},
		{"18:30:15", 66615},
		{"183015.5", 66615.5},
		{"183015.123456", 66615.123456},
		{"18:30:15.25", 66615.25},
		{"235959.999999", 86399.999999},
		{"000000.000001", .000001},
		{"235960", 86399},
		{"235960.5", 86399.5},
		{"18:30:15.000000", 66615},
	};
	static const char *const none[] = {
		"",
		"1",
		"183",
		"18301",
		"1830155",
		"24",
		"2400",
		"1860",
		"183061",
		"18:3",
		"18:",
		"18:30:",
		"18:3015",
		"1830:15",
		"18::30",
		"183015.",
		"183015.1234567",
		"1830.5",
		"18.5",
		"183015,5",
		" 1830",
		"1830 ",
		"18-30",
		"18:30Z",
		"183015.5.5",
		"183015. 5",
		"+1830",
		"18:30 pm",
		"1000-1100",
		"-1",
	};
	static const struct bound bounds[] = {
		{"18", 64800, 68399.999999},
		{"00", 0, 3599.999999},
		{"23", 82800, 86399.999999},
		{"18:00", 64800, 64859.999999},
		{"1800", 64800, 64859.999999},
		{"18:00:00", 64800, 64800.999999},
		{"18:00:00.5", 64800.5, 64800.599999},
		{"18:00:00.000001", 64800.000001, 64800.000001},
	};

	check_values(VALUE_TIME, values, COUNT(values));
	check_none(VALUE_TIME, none, COUNT(none));
	check_no_bound(VALUE_TIME, none, COUNT(none));
	check_bounds(VALUE_TIME, bounds, COUNT(bounds));
}

static void test_ages(void **state)
{
	static const struct value values[] = {
		{"018Y", 6574.5},  {"18Y", 6574.5},  {"216M", 6574.5},
		{"001D", 1},       {"000D", 0},      {"004W", 28},
		{"001M", 30.4375}, {"001Y", 365.25}, {"999Y", 364884.75},
	};
	static const char *const none[] = {
		"",     "Y",    "018",  "18",   "0018Y", "18y", "18 Y",     " 18Y",
		"18Y ", "-18Y", "1.5Y", "18YY", "18X",   "Y18", "18 years",
	};
	static const struct bound bounds[] = {
		{"17Y", 6209.25, 6574.4375}, /* one who is 17, up to the last day */
		{"215M", 6544.0625, 6574.4375},
		{"30D", 30, 30.9375},
		{"0W", 0, 6.9375},
	};

	check_values(VALUE_AGE, values, COUNT(values));
	check_none(VALUE_AGE, none, COUNT(none));
	check_no_bound(VALUE_AGE, none, COUNT(none));
	check_bounds(VALUE_AGE, bounds, COUNT(bounds));
}

static void test_date_times(void **state)
{
	static const struct value values[] = {
		{"2020", T2020},
		{"202001", T2020},
		{"20200101", T2020},
		{"2020010100", T2020},
		{"202001010000", T2020},
		{"20200101000000", T2020},
		{"20200101000000.5", T2020 + .5},
		{"20200101000000.000001", (18262. * DAY * 1e6 + 1) / 1e6},
		{"20200101120000+0000", T2020 + 43200},
		{"20200101120000-0000", T2020 + 43200},
		{"20200101120000+0100", T2020 + 39600},
		{"20200101120000.25-0530", T2020 + 63000.25},
		{"2020+0100", T2020 - 3600},
		{"2020-0500", T2020 + 18000}, /* not May */
		{"2020-0505", T2020 + 18300},
		{"202001-0500", T2020 + 18000},
		{"20200101+1400", T2020 - 50400},
		{"20200101-1200", T2020 + 43200},
		{"2020-02", T2020 + 31 * DAY},
		{"2020-01-02", T2020 + DAY},
		{"2020-01-02-05:00", T2020 + DAY + 18000},
		{"2020-01-01T12", T2020 + 43200},
		{"2020-01-01T12:30", T2020 + 45000},
		{"2020-01-01 12:30", T2020 + 45000},
		{"2020-01-01T12:30:15", T2020 + 45015},
		{"2020-01-01T12:30:15.5", T2020 + 45015.5},
		{"2020-01-01T12:30Z", T2020 + 45000},
		{"2020-01-01T12:30:15Z", T2020 + 45015},
		{"2020-01-01T12:30+01:00", T2020 + 41400},
		{"2020-01-01T12:30:15.5-01:00", T2020 + 48615.5},
		{"2020-01-01T12:30+0100", T2020 + 41400},
		{"20200101T1230Z", T2020 + 45000},
		{"20161231235960Z", 1483228799},
		{"19691231235959Z", -1},
		{"00010101000000Z", -62135596800.},
		{"99991231235959Z", 253402300799.},
	};
	static const char *const none[] = {
		"",
		"202",
		"20201",
		"202013",
		"20200230",
		"2020010124",
		"202001010060",
		"2020010100006",
		"20200101000061",
		"20200101000000.",
		"20200101000000.1234567",
		"202001010000.5",
		"20200101120000+1401",
		"20200101120000-1201",
		"20200101120000+0060",
		"20200101+01",
		"20200101+100",
		"20200101+01000",
		"20200101+1:00",
		"2020-01-01T",
		"2020-01-01T1",
		"2020-01T12",
		"2020T12",
		"2020-01-0112:30",
		"2020-01-01TT12",
		"2020-01-01T12:",
		"2020-01-01T12:3",
		"2020-01-01t12:30",
		"2020.01.01",
		"2020-1-01",
		"Z",
		"+0100",
		"20200101ZZ",
		"20200101Z+0100",
		"20200101+0100Z",
		"20200101+0100+0100",
		" 2020",
		"2020 ",
		"2020-",
		"2020-01-01T12:30 Z",
		"0000",
		"-2020",
		"20200101-20200102",
	};

	set_zone("UTC0");
	check_values(VALUE_DATE_TIME, values, COUNT(values));
	check_none(VALUE_DATE_TIME, none, COUNT(none));
	check_no_bound(VALUE_DATE_TIME, none, COUNT(none));
}

static void test_date_time_bounds(void **state)
{
	static const struct bound bounds[] = {
		{"2020", T2020, 18628. * DAY - 1e-6},
		{"2020-02", T2020 + 31 * DAY, T2020 + 60 * DAY - 1e-6},
		{"2020-01-01", T2020, T2020 + DAY - 1e-6},
		{"2020-01-01T12", T2020 + 43200, T2020 + 46800 - 1e-6},
		{"2020-01-01T12:30", T2020 + 45000, T2020 + 45060 - 1e-6},
		{"2020-01-01T12:30:15", T2020 + 45015, T2020 + 45016 - 1e-6},
		{"2020-01-01T12:30:15.5", T2020 + 45015.5, T2020 + 45015.6 - 1e-6},
		{"2020-01-01+0100", T2020 - 3600, T2020 + DAY - 3600 - 1e-6},
	};
	static const char *const inside[] = {"20201231235959.999999", "20200101", "2020",
					     "20201231235960"};
	double upper, n;

	set_zone("UTC0");
	check_bounds(VALUE_DATE_TIME, bounds, COUNT(bounds));
	assert_true(value_bound(VALUE_DATE_TIME, "2020", true, &upper));
	for (size_t i = 0; i < COUNT(inside); i++) {
		assert_true(value_number(VALUE_DATE_TIME, slice_str(inside[i]), &n));
		assert_true(n <= upper);
	}
	assert_true(value_number(VALUE_DATE_TIME, slice_str("2021"), &n));
	assert_true(n > upper);
}

/* Central Europe goes forward at 2020-03-29 01:00 UTC, back at 2020-10-25 01:00 UTC. */
static const char berlin[] = "CET-1CEST,M3.5.0,M10.5.0/3";

static void test_local_time(void **state)
{
	static const struct value values[] = {
		{"2020", T2020 - 3600},
		{"202001011200", T2020 + 39600},
		{"202007011200", 1593597600},
		{"202007011200Z", 1593604800},
		{"202003290159", 1585443540},
		{"202003290230", 1585445400}, /* there is none: 03:30 */
		{"202003290300", 1585443600},
		{"202010250159", 1603583940},
		{"202010250230", 1603585800}, /* the first of two */
		{"202010250300", 1603591200},
		{"202010260000", 1603666800},
	};
	static const struct bound bounds[] = {
		{"2020-03-29", 1585436400, 1585436400 + 23 * 3600 - 1e-6},
		{"2020-10-25", 1603576800, 1603576800 + 25 * 3600 - 1e-6},
		{"2020-03", 1583017200, 1585692000 - 1e-6},
	};

	set_zone(berlin);
	check_bounds(VALUE_DATE_TIME, bounds, COUNT(bounds));
	for (int round = 0; round < 2; round++) { /* whatever was asked before */
		check_values(VALUE_DATE_TIME, values, COUNT(values));
		for (size_t i = COUNT(values); i-- > 0;)
			check_values(VALUE_DATE_TIME, values + i, 1);
	}
	/* dates and times have no zone */
	check_values(VALUE_DATE, &(struct value){"20200329", D2020 + 88}, 1);
	check_values(VALUE_TIME, &(struct value){"0230", 9000}, 1);
	set_zone("<-1130>11:30");
	check_values(VALUE_DATE_TIME, &(struct value){"2020", T2020 + 41400}, 1);
	set_zone("<+14>-14");
	check_values(VALUE_DATE_TIME, &(struct value){"2020", T2020 - 50400}, 1);
}

static void test_spans(void **state)
{
	static const struct {
		const char *text;
		int amount;
		char unit;
	} cases[] = {
		{"5 years", 5, 'Y'},  {"1 year", 1, 'Y'},
		{"1 month", 1, 'M'},  {"18 months", 18, 'M'},
		{"2 weeks", 2, 'W'},  {"1 week", 1, 'W'},
		{"30 days", 30, 'D'}, {"1 day", 1, 'D'},
		{"0 days", 0, 'D'},   {"12 hours", 12, 'h'},
		{"1 hour", 1, 'h'},   {"10 minutes", 10, 'm'},
		{"1 minute", 1, 'm'}, {"999999 minutes", 999999, 'm'},
	};
	static const char *const none[] = {
		"",
		"5",
		"5 ",
		"5 y",
		"years",
		" years",
		"5years",
		"5  years",
		" 5 years",
		"5 years ",
		"5 Years",
		"-5 years",
		"+5 years",
		"1.5 years",
		"5 decades",
		"5 yearss",
		"5 yea",
		"1000000 days",
		"99999999999999999999 days",
		"five years",
		"5Y",
		"5 years ago",
	};
	struct value_span span;

	for (size_t i = 0; i < COUNT(cases); i++) {
		if (!value_span_parse(cases[i].text, &span) ||
		    span.amount != cases[i].amount || span.unit != cases[i].unit)
			fail_msg("%s", cases[i].text);
	}
	for (size_t i = 0; i < COUNT(none); i++)
		if (value_span_parse(none[i], &span))
			fail_msg("\"%s\" was taken", none[i]);
}

/* <now> and <then> are local times. */
static void check_before(const char *now, const char *text, const char *then)
{
	struct value_span span;
	double from, to, day, got;

	assert_true(value_number(VALUE_DATE_TIME, slice_str(now), &from));
	assert_true(value_number(VALUE_DATE_TIME, slice_str(then), &to));
	assert_true(value_number(VALUE_DATE, slice_head(slice_str(then), 8), &day));
	assert_true(value_span_parse(text, &span));
	got = value_before(VALUE_DATE_TIME, span, (int64_t)from);
	if (got != to)
		fail_msg("%s before %s: %.17g, expected %s, %.17g", text, now, got, then,
			 to);
	got = value_before(VALUE_DATE, span, (int64_t)from);
	if (got != day)
		fail_msg("%s before %s: day %.17g, expected %.17g", text, now, got, day);
}

static void test_before(void **state)
{
	static const struct {
		const char *now, *span, *then;
	} cases[] = {
		{"20200229120000", "1 year", "20190228120000"},
		{"20200229120000", "4 years", "20160229120000"},
		{"20200229120000", "120 years", "19000228120000"},
		{"20210228120000", "1 year", "20200228120000"},
		{"20200331120000", "1 month", "20200229120000"},
		{"20210331120000", "1 month", "20210228120000"},
		{"20200531120000", "1 month", "20200430120000"},
		{"20200115120000", "1 month", "20191215120000"},
		{"20200131120000", "14 months", "20181130120000"},
		{"20200131120000", "12 months", "20190131120000"},
		{"20200301120000", "1 day", "20200229120000"},
		{"20200301120000", "0 days", "20200301120000"},
		{"20200101120000", "2 weeks", "20191218120000"},
		{"20200101003000", "1 hour", "20191231233000"},
		{"20200101003000", "31 minutes", "20191231235900"},
		{"20200101000000", "50 years", "19700101000000"},
		{"20200101000000", "60 years", "19600101000000"},
		{"20200101010203", "2019 years", "00010101010203"},
		{"20200101000000", "99999 days", "17460319000000"},
	};

	for (size_t zone = 0; zone < 2; zone++) {
		set_zone(zone ? berlin : "UTC0");
		for (size_t i = 0; i < COUNT(cases); i++)
			check_before(cases[i].now, cases[i].span, cases[i].then);
	}
	/* the time of day stays, over a change of the clock too; hours are hours */
	check_before("20200329120000", "1 day", "20200328120000");
	check_before("20200329120000", "24 hours", "20200328110000");
	check_before("20201025120000", "1 day", "20201024120000");
	check_before("20201025120000", "24 hours", "20201024130000");
	check_before("20201025001500", "1 week", "20201018001500");
	/* the local day, not that of UTC */
	set_zone("<+14>-14");
	check_before("20200101003000", "0 days", "20200101003000");
	check_before("20200101003000", "1 hour", "20191231233000");
	set_zone("<-12>12");
	check_before("20191231233000", "1 year", "20181231233000");
}

/* Amounts at their end neither overflow nor fail. */
static void test_long_ago(void **state)
{
	static const char units[] = "YMWDhm";

	set_zone(berlin);
	for (size_t i = 0; i < sizeof(units) - 1; i++) {
		struct value_span span = {999999, units[i]};
		double day = value_before(VALUE_DATE, span, 1577880000);
		double moment = value_before(VALUE_DATE_TIME, span, 1577880000);

		assert_true(moment < 1577880000);
		assert_true(day < D2020);
		assert_true(moment >= (day - 1) * DAY && moment < (day + 1) * DAY);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_text_has_no_order),
		cmocka_unit_test(test_dates),
		cmocka_unit_test(test_every_day),
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_ages),
		cmocka_unit_test(test_date_times),
		cmocka_unit_test(test_date_time_bounds),
		cmocka_unit_test(test_local_time),
		cmocka_unit_test(test_spans),
		cmocka_unit_test(test_before),
		cmocka_unit_test(test_long_ago),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
