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

/* Ways to look at what has not come yet. */
enum facts_time {
	FACTS_SO_FAR, /* it may still come: unknown */
	FACTS_FINAL,  /* nothing more comes: absent, and the values that are there are all
		       */
	FACTS_UNSURE  /* the same, but what is too large is unknown */
};

/* One attribute of the policy, in these ways. */
struct facts_known {
	bool asked; /* the rest is valid */
	struct policy_fact so_far, final;
};

struct facts {
	const struct policy *policy;
	int64_t now; /* seconds since the epoch: when the association began */
	struct facts_association association; /* of the owner; see facts_begin() */
	struct facts_elements elements;

	struct facts_known *known; /* one for each of policy->attributes */
	size_t room;               /* attributes allocated in it */
	struct policy_scratch *scratch;
	struct writer text; /* decoded values, in <bytes> */
	uint8_t bytes[FACTS_TEXT_SIZE];
};

/* <f> is owned by the caller and zeroed.  False if there is no memory. */
bool facts_init(struct facts *f) MUST_CHECK;
void facts_clear(struct facts *f);

/* Begin a decision with <policy>, which is borrowed: nothing is known of the first
 * message.  Whatever has come of it is to be set before the first attribute is asked for.
 * False if there is no memory, which can happen only if <policy> has more attributes than
 * every policy before.
 */
bool facts_begin(struct facts *f, const struct policy *policy) MUST_CHECK;

/* The interface to <f> for the evaluation; borrowed. */
struct policy_facts facts_view(struct facts *f, enum facts_time when);

/* The fact about one attribute; valid until facts_begin(). */
const struct policy_fact *facts_get(struct facts *f, enum facts_time when,
				    const struct policy_attribute *a);

/* True if the attribute has been asked for since facts_begin(). */
bool facts_asked(const struct facts *f, const struct policy_attribute *a);

#endif
