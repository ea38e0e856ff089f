/* SPDX-License-Identifier: MIT */
/* PS3.6, by way of DCMTK's tables */
#include "dicom/dict.h"

#include <ctype.h>

struct dict_uid_name {
	const char *name; /* in lower case */
	const char *uid;
};

/* An attribute of a private block; odd groups only. */
struct dict_private {
	const char *creator;
	uint16_t first_group, last_group;
	uint8_t element; /* the last two digits */
	char vr[3];
};

/* UIDs below an arc.  Members are the rest of a UID behind the arc, separated by spaces;
 * one that ends in * is a prefix.
 */
struct dict_group {
	const char *name;
	bool transfer;
	const char *arc;
	const char *members;
	const char *except;
};

static const struct dict_attribute attributes[] = {
#include "dict_attributes.inc"
};

/* rows of <attributes> in the order of their tags */
static const uint16_t by_tag[] = {
#include "dict_tags.inc"
};

/* in the order of creator, group, element; a creator's ranges of groups do not overlap */
static const struct dict_private privates[] = {
#include "dict_private.inc"
};

static const struct dict_uid uids[] = {
#include "dict_uids.inc"
};

static const struct dict_uid_name uid_names[] = {
#include "dict_uid_names.inc"
};

/* Transfer syntaxes in which PS3.5 allows no loss (sections 8.2 and 10, annex A):
 * deflated, RLE, deflated frames, JPEG processes 14, 15, 28 and 29, JPEG-LS .80, JPEG
 * 2000 .90 and .92, JPEG XL .110, HTJ2K .201 and .202.
 */
#define LOSSLESS "1.99 5 8.1 4.57 4.58 4.65 4.66 4.70 4.80 4.90 4.92 4.110 4.201 4.202"

/* uncompressed data; and what no association carries: MIME, XML, SMPTE ST 2110 */
#define NOT_COMPRESSED "1 1.98 2 6.* 7.*"

enum { STORAGE };

static const struct dict_group groups[] = {
	/* but not what queries, retrieves and creates Protocol Approval and Inventory */
	[STORAGE] = {"storage", false, "1.2.840.10008.5.1.4.1.1.", "*",
		     "200.4 200.5 200.6 201.2 201.3 201.4 201.5 201.6"},
	{"non-patient", false, "1.2.840.10008.5.1.4.",
	 "38.1 39.1 43.1 44.1 45.1 1.1.200.1 1.1.200.3 1.1.200.7 1.1.201.1", ""},
	{"verification", false, "1.2.840.10008.1.", "1", ""},
	{"query-retrieve", false, "1.2.840.10008.5.1.4.1.2.", "*", ""},
	{"worklist", false, "1.2.840.10008.5.1.4.", "31", ""},
	{"mpps", false, "1.2.840.10008.3.1.2.3.", "*", ""},
	{"storage-commitment", false, "1.2.840.10008.1.20.", "1 2", ""},
	{"print", false, "1.2.840.10008.5.1.1.",
	 "1 2 4 4.* 9 9.* 14 15 16 16.* 18 18.* 22 23 24 24.* 26 31 32", ""},
	{"uncompressed", true, "1.2.840.10008.1.", "2 2.1 2.1.98 2.2", ""},
	{"compressed", true, "1.2.840.10008.1.2.", "*", NOT_COMPRESSED},
	{"lossless", true, "1.2.840.10008.1.2.", LOSSLESS, ""},
	{"lossy", true, "1.2.840.10008.1.2.", "*", NOT_COMPRESSED " " LOSSLESS},
};

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

/* Like memcmp.  <key> may come from the network and contain NULs. */
static int compare(struct slice key, const char *name)
{
	size_t len = strlen(name), common = key.len < len ? key.len : len;
	int order = common > 0 ? memcmp(key.ptr, name, common) : 0;

	return order ? order : (key.len > len) - (key.len < len);
}

/* The row of a table sorted by its first member, a string, that equals <key>. */
static const void *find(const void *table, size_t rows, size_t row_size, struct slice key)
{
	size_t low = 0, high = rows;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const char *row = (const char *)table + middle * row_size;
		int order = compare(key, *(const char *const *)(const void *)row);

		if (order == 0)
			return row;
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

bool dict_vr_is(const char *vr, const char *list)
{
	for (; *list; list += list[2] ? 3 : 2)
		if (list[0] == vr[0] && list[1] == vr[1])
			return true;
	return false;
}

const struct dict_attribute *dict_attribute(struct slice keyword)
{
	if (keyword.len == 0)
		return NULL;
	return find(attributes, COUNT(attributes), sizeof(attributes[0]), keyword);
}

const struct dict_attribute *dict_attribute_by_tag(uint32_t tag)
{
	size_t low = 0, high = COUNT(by_tag);

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct dict_attribute *a = &attributes[by_tag[middle]];

		if (a->tag == tag)
			return a;
		if (tag < a->tag)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

const struct dict_attribute *dict_attribute_at(size_t i)
{
	return i < COUNT(attributes) ? &attributes[i] : NULL;
}

static int compare_private(uint16_t group, struct slice creator, uint8_t element,
			   const struct dict_private *p)
{
	int order = compare(creator, p->creator);

	if (order != 0)
		return order;
	if (group < p->first_group || group > p->last_group)
		return group < p->first_group ? -1 : 1;
	return element - p->element;
}

const char *dict_private_vr(uint16_t group, struct slice creator, uint8_t element)
{
	size_t low = 0, high = group % 2 ? COUNT(privates) : 0;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct dict_private *p = &privates[middle];
		int order = compare_private(group, creator, element, p);

		if (order == 0)
			return p->vr;
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

const struct dict_uid *dict_uid(struct slice uid)
{
	if (uid.len == 0)
		return NULL;
	return find(uids, COUNT(uids), sizeof(uids[0]), uid);
}

const struct dict_uid *dict_uid_at(size_t i)
{
	return i < COUNT(uids) ? &uids[i] : NULL;
}

const char *dict_uid_by_keyword(struct slice keyword)
{
	uint8_t lower[128];
	const struct dict_uid_name *name;

	if (keyword.len == 0 || keyword.len > sizeof(lower))
		return NULL;
	for (size_t i = 0; i < keyword.len; i++)
		lower[i] = (uint8_t)tolower(keyword.ptr[i]);
	name = find(uid_names, COUNT(uid_names), sizeof(uid_names[0]),
		    slice_of(lower, keyword.len));
	return name ? name->uid : NULL;
}

const char *dict_group_name(size_t i)
{
	return i < COUNT(groups) ? groups[i].name : NULL;
}

static const struct dict_group *find_group(const char *name)
{
	for (size_t i = 0; i < COUNT(groups); i++)
		if (strcmp(groups[i].name, name) == 0)
			return &groups[i];
	return NULL;
}

bool dict_group_is_transfer(const char *group)
{
	const struct dict_group *g = find_group(group);

	return g && g->transfer;
}

/* True if <s> is one of <members>: see struct dict_group. */
static bool is_member(struct slice s, const char *members)
{
	size_t len;

	for (; *members; members += len + (members[len] == ' ')) {
		len = strcspn(members, " ");
		if (members[len - 1] == '*') {
			if (s.len >= len && slice_equal(slice_head(s, len - 1),
							slice_of(members, len - 1)))
				return true;
		} else if (slice_equal(s, slice_of(members, len))) {
			return true;
		}
	}
	return false;
}

bool dict_in_group(const char *group, struct slice uid)
{
	const struct dict_group *g = find_group(group);
	const struct dict_uid *known = dict_uid(uid);
	struct slice arc, rest;

	/* some of them have another arc, which only the dictionary knows */
	if (g == &groups[STORAGE] && known)
		return known->kind == DICT_STORAGE;
	if (!g)
		return false;
	arc = slice_str(g->arc);
	if (!slice_equal(slice_head(uid, arc.len), arc))
		return false;
	rest = (struct slice){uid.ptr + arc.len, uid.len - arc.len};
	return is_member(rest, g->members) && !is_member(rest, g->except);
}
