/* SPDX-License-Identifier: MIT */
/* regex.h - regular expressions (PCRE2's) with a bound on their work, whatever the text.
 */
#ifndef BASE_REGEX_H
#define BASE_REGEX_H

#include "base/bytes.h"

struct regex;         /* compiled, immutable, shared by threads */
struct regex_scratch; /* what one thread needs to match */

struct regex_error {
	char text[128];
	size_t offset; /* bytes into the pattern */
};

enum regex_result {
	REGEX_NO,
	REGEX_YES,
	REGEX_TOO_HARD /* gave up at the bound: whether it matches is not known */
};

/* Compile <pattern>, UTF-8.  It matches anywhere in a text, unless it has ^ or $; $ is
 * the very end.  Classes like \w know the letters of all scripts, <ignore_case> all
 * simple case pairs. \X, \C and script runs are refused: their work cannot be counted.
 * Owned by the caller; NULL with <error> set if the pattern is not valid or there is no
 * memory.
 */
struct regex *regex_new(const char *pattern, bool ignore_case, struct regex_error *error);
void regex_free(struct regex *regex);

/* About a megabyte, owned by the caller; NULL if there is no memory. */
struct regex_scratch *regex_scratch_new(void);
void regex_scratch_free(struct regex_scratch *scratch);

/* Search <text>.  One that is no UTF-8 does not match.  Allocates nothing, and ends in a
 * few milliseconds.
 */
enum regex_result regex_match(const struct regex *regex, struct regex_scratch *scratch,
			      struct slice text);

#endif
