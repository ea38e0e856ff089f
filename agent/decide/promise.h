/* SPDX-License-Identifier: MIT */
/* promise.h - to accept an association for an archive, and to ask the archive for
 * exactly what was accepted (association splicing, docs/splicing.md).
 */
#ifndef DECIDE_PROMISE_H
#define DECIDE_PROMISE_H

#include "archive/capability.h"
#include "dicom/pdu.h"

enum {
	PROMISE_SYNTAXES = 64, /* of a context that are looked at */
	PROMISE_SEEN = 16
};

/* What was, or will be, answered to each presentation context of an RQ. */
struct promise {
	struct {
		uint8_t result;               /* enum pdu_result */
		struct slice transfer_syntax; /* if accepted; borrowed from RQ or AC */
		uint64_t possible; /* proposed ones that are left: a bit for each */
		bool known;        /* a pool accepts the abstract syntax */
		bool missing;      /* a pool does not */
	} contexts[PDU_MAX_CONTEXTS];
	unsigned accepted;       /* contexts */
	uint32_t maximum_length; /* bytes of a P-DATA-TF PDU */
	struct {
		const char *pool;
		const struct capability *accepts;
	} seen[PROMISE_SEEN]; /* have been considered */
	size_t nseen;
};

/* What HAProxy has learned from archives that did not keep a promise: entries separated
 * by spaces, POOL|abstract syntax|transfer syntax, or POOL|length|bytes.
 */

/* Why nothing can be promised: only the archive itself can answer. */
enum promise_obstacle {
	PROMISE_NO_OBSTACLE,
	PROMISE_SCP_ROLE,      /* is proposed (PS3.7 D.3.3.4) */
	PROMISE_USER_IDENTITY, /* its positive response is requested (PS3.7 D.3.3.7) */
	PROMISE_OTHER_SERVICE, /* of a context */
	PROMISE_NO_CONTEXT     /* could be accepted, or only Verification, which has no
				* data sets */
};

/* Begin a plan: every pool that can still be chosen is then given to
 * promise_consider(), since all of them must keep the promise.  A <pool> of NULL stands
 * for any: all that has been learned counts.  Its name must last as long as the plan.
 */
void promise_begin(const struct pdu_associate *rq, struct promise *plan);
void promise_consider(const struct pdu_associate *rq, const char *pool,
		      const struct capability *accepts, struct slice learned,
		      struct promise *plan);

/* Plan the answer to <rq>: storage and verification contexts, and what a pool accepts
 * beside them, get the first transfer syntax in the SCU's order that is left.
 */
enum promise_obstacle promise_finish(const struct pdu_associate *rq,
				     struct promise *plan);

/* The plan that an AC, sent earlier, tells for the same RQ. */
void promise_recall(const struct pdu_associate *rq, const struct pdu_associate *ac,
		    struct promise *plan);

/* The transfer syntax of the presentation context <id>; empty if it is not accepted. */
struct slice promise_syntax(const struct pdu_associate *rq, const struct promise *plan,
			    uint8_t id);

/* True and <why> filled if the standard demands a refusal: another application
 * context, or no common protocol version (PS3.8 9.3.2, 9.3.4).
 */
bool promise_refuses(const struct pdu_associate *rq, struct rejection *why);

/* Write the A-ASSOCIATE-AC (PS3.8 9.3.3) of the plan.  Asynchronous operations and
 * extended negotiation are left out, which declines them (PS3.7 D.3.3.3, D.3.3.5).
 */
void promise_write_ac(const struct pdu_associate *rq, const struct promise *plan,
		      struct writer *w);

/* Write the A-ASSOCIATE-RQ for the archive: the same association, with the accepted
 * contexts only, each with the one transfer syntax that was accepted.  Of the user
 * information it has what needs no answer: maximum length, implementation, common
 * extended negotiation, identity.  Never longer than the original.
 */
void promise_write_rq(const struct pdu_associate *rq, const struct promise *plan,
		      struct writer *w);

/* Put other AE titles into an RQ (bytes 11 to 26, 27 to 42); NULL: it stays. */
void promise_rename(struct writer *pdu, const char *called_ae, const char *calling_ae);

#endif
