/* SPDX-License-Identifier: MIT */
/* PS3.6, by way of DCMTK's tables */
#include "dict.h"

#include <ctype.h>

struct dict_uid_name {
	const char *name; /* in lower case */
	const char *uid;
};

static const struct dict_attribute attributes[] = {
#include "dict_attributes.inc"
};

static const struct dict_uid uids[] = {
#include "dict_uids.inc"
};

static const struct dict_uid_name uid_names[] = {
#include "dict_uid_names.inc"
};

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

/* The row of a table sorted by its first member, a string, that equals <key>. */
static const void *find(const void *table, size_t rows, size_t row_size, struct slice key)
{
	size_t low = 0, high = rows;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const char *row = (const char *)table + middle * row_size;
		const char *name = *(const char *const *)(const void *)row;
		size_t len = strlen(name);
		/* <key> is a peer's, and may hold zeros */
		int order = memcmp(key.ptr, name, key.len < len ? key.len : len);

		if (order == 0)
			order = (key.len > len) - (key.len < len);
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
	for (size_t i = 0; i < COUNT(attributes); i++)
		if (attributes[i].tag == tag)
			return &attributes[i];
	return NULL;
}

const struct dict_uid *dict_uid(struct slice uid)
{
	if (uid.len == 0)
		return NULL;
	return find(uids, COUNT(uids), sizeof(uids[0]), uid);
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
