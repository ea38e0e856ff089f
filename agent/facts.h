/* SPDX-License-Identifier: MIT */
/* facts.h - what an association and its first message tell about a policy's attributes.
 *
 * Text is decoded and kept in memory of the owner's; nothing is allocated while a policy
 * is evaluated.  An attribute costs nothing until it is asked for.
 */
#ifndef FACTS_H
#define FACTS_H

#include "charset.h"
#include "dataset_scan.h"
#include "dimse.h"
#include "policy.h"

enum { FACTS_TEXT_SIZE = 128 * 1024 }; /* bytes of decoded values */

/* What HAProxy tells of the connection; what it does not tell is empty, or -1. */
struct facts_connection {
	struct slice address; /* 4 or 16 bytes, as in an IP header */
	int64_t port;         /* that the SCU has connected to */
	struct slice server_name, client_name; /* TLS: SNI, CN of the certificate */
};

struct facts {
	const struct policy *policy;
	const struct ul_associate *rq;
	struct facts_connection connection;
	int64_t now; /* seconds since the epoch: when the association began */
	const struct dimse_message *message; /* NULL: nothing of it has come */
	struct slice transfer_syntax; /* of the message's context; empty: not known */
	struct dataset_scan command, data_set;
	bool final; /* what is not known by now is absent */

	struct dataset_wanted *wanted; /* one for each of the policy's elements */
	struct policy_fact *known;     /* one for each of the policy's attributes */
	bool *asked;                   /* the same: <known> is filled in */
	size_t room;                   /* in the three of them */
	struct charset *charset;
	struct policy_scratch *scratch;
	struct writer text; /* decoded values go here */
	uint8_t bytes[FACTS_TEXT_SIZE];
};

/* Owned by the caller, who has zeroed it.  False if there is no memory. */
bool facts_init(struct facts *f) MUST_CHECK;
void facts_clear(struct facts *f);

/* Begin with the attributes of <policy>: nothing is known of command set and data set.
 * False if there is no memory, which happens only with a policy larger than all before.
 */
bool facts_begin(struct facts *f, const struct policy *policy) MUST_CHECK;

/* The command set and the data set, as far as they have come; <cut>: more will. */
void facts_command(struct facts *f, struct slice bytes);
void facts_data_set(struct facts *f, struct slice bytes, enum dataset_encoding encoding,
		    bool cut);

/* Forget all answers, before <final> or what has arrived changes. */
void facts_reset(struct facts *f);

/* The evaluator's view of <f>: for ruling_decide(). */
struct policy_facts facts_view(struct facts *f);

/* The fact of one attribute; lives until facts_reset(). */
const struct policy_fact *facts_get(struct facts *f, const struct policy_attribute *a);

/* Bytes of the data set that were needed for what has been asked. */
size_t facts_data_set_bytes(const struct facts *f);

#endif
