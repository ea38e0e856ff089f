/* SPDX-License-Identifier: MIT */
#include "top/scrape.h"

#include <stdlib.h>

static bool is_letter(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == ':';
}

static bool take(struct reader *r, char c)
{
	return reader_peek(r) == (uint8_t)c && reader_bytes(r, 1);
}

static void skip_spaces(struct reader *r)
{
	while (take(r, ' ') || take(r, '\t'))
		;
}

/* Letters, and digits behind the first of them; empty if there are none. */
static struct slice read_name(struct reader *r)
{
	const uint8_t *start = r->pos;
	uint8_t c;

	while (is_letter(c = reader_peek(r)) || (c >= '0' && c <= '9' && r->pos > start))
		reader_bytes(r, 1);
	return slice_of(start, (size_t)(r->pos - start));
}

/* "...", with \\, \" and \n in it */
static bool read_quoted(struct reader *r, struct slice *value)
{
	const uint8_t *start;
	uint8_t c;

	if (!take(r, '"'))
		return false;
	start = r->pos;
	while (reader_left(r) > 0 && (c = reader_peek(r)) != '"')
		reader_bytes(r, c == '\\' && reader_left(r) > 1 ? 2 : 1);
	*value = slice_of(start, (size_t)(r->pos - start));
	return take(r, '"');
}

/* name="value", and the comma behind it */
static bool read_label(struct reader *r, struct slice *name, struct slice *value)
{
	skip_spaces(r);
	*name = read_name(r);
	skip_spaces(r);
	if (name->len == 0 || !take(r, '='))
		return false;
	skip_spaces(r);
	if (!read_quoted(r, value))
		return false;
	skip_spaces(r);
	if (!take(r, ','))
		return reader_left(r) == 0 || reader_peek(r) == '}';
	skip_spaces(r);
	return true;
}

static bool read_labels(struct reader *r, struct slice *labels)
{
	const uint8_t *start;
	struct slice name, value;

	*labels = slice_of(NULL, 0);
	if (!take(r, '{'))
		return true;
	start = r->pos;
	skip_spaces(r);
	while (reader_peek(r) != '}')
		if (!read_label(r, &name, &value))
			return false;
	*labels = slice_of(start, (size_t)(r->pos - start));
	return take(r, '}');
}

/* A time may follow. */
static bool read_value(struct reader *r, double *value)
{
	struct slice rest = reader_rest(r);
	struct slice word = slice_part(&rest, ' ');
	char text[64], *end;

	if (word.len == 0 || word.len >= sizeof(text) || word.ptr[0] <= ' ')
		return false;
	memcpy(text, word.ptr, word.len);
	text[word.len] = '\0';
	*value = strtod(text, &end);
	return end == text + word.len;
}

static bool read_sample(struct slice line, struct sample *out)
{
	struct reader r = reader_of(line, false);

	skip_spaces(&r);
	out->name = read_name(&r);
	skip_spaces(&r);
	if (out->name.len == 0 || !read_labels(&r, &out->labels))
		return false;
	skip_spaces(&r);
	return read_value(&r, &out->value);
}

bool scrape_next(struct reader *text, struct sample *out)
{
	while (reader_left(text) > 0) {
		struct slice left = slice_of(text->pos, reader_left(text)), rest = left;
		struct slice line = slice_part(&rest, '\n');

		reader_bytes(text, left.len - rest.len);
		if (read_sample(line, out))
			return true;
	}
	return false;
}

bool scrape_label(struct slice labels, const char *name, struct slice *value)
{
	struct reader r = reader_of(labels, false);
	struct slice found;

	while (reader_left(&r) > 0 && read_label(&r, &found, value))
		if (slice_equal(found, slice_str(name)))
			return true;
	return false;
}

void scrape_show(struct writer *out, struct slice value)
{
	struct reader r = reader_of(value, false);
	uint8_t before = 0;

	while (reader_left(&r) > 0 && out->len < out->cap) {
		uint8_t c = reader_u8(&r);

		if (c == '\\' && reader_left(&r) > 0) {
			c = reader_u8(&r);
			c = c == 'n' ? '\n' : c;
		}
		/* C0, DEL, and C1 in UTF-8 */
		if (c < ' ' || c == 0x7f || (before == 0xc2 && c >= 0x80 && c <= 0x9f))
			c = '?';
		writer_u8(out, c);
		before = c;
	}
}
