/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cli/scu_bytes.h"
#include "dicom/dimse.h"
#include "dicom/pdu.h"
#include "edge.h"
#include "sample.h"

#define CT                "1.2.840.10008.5.1.4.1.1.2"
#define EXPLICIT          "1.2.840.10008.1.2.1"
#define CLASS             "0200 0200 'UI' 1A00 '" CT "' 00"
#define INSTANCE          "0200 0300 'UI' 0600 '1.2.34'"
#define SYNTAX            "0200 1000 'UI' 1400 '" EXPLICIT "' 00"
#define VERSION           "0200 0100 'OB' 0000 02000000 0001"
#define META              "0200 0000 'UL' 0400 54000000" VERSION CLASS INSTANCE SYNTAX
#define FILE_OF(elements) "00*128 'DICM'" elements
#define DATA              "0800 6000 'CS' 0200 'CT' 1000 2000 'LO' 0200 'P1'"

static const struct scu_bytes_sender nobody;
static uint8_t sent[SCU_BYTES_SIZE];
static struct pdu_associate rq;
static uint8_t command[512], data[SCU_BYTES_SIZE];
static struct dimse_message message;
static struct slice all;

static const char *write_all(struct slice file, bool whole,
			     const struct scu_bytes_sender *scu)
{
	struct writer out = writer_of(sent, sizeof(sent));
	const char *why = scu_bytes_write(edge(file), whole, scu, &out);

	assert_true(writer_ok(&out));
	all = writer_slice(&out);
	return why;
}

/* Take apart what was written: one A-ASSOCIATE-RQ, then one message. */
static void read_all(void)
{
	struct reader stream = reader_of(edge(all), true);
	struct writer c = writer_of(command, sizeof(command)),
		      d = writer_of(data, sizeof(data));
	struct pdu pdu;

	assert_true(pdu_next(&stream, &pdu));
	assert_int_equal(pdu.type, PDU_ASSOCIATE_RQ);
	assert_int_equal(pdu_parse_associate(pdu.body, PDU_ASSOCIATE_RQ, &rq), READ_OK);
	dimse_gather(stream, &c, &d, &message);
	assert_null(message.error);
}

static void check_file(const char *file, bool whole, const char *expected)
{
	struct reader syntaxes;
	struct slice syntax;

	assert_null(write_all(sample(file), whole, &nobody));
	read_all();
	assert_int_equal(rq.ncontexts, 1);
	assert_true(is_text(rq.contexts[0].abstract_syntax, CT));
	syntaxes = rq.contexts[0].transfer_syntaxes;
	assert_true(pdu_next_transfer_syntax(&syntaxes, &syntax));
	assert_true(is_text(syntax, EXPLICIT));
	assert_false(pdu_next_transfer_syntax(&syntaxes, &syntax));
	assert_true(is_text(rq.application_context, PDU_APPLICATION_CONTEXT));
	assert_int_equal(message.context_id, rq.contexts[0].id);
	assert_true(message.command_whole);
	assert_int_equal(message.command_field, DIMSE_C_STORE_RQ);
	assert_true(message.has_data_set);
	assert_true(is_text(message.sop_class, CT));
	assert_int_equal(message.end, whole ? DIMSE_WHOLE : DIMSE_PARTIAL);
	assert_true(slice_equal(message.data, sample(expected)));
}

static void test_file(void **state)
{
	check_file(FILE_OF(META DATA), true, DATA);
	check_file(FILE_OF(META DATA), false, DATA);
	check_file(FILE_OF(META), true, "");
	/* only these two are needed; others of group 0002 are stepped over */
	check_file(FILE_OF(CLASS SYNTAX DATA), true, DATA);
	check_file(FILE_OF(CLASS SYNTAX "0200 1600 'AE' 0400 'SRC ' " DATA), true, DATA);
	/* the preamble is anything, a TIFF header too */
	check_file("'II*' 00*125 'DICM'" META DATA, true, DATA);
}

/* Affected SOP Instance UID, padded to an even length (PS3.7 9.3.1.1, PS3.5 9.1) */
static void test_command(void **state)
{
	struct slice wanted = sample("0000 0010 <'1.2.34'>");

	assert_null(write_all(sample(FILE_OF(META DATA)), true, &nobody));
	read_all();
	assert_true(message.command.len > wanted.len);
	assert_non_null(
		memmem(message.command.ptr, message.command.len, wanted.ptr, wanted.len));
	assert_null(
		write_all(sample(FILE_OF(CLASS "0200 0300 'UI' 0600 '1.2.3' 00" SYNTAX)),
			  true, &nobody));
	read_all();
	wanted = sample("0000 0010 <'1.2.3' 00>");
	assert_non_null(
		memmem(message.command.ptr, message.command.len, wanted.ptr, wanted.len));
	/* Command Group Length is the first element, and right (PS3.7 E.1) */
	{
		struct reader r = reader_of(message.command, false);

		assert_int_equal(reader_le32(&r), 0);
		assert_int_equal(reader_le32(&r), 4);
		assert_int_equal(reader_le32(&r), message.command.len - 12);
	}
}

/* A large data set in PDUs that any SCP takes, none of them empty */
static void test_large(void **state)
{
	static uint8_t file[100000];
	struct writer w = writer_of(file, sizeof(file));
	struct reader stream;
	struct pdu pdu;
	size_t before, n = 0;

	sample_write(&w, FILE_OF(META "E07F 1000 'OW' 0000 FFFFFF00"));
	before = w.len - 12;
	while (w.len < 80000)
		writer_u8(&w, (uint8_t)(w.len * 7));
	for (int whole = 0; whole < 2; whole++) {
		assert_null(write_all(writer_slice(&w), whole, &nobody));
		read_all();
		assert_int_equal(message.end, whole ? DIMSE_WHOLE : DIMSE_PARTIAL);
		assert_true(slice_equal(message.data,
					slice_of(file + before, w.len - before)));
	}
	stream = reader_of(all, false);
	while (pdu_next(&stream, &pdu)) {
		assert_true(pdu.length <= 16384 && pdu.length > 6);
		n++;
	}
	assert_int_equal(n, 2 + (w.len - before + 16371) / 16372);
}

static void test_not_dicom(void **state)
{
	static const char *const no_header[] = {"", "00*128 'DICX'", "00*128 'DIC'",
						"'P5'", "00*127 'DICM'"};
	static const char *const no_names[] = {
		"",
		CLASS,
		SYNTAX,
		VERSION DATA,
		CLASS DATA SYNTAX,
		"0200 0200 'UI' 0000" SYNTAX,
		"0200 0200 'UI' 4200 '1.2.' '3'*62 " SYNTAX, /* longer than a UID is */
	};

	for (size_t i = 0; i < sizeof(no_header) / sizeof(no_header[0]); i++)
		assert_non_null(strstr(write_all(sample(no_header[i]), true, &nobody),
				       "no DICM"));
	for (size_t i = 0; i < sizeof(no_names) / sizeof(no_names[0]); i++) {
		char file[512];

		snprintf(file, sizeof(file), FILE_OF("%s"), no_names[i]);
		assert_non_null(strstr(write_all(sample(file), true, &nobody),
				       "names no SOP class or no transfer syntax"));
	}
}

/* A file that ends anywhere is refused with a reason, or read as far as it goes. */
static void test_every_prefix(void **state)
{
	struct slice file = sample(FILE_OF(META DATA));
	size_t header = file.len - 20;

	for (size_t len = 0; len <= file.len; len++)
		for (int whole = 0; whole < 2; whole++) {
			const char *why =
				write_all(slice_head(file, len), whole, &nobody);

			assert_int_equal(why == NULL, len >= header);
			if (!why)
				read_all();
		}
}

/*** who sends ***/

static void test_sender(void **state)
{
	static const struct scu_bytes_sender sender = {
		.calling_ae = "CT1", .called_ae = "PACS", .user = "dr who"};

	assert_null(write_all(sample(FILE_OF(META DATA)), true, &nobody));
	read_all();
	assert_int_equal(rq.called_ae_title.len, 0);
	assert_int_equal(rq.calling_ae_title.len, 0);
	assert_false(rq.user_identity);
	assert_null(write_all(sample(FILE_OF(META DATA)), true, &sender));
	read_all();
	assert_true(is_text(rq.called_ae_title, "PACS"));
	assert_true(is_text(rq.calling_ae_title, "CT1"));
	assert_true(rq.user_identity);
	assert_false(rq.user_identity_response);
	assert_true(is_text(rq.user_name, "dr who"));
	assert_true(slice_equal(message.data, sample(DATA)));
}

#define CAPTURE                                                                          \
	"01 00 {0001 0000 'ARCHIVE         ' 'CT_SCANNER_1    ' 00*32"                   \
	" 10 00 ['1.2.840.10008.3.1.1.1'] 20 00 [01000000 30 00 ['" CT                   \
	"'] 40 00 ['" EXPLICIT "']] 50 00 [51 00 [00004000] 99 00 ['kept']]}"

static void test_capture(void **state)
{
	static const struct scu_bytes_sender sender = {.called_ae = "PACS"};
	struct slice capture = sample(CAPTURE "04 00 {{01 03 'anything'} 'at'}"), renamed;

	assert_null(write_all(capture, true, &nobody));
	assert_true(slice_equal(all, capture));
	assert_null(write_all(capture, true, &sender));
	renamed = sample(CAPTURE "04 00 {{01 03 'anything'} 'at'}");
	memcpy((uint8_t *)(uintptr_t)renamed.ptr + 10, "PACS            ", 16);
	assert_true(slice_equal(all, renamed)); /* only that, whatever else is there */
}

/* A whole file that ends within its RQ is no capture; the head of one may. */
static void test_capture_cut(void **state)
{
	struct slice capture = sample(CAPTURE);

	for (size_t len = 1; len < capture.len; len++) {
		assert_string_equal(write_all(slice_head(capture, len), true, &nobody),
				    "it ends before its A-ASSOCIATE-RQ does");
		assert_null(write_all(slice_head(capture, len), false, &nobody));
		assert_true(slice_equal(all, slice_head(capture, len)));
	}
	assert_null(write_all(capture, true, &nobody));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_file),         cmocka_unit_test(test_command),
		cmocka_unit_test(test_large),        cmocka_unit_test(test_not_dicom),
		cmocka_unit_test(test_every_prefix), cmocka_unit_test(test_sender),
		cmocka_unit_test(test_capture),      cmocka_unit_test(test_capture_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
