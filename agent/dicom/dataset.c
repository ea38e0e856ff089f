/* SPDX-License-Identifier: MIT */
/* PS3.5 section 7, the data set */
#include "dicom/dataset.h"
#include "dicom/dict.h"

#include <stdio.h>

static const uint32_t ITEM = 0xFFFEE000;
static const uint32_t ITEM_DELIMITATION = 0xFFFEE00D;
static const uint32_t SEQUENCE_DELIMITATION = 0xFFFEE0DD;
static const uint32_t UNDEFINED = 0xFFFFFFFF;

enum { DELIMITATION_SIZE = 8 }; /* tag and length */
enum { MAX_DEPTH = 64 };        /* of sequences within sequences; deeper is refused */

static bool skip_items(struct reader *r, enum dataset_encoding encoding, int depth);

static uint16_t read_16(struct reader *r, enum dataset_encoding encoding)
{
	return encoding == DATASET_EXPLICIT_BE ? reader_be16(r) : reader_le16(r);
}

static uint32_t read_32(struct reader *r, enum dataset_encoding encoding)
{
	return encoding == DATASET_EXPLICIT_BE ? reader_be32(r) : reader_le32(r);
}

static uint32_t read_tag(struct reader *r, enum dataset_encoding encoding)
{
	uint32_t group = read_16(r, encoding);

	return group << 16 | read_16(r, encoding);
}

/* Explicit VRs whose length has 16 bits (PS3.5 7.1.2); all others, also those that
 * are not known yet, have two reserved bytes and 32 bits.  The most frequent come first.
 */
static bool short_length(const char *vr)
{
	return dict_vr_is(
		vr, "UI CS LO DS DA TM SH IS US PN ST LT AS AE UL DT FD FL SL SS AT");
}

/* Tag, VR and length (PS3.5 7.1.2, 7.1.3); items have no VR (7.5) */
static uint32_t read_header(struct reader *r, enum dataset_encoding encoding,
			    struct dataset_element *el)
{
	const uint8_t *start = r->pos, *vr;

	*el = (struct dataset_element){.tag = read_tag(r, encoding)};
	if (r->state != READ_OK) {
		el->tag = 0;
		r->pos = start;
		return 0;
	}
	if (encoding == DATASET_IMPLICIT_LE || el->tag >> 16 == 0xFFFE)
		return read_32(r, encoding);
	vr = reader_bytes(r, 2);
	if (!vr)
		return 0;
	memcpy(el->vr, vr, 2);
	if (vr[0] < 'A' || vr[0] > 'Z' || vr[1] < 'A' || vr[1] > 'Z')
		reader_fail(r);
	if (short_length(el->vr))
		return read_16(r, encoding);
	reader_bytes(r, 2);
	return read_32(r, encoding);
}

/* A value of undefined length is a sequence (PS3.5 7.5.1) or encapsulated pixel data
 * (A.4).
 */
static bool skip_value(struct reader *r, const struct dataset_element *el,
		       uint32_t length, enum dataset_encoding encoding, int depth)
{
	if (length != UNDEFINED)
		return reader_bytes(r, length) || r->state == READ_OK;
	return skip_items(r, dataset_encoding_of(el->vr, encoding), depth + 1);
}

/* The elements of an item of undefined length, with its delimitation */
static bool skip_elements(struct reader *r, enum dataset_encoding encoding, int depth)
{
	struct dataset_element el;

	for (;;) {
		uint32_t length = read_header(r, encoding, &el);

		if (r->state != READ_OK)
			return false;
		if (el.tag == ITEM_DELIMITATION)
			return true;
		if (el.tag >> 16 == 0xFFFE) {
			reader_fail(r);
			return false;
		}
		if (!skip_value(r, &el, length, encoding, depth))
			return false;
	}
}

/* An item, behind its header */
static bool skip_item(struct reader *r, uint32_t length, enum dataset_encoding encoding,
		      int depth)
{
	if (length == UNDEFINED)
		return skip_elements(r, encoding, depth);
	reader_bytes(r, length);
	return r->state == READ_OK;
}

static bool skip_items(struct reader *r, enum dataset_encoding encoding, int depth)
{
	struct dataset_element el;

	if (depth > MAX_DEPTH)
		reader_fail(r);
	for (;;) {
		uint32_t length = read_header(r, encoding, &el);

		if (r->state == READ_OK && el.tag != ITEM &&
		    el.tag != SEQUENCE_DELIMITATION)
			reader_fail(r);
		if (r->state != READ_OK)
			return false;
		if (el.tag == SEQUENCE_DELIMITATION)
			return true;
		if (!skip_item(r, length, encoding, depth))
			return false;
	}
}

/* Is there anything to be read?  The end of a cut window is none. */
static bool goes_on(struct reader *r)
{
	if (r->state == READ_OK && reader_left(r) == 0 && r->cut)
		r->state = READ_MORE;
	return r->state == READ_OK && reader_left(r) > 0;
}

enum dataset_encoding dataset_syntax_encoding(struct slice transfer_syntax)
{
	if (slice_equal(transfer_syntax, slice_str(DICT_IMPLICIT_VR_LE)))
		return DATASET_IMPLICIT_LE;
	if (slice_equal(transfer_syntax, slice_str(DICT_EXPLICIT_VR_BE)))
		return DATASET_EXPLICIT_BE;
	return DATASET_EXPLICIT_LE;
}

enum dataset_encoding dataset_encoding_of(const char *vr, enum dataset_encoding encoding)
{
	return dict_vr_is(vr, "UN") ? DATASET_IMPLICIT_LE : encoding;
}

uint32_t dataset_peek(const struct dataset *ds)
{
	struct reader r = ds->bytes;
	uint32_t tag = read_tag(&r, ds->encoding);

	return r.state == READ_OK ? tag : 0;
}

bool dataset_next(struct dataset *ds, struct dataset_element *el)
{
	struct reader *r = &ds->bytes;
	const uint8_t *start;
	uint32_t length;
	bool whole;

	*el = (struct dataset_element){0};
	if (!goes_on(r))
		return false;
	length = read_header(r, ds->encoding, el);
	if (r->state == READ_OK && el->tag >> 16 == 0xFFFE)
		reader_fail(r);
	start = r->pos;
	if (r->state != READ_OK)
		return false;
	whole = skip_value(r, el, length, ds->encoding, 0);
	el->value = slice_of(start, (size_t)((whole ? r->pos : r->end) - start));
	return whole;
}

bool dataset_next_item(struct dataset_items *items, struct dataset *item)
{
	struct reader *r = &items->bytes;
	struct dataset_element el;
	uint32_t length;

	*item = (struct dataset){.encoding = items->encoding};
	if (!goes_on(r))
		return false;
	length = read_header(r, items->encoding, &el);
	if (r->state != READ_OK)
		return false;
	if (el.tag != ITEM) {
		if (el.tag != SEQUENCE_DELIMITATION || reader_left(r) > 0 || r->cut)
			reader_fail(r);
		return false;
	}
	item->bytes = *r;
	/* the same depth as when the item itself is read */
	if (skip_item(r, length, items->encoding, 0)) {
		item->bytes.end = r->pos - (length == UNDEFINED ? DELIMITATION_SIZE : 0);
		item->bytes.cut = false;
	}
	return true;
}

static size_t format_number(char *text, size_t size, const char *vr, struct reader *r,
			    enum dataset_encoding encoding)
{
	uint64_t first, second;
	float f;
	double d;
	uint32_t u;
	int len;

	if (vr[0] == 'A') { /* AT */
		u = read_tag(r, encoding);
		len = snprintf(text, size, "(%04X,%04X)", u >> 16, u & 0xFFFFU);
		return (size_t)len;
	}
	if (vr[1] == 'S') {
		uint16_t v = read_16(r, encoding);

		len = vr[0] == 'U' ? snprintf(text, size, "%u", v)
				   : snprintf(text, size, "%d", (int16_t)v);
		return (size_t)len;
	}
	u = read_32(r, encoding);
	if (vr[1] == 'L') {
		memcpy(&f, &u, sizeof(f));
		len = vr[0] == 'F'   ? snprintf(text, size, "%.9g", (double)f)
		      : vr[0] == 'U' ? snprintf(text, size, "%u", u)
				     : snprintf(text, size, "%d", (int32_t)u);
		return (size_t)len;
	}
	first = u;
	second = read_32(r, encoding);
	first = encoding == DATASET_EXPLICIT_BE ? first << 32 | second
						: second << 32 | first;
	memcpy(&d, &first, sizeof(d));
	len = vr[0] == 'F'   ? snprintf(text, size, "%.17g", d)
	      : vr[0] == 'U' ? snprintf(text, size, "%llu", (unsigned long long)first)
			     : snprintf(text, size, "%lld", (long long)first);
	return (size_t)len;
}

bool dataset_number_text(const char *vr, struct slice value,
			 enum dataset_encoding encoding, struct writer *out)
{
	struct reader r = reader_of(value, false);
	char text[40];

	if (!dict_vr_is(vr, "AT US SS UL SL FL FD UV SV"))
		return false;
	for (bool first = true; reader_left(&r) > 0; first = false) {
		size_t len = format_number(text, sizeof(text), vr, &r, encoding);

		if (r.state != READ_OK)
			break;
		if (!first)
			writer_u8(out, '\\');
		writer_bytes(out, slice_of(text, len));
	}
	return writer_ok(out);
}
