/* SPDX-License-Identifier: MIT */
/* agent.h - what one agent exports over HTTP, now and a moment before. */
#ifndef TOP_AGENT_H
#define TOP_AGENT_H

#include <jansson.h>

#include "net/http_get.h"
#include "top/series.h"

struct top_agent {
	const char *address;       /* HOST:PORT of its metrics */
	struct series now, before; /* empty if it has not answered */
	json_t *decisions;         /* the last ones (history/replay.h); may be NULL */
	int64_t asked;             /* ms, of clock_monotonic_ms() */
	double seconds;            /* between now and before */
	char why[HTTP_ERROR];      /* why it does not answer; "" if it does */
};

/* Ask it again, within <ms>: <now> becomes <before>.  If it does not answer, a->why says
 * so.
 */
void top_agent_ask(struct top_agent *a, unsigned ms);

void top_agent_close(struct top_agent *a);

#endif
