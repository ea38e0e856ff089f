/* SPDX-License-Identifier: MIT */
/* facts.h - what an association and its first message tell about a policy's attributes.
 *
 * Text is decoded and kept in memory of the owner's; nothing is allocated while a policy
 * is evaluated.  An attribute costs nothing until it is asked for.
 */
#ifndef FACTS_FACTS_H
#define FACTS_FACTS_H

#include "facts/association.h"
#include "facts/elements.h"

enum { FACTS_TEXT_SIZE = 128 * 1024 }; /* bytes of decoded values */

struct facts {
	const struct policy *policy;
	int64_t now; /* seconds since the epoch: when the association began */
	struct facts_association association; /* the owner's, apart from facts_begin() */
	struct facts_elements elements;
	bool final; /* what is not known by now is absent */

	struct policy_fact *known; /* one for each of the policy's attributes */
	bool *asked;               /* the same: <known> is filled in */
	size_t room;               /* in both of them */
	struct policy_scratch *scratch;
	struct writer text; /* decoded values go here */
	uint8_t bytes[FACTS_TEXT_SIZE];
};

/* Owned by the caller, who has zeroed it.  False if there is no memory. */
bool facts_init(struct facts *f) MUST_CHECK;
void facts_clear(struct facts *f);

/* Begin with the attributes of <policy>: nothing is known of the first message.  False if
 * there is no memory, which happens only with a policy larger than all before.
 */
bool facts_begin(struct facts *f, const struct policy *policy) MUST_CHECK;

/* Forget all answers, before <final> or what has arrived changes. */
void facts_reset(struct facts *f);

/* The evaluator's view of <f>: for ruling_decide(). */
struct policy_facts facts_view(struct facts *f);

/* The fact of one attribute; lives until facts_reset(). */
const struct policy_fact *facts_get(struct facts *f, const struct policy_attribute *a);

#endif
