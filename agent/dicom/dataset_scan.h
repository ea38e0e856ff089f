/* SPDX-License-Identifier: MIT */
/* dataset_scan.h - the wanted elements of a data set of which only the beginning may have
 * come.
 *
 * No allocation; every value points into the bytes that were given.
 */
#ifndef DICOM_DATASET_SCAN_H
#define DICOM_DATASET_SCAN_H

#include "dicom/dataset.h"

enum dataset_state {
	DATASET_UNKNOWN, /* more bytes are needed to know */
	DATASET_ABSENT,
	DATASET_PRESENT,
	DATASET_CUT /* it is there, and more bytes of it are to come */
};

struct dataset_wanted {
	/* 0xggggeeee; with a creator 0xgggg00ee: element ee of the creator's block */
	uint32_t tag;
	/* who reserves the block (PS3.5 7.8.1), without padding; the caller's, or NULL */
	const char *creator;
	enum dataset_state state;
	char vr[3]; /* as in the data set; empty in Implicit VR */
	/* as encoded, with its padding; if cut: what is there */
	struct slice value;
	/* the scan's */
	uint8_t reserved[32]; /* a bit for each block that its creator has */
	uint32_t last;        /* the greatest tag it can have, as far as is known */
};

/* A walk over a data set that goes only as far as dataset_find() needs.  Afterwards
 * ds.bytes.state is READ_OK, READ_MORE at the end of what has arrived, or READ_BAD where
 * the data set is broken.
 */
struct dataset_scan {
	struct dataset ds;
	struct dataset_wanted *wanted; /* the caller's */
	size_t nplain, nprivate;
	size_t next_plain, next_private; /* every element before these is settled */
	bool ahead;                      /* the next tag has been looked at */
	size_t size, needed;             /* bytes of the data set */
};

/* Look for <wanted> in <ds>: first <nplain> elements without creator, sorted by tag,
 * then <nprivate> with one, sorted by group.  Nothing is read yet.
 */
void dataset_scan_begin(struct dataset_scan *s, struct dataset ds,
			struct dataset_wanted *wanted, size_t nplain, size_t nprivate);

/* Find out about wanted[i].  The walk goes on if that is necessary, and settles whatever
 * else of <wanted> it passes.  Elements come in ascending order (PS3.5 7.1), so a greater
 * tag proves that one is absent, whatever its value.  Present and absent are final: more
 * bytes do not change them, nor does the order of the calls.  In a data set that
 * is broken, what had not been found is absent.
 */
const struct dataset_wanted *dataset_find(struct dataset_scan *s, size_t i);

/* How many bytes of the data set, from its beginning, the walk has needed so far. */
size_t dataset_scan_bytes(const struct dataset_scan *s);

/* Find all <n> of <wanted>, none of which has a creator; what is cut is unknown.
 * READ_OK: nothing is unknown.  READ_MORE: something is, and more bytes will tell.
 * READ_BAD: the data set is broken.
 */
enum read_state dataset_collect(struct dataset *ds, struct dataset_wanted *wanted,
				size_t n);

/* The items of <sequence>, as it was found in a data set in <encoding>. */
struct dataset_items dataset_items_of(const struct dataset_wanted *sequence,
				      enum dataset_encoding encoding);

#endif
