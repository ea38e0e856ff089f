/* SPDX-License-Identifier: MIT */
/* suggest.h - the known word that is nearest to a mistyped one, for "did you mean ...?".
 */
#ifndef BASE_SUGGEST_H
#define BASE_SUGGEST_H

#include "base/bytes.h"

/* Initialised by suggest_begin(). */
struct suggest {
	struct slice word;
	const char *best;  /* the nearest candidate; NULL if none is near enough */
	unsigned distance; /* of <best>, in quarters of a letter; a later candidate must
			    * be nearer */
	char phrase[96];   /* what suggest_phrase() returns */
};

/* Begin to look for the candidate that is nearest to <word>, which is borrowed until the
 * last call.
 */
void suggest_begin(struct suggest *n, const char *word);

/* Compare one candidate, which is borrowed as long as <n> is used.  The distance is the
 * number of letters to change, insert, delete or swap with a neighbour
 * (Damerau-Levenshtein); a change of case counts a quarter.  Of equal candidates the
 * first one stays.  It is near enough if at most a third of the word is wrong, or two
 * letters if that is more, and never more than half of it.  Nothing is near a word of
 * more than 64 bytes.
 */
void suggest_offer(struct suggest *n, const char *candidate);

/* For the end of a message: ', did you mean "BEST"?', or "" if nothing is near enough.
 * Good until the next call.
 */
const char *suggest_phrase(struct suggest *n);

#endif
