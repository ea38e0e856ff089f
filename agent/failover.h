/* SPDX-License-Identifier: MIT */
/* failover.h - which pool of an outcome gets the association, if some are down.
 *
 * What is down HAProxy says with each message (docs/contract.md, `down`): the names of its
 * backends of which no server is up, separated by spaces.
 */
#ifndef FAILOVER_H
#define FAILOVER_H

#include "policy.h"

/* The first pool that is not <down>; NULL if all are. */
const struct policy_pool *failover_pool(const struct policy_pools *pools,
					struct slice down);

/* The first outcome of the policy of which all pools are down; NULL if there is none. */
const struct policy_outcome *failover_stranded(const struct policy *policy,
					       struct slice down);

enum { FAILOVER_TEXT = 256 }; /* bytes of failover_text() with its NUL */

/* Say in words for the log that no server of these pools is up. */
void failover_text(const struct policy_pools *pools, char text[FAILOVER_TEXT]);

#endif
