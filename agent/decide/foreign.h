/* SPDX-License-Identifier: MIT */
/* foreign.h - what comes to a DICOM port instead of an A-ASSOCIATE-RQ. */
#ifndef DECIDE_FOREIGN_H
#define DECIDE_FOREIGN_H

#include "decide/verdict.h"

/* What the first bytes of a connection are, if they are no A-ASSOCIATE-RQ. */
struct foreign {
	enum verdict_fault fault;
	const char *words; /* static, for the log */
	enum pdu_abort_reason reason;
};

struct foreign foreign_find(struct slice bytes);

#endif
