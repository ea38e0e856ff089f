/* SPDX-License-Identifier: MIT */
#include "decide/foreign.h"

#define HTTP  FAULT_HTTP, "HTTP request instead of an association"
#define PROXY FAULT_PROXY, "PROXY protocol header instead of an association"

static const struct {
	const char *head; /* the first bytes */
	enum verdict_fault fault;
	const char *words;
} protocols[] = {
	{"\x16\x03", FAULT_TLS, "TLS handshake instead of an association"},
	{"GET ", HTTP},
	{"POST ", HTTP},
	{"HEAD ", HTTP},
	{"PUT ", HTTP},
	{"OPTIONS ", HTTP},
	{"PRI * ", FAULT_HTTP, "HTTP/2 preface instead of an association"},
	{"SSH-", FAULT_SSH, "SSH banner instead of an association"},
	{"PROXY ", PROXY},
	{"\r\n\r\n", PROXY},
};

struct foreign foreign_find(struct slice bytes)
{
	uint8_t type = bytes.len > 0 ? bytes.ptr[0] : 0;

	for (size_t i = 0; i < sizeof(protocols) / sizeof(protocols[0]); i++) {
		struct slice head = slice_str(protocols[i].head);

		if (slice_equal(slice_head(bytes, head.len), head))
			return (struct foreign){protocols[i].fault, protocols[i].words,
						PDU_ABORT_UNRECOGNIZED_PDU};
	}
	if (type > PDU_ASSOCIATE_RQ && type <= PDU_ABORT)
		return (struct foreign){FAULT_OTHER_PDU,
					"another PDU instead of an A-ASSOCIATE-RQ",
					PDU_ABORT_UNEXPECTED_PDU};
	return (struct foreign){FAULT_NOT_DICOM, "not a DICOM PDU",
				PDU_ABORT_UNRECOGNIZED_PDU};
}
