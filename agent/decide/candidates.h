/* SPDX-License-Identifier: MIT */
/* candidates.h - the candidates of an association: the outcomes that its data set can
 * still lead to, and what can be promised in the name of all of them.
 */
#ifndef DECIDE_CANDIDATES_H
#define DECIDE_CANDIDATES_H

#include "facts/facts.h"
#include "policy/failover.h"
#include "decide/promise.h"

struct candidates {
	const struct policy_outcome *fallback; /* candidates_fallback() */
	enum facts_time when;                  /* the same */
	const struct policy_outcome *stranded; /* a candidate all of whose pools are down;
						* NULL: there is none */
	bool reachable;                        /* some candidate has a pool that is up */
};

/* Begin <promise> for <rq> with the pools of all candidates and of the fallback.  Of a
 * list of pools it is the first that is not <down> which counts.  If too many rules are
 * left to tell the candidates (RULING_MOST), all pools of the policy count. <learned>:
 * promise_consider(); <down>: failover.h.
 */
struct candidates candidates_find(struct facts *f, const struct pdu_associate *rq,
				  struct slice learned, const struct failover *down,
				  struct promise *promise);

/* The fallback: the outcome if what is unknown stays so.  It is taken as absent, unless a
 * rule that refuses could match if it were known: what has not come is to that one as
 * <unsure> says.  <*when> is how the outcome was found.  Never NULL.
 */
const struct policy_outcome *candidates_fallback(struct facts *f, enum facts_time unsure,
						 enum facts_time *when);

#endif
