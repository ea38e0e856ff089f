/* SPDX-License-Identifier: MIT */
/* dict.h - DCMTK's data dictionary: keywords, tags, VRs and well-known UIDs.
 *
 * The tables are generated from DCMTK's dicom.dic and dcuid.h when the agent is
 * built (dict_attributes.awk, dict_uids.awk).  All strings are static.
 */
#ifndef DICT_H
#define DICT_H

#include "cursor.h"

struct dict_attribute {
	const char *keyword; /* "Modality" */
	uint32_t tag;        /* 0xggggeeee */
	char vr[3];          /* "CS" (PS3.5 6.2) */
};

enum dict_kind {
	DICT_OTHER,
	DICT_STORAGE,      /* an abstract syntax of the Storage service class (PS3.4 B) */
	DICT_VERIFICATION, /* the Verification SOP class (PS3.4 A) */
	DICT_TRANSFER_SYNTAX
};

struct dict_uid {
	const char *uid;     /* "1.2.840.10008.5.1.4.1.1.2" */
	const char *keyword; /* "CTImageStorage" */
	enum dict_kind kind;
};

/* True if <vr> is one of <list>: VRs, separated by spaces. */
bool dict_vr_is(const char *vr, const char *list);

/* The attribute with this keyword (PS3.6 section 6), or NULL. */
const struct dict_attribute *dict_attribute(struct slice keyword);

/* The attribute with this tag, or NULL.  Linear: for loading, not for deciding. */
const struct dict_attribute *dict_attribute_by_tag(uint32_t tag);

/* What is known of this UID (without padding), or NULL. */
const struct dict_uid *dict_uid(struct slice uid);

/* The UID that this keyword names (PS3.6 annex A or DCMTK's name; case does not
 * matter), or NULL.
 */
const char *dict_uid_by_keyword(struct slice keyword);

#endif
