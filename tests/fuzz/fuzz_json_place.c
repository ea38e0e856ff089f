/* SPDX-License-Identifier: MIT */
/* A JSON text.  If it is one, each member and element stands where it is found; the rest
 * is searched for what it hardly has.
 */
#include <jansson.h>

#include "check.h"
#include "loader/json_place.h"

enum { DEEPEST = 16 };

static struct slice text;
static struct json_place_step steps[DEEPEST];

/* The text from a place on. */
static struct slice text_at(struct json_place place)
{
	size_t i = 0;

	for (; place.line > 1; i++)
		if (text.ptr[i] == '\n')
			place.line--;
	for (; place.column > 1; place.column--)
		do
			i++;
		while ((text.ptr[i] & 0xC0) == 0x80);
	CHECK(i < text.len);
	return slice_of(text.ptr + i, text.len - i);
}

static void check_text(size_t n, enum json_place_end end, const json_t *expected)
{
	struct json_place place;
	struct slice found;
	json_t *value;

	CHECK(json_place_find(text, steps, n, end, &place));
	found = text_at(place);
	value = json_loadb((const char *)found.ptr, found.len,
			   JSON_DECODE_ANY | JSON_DISABLE_EOF_CHECK, NULL);
	CHECK(json_equal(value, expected));
	json_decref(value);
}

static void check_member(size_t n, const char *name);
static void check_value(size_t n, json_t *value);

static void check_parts(size_t n, json_t *value)
{
	const char *name;
	json_t *part;

	json_object_foreach(value, name, part)
	{
		steps[n] = (struct json_place_step){name, 0};
		check_member(n + 1, name);
		check_value(n + 1, part);
	}
	for (size_t i = 0; i < json_array_size(value); i++) {
		steps[n] = (struct json_place_step){NULL, i};
		check_value(n + 1, json_array_get(value, i));
	}
}

static void check_member(size_t n, const char *name)
{
	json_t *expected = json_string(name);

	check_text(n, JSON_PLACE_NAME, expected);
	json_decref(expected);
}

static void check_value(size_t n, json_t *value)
{
	check_text(n, JSON_PLACE_VALUE, value);
	if (n < DEEPEST)
		check_parts(n, value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct json_place_step some[] = {{"rules", 0}, {NULL, 1}, {"a", 0}};
	struct json_place place;
	json_t *document;

	if (size > 2048)
		return 0;
	text = slice_of(data, size);
	for (size_t n = 0; n <= 3; n++)
		if (json_place_find(text, some, n, JSON_PLACE_VALUE, &place))
			CHECK(place.line > 0 && place.column > 0 && place.line <= size);
	document = json_loadb((const char *)data, size, JSON_REJECT_DUPLICATES, NULL);
	if (document)
		check_value(0, document);
	json_decref(document);
	return 0;
}
