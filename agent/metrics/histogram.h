/* SPDX-License-Identifier: MIT */
/* histogram.h - a histogram as Prometheus has it, with fixed buckets.
 *
 * Any thread may observe at any time; it costs two relaxed atomic additions.
 */
#ifndef METRICS_HISTOGRAM_H
#define METRICS_HISTOGRAM_H

#include <stdatomic.h>

#include "base/bytes.h"

enum { HISTOGRAM_BOUNDS = 16 };

/* A static variable, initialised but for <counts> and <sum>. */
struct histogram {
	int64_t bounds[HISTOGRAM_BOUNDS]; /* upper bounds of the buckets, ascending;
					   * 0 after the last */
	int64_t unit; /* observed values are divided by this: 1000000000 for ns to s */
	const char *labels; /* as metrics_text_label() writes them, or "" */
	_Atomic int64_t
		counts[HISTOGRAM_BOUNDS + 1]; /* the last one: beyond all bounds */
	_Atomic int64_t sum;
};

void histogram_observe(struct histogram *h, int64_t value);

/* Write the samples of the family <name>.  The count is always the sum of the buckets;
 * while other threads observe, the sum of values may be a few ahead or behind.
 */
void histogram_render(struct histogram *h, const char *name, struct writer *out);

#endif
