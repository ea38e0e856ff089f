/* SPDX-License-Identifier: MIT */
/* sample.h - byte samples as annotated text.
 *
 *	20 01 0A        bytes in hexadecimal
 *	00*32           the byte before the star, 32 times in all
 *	'1.2.840'       ASCII; \ is itself
 *	[ ... ]         16-bit big-endian length of what is between, and that
 *	{ ... }         the same with 32 bits
 *	< ... >         32-bit little-endian length of what is between, and that
 */
#ifndef SAMPLE_H
#define SAMPLE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"

static inline unsigned sample_digit(char c)
{
	const char *digits = "0123456789ABCDEF", *at = strchr(digits, c);

	if (!at || c == '\0') {
		fprintf(stderr, "sample: unexpected '%c'\n", c);
		abort();
	}
	return (unsigned)(at - digits);
}

static inline void sample_close(struct writer *w, size_t at, char bracket)
{
	if (bracket == ']')
		writer_patch_be16(w, at);
	else if (bracket == '}')
		writer_patch_be32(w, at);
	for (size_t i = 0; bracket == '>' && i < 4; i++)
		w->buf[at + i] = (uint8_t)((w->len - at - 4) >> (8 * i));
}

/* Append the sample to <w>. */
static inline void sample_write(struct writer *w, const char *s)
{
	size_t open[16], depth = 0;

	for (; *s; s++) {
		if (*s == '\'') {
			while (*++s != '\'')
				writer_u8(w, (uint8_t)*s);
		} else if (strchr("[{<", *s)) {
			open[depth++] = w->len;
			writer_be16(w, 0);
			if (*s != '[')
				writer_be16(w, 0);
		} else if (strchr("]}>", *s)) {
			sample_close(w, open[--depth], *s);
		} else if (*s == '*') {
			char *end;
			unsigned long n = strtoul(s + 1, &end, 10);

			for (; n > 1; n--)
				writer_u8(w, w->buf[w->len - 1]);
			s = end - 1;
		} else if (*s != ' ') {
			writer_u8(w,
				  (uint8_t)(sample_digit(*s) << 4 | sample_digit(s[1])));
			s++;
		}
	}
	if (!writer_ok(w) || depth > 0)
		abort();
}

/* The bytes of a sample; they live until a few megabytes of others have come. */
static inline struct slice sample(const char *text)
{
	enum { SAMPLE_ARENA = 4 << 20, SAMPLE_MOST = 1 << 18 };
	static uint8_t arena[SAMPLE_ARENA];
	static size_t used;
	struct writer w;

	if (used > SAMPLE_ARENA - SAMPLE_MOST)
		used = 0;
	w = writer_of(arena + used, SAMPLE_MOST);
	sample_write(&w, text);
	used += w.len;
	return writer_slice(&w);
}

/* True if <s> holds exactly the text <text>. */
static inline int is_text(struct slice s, const char *text)
{
	return slice_equal(s, slice_str(text));
}

#endif
