/* SPDX-License-Identifier: MIT */
#include "decide/verdict.h"

const char *verdict_word(enum verdict_kind kind)
{
	static const char *const words[] = {[VERDICT_REJECT] = "reject",
					    [VERDICT_ROUTE] = "route",
					    [VERDICT_ACCEPT] = "accept",
					    [VERDICT_MORE] = "more"};

	return words[kind];
}

void verdict_reject(struct verdict *v, struct writer *pdu, struct rejection why,
		    const char *error)
{
	pdu_write_reject(pdu, why);
	v->kind = VERDICT_REJECT;
	v->rejection = why;
	v->reply = writer_slice(pdu);
	v->error = error;
}

void verdict_abort(struct verdict *v, struct writer *pdu, enum pdu_abort_reason reason,
		   const char *error)
{
	pdu_write_abort(pdu, reason);
	v->kind = VERDICT_REJECT;
	v->aborts = true;
	v->abort_reason = reason;
	v->reply = writer_slice(pdu);
	v->error = error;
}
