/* SPDX-License-Identifier: MIT */
/* dataset.h - data elements of a data set (PS3.5 section 7), as far as they are wanted.
 *
 * No allocation; every value points into the bytes that were given.
 */
#ifndef DATASET_H
#define DATASET_H

#include "cursor.h"

enum dataset_encoding {
	DATASET_IMPLICIT_LE, /* PS3.5 A.1, and every command set (PS3.7 6.3.1) */
	DATASET_EXPLICIT_LE, /* PS3.5 A.2, A.4 (encapsulated), A.5 (deflated) */
	DATASET_EXPLICIT_BE  /* PS3.5 A.3 */
};

struct dataset_element {
	uint32_t tag; /* 0xggggeeee */
	char vr[3];   /* empty in Implicit VR and for items */
	struct slice value;
};

struct dataset {
	struct reader bytes;
	enum dataset_encoding encoding;
};

enum dataset_state {
	DATASET_UNKNOWN, /* what has arrived does not tell */
	DATASET_ABSENT,
	DATASET_PRESENT
};

struct dataset_wanted {
	uint32_t tag;
	enum dataset_state state;
	char vr[3];         /* as in the data set; empty in Implicit VR */
	struct slice value; /* if present: as encoded, with its padding */
};

/* The next element at the top level, stepped over with all that is nested in it
 * (PS3.5 7.1, 7.5).  False at the end, or if ds->bytes.state says why not; then
 * <el>->tag tells the element that is cut, 0 if not even that is known.
 */
bool dataset_next(struct dataset *ds, struct dataset_element *el) MUST_CHECK;

/* Look for the <n> elements of <wanted>, which are sorted by tag, and stop behind
 * the last.  Elements come in ascending order (PS3.5 7.1), so a greater tag proves
 * that one is absent.  READ_OK: none is unknown any more.  READ_MORE: some are, and more
 * bytes will tell.  READ_BAD: the data set is broken; what had not been found is
 * absent.
 */
enum read_state dataset_collect(struct dataset *ds, struct dataset_wanted *wanted,
				size_t n);

/* A binary number of one of the VRs US SS UL SL UV SV FL FD AT as text, as many
 * values as there are, separated by backslashes.  False for any other VR.
 */
bool dataset_number_text(const char *vr, struct slice value,
			 enum dataset_encoding encoding, struct writer *out) MUST_CHECK;

#endif
