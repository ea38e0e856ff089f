/* SPDX-License-Identifier: MIT */
/* quoted.h - JSON that can be read in a C string: ' stands for ". */
#ifndef QUOTED_H
#define QUOTED_H

#include <stdlib.h>
#include <string.h>

/* <text> with " for '; it lives until a few others have come. */
static inline const char *quoted(const char *text)
{
	enum { QUOTED_TEXTS = 4, QUOTED_SIZE = 128 * 1024 };
	static char bytes[QUOTED_TEXTS][QUOTED_SIZE];
	static unsigned turn;
	char *copy = bytes[turn++ % QUOTED_TEXTS];

	if (strlen(text) >= QUOTED_SIZE)
		abort();
	strcpy(copy, text);
	for (char *c = copy; (c = strchr(c, '\''));)
		*c = '"';
	return copy;
}

#endif
