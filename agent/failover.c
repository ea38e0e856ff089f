/* SPDX-License-Identifier: MIT */
#include "failover.h"

#include <stdio.h>

static bool is_down(const char *pool, struct slice down)
{
	while (down.len > 0)
		if (slice_equal(slice_part(&down, ' '), slice_str(pool)))
			return true;
	return false;
}

const struct policy_pool *failover_pool(const struct policy_pools *pools,
					struct slice down)
{
	for (size_t i = 0; i < pools->n; i++)
		if (!is_down(pools->list[i].name, down))
			return &pools->list[i];
	return NULL;
}

/* Rules that name the same pools share them, so most often there are few to look at. */
const struct policy_outcome *failover_stranded(const struct policy *policy,
					       struct slice down)
{
	const struct policy_pools *pools = NULL;

	for (size_t i = 0; down.len > 0 && !pools && i < policy->npools; i++)
		if (!failover_pool(policy->pools[i], down))
			pools = policy->pools[i];
	if (!pools)
		return NULL;
	for (size_t i = 0; i < policy->nrules; i++)
		if (policy->rules[i].outcome.pools == pools)
			return &policy->rules[i].outcome;
	return &policy->otherwise;
}

void failover_text(const struct policy_pools *pools, char text[FAILOVER_TEXT])
{
	size_t at = (size_t)snprintf(text, FAILOVER_TEXT, "no archive is up in %s",
				     pools->n > 1 ? "the pools " : "the pool ");

	for (size_t i = 0; i < pools->n && at < FAILOVER_TEXT; i++)
		at += (size_t)snprintf(text + at, FAILOVER_TEXT - at, "%s%s",
				       i > 0 ? ", " : "", pools->list[i].name);
}
