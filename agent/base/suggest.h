/* SPDX-License-Identifier: MIT */
/* suggest.h - the known word that a mistyped one was meant to be. */
#ifndef BASE_SUGGEST_H
#define BASE_SUGGEST_H

#include "base/bytes.h"

/* To be used from suggest_begin() on. */
struct suggest {
	struct slice word;
	const char *best;  /* of what was offered; NULL if nothing is near enough */
	unsigned distance; /* its, in quarters of a letter; others must be nearer */
	char phrase[96];
};

/* Look for what is most like <word>, which stays the caller's and must last. */
void suggest_begin(struct suggest *n, const char *word);

/* <candidate> must last as long as <n> is used.  Of equals the first stays.  The best is
 * the one that takes the fewest letters changed, added, left out or swapped with their
 * neighbours; another case counts a quarter.  To be near enough at most a third of the
 * word may be wrong, or two letters if that is more, and never more than half of it.  A
 * word of more than 64 bytes has no best.
 */
void suggest_offer(struct suggest *n, const char *candidate);

/* For a message: ', did you mean "BEST"?', or "" without one. */
const char *suggest_phrase(struct suggest *n);

#endif
