/* SPDX-License-Identifier: MIT */
/* A data set in the encoding that the first byte names, and the same cut short where the
 * next two say: all at once, one after the other in two orders, within sequences.
 */
#include "check.h"
#include "dicom/dataset_scan.h"

static const uint32_t tags[] = {0x00080005, 0x00080016, 0x00080060, 0x00090010,
				0x00100020, 0x00180015, 0x00280010, 0x7FE00010};

enum { TAGS = sizeof(tags) / sizeof(tags[0]) };

static enum read_state collect(struct slice in, bool cut, enum dataset_encoding encoding,
			       struct dataset_wanted *w)
{
	struct dataset ds = {.bytes = reader_of(in, cut), .encoding = encoding};
	enum read_state state;

	for (size_t i = 0; i < TAGS; i++)
		w[i].tag = tags[i];
	state = dataset_collect(&ds, w, TAGS);
	for (size_t i = 0; i < TAGS; i++) {
		CHECK(w[i].tag == tags[i]);
		CHECK(w[i].state != DATASET_UNKNOWN || state != READ_OK);
		CHECK(w[i].state == DATASET_PRESENT || w[i].value.len == 0);
		check_inside(w[i].value, in);
	}
	CHECK(state != READ_MORE || cut);
	return state;
}

static void walk(struct slice in, enum dataset_encoding encoding)
{
	struct dataset ds = {.bytes = reader_of(in, false), .encoding = encoding};
	struct dataset_element el;
	const uint8_t *last = in.ptr;
	char text[256];

	while (dataset_next(&ds, &el)) {
		struct writer out = writer_of(text, sizeof(text));

		check_inside(el.value, in);
		CHECK(el.value.ptr > last || (size_t)(el.value.ptr - last) <= in.len);
		last = el.value.ptr;
		if (!dataset_number_text(el.vr, el.value, encoding, &out))
			CHECK(!writer_ok(&out) || out.len == 0);
	}
	CHECK(ds.bytes.state != READ_MORE);
}

static const struct dataset_wanted asked[] = {
	{.tag = 0x00080005},
	{.tag = 0x00080060},
	{.tag = 0x00081140},
	{.tag = 0x00090010},
	{.tag = 0x00100020},
	{.tag = 0x7FE00010},
	{.tag = 0x00090001, .creator = "ACME"},
	{.tag = 0x00090001, .creator = "B"},
	{.tag = 0x00090002, .creator = "ACME"},
	{.tag = 0x00110001, .creator = "ACME"},
};

enum { ASKED = sizeof(asked) / sizeof(asked[0]), PLAIN = 6, DEEPEST = 4 };

static struct dataset_scan scan_of(struct dataset ds, struct dataset_wanted *w)
{
	struct dataset_scan s;

	memcpy(w, asked, sizeof(asked));
	dataset_scan_begin(&s, ds, w, PLAIN, ASKED - PLAIN);
	return s;
}

/* Asks for all, from number <first> on. */
static void ask(struct dataset_scan *s, size_t first)
{
	size_t size = reader_left(&s->ds.bytes), last = 0;

	for (size_t i = 0; i < ASKED; i++) {
		const struct dataset_wanted *w = dataset_find(s, (first + i) % ASKED);

		CHECK(w->state == DATASET_ABSENT || w->state == DATASET_PRESENT ||
		      s->ds.bytes.state != READ_OK);
		CHECK(dataset_scan_bytes(s) >= last && dataset_scan_bytes(s) <= size);
		last = dataset_scan_bytes(s);
	}
}

/* What was needed to settle one is enough to settle it, unless that is all of the data
 * set and its end.
 */
static void check_needed(struct dataset whole, size_t i)
{
	struct dataset_wanted w[ASKED], part[ASKED];
	struct dataset_scan s = scan_of(whole, w), again;
	struct slice in = slice_of(whole.bytes.pos, reader_left(&whole.bytes));

	dataset_find(&s, i);
	if (s.again)
		CHECK(dataset_scan_bytes(&s) == in.len);
	if (s.again || s.ds.bytes.state != READ_OK ||
	    (!s.beyond && w[i].state == DATASET_ABSENT))
		return;
	in = slice_head(in, dataset_scan_bytes(&s));
	again = scan_of((struct dataset){.bytes = reader_of(in, true),
					 .encoding = whole.encoding},
			part);
	CHECK(dataset_find(&again, i)->state == w[i].state);
	CHECK(slice_equal(part[i].value, w[i].value));
	CHECK(dataset_scan_bytes(&again) == in.len);
}

static void check_items(const struct dataset_wanted *part,
			const struct dataset_wanted *whole,
			enum dataset_encoding encoding, int depth);

/* What the beginning <part> tells is not taken back by the rest, nor by another order. */
static void check_part(struct dataset part, struct dataset whole, size_t first, int depth)
{
	struct dataset_wanted few[ASKED], all[ASKED], other[ASKED];
	struct dataset_scan a = scan_of(part, few), b = scan_of(whole, all),
			    c = scan_of(part, other);

	ask(&a, first);
	ask(&b, 0);
	ask(&c, 0);
	for (size_t i = 0; i < ASKED; i++) {
		CHECK(few[i].state == other[i].state);
		CHECK(slice_equal(few[i].value, other[i].value));
		check_inside(few[i].value,
			     slice_of(part.bytes.pos, reader_left(&part.bytes)));
		if (few[i].state == DATASET_UNKNOWN || few[i].state == DATASET_CUT)
			continue;
		CHECK(few[i].state == all[i].state);
		CHECK(slice_equal(few[i].value, all[i].value));
	}
	check_needed(whole, first);
	for (size_t i = 0; i < ASKED && depth < DEEPEST; i++)
		if (all[i].state == DATASET_PRESENT)
			check_items(&few[i], &all[i], whole.encoding, depth + 1);
}

static void check_items(const struct dataset_wanted *part,
			const struct dataset_wanted *whole,
			enum dataset_encoding encoding, int depth)
{
	struct dataset_items few = dataset_items_of(part, encoding);
	struct dataset_items all = dataset_items_of(whole, encoding);
	struct dataset a, b;
	size_t i = 0;

	for (; dataset_next_item(&few, &a); i++) {
		check_inside(slice_of(a.bytes.pos, reader_left(&a.bytes)), part->value);
		CHECK(few.bytes.state == READ_OK || a.bytes.end == few.bytes.end);
		CHECK(dataset_next_item(&all, &b));
		check_part(a, b, i % ASKED, depth);
	}
	CHECK(few.bytes.state != READ_OK || reader_left(&few.bytes) == 0);
	while (dataset_next_item(&all, &b)) {
		CHECK(few.bytes.state == READ_MORE);
		check_inside(slice_of(b.bytes.pos, reader_left(&b.bytes)), whole->value);
	}
	CHECK(all.bytes.state != READ_MORE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct dataset_wanted whole[TAGS], part[TAGS];
	enum dataset_encoding encoding;
	struct slice in;
	size_t cut;

	if (size < 3)
		return 0;
	encoding = (enum dataset_encoding)(data[0] % 3);
	in = slice_of(data + 3, size - 3);
	cut = (size_t)(data[1] << 8 | data[2]) % (in.len + 1);
	walk(in, encoding);
	CHECK(collect(in, false, encoding, whole) != READ_MORE);
	collect(slice_of(in.ptr, cut), true, encoding, part);
	/* What the beginning tells is not taken back by the rest. */
	for (size_t i = 0; i < TAGS; i++) {
		if (part[i].state == DATASET_UNKNOWN)
			continue;
		CHECK(part[i].state == whole[i].state);
		CHECK(slice_equal(part[i].value, whole[i].value));
	}
	check_part((struct dataset){.bytes = reader_of(slice_head(in, cut), true),
				    .encoding = encoding},
		   (struct dataset){.bytes = reader_of(in, false), .encoding = encoding},
		   data[1] % ASKED, 0);
	return 0;
}
