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
				   .all = ds,
				   .wanted = wanted,
				   .nplain = nplain,
				   .nprivate = nprivate,
				   .next_private = nplain};
	for (struct dataset_wanted *w = wanted; w < wanted + nplain + nprivate; w++)
		*w = (struct dataset_wanted){
			.tag = w->tag,
			.creator = w->creator,
			/* a creator that comes later makes it greater */
			.last = w->creator ? w->tag | 0xFF : w->tag,
		};
}

static size_t offset(const struct dataset_scan *s, const uint8_t *at)
{
	return at ? (size_t)(at - s->all.bytes.pos) : 0;
}

static size_t greater(size_t a, size_t b)
{
	return a > b ? a : b;
}

static void miss(struct dataset_wanted *w, uint32_t tag)
{
	if (w->state == DATASET_UNKNOWN && w->last < tag)
		w->state = DATASET_ABSENT;
}

/* <tag> has come: what would have come before it is absent. */
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

/* The first from <low> on whose tag is not below <tag> */
static size_t at_least(const struct dataset_wanted *w, size_t low, size_t high,
		       uint32_t tag)
{
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (w[middle].tag < tag)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void note_all(struct dataset_scan *s, const struct dataset_element *el,
		     enum dataset_state state)
{
	struct dataset_wanted *w = s->wanted;
	size_t n = s->nplain + s->nprivate;
	size_t i = at_least(w, 0, s->nplain, el->tag);

	for (; i < s->nplain && w[i].tag == el->tag; i++)
		note(&w[i], el, state);
	for (i = at_least(w, s->nplain, n, el->tag & 0xFFFF0000);
	     i < n && w[i].tag >> 16 == el->tag >> 16; i++) {
		note(&w[i], el, state);
		note_creator(&w[i], el);
	}
}

static void note_order(struct dataset_scan *s, uint32_t tag)
{
	if (tag < s->above)
		s->disordered = true;
	else
		s->above = (uint64_t)tag + 1;
}

/* What an element tells of those that are not there.  One that is not whole is known to
 * reach as far as the value does that it lacks.
 */
static void note_end(struct dataset_scan *s, const struct dataset_element *el)
{
	size_t here = offset(s, s->ds.bytes.pos);
	bool measured = el->value.ptr && (s->beyond || el->length != DATASET_UNDEFINED);

	s->enough = measured ? offset(s, el->value.ptr) : here;
	s->beyond |= here + s->ds.lacks >= DATASET_HEAD;
	if (s->beyond && !s->disordered)
		pass(s, el->tag);
}

/* The data set has ended.  If its tags are in disorder, private elements may stand before
 * their creator: then it is walked over once more.  True if so.
 */
static bool end(struct dataset_scan *s)
{
	size_t n = s->nplain + s->nprivate;

	if (s->disordered && s->nprivate > 0 && !s->again) {
		s->again = true;
		s->ds.bytes = s->all.bytes;
		return true;
	}
	for (size_t i = 0; i < n; i++)
		if (!settled(&s->wanted[i]))
			s->wanted[i].state = DATASET_ABSENT;
	s->enough = offset(s, s->all.bytes.end);
	return false;
}

/* Step over an element.  False at the end of what can be read. */
static bool take(struct dataset_scan *s)
{
	struct dataset_element el;
	bool whole = dataset_next(&s->ds, &el);
	enum read_state state = s->ds.bytes.state;

	if (!whole && state == READ_OK)
		return end(s);
	if (!whole && el.tag == 0)
		return false;
	if (!s->again)
		note_order(s, el.tag);
	if (state != READ_BAD)
		note_all(s, &el, whole ? DATASET_PRESENT : DATASET_CUT);
	note_end(s, &el);
	return whole;
}

static void note_needed(struct dataset_scan *s, const struct dataset_wanted *w)
{
	size_t needed = offset(s, s->all.bytes.end);

	/* a second walk was for a creator that stands behind its element */
	if (w->state == DATASET_PRESENT && !s->again)
		needed = offset(s, w->value.ptr) + w->value.len;
	else if (w->state == DATASET_ABSENT)
		needed = s->enough;
	s->needed = greater(s->needed, needed);
}

const struct dataset_wanted *dataset_find(struct dataset_scan *s, size_t i)
{
	struct dataset_wanted *w = &s->wanted[i];
	bool going = true;

	while (going && !settled(w))
		going = take(s);
	note_needed(s, w);
	if (s->disordered && !s->ds.odd)
		s->ds.odd = "the data set's tags are not in ascending order";
	return w;
}

size_t dataset_scan_bytes(const struct dataset_scan *s)
{
	return s->needed;
}

enum read_state dataset_collect(struct dataset *ds, struct dataset_wanted *wanted,
				size_t n)
{
	struct dataset_scan s;
	bool known = true;

	for (size_t i = 0; i < n; i++)
		wanted[i].creator = NULL;
	dataset_scan_begin(&s, *ds, wanted, n, 0);
	for (size_t i = 0; i < n; i++)
		if (!settled(dataset_find(&s, i))) {
			wanted[i] = (struct dataset_wanted){.tag = wanted[i].tag};
			known = false;
		}
	*ds = s.ds;
	return known ? READ_OK : s.ds.bytes.state;
}

struct dataset_items dataset_items_of(const struct dataset_wanted *sequence,
				      enum dataset_encoding encoding)
{
	return (struct dataset_items){
		.bytes = reader_of(sequence->value, !settled(sequence)),
		.encoding = dataset_encoding_of(sequence->vr, encoding),
	};
}
