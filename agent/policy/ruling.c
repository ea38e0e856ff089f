/* SPDX-License-Identifier: MIT */
#include "policy/ruling.h"
#include "policy/equal.h"
#include "policy/index.h"

enum {
	MAX_ASSUMPTIONS = 16, /* at a time */
	MAX_STEPS = 2048      /* rules tested in one search */
};

enum assumption_kind {
	IS_THERE,  /* the attribute is present */
	IS_EMPTY,  /* it is present without a value */
	HAS_VALUE, /* <literal> is one of its values */
	PASSES,    /* it passes the test <node> */
	IS_VALUE   /* of a POLICY_ONE_OF: <literal> is its value */
};

/* That a statement about one attribute is true, or false. */
struct assumption {
	enum assumption_kind kind;
	const struct policy_attribute *attribute; /* NULL: <node> is a sample */
	struct slice literal;
	const struct policy_node *node;
	bool truth;
};

/* A search for a second outcome. */
struct search {
	const struct policy *policy;
	struct policy_facts facts;
	struct assumption assumed[MAX_ASSUMPTIONS]; /* a stack */
	size_t n;
	struct assumption pivot; /* the last MAYBE depends on it: to be assumed next */
	unsigned steps;          /* that are left */
	const struct policy_outcome *outcome; /* of least_outcome() */
};

/*** what the assumptions imply ***/

static bool passes(const struct policy_node *node, struct slice literal,
		   const struct policy_facts *facts)
{
	return node->kind == POLICY_MATCH &&
	       policy_value_matches(node->match, node->attribute, literal, facts);
}

static bool same_question(const struct assumption *a, const struct assumption *b)
{
	return a->kind == b->kind && slice_equal(a->literal, b->literal) &&
	       (a->kind != PASSES || policy_equal_condition(a->node, b->node));
}

/* What <known> implies for <asked>, which is about the same attribute. */
static enum policy_tri implied(const struct assumption *known,
			       const struct assumption *asked,
			       const struct policy_facts *facts)
{
	const struct slice nothing = {0};

	if (same_question(known, asked))
		return known->truth ? POLICY_YES : POLICY_NO;
	if (known->kind == IS_THERE)
		return known->truth ? POLICY_MAYBE : POLICY_NO;
	if (known->truth && asked->kind == IS_THERE)
		return POLICY_YES;
	if (known->truth && known->kind == IS_EMPTY && asked->kind == HAS_VALUE)
		return asked->literal.len > 0 ? POLICY_NO : POLICY_YES;
	if (known->truth && known->kind == IS_EMPTY && asked->kind == PASSES)
		return passes(asked->node, nothing, facts) ? POLICY_YES : POLICY_NO;
	if (known->truth && known->kind == HAS_VALUE && asked->kind == IS_EMPTY)
		return known->literal.len > 0 ? POLICY_NO : POLICY_MAYBE;
	if (known->truth && known->kind == PASSES && asked->kind == IS_EMPTY)
		return passes(known->node, nothing, facts) ? POLICY_MAYBE : POLICY_NO;
	if (known->truth && known->kind == HAS_VALUE && asked->kind == PASSES)
		return passes(asked->node, known->literal, facts) ? POLICY_YES
								  : POLICY_MAYBE;
	if (!known->truth && known->kind == PASSES && asked->kind == HAS_VALUE)
		return passes(known->node, asked->literal, facts) ? POLICY_NO
								  : POLICY_MAYBE;
	return POLICY_MAYBE;
}

/* What all assumptions imply for <asked>. */
static enum policy_tri assumed_truth(const struct search *s,
				     const struct assumption *asked)
{
	for (size_t i = 0; i < s->n; i++) {
		enum policy_tri truth = POLICY_MAYBE;

		if (s->assumed[i].attribute == asked->attribute)
			truth = implied(&s->assumed[i], asked, &s->facts);
		if (truth != POLICY_MAYBE)
			return truth;
	}
	return POLICY_MAYBE;
}

/* MAYBE, and branch() will assume <pivot>. */
static enum policy_tri maybe(struct search *s, const struct assumption *pivot)
{
	s->pivot = *pivot;
	return POLICY_MAYBE;
}

/* Asks for each literal alone, so that "CT" in one rule and ["CT", "MR"] in another are
 * kept consistent.
 */
static enum policy_tri ask_literals(struct search *s, const struct policy_node *node)
{
	const struct policy_set *set = node->match->is;
	struct assumption asked = {.kind = HAS_VALUE, .attribute = node->attribute};
	struct assumption pivot = asked;
	bool undecided = false;

	for (size_t i = 0; i < set->nliterals; i++) {
		enum policy_tri truth;

		asked.literal = set->literals[i];
		truth = assumed_truth(s, &asked);
		if (truth == POLICY_YES)
			return truth;
		if (truth == POLICY_MAYBE)
			pivot = asked;
		undecided |= truth == POLICY_MAYBE;
	}
	return undecided ? maybe(s, &pivot) : POLICY_NO;
}

/* The attribute will have one of the values of <fact>, a POLICY_ONE_OF.  Values that are
 * assumed not to be it are left out; if the others all pass, or none does, that settles
 * it.
 */
static enum policy_tri ask_choice(struct search *s, const struct policy_node *node,
				  const struct policy_fact *fact)
{
	struct assumption asked = {.kind = IS_VALUE, .attribute = node->attribute};
	struct assumption pivot = asked;
	struct slice text = fact->text;
	bool any = false, all = true;

	while (policy_next_value(node->attribute->vr, &text, &asked.literal)) {
		enum policy_tri truth = assumed_truth(s, &asked);
		bool hit = passes(node, asked.literal, &s->facts);

		if (truth == POLICY_YES)
			return hit ? POLICY_YES : POLICY_NO;
		if (truth == POLICY_NO)
			continue;
		pivot = asked;
		any |= hit;
		all &= hit;
	}
	if (any && !all)
		return maybe(s, &pivot);
	return any ? POLICY_YES : POLICY_NO;
}

/* The policy_assume of explore(). */
static enum policy_tri assume(void *assumptions, const struct policy_node *node,
			      const struct policy_fact *fact,
			      const struct policy_facts *facts)
{
	struct search *s = assumptions;
	struct assumption asked = {
		.kind = PASSES, .attribute = fact ? node->attribute : NULL, .node = node};

	(void)facts;
	if (fact && fact->state == POLICY_ONE_OF)
		return ask_choice(s, node, fact);
	if (node->kind == POLICY_MATCH && policy_is_literal(node->match))
		return ask_literals(s, node);
	if (node->kind == POLICY_IS_THERE)
		asked.kind = IS_THERE;
	if (node->kind == POLICY_IS_EMPTY)
		asked.kind = IS_EMPTY;
	switch (assumed_truth(s, &asked)) {
	case POLICY_NO:
		return POLICY_NO;
	case POLICY_YES:
		return POLICY_YES;
	default:
		return maybe(s, &asked);
	}
}

/*** the outcomes ***/

static bool exports_known(const struct policy *policy, const struct policy_facts *facts)
{
	for (size_t i = 0; i < policy->nexports; i++) {
		const struct policy_attributes one = {&policy->exports[i].attribute, 1};

		if (!policy_known(&one, facts))
			return false;
	}
	return true;
}

/* True if the values of the key and of the exports are known. */
static bool is_complete(const struct policy *policy, const struct policy_outcome *outcome,
			const struct policy_facts *facts)
{
	return policy_known(&outcome->key, facts) &&
	       (!outcome->pools || exports_known(policy, facts));
}

static bool explore(struct search *s, size_t from);

/* Explore with the pivot assumed true, then false.  True comes first, since false is
 * mostly what least_outcome() has tried.
 */
static bool branch(struct search *s, size_t rule)
{
	size_t at = s->n;

	if (at == MAX_ASSUMPTIONS)
		return false;
	s->assumed[at] = s->pivot;
	for (int truth = 1; truth >= 0; truth--) {
		s->assumed[at].truth = truth;
		s->n = at + 1;
		if (!explore(s, rule))
			return false;
	}
	s->n = at;
	return true;
}

/* True if under the assumptions every way through the rules from <from> on ends in
 * s->outcome.
 */
static bool explore(struct search *s, size_t from)
{
	const struct policy *p = s->policy;

	for (size_t i = from; i < p->nvaried;
	     i = policy_index_next(p->index, &s->facts, i + 1)) {
		enum policy_tri truth;

		if (s->steps-- == 0)
			return false;
		truth = policy_test(&p->rules[i].condition, &s->facts);
		if (truth == POLICY_YES)
			return policy_equal_outcome(s->outcome, &p->rules[i].outcome);
		if (truth == POLICY_MAYBE)
			return branch(s, i);
	}
	return policy_equal_outcome(s->outcome, &p->otherwise);
}

/* The policy_assume of least_outcome(): an unknown attribute is absent, POLICY_AT_LEAST
 * has no further values, and POLICY_ONE_OF is the first one.
 */
static enum policy_tri assume_least(void *assumptions, const struct policy_node *node,
				    const struct policy_fact *fact,
				    const struct policy_facts *facts)
{
	struct slice text, value = {0};

	(void)assumptions;
	if (fact && fact->state == POLICY_ONE_OF) {
		text = fact->text;
		(void)policy_next_value(node->attribute->vr, &text, &value);
		return passes(node, value, facts) ? POLICY_YES : POLICY_NO;
	}
	return fact && fact->state == POLICY_AT_LEAST && node->kind == POLICY_IS_EMPTY
		       ? POLICY_YES
		       : POLICY_NO;
}

static const struct policy_outcome *least_outcome(const struct policy *policy,
						  const struct policy_facts *facts)
{
	struct policy_facts least = *facts;

	least.assume = assume_least;
	least.least = true;
	return ruling_decide(policy, &least);
}

/* The outcome to which all data sets lead that can still come, or NULL.  No rule before
 * number <from> can match.
 */
static const struct policy_outcome *
only_outcome(const struct policy *policy, const struct policy_facts *facts, size_t from)
{
	struct search s = {.policy = policy, .facts = *facts, .steps = MAX_STEPS};

	s.facts.assume = assume;
	s.facts.assumptions = &s;
	s.outcome = least_outcome(policy, facts);
	return s.outcome && explore(&s, from) ? s.outcome : NULL;
}

const struct policy_outcome *ruling_decide(const struct policy *policy,
					   const struct policy_facts *facts)
{
	const struct policy_outcome *outcome = &policy->otherwise;
	size_t i = policy_index_next(policy->index, facts, 0);

	for (; i < policy->nrules; i = policy_index_next(policy->index, facts, i + 1)) {
		switch (policy_test(&policy->rules[i].condition, facts)) {
		case POLICY_NO:
			continue;
		case POLICY_MAYBE:
			return only_outcome(policy, facts, i);
		case POLICY_YES:
			outcome = &policy->rules[i].outcome;
			break;
		}
		break;
	}
	return is_complete(policy, outcome, facts) ? outcome : NULL;
}

const struct policy_outcome *ruling_may_refuse(const struct policy *policy,
					       const struct policy_facts *facts)
{
	size_t last = policy->otherwise.pools ? policy->nrefusing : policy->nrules;
	size_t i = policy_index_next(policy->index, facts, 0);

	for (; i < last; i = policy_index_next(policy->index, facts, i + 1)) {
		const struct policy_outcome *o = &policy->rules[i].outcome;
		enum policy_tri truth = policy_test(&policy->rules[i].condition, facts);

		if (truth != POLICY_NO && !o->pools)
			return o;
		if (truth == POLICY_YES)
			return NULL;
	}
	return policy->otherwise.pools ? NULL : &policy->otherwise;
}

bool ruling_each(const struct policy *policy, const struct policy_facts *facts,
		 void (*visit)(void *context, const struct policy_outcome *outcome),
		 void *context)
{
	size_t i = policy_index_next(policy->index, facts, 0);

	for (size_t n = 0; i < policy->nrules; n++) {
		enum policy_tri truth = policy_test(&policy->rules[i].condition, facts);

		if (n == RULING_MOST)
			return false;
		if (truth != POLICY_NO)
			visit(context, &policy->rules[i].outcome);
		if (truth == POLICY_YES)
			return true;
		i = policy_index_next(policy->index, facts, i + 1);
	}
	visit(context, &policy->otherwise);
	return true;
}
