/* SPDX-License-Identifier: MIT */
/* PS3.6, by way of DCMTK's tables */
#include "dict.h"

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

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

/* How <key> stands to <name>: < 0, 0, > 0.  <key> may be a peer's, and hold zeros. */
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
