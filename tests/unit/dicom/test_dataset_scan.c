/* SPDX-License-Identifier: MIT */
/* PS3.5 7.8.1 and 7.5: what is wanted of a data set, however little of it has come */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "dicom/dataset_scan.h"
#include "edge.h"
#include "form.h"
#include "sample.h"

enum { ROOM = 1 << 17 };

/* A sequence of three items: <depth> more of them within the first, an empty one, a
 * private creator of its own.
 */
static void put_sequence(struct writer *w, struct form f, uint32_t tag, const char *vr,
			 int depth)
{
	struct form outer = f;
	size_t sequence = begin(w, f, tag, vr), item;

	f = within(f, vr);
	item = begin_item(w, f);
	put(w, f, 0x00080060, "CS", depth % 2 ? "MR" : "CT");
	if (depth > 0)
		put_sequence(w, f, 0x00081140, "SQ", depth - 1);
	put(w, f, 0x00200013, "IS", "7 ");
	end_item(w, f, item);
	end_item(w, f, begin_item(w, f));
	item = begin_item(w, f);
	put(w, f, 0x00090010, "LO", "INNER ");
	put(w, f, 0x00091001, "LO", "in");
	end_item(w, f, item);
	end_sequence(w, outer, sequence, vr);
}

static struct slice build(struct form f)
{
	static uint8_t buf[ROOM];
	struct writer w = writer_of(buf, sizeof(buf));

	put(&w, f, 0x00080005, "CS", "ISO_IR 100");
	put(&w, f, 0x00080060, "CS", "CT");
	put_sequence(&w, f, 0x00081140, "SQ", 3);
	put(&w, f, 0x00090005, "LO", "ACME"); /* reserves nothing */
	put(&w, f, 0x00090010, "LO", "ACME");
	put(&w, f, 0x00090011, "LO", "OTHER ");
	put(&w, f, 0x00090012, "LO", " ACME ");
	put(&w, f, 0x00090013, "SH", f.encoding == DATASET_IMPLICIT_LE ? "NO" : "ACME");
	put(&w, f, 0x000900FF, "UN", "EDGE");
	put(&w, f, 0x00090502, "LO", "no");
	put(&w, f, 0x00091001, "LO", "a1");
	put(&w, f, 0x00091101, "IS", "11");
	put(&w, f, 0x00091201, "LO", "no");
	put(&w, f, 0x00091202, "LO", "a2");
	put(&w, f, 0x00091303, "LO", "no");
	put(&w, f, 0x0009FF10, "LO", "EDGE");
	put(&w, f, 0x00100020, "LO", "ID7 ");
	put(&w, f, 0x00110010, "LO", "ACME");
	put_sequence(&w, f, 0x00111001, "UN", 2);
	put(&w, f, 0x00280010, "US", "xy");
	put(&w, f, 0x7FE00010, "OW", "pixels");
	assert_true(writer_ok(&w));
	return writer_slice(&w);
}

static const struct {
	uint32_t tag;
	const char *creator, *value;
} expected[] = {
	{0x00080005, NULL, "ISO_IR 100"},
	{0x00080050, NULL, NULL},
	{0x00080060, NULL, "CT"},
	{0x00081140, NULL, "*"},
	{0x00090011, NULL, "OTHER "},
	{0x00091001, NULL, "a1"},
	{0x00091002, NULL, NULL},
	{0x00100010, NULL, NULL},
	{0x00100020, NULL, "ID7 "},
	{0x00100020, NULL, "ID7 "},
	{0x00280010, NULL, "xy"},
	{0x7FE00010, NULL, "pixels"},
	{0x00070001, "ACME", NULL}, /* no such group */
	{0x00090001, "ACME", "a1"},
	{0x00090002, "ACME", "a2"}, /* in its second block */
	{0x00090003, "ACME", NULL}, /* that block is reserved by no LO */
	{0x00090001, "OTHER", "11"},
	{0x00090001, "NOBODY", NULL},
	{0x00090010, "ACME", NULL}, /* is no creator element */
	{0x00090010, "EDGE", "EDGE"},
	{0x00110001, "ACME", "*"}, /* another group, another block */
	{0x00110002, "ACME", NULL},
	{0x00130001, "ACME", NULL},
};

enum { WANTED = sizeof(expected) / sizeof(expected[0]), PLAIN = 12 };

static struct dataset_scan scan_of(struct slice in, bool cut,
				   enum dataset_encoding encoding,
				   struct dataset_wanted *w)
{
	struct dataset_scan s;

	for (size_t i = 0; i < WANTED; i++)
		w[i] = (struct dataset_wanted){.tag = expected[i].tag,
					       .creator = expected[i].creator,
					       .state = DATASET_PRESENT};
	dataset_scan_begin(
		&s, (struct dataset){.bytes = reader_of(in, cut), .encoding = encoding},
		w, PLAIN, WANTED - PLAIN);
	return s;
}

static void test_what_is_there(void **state)
{
	for (size_t f = 0; f < FORMS; f++) {
		struct dataset_wanted w[WANTED];
		struct dataset_scan s =
			scan_of(edge(build(forms[f])), false, forms[f].encoding, w);

		for (size_t i = 0; i < WANTED; i++) {
			const struct dataset_wanted *got = dataset_find(&s, i);
			const char *value = expected[i].value;

			assert_ptr_equal(got, &w[i]);
			assert_int_equal(got->state,
					 value ? DATASET_PRESENT : DATASET_ABSENT);
			if (value && value[0] != '*')
				assert_true(is_text(got->value, value));
		}
		assert_int_equal(s.ds.bytes.state, READ_OK);
	}
}

/* <part> is what a beginning of the data set says, <whole> what all of it does. */
static void check_same(const struct dataset_wanted *part,
		       const struct dataset_wanted *whole)
{
	if (part->state == DATASET_UNKNOWN) {
		assert_int_equal(part->value.len, 0);
		return;
	}
	if (part->state == DATASET_CUT) {
		assert_int_equal(whole->state, DATASET_PRESENT);
		assert_true(part->value.len < whole->value.len || whole->value.len == 0);
		assert_true(slice_equal(part->value,
					slice_head(whole->value, part->value.len)));
		return;
	}
	assert_int_equal(part->state, whole->state);
	assert_true(slice_equal(part->value, whole->value));
	assert_string_equal(part->vr, whole->vr);
}

/* The same for all that is within two sequences */
static void check_items(const struct dataset_wanted *part,
			const struct dataset_wanted *whole,
			enum dataset_encoding encoding)
{
	struct dataset_items few = dataset_items_of(part, encoding);
	struct dataset_items all = dataset_items_of(whole, encoding);
	struct dataset a, b;
	size_t n = 0;

	for (; dataset_next_item(&few, &a); n++) {
		struct dataset_wanted wa[] = {{.tag = 0x00080060},
					      {.tag = 0x00081140},
					      {.tag = 0x00090001, .creator = "ACME"},
					      {.tag = 0x00090001, .creator = "INNER"}},
				      wb[4];
		struct dataset_scan sa, sb;

		assert_true(dataset_next_item(&all, &b));
		assert_int_equal(a.encoding, b.encoding);
		assert_int_equal(a.bytes.cut, few.bytes.state == READ_MORE);
		memcpy(wb, wa, sizeof(wa));
		dataset_scan_begin(&sa, a, wa, 2, 2);
		dataset_scan_begin(&sb, b, wb, 2, 2);
		for (size_t i = 0; i < 4; i++)
			check_same(dataset_find(&sa, 3 - i), dataset_find(&sb, 3 - i));
		assert_int_equal(wb[0].state, n == 0 ? DATASET_PRESENT : DATASET_ABSENT);
		assert_int_equal(wb[2].state, DATASET_ABSENT);
		assert_int_equal(wb[3].state, n == 2 ? DATASET_PRESENT : DATASET_ABSENT);
		check_items(&wa[1], &wb[1], a.encoding);
	}
	assert_false(few.bytes.state == READ_BAD);
	if (few.bytes.state == READ_OK)
		assert_false(dataset_next_item(&all, &b));
}

/* Each beginning, asked in four orders: it never says what the whole does not, and
 * always the same.
 */
static void test_every_prefix(void **state)
{
	for (size_t f = 0; f < FORMS; f++) {
		enum dataset_encoding encoding = forms[f].encoding;
		struct slice all = build(forms[f]);
		struct dataset_wanted whole[WANTED], part[WANTED], again[WANTED] = {0};
		struct dataset_scan s = scan_of(all, false, encoding, whole);

		for (size_t i = 0; i < WANTED; i++)
			dataset_find(&s, i);
		for (size_t len = 0; len <= all.len; len++) {
			struct slice in = edge(slice_head(all, len));

			for (size_t step = 1; step < WANTED; step += 7) {
				s = scan_of(in, true, encoding, part);
				for (size_t i = 0; i < WANTED; i++)
					check_same(dataset_find(&s, i * step % WANTED),
						   &whole[i * step % WANTED]);
				for (size_t i = 0; step > 1 && i < WANTED; i++) {
					assert_int_equal(part[i].state, again[i].state);
					assert_true(slice_equal(part[i].value,
								again[i].value));
				}
				memcpy(again, part, sizeof(part));
			}
			check_items(&part[3], &whole[3], encoding);
			check_items(&part[20], &whole[20], encoding);
		}
	}
}

/* What was needed suffices, and less does not. */
static void test_no_more_than_needed(void **state)
{
	for (size_t f = 0; f < FORMS; f++)
		for (size_t i = 0; i < WANTED; i++) {
			struct slice all = edge(build(forms[f]));
			struct dataset_wanted w[WANTED], part[WANTED];
			struct dataset_scan s = scan_of(all, false, forms[f].encoding, w);
			size_t needed;

			assert_int_equal(dataset_scan_bytes(&s), 0);
			dataset_find(&s, i);
			needed = dataset_scan_bytes(&s);
			if (w[i].state == DATASET_PRESENT)
				assert_ptr_equal(all.ptr + needed,
						 w[i].value.ptr + w[i].value.len);
			dataset_find(&s, i);
			assert_int_equal(dataset_scan_bytes(&s), needed);

			s = scan_of(slice_head(all, needed), needed < all.len,
				    forms[f].encoding, part);
			check_same(dataset_find(&s, i), &w[i]);
			assert_int_equal(part[i].state, w[i].state);
			assert_int_equal(dataset_scan_bytes(&s), needed);
			assert_int_equal(s.ds.bytes.state, READ_OK);

			for (size_t len = 0; len < needed; len++) {
				s = scan_of(slice_head(all, len), true, forms[f].encoding,
					    part);
				dataset_find(&s, i);
				assert_true(part[i].state == DATASET_UNKNOWN ||
					    part[i].state == DATASET_CUT);
				/* there is something of its value: then it is there */
				if (w[i].state == DATASET_PRESENT)
					assert_true(part[i].state == DATASET_CUT ||
						    all.ptr + len < w[i].value.ptr);
				assert_int_equal(s.ds.bytes.state, READ_MORE);
				assert_int_equal(dataset_scan_bytes(&s), len);
			}
		}
}

/* Modality, absent or not, with <before> and <after> around it */
static enum dataset_state state_of(const char *before, size_t filler, const char *after,
				   bool cut, const char **odd)
{
	static uint8_t buf[ROOM];
	struct writer out = writer_of(buf, sizeof(buf));
	struct dataset_wanted w = {.tag = 0x00080060};
	struct dataset_scan s;

	sample_write(&out, before);
	for (size_t i = 0; i < filler; i++)
		writer_u8(&out, 0);
	sample_write(&out, after);
	assert_true(writer_ok(&out));
	dataset_scan_begin(
		&s,
		(struct dataset){.bytes = reader_of(edge(writer_slice(&out)), cut),
				 .encoding = DATASET_EXPLICIT_LE},
		&w, 1, 0);
	dataset_find(&s, 0);
	*odd = s.ds.odd;
	return w.state;
}

#define FIRST    "0800 1600 'UI' 0400 '1.2' 00"
#define MODALITY "0800 6000 'CS' 0200 'CT'"
#define PATIENT  "1000 2000 'LO' 0200 'P1'"

/* Absent is what the end of the data set proves, or ascending tags behind its head. */
static void test_what_proves_absence(void **state)
{
	enum { BEHIND = DATASET_HEAD };
	static const struct {
		const char *before;
		size_t filler;
		const char *after;
		bool cut;
		enum dataset_state expected;
		bool odd;
	} cases[] = {
		{FIRST PATIENT, 0, "", false, DATASET_ABSENT, false},
		{FIRST PATIENT, 0, "", true, DATASET_UNKNOWN, false},
		{FIRST PATIENT, 0, MODALITY, true, DATASET_PRESENT, true},
		{PATIENT FIRST MODALITY, 0, "", true, DATASET_PRESENT, true},
		{PATIENT FIRST, 0, "", true, DATASET_UNKNOWN, true},
		/* a value that reaches behind the head, however little of it has come */
		{FIRST PATIENT "E07F 1000 'OW' 0000 0000 0800", 0, "", true,
		 DATASET_ABSENT, false},
		{FIRST PATIENT "E07F 1000 'OW' 0000 0000 08", 0, "", true,
		 DATASET_UNKNOWN, false},
		{FIRST PATIENT "E07F 1000 'OW' 0000 FFFFFFFF FEFF 00E0 00000000"
			       "FEFF 00E0 0000 0800",
		 0, "", true, DATASET_ABSENT, false},
		{FIRST PATIENT "E07F 1000 'OW' 0000 00C0 0000", BEHIND, MODALITY, false,
		 DATASET_ABSENT, false},
		{FIRST PATIENT "E07F 1000 'OW' 0000 00B0 0000", BEHIND - 0x1000, MODALITY,
		 false, DATASET_PRESENT, true},
		/* but not a value that stands before it, nor where tags do not ascend */
		{FIRST "0800 5000 'UT' 0000 0000 0800", 0, "", true, DATASET_UNKNOWN,
		 false},
		{PATIENT FIRST "E07F 1000 'OW' 0000 00C0 0000", BEHIND, MODALITY, false,
		 DATASET_PRESENT, true},
		{PATIENT FIRST "E07F 1000 'OW' 0000 00C0 0000", BEHIND, "", true,
		 DATASET_UNKNOWN, true},
		/* two of one tag: the first counts */
		{MODALITY "0800 6000 'CS' 0200 'MR'", 0, "", false, DATASET_PRESENT,
		 false},
		{FIRST FIRST "E07F 1000 'OW' 0000 0000 0800", 0, "", true,
		 DATASET_UNKNOWN, true},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *odd;

		if (state_of(cases[i].before, cases[i].filler, cases[i].after,
			     cases[i].cut, &odd) != cases[i].expected)
			fail_msg("case %zu", i);
		assert_int_equal(odd != NULL, cases[i].odd);
	}
}

/* Private elements before their creator (PS3.5 7.8.1), at the end or in the midst */
static void test_creators_in_disorder(void **state)
{
	static const char *const cases[] = {
		"0900 0110 'LO' 0200 'a1' 0900 1000 'LO' 0400 'ACME' 0800 6000 'CS' 0000",
		"0900 0111 'LO' 0200 'a1' 1100 1000 'LO' 0400 'ACME' 0900 1100 'LO' 0400 "
		"'ACME'",
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct slice in = edge(sample(cases[i]));

		for (size_t len = 0; len <= in.len; len++) {
			struct dataset_wanted w[WANTED];
			struct dataset_scan s = scan_of(slice_head(in, len), len < in.len,
							DATASET_EXPLICIT_LE, w);

			assert_int_equal(dataset_find(&s, 13)->state,
					 len < in.len ? DATASET_UNKNOWN
						      : DATASET_PRESENT);
			assert_int_equal(dataset_find(&s, 14)->state,
					 len < in.len ? DATASET_UNKNOWN : DATASET_ABSENT);
		}
	}
}

/* What has come of an element, with its VR if that has */
static void test_cut_elements(void **state)
{
	static const struct {
		const char *bytes, *vr, *value;
	} cases[] = {
		{"0800 6000", "", ""},
		{"0800 6000 'C'", "", ""},
		{"0800 6000 'CS'", "CS", ""},
		{"0800 6000 'CS' 04", "CS", ""},
		{"0800 6000 'CS' 0400", "CS", ""},
		{"0800 6000 'CS' 0400 'CT'", "CS", "CT"},
		{"0800 6000 'UN' 0000 FFFFFFFF FEFF", "UN", "\xFE\xFF"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct dataset ds = {
			.bytes = reader_of(edge(sample(cases[i].bytes)), true),
			.encoding = DATASET_EXPLICIT_LE};
		struct dataset_element el;

		assert_false(dataset_next(&ds, &el));
		assert_int_equal(ds.bytes.state, READ_MORE);
		assert_int_equal(el.tag, 0x00080060);
		assert_string_equal(el.vr, cases[i].vr);
		assert_true(is_text(el.value, cases[i].value));
	}
}

/* A data set that breaks: what came before is found, all else is unknown. */
static void test_broken_data_sets(void **state)
{
	static const char *const tails[] = {"0900 0110 'LO' 0900 'short'",
					    "0900 0110 'l'", "0800 6100 '!!' 0100",
					    "FEFF 00E0 <00>", "08"};

	for (size_t i = 0; i < sizeof(tails) / sizeof(tails[0]); i++) {
		uint8_t buf[256];
		struct writer out = writer_of(buf, sizeof(buf));
		struct dataset_wanted w[WANTED];
		struct dataset_scan s;

		sample_write(&out, "0800 6000 'CS' 0200 'CT' 0900 1000 'LO' 0400 'ACME'");
		sample_write(&out, tails[i]);
		s = scan_of(edge(writer_slice(&out)), false, DATASET_EXPLICIT_LE, w);
		assert_int_equal(dataset_find(&s, 13)->state, DATASET_UNKNOWN);
		for (size_t k = 0; k < WANTED; k++)
			assert_int_equal(dataset_find(&s, k)->state,
					 k == 2 ? DATASET_PRESENT : DATASET_UNKNOWN);
		assert_int_equal(s.ds.bytes.state, READ_BAD);
	}
}

/* A thousand items, of either length in turn */
static struct slice many_items(struct form f, const char *vr)
{
	static uint8_t buf[ROOM];
	struct writer w = writer_of(buf, sizeof(buf));
	size_t at = begin(&w, f, 0x00111001, vr);
	struct form inner = within(f, vr);
	char text[8];

	for (size_t i = 0; i < 1000; i++) {
		size_t start = begin_item(&w, inner);

		snprintf(text, sizeof(text), "%06zu", i);
		put(&w, inner, 0x00100020, "LO", text);
		end_item(&w, inner, start);
		inner.undefined = !inner.undefined;
	}
	end_sequence(&w, f, at, vr);
	return writer_slice(&w);
}

static void test_many_items(void **state)
{
	for (size_t f = 0; f < FORMS; f++)
		for (int un = 0; un < 2; un++) {
			struct slice in = edge(many_items(forms[f], un ? "UN" : "SQ"));
			struct dataset ds = {.bytes = reader_of(in, false),
					     .encoding = forms[f].encoding},
				       item;
			struct dataset_wanted w = {.tag = 0x00111001};
			struct dataset_items items;
			struct dataset_scan s;
			size_t n = 0;

			dataset_scan_begin(&s, ds, &w, 1, 0);
			items = dataset_items_of(dataset_find(&s, 0), forms[f].encoding);
			for (; dataset_next_item(&items, &item); n++) {
				struct dataset_element el;
				char text[8];

				snprintf(text, sizeof(text), "%06zu", n);
				assert_true(dataset_next(&item, &el) &&
					    is_text(el.value, text));
				assert_true(reader_done(&item.bytes) && !item.bytes.cut);
			}
			assert_int_equal(n, 1000);
			assert_int_equal(items.bytes.state, READ_OK);
		}
}

/* In values of which less has come than there is, and of which there is none */
static void test_items_of_little(void **state)
{
	struct dataset_wanted w = {.state = DATASET_ABSENT};
	struct dataset_items items = dataset_items_of(&w, DATASET_EXPLICIT_LE);
	struct dataset item;

	assert_false(dataset_next_item(&items, &item));
	assert_true(reader_done(&items.bytes));
	/* the length of the sequence says that there is more */
	w.state = DATASET_CUT;
	w.value = edge(sample("FEFF DDE0 00000000"));
	items = dataset_items_of(&w, DATASET_EXPLICIT_LE);
	assert_false(dataset_next_item(&items, &item));
	assert_int_equal(items.bytes.state, READ_BAD);
	w = (struct dataset_wanted){.state = DATASET_UNKNOWN};
	items = dataset_items_of(&w, DATASET_EXPLICIT_LE);
	assert_false(dataset_next_item(&items, &item));
	assert_int_equal(items.bytes.state, READ_MORE);
}

static void test_broken_sequences(void **state)
{
	static const struct {
		const char *bytes;
		size_t items;
	} cases[] = {
		{"0800 6000 'CS' 0200 'CT'", 0},
		{"FEFF 00E0 <> "
		 "FEFF DDE0 00000000 00",
		 1}, /* more behind the end */
		{"FEFF 00E0 <> FEFF 0DE0 00000000", 1},
		{"FEFF 00E0 <> FEFF 00E0 0A000000 0800", 2},        /* an item lies */
		{"FEFF 00E0 FFFFFFFF 0800 6000 'CS' 0200 'CT'", 1}, /* and has no end */
		{"FEFF 00E0 FFFFFFFF FEFF DDE0 00000000", 1},
		{"FEFF 00E0", 0},
		{"FE", 0},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct dataset_wanted w = {.state = DATASET_PRESENT,
					   .vr = "SQ",
					   .value = edge(sample(cases[i].bytes))};
		struct dataset_items items = dataset_items_of(&w, DATASET_EXPLICIT_LE);
		struct dataset item;
		size_t n = 0;

		for (; dataset_next_item(&items, &item); n++)
			assert_true(item.bytes.end <= items.bytes.end);
		assert_int_equal(n, cases[i].items);
		assert_int_equal(items.bytes.state, READ_BAD);
	}
}

/* An item goes as deep as the walk over it. */
static void test_deep_items(void **state)
{
	static const struct form f = {DATASET_IMPLICIT_LE, true};
	static uint8_t buf[ROOM];

	for (int depth = 63; depth < 67; depth++) {
		struct writer w = writer_of(buf, sizeof(buf));
		struct dataset_wanted sequence = {.state = DATASET_PRESENT};
		struct dataset_items items;
		struct dataset item;
		struct dataset_element el;

		for (int i = 0; i <= depth; i++) {
			begin_item(&w, f);
			if (i < depth)
				begin(&w, f, 0x00081140, "SQ");
		}
		for (int i = 0; i <= depth; i++) {
			end_item(&w, f, 0);
			if (i < depth)
				end_sequence(&w, f, 0, "SQ");
		}
		sequence.value = edge(writer_slice(&w));
		items = dataset_items_of(&sequence, f.encoding);
		assert_true(dataset_next_item(&items, &item));
		assert_int_equal(dataset_next(&item, &el), depth <= 64);
		assert_int_equal(items.bytes.state, depth <= 64 ? READ_OK : READ_BAD);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_there),
		cmocka_unit_test(test_every_prefix),
		cmocka_unit_test(test_no_more_than_needed),
		cmocka_unit_test(test_what_proves_absence),
		cmocka_unit_test(test_creators_in_disorder),
		cmocka_unit_test(test_cut_elements),
		cmocka_unit_test(test_broken_data_sets),
		cmocka_unit_test(test_many_items),
		cmocka_unit_test(test_items_of_little),
		cmocka_unit_test(test_broken_sequences),
		cmocka_unit_test(test_deep_items),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
