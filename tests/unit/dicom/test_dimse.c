/* SPDX-License-Identifier: MIT */
/* PS3.7 E (command sets) in the fragments of PS3.8 E, however they are cut */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "dicom/dimse.h"
#include "edge.h"
#include "sample.h"
#include "dicom/pdu.h"

/* C-STORE-RQ of a CT image (PS3.7 Table 9.3-1) in two halves, without group length */
#define STORE_1                                                                          \
	"0000 0200 <'1.2.840.10008.5.1.4.1.1.2' 00>" /* Affected SOP Class UID */        \
	"0000 0001 <0100>"                           /* Command Field */
#define STORE_2                                                                          \
	"0000 1001 <0700> 0000 0007 <0000>" /* Message ID, Priority */                   \
	"0000 0008 <0100>"                  /* Command Data Set Type */                  \
	"0000 0010 <'1.2.3.4' 00>"          /* Affected SOP Instance UID */
#define STORE STORE_1 STORE_2
#define ECHO                                                                             \
	"0000 0200 <'1.2.840.10008.1.1' 00> 0000 0001 <3000> 0000 1001 <0100>"           \
	"0000 0008 <0101>"
#define P_DATA "04 00 "

static uint8_t command_bytes[4096], data_bytes[4096];
static struct dimse_message m;

static void gather(struct slice stream)
{
	struct writer command = writer_of(command_bytes, sizeof(command_bytes));
	struct writer data = writer_of(data_bytes, sizeof(data_bytes));

	dimse_gather(reader_of(edge(stream), true), &command, &data, &m);
}

/* The same message, packed in all kinds of ways; need[] is checked by going on there. */
static void test_every_prefix_of_every_packing(void **state)
{
	static const char *const streams[] = {
		P_DATA "{{05 03" STORE "}}" P_DATA "{{05 02 'DATASET'}}",
		P_DATA "{{05 03" STORE "} {05 02 'DATASET'}}", /* in one PDU */
		P_DATA "{{05 01" STORE_1 "}}" P_DATA "{{05 03" STORE_2
		       "} {05 00 'DA'}}" P_DATA "{{05 00 'TASE'} {05 02 'T'}}",
		P_DATA "{{05 01} {05 01" STORE "} {05 03}}" /* empty fragments */
		P_DATA "{{05 00}}" P_DATA "{{05 00 'DATASET'}}" P_DATA "{{05 02}}",
		P_DATA "{{05 03" STORE "}}" /* one byte each */
		P_DATA "{{05 00 'D'}}" P_DATA
		       "{{05 00 'A'} {05 00 'T'} {05 00 'A'}}" P_DATA
		       "{{05 00 'S'}}" P_DATA "{{05 00 'E'} {05 02 'T'}}",
		P_DATA "{}" P_DATA "{{05 03" STORE "}}" P_DATA "{}" P_DATA
		       "{{05 02 'DATASET'}}",
	};

	for (size_t i = 0; i < sizeof(streams) / sizeof(streams[0]); i++) {
		struct slice all = sample(streams[i]);
		size_t had = 0;

		for (size_t len = 0; len <= all.len; len++) {
			gather(slice_of(all.ptr, len));
			assert_true(m.data.len >= had && m.data.len <= 7);
			had = m.data.len;
			assert_memory_equal(data_bytes, "DATASET", had);
			if (m.command_whole) {
				assert_int_equal(m.context_id, 5);
				assert_int_equal(m.command_field, DIMSE_C_STORE_RQ);
				assert_true(m.has_data_set);
				assert_true(is_text(m.sop_class,
						    "1.2.840.10008.5.1.4.1.1.2"));
				assert_true(slice_equal(m.command, sample(STORE)));
			}
			if (len == all.len) {
				assert_int_equal(m.end, DIMSE_WHOLE);
				assert_int_equal(had, 7);
				continue;
			}
			/* Waiting for <need> must not wait for ever. */
			assert_int_equal(m.end, DIMSE_PARTIAL);
			assert_true(m.need > len && m.need <= all.len);
		}
	}
}

static void test_without_data_set(void **state)
{
	struct slice all = sample(P_DATA "{{01 03" ECHO "}}");

	for (size_t len = 0; len < all.len; len++) {
		gather(slice_of(all.ptr, len));
		assert_int_equal(m.end, DIMSE_PARTIAL);
		assert_true(m.need > len && m.need <= all.len);
		assert_false(m.command_whole);
	}
	gather(all);
	assert_int_equal(m.end, DIMSE_WHOLE);
	assert_int_equal(m.command_field, DIMSE_C_ECHO_RQ);
	assert_false(m.has_data_set);
	assert_true(is_text(m.sop_class, "1.2.840.10008.1.1"));
	assert_int_equal(m.data.len, 0);
	/* what follows belongs to the next message */
	gather(sample(P_DATA "{{01 03" ECHO "}}" P_DATA "{{03 02 'x'}}"));
	assert_int_equal(m.end, DIMSE_WHOLE);
}

static void test_endings(void **state)
{
	static const struct {
		const char *stream;
		enum dimse_end end;
		enum pdu_abort_reason reason;
	} cases[] = {
		{"05 00 {00*4 }", DIMSE_RELEASE, 0},
		{"07 00 {0000 00 00}", DIMSE_ABORT, 0},
		{P_DATA "{{01 03" STORE "} {01 00 'DA'}} 07 00 {00*4 }", DIMSE_ABORT, 0},
		/* data before its command, and command within the data */
		{P_DATA "{{01 00 'DA'}}", DIMSE_ERROR, PDU_ABORT_INVALID_PARAMETER},
		{P_DATA "{{01 03" STORE "} {01 01 00}}", DIMSE_ERROR,
		 PDU_ABORT_INVALID_PARAMETER},
		/* two contexts */
		{P_DATA "{{01 01" STORE_1 "} {03 03" STORE_2 "}}", DIMSE_ERROR,
		 PDU_ABORT_INVALID_PARAMETER},
		{P_DATA "{{01 03" STORE "} {03 00 'DA'}}", DIMSE_ERROR,
		 PDU_ABORT_INVALID_PARAMETER},
		/* lengths of PDVs: less than their two header bytes, more than the PDU */
		{P_DATA "{{01}}", DIMSE_ERROR, PDU_ABORT_INVALID_PARAMETER},
		{P_DATA "{{}}", DIMSE_ERROR, PDU_ABORT_INVALID_PARAMETER},
		{P_DATA "{00000100 01 03}", DIMSE_ERROR, PDU_ABORT_INVALID_PARAMETER},
		{P_DATA "{{01 01" STORE_1 "} 00 00}", DIMSE_ERROR,
		 PDU_ABORT_INVALID_PARAMETER},
		/* command sets */
		{P_DATA "{{01 03}}", DIMSE_ERROR, PDU_ABORT_INVALID_PARAMETER},
		{P_DATA "{{01 03" STORE_1 "}}", DIMSE_ERROR, PDU_ABORT_INVALID_PARAMETER},
		{P_DATA "{{01 03" STORE_2 "}}", DIMSE_ERROR, PDU_ABORT_INVALID_PARAMETER},
		{P_DATA "{{01 03 0000 0001 <01> 0000 0008 <0101>}}", DIMSE_ERROR,
		 PDU_ABORT_INVALID_PARAMETER},
		{P_DATA "{{01 03 0000 0200 FFFFFF7F '1.2'}}", DIMSE_ERROR,
		 PDU_ABORT_INVALID_PARAMETER},
		/* other PDUs: known ones are unexpected, others not recognized (9.3.8) */
		{"01 00 {00}", DIMSE_ERROR, PDU_ABORT_UNEXPECTED_PDU},
		{"02 00 {00}", DIMSE_ERROR, PDU_ABORT_UNEXPECTED_PDU},
		{"06 00 {00*4 }", DIMSE_ERROR, PDU_ABORT_UNEXPECTED_PDU},
		{"08 00 {00}", DIMSE_ERROR, PDU_ABORT_UNRECOGNIZED_PDU},
		{"'GET / HTTP/1.1'", DIMSE_ERROR, PDU_ABORT_UNRECOGNIZED_PDU},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		gather(sample(cases[i].stream));
		if (m.end != cases[i].end)
			fail_msg("%d after %s", (int)m.end, cases[i].stream);
		if (m.end == DIMSE_ERROR) {
			assert_non_null(m.error);
			assert_int_equal(m.abort_reason, cases[i].reason);
		}
	}
	gather(sample("00 00 {00}"));
	assert_int_equal(m.end, DIMSE_ERROR);
	assert_int_equal(m.abort_reason,
			 PDU_ABORT_UNRECOGNIZED_PDU); /* there is no type 0 */
}

static void test_buffers_that_are_full(void **state)
{
	uint8_t small[8];
	struct writer command = writer_of(command_bytes, sizeof(command_bytes));
	struct writer data = writer_of(small, sizeof(small));
	struct slice in = sample(P_DATA "{{01 03" STORE "} {01 02 'DATASETS'}}");

	/* the data set's beginning is kept, and whether it is whole is not known */
	dimse_gather(reader_of(edge(in), true), &command, &data, &m);
	assert_int_equal(m.end, DIMSE_PARTIAL);
	assert_true(is_text(m.data, "DATASETS"));
	assert_true(m.need > in.len);
	command = writer_of(small, sizeof(small));
	dimse_gather(reader_of(edge(in), true), &command, &data, &m);
	assert_int_equal(m.end, DIMSE_ERROR);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_prefix_of_every_packing),
		cmocka_unit_test(test_without_data_set),
		cmocka_unit_test(test_endings),
		cmocka_unit_test(test_buffers_that_are_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
