/* SPDX-License-Identifier: MIT */
#include "decide/cause.h"

#define CAUSE_ROW(id, name, words, told) {name, words, told},

static const struct {
	const char *name, *words;
	bool told;
} rows[CAUSE_COUNT] = {{"none", "as the policy says", false}, CAUSES(CAUSE_ROW)};

const char *cause_name(enum cause cause)
{
	return rows[cause].name;
}

const char *cause_words(enum cause cause)
{
	return rows[cause].words;
}

bool cause_is_told(enum cause cause)
{
	return rows[cause].told;
}
