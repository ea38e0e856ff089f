/* SPDX-License-Identifier: MIT */
/* failover.h - which pool of an outcome gets the association, if some are down.
 *
 * What is down HAProxy says with each message (docs/contract.md, `down`): the names of
 * its backends of which no server is up, separated by spaces.
 */
#ifndef POLICY_FAILOVER_H
#define POLICY_FAILOVER_H

#include "policy/policy.h"

enum {
	FAILOVER_NAMES = 1024, /* that are remembered; HAProxy sends no more */
	FAILOVER_SLOTS = 2 * FAILOVER_NAMES
};

/* What is down, to be looked up: a policy may have thousands of pools.  All zeros:
 * nothing. */
struct failover {
	size_t n;
	struct slice slots[FAILOVER_SLOTS]; /* by hash, the next free one; borrowed */
};

/* Read <down>, which must live as long.  What is more than FAILOVER_NAMES is not down. */
void failover_read(struct failover *f, struct slice down);

/* The first pool that is not down; NULL if all are, or if <pools> is: a refusal. */
const struct policy_pool *failover_pool(const struct policy_pools *pools,
					const struct failover *f);

/* The first outcome of the policy of which all pools are down; NULL if there is none. */
const struct policy_outcome *failover_stranded(const struct policy *policy,
					       const struct failover *f);

enum { FAILOVER_TEXT = 256 }; /* bytes of failover_text() with its NUL */

/* Say in words for the log that no server of these pools is up. */
void failover_text(const struct policy_pools *pools, char text[FAILOVER_TEXT]);

#endif
