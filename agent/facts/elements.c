/* SPDX-License-Identifier: MIT */
#include "facts/elements.h"
#include "dicom/dict.h"
#include "policy/fact.h"

#include <stdlib.h>

static const uint32_t SPECIFIC_CHARACTER_SET = 0x00080005;

/* For VRs whose text is in the Specific Character Set (PS3.5 6.1.2.2): the characters at
 * which escape sequences lose their effect (6.1.2.5.3).  NULL for other VRs.
 */
static const char *delimiters_of(const char *vr)
{
	if (dict_vr_is(vr, "PN"))
		return "\\^=";
	if (dict_vr_is(vr, "LO SH UC UN"))
		return "\\";
	return dict_vr_is(vr, "LT ST UT") ? "\r\n\f\t" : NULL;
}

/* True if <s> needs no decoding: ASCII without escape sequences. */
static bool is_plain(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.ptr[i] >= 0x80 || s.ptr[i] == 0x1B)
			return false;
	return true;
}

/* The values of one attribute, collected from one element or from items of sequences. */
struct gathering {
	struct facts_elements *from;
	struct policy_scratch *scratch;
	struct writer *text;
	const struct policy_attribute *attribute;
	size_t start;  /* of the values in <text> */
	size_t values; /* elements found */
	bool cut;      /* more may come */
};

/* Append <raw>, decoded to UTF-8 and normalized (NFC). */
static void put_decoded(struct gathering *g, struct slice character_set,
			const char *delimiters, struct slice raw)
{
	struct policy_scratch *s = g->scratch;
	struct writer decoded = writer_of(s->folded, sizeof(s->folded));

	if (!charset_decode(g->from->charset, character_set, delimiters, raw, &decoded) ||
	    !unicode_normalize(&s->unicode, writer_slice(&decoded), g->text))
		g->text->failed = true;
}

/* The Specific Character Set of the data set; false if it is not known yet.  It stands
 * before all text, but in a data set whose tags do not ascend.
 */
static bool find_character_set(struct gathering *g, struct slice *character_set)
{
	const struct policy *policy = g->from->policy;
	const struct dataset_wanted *w;

	if (g->attribute->source == POLICY_COMMAND)
		return true;
	w = dataset_find(&g->from->data_set, policy->character_set - policy->ncommand);
	*character_set = w->value;
	return w->state == DATASET_PRESENT || w->state == DATASET_ABSENT;
}

/* Append the value of an element.  A value at the top level that needs no decoding is not
 * copied but returned; otherwise an empty slice is returned.  <character_set> is that of
 * the item, or NULL.
 */
static struct slice put_element(struct gathering *g, const struct dataset_wanted *w,
				enum dataset_encoding encoding,
				struct slice character_set)
{
	bool un = strcmp(w->vr, "UN") == 0;
	const char *vr = w->vr[0] && !un ? w->vr : g->attribute->vr;
	const char *delimiters = delimiters_of(vr);

	if (un) /* little endian in any transfer syntax (PS3.5 6.2.2 note) */
		encoding = DATASET_IMPLICIT_LE;
	if (delimiters && !is_plain(w->value) && !character_set.ptr &&
	    !find_character_set(g, &character_set)) {
		g->cut = true;
		return (struct slice){0};
	}
	if (g->values++ > 0)
		writer_u8(g->text, policy_separator(g->attribute->vr));
	if (dataset_number_text(vr, w->value, encoding, g->text))
		return (struct slice){0};
	if (delimiters && !is_plain(w->value)) {
		put_decoded(g, character_set, delimiters, w->value);
		return (struct slice){0};
	}
	if (g->attribute->npath == 1)
		return fact_present(w->value).text;
	writer_bytes(g->text, w->value);
	return (struct slice){0};
}

static void gather_items(struct gathering *g, const struct dataset_wanted *sequence,
			 enum dataset_encoding encoding, struct slice character_set,
			 size_t step);

/* Note what was wrong within a sequence, where the walk over the data set may not look.
 */
static void note_state(struct gathering *g, const struct dataset *item)
{
	struct facts_elements *e = g->from;

	e->broken |= item->bytes.state == READ_BAD;
	if (!e->data_set.ds.odd)
		e->data_set.ds.odd = item->odd;
}

/* Look for the element of step <step> of the path in one item, which may have a Specific
 * Character Set of its own (PS3.3 C.12.1.1.2).
 */
static void gather_item(struct gathering *g, const struct dataset *item,
			struct slice character_set, size_t step)
{
	const struct policy_step *wanted = &g->attribute->path[step];
	struct dataset_wanted w[2] = {{.tag = SPECIFIC_CHARACTER_SET},
				      {.tag = wanted->tag, .creator = wanted->creator}};
	size_t first = wanted->creator || wanted->tag > SPECIFIC_CHARACTER_SET ? 0 : 1;
	struct dataset_scan scan;

	dataset_scan_begin(&scan, *item, w + first, wanted->creator ? 1 : 2 - first,
			   wanted->creator ? 1 : 0);
	dataset_find(&scan, 1 - first);
	if (first == 0 && !is_plain(w[1].value))
		dataset_find(&scan, 0);
	note_state(g, &scan.ds);
	if (first == 0 && w[0].state == DATASET_PRESENT)
		character_set = w[0].value;
	if (w[1].state == DATASET_UNKNOWN)
		g->cut = true;
	else if (w[1].state != DATASET_ABSENT && step + 1 < g->attribute->npath)
		gather_items(g, &w[1], item->encoding, character_set, step + 1);
	else if (w[1].state == DATASET_CUT)
		g->cut = true;
	else if (w[1].state == DATASET_PRESENT)
		put_element(g, &w[1], item->encoding, character_set);
}

/* Where no VR says that a value is a sequence: false if it does not begin like one. */
static bool may_be_items(const struct dataset_items *items)
{
	const struct dataset ds = {.bytes = items->bytes, .encoding = items->encoding};
	uint32_t tag = dataset_peek(&ds);

	return tag == 0 || tag >> 16 == 0xFFFE;
}

static void gather_items(struct gathering *g, const struct dataset_wanted *sequence,
			 enum dataset_encoding encoding, struct slice character_set,
			 size_t step)
{
	struct dataset_items items = dataset_items_of(sequence, encoding);
	size_t wanted = g->attribute->path[step - 1].item;
	struct dataset item;

	if (sequence->vr[0] && !dict_vr_is(sequence->vr, "SQ UN"))
		return;
	if (!dict_vr_is(sequence->vr, "SQ") && !may_be_items(&items))
		return;
	for (size_t i = 0; dataset_next_item(&items, &item); i++) {
		if (wanted == POLICY_ANY_ITEM || wanted == i)
			gather_item(g, &item, character_set, step);
		if (wanted == i)
			return;
	}
	g->cut |= items.bytes.state != READ_OK;
	note_state(g, &(struct dataset){.bytes = items.bytes});
}

static struct policy_fact gathered(const struct gathering *g)
{
	if (g->values == 0)
		return g->cut ? fact_unknown : fact_absent;
	return fact_written(g->text, g->start, g->cut ? POLICY_AT_LEAST : POLICY_PRESENT);
}

struct policy_fact facts_elements_get(struct facts_elements *e,
				      const struct policy_attribute *a,
				      struct policy_scratch *scratch, struct writer *text)
{
	struct gathering g = {.from = e,
			      .attribute = a,
			      .scratch = scratch,
			      .text = text,
			      .start = text->len};
	bool in_command = a->source == POLICY_COMMAND;
	struct dataset_scan *scan = in_command ? &e->command : &e->data_set;
	size_t first = in_command ? 0 : e->policy->ncommand;
	const struct dataset_wanted *w;
	struct slice whole;

	if (!scan->wanted) /* nothing has come */
		return fact_unknown;
	w = dataset_find(scan, a->element - first);
	if (w->state == DATASET_ABSENT)
		return fact_absent;
	if (w->state == DATASET_UNKNOWN || (w->state == DATASET_CUT && a->npath == 1))
		return fact_unknown;
	if (a->npath > 1) {
		gather_items(&g, w, scan->ds.encoding, (struct slice){0}, 1);
		return gathered(&g);
	}
	whole = put_element(&g, w, scan->ds.encoding, (struct slice){0});
	return whole.ptr ? fact_present(whole) : gathered(&g);
}

/*** what has come ***/

bool facts_elements_init(struct facts_elements *e)
{
	e->charset = charset_new();
	return e->charset != NULL;
}

void facts_elements_clear(struct facts_elements *e)
{
	charset_free(e->charset);
	free(e->wanted);
}

static bool take_room(struct facts_elements *e, size_t n)
{
	struct dataset_wanted *wanted = calloc(n, sizeof(*wanted));

	if (!wanted)
		return false;
	free(e->wanted);
	e->wanted = wanted;
	e->room = n;
	return true;
}

bool facts_elements_begin(struct facts_elements *e, const struct policy *policy)
{
	size_t n = policy->ncommand + policy->nplain + policy->nprivate;

	if (n > e->room && !take_room(e, n))
		return false;
	e->policy = policy;
	for (size_t i = 0; i < n; i++)
		e->wanted[i] =
			(struct dataset_wanted){.tag = policy->elements[i].tag,
						.creator = policy->elements[i].creator};
	e->command = e->data_set = (struct dataset_scan){0};
	e->whole = (struct dataset){0};
	e->broken = false;
	return true;
}

void facts_elements_command(struct facts_elements *e, struct slice bytes)
{
	const struct dataset ds = {.bytes = reader_of(bytes, false),
				   .encoding = DATASET_IMPLICIT_LE};

	dataset_scan_begin(&e->command, ds, e->wanted, e->policy->ncommand, 0);
}

void facts_elements_data_set(struct facts_elements *e, struct slice bytes,
			     enum dataset_encoding encoding, bool cut)
{
	const struct dataset ds = {.bytes = reader_of(bytes, cut), .encoding = encoding};

	e->whole = ds;
	dataset_scan_begin(&e->data_set, ds, e->wanted + e->policy->ncommand,
			   e->policy->nplain, e->policy->nprivate);
}

bool facts_elements_text(struct facts_elements *e, uint32_t tag, struct writer *text)
{
	struct dataset_wanted w[2] = {{.tag = SPECIFIC_CHARACTER_SET}, {.tag = tag}};
	struct dataset ds = e->whole;
	struct slice character_set = {0};

	if (!ds.bytes.pos)
		return false;
	(void)dataset_collect(&ds, w, 2);
	if (w[1].state != DATASET_PRESENT)
		return false;
	if (w[0].state == DATASET_PRESENT)
		character_set = w[0].value;
	return charset_decode(e->charset, character_set, "\\", w[1].value, text);
}

bool facts_elements_broken(const struct facts_elements *e)
{
	return e->broken || e->data_set.ds.bytes.state == READ_BAD;
}

size_t facts_elements_bytes(const struct facts_elements *e)
{
	return e->data_set.wanted ? dataset_scan_bytes(&e->data_set) : 0;
}
