/* SPDX-License-Identifier: MIT */
/* labelled.h - a family of counters or gauges whose label values come up at run time, in
 * bounded memory.
 *
 * Any thread may add at any time.  A known combination of values costs a lock-free
 * look-up in a hash table with open addressing and one relaxed atomic addition; a new one
 * takes a lock.  Nothing is removed and nothing allocated: when there are <most>
 * combinations, or their text does not fit, new ones are counted as "other".
 */
#ifndef METRICS_LABELLED_H
#define METRICS_LABELLED_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/bytes.h"

enum {
	LABELLED_LABELS = 3,
	LABELLED_MOST = 4096,
	LABELLED_OTHERS = 16, /* combinations of labels that stay beside "other" */
	LABELLED_SLOTS = 16384,
	LABELLED_TEXT = 256 * 1024, /* bytes of all label values */
	LABELLED_KEY = 512          /* bytes of the values of one */
};

struct labelled_entry {
	const uint8_t *key; /* values, with a zero between them */
	uint32_t len, hash;
	_Atomic int64_t value;
};

/* Zeros at first, and static: it is large. */
struct labelled_table {
	struct labelled_entry entries[LABELLED_MOST + LABELLED_OTHERS];
	atomic_size_t n;
	_Atomic uint32_t
		slots[LABELLED_SLOTS]; /* by hash: number of the entry + 1; 0: free */
	uint8_t text[LABELLED_TEXT];
	size_t used;      /* bytes of it */
	atomic_bool full; /* what is new becomes "other" */
};

struct labelled {
	const char *name, *help;
	bool gauge; /* else a counter; a gauge of 0 is not shown */
	const char *labels[LABELLED_LABELS];
	size_t nlabels;
	size_t kept; /* number of last labels that keep their values beside
			"other", since they have few */
	size_t most; /* up to LABELLED_MOST */
	struct labelled_table *table;
	pthread_mutex_t lock; /* of <table>, for those who change it */
};

/* Add <n> to the number with these label values, as many as there are labels, which have
 * no zeros in them.  Different values must be different after metrics_text_label() has
 * escaped them.
 */
void labelled_add(struct labelled *t, const struct slice *values, int64_t n);

/* Like labelled_add(), but set the number to <n>. */
void labelled_set(struct labelled *t, const struct slice *values, int64_t n);

/* Write the family in the order in which its members came up; nothing if it has none. */
void labelled_render(struct labelled *t, struct writer *out);

#endif
