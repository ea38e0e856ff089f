/* SPDX-License-Identifier: MIT */
/* series.h - the samples that an agent has exported at one moment, and by how much its
 * counters have grown since another.
 *
 * A counter that was not exported before has grown by its value, as has one that is
 * smaller than before: its process has started again.
 */
#ifndef TOP_SERIES_H
#define TOP_SERIES_H

#include "top/scrape.h"

struct series {
	char *text;         /* malloc'ed */
	struct sample *all; /* sorted by name and labels; they lie in <text> */
	size_t n;
};

enum { COUNT_LABELS = 3 };

/* A sum over all series that agree in some labels. */
struct count {
	struct slice
		labels[COUNT_LABELS]; /* as they stand in a text; empty if not there */
	double grown, total;
};

struct counts {
	struct count *rows; /* malloc'ed */
	size_t n;
};

/* Read <body>, which lies in <text>.  <text> is the series' own, also if it fails: no
 * memory.
 */
bool series_read(struct series *s, char *text, struct slice body) MUST_CHECK;
void series_free(struct series *s);

/* The sample, with these labels as they stand; NULL if it is not there. */
const struct sample *series_find(const struct series *s, struct slice name,
				 struct slice labels);

/* The value of the only series of <name> without labels, or <otherwise>. */
double series_value(const struct series *s, const char *name, double otherwise);

/* Add the counters of the family <name> to <sums>, by the values of <labels> (NULL ends
 * them).  <before> may be empty: nothing has grown.  <s> must live as long as <sums>.
 * False if there is no memory.
 */
bool series_sum(const struct series *s, const struct series *before, const char *name,
		const char *const labels[COUNT_LABELS], struct counts *sums) MUST_CHECK;

/* Sort by total, the largest first. */
void counts_sort(struct counts *sums);

/* The quantile <q>, 0 to 1, of what has grown, from sums of "..._bucket" by "le" as the
 * first label, and where the second one is <only> if that is not NULL; as Prometheus
 * interpolates it.  NaN if nothing has.  Sorts them.
 */
double counts_quantile(struct counts *buckets, double q, const char *only);

void counts_free(struct counts *sums);

#endif
