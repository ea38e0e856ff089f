/* SPDX-License-Identifier: MIT */
/* promise.h - the promise of association splicing (docs/splicing.md): what is accepted in
 * the name of an archive that is not chosen yet, and what the archive is then asked for.
 */
#ifndef DECIDE_PROMISE_H
#define DECIDE_PROMISE_H

#include "archive/capability.h"
#include "decide/cause.h"
#include "dicom/pdu.h"

enum {
	PROMISE_SYNTAXES =
		64,       /* of a context that are looked at; more are not accepted */
	PROMISE_SEEN = 16 /* pools that are recognized when they come again */
};

/* What was, or will be, answered to each presentation context of an RQ, in its order. */
struct promise {
	struct {
		uint8_t result;               /* enum pdu_result */
		struct slice transfer_syntax; /* if accepted; borrowed from RQ or AC */
		uint64_t possible; /* a bit for each proposed one that all pools accept */
		bool known;        /* some pool accepts the abstract syntax */
		bool missing;      /* some pool does not */
	} contexts[PDU_MAX_CONTEXTS];
	unsigned accepted;       /* contexts */
	unsigned culprit;        /* number of the context that is the cause, if any */
	uint32_t maximum_length; /* bytes of a P-DATA-TF PDU */
	struct {
		const char *pool;
		const struct capability *accepts;
	} seen[PROMISE_SEEN]; /* pools that have been considered */
	size_t nseen;
};

/* Begin a promise for <rq>: nothing limits it yet. */
void promise_begin(const struct pdu_associate *rq, struct promise *promise);

/* Limit the promise to what <pool> accepts as well.  <learned> is what HAProxy has
 * learned from archives that did not keep a promise: entries separated by spaces,
 * POOL|abstract syntax|transfer syntax, or POOL|length|bytes.  A <pool> of NULL stands
 * for any: all that has been learned counts.  Its name must last as long as the promise.
 */
void promise_consider(const struct pdu_associate *rq, const char *pool,
		      const struct capability *accepts, struct slice learned,
		      struct promise *promise);

/* Complete the promise: contexts of storage and Verification, and what a pool accepts
 * beside them, get the first transfer syntax in the SCU's order that all pools accept;
 * what is proposed of other services is refused, context by context.  The SCP role is
 * declined.
 *
 * False, with the cause, if nothing that has data sets can be promised.  CAUSE_NONE then
 * says that nothing with data sets is proposed: what the association tells is all there
 * is.
 */
bool promise_finish(const struct pdu_associate *rq, struct promise *promise,
		    enum cause *cause) MUST_CHECK;

/* The promise that an AC, sent earlier, made for the same RQ. */
void promise_recall(const struct pdu_associate *rq, const struct pdu_associate *ac,
		    struct promise *promise);

/* The transfer syntax of the presentation context <id>; empty if it is not accepted. */
struct slice promise_syntax(const struct pdu_associate *rq, const struct promise *promise,
			    uint8_t id);

/* True, with the reason in <why>, if the standard demands to reject <rq>: for another
 * application context name, or without a common protocol version (PS3.8 9.3.2, 9.3.4).
 */
bool promise_refuses(const struct pdu_associate *rq, struct rejection *why);

/* Write the A-ASSOCIATE-AC (PS3.8 9.3.3) that makes the promise.  Asynchronous operations
 * and extended negotiation are left out, which declines them (PS3.7 D.3.3.3, D.3.3.5).
 */
void promise_write_ac(const struct pdu_associate *rq, const struct promise *promise,
		      struct writer *w);

/* Write the narrowed A-ASSOCIATE-RQ for the archive: the same association with the
 * accepted contexts only, each with the one transfer syntax that was accepted, so that
 * the archive cannot choose another one.  Of the user information it has what needs no
 * answer: maximum length, implementation, common extended negotiation, identity.  It is
 * never longer than the original.
 */
void promise_write_rq(const struct pdu_associate *rq, const struct promise *promise,
		      struct writer *w);

#endif
