/* SPDX-License-Identifier: MIT */
/* PS3.5 7.1, the order of elements; 7.8.1, private blocks */
#include "dicom/dataset_scan.h"
#include "dicom/dict.h"
#include "dicom/pdu.h"

static bool settled(const struct dataset_wanted *w)
{
	return w->state == DATASET_ABSENT || w->state == DATASET_PRESENT;
}

void dataset_scan_begin(struct dataset_scan *s, struct dataset ds,
			struct dataset_wanted *wanted, size_t nplain, size_t nprivate)
{
	*s = (struct dataset_scan){.ds = ds,
				   .wanted = wanted,
				   .nplain = nplain,
				   .nprivate = nprivate,
				   .next_private = nplain,
				   .size = reader_left(&ds.bytes)};
	for (struct dataset_wanted *w = wanted; w < wanted + nplain + nprivate; w++)
		*w = (struct dataset_wanted){
			.tag = w->tag,
			.creator = w->creator,
			/* a creator that comes later makes it greater */
			.last = w->creator ? w->tag | 0xFF : w->tag,
		};
}

static void miss(struct dataset_wanted *w, uint32_t tag)
{
	if (w->state == DATASET_UNKNOWN && w->last < tag)
		w->state = DATASET_ABSENT;
}

/* <tag> is the next one: wanted elements with lesser tags are absent. */
static void pass(struct dataset_scan *s, uint32_t tag)
{
	struct dataset_wanted *w = s->wanted;
	size_t n = s->nplain + s->nprivate;

	for (; s->next_plain < s->nplain && w[s->next_plain].last < tag; s->next_plain++)
		miss(&w[s->next_plain], tag);
	for (size_t i = s->next_private; i < n && w[i].tag >> 16 <= tag >> 16; i++) {
		miss(&w[i], tag);
		if (w[i].tag >> 16 < tag >> 16)
			s->next_private = i + 1;
	}
}

/* (gggg,00bb) reserves (gggg,bb00-bbFF) for the creator that it names (PS3.5 7.8.1).
 * It may have VR UN, if the sender did not know its VR.
 */
static void note_creator(struct dataset_wanted *w, const struct dataset_element *el)
{
	uint32_t block = el->tag & 0xFFFF, last = w->tag | block << 8;

	if (block < 0x10 || block > 0xFF || (el->vr[0] && !dict_vr_is(el->vr, "LO UN")) ||
	    !slice_equal(pdu_trim(el->value), slice_str(w->creator)))
		return;
	w->reserved[block / 8] |= (uint8_t)(1U << block % 8);
	if (w->last < last)
		w->last = last;
}

static bool is_wanted(const struct dataset_wanted *w, uint32_t tag)
{
	uint32_t block = tag >> 8 & 0xFF;

	if (!w->creator)
		return tag == w->tag;
	return (tag & 0xFFFF00FF) == w->tag && w->reserved[block / 8] >> block % 8 & 1;
}

static void note(struct dataset_wanted *w, const struct dataset_element *el,
		 enum dataset_state state)
{
	if (w->state != DATASET_UNKNOWN || !is_wanted(w, el->tag))
		return;
	w->state = state;
	memcpy(w->vr, el->vr, sizeof(el->vr));
	w->value = el->value;
}

/* Step over the element whose tag has been passed.  False at the end. */
static bool take(struct dataset_scan *s)
{
	struct dataset_wanted *w = s->wanted;
	size_t n = s->nplain + s->nprivate;
	struct dataset_element el;
	bool whole = dataset_next(&s->ds, &el), cut = s->ds.bytes.state == READ_MORE;
	enum dataset_state state = cut ? DATASET_CUT : DATASET_PRESENT;

	s->needed = cut ? s->size : s->size - reader_left(&s->ds.bytes);
	if (!whole && !cut)
		pass(s, UINT32_MAX);
	if (!whole && (!cut || el.tag == 0))
		return false;
	for (size_t i = s->next_plain; i < s->nplain && w[i].tag == el.tag; i++)
		note(&w[i], &el, state);
	for (size_t i = s->next_private; i < n && w[i].tag >> 16 == el.tag >> 16; i++) {
		note(&w[i], &el, state);
		note_creator(&w[i], &el);
	}
	return whole;
}

/* Read the next tag without its element. */
static void look_ahead(struct dataset_scan *s)
{
	uint32_t tag = dataset_peek(&s->ds);

	if (tag == 0)
		return;
	s->needed = s->size - reader_left(&s->ds.bytes) + sizeof(tag);
	pass(s, tag);
}

const struct dataset_wanted *dataset_find(struct dataset_scan *s, size_t i)
{
	bool going = true;

	while (going && !settled(&s->wanted[i])) {
		if (s->ahead)
			going = take(s);
		else
			look_ahead(s);
		s->ahead = !s->ahead;
	}
	return &s->wanted[i];
}

size_t dataset_scan_bytes(const struct dataset_scan *s)
{
	return s->needed;
}

enum read_state dataset_collect(struct dataset *ds, struct dataset_wanted *wanted,
				size_t n)
{
	struct dataset_scan s;

	for (size_t i = 0; i < n; i++)
		wanted[i].creator = NULL;
	dataset_scan_begin(&s, *ds, wanted, n, 0);
	for (size_t i = 0; i < n; i++)
		if (!settled(dataset_find(&s, i)))
			wanted[i] = (struct dataset_wanted){.tag = wanted[i].tag};
	*ds = s.ds;
	return s.ds.bytes.state;
}

struct dataset_items dataset_items_of(const struct dataset_wanted *sequence,
				      enum dataset_encoding encoding)
{
	return (struct dataset_items){
		.bytes = reader_of(sequence->value, !settled(sequence)),
		.encoding = dataset_encoding_of(sequence->vr, encoding),
	};
}
