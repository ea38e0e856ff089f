/* SPDX-License-Identifier: MIT */
/* Without recursion: only the last star is ever tried again, so that the time is at most
 * proportional to the product of both lengths.
 */
#include "base/wildcard.h"

/* Bytes of the UTF-8 character at the head of <s>, at least 1. */
static size_t character(struct slice s)
{
	size_t n = 1;

	while (n < s.len && (s.ptr[n] & 0xC0) == 0x80)
		n++;
	return n;
}

bool wildcard_matches(const char *pattern, struct slice text)
{
	const char *star = NULL;
	struct slice retry = {0};

	for (;;) {
		if (*pattern == '*') {
			star = ++pattern;
			retry = text;
			continue;
		}
		if (text.len == 0)
			return *pattern == '\0';
		if (*pattern != '\0' &&
		    (*pattern == '?' || (uint8_t)*pattern == text.ptr[0])) {
			size_t n = *pattern == '?' ? character(text) : 1;

			text = slice_of(text.ptr + n, text.len - n);
			pattern++;
			continue;
		}
		if (!star)
			return false;
		/* let the last star take one character more */
		size_t n = character(retry);

		text = retry = slice_of(retry.ptr + n, retry.len - n);
		pattern = star;
	}
}
