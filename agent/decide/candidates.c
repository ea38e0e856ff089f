/* SPDX-License-Identifier: MIT */
#include "decide/candidates.h"
#include "policy/ruling.h"

struct survey {
	const struct pdu_associate *rq;
	struct slice learned;
	const struct failover *down;
	struct promise *promise;
	const struct policy_outcome *stranded;
	bool reachable;
};

static void consider(void *context, const struct policy_outcome *o)
{
	struct survey *s = context;
	const struct policy_pool *pool;

	if (!o->pools)
		return;
	pool = failover_pool(o->pools, s->down);
	s->reachable |= pool != NULL;
	if (!pool) {
		s->stranded = s->stranded ? s->stranded : o;
		pool = &o->pools->list[0];
	}
	promise_consider(s->rq, pool->name, pool->accepts, s->learned, s->promise);
}

/* Which rules are left matters only if pools differ, or if some are down. */
static void consider_all(struct facts *f, struct survey *s)
{
	const struct policy *policy = f->policy;
	const struct policy_outcome *stranded = failover_stranded(policy, s->down);
	struct policy_facts view = facts_view(f, FACTS_SO_FAR);
	bool differ = policy->naccepts > 1 || s->learned.len > 0 || stranded;

	if (differ && ruling_each(policy, &view, consider, s))
		return;
	s->stranded = stranded;
	for (size_t i = 0; i < policy->npools; i++)
		s->reachable |= failover_pool(policy->pools[i], s->down) != NULL;
	for (size_t i = 0; i < policy->naccepts; i++)
		promise_consider(s->rq, NULL, policy->accepts[i], s->learned, s->promise);
}

struct candidates candidates_find(struct facts *f, const struct pdu_associate *rq,
				  struct slice learned, const struct failover *down,
				  struct promise *promise)
{
	struct survey s = {rq, learned, down, promise, NULL, false};
	struct candidates p;

	promise_begin(rq, promise);
	consider_all(f, &s);
	p.fallback = candidates_fallback(f, FACTS_UNSURE, &p.when);
	consider(&s, p.fallback);
	p.stranded = s.stranded;
	p.reachable = s.reachable;
	return p;
}

const struct policy_outcome *candidates_fallback(struct facts *f, enum facts_time unsure,
						 enum facts_time *when)
{
	struct policy_facts final = facts_view(f, FACTS_FINAL),
			    view = facts_view(f, unsure);
	const struct policy_outcome *refusal = ruling_may_refuse(f->policy, &view);

	*when = refusal ? unsure : FACTS_FINAL;
	return refusal ? refusal : ruling_decide(f->policy, &final);
}
