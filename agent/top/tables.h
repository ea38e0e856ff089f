/* SPDX-License-Identifier: MIT */
/* tables.h - what agents do at the moment, as tables. */
#ifndef TOP_TABLES_H
#define TOP_TABLES_H

#include <stdio.h>

#include "top/agent.h"

struct top {
	struct top_agent *agents;
	size_t n;
	size_t most; /* rules that are shown, of those that have decided most; 0: all */
};

/* Print all of it.  False if there is no memory. */
bool top_text_print(FILE *out, const struct top *t) MUST_CHECK;

#endif
