/* SPDX-License-Identifier: MIT */
/* PS3.5 7: data elements, in each encoding, cut at each byte */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "dicom/dataset_scan.h"
#include "edge.h"
#include "sample.h"

enum {
	MODALITY = 0x00080060,
	SEQUENCE = 0x00081140,
	PATIENT_ID = 0x00100020,
	ROWS = 0x00280010,
	PIXELS = 0x7FE00010
};

#define END_ITEM "FEFF0DE0 00000000"
#define END_SQ   "FEFFDDE0 00000000"
#define OPEN     "FFFFFFFF"

struct piece {
	uint32_t tag;
	const char *bytes;
	size_t value_at; /* offset of the value in the piece */
};

/* The same data set thrice.  Nested sequences of defined and of undefined length, each
 * with items of both kinds, a private creator with an element, UN of undefined length
 * (whose inside is Implicit VR, PS3.5 6.2.2), pixel data.
 */
static const struct piece explicit_le[] = {
	{0x00080005, "0800 0500 'CS' 0A00 'ISO_IR 100'", 8},
	{MODALITY, "0800 6000 'CS' 0200 'CT'", 8},
	{0x00081140,
	 "0800 4011 'SQ' 0000" OPEN "FEFF 00E0" OPEN "0800 5011 'UI' 0400 '1.2' 00"
	 "0800 4011 'SQ' 0000 <FEFF 00E0 <0800 6000 'CS' 0200 'MR'>>" END_ITEM
	 "FEFF 00E0 <0800 4011 'SQ' 0000" OPEN END_SQ ">" END_SQ,
	 12},
	{0x00090010, "0900 1000 'LO' 0400 'ACME'", 8},
	{0x00091001,
	 "0900 0110 'UN' 0000" OPEN "FEFF 00E0" OPEN
	 "0900 0210 <'ABCD'> 0900 0310" OPEN END_SQ END_ITEM END_SQ,
	 12},
	{0x00091002, "0900 0210 'UN' 0000 <'ab'>", 12},
	{PATIENT_ID, "1000 2000 'LO' 0400 'ID7 '", 8},
	{0x00200013, "2000 1300 'IS' 0000", 8},
	{ROWS, "2800 1000 'US' 0200 0002", 8},
	{0x00420011, "4200 1100 'OB' 0000 <25 50>", 12},
	{PIXELS,
	 "E07F 1000 'OB' 0000" OPEN "FEFF 00E0 <> FEFF 00E0 <FFD8 FEFF DDE0> " END_SQ,
	 12},
};

static const struct piece implicit_le[] = {
	{MODALITY, "0800 6000 <'CT'>", 8},
	{0x00081140,
	 "0800 4011" OPEN "FEFF 00E0 <0800 5011 <'1.2' 00>>"
	 "FEFF 00E0" OPEN "0800 4011" OPEN END_SQ END_ITEM END_SQ,
	 8},
	{0x00081199, "0800 9911 <FEFF 00E0 <0800 5011 <'1.2' 00>>>", 8},
	{PATIENT_ID, "1000 2000 <'ID7 '>", 8},
	{ROWS, "2800 1000 <0002>", 8},
	{PIXELS, "E07F 1000 <00010203>", 8},
};

static const struct piece explicit_be[] = {
	{MODALITY, "0008 0060 'CS' 0002 'CT'", 8},
	{0x00081140,
	 "0008 1140 'SQ' 0000" OPEN "FFFE E000 {0008 1150 'UI' 0004 '1.2' 00}"
	 "FFFE E000" OPEN "FFFE E00D 00000000"
	 "FFFE E0DD 00000000",
	 12},
	{PATIENT_ID, "0010 0020 'LO' 0004 'ID7 '", 8},
	{ROWS, "0028 0010 'US' 0002 0200", 8},
	{PIXELS, "7FE0 0010 'OW' 0000 {00010203}", 12},
};

static const struct {
	const struct piece *pieces;
	size_t n;
	enum dataset_encoding encoding;
} samples[] = {
	{explicit_le, sizeof(explicit_le) / sizeof(explicit_le[0]), DATASET_EXPLICIT_LE},
	{implicit_le, sizeof(implicit_le) / sizeof(implicit_le[0]), DATASET_IMPLICIT_LE},
	{explicit_be, sizeof(explicit_be) / sizeof(explicit_be[0]), DATASET_EXPLICIT_BE},
};

enum { SAMPLES = sizeof(samples) / sizeof(samples[0]), MOST = 16 };

static struct slice assemble(size_t which, size_t at[MOST + 1])
{
	static uint8_t buf[4096];
	struct writer w = writer_of(buf, sizeof(buf));

	for (size_t i = 0; i < samples[which].n; i++) {
		at[i] = w.len;
		sample_write(&w, samples[which].pieces[i].bytes);
	}
	at[samples[which].n] = w.len;
	return writer_slice(&w);
}

/* Every element with its value, where and as it is; every prefix. */
static void test_next_in_every_prefix(void **state)
{
	size_t at[MOST + 1];

	for (size_t s = 0; s < SAMPLES; s++) {
		struct slice all = assemble(s, at);

		for (size_t len = 0; len <= all.len; len++)
			for (int cut = 0; cut < 2; cut++) {
				struct slice in = edge(slice_of(all.ptr, len));
				struct dataset ds = {.bytes = reader_of(in, cut),
						     .encoding = samples[s].encoding};
				struct dataset_element el;
				size_t i = 0;

				for (; dataset_next(&ds, &el); i++) {
					const struct piece *p = &samples[s].pieces[i];

					assert_int_equal(el.tag, p->tag);
					assert_ptr_equal(el.value.ptr,
							 in.ptr + at[i] + p->value_at);
					assert_int_equal(el.value.len,
							 at[i + 1] - at[i] - p->value_at);
				}
				assert_true(at[i] <= len);
				assert_true(i == samples[s].n || len < at[i + 1]);
				assert_int_equal(ds.bytes.state, cut ? READ_MORE
								 : at[i] == len
									 ? READ_OK
									 : READ_BAD);
				assert_true(el.tag == 0 ||
					    el.tag == samples[s].pieces[i].tag);
				assert_int_equal(el.tag != 0,
						 len >= at[i] + 4 && len != at[i]);
			}
	}
}

/* READ_MORE until all wanted elements have come, or the end */
static void test_collect_in_every_prefix(void **state)
{
	static const uint32_t tags[] = {0x00080050, MODALITY, 0x00100010, PATIENT_ID,
					ROWS};
	size_t at[MOST + 1], n = sizeof(tags) / sizeof(tags[0]);

	for (size_t s = 0; s < SAMPLES; s++) {
		struct slice all = assemble(s, at);

		for (size_t len = 0; len <= all.len; len++) {
			struct dataset ds = {
				.bytes = reader_of(edge(slice_of(all.ptr, len)),
						   len < all.len),
				.encoding = samples[s].encoding};
			struct dataset_wanted w[5];
			enum read_state got;
			size_t unknown = 0;

			for (size_t k = 0; k < n; k++)
				w[k] = (struct dataset_wanted){.tag = tags[k],
							       .state = DATASET_PRESENT};
			got = dataset_collect(&ds, w, n);
			for (size_t k = 0; k < n; k++) {
				enum dataset_state expected = DATASET_UNKNOWN;

				for (size_t i = 0; i < samples[s].n; i++)
					if (samples[s].pieces[i].tag == tags[k] &&
					    len >= at[i + 1])
						expected = DATASET_PRESENT;
					else if (len == all.len &&
						 expected == DATASET_UNKNOWN)
						expected = DATASET_ABSENT;
				assert_int_equal(w[k].state, expected);
				unknown += expected == DATASET_UNKNOWN;
			}
			assert_int_equal(got, unknown ? READ_MORE : READ_OK);
			if (w[1].state == DATASET_PRESENT)
				assert_true(is_text(w[1].value, "CT"));
			if (w[3].state == DATASET_PRESENT)
				assert_true(is_text(w[3].value, "ID7 "));
			if (w[1].state == DATASET_PRESENT)
				assert_string_equal(w[1].vr, s == 1 ? "" : "CS");
		}
	}
}

static void test_cut_elements_are_waited_for(void **state)
{
	static const char *const cases[] = {
		"0800 6000 'CS' 0400 'CT'",
		"0800 6000 'CS' 0400",
		"0900 1010 'OB' 0000 00000100 00",
		"0800 4011 'SQ' 0000" OPEN "FEFF 00E0" OPEN "0800 5011 'UI' 0400 '1'",
		"0800 4011 'SQ' 0000" OPEN "FEFF 00E0 0A000000 00",
		"0800 6000 'CS' 0200 'CT'", /* nothing of the next one */
		"0800 60",
		"",
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct dataset ds = {.bytes = reader_of(edge(sample(cases[i])), true),
				     .encoding = DATASET_EXPLICIT_LE};
		struct dataset_wanted w = {.tag = PIXELS};

		assert_int_equal(dataset_collect(&ds, &w, 1), READ_MORE);
		assert_int_equal(w.state, DATASET_UNKNOWN);
	}
}

static void test_what_is_broken(void **state)
{
	static const char *const broken[] = {
		"0800 6000 'CS' 0300 'CT'", /* length lies */
		"0900 1010 'OB' 0000 FEFFFFFF 00",
		"FEFF 00E0 <0800 6000 'CS' 0200 'CT'>", /* item at the top */
		"FEFF DDE0 02000000 'CT'",
		"0800 4011 'SQ' 0000" OPEN
		"0800 6000 'CS' 0200 'CT'" END_SQ, /* no item */
		"0800 4011 'SQ' 0000" OPEN "FEFF 00E0" OPEN END_SQ,
		"0800 4011 'SQ' 0000" OPEN "FEFF 00E0" OPEN
		"FEFF 00E0 <>" END_ITEM END_SQ,
		"0800 4011 'SQ' 0000" OPEN "FEFF 00E0 10000000" END_SQ, /* item lies */
		"0800 4011 'SQ' 0000" OPEN "FEFF 00E0 <>",              /* no end */
		"0800 4011 'SQ' 0000" OPEN,
		"0800 60",
	};

	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		struct dataset ds = {.bytes = reader_of(edge(sample(broken[i])), false),
				     .encoding = DATASET_EXPLICIT_LE},
			       again = ds;
		struct dataset_wanted w = {.tag = PATIENT_ID};
		struct dataset_element el;

		while (dataset_next(&ds, &el))
			;
		if (ds.bytes.state != READ_BAD)
			fail_msg("not broken: %s", broken[i]);
		assert_int_equal(dataset_collect(&again, &w, 1), READ_BAD);
		assert_int_equal(w.state, DATASET_UNKNOWN);
	}
}

#define CT "0800 6000 'CS' 0200 'CT'"

/* What is not as the standard wants it, and what DCMTK or pydicom make of it */
static void test_what_is_odd(void **state)
{
	static const struct {
		const char *bytes, *vr, *value; /* of the first element */
		bool odd;
	} cases[] = {
		{"0800 5000 'SH' 0200 'A1'" CT, "SH", "A1", false},
		/* a VR that is none: 16 bits of length */
		{"0800 5000 '  ' 0200 'A1'" CT, "UN", "A1", true},
		{"0800 5000 3F3F 0200 'A1'" CT, "UN", "A1", true},
		{"0800 5000 'cs' 0200 'A1'" CT, "UN", "A1", true},
		{"0800 5000 'C' 00 0200 'A1'" CT, "UN", "A1", true},
		{"0800 5000 0000 0200 'A1'" CT, "UN", "A1", true},
		{"0800 5000 '12' 0000" CT, "UN", "", true},
		/* DCMTK's own: 32 bits */
		{"0800 5000 'ox' 0000 <'A1'>" CT, "UN", "A1", true},
		{"0800 5000 'OX' 0000 <'A1'>" CT, "OX", "A1", false},
		/* in Implicit VR */
		{"0800 5000 <'A1'>" CT, "", "A1", true},
		{"0800 5000 <>" CT, "", "", true},
		{"0800 5000" OPEN "FEFF 00E0 <>" END_SQ CT, "", "*", true},
		{"0800 5000 'SQ' 0000" OPEN "FEFF 00E0" OPEN
		 "0800 6000 <'MR'>" END_ITEM END_SQ CT,
		 "SQ", "*", true},
		/* delimiters of nothing */
		{"0800 5000 'SQ' 0000 <>" END_SQ CT, "SQ", "", true},
		{"0800 5000 'SQ' 0000 <>" END_ITEM END_SQ CT, "SQ", "", true},
		{"0800 5000 'SQ' 0000 <> FEFF 00E0 <>" CT, "SQ", "", true},
		{"FEFF 3412 'LO' 0200 'A1'" CT, "LO", "A1", false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct slice in = edge(sample(cases[i].bytes));
		struct dataset ds = {.bytes = reader_of(in, false),
				     .encoding = DATASET_EXPLICIT_LE};
		struct dataset_element el;

		if (!dataset_next(&ds, &el) || strcmp(el.vr, cases[i].vr) != 0 ||
		    (cases[i].value[0] != '*' && !is_text(el.value, cases[i].value)))
			fail_msg("%s", cases[i].bytes);
		assert_true(dataset_next(&ds, &el) && is_text(el.value, "CT"));
		assert_false(dataset_next(&ds, &el));
		assert_int_equal(ds.bytes.state, READ_OK);
		assert_int_equal(ds.odd != NULL, cases[i].odd);
	}
}

static void test_depth(void **state)
{
	static const char level[] = "0800 4011" OPEN "FEFF 00E0" OPEN;
	static uint8_t buf[1 << 18];

	for (size_t depth = 1; depth < 12000; depth += depth < 80 ? 1 : 997) {
		struct writer w = writer_of(buf, sizeof(buf));
		struct dataset ds;
		struct dataset_element el;

		for (size_t i = 0; i < depth; i++)
			writer_bytes(&w, sample(level));
		for (size_t i = 0; i < depth && depth < 80; i++)
			writer_bytes(&w, sample(END_ITEM END_SQ));
		ds = (struct dataset){.bytes = reader_of(edge(writer_slice(&w)), false),
				      .encoding = DATASET_IMPLICIT_LE};
		assert_int_equal(dataset_next(&ds, &el), depth <= 64);
	}
}

static void test_numbers(void **state)
{
	static const struct {
		const char *vr, *le, *be, *text;
	} cases[] = {
		{"US", "0002 FFFF", "0200 FFFF", "512\\65535"},
		{"SS", "FFFF 0080", "FFFF 8000", "-1\\-32768"},
		{"UL", "FFFFFFFF", "FFFFFFFF", "4294967295"},
		{"SL", "FEFFFFFF 01000000", "FFFFFFFE 00000001", "-2\\1"},
		{"UV", "FFFFFFFFFFFFFFFF", "FFFFFFFFFFFFFFFF", "18446744073709551615"},
		{"UV", "0100000002000000", "0000000200000001", "8589934593"},
		{"SV", "0000000000000080", "8000000000000000", "-9223372036854775808"},
		{"FL", "0000C03F", "3FC00000", "1.5"},
		{"FD", "000000000000F8BF", "BFF8000000000000", "-1.5"},
		{"AT", "0800 6000 1000 2000", "0008 0060 0010 0020",
		 "(0008,0060)\\(0010,0020)"},
		{"US", "", "", ""},
		{"US", "0100 02", "0001 02", "1"}, /* what is left over is no number */
	};
	char text[256];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		for (int be = 0; be < 2; be++) {
			struct writer w = writer_of(text, sizeof(text));
			struct slice in = edge(sample(be ? cases[i].be : cases[i].le));

			assert_true(dataset_number_text(
				cases[i].vr, in,
				be ? DATASET_EXPLICIT_BE : DATASET_EXPLICIT_LE, &w));
			assert_true(is_text(writer_slice(&w), cases[i].text));
		}
	for (const char *vr = "AEASCSDADSDTISLOLTOBOWPNSHSQSTTMUCUIUNURUT"; *vr;
	     vr += 2) {
		struct writer w = writer_of(text, sizeof(text));

		assert_false(
			dataset_number_text(vr, sample("0102"), DATASET_IMPLICIT_LE, &w));
		assert_int_equal(w.len, 0);
	}
}

/* PS3.5 7.1.2: 16-bit lengths are those of these VRs; all others have 32, new ones too */
static void test_lengths_of_vrs(void **state)
{
	static const char small[] = "AEASATCSDADSDTFDFLISLOLTPNSHSLSSSTTMUIULUS";
	static const char large[] = "OBODOFOLOVOWSQSVUCUNURUTUVZZ";

	for (int wide = 0; wide < 2; wide++)
		for (const char *vr = wide ? large : small; *vr; vr += 2) {
			uint8_t buf[32];
			struct writer w = writer_of(buf, sizeof(buf));
			struct dataset ds;
			struct dataset_element el;

			sample_write(&w, "0800 6000");
			writer_bytes(&w, slice_of(vr, 2));
			sample_write(&w, wide ? "0000 <'CT'>" : "0200 'CT'");
			ds = (struct dataset){
				.bytes = reader_of(edge(writer_slice(&w)), false),
				.encoding = DATASET_EXPLICIT_LE};
			assert_true(dataset_next(&ds, &el) && is_text(el.value, "CT"));
			assert_memory_equal(el.vr, vr, 2);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_next_in_every_prefix),
		cmocka_unit_test(test_collect_in_every_prefix),
		cmocka_unit_test(test_cut_elements_are_waited_for),
		cmocka_unit_test(test_what_is_broken),
		cmocka_unit_test(test_what_is_odd),
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_lengths_of_vrs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
