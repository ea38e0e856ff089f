/* SPDX-License-Identifier: MIT */
/* stamp.h - the text of a date or time, taken apart (PS3.5 section 6.2; ISO 8601). */
#ifndef STAMP_H
#define STAMP_H

#include "cursor.h"

enum {
	STAMP_YEAR,
	STAMP_MONTH,
	STAMP_DAY,
	STAMP_HOUR,
	STAMP_MINUTE,
	STAMP_SECOND,
	STAMP_FIELDS
};

enum { STAMP_MICROS = 1000000 }; /* in a second; no text says more exactly */

struct stamp {
	int field[STAMP_FIELDS]; /* what the text leaves out is the first there is */
	int end;                 /* behind the last field that the text has */
	int64_t fraction, step;  /* of a second, in microseconds; of its last digit */
	bool has_offset;
	int offset; /* seconds east of UTC */
};

/* Each is false if <text> is something else or names no day in the calendar (from year
 * 1) or no time of a day.  A leap second is the one before it.
 */

/* YYYY[MM[DD]], YYYY-MM[-DD], YYYY.MM[.DD] */
bool stamp_date(struct slice text, struct stamp *s) MUST_CHECK;

/* HH[MM[SS[.F]]], HH:MM[:SS[.F]]; F has up to six digits. */
bool stamp_time(struct slice text, struct stamp *s) MUST_CHECK;

/* A date without points; if it is whole, perhaps a time behind it, with T or a space
 * between them, which may be missing in YYYYMMDD; perhaps +ZZXX, +ZZ:XX or Z.
 */
bool stamp_date_time(struct slice text, struct stamp *s) MUST_CHECK;

#endif
