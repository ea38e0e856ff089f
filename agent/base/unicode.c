/* SPDX-License-Identifier: MIT */
/* Unicode section 3.11, normalization forms; section 3.13, default caseless matching */
#include "base/unicode.h"

#include <utf8proc.h>

enum { REPLACEMENT = 0xFFFD, CLASSES = 256, SHORT_RUN = 16 };

static uint8_t fold_ascii(uint8_t c)
{
	return (uint8_t)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
}

static bool is_ascii(struct slice text)
{
	uint8_t all = 0;

	for (size_t i = 0; i < text.len; i++)
		all |= text.ptr[i];
	return all < 0x80;
}

static bool write_ascii(struct slice text, bool fold, struct writer *out)
{
	uint8_t *room;

	if (text.len > out->cap - out->len)
		return false;
	room = writer_room(out, text.len);
	for (size_t i = 0; i < text.len; i++)
		room[i] = fold ? fold_ascii(text.ptr[i]) : text.ptr[i];
	return true;
}

size_t unicode_sequence(struct slice text)
{
	int32_t point;
	utf8proc_ssize_t len =
		utf8proc_iterate(text.ptr, (utf8proc_ssize_t)text.len, &point);

	return len > 0 ? (size_t)len : 0;
}

/* The next code point. */
static int32_t read_point(struct reader *r)
{
	int32_t point = REPLACEMENT;
	utf8proc_ssize_t len =
		utf8proc_iterate(r->pos, (utf8proc_ssize_t)reader_left(r), &point);

	reader_bytes(r, len > 0 ? (size_t)len : 1);
	return len > 0 ? point : REPLACEMENT;
}

/* Append what <point> decomposes into. */
static bool decompose(int32_t point, utf8proc_option_t options, int32_t *points,
		      size_t *count)
{
	int boundary = 0;
	utf8proc_ssize_t left = (utf8proc_ssize_t)(UNICODE_POINTS - *count), len;

	if (left == 0)
		return false;
	len = utf8proc_decompose_char(point, points + *count, left, options, &boundary);
	if (len < 0 || len > left)
		return false;
	*count += (size_t)len;
	return true;
}

/* Canonical_Combining_Class; 0: a starter, to which marks are added. */
static uint8_t combining_class(int32_t point)
{
	return point < 0x300 ? 0 : (uint8_t)utf8proc_get_property(point)->combining_class;
}

static void order_short(int32_t *run, size_t len)
{
	for (size_t i = 1; i < len; i++) {
		int32_t point = run[i];
		uint8_t class = combining_class(point);
		size_t to = i;

		for (; to > 0 && combining_class(run[to - 1]) > class; to--)
			run[to] = run[to - 1];
		run[to] = point;
	}
}

/* A counting sort: a text from the network may have thousands of marks in sequence. */
static void order_long(int32_t *run, size_t len, int32_t *spare)
{
	size_t before[CLASSES + 1] = {0};

	for (size_t i = 0; i < len; i++)
		before[combining_class(run[i]) + 1]++;
	for (size_t class = 0; class < CLASSES; class ++)
		before[class + 1] += before[class];
	for (size_t i = 0; i < len; i++)
		spare[before[combining_class(run[i])]++] = run[i];
	memcpy(run, spare, len * sizeof(*run));
}

/* The Canonical Ordering Algorithm (D109): each sequence of marks is sorted by class. */
static void order(int32_t *points, size_t count, int32_t *spare)
{
	for (size_t i = 0, len; i < count; i += len + 1) {
		for (len = 0; i + len < count && combining_class(points[i + len]); len++)
			;
		if (len > SHORT_RUN)
			order_long(points + i, len, spare);
		else
			order_short(points + i, len);
	}
}

/* Normalization Form D of <text>, in s->points. */
static bool decompose_text(struct unicode_scratch *s, struct slice text, size_t *count)
{
	struct reader r = reader_of(text, false);

	*count = 0;
	while (reader_left(&r) > 0)
		if (!decompose(read_point(&r), UTF8PROC_DECOMPOSE, s->points, count))
			return false;
	order(s->points, *count, s->others);
	return true;
}

/* Fold what is in s->points.  It must have been decomposed, since folding can turn a mark
 * into a letter, across which marks are not reordered (U+0345).
 */
static bool fold_points(struct unicode_scratch *s, size_t *count)
{
	static const utf8proc_option_t options = UTF8PROC_DECOMPOSE | UTF8PROC_CASEFOLD;
	size_t folded = 0;

	for (size_t i = 0; i < *count; i++)
		if (!decompose(s->points[i], options, s->others, &folded))
			return false;
	memcpy(s->points, s->others, folded * sizeof(s->points[0]));
	*count = folded;
	order(s->points, folded, s->others);
	return true;
}

static bool write_points(const int32_t *points, size_t count, struct writer *out)
{
	struct writer w = *out;

	for (size_t i = 0; i < count; i++) {
		uint8_t bytes[4];
		utf8proc_ssize_t len = utf8proc_encode_char(points[i], bytes);

		writer_bytes(&w, slice_of(bytes, (size_t)len));
	}
	if (!writer_ok(&w))
		return false;
	*out = w;
	return true;
}

static bool write_text(struct unicode_scratch *s, struct slice text, bool fold,
		       struct writer *out)
{
	size_t count;

	if (!writer_ok(out))
		return false;
	if (is_ascii(text))
		return write_ascii(text, fold, out);
	if (!decompose_text(s, text, &count) || (fold && !fold_points(s, &count)))
		return false;
	count = (size_t)utf8proc_normalize_utf32(s->points, (utf8proc_ssize_t)count,
						 UTF8PROC_STABLE | UTF8PROC_COMPOSE);
	return write_points(s->points, count, out);
}

bool unicode_normalize(struct unicode_scratch *s, struct slice text, struct writer *out)
{
	return write_text(s, text, false, out);
}

bool unicode_fold(struct unicode_scratch *s, struct slice text, struct writer *out)
{
	return write_text(s, text, true, out);
}
