/* SPDX-License-Identifier: MIT */
#include "top/series.h"

#include <math.h>
#include <stdlib.h>

static int sample_order(const void *a, const void *b)
{
	const struct sample *x = a, *y = b;
	int order = slice_order(x->name, y->name);

	return order != 0 ? order : slice_order(x->labels, y->labels);
}

bool series_read(struct series *s, char *text, struct slice body)
{
	struct reader r = reader_of(body, false);
	struct sample one;
	size_t cap = 0;

	*s = (struct series){.text = text};
	while (scrape_next(&r, &one)) {
		if (s->n == cap) {
			struct sample *more = reallocarray(
				s->all, cap ? cap *= 2 : (cap = 256), sizeof(*more));

			if (!more)
				return false;
			s->all = more;
		}
		s->all[s->n++] = one;
	}
	if (s->n > 0)
		qsort(s->all, s->n, sizeof(*s->all), sample_order);
	return true;
}

void series_free(struct series *s)
{
	free(s->all);
	free(s->text);
	*s = (struct series){0};
}

const struct sample *series_find(const struct series *s, struct slice name,
				 struct slice labels)
{
	struct sample key = {.name = name, .labels = labels};

	return s->n > 0 ? bsearch(&key, s->all, s->n, sizeof(key), sample_order) : NULL;
}

double series_value(const struct series *s, const char *name, double otherwise)
{
	const struct sample *one = series_find(s, slice_str(name), slice_of(NULL, 0));

	return one ? one->value : otherwise;
}

static double grown(const struct sample *now, const struct series *before)
{
	const struct sample *then = series_find(before, now->name, now->labels);

	if (before->n == 0)
		return 0;
	return then && then->value <= now->value ? now->value - then->value : now->value;
}

/* The row with these labels, or a new one; NULL if there is no memory. */
static struct count *row_of(struct counts *sums, const struct count *like)
{
	struct count *more;

	for (size_t i = 0; i < sums->n; i++) {
		size_t same = 0;

		while (same < COUNT_LABELS &&
		       slice_equal(sums->rows[i].labels[same], like->labels[same]))
			same++;
		if (same == COUNT_LABELS)
			return &sums->rows[i];
	}
	more = reallocarray(sums->rows, sums->n + 1, sizeof(*more));
	if (!more)
		return NULL;
	sums->rows = more;
	sums->rows[sums->n] = *like;
	return &sums->rows[sums->n++];
}

bool series_sum(const struct series *s, const struct series *before, const char *name,
		const char *const labels[COUNT_LABELS], struct counts *sums)
{
	for (size_t i = 0; i < s->n; i++) {
		struct count like = {.grown = 0};
		struct count *row;

		if (!slice_equal(s->all[i].name, slice_str(name)))
			continue;
		for (size_t k = 0; k < COUNT_LABELS && labels[k]; k++)
			if (!scrape_label(s->all[i].labels, labels[k], &like.labels[k]))
				like.labels[k] = slice_of(NULL, 0);
		row = row_of(sums, &like);
		if (!row)
			return false;
		row->grown += grown(&s->all[i], before);
		row->total += s->all[i].value;
	}
	return true;
}

static int count_order(const void *a, const void *b)
{
	const struct count *x = a, *y = b;
	int order = (x->total < y->total) - (x->total > y->total);

	for (size_t i = 0; order == 0 && i < COUNT_LABELS; i++)
		order = slice_order(x->labels[i], y->labels[i]);
	return order;
}

void counts_sort(struct counts *sums)
{
	if (sums->n > 0)
		qsort(sums->rows, sums->n, sizeof(*sums->rows), count_order);
}

static double bound_of(const struct count *bucket)
{
	char text[32] = "";
	struct slice le = slice_head(bucket->labels[0], sizeof(text) - 1);

	if (le.len > 0)
		memcpy(text, le.ptr, le.len);
	return strtod(text, NULL);
}

static int bucket_order(const void *a, const void *b)
{
	double x = bound_of(a), y = bound_of(b);

	return (x > y) - (x < y);
}

double counts_quantile(struct counts *buckets, double q, const char *only)
{
	double rank = 0, below = 0, under = 0;

	if (buckets->n > 0)
		qsort(buckets->rows, buckets->n, sizeof(*buckets->rows), bucket_order);
	for (size_t i = 0; i < buckets->n; i++) /* +Inf has all of them */
		if (!only || slice_equal(buckets->rows[i].labels[1], slice_str(only)))
			rank = q * buckets->rows[i].grown;
	for (size_t i = 0; rank > 0 && i < buckets->n; i++) {
		const struct count *b = &buckets->rows[i];
		double bound = bound_of(b);

		if (only && !slice_equal(b->labels[1], slice_str(only)))
			continue;
		if (b->grown >= rank && isinf(bound))
			return below;
		if (b->grown >= rank)
			return below +
			       (bound - below) * (rank - under) / (b->grown - under);
		below = bound;
		under = b->grown;
	}
	return NAN;
}

void counts_free(struct counts *sums)
{
	free(sums->rows);
	*sums = (struct counts){0};
}
