/* SPDX-License-Identifier: MIT */
/* tally.h - a family of numbers whose labels come up while it runs, in bounded memory.
 *
 * Any thread may add at any time.  What has come up before costs a look into a hash table
 * without a lock, and one relaxed atomic addition; what is new takes a lock for a moment.
 * Nothing is ever forgotten, and nothing allocated: when there are <most> of them, or
 * their text is too long, what is new is counted as "other".
 */
#ifndef TALLY_H
#define TALLY_H

#include <pthread.h>
#include <stdatomic.h>

#include "cursor.h"

enum {
	TALLY_LABELS = 3,
	TALLY_MOST = 4096,
	TALLY_OTHERS = 16, /* combinations of labels that stay beside "other" */
	TALLY_SLOTS = 16384,
	TALLY_TEXT = 256 * 1024, /* bytes of all label values */
	TALLY_KEY = 512          /* bytes of the values of one */
};

struct tally_entry {
	const uint8_t *key; /* values, with a zero between them */
	uint32_t len, hash;
	_Atomic int64_t value;
};

/* Zeros at first, and static: it is large. */
struct tally_table {
	struct tally_entry entries[TALLY_MOST + TALLY_OTHERS];
	atomic_size_t n;
	_Atomic uint32_t
		slots[TALLY_SLOTS]; /* by hash: number of the entry + 1; 0: free */
	uint8_t text[TALLY_TEXT];
	size_t used;      /* bytes of it */
	atomic_bool full; /* what is new becomes "other" */
};

struct tally {
	const char *name, *help;
	bool gauge; /* else a counter; a gauge of 0 is not shown */
	const char *labels[TALLY_LABELS];
	size_t nlabels;
	size_t kept; /* so many of the last labels have few values, and stay beside
			"other" */
	size_t most; /* up to TALLY_MOST */
	struct tally_table *table;
	pthread_mutex_t lock; /* of <table>, for those who change it */
};

/* Add <n> to the number with these label values, as many as there are labels, which have
 * no zeros in them.  Different values must be different when exposition.h has escaped
 * them.
 */
void tally_add(struct tally *t, const struct slice *values, int64_t n);

/* The same, but set it. */
void tally_set(struct tally *t, const struct slice *values, int64_t n);

/* Write the family, in the order in which its members came up; nothing without any. */
void tally_render(struct tally *t, struct writer *out);

#endif
