/* SPDX-License-Identifier: MIT */
/* PS3.5 section 7, the data set */
#include "dicom/dataset.h"
#include "dicom/dict.h"

#include <stdio.h>

static const uint32_t ITEM = 0xFFFEE000;
static const uint32_t ITEM_DELIMITATION = 0xFFFEE00D;
static const uint32_t SEQUENCE_DELIMITATION = 0xFFFEE0DD;

enum { DELIMITATION_SIZE = 8 }; /* tag and length */
enum { MAX_DEPTH = 64 };        /* of sequences within sequences; deeper is refused */

static bool skip_items(struct dataset *ds, enum dataset_encoding encoding, int depth);

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

static bool is_delimiter(uint32_t tag)
{
	return tag == ITEM || tag == ITEM_DELIMITATION || tag == SEQUENCE_DELIMITATION;
}

static bool is_capital(uint8_t c)
{
	return c >= 'A' && c <= 'Z';
}

static bool is_text(uint8_t c)
{
	return c >= ' ' && c < 0x80;
}

/* The length behind <vr>, which is no VR.  If it is text, such as "??", the length has 16
 * bits, but behind three names that are DCMTK's own (DcmVR::setVR()).  If it is not,
 * these are the four bytes of a length in Implicit VR, which some writers mix in.  Bytes
 * that would then say 64 KB or more are of a VR, unless they say undefined or it is pixel
 * data.
 */
static uint32_t read_odd_length(struct dataset *ds, enum dataset_encoding encoding,
				const uint8_t *vr, struct dataset_element *el)
{
	const char name[3] = {(char)vr[0], (char)vr[1]};
	bool text = is_capital(vr[0]) || (is_text(vr[0]) && is_text(vr[1]));
	struct reader implicit = ds->bytes;
	uint16_t length = read_16(&ds->bytes, encoding);

	if (ds->bytes.state != READ_OK)
		return 0;
	if (!ds->odd)
		ds->odd = "the data set has an element without a valid VR";
	if (!text && (length == 0 || length == 0xFFFF || el->tag >> 16 >= 0x7FE0)) {
		implicit.pos = vr;
		return read_32(&implicit, encoding);
	}
	memcpy(el->vr, "UN", sizeof(el->vr));
	return dict_vr_is(name, "ox px lt") ? read_32(&ds->bytes, encoding) : length;
}

/* Tag, VR and length (PS3.5 7.1.2, 7.1.3); items have no VR (7.5) */
static uint32_t read_header(struct dataset *ds, enum dataset_encoding encoding,
			    struct dataset_element *el)
{
	struct reader *r = &ds->bytes;
	const uint8_t *start = r->pos, *vr;

	*el = (struct dataset_element){.tag = read_tag(r, encoding)};
	if (r->state != READ_OK) {
		el->tag = 0;
		r->pos = start;
		return 0;
	}
	if (encoding == DATASET_IMPLICIT_LE || is_delimiter(el->tag))
		return read_32(r, encoding);
	vr = reader_bytes(r, 2);
	if (!vr)
		return 0;
	if (!is_capital(vr[0]) || !is_capital(vr[1]))
		return read_odd_length(ds, encoding, vr, el);
	memcpy(el->vr, vr, 2);
	if (short_length(el->vr))
		return read_16(r, encoding);
	reader_bytes(r, 2);
	return read_32(r, encoding);
}

static bool skip_bytes(struct dataset *ds, uint32_t length)
{
	reader_bytes(&ds->bytes, length);
	if (ds->bytes.state != READ_OK)
		ds->lacks = length;
	return ds->bytes.state == READ_OK;
}

/* A value of undefined length is a sequence (PS3.5 7.5.1) or encapsulated pixel data
 * (A.4).
 */
static bool skip_value(struct dataset *ds, const struct dataset_element *el,
		       uint32_t length, enum dataset_encoding encoding, int depth)
{
	if (length != DATASET_UNDEFINED)
		return skip_bytes(ds, length);
	return skip_items(ds, dataset_encoding_of(el->vr, encoding), depth + 1);
}

/* The elements of an item of undefined length, with its delimitation */
static bool skip_elements(struct dataset *ds, enum dataset_encoding encoding, int depth)
{
	struct dataset_element el;

	for (;;) {
		uint32_t length = read_header(ds, encoding, &el);

		if (ds->bytes.state != READ_OK)
			return false;
		if (el.tag == ITEM_DELIMITATION)
			return true;
		if (is_delimiter(el.tag)) {
			reader_fail(&ds->bytes);
			return false;
		}
		if (!skip_value(ds, &el, length, encoding, depth))
			return false;
	}
}

/* An item, behind its header */
static bool skip_item(struct dataset *ds, uint32_t length, enum dataset_encoding encoding,
		      int depth)
{
	if (length == DATASET_UNDEFINED)
		return skip_elements(ds, encoding, depth);
	return skip_bytes(ds, length);
}

static bool skip_items(struct dataset *ds, enum dataset_encoding encoding, int depth)
{
	struct reader *r = &ds->bytes;
	struct dataset_element el;

	if (depth > MAX_DEPTH)
		reader_fail(r);
	for (;;) {
		uint32_t length = read_header(ds, encoding, &el);

		if (r->state == READ_OK && el.tag != ITEM &&
		    el.tag != SEQUENCE_DELIMITATION)
			reader_fail(r);
		if (r->state != READ_OK)
			return false;
		if (el.tag == SEQUENCE_DELIMITATION)
			return true;
		if (!skip_item(ds, length, encoding, depth))
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

/* The header of the next element; false if it is not there.  An item's end or a
 * sequence's where none has begun is stepped over: some writers put it behind a sequence
 * of defined length.
 */
static bool next_header(struct dataset *ds, struct dataset_element *el)
{
	struct reader *r = &ds->bytes;

	while (goes_on(r)) {
		el->length = read_header(ds, ds->encoding, el);
		if (!is_delimiter(el->tag))
			return r->state == READ_OK;
		if (r->state == READ_OK && !ds->odd)
			ds->odd = "the data set has a delimiter where none belongs";
		if (el->length > 0)
			reader_fail(r);
		*el = (struct dataset_element){0};
	}
	return false;
}

bool dataset_next(struct dataset *ds, struct dataset_element *el)
{
	struct reader *r = &ds->bytes;
	const uint8_t *start;
	bool whole;

	*el = (struct dataset_element){0};
	if (!next_header(ds, el))
		return false;
	start = r->pos;
	whole = skip_value(ds, el, el->length, ds->encoding, 0);
	el->value = slice_of(start, (size_t)((whole ? r->pos : r->end) - start));
	return whole;
}

bool dataset_next_item(struct dataset_items *items, struct dataset *item)
{
	struct reader *r = &items->bytes;
	struct dataset walk;
	struct dataset_element el;
	uint32_t length;

	*item = (struct dataset){.encoding = items->encoding};
	if (!goes_on(r))
		return false;
	walk = (struct dataset){.bytes = *r, .encoding = items->encoding};
	length = read_header(&walk, items->encoding, &el);
	*r = walk.bytes;
	if (r->state != READ_OK)
		return false;
	if (el.tag != ITEM) {
		if (el.tag != SEQUENCE_DELIMITATION || reader_left(r) > 0 || r->cut)
			reader_fail(r);
		return false;
	}
	item->bytes = *r;
	/* the same depth as when the item itself is read */
	if (skip_item(&walk, length, items->encoding, 0)) {
		item->bytes.end = walk.bytes.pos -
				  (length == DATASET_UNDEFINED ? DELIMITATION_SIZE : 0);
		item->bytes.cut = false;
	}
	*r = walk.bytes;
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
