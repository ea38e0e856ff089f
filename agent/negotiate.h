/* SPDX-License-Identifier: MIT */
/* negotiate.h - to accept an association for an archive, and to ask the archive for
 * exactly what was accepted (association splicing, docs/splicing.md).
 */
#ifndef NEGOTIATE_H
#define NEGOTIATE_H

#include "capability.h"
#include "ul.h"

enum {
	NEGOTIATE_SYNTAXES = 64, /* of a context that are looked at */
	NEGOTIATE_SEEN = 16
};

/* What was, or will be, answered to each presentation context of an RQ. */
struct negotiate_plan {
	struct {
		uint8_t result;               /* enum ul_result */
		struct slice transfer_syntax; /* if accepted; borrowed from RQ or AC */
		uint64_t possible; /* proposed ones that are left: a bit for each */
		bool known;        /* a pool accepts the abstract syntax */
		bool missing;      /* a pool does not */
	} contexts[UL_MAX_CONTEXTS];
	unsigned accepted;       /* contexts */
	uint32_t maximum_length; /* bytes of a P-DATA-TF PDU */
	struct {
		const char *pool;
		const struct capability *accepts;
	} seen[NEGOTIATE_SEEN]; /* have been considered */
	size_t nseen;
};

/* What HAProxy has learned from archives that did not keep a promise: entries separated
 * by spaces, POOL|abstract syntax|transfer syntax, or POOL|length|bytes.
 */

/* Why nothing can be promised: only the archive itself can answer. */
enum negotiate_obstacle {
	NEGOTIATE_NO_OBSTACLE,
	NEGOTIATE_SCP_ROLE,      /* is proposed (PS3.7 D.3.3.4) */
	NEGOTIATE_USER_IDENTITY, /* its positive response is requested (PS3.7 D.3.3.7) */
	NEGOTIATE_OTHER_SERVICE, /* of a context */
	NEGOTIATE_NO_CONTEXT     /* could be accepted, or only Verification, which has no
				  * data sets */
};

/* Begin a plan: every pool that can still be chosen is then given to
 * negotiate_consider(), since all of them must keep the promise.  A <pool> of NULL stands
 * for any: all that has been learned counts.  Its name must last as long as the plan.
 */
void negotiate_begin(const struct ul_associate *rq, struct negotiate_plan *plan);
void negotiate_consider(const struct ul_associate *rq, const char *pool,
			const struct capability *accepts, struct slice learned,
			struct negotiate_plan *plan);

/* Plan the answer to <rq>: storage and verification contexts, and what a pool accepts
 * beside them, get the first transfer syntax in the SCU's order that is left.
 */
enum negotiate_obstacle negotiate_finish(const struct ul_associate *rq,
					 struct negotiate_plan *plan);

/* The plan that an AC, sent earlier, tells for the same RQ. */
void negotiate_recall(const struct ul_associate *rq, const struct ul_associate *ac,
		      struct negotiate_plan *plan);

/* The transfer syntax of the presentation context <id>; empty if it is not accepted. */
struct slice negotiate_syntax(const struct ul_associate *rq,
			      const struct negotiate_plan *plan, uint8_t id);

/* True and <why> filled if the standard demands a refusal: another application
 * context, or no common protocol version (PS3.8 9.3.2, 9.3.4).
 */
bool negotiate_refuses(const struct ul_associate *rq, struct ul_rejection *why);

/* Write the A-ASSOCIATE-AC (PS3.8 9.3.3) of the plan.  Asynchronous operations and
 * extended negotiation are left out, which declines them (PS3.7 D.3.3.3, D.3.3.5).
 */
void negotiate_write_ac(const struct ul_associate *rq, const struct negotiate_plan *plan,
			struct writer *w);

/* Write the A-ASSOCIATE-RQ for the archive: the same association, with the accepted
 * contexts only, each with the one transfer syntax that was accepted.  Of the user
 * information it has what needs no answer: maximum length, implementation, common
 * extended negotiation, identity.  Never longer than the original.
 */
void negotiate_write_rq(const struct ul_associate *rq, const struct negotiate_plan *plan,
			struct writer *w);

/* Put other AE titles into an RQ (bytes 11 to 26, 27 to 42); NULL: it stays. */
void negotiate_rename(struct writer *pdu, const char *called_ae, const char *calling_ae);

#endif
