/* SPDX-License-Identifier: MIT */
/* value.h - values that have an order, as numbers (PS3.5 section 6.2). */
#ifndef DICOM_VALUE_H
#define DICOM_VALUE_H

#include "base/bytes.h"

/* The unit in which a value is counted. */
enum value_kind {
	VALUE_TEXT,      /* it has no order */
	VALUE_NUMBER,    /* itself */
	VALUE_DATE,      /* days since 1970-01-01 */
	VALUE_TIME,      /* seconds since midnight */
	VALUE_DATE_TIME, /* seconds since 1970-01-01 00:00 UTC */
	VALUE_AGE        /* days; a month has 30.4375, a year 365.25 */
};

/* The kind of the values of a VR. */
enum value_kind value_kind(const char *vr);

/* The number that <text>, one value without padding, stands for:
 *	DS, IS	as in PS3.5, also with more digits than there
 *	DA	YYYYMMDD, YYYY-MM-DD, YYYY.MM.DD
 *	TM	HH[MM[SS[.F]]], HH:MM[:SS[.F]]
 *	DT	YYYY[MM[DD[HH[MM[SS[.F]]]]]][+-ZZXX], YYYY-MM-DDTHH:MM[:SS[.F]][+-ZZ:XX|Z]
 *	AS	nnnD, nnnW, nnnM, nnnY, also with fewer digits
 * What a text lacks has its least value: 2020 is 2020-01-01.  A date and time without
 * offset is in the local time of this process: the first of two, or as if the clock had
 * not yet been put forward.  A leap second is read as the second before it.  False if
 *<text> has none of these forms or is no day of the calendar; <number> is then unchanged.
 */
bool value_number(enum value_kind kind, struct slice text, double *number) MUST_CHECK;

/* The same for a bound that a person wrote; YYYYMM, YYYY-MM and YYYY are dates too.
 * A text names a period: 2020 a year, 18 an hour, 18:00 a minute, 5Y a year of age.  The
 * bound is its last moment if <upper>, else its first one.
 */
bool value_bound(enum value_kind kind, const char *text, bool upper,
		 double *number) MUST_CHECK;

struct value_span {
	int amount;
	char unit; /* Y, M, W, D as in AS; h, m: hours, minutes */
};

/* "5 years", "1 month", "2 weeks", "30 days", "12 hours", "10 minutes"; at most 999999.
 * False if <text> is none.
 */
bool value_span_parse(const char *text, struct value_span *span) MUST_CHECK;

/* The number, of kind DATE or DATE_TIME, of the moment that is <span> before <now>
 * (seconds since 1970-01-01 00:00 UTC).  Years to days go by the local calendar, so that
 * the time of day stays, and the last day of a month is there for one that it has not: a
 * year before 29 February is 28 February.  DATE is the local day of that moment.
 */
double value_before(enum value_kind kind, struct value_span span, int64_t now);

#endif
