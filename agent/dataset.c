/* SPDX-License-Identifier: MIT */
/* PS3.5 section 7, the data set */
#include "dataset.h"
#include "dict.h"

#include <stdio.h>

static const uint32_t ITEM = 0xFFFEE000;
static const uint32_t ITEM_DELIMITATION = 0xFFFEE00D;
static const uint32_t SEQUENCE_DELIMITATION = 0xFFFEE0DD;
static const uint32_t UNDEFINED = 0xFFFFFFFF;

enum { MAX_DEPTH = 64 }; /* of sequences within sequences; deeper is refused */

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
 * are not known yet, have two reserved bytes and 32 bits.
 */
static bool short_length(const char *vr)
{
	return dict_vr_is(
		vr, "AE AS AT CS DA DS DT FD FL IS LO LT PN SH SL SS ST TM UI UL US");
}

/* Tag, VR and length (PS3.5 7.1.2, 7.1.3); items have no VR (7.5) */
static uint32_t read_header(struct reader *r, enum dataset_encoding encoding,
			    struct dataset_element *el)
{
	struct reader start = *r;

	*el = (struct dataset_element){.tag = read_tag(r, encoding)};
	if (r->state != READ_OK) {
		el->tag = 0;
		r->pos = start.pos;
		return 0;
	}
	if (encoding == DATASET_IMPLICIT_LE || el->tag >> 16 == 0xFFFE)
		return read_32(r, encoding);
	el->vr[0] = (char)reader_u8(r);
	el->vr[1] = (char)reader_u8(r);
	if (r->state == READ_OK &&
	    (el->vr[0] < 'A' || el->vr[0] > 'Z' || el->vr[1] < 'A' || el->vr[1] > 'Z'))
		reader_fail(r);
	if (short_length(el->vr))
		return read_16(r, encoding);
	reader_bytes(r, 2);
	return read_32(r, encoding);
}

/* A value of undefined length is a sequence (PS3.5 7.5.1) or encapsulated pixel data
 * (A.4).  In UN it is a sequence in Implicit VR (6.2.2 note).
 */
static bool skip_value(struct reader *r, const struct dataset_element *el,
		       uint32_t length, enum dataset_encoding encoding, int depth)
{
	if (length != UNDEFINED)
		return reader_bytes(r, length) || r->state == READ_OK;
	if (el->vr[0] == 'U' && el->vr[1] == 'N')
		encoding = DATASET_IMPLICIT_LE;
	return skip_items(r, encoding, depth + 1);
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
		if (length != UNDEFINED ? !skip_value(r, &el, length, encoding, depth)
					: !skip_elements(r, encoding, depth))
			return false;
	}
}

bool dataset_next(struct dataset *ds, struct dataset_element *el)
{
	struct reader *r = &ds->bytes;
	const uint8_t *start;
	uint32_t length;

	*el = (struct dataset_element){0};
	if (r->state != READ_OK || reader_left(r) == 0) {
		if (r->cut && r->state == READ_OK)
			r->state = READ_MORE;
		return false;
	}
	length = read_header(r, ds->encoding, el);
	if (r->state == READ_OK && el->tag >> 16 == 0xFFFE)
		reader_fail(r);
	start = r->pos;
	if (r->state != READ_OK || !skip_value(r, el, length, ds->encoding, 0))
		return false;
	el->value = slice_of(start, (size_t)(r->pos - start));
	return true;
}

static void settle(struct dataset_wanted *wanted, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++)
		wanted[i].state = DATASET_ABSENT;
}

enum read_state dataset_collect(struct dataset *ds, struct dataset_wanted *wanted,
				size_t n)
{
	struct dataset_element el;
	size_t i = 0;

	for (size_t k = 0; k < n; k++)
		wanted[k] = (struct dataset_wanted){.tag = wanted[k].tag};
	while (i < n) {
		bool found = dataset_next(ds, &el);

		/* A tag that is known settles all below it, even if its value is cut. */
		for (; i < n && el.tag != 0 && wanted[i].tag < el.tag; i++)
			wanted[i].state = DATASET_ABSENT;
		if (!found)
			break;
		if (i < n && wanted[i].tag == el.tag) {
			wanted[i].state = DATASET_PRESENT;
			memcpy(wanted[i].vr, el.vr, sizeof(el.vr));
			wanted[i++].value = el.value;
		}
	}
	if (i == n)
		return READ_OK;
	if (ds->bytes.state != READ_MORE)
		settle(wanted, i, n);
	return ds->bytes.state;
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
