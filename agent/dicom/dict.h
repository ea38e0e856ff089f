/* SPDX-License-Identifier: MIT */
/* dict.h - DCMTK's data dictionary: keywords, tags, VRs and well-known UIDs.
 *
 * The tables are generated from DCMTK's dicom.dic, private.dic and dcuid.h when the agent
 * is built (dict_*.awk).  All strings are static.
 */
#ifndef DICOM_DICT_H
#define DICOM_DICT_H

#include "base/bytes.h"

/* Transfer syntaxes with an encoding or a compression of their own (PS3.5 A.1 to A.5) */
#define DICT_IMPLICIT_VR_LE          "1.2.840.10008.1.2"
#define DICT_EXPLICIT_VR_LE          "1.2.840.10008.1.2.1"
#define DICT_DEFLATED_EXPLICIT_VR_LE "1.2.840.10008.1.2.1.99"
#define DICT_EXPLICIT_VR_BE          "1.2.840.10008.1.2.2"

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

/* The attribute with this tag, or NULL. */
const struct dict_attribute *dict_attribute_by_tag(uint32_t tag);

/* Every attribute in the order of keywords: i = 0, 1, ...; NULL behind the last. */
const struct dict_attribute *dict_attribute_at(size_t i);

/* The VR of the private attribute (gggg,xxee) in a block that <creator>, without padding,
 * has reserved (PS3.5 7.8.1); <element> is ee.  "UN" if the dictionary knows the
 * attribute but not its VR; NULL if it does not know it.
 */
const char *dict_private_vr(uint16_t group, struct slice creator, uint8_t element);

/* The entry of this UID, which has no padding; NULL if the dictionary does not have it.
 */
const struct dict_uid *dict_uid(struct slice uid);

/* Every UID in the order of their text: i = 0, 1, ...; NULL behind the last. */
const struct dict_uid *dict_uid_at(size_t i);

/* The UID that this keyword names (PS3.6 annex A or DCMTK's name; case does not
 * matter), or NULL.
 */
const char *dict_uid_by_keyword(struct slice keyword);

/* The names of the groups of UIDs: i = 0, 1, ...; NULL behind the last.
 *
 *	storage             what can be stored (PS3.4 B, GG)
 *	non-patient         of that, what is stored for no patient: hanging protocols,
 *	                    color palettes, implant templates, protocols (PS3.4 GG)
 *	verification        C-ECHO (PS3.4 A)
 *	query-retrieve      models of C-FIND, C-MOVE and C-GET (PS3.4 C, Y, Z)
 *	worklist            Modality Worklist (PS3.4 K)
 *	mpps                Modality Performed Procedure Step (PS3.4 F)
 *	storage-commitment  (PS3.4 J)
 *	print               Print Management (PS3.4 H)
 *	uncompressed        Implicit, Explicit, Big Endian (PS3.5 A.1 to A.3), and
 *	                    Encapsulated Uncompressed
 *	compressed          every other transfer syntax of data sets
 *	lossless            compressed, and PS3.5 says that nothing is lost
 *	lossy               compressed, and something may be lost
 *
 * A UID of the standard that is newer than the dictionary is in the group of its arc.
 */
const char *dict_group_name(size_t i);

/* True for a group of transfer syntaxes, false for one of SOP classes or if there is no
 * such group.
 */
bool dict_group_is_transfer(const char *group);

/* True if <uid>, without padding, is in this group; false if there is no such group. */
bool dict_in_group(const char *group, struct slice uid);

#endif
