/* SPDX-License-Identifier: MIT */
/* PS3.5 section 6.2: DA, DT, TM, those of ACR-NEMA too; ISO 8601, extended format */
#include "dicom/datetime.h"

static bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

/* Step over the next byte if it is one of <list>. */
static bool skip(struct reader *r, const char *list)
{
	return byte_is_one_of(reader_peek(r), list) && reader_u8(r) != 0;
}

static bool read_digits(struct reader *r, int count, int *number)
{
	for (*number = 0; count > 0 && is_digit(reader_peek(r)); count--)
		*number = *number * 10 + reader_u8(r) - '0';
	return count == 0;
}

/* Fields from s->end up to <end>: always with the same one of <separators> between them,
 * or always with none.
 */
static bool read_fields(struct reader *r, struct datetime *s, int end,
			const char *separators)
{
	int first = s->end;
	char separator[2] = "";

	for (;;) {
		if (!read_digits(r, s->end == DATETIME_YEAR ? 4 : 2, &s->field[s->end]))
			return false;
		s->end++;
		if (s->end == first + 1 && byte_is_one_of(reader_peek(r), separators))
			separator[0] = (char)reader_peek(r);
		if (s->end == end)
			return true;
		if (separator[0] ? !skip(r, separator) : !is_digit(reader_peek(r)))
			return true;
	}
}

static bool read_fraction(struct reader *r, struct datetime *s)
{
	if (s->end < DATETIME_FIELDS || !skip(r, "."))
		return true;
	while (s->step > 1 && is_digit(reader_peek(r))) {
		s->step /= 10;
		s->fraction += s->step * (reader_u8(r) - '0');
	}
	return s->step < DATETIME_MICROS;
}

/* UTC offset at the end of <text>, which then ends before it: +0100, +01:00 or Z.
 * False if it is beyond PS3.5's -1200 to +1400.
 */
static bool cut_offset(struct slice *text, struct datetime *s)
{
	for (size_t len = 5; len <= 6 && len <= text->len; len++) {
		struct slice tail = {text->ptr + text->len - len, len};
		struct reader r = reader_of(tail, false);
		int sign = reader_peek(&r) == '-' ? -1 : 1, hours, minutes;

		if (!skip(&r, "+-") || !read_digits(&r, 2, &hours) ||
		    skip(&r, ":") != (len == 6) || !read_digits(&r, 2, &minutes))
			continue;
		text->len -= len;
		s->has_offset = true;
		s->offset = sign * (hours * 60 + minutes) * 60;
		return minutes < 60 && s->offset >= -12 * 3600 && s->offset <= 14 * 3600;
	}
	if (text->len > 0 && text->ptr[text->len - 1] == 'Z') {
		text->len--;
		s->has_offset = true;
	}
	return true;
}

static bool is_day(const struct datetime *s)
{
	static const int days[] = {0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	int year = s->field[DATETIME_YEAR], month = s->field[DATETIME_MONTH];
	bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

	return year >= 1 && month >= 1 && month <= 12 && s->field[DATETIME_DAY] >= 1 &&
	       s->field[DATETIME_DAY] <= days[month] + (leap && month == 2);
}

static bool is_time(struct datetime *s)
{
	if (s->field[DATETIME_HOUR] > 23 || s->field[DATETIME_MINUTE] > 59 ||
	    s->field[DATETIME_SECOND] > 60)
		return false;
	if (s->field[DATETIME_SECOND] == 60)
		s->field[DATETIME_SECOND] = 59;
	return true;
}

static void begin(struct datetime *s, int end)
{
	*s = (struct datetime){.field = {1, 1, 1}, .end = end, .step = DATETIME_MICROS};
}

bool datetime_date(struct slice text, struct datetime *s)
{
	struct reader r = reader_of(text, false);

	begin(s, DATETIME_YEAR);
	return read_fields(&r, s, DATETIME_HOUR, "-.") && reader_done(&r) && is_day(s);
}

bool datetime_time(struct slice text, struct datetime *s)
{
	struct reader r = reader_of(text, false);

	begin(s, DATETIME_HOUR);
	return read_fields(&r, s, DATETIME_FIELDS, ":") && read_fraction(&r, s) &&
	       reader_done(&r) && is_time(s);
}

/* What follows the date.  Between a date with separators and its time there is a T. */
static bool read_time_of_day(struct reader *r, struct datetime *s, bool separated)
{
	if (reader_done(r))
		return true;
	if (s->end < DATETIME_HOUR || (!skip(r, "T ") && separated))
		return false;
	return read_fields(r, s, DATETIME_FIELDS, ":") && read_fraction(r, s) &&
	       reader_done(r);
}

bool datetime_parse(struct slice text, struct datetime *s)
{
	enum { COMPACT = 8 };
	struct reader r;

	begin(s, DATETIME_YEAR);
	if (!cut_offset(&text, s))
		return false;
	r = reader_of(text, false);
	return read_fields(&r, s, DATETIME_HOUR, "-") &&
	       read_time_of_day(&r, s, text.len - reader_left(&r) > COMPACT) &&
	       is_day(s) && is_time(s);
}
