/* SPDX-License-Identifier: MIT */
/* Damerau's and Levenshtein's distance, in which no letter is changed twice ("optimal
 * string alignment"), with weights.
 */
#include "base/suggest.h"

#include <stdio.h>

enum {
	LONGEST = 64, /* bytes of a word */
	LETTER = 4,   /* the distance of a wrong letter */
	CASE = 1 /* of a letter in the other case: small, so that a word in capitals is
		    found */
};

static uint8_t lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c;
}

static unsigned change(uint8_t a, uint8_t b)
{
	if (a == b)
		return 0;
	return lower(a) == lower(b) ? CASE : LETTER;
}

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

static unsigned distance(struct slice a, struct slice b)
{
	/* the row of the matrix that is filled, and the two above it */
	unsigned rows[3][LONGEST + 1], *row = rows[0], *above = rows[1], *top = rows[2];

	for (size_t j = 0; j <= b.len; j++)
		row[j] = (unsigned)j * LETTER;
	for (size_t i = 1; i <= a.len; i++) {
		unsigned *free_row = top;

		top = above;
		above = row;
		row = free_row;
		row[0] = (unsigned)i * LETTER;
		for (size_t j = 1; j <= b.len; j++) {
			uint8_t x = a.ptr[i - 1], y = b.ptr[j - 1];

			row[j] = least(above[j], row[j - 1]) + LETTER;
			row[j] = least(row[j], above[j - 1] + change(x, y));
			if (i > 1 && j > 1 && x == b.ptr[j - 2] && y == a.ptr[i - 2])
				row[j] = least(row[j], top[j - 2] + LETTER);
		}
	}
	return row[b.len];
}

void suggest_begin(struct suggest *n, const char *word)
{
	struct slice s = slice_str(word);
	size_t third = s.len / 3 * LETTER, half = s.len * LETTER / 2;
	size_t most = third > 2 * LETTER ? third : 2 * LETTER;

	*n = (struct suggest){.word = s};
	if (s.len <= LONGEST)
		n->distance = (unsigned)(half < most ? half : most) + 1;
}

void suggest_offer(struct suggest *n, const char *candidate)
{
	struct slice c = slice_str(candidate);
	size_t longer = c.len > n->word.len ? c.len - n->word.len : n->word.len - c.len;
	unsigned d;

	if (c.len > LONGEST || longer * LETTER >= n->distance)
		return;
	d = distance(n->word, c);
	if (d < n->distance) {
		n->best = candidate;
		n->distance = d;
	}
}

const char *suggest_phrase(struct suggest *n)
{
	n->phrase[0] = '\0';
	if (n->best)
		snprintf(n->phrase, sizeof(n->phrase), ", did you mean \"%s\"?", n->best);
	return n->phrase;
}
