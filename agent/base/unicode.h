/* SPDX-License-Identifier: MIT */
/* unicode.h - texts that a reader takes for the same get the same bytes (UAX #15,
 * Unicode section 3.13).
 */
#ifndef BASE_UNICODE_H
#define BASE_UNICODE_H

#include "base/bytes.h"

enum { UNICODE_POINTS = 16384 }; /* code points of one decomposed text at most */

/* Of one thread, owned by the caller; nothing in it needs to be set. */
struct unicode_scratch {
	int32_t points[UNICODE_POINTS];
	int32_t others[UNICODE_POINTS];
};

/* Bytes of the character at the head of <text>; 0 if it is empty or not UTF-8. */
size_t unicode_sequence(struct slice text);

/* Append <text> to <out> in Normalization Form C.  It is UTF-8; each byte that is not
 * becomes U+FFFD.  Three times the bytes of <text> are always room enough, and text in
 * ASCII is bounded by <out> alone.  False if it does not fit into <out> or the scratch;
 * then nothing is appended, and <out> can take something else.
 */
bool unicode_normalize(struct unicode_scratch *s, struct slice text,
		       struct writer *out) MUST_CHECK;

/* The same, and texts that differ in case only become equal: canonical caseless matching
 * (Unicode section 3.13, D145) by full case folding.  The locale does not matter, so
 * that I is i; ASCII that is no letter stays what it is.
 */
bool unicode_fold(struct unicode_scratch *s, struct slice text,
		  struct writer *out) MUST_CHECK;

#endif
