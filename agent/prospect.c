/* SPDX-License-Identifier: MIT */
#include "prospect.h"
#include "ruling.h"

struct survey {
	const struct ul_associate *rq;
	struct slice learned;
	const struct failover *down;
	struct negotiate_plan *plan;
	const struct policy_outcome *stranded;
};

static void consider(void *context, const struct policy_outcome *o)
{
	struct survey *s = context;
	const struct policy_pool *pool;

	if (!o->pools)
		return;
	pool = failover_pool(o->pools, s->down);
	if (!pool) {
		s->stranded = s->stranded ? s->stranded : o;
		pool = &o->pools->list[0];
	}
	negotiate_consider(s->rq, pool->name, pool->accepts, s->learned, s->plan);
}

/* Which rules are left matters only if pools differ, or if some are down. */
static void consider_all(struct facts *f, struct survey *s)
{
	const struct policy *policy = f->policy;
	const struct policy_outcome *stranded = failover_stranded(policy, s->down);
	struct policy_facts view = facts_view(f);
	bool differ = policy->naccepts > 1 || s->learned.len > 0 || stranded;

	if (differ && ruling_each(policy, &view, consider, s))
		return;
	s->stranded = stranded;
	for (size_t i = 0; i < policy->naccepts; i++)
		negotiate_consider(s->rq, NULL, policy->accepts[i], s->learned, s->plan);
}

struct prospect prospect_plan(struct facts *f, const struct ul_associate *rq,
			      struct slice learned, const struct failover *down,
			      struct negotiate_plan *plan)
{
	struct survey s = {rq, learned, down, plan, NULL};
	struct prospect p;

	negotiate_begin(rq, plan);
	consider_all(f, &s);
	p.fallback = prospect_fallback(f);
	consider(&s, p.fallback);
	p.stranded = s.stranded;
	return p;
}

const struct policy_outcome *prospect_fallback(struct facts *f)
{
	struct policy_facts view = facts_view(f);

	facts_reset(f);
	f->final = true;
	return ruling_decide(f->policy, &view);
}
