/* SPDX-License-Identifier: MIT */
/* facts.h - what is known of each attribute of a policy: of the association and of its
 * first message.
 *
 * An attribute is read when it is first asked for, and remembered.  Text is decoded into
 * <bytes>; nothing is allocated while a policy is evaluated.
 */
#ifndef FACTS_FACTS_H
#define FACTS_FACTS_H

#include "facts/association.h"
#include "facts/elements.h"

enum { FACTS_TEXT_SIZE = 128 * 1024 }; /* bytes of decoded values */

struct facts {
	const struct policy *policy;
	int64_t now; /* seconds since the epoch: when the association began */
	struct facts_association association; /* of the owner; see facts_begin() */
	struct facts_elements elements;
	bool final; /* no more data will come: unknown attributes are absent */

	struct policy_fact *known; /* one for each of policy->attributes */
	bool *asked;               /* the same: <known> is valid */
	size_t room;               /* attributes allocated in both */
	struct policy_scratch *scratch;
	struct writer text; /* decoded values, in <bytes> */
	uint8_t bytes[FACTS_TEXT_SIZE];
};

/* <f> is owned by the caller and zeroed.  False if there is no memory. */
bool facts_init(struct facts *f) MUST_CHECK;
void facts_clear(struct facts *f);

/* Begin a decision with <policy>, which is borrowed: nothing is known of the first
 * message. False if there is no memory, which can happen only if <policy> has more
 * attributes than every policy before.
 */
bool facts_begin(struct facts *f, const struct policy *policy) MUST_CHECK;

/* Forget all facts; to be called before <final> or the data that has come changes. */
void facts_reset(struct facts *f);

/* The interface to <f> for the evaluation; borrowed. */
struct policy_facts facts_view(struct facts *f);

/* The fact about one attribute; valid until facts_reset(). */
const struct policy_fact *facts_get(struct facts *f, const struct policy_attribute *a);

#endif
