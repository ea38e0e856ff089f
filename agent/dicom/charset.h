/* SPDX-License-Identifier: MIT */
/* charset.h - text of a data set as UTF-8 (PS3.5 section 6.1, PS3.3 C.12.1.1.2). */
#ifndef DICOM_CHARSET_H
#define DICOM_CHARSET_H

#include "base/bytes.h"

/* The converters of one thread, opened when they are first needed. */
struct charset;

/* Owned by the caller; NULL if there is no memory. */
struct charset *charset_new(void);
void charset_free(struct charset *cs);

/* Decode <raw>, a value in the repertoires that <specific>, the value of Specific
 * Character Set (0008,0005), names, with the escapes of ISO 2022 if there are any.
 * Each of <delimiters>, which stay, ends what escapes have set: backslash between
 * values, ^ and = in a person name, control characters in text (PS3.5 6.1.2.5.3).
 * What cannot be decoded becomes U+FFFD.  False if <out> is full.
 */
bool charset_decode(struct charset *cs, struct slice specific, const char *delimiters,
		    struct slice raw, struct writer *out) MUST_CHECK;

#endif
