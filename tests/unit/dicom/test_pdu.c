/* SPDX-License-Identifier: MIT */
/* PS3.8 9.3: what is parsed and written, bytes beside their meaning */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "edge.h"
#include "sample.h"
#include "dicom/pdu.h"

#define FIXED                                                                            \
	"0001 0000 'ARCHIVE         ' 'CT_SCANNER_1    '" /* version, called, calling */ \
	"AB 00*31 "                                       /* reserved, to be echoed */
#define CONTEXT_NAME "10 00 ['1.2.840.10008.3.1.1.1']"
#define CT           "30 00 ['1.2.840.10008.5.1.4.1.1.2']"
#define EXPLICIT     "40 00 ['1.2.840.10008.1.2.1']"
#define IMPLICIT     "40 00 ['1.2.840.10008.1.2']"

/* An RQ with every item that there is, in pieces that end where an item does */
static const char *const full_rq[] = {
	FIXED,
	CONTEXT_NAME,
	"20 00 [01 00 00 00" CT EXPLICIT IMPLICIT "]",
	"20 00 [FF 00 00 00 30 00 ['1.2.840.10008.1.1' 00]" /* padded to even */
	IMPLICIT "]",
	"7E 00 ['unknown']",
	"50 00 [51 00 [0001 0000]"                       /* maximum length 65536 */
	"52 00 ['1.2.3.4']"                              /* implementation class */
	"53 00 [0001 0001]"                              /* asynchronous operations */
	"54 00 [['1.2.840.10008.5.1.4.1.1.2'] 01 00]"    /* role: SCU only */
	"55 00 ['SCANNER_1 ']"                           /* version name */
	"56 00 [['1.2.840.10008.5.1.4.1.1.2'] 02 01 00]" /* SOP class extended */
	"57 00 [['1.2.840.10008.5.1.4.1.1.2'] ['1.2.840.10008.4.2'] 0000]"
	"58 00 [01 00 ['user'] [ ]]" /* identity, no response */
	"7F 00 [ ]]",
};

enum { PIECES = sizeof(full_rq) / sizeof(full_rq[0]) };

static struct pdu_associate a;

static enum read_state parse(const char *text, enum pdu_type type)
{
	return pdu_parse_associate(reader_of(edge(sample(text)), false), type, &a);
}

static void check_transfer_syntaxes(const struct pdu_context *c, const char *first,
				    const char *second)
{
	struct reader list = c->transfer_syntaxes;
	struct slice uid;

	assert_true(pdu_next_transfer_syntax(&list, &uid) && is_text(uid, first));
	if (second)
		assert_true(pdu_next_transfer_syntax(&list, &uid) &&
			    is_text(uid, second));
	assert_false(pdu_next_transfer_syntax(&list, &uid));
	assert_int_equal(list.state, READ_OK);
}

static void check_full_rq(void)
{
	assert_null(a.error);
	assert_int_equal(a.protocol_version, 1);
	assert_int_equal(a.fixed.len, 64);
	assert_int_equal(a.fixed.ptr[32], 0xAB);
	assert_true(is_text(a.called_ae_title, "ARCHIVE"));
	assert_true(is_text(a.calling_ae_title, "CT_SCANNER_1"));
	assert_true(is_text(a.application_context, "1.2.840.10008.3.1.1.1"));
	assert_int_equal(a.ncontexts, 2);
	assert_int_equal(a.contexts[0].id, 1);
	assert_true(is_text(a.contexts[0].abstract_syntax, "1.2.840.10008.5.1.4.1.1.2"));
	check_transfer_syntaxes(&a.contexts[0], "1.2.840.10008.1.2.1",
				"1.2.840.10008.1.2");
	assert_int_equal(a.contexts[1].id, 255);
	assert_true(is_text(a.contexts[1].abstract_syntax, "1.2.840.10008.1.1"));
	check_transfer_syntaxes(&a.contexts[1], "1.2.840.10008.1.2", NULL);
	assert_true(a.has_maximum_length);
	assert_int_equal(a.maximum_length, 65536);
	assert_true(is_text(a.implementation_class_uid, "1.2.3.4"));
	assert_true(is_text(a.implementation_version_name, "SCANNER_1"));
	assert_false(a.scp_role);
	assert_true(a.user_identity);
	assert_false(a.user_identity_response);
}

static void test_every_prefix_of_an_rq(void **state)
{
	uint8_t buf[2048];
	struct writer w = writer_of(buf, sizeof(buf));
	size_t ends[PIECES], piece = 0;

	for (size_t i = 0; i < PIECES; i++) {
		sample_write(&w, full_rq[i]);
		ends[i] = w.len;
	}
	assert_int_equal(ends[0], PDU_ASSOCIATE_FIXED);
	for (size_t len = 0; len <= w.len; len++) {
		struct slice in = edge(slice_of(buf, len));
		enum read_state whole =
			pdu_parse_associate(reader_of(in, false), PDU_ASSOCIATE_RQ, &a);

		if (len == ends[piece]) {
			piece++;
			assert_int_equal(whole, READ_OK);
			assert_null(a.error);
		} else {
			assert_int_equal(whole, READ_BAD);
			assert_non_null(a.error);
		}
		if (len == w.len)
			check_full_rq();
		assert_int_equal(
			pdu_parse_associate(reader_of(in, true), PDU_ASSOCIATE_RQ, &a),
			READ_MORE);
		assert_null(a.error);
		/* What came before the cut is known. */
		assert_int_equal(a.calling_ae_title.len, len >= 36 ? 12 : 0);
		assert_int_equal(a.ncontexts, (len >= ends[2]) + (len >= ends[3]));
	}
}

static void test_every_prefix_of_a_stream(void **state)
{
	struct slice all = sample("05 00 {00000000} 04 00 {01 02 03}");
	struct pdu pdu;

	for (size_t len = 0; len <= all.len; len++) {
		struct slice in = edge(slice_of(all.ptr, len));

		for (int cut = 0; cut < 2; cut++) {
			struct reader r = reader_of(in, cut);
			bool first = pdu_next(&r, &pdu);

			assert_int_equal(first, cut ? len >= 6 : len >= 10);
			assert_int_equal(r.state, first ? READ_OK
						  : cut ? READ_MORE
							: READ_BAD);
			if (!first)
				continue;
			assert_int_equal(pdu.type, PDU_RELEASE_RQ);
			assert_int_equal(pdu.length, 4);
			assert_int_equal(pdu.body.cut, len < 10);
			assert_int_equal(pdu_next(&r, &pdu), cut ? len >= 16 : len == 19);
			assert_int_equal(r.state, len == 19 || (cut && len >= 16)
							  ? READ_OK
						  : cut ? READ_MORE
							: READ_BAD);
		}
	}
}

static void test_what_is_bad(void **state)
{
	static const char *const bad[] = {
		"0001 0000 'too short'",
		FIXED "10 00 0020 '1.2'", /* item lies */
		FIXED "20 00 [01 00 00]", /* too short for its head */
		FIXED "20 00 [ ]",
		FIXED "20 00 [01 00 00 00]", /* no abstract syntax */
		FIXED "20 00 [01 00 00 00 30 00 [ ]" EXPLICIT "]", /* an empty one */
		FIXED "20 00 [01 00 00 00 30 00 ['  ' 00]]",  /* nothing but padding */
		FIXED "20 00 [01 00 00 00 30 00 0010 '1.2']", /* sub-item lies */
		FIXED "20 00 [01 00 00 00" CT "40 00 FFFF '1.2']",
		FIXED "20 00 [01 00 00 00" CT "40 00 00]",  /* sub-item's head is cut */
		FIXED "20 00 [02 00 00 00" CT EXPLICIT "]", /* even id */
		FIXED "20 00 [00 00 00 00" CT EXPLICIT "]",
		FIXED "20 00 [01 00 00 00" CT EXPLICIT "] 20 00 [01 00 00 00" CT EXPLICIT
		      "]",
		FIXED "50 00 [51 00 [00 00 01]]",    /* maximum length of 3 bytes */
		FIXED "50 00 [51 00 0008 00004000]", /* sub-item lies */
		FIXED "50 00 [52 00 00]",
		FIXED "50 00 [54 00 [0010 '1.2' 00 01]]", /* UID length within it lies */
		FIXED "50 00 [54 00 [['1.2'] 00]]",       /* no SCP role */
		FIXED "50 00 [58 00 [01]]",
		/* UIDs of 65 bytes (PS3.5 9.1), be they padding */
		FIXED "10 00 ['1'*65]",
		FIXED "20 00 [01 00 00 00 30 00 ['1'*65]" EXPLICIT "]",
		FIXED "20 00 [01 00 00 00 30 00 ['1.2' ' '*62]" EXPLICIT "]",
		FIXED "20 00 [01 00 00 00" CT "40 00 ['1'*65]]",
		FIXED "50 00 [52 00 ['1'*65]]",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (parse(bad[i], PDU_ASSOCIATE_RQ) != READ_BAD || !a.error)
			fail_msg("not bad: %s", bad[i]);
	}
}

static void test_what_is_tolerated(void **state)
{
	/* zero-length items, unknown items, a context that belongs to the other PDU */
	assert_int_equal(parse(FIXED "10 00 [ ] 50 00 [55 00 [ ] 52 00 [ ]] 00 00 [ ]"
				     "21 00 [01 00 00 00]",
			       PDU_ASSOCIATE_RQ),
			 READ_OK);
	assert_int_equal(a.ncontexts, 0);
	assert_int_equal(a.application_context.len, 0);
	assert_false(a.has_maximum_length);
	assert_int_equal(parse(FIXED
			       "10 00 ['1'*64] 20 00 [01 00 00 00 30 00 ['2'*64]"
			       " 40 00 ['3'*64] 99 00 ['4'*65]] 50 00 [52 00 ['5'*64]"
			       " 55 00 ['6'*65]]",
			       PDU_ASSOCIATE_RQ),
			 READ_OK);
	/* unknown sub-items in a context, reserved bytes that are not zero */
	assert_int_equal(parse(FIXED "20 77 [03 55 66 44 99 01 ['?']" CT
				     "40 22 [ ]" IMPLICIT "]",
			       PDU_ASSOCIATE_RQ),
			 READ_OK);
	assert_int_equal(a.contexts[0].id, 3);
	assert_int_equal(parse(FIXED
			       "50 00 [54 00 [['1.2'] 00 01] 58 00 [02 01 [ ] [ ]]]",
			       PDU_ASSOCIATE_RQ),
			 READ_OK);
	assert_true(a.scp_role);
	assert_true(a.user_identity_response);
	/* one SCP role is enough, whatever the next item says */
	assert_int_equal(parse(FIXED
			       "50 00 [54 00 [['1.2'] 00 01] 54 00 [['1.3'] 01 00]]",
			       PDU_ASSOCIATE_RQ),
			 READ_OK);
	assert_true(a.scp_role);
}

static void test_ac(void **state)
{
	assert_int_equal(parse(FIXED CONTEXT_NAME "21 00 [01 00 00 00" EXPLICIT "]"
						  "21 00 [03 00 04 00" IMPLICIT "]"
						  "21 00 [05 00 03 00]"
						  "50 00 [51 00 [00000000]]",
			       PDU_ASSOCIATE_AC),
			 READ_OK);
	assert_int_equal(a.ncontexts, 3);
	assert_int_equal(a.contexts[0].result, PDU_ACCEPTANCE);
	check_transfer_syntaxes(&a.contexts[0], "1.2.840.10008.1.2.1", NULL);
	assert_int_equal(a.contexts[1].result, PDU_TRANSFER_SYNTAXES_NOT_SUPPORTED);
	assert_int_equal(a.contexts[2].result, PDU_ABSTRACT_SYNTAX_NOT_SUPPORTED);
	assert_true(a.has_maximum_length);
	assert_int_equal(a.maximum_length, 0);
}

static void write_rq(struct writer *w, unsigned contexts, const char *context)
{
	sample_write(w, FIXED CONTEXT_NAME);
	for (unsigned i = 0; i < contexts; i++) {
		size_t item = pdu_begin_item(w, PDU_ITEM_PRESENTATION_CONTEXT_RQ);

		writer_u8(w, (uint8_t)(2 * i + 1));
		sample_write(w, context);
		pdu_end_item(w, item);
	}
}

static void test_many_contexts(void **state)
{
	static uint8_t buf[1 << 18];
	struct writer w = writer_of(buf, sizeof(buf));

	write_rq(&w, 128, "00*3 " CT EXPLICIT);
	assert_int_equal(pdu_parse_associate(reader_of(edge(writer_slice(&w)), false),
					     PDU_ASSOCIATE_RQ, &a),
			 READ_OK);
	assert_int_equal(a.ncontexts, 128);
	assert_int_equal(a.contexts[127].id, 255);
	/* the 129th needs an id that is used or even */
	w.len = 0;
	write_rq(&w, 129, "00*3 " CT EXPLICIT);
	assert_int_equal(pdu_parse_associate(reader_of(edge(writer_slice(&w)), false),
					     PDU_ASSOCIATE_RQ, &a),
			 READ_BAD);
	/* items have 16-bit lengths, the PDU has not */
	w.len = 0;
	write_rq(&w, 16, "00*3 " CT EXPLICIT "99 00 ['x'00*9999]");
	assert_true(w.len > 150000);
	assert_int_equal(pdu_parse_associate(reader_of(edge(writer_slice(&w)), false),
					     PDU_ASSOCIATE_RQ, &a),
			 READ_OK);
	assert_int_equal(a.ncontexts, 16);
}

static void test_padding_of_ae_titles(void **state)
{
	static const struct {
		const char *bytes, *text;
	} cases[] = {
		{"'PACS            '", "PACS"},
		{"'  PACS'", "PACS"},
		{"'PACS' 00*12", "PACS"},
		{"'PACS' 00 20 00 20", "PACS"},
		{"'PACS' 0D 0A", "PACS"},
		{"20*16", ""},
		{"00*16", ""},
		{"", ""},
		{"'MY PACS 2  '", "MY PACS 2"},
		{"'SIXTEEN_LETTERS_'", "SIXTEEN_LETTERS_"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_true(
			is_text(pdu_trim(edge(sample(cases[i].bytes))), cases[i].text));
}

static void test_pdvs(void **state)
{
	static const struct {
		const char *bytes;
		unsigned found;
		enum read_state whole;
	} cases[] = {
		{"{01 03 AA}", 1, READ_OK}, /* one byte */
		{"{01 02}", 1, READ_OK},    /* none */
		{"{01 03 AA BB} {01 00 CC} {01 02 DD}", 3,
		 READ_OK}, /* command and data */
		{"", 0, READ_OK},
		{"{}", 0, READ_BAD},
		{"{01}", 0, READ_BAD},
		{"00000003 01 03", 0, READ_BAD},
		{"{01 03 AA} FFFFFFFF 01 03", 1, READ_BAD},
		{"{01 03 AA} 00 00", 1, READ_BAD},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct reader body = reader_of(edge(sample(cases[i].bytes)), false);
		struct pdv pdv;
		unsigned n = 0;

		while (pdu_next_pdv(&body, &pdv)) {
			n++;
			assert_int_equal(pdv.context_id, 1);
			assert_true(pdv.whole);
		}
		assert_int_equal(n, cases[i].found);
		assert_int_equal(body.state, cases[i].whole);
	}
}

static void test_every_prefix_of_a_pdv(void **state)
{
	struct slice all = sample("{05 03 AA BB CC}");
	struct pdv pdv;

	for (size_t len = 0; len <= all.len; len++) {
		struct slice in = edge(slice_of(all.ptr, len));
		struct reader cut = reader_of(in, true), whole = reader_of(in, false);

		assert_int_equal(pdu_next_pdv(&cut, &pdv), len >= 6);
		assert_int_equal(cut.state, len >= 6 ? READ_OK : READ_MORE);
		if (len >= 6) {
			assert_int_equal(pdv.context_id, 5);
			assert_true(pdv.command && pdv.last);
			assert_int_equal(pdv.whole, len == all.len);
			assert_int_equal(pdv.data.len, len - 6);
		}
		assert_int_equal(pdu_next_pdv(&whole, &pdv), len == all.len);
		assert_int_equal(whole.state,
				 len == all.len || len == 0 ? READ_OK : READ_BAD);
	}
}

static void test_written(void **state)
{
	uint8_t buf[64];
	struct writer w = writer_of(buf, sizeof(buf));

	pdu_write_reject(&w, (struct rejection){1, 1, 7}); /* 9.3.4 */
	assert_true(slice_equal(writer_slice(&w), sample("03 00 00000004 00 01 01 07")));
	w.len = 0;
	pdu_write_abort(&w, PDU_ABORT_INVALID_PARAMETER); /* 9.3.8 */
	assert_true(slice_equal(writer_slice(&w), sample("07 00 00000004 00 00 02 06")));
	w.len = 0;
	pdu_write_item(&w, PDU_ITEM_TRANSFER_SYNTAX, slice_str("1.2.840.10008.1.2"));
	assert_true(
		slice_equal(writer_slice(&w), sample("40 00 0011 '1.2.840.10008.1.2'")));
	/* what does not fit leaves nothing half-written behind */
	w = writer_of(buf, 9);
	pdu_write_abort(&w, PDU_ABORT_NOT_SPECIFIED);
	assert_false(writer_ok(&w));
	assert_int_equal(writer_slice(&w).len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_prefix_of_an_rq),
		cmocka_unit_test(test_every_prefix_of_a_stream),
		cmocka_unit_test(test_what_is_bad),
		cmocka_unit_test(test_what_is_tolerated),
		cmocka_unit_test(test_ac),
		cmocka_unit_test(test_many_contexts),
		cmocka_unit_test(test_padding_of_ae_titles),
		cmocka_unit_test(test_pdvs),
		cmocka_unit_test(test_every_prefix_of_a_pdv),
		cmocka_unit_test(test_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
