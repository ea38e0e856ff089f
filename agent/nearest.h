/* SPDX-License-Identifier: MIT */
/* nearest.h - the known word that a mistyped one was meant to be. */
#ifndef NEAREST_H
#define NEAREST_H

#include "cursor.h"

/* To be used from nearest_begin() on. */
struct nearest {
	struct slice word;
	const char *best;  /* of what was offered; NULL if nothing is near enough */
	unsigned distance; /* its, in quarters of a letter; others must be nearer */
};

/* Look for what is most like <word>, which stays the caller's and must last. */
void nearest_begin(struct nearest *n, const char *word);

/* <candidate> must last as long as the result is used.  Of equals the first stays. */
void nearest_offer(struct nearest *n, const char *candidate);

/* The candidate that takes the fewest letters changed, added, left out or swapped with
 * their neighbours; another case counts a quarter.  NULL if none is near enough to be
 * meant: at most a third of the word may be wrong, or two letters if that is more, and
 * never more than half of it.  NULL for words of more than 64 bytes.
 */
const char *nearest_result(const struct nearest *n);

#endif
