/* SPDX-License-Identifier: MIT */
/* datetime.h - the text of a date or time, taken apart (PS3.5 section 6.2; ISO 8601). */
#ifndef DICOM_DATETIME_H
#define DICOM_DATETIME_H

#include "base/bytes.h"

enum {
	DATETIME_YEAR,
	DATETIME_MONTH,
	DATETIME_DAY,
	DATETIME_HOUR,
	DATETIME_MINUTE,
	DATETIME_SECOND,
	DATETIME_FIELDS
};

enum { DATETIME_MICROS = 1000000 }; /* in a second; no text says more exactly */

struct datetime {
	int field[DATETIME_FIELDS]; /* a field that the text lacks has its least value */
	int end; /* number of the field after the last one that the text has */
	int64_t fraction, step; /* of a second, in microseconds; of its last digit */
	bool has_offset;
	int offset; /* seconds east of UTC */
};

/* These return false if <text> has another form, or is no day of the calendar (from year
 * 1 on) or no time of a day.  A leap second is read as the second before it.
 */

/* YYYY[MM[DD]], YYYY-MM[-DD], YYYY.MM[.DD] */
bool datetime_date(struct slice text, struct datetime *s) MUST_CHECK;

/* HH[MM[SS[.F]]], HH:MM[:SS[.F]]; F has up to six digits. */
bool datetime_time(struct slice text, struct datetime *s) MUST_CHECK;

/* A date without points; if it is whole, perhaps a time behind it, with T or a space
 * between them, which may be missing in YYYYMMDD; perhaps +ZZXX, +ZZ:XX or Z.
 */
bool datetime_parse(struct slice text, struct datetime *s) MUST_CHECK;

#endif
