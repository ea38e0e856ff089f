/* SPDX-License-Identifier: MIT */
/* PS3.5 section 6.2: AS, DA, DS, DT, IS, TM */
#include "dicom/value.h"

#include "dicom/datetime.h"

#include <stdlib.h>
#include <time.h>

enum {
	DAY_SECONDS = 24 * 60 * 60,
	SIXTEENTHS = 16,  /* of a day: months and years of age are whole ones */
	NUMBER_MOST = 64, /* bytes; DS has 16 */
	AGE_MOST = 4
};

/* From the first to the last, in the smallest units of its kind. */
struct period {
	int64_t first, last;
};

enum value_kind value_kind(const char *vr)
{
	static const struct {
		char vr[3];
		enum value_kind kind;
	} kinds[] = {
		{"DS", VALUE_NUMBER},    {"IS", VALUE_NUMBER}, {"US", VALUE_NUMBER},
		{"SS", VALUE_NUMBER},    {"UL", VALUE_NUMBER}, {"SL", VALUE_NUMBER},
		{"UV", VALUE_NUMBER},    {"SV", VALUE_NUMBER}, {"FL", VALUE_NUMBER},
		{"FD", VALUE_NUMBER},    {"DA", VALUE_DATE},   {"TM", VALUE_TIME},
		{"DT", VALUE_DATE_TIME}, {"AS", VALUE_AGE},
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(vr, kinds[i].vr) == 0)
			return kinds[i].kind;
	return VALUE_TEXT;
}

static const char digits[] = "0123456789";

static const char *skip_sign(const char *text)
{
	return text + (*text == '+' || *text == '-');
}

/* The end of a DS, a fixed or floating point number, at <text>; NULL if there is none.
 * strtod would take hexadecimal, infinity and NaN too.
 */
static const char *decimal_end(const char *text)
{
	const char *p = skip_sign(text);
	size_t whole = strspn(p, digits), fraction = 0;

	p += whole;
	if (*p == '.') {
		fraction = strspn(p + 1, digits);
		p += 1 + fraction;
	}
	if (whole + fraction == 0)
		return NULL;
	if (*p == 'e' || *p == 'E') {
		p = skip_sign(p + 1);
		if (strspn(p, digits) == 0)
			return NULL;
		p += strspn(p, digits);
	}
	return p;
}

/* The decimal point is a point, since nothing calls setlocale. */
static bool read_number(struct slice text, double *number)
{
	char copy[NUMBER_MOST + 1];
	double n;

	if (text.len == 0 || text.len > NUMBER_MOST)
		return false;
	memcpy(copy, text.ptr, text.len);
	copy[text.len] = '\0';
	if (decimal_end(copy) != copy + text.len)
		return false;
	n = strtod(copy, NULL);
	if (n - n != 0) /* beyond the largest double */
		return false;
	*number = n;
	return true;
}

static bool read_age(struct slice text, struct period *p)
{
	static const char units[] = "DWMY";
	static const int sixteenths[] = {16, 112, 487, 5844};
	char copy[AGE_MOST + 1] = "";
	size_t amount_len;
	const char *unit;
	int64_t amount;

	if (text.len < 2 || text.len > AGE_MOST)
		return false;
	memcpy(copy, text.ptr, text.len);
	amount_len = strspn(copy, digits);
	unit = strchr(units, copy[text.len - 1]);
	if (amount_len != text.len - 1 || !unit || *unit == '\0')
		return false;
	amount = strtol(copy, NULL, 10);
	p->first = amount * sixteenths[unit - units];
	p->last = (amount + 1) * sixteenths[unit - units] - 1;
	return true;
}

static struct tm tm_of(const struct datetime *s)
{
	return (struct tm){
		.tm_year = s->field[DATETIME_YEAR] - 1900,
		.tm_mon = s->field[DATETIME_MONTH] - 1,
		.tm_mday = s->field[DATETIME_DAY],
		.tm_hour = s->field[DATETIME_HOUR],
		.tm_min = s->field[DATETIME_MINUTE],
		.tm_sec = s->field[DATETIME_SECOND],
	};
}

/* Microseconds that a time of which this much is there lasts. */
static int64_t duration(const struct datetime *s)
{
	if (s->end == DATETIME_FIELDS)
		return s->step;
	return (int64_t)DATETIME_MICROS * (s->end == DATETIME_MINUTE ? 3600 : 60);
}

static int64_t local_offset(int64_t moment)
{
	time_t at = (time_t)moment;
	struct tm tm = {0};

	localtime_r(&at, &tm);
	return tm.tm_gmtoff;
}

/* The moment at which clocks show what they show in UTC at <shown>.  mktime would answer
 * by what it was asked before where there are two.
 */
static int64_t from_local(int64_t shown)
{
	int64_t before = local_offset(shown - DAY_SECONDS);
	int64_t after = local_offset(shown + DAY_SECONDS);

	if (local_offset(shown - before) != before &&
	    local_offset(shown - after) == after)
		return shown - after;
	return shown - before;
}

static int64_t moment_of(const struct datetime *s)
{
	struct tm tm = tm_of(s);
	int64_t shown = timegm(&tm);

	return (s->has_offset ? shown - s->offset : from_local(shown)) * DATETIME_MICROS +
	       s->fraction;
}

static int64_t day_of(struct tm tm)
{
	tm.tm_hour = tm.tm_min = tm.tm_sec = 0;
	return timegm(&tm) / DAY_SECONDS;
}

static bool read_date(struct slice text, bool whole, struct period *p)
{
	struct datetime s;

	if (!datetime_date(text, &s) || (whole && s.end < DATETIME_HOUR))
		return false;
	p->first = day_of(tm_of(&s));
	s.field[s.end - 1]++;
	p->last = day_of(tm_of(&s)) - 1;
	return true;
}

static bool read_time(struct slice text, struct period *p)
{
	struct datetime s;
	int64_t seconds;

	if (!datetime_time(text, &s))
		return false;
	seconds = (s.field[DATETIME_HOUR] * 60 + s.field[DATETIME_MINUTE]) * 60 +
		  s.field[DATETIME_SECOND];
	p->first = seconds * DATETIME_MICROS + s.fraction;
	p->last = p->first + duration(&s) - 1;
	return true;
}

static bool read_date_time(struct slice text, struct period *p)
{
	struct datetime s;

	if (!datetime_parse(text, &s))
		return false;
	p->first = moment_of(&s);
	p->last = p->first + duration(&s) - 1;
	if (s.end <= DATETIME_HOUR) {
		s.field[s.end - 1]++;
		p->last = moment_of(&s) - 1;
	}
	return true;
}

static bool read_period(enum value_kind kind, struct slice text, bool whole,
			struct period *p, int *unit)
{
	switch (kind) {
	case VALUE_DATE:
		*unit = 1;
		return read_date(text, whole, p);
	case VALUE_TIME:
		*unit = DATETIME_MICROS;
		return read_time(text, p);
	case VALUE_DATE_TIME:
		*unit = DATETIME_MICROS;
		return read_date_time(text, p);
	case VALUE_AGE:
		*unit = SIXTEENTHS;
		return read_age(text, p);
	case VALUE_TEXT:
	case VALUE_NUMBER:
		break;
	}
	return false;
}

bool value_number(enum value_kind kind, struct slice text, double *number)
{
	struct period p;
	int unit;

	if (kind == VALUE_NUMBER)
		return read_number(text, number);
	if (!read_period(kind, text, true, &p, &unit))
		return false;
	*number = (double)p.first / unit;
	return true;
}

bool value_bound(enum value_kind kind, const char *text, bool upper, double *number)
{
	struct period p;
	int unit;

	if (kind == VALUE_NUMBER)
		return read_number(slice_str(text), number);
	if (!read_period(kind, slice_str(text), false, &p, &unit))
		return false;
	*number = (double)(upper ? p.last : p.first) / unit;
	return true;
}

bool value_span_parse(const char *text, struct value_span *span)
{
	static const struct {
		const char *one, *many;
		char unit;
	} units[] = {
		{"year", "years", 'Y'}, {"month", "months", 'M'},
		{"week", "weeks", 'W'}, {"day", "days", 'D'},
		{"hour", "hours", 'h'}, {"minute", "minutes", 'm'},
	};
	size_t len = strspn(text, digits);
	const char *word = text + len + 1;

	if (len == 0 || len > 6 || text[len] != ' ')
		return false;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (strcmp(word, units[i].one) == 0 || strcmp(word, units[i].many) == 0) {
			span->amount = atoi(text);
			span->unit = units[i].unit;
			return true;
		}
	return false;
}

/* The same day of an earlier month, or the last one that it has. */
static void go_back_months(struct tm *tm, int months)
{
	int day = tm->tm_mday;

	tm->tm_mon += 1 - months;
	tm->tm_mday = 0;
	timegm(tm);
	if (day < tm->tm_mday)
		tm->tm_mday = day;
}

/* Seconds of an hour or a minute; 0 of what the calendar makes longer or shorter. */
static int clock_seconds(char unit)
{
	return unit == 'h' ? 3600 : unit == 'm' ? 60 : 0;
}

double value_before(enum value_kind kind, struct value_span span, int64_t now)
{
	int64_t moment = now - (int64_t)span.amount * clock_seconds(span.unit);
	time_t at = (time_t)moment;
	struct tm tm = {0};

	localtime_r(&at, &tm);
	if (span.unit == 'Y' || span.unit == 'M')
		go_back_months(&tm, span.amount * (span.unit == 'Y' ? 12 : 1));
	else if (span.unit == 'W' || span.unit == 'D')
		tm.tm_mday -= span.amount * (span.unit == 'W' ? 7 : 1);
	if (kind == VALUE_DATE)
		return (double)day_of(tm);
	return (double)(clock_seconds(span.unit) ? moment : from_local(timegm(&tm)));
}
