/* SPDX-License-Identifier: MIT */
#include "decide/memory.h"

#include <stdlib.h>

struct decide *decide_new(struct policy_store *policies)
{
	struct decide *d = calloc(1, sizeof(*d));

	if (!d)
		return NULL;
	d->policies = policies;
	d->facts.association.rq = &d->rq;
	if (facts_init(&d->facts))
		return d;
	decide_free(d);
	return NULL;
}

void decide_free(struct decide *d)
{
	if (!d)
		return;
	decide_release(d);
	facts_clear(&d->facts);
	free(d);
}

void decide_release(struct decide *d)
{
	if (d->facts.policy)
		policy_store_release(d->policies, d->facts.policy);
	d->facts.policy = NULL;
}

struct facts *decide_facts(struct decide *d)
{
	return &d->facts;
}
