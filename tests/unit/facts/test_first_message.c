/* SPDX-License-Identifier: MIT */
/* How PDUs are taken apart is in dicom/test_dimse.c, what deflate does in
 * dicom/test_inflate.c: here is what an association has of both.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <zlib.h>

#include "facts/first_message.h"
#include "policy/memory.h"
#include "edge.h"
#include "policy_of.h"
#include "quoted.h"
#include "sample.h"

#define IMPLICIT    "1.2.840.10008.1.2"
#define EXPLICIT    "1.2.840.10008.1.2.1"
#define EXPLICIT_BE "1.2.840.10008.1.2.2"
#define DEFLATED    "1.2.840.10008.1.2.1.99"
#define JPEG        "1.2.840.10008.1.2.4.50"
#define COMMAND                                                                          \
	"04 00 {{01 03 0000 0200 <'1.2.840.10008.5.1.4.1.1.2' 00> 0000 0001 <0100>"      \
	"0000 0008 <0100>}}"

static struct first_message m;
static struct policy *policy;
static struct facts_elements elements;

static int start(void **state)
{
	policy = policy_of(quoted("{'rules': [{'name': 'r', 'backend': 'b',"
				  " 'key': 'PatientID'}]}"));
	return facts_elements_init(&elements) ? 0 : -1;
}

static int stop(void **state)
{
	facts_elements_clear(&elements);
	policy_free(policy);
	return 0;
}

static bool data_of(const char *stream, const char *syntax)
{
	assert_true(facts_elements_begin(&elements, policy));
	first_message_read(&m, reader_of(edge(sample(stream)), true));
	return first_message_data(&m, slice_str(syntax), &elements);
}

/* The Patient ID that is found; "?" if it is not known yet, "-" if there is none */
static const char *patient(void)
{
	static char id[64];
	static uint8_t bytes[64];
	struct writer text = writer_of(bytes, sizeof(bytes));
	struct policy_fact fact =
		facts_elements_get(&elements, policy->attributes[0], NULL, &text);

	if (fact.state != POLICY_PRESENT)
		return fact.state == POLICY_UNKNOWN ? "?" : "-";
	snprintf(id, sizeof(id), "%.*s", (int)fact.text.len, (const char *)fact.text.ptr);
	return id;
}

static void test_read(void **state)
{
	first_message_read(&m, reader_of((struct slice){0}, true));
	assert_int_equal(m.is.end, DIMSE_PARTIAL);
	assert_false(m.is.command_whole);
	first_message_read(&m, reader_of(edge(sample(COMMAND)), true));
	assert_int_equal(m.is.end, DIMSE_PARTIAL);
	assert_true(m.is.command_whole);
	assert_true(is_text(m.is.sop_class, "1.2.840.10008.5.1.4.1.1.2"));
	assert_int_equal(m.is.data.len, 0);
	first_message_read(
		&m, reader_of(edge(sample(COMMAND "04 00 {{01 02 'data'}}")), true));
	assert_int_equal(m.is.end, DIMSE_WHOLE);
	assert_true(is_text(m.is.data, "data"));
	/* nothing is left of the one before */
	first_message_read(&m, reader_of(edge(sample("05 00 {00000000}")), true));
	assert_int_equal(m.is.end, DIMSE_RELEASE);
	assert_false(m.is.command_whole);
	assert_int_equal(m.is.data.len, 0);
}

/* The transfer syntax says how the data set is to be read. */
static void test_encodings(void **state)
{
	static const struct {
		const char *data, *syntax, *patient;
	} cases[] = {
		{"1000 2000 <'P1'>", IMPLICIT, "P1"},
		{"1000 2000 'LO' 0200 'P1'", EXPLICIT, "P1"},
		{"0010 0020 'LO' 0002 'P1'", EXPLICIT_BE, "P1"},
		{"1000 2000 'LO' 0200 'P1'", JPEG, "P1"},
		{"0800 6000 'CS' 0200 'CT'", EXPLICIT, "-"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char stream[512];

		snprintf(stream, sizeof(stream), COMMAND "04 00 {{01 02 %s}}",
			 cases[i].data);
		assert_true(data_of(stream, cases[i].syntax));
		assert_string_equal(patient(), cases[i].patient);
		/* the last fragment is not here yet */
		snprintf(stream, sizeof(stream), COMMAND "04 00 {{01 00 %s}}",
			 cases[i].data);
		assert_true(data_of(stream, cases[i].syntax));
		assert_string_equal(patient(), strcmp(cases[i].patient, "-") == 0
						       ? "?"
						       : cases[i].patient);
	}
	/* in fragments, with a value across them */
	assert_true(data_of(COMMAND "04 00 {{01 00 1000 20}} 04 00 {{01 00 00 0600 0000"
				    "'PAT'} {01 02 'ID '}}",
			    IMPLICIT));
	assert_string_equal(patient(), "PATID ");
}

/* As much of the deflated data set as has come; <last>: all of it has */
static bool deflated(struct slice packed, bool last)
{
	static uint8_t stream[8192];
	struct writer w = writer_of(stream, sizeof(stream));

	sample_write(&w, COMMAND);
	writer_be16(&w, 0x0400);
	writer_be32(&w, (uint32_t)packed.len + 6);
	writer_be32(&w, (uint32_t)packed.len + 2);
	writer_be16(&w, last ? 0x0102 : 0x0100);
	writer_bytes(&w, packed);
	assert_true(writer_ok(&w));
	assert_true(facts_elements_begin(&elements, policy));
	first_message_read(&m, reader_of(edge(writer_slice(&w)), true));
	return first_message_data(&m, slice_str(DEFLATED), &elements);
}

static struct slice pack(struct slice in)
{
	static uint8_t packed[4096];
	z_stream z = {.next_out = packed, .avail_out = sizeof(packed)};

	assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, -MAX_WBITS, 8, 0), Z_OK);
	z.next_in = (z_const Bytef *)(uintptr_t)in.ptr;
	z.avail_in = (uInt)in.len;
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	assert_int_equal(deflateEnd(&z), Z_OK);
	return slice_of(packed, sizeof(packed) - z.avail_out);
}

static void test_deflated(void **state)
{
	struct slice packed =
		pack(sample("0800 6000 'CS' 0200 'CT' 1000 2000 'LO' 0400 'P123'"
			    "2800 1000 'US' 0200 0002"));
	const char *before = "?";

	for (size_t len = 0; len <= packed.len; len++) {
		assert_true(deflated(slice_head(packed, len), false));
		/* known from some byte on, and never otherwise */
		if (strcmp(before, "?") != 0)
			assert_string_equal(patient(), before);
		before = strcmp(patient(), "?") == 0 ? "?" : "P123";
	}
	assert_string_equal(before, "P123");
	assert_true(deflated(packed, true));
	assert_string_equal(patient(), "P123");
}

/* No deflated stream: what came before the error counts, all else is unknown. */
static void test_not_deflated(void **state)
{
	static uint8_t bytes[4096];
	struct writer w = writer_of(bytes, sizeof(bytes));
	struct slice packed =
		pack(sample("1000 2000 'LO' 0400 'P123' 2000 0040 'LT' 0001 'x'*256"));

	assert_false(deflated(sample("FF*16"), false));
	assert_string_equal(patient(), "?");
	/* stored blocks (RFC 1951 3.2.4): the first one is good */
	sample_write(&w, "00 0C00 F3FF 1000 2000 'LO' 0400 'P123' 00 0100 0000 'x'");
	assert_false(deflated(writer_slice(&w), false));
	assert_string_equal(patient(), "P123");
	/* one that ends too early, though it is all there is */
	assert_false(deflated(slice_head(packed, 3), true));
	assert_string_equal(patient(), "?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_encodings),
		cmocka_unit_test(test_deflated),
		cmocka_unit_test(test_not_deflated),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
