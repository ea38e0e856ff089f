/* SPDX-License-Identifier: MIT */
/* failover.h - which pool of an outcome gets the association, if some are down.
 *
 * With each message HAProxy sends the names of its backends that have no server up,
 * separated by spaces (docs/contract.md, argument `down`).
 */
#ifndef POLICY_FAILOVER_H
#define POLICY_FAILOVER_H

#include "policy/policy.h"

enum {
	FAILOVER_NAMES = 1024, /* as many as can be in the 2 KB that HAProxy sends */
	FAILOVER_SLOTS = 2 * FAILOVER_NAMES
};

/* The names of pools that are down: a hash table with open addressing, since a policy may
 * have thousands of pools.  All zeros: none is down.
 */
struct failover {
	size_t n;
	struct slice slots[FAILOVER_SLOTS]; /* empty: free; borrowed */
};

/* Replace the names by those in <down>, which is borrowed.  Names after the first
 * FAILOVER_NAMES are ignored: those pools count as up.
 */
void failover_read(struct failover *f, struct slice down);

/* The first pool that is not down.  NULL if all are down, or if <pools> is NULL, as it is
 * in an outcome that refuses.
 */
const struct policy_pool *failover_pool(const struct policy_pools *pools,
					const struct failover *f);

/* The first outcome of the policy of which all pools are down, or NULL. */
const struct policy_outcome *failover_stranded(const struct policy *policy,
					       const struct failover *f);

enum { FAILOVER_TEXT = 256 }; /* bytes of failover_text() with its NUL */

/* Write the `error` for the log: no server of these pools is up.  Cut if too long. */
void failover_text(const struct policy_pools *pools, char text[FAILOVER_TEXT]);

#endif
