/* SPDX-License-Identifier: MIT */
/* pseudonym.h - a name for a patient that tells nothing without the key, for the log.
 *
 * The first 80 bits of HMAC-SHA-256 (RFC 2104, FIPS 180-4) of the Patient ID, in hex.
 * Without a key everybody could try all IDs.  Who has key and log can: the key is as
 * confidential as the IDs are.
 */
#ifndef HISTORY_PSEUDONYM_H
#define HISTORY_PSEUDONYM_H

#include "base/unicode.h"

enum { PSEUDONYM_SIZE = 21, PSEUDONYM_KEY_MIN = 16, PSEUDONYM_KEY_MAX = 4096 };

struct pseudonym_key {
	size_t len; /* 0: none */
	uint8_t bytes[PSEUDONYM_KEY_MAX];
};

/* Read the key: a file of so many bytes that not everybody may read.  A newline at its
 * end is not part of it.  NULL, or why it cannot be used (static text, or strerror()'s).
 */
const char *pseudonym_read_key(const char *path, struct pseudonym_key *key);

/* The pseudonym of a Patient ID, UTF-8: padding and the form of its letters (UAX #15) do
 * not matter.  False if there is nothing but padding.
 */
bool pseudonym_of(const struct pseudonym_key *key, struct unicode_scratch *scratch,
		  struct slice patient_id, char name[PSEUDONYM_SIZE]) MUST_CHECK;

#endif
