/* SPDX-License-Identifier: MIT */
/* unicode.h - normalization and case folding, so that equal texts have equal bytes
 * (UAX #15, Unicode section 3.13).
 */
#ifndef BASE_UNICODE_H
#define BASE_UNICODE_H

#include "base/bytes.h"

enum { UNICODE_POINTS = 16384 }; /* code points of one decomposed text at most */

/* Working memory of one thread, owned by the caller; it needs no initialisation. */
struct unicode_scratch {
	int32_t points[UNICODE_POINTS];
	int32_t others[UNICODE_POINTS];
};

/* The length in bytes of the first character of <text>; 0 if it is empty or not UTF-8. */
size_t unicode_sequence(struct slice text);

/* Append <text> to <out> in Normalization Form C.  Each byte that is not
 * UTF-8 becomes U+FFFD.  Three times the bytes of <text> are always enough room, and
 * ASCII needs no more than its own bytes and no scratch.  False if it does not fit into
 * <out> or the scratch; then nothing is appended, and <out> has not failed.
 */
bool unicode_normalize(struct unicode_scratch *s, struct slice text,
		       struct writer *out) MUST_CHECK;

/* Like unicode_normalize(), and texts that differ only in case become equal: canonical
 * caseless matching (Unicode section 3.13, D145) by full case folding.  The locale does
 * not matter, so that I is i; ASCII that is no letter stays what it is.
 */
bool unicode_fold(struct unicode_scratch *s, struct slice text,
		  struct writer *out) MUST_CHECK;

#endif
