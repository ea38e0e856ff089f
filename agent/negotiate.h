/* SPDX-License-Identifier: MIT */
/* negotiate.h - to accept an association for an archive, and to ask the archive for
 * exactly what was accepted (association splicing, docs/splicing.md).
 */
#ifndef NEGOTIATE_H
#define NEGOTIATE_H

#include "policy.h"
#include "ul.h"

/* What was, or will be, answered to each presentation context of an RQ. */
struct negotiate_plan {
	struct {
		uint8_t result;               /* enum ul_result */
		struct slice transfer_syntax; /* if accepted; borrowed from RQ or AC */
	} contexts[UL_MAX_CONTEXTS];
	unsigned accepted; /* contexts */
};

/* Plan the answer to <rq>: storage and verification contexts are accepted with the
 * first transfer syntax, in the SCU's order, of those that <may> names.  Returns NULL,
 * or why only the archive itself can answer (static text):
 * - a context of another service, or the SCP role (PS3.7 D.3.3.4);
 * - a user identity whose positive response is requested (PS3.7 D.3.3.7);
 * - no context that could be accepted, or only Verification, which has no data sets.
 */
const char *negotiate_plan(const struct ul_associate *rq,
			   const struct policy_negotiation *may,
			   struct negotiate_plan *plan);

/* The plan that an AC, sent earlier, tells for the same RQ. */
void negotiate_recall(const struct ul_associate *rq, const struct ul_associate *ac,
		      struct negotiate_plan *plan);

/* True and <why> filled if the standard demands a refusal: another application
 * context, or no common protocol version (PS3.8 9.3.2, 9.3.4).
 */
bool negotiate_refuses(const struct ul_associate *rq, struct ul_rejection *why);

/* Write the A-ASSOCIATE-AC (PS3.8 9.3.3) of the plan.  Asynchronous operations and
 * extended negotiation are left out, which declines them (PS3.7 D.3.3.3, D.3.3.5).
 */
void negotiate_write_ac(const struct ul_associate *rq, const struct negotiate_plan *plan,
			uint32_t maximum_length, struct writer *w);

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
