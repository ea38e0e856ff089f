/* SPDX-License-Identifier: MIT */
/* dataset.h - data elements of a data set, items of a sequence (PS3.5 section 7).
 *
 * No allocation; every value points into the bytes that were given.
 */
#ifndef DICOM_DATASET_H
#define DICOM_DATASET_H

#include "base/bytes.h"

enum dataset_encoding {
	DATASET_IMPLICIT_LE, /* PS3.5 A.1, and every command set (PS3.7 6.3.1) */
	DATASET_EXPLICIT_LE, /* PS3.5 A.2, A.4 (encapsulated), A.5 (deflated) */
	DATASET_EXPLICIT_BE  /* PS3.5 A.3 */
};

#define DATASET_UNDEFINED UINT32_C(0xFFFFFFFF) /* length of a value (PS3.5 7.1.1) */

struct dataset_element {
	uint32_t tag;    /* 0xggggeeee */
	char vr[3];      /* empty in Implicit VR and for items; UN for what is no VR */
	uint32_t length; /* bytes of the value, as announced; or DATASET_UNDEFINED */
	struct slice value;
};

/* A data set, or an item of a sequence (PS3.5 7.5) */
struct dataset {
	struct reader bytes;
	enum dataset_encoding encoding;
	uint32_t lacks; /* length of the value or item at <bytes>.pos that is not whole */
	const char *odd; /* what of it is not as PS3.5 7 wants it, and was read all the
			  * same; static; NULL: nothing so far */
};

/* The items of a sequence (PS3.5 7.5) */
struct dataset_items {
	struct reader bytes;
	enum dataset_encoding encoding;
};

/* The encoding of a data set in <transfer_syntax> (PS3.5 A); deflated: behind that. */
enum dataset_encoding dataset_syntax_encoding(struct slice transfer_syntax);

/* The encoding inside of a value with <vr> in a data set in <encoding>: UN is Implicit
 * VR Little Endian in all of them (PS3.5 6.2.2 note).
 */
enum dataset_encoding dataset_encoding_of(const char *vr, enum dataset_encoding encoding);

/* The tag of the next element, which is not stepped over; 0 if it is not there. */
uint32_t dataset_peek(const struct dataset *ds);

/* The next element at the top level, stepped over with all that is nested in it
 * (PS3.5 7.1, 7.5).  False at the end, or if ds->bytes.state says why not; then <el>
 * is the element that is cut or broken, as far as it goes: tag 0 if not even that is
 * known, empty VR, empty value.
 *
 * What toolkits read is read too, and ds->odd says it: two bytes that are no VR, such as
 * blanks or "??", an element in Implicit VR among explicit ones, and a delimiter where
 * nothing has begun.
 */
bool dataset_next(struct dataset *ds, struct dataset_element *el) MUST_CHECK;

/* The next item, a data set of its own, without its delimitation.  False at the end,
 * with READ_OK; or if items->bytes.state says why not.  An item that is cut or broken
 * is returned as a data set that is itself cut or broken.
 */
bool dataset_next_item(struct dataset_items *items, struct dataset *item) MUST_CHECK;

/* A binary number of one of the VRs US SS UL SL UV SV FL FD AT as text, as many
 * values as there are, separated by backslashes.  False for any other VR.
 */
bool dataset_number_text(const char *vr, struct slice value,
			 enum dataset_encoding encoding, struct writer *out) MUST_CHECK;

#endif
