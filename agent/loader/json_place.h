/* SPDX-License-Identifier: MIT */
/* json_place.h - where in a JSON text (RFC 8259) a member or an element stands.
 *
 * A document parsed by jansson has no line numbers.  For an error the text is read once
 * more, along the names and indexes that lead to the value.
 */
#ifndef LOADER_JSON_PLACE_H
#define LOADER_JSON_PLACE_H

#include "base/bytes.h"

struct json_place_step {
	const char *member; /* a name in an object, as UTF-8 without escapes; NULL: ... */
	size_t index;       /* ... this element of an array, from 0 */
};

struct json_place {
	unsigned line;   /* from 1 */
	unsigned column; /* from 1, in characters */
};

/* Which place of the last step: of its name, or of its value.  An element has no name. */
enum json_place_end { JSON_PLACE_NAME, JSON_PLACE_VALUE };

/* The place to which <n> steps lead from the document's own value; with n = 0, of that.
 * <json> is a text that has been parsed; of names that stand twice in an object the first
 * is meant.  False if there is no such place.  Of anything but JSON the answer means
 * nothing, but nothing beyond it is read.  Takes time in proportion to its length.
 */
bool json_place_find(struct slice json, const struct json_place_step *steps, size_t n,
		     enum json_place_end end, struct json_place *place) MUST_CHECK;

#endif
