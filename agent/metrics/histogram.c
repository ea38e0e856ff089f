/* SPDX-License-Identifier: MIT */
#include "metrics/histogram.h"
#include "metrics/text.h"

#include <stdio.h>

/* The first bucket that holds <value>, or the one beyond all bounds. */
static size_t range_of(const struct histogram *h, int64_t value)
{
	size_t i = 0;

	while (i < HISTOGRAM_BOUNDS && h->bounds[i] > 0 && value > h->bounds[i])
		i++;
	return i < HISTOGRAM_BOUNDS && h->bounds[i] > 0 ? i : HISTOGRAM_BOUNDS;
}

void histogram_observe(struct histogram *h, int64_t value)
{
	atomic_fetch_add_explicit(&h->counts[range_of(h, value)], 1,
				  memory_order_relaxed);
	atomic_fetch_add_explicit(&h->sum, value, memory_order_relaxed);
}

static int64_t load(const _Atomic int64_t *n)
{
	return atomic_load_explicit(n, memory_order_relaxed);
}

static void render_bucket(const struct histogram *h, const char *name, const char *bound,
			  int64_t count, struct writer *out)
{
	char bytes[128];
	struct writer labels = writer_of(bytes, sizeof(bytes));

	writer_bytes(&labels, slice_str(h->labels));
	metrics_text_label(&labels, "le", slice_str(bound));
	metrics_text_number(out, name, "_bucket", writer_slice(&labels), count);
}

void histogram_render(struct histogram *h, const char *name, struct writer *out)
{
	double unit = (double)h->unit;
	int64_t count = 0;
	char text[32];

	for (size_t i = 0; i < HISTOGRAM_BOUNDS && h->bounds[i] > 0; i++) {
		count += load(&h->counts[i]);
		snprintf(text, sizeof(text), "%.9g", (double)h->bounds[i] / unit);
		render_bucket(h, name, text, count, out);
	}
	count += load(&h->counts[HISTOGRAM_BOUNDS]);
	render_bucket(h, name, "+Inf", count, out);
	snprintf(text, sizeof(text), "%.15g", (double)load(&h->sum) / unit);
	metrics_text_sample(out, name, "_sum", slice_str(h->labels), text);
	metrics_text_number(out, name, "_count", slice_str(h->labels), count);
}
