/* SPDX-License-Identifier: MIT */
#include "policy/failover.h"
#include "base/hash.h"

#include <stdio.h>

/* The slot of <name>, or the free slot for it.  Half of the slots are always free. */
static size_t slot_of(const struct failover *f, struct slice name)
{
	size_t at = hash_spread(hash_bytes(HASH_START, name)) % FAILOVER_SLOTS;

	while (f->slots[at].len > 0 && !slice_equal(f->slots[at], name))
		at = (at + 1) % FAILOVER_SLOTS;
	return at;
}

void failover_read(struct failover *f, struct slice down)
{
	if (f->n > 0)
		*f = (struct failover){0};
	while (down.len > 0 && f->n < FAILOVER_NAMES) {
		struct slice name = slice_part(&down, ' ');
		size_t at = slot_of(f, name);

		if (name.len == 0 || f->slots[at].len > 0)
			continue;
		f->slots[at] = name;
		f->n++;
	}
}

static bool is_down(const struct failover *f, const char *pool)
{
	return f->n > 0 && f->slots[slot_of(f, slice_str(pool))].len > 0;
}

const struct policy_pool *failover_pool(const struct policy_pools *pools,
					const struct failover *f)
{
	for (size_t i = 0; pools && i < pools->n; i++)
		if (!is_down(f, pools->list[i].name))
			return &pools->list[i];
	return NULL;
}

/* Outcomes with the same pools share one list, so this looks at few of them. */
const struct policy_outcome *failover_stranded(const struct policy *policy,
					       const struct failover *f)
{
	const struct policy_pools *pools = NULL;

	for (size_t i = 0; f->n > 0 && !pools && i < policy->npools; i++)
		if (!failover_pool(policy->pools[i], f))
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
