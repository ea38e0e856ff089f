/* SPDX-License-Identifier: MIT */
/* histogram.h - how often a value was in which range.
 *
 * The ranges are fixed.  Any thread may observe at any time, at the price of two relaxed
 * atomic additions.
 */
#ifndef METRICS_HISTOGRAM_H
#define METRICS_HISTOGRAM_H

#include <stdatomic.h>

#include "base/bytes.h"

enum { HISTOGRAM_BOUNDS = 16 };

/* Static, with all but <counts> and <sum> given. */
struct histogram {
	int64_t bounds[HISTOGRAM_BOUNDS]; /* the largest values of the ranges, ascending;
					   * 0 ends them */
	int64_t unit; /* how many of what is observed are one of Prometheus' units */
	const char *labels; /* as text.h writes them, or "" */
	_Atomic int64_t
		counts[HISTOGRAM_BOUNDS + 1]; /* the last one: beyond all bounds */
	_Atomic int64_t sum;
};

void histogram_observe(struct histogram *h, int64_t value);

/* Write its samples, of the family <name>.  While others observe, the count fits the
 * buckets, and the sum may be a few values ahead or behind.
 */
void histogram_render(struct histogram *h, const char *name, struct writer *out);

#endif
