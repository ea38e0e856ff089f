/* SPDX-License-Identifier: MIT */
/* verdict.h - what was decided on one question, as data: everything that the answer to
 * HAProxy, the metrics, the journal and `explain` say of it.
 */
#ifndef DECIDE_VERDICT_H
#define DECIDE_VERDICT_H

#include "decide/cause.h"
#include "decide/question.h"
#include "dicom/pdu.h"
#include "facts/facts.h"

enum verdict_kind {
	VERDICT_NONE,   /* the agent is out of memory: nothing was decided */
	VERDICT_REJECT, /* the SCU is sent <reply>, if there is one, and no archive gets
			   it */
	VERDICT_ROUTE,  /* to <pool> */
	VERDICT_ACCEPT, /* in an archive's name: <reply> is the A-ASSOCIATE-AC */
	VERDICT_MORE    /* what has come of the first message does not decide yet */
};

/* What could not be read.  In the order of its metrics. */
enum verdict_fault {
	FAULT_NONE,
	FAULT_TLS, /* what has come instead of an A-ASSOCIATE-RQ (foreign.h) */
	FAULT_HTTP,
	FAULT_SSH,
	FAULT_PROXY,
	FAULT_OTHER_PDU,
	FAULT_NOT_DICOM,
	FAULT_RQ_TOO_LONG, /* for HAProxy's buffer */
	FAULT_RQ,          /* the A-ASSOCIATE-RQ is malformed */
	FAULT_AC,          /* HAProxy has not sent back the A-ASSOCIATE-AC */
	FAULT_MESSAGE,     /* the first message, or its command set */
	FAULT_CONTEXT,     /* a message on a presentation context that was not accepted */
	FAULT_DATA_SET /* which does not end the association: it is routed all the same */
};

/* Slices, text and the policy are valid until decide_release(), or the next question. */
struct verdict {
	bool associate; /* on the first question, QUESTION_ASSOCIATE */
	enum verdict_kind kind;
	enum cause cause;
	enum verdict_fault fault;
	const char
		*error; /* what was wrong, for the log, without patient data; or NULL */

	const struct policy *policy;          /* that was asked */
	int64_t began;                        /* s since the epoch: as in the question */
	const struct policy_outcome *outcome; /* NULL: no rule was asked for */
	const struct policy_pool *pool; /* that gets it; NULL: the outcome refuses, or
					 * none of its pools is up */
	enum facts_time when;           /* how the outcome was found (facts.h) */

	struct slice reply;         /* PDU for the SCU; empty: none */
	struct rejection rejection; /* <reply> is an A-ASSOCIATE-RJ with this; or zeros */
	bool aborts;                /* <reply> is an A-ABORT with <abort_reason> */
	enum pdu_abort_reason abort_reason;
	struct slice request; /* the A-ASSOCIATE-RQ for the archive; empty: as it came */
	size_t rqlen;         /* bytes of the A-ASSOCIATE-RQ; 0: it could not be read */
	size_t need;      /* bytes that HAProxy should hold before it asks again; or 0 */
	int64_t accepted; /* us since the epoch: when it was accepted; or 0 */
	struct slice calling_ae, called_ae, sop_class,
		transfer_syntax; /* empty: not known */

	bool aborted_by_scu;    /* an A-ABORT came instead of the first message */
	bool decided_on_data;   /* the next two are known */
	int64_t waited;         /* us from <accepted> to the question; -1: not known */
	int64_t data_set_bytes; /* that had come; -1: there is no data set */
	int64_t took;           /* ns that deciding took; set by the caller of decide() */
};

/* The word for a kind in the contract: "route"; NULL for VERDICT_NONE. */
const char *verdict_word(enum verdict_kind kind);

/* True if the association is refused since no pool of its outcome is up. */
static inline bool verdict_unreachable(const struct verdict *v)
{
	return v->kind == VERDICT_REJECT && v->outcome && v->outcome->pools;
}

/* Refuse with an A-ASSOCIATE-RJ (PS3.8 9.3.4) or an A-ABORT (9.3.8), which is written to
 * <pdu>; <error> is static, or lives as long as the verdict.
 */
void verdict_reject(struct verdict *v, struct writer *pdu, struct rejection why,
		    const char *error);
void verdict_abort(struct verdict *v, struct writer *pdu, enum pdu_abort_reason reason,
		   const char *error);

#endif
