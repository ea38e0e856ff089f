/* SPDX-License-Identifier: MIT */
/* memory.h - the working memory of decide(), which nobody else looks into. */
#ifndef DECIDE_MEMORY_H
#define DECIDE_MEMORY_H

#include "decide/decide.h"
#include "decide/promise.h"
#include "facts/first_message.h"
#include "policy/failover.h"

enum {
	DECIDE_PDU = 128 * 1024, /* bytes of an RQ for the archive, and of an AC */
	DECIDE_ERROR = 512       /* bytes of the text of an error */
};

struct decide {
	struct policy_store *policies;
	struct facts facts; /* facts.policy is held from one question to the next */
	struct pdu_associate rq, ac;
	struct promise promise;
	struct failover down;
	struct first_message first;
	char error[DECIDE_ERROR];
	uint8_t request[DECIDE_PDU], reply[DECIDE_PDU];
};

#endif
