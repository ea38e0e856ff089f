/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "decide/foreign.h"
#include "edge.h"
#include "sample.h"

static const struct {
	const char *bytes;
	size_t least; /* bytes that tell */
	enum verdict_fault fault;
	enum pdu_abort_reason reason;
	const char *words;
} cases[] = {
	{"16 03 01 0200", 2, FAULT_TLS, PDU_ABORT_UNRECOGNIZED_PDU, "TLS"},
	{"'GET / HTTP/1.1'", 4, FAULT_HTTP, PDU_ABORT_UNRECOGNIZED_PDU, "HTTP request"},
	{"'POST /'", 5, FAULT_HTTP, PDU_ABORT_UNRECOGNIZED_PDU, "HTTP request"},
	{"'OPTIONS *'", 8, FAULT_HTTP, PDU_ABORT_UNRECOGNIZED_PDU, "HTTP request"},
	{"'PRI * HTTP/2.0'", 6, FAULT_HTTP, PDU_ABORT_UNRECOGNIZED_PDU, "HTTP/2"},
	{"'SSH-2.0-x'", 4, FAULT_SSH, PDU_ABORT_UNRECOGNIZED_PDU, "SSH"},
	{"'PROXY TCP4'", 6, FAULT_PROXY, PDU_ABORT_UNRECOGNIZED_PDU, "PROXY"},
	{"0D0A0D0A00", 4, FAULT_PROXY, PDU_ABORT_UNRECOGNIZED_PDU, "PROXY"},
	{"02 00", 1, FAULT_OTHER_PDU, PDU_ABORT_UNEXPECTED_PDU, "another PDU"},
	{"04 00", 1, FAULT_OTHER_PDU, PDU_ABORT_UNEXPECTED_PDU, "another PDU"},
	{"07 00", 1, FAULT_OTHER_PDU, PDU_ABORT_UNEXPECTED_PDU, "another PDU"},
	{"08 00", 0, FAULT_NOT_DICOM, PDU_ABORT_UNRECOGNIZED_PDU, "not a DICOM"},
	{"00 00", 0, FAULT_NOT_DICOM, PDU_ABORT_UNRECOGNIZED_PDU, "not a DICOM"},
	{"'get /'", 0, FAULT_NOT_DICOM, PDU_ABORT_UNRECOGNIZED_PDU, "not a DICOM"},
	{"'GETX'", 0, FAULT_NOT_DICOM, PDU_ABORT_UNRECOGNIZED_PDU, "not a DICOM"},
	{"16 04", 0, FAULT_NOT_DICOM, PDU_ABORT_UNRECOGNIZED_PDU, "not a DICOM"},
	{"", 0, FAULT_NOT_DICOM, PDU_ABORT_UNRECOGNIZED_PDU, "not a DICOM"},
};

/* From so many bytes on it is known; with fewer it is not DICOM, and nothing else. */
static void test_every_prefix(void **state)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct slice bytes = sample(cases[i].bytes);

		for (size_t len = 0; len <= bytes.len; len++) {
			struct foreign f = foreign_find(edge(slice_head(bytes, len)));

			if (len < cases[i].least) {
				assert_int_equal(f.fault, FAULT_NOT_DICOM);
				continue;
			}
			assert_int_equal(f.fault, cases[i].fault);
			assert_int_equal(f.reason, cases[i].reason);
			assert_non_null(strstr(f.words, cases[i].words));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_prefix),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
