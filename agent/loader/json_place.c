/* SPDX-License-Identifier: MIT */
/* RFC 8259, The JavaScript Object Notation, of a text that is known to be well formed */
#include "loader/json_place.h"

static void skip_space(struct reader *r)
{
	while (byte_is_one_of(reader_peek(r), " \t\n\r"))
		reader_u8(r);
}

static uint32_t hex4(struct reader *r)
{
	uint32_t value = 0;

	for (int i = 0; i < 4; i++) {
		uint8_t digit = reader_u8(r);

		value = value << 4 | (digit <= '9' ? digit & 0xFU : (digit & 0xFU) + 9);
	}
	return value & 0xFFFF;
}

/* The character behind \u; of two surrogates that belong together, one. */
static uint32_t escaped_character(struct reader *r)
{
	uint32_t high = hex4(r), low;
	struct reader ahead = *r;

	if (high < 0xD800 || high > 0xDBFF)
		return high;
	if (reader_u8(&ahead) != '\\' || reader_u8(&ahead) != 'u')
		return high;
	low = hex4(&ahead);
	if (low < 0xDC00 || low > 0xDFFF)
		return high;
	*r = ahead;
	return 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00);
}

static void write_utf8(struct writer *w, uint32_t character)
{
	if (character < 0x80) {
		writer_u8(w, (uint8_t)character);
		return;
	}
	if (character < 0x800) {
		writer_u8(w, (uint8_t)(0xC0 | character >> 6));
	} else {
		if (character < 0x10000) {
			writer_u8(w, (uint8_t)(0xE0 | character >> 12));
		} else {
			writer_u8(w, (uint8_t)(0xF0 | character >> 18));
			writer_u8(w, (uint8_t)(0x80 | (character >> 12 & 0x3F)));
		}
		writer_u8(w, (uint8_t)(0x80 | (character >> 6 & 0x3F)));
	}
	writer_u8(w, (uint8_t)(0x80 | (character & 0x3F)));
}

/* What is behind a backslash. */
static void read_escape(struct reader *r, struct writer *w)
{
	static const char named[] = "b\bf\fn\nr\rt\t";
	uint8_t byte = reader_u8(r);

	if (byte == 'u') {
		write_utf8(w, escaped_character(r));
		return;
	}
	for (const char *at = named; *at; at += 2)
		if (byte == (uint8_t)*at) {
			writer_u8(w, (uint8_t)at[1]);
			return;
		}
	writer_u8(w, byte);
}

/* Step over a string, behind its first quote.  True if it says <text>, which may be
 * NULL.
 */
static bool read_string(struct reader *r, const char *text)
{
	struct slice rest = text ? slice_str(text) : (struct slice){0};
	bool same = text;
	uint8_t byte;

	while ((byte = reader_u8(r)) != '"' && r->state == READ_OK) {
		uint8_t utf8[4];
		struct writer w = writer_of(utf8, sizeof(utf8));

		if (byte == '\\')
			read_escape(r, &w);
		else
			writer_u8(&w, byte);
		same = same && slice_equal(slice_head(rest, w.len), writer_slice(&w));
		if (same)
			rest = (struct slice){rest.ptr + w.len, rest.len - w.len};
	}
	return same && rest.len == 0 && r->state == READ_OK;
}

/* Brackets are counted, so that depth costs nothing. */
static void skip_value(struct reader *r)
{
	size_t depth = 0;

	do {
		uint8_t byte = reader_u8(r);

		if (byte == '"')
			(void)read_string(r, NULL);
		else if (byte_is_one_of(byte, "{["))
			depth++;
		else if (byte_is_one_of(byte, "}]") && depth > 0)
			depth--;
		else if (depth == 0) /* a number or a word */
			while (reader_peek(r) != 0 &&
			       !byte_is_one_of(reader_peek(r), ",]} \t\n\r"))
				reader_u8(r);
	} while (depth > 0 && r->state == READ_OK);
}

/* Go to the value of a member; <name> is where its name stands. */
static bool enter_object(struct reader *r, const char *member, struct reader *name)
{
	if (reader_u8(r) != '{')
		return false;
	do {
		bool same;

		skip_space(r);
		*name = *r;
		if (reader_u8(r) != '"')
			return false;
		same = read_string(r, member);
		skip_space(r);
		if (reader_u8(r) != ':')
			return false;
		skip_space(r);
		if (same)
			return true;
		skip_value(r);
		skip_space(r);
	} while (reader_u8(r) == ',');
	return false;
}

static bool enter_array(struct reader *r, size_t index)
{
	if (reader_u8(r) != '[')
		return false;
	for (;;) {
		skip_space(r);
		if (reader_peek(r) == ']' || index-- == 0)
			return reader_peek(r) != ']';
		skip_value(r);
		skip_space(r);
		if (reader_u8(r) != ',')
			return false;
	}
}

static struct json_place json_place_behind(struct slice before)
{
	struct json_place p = {1, 1};

	for (size_t i = 0; i < before.len; i++) {
		if (before.ptr[i] == '\n')
			p = (struct json_place){p.line + 1, 1};
		else if ((before.ptr[i] & 0xC0) != 0x80) /* else a character goes on */
			p.column++;
	}
	return p;
}

bool json_place_find(struct slice json, const struct json_place_step *steps, size_t n,
		     enum json_place_end end, struct json_place *place)
{
	struct reader r = reader_of(json, false), name;

	skip_space(&r);
	name = r;
	for (size_t i = 0; i < n; i++) {
		if (steps[i].member) {
			if (!enter_object(&r, steps[i].member, &name))
				return false;
		} else {
			if (!enter_array(&r, steps[i].index))
				return false;
			name = r;
		}
	}
	if (end == JSON_PLACE_NAME)
		r = name;
	if (reader_left(&r) == 0)
		return false;
	*place = json_place_behind(slice_head(json, json.len - reader_left(&r)));
	return true;
}
