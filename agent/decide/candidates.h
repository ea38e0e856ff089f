/* SPDX-License-Identifier: MIT */
/* candidates.h - before an association is accepted in an archive's name: where it can
 * still go, and what can be promised for all of that.
 */
#ifndef DECIDE_CANDIDATES_H
#define DECIDE_CANDIDATES_H

#include "facts/facts.h"
#include "policy/failover.h"
#include "decide/promise.h"

struct candidates {
	const struct policy_outcome *fallback;
	const struct policy_outcome
		*stranded; /* that is left, all its pools down; or NULL */
};

/* Begin <plan> with what all pools accept that the association can still go to, and that
 * of the fallback.  Of pools that are tried one after the other it is the first that is
 * not <down>.  With too many rules open all of the policy's pools count.
 * <learned>: negotiate.h; <down>: failover.h.
 */
struct candidates candidates_plan(struct facts *f, const struct pdu_associate *rq,
				  struct slice learned, const struct failover *down,
				  struct promise *plan);

/* The outcome with every unknown taken as absent. */
const struct policy_outcome *candidates_fallback(struct facts *f);

#endif
