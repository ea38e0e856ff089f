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

/* Elements that begin in so many bytes at the head of a data set are found in whatever
 * order they stand; only behind them the order of PS3.5 7.1 is relied on.
 */
enum { DATASET_HEAD = 48 * 1024 };

/* A walk over a data set that goes only as far as dataset_find() needs.  Behind the last
 * step ds.bytes.state is READ_OK, READ_MORE at the end of what has arrived, READ_BAD
 * where the data set is broken; ds.odd says what was not as PS3.5 7 wants it.
 */
struct dataset_scan {
	struct dataset ds, all;        /* what is left, and the whole */
	struct dataset_wanted *wanted; /* the caller's */
	size_t nplain, nprivate;
	size_t next_plain, next_private; /* those before these are not to come any more */
	uint64_t above;                  /* the greatest tag so far, plus 1 */
	bool disordered;                 /* a tag was not greater than all before */
	bool beyond;                     /* the head has been seen */
	bool again;                      /* this is the second walk */
	size_t enough; /* bytes that were needed to declare the last one absent */
	size_t needed; /* bytes of the data set */
};

/* Look for <wanted> in <ds>: first <nplain> elements without creator, sorted by tag,
 * then <nprivate> with one, sorted by group.  Nothing is read yet.
 */
void dataset_scan_begin(struct dataset_scan *s, struct dataset ds,
			struct dataset_wanted *wanted, size_t nplain, size_t nprivate);

/* Find out about wanted[i].  The walk goes on if it must, and all of <wanted> that it
 * passes is settled too.  Present and absent are final: more bytes do not change them,
 * nor does the order in which is asked.
 *
 * An element is present as soon as it has come; of several with one tag the first counts,
 * as to DCMTK.  It is absent if the data set has ended without it.  Before the end it is
 * absent if all elements that begin in DATASET_HEAD bytes have been seen, their tags
 * ascend, and one is greater: in most images pixel data is that element, of which no more
 * than the header must have come.  In a data set that is broken, what had not been found
 * stays unknown.
 */
const struct dataset_wanted *dataset_find(struct dataset_scan *s, size_t i);

/* How many bytes of the data set, from its beginning, the walk has needed so far. */
size_t dataset_scan_bytes(const struct dataset_scan *s);

/* Find all <n> of <wanted>, none of which has a creator; what is cut is unknown.
 * READ_OK: nothing is unknown.  READ_MORE: something is, and more bytes will tell.
 * READ_BAD: something is, and the data set is broken.
 */
enum read_state dataset_collect(struct dataset *ds, struct dataset_wanted *wanted,
				size_t n);

/* The items of <sequence>, as it was found in a data set in <encoding>. */
struct dataset_items dataset_items_of(const struct dataset_wanted *sequence,
				      enum dataset_encoding encoding);

#endif
