/* SPDX-License-Identifier: MIT */
/* facts.h - what an association and its first message tell about a policy's attributes.
 *
 * Text is decoded and kept in memory of the owner's; nothing is allocated.
 */
#ifndef FACTS_H
#define FACTS_H

#include "charset.h"
#include "dataset_scan.h"
#include "dimse.h"
#include "policy.h"

struct facts {
	const struct policy *policy;
	const struct ul_associate *rq;
	const struct dimse_message *message; /* NULL: nothing of it has come */
	struct slice transfer_syntax; /* of the message's context; empty: not known */
	struct dataset_wanted
		*wanted;                /* one for each of the policy's attributes; used
					   for  those of the command set and the data set */
	enum dataset_encoding encoding; /* of the data set */
	struct charset *charset;
	struct writer text;        /* decoded values go here */
	struct policy_fact *known; /* one for each of the policy's attributes */
	bool *asked;               /* the same: <known> is filled in */
	bool final;                /* what is not known by now is absent */
};

/* Nothing is known of command set and data set. */
void facts_clear(struct facts *f);

/* Forget all answers, before <final> or what has arrived changes. */
void facts_reset(struct facts *f);

/* The evaluator's view of <f>: for policy_decide(). */
struct policy_facts facts_view(struct facts *f);

/* The fact of one attribute; lives until facts_reset(). */
const struct policy_fact *facts_get(struct facts *f, size_t attribute);

#endif
