/* SPDX-License-Identifier: MIT */
#include "policy/ruling.h"
#include "policy/index.h"
#include "policy/equal.h"

enum {
	MAX_ASSUMPTIONS = 16, /* at a time */
	MAX_STEPS = 2048      /* rules tried with one assumption or another */
};

enum assumption_kind {
	IS_THERE,
	IS_EMPTY,
	HAS_VALUE, /* <literal> is one of the values */
	PASSES,    /* the test <node> */
	IS_VALUE   /* of the values that it may have it has <literal> */
};

struct assumption {
	enum assumption_kind kind;
	const struct policy_attribute *attribute; /* NULL: of a sample */
	struct slice literal;
	const struct policy_node *node;
	bool truth;
};

struct outlook {
	const struct policy *policy;
	struct policy_facts facts;
	struct assumption assumed[MAX_ASSUMPTIONS];
	size_t n;
	struct assumption pivot; /* what the last "maybe" depends on */
	unsigned steps;
	const struct policy_outcome *outcome; /* of the way that was tried first */
};

/*** what the assumptions tell ***/

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

/* What <known>, about the same attribute, says of <asked>. */
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

static enum policy_tri told(const struct outlook *o, const struct assumption *asked)
{
	for (size_t i = 0; i < o->n; i++) {
		enum policy_tri truth = POLICY_MAYBE;

		if (o->assumed[i].attribute == asked->attribute)
			truth = implied(&o->assumed[i], asked, &o->facts);
		if (truth != POLICY_MAYBE)
			return truth;
	}
	return POLICY_MAYBE;
}

/* The answer is a maybe that depends on <pivot>. */
static enum policy_tri doubt(struct outlook *o, const struct assumption *pivot)
{
	o->pivot = *pivot;
	return POLICY_MAYBE;
}

/* A list of literals is a question for each of them: then CT of one rule and [CT, MR] of
 * another are seen together.
 */
static enum policy_tri ask_literals(struct outlook *o, const struct policy_node *node)
{
	const struct policy_set *set = node->match->is;
	struct assumption asked = {.kind = HAS_VALUE, .attribute = node->attribute};
	struct assumption pivot = asked;
	bool in_doubt = false;

	for (size_t i = 0; i < set->nliterals; i++) {
		enum policy_tri truth;

		asked.literal = set->literals[i];
		truth = told(o, &asked);
		if (truth == POLICY_YES)
			return truth;
		if (truth == POLICY_MAYBE)
			pivot = asked;
		in_doubt |= truth == POLICY_MAYBE;
	}
	return in_doubt ? doubt(o, &pivot) : POLICY_NO;
}

/* The attribute will have one of the values of <fact>: the last that is left is it. */
static enum policy_tri ask_choice(struct outlook *o, const struct policy_node *node,
				  const struct policy_fact *fact)
{
	struct assumption asked = {.kind = IS_VALUE, .attribute = node->attribute};
	struct assumption pivot = asked;
	struct slice text = fact->text;
	bool any = false, all = true;

	while (policy_next_value(node->attribute->vr, &text, &asked.literal)) {
		enum policy_tri truth = told(o, &asked);
		bool hit = passes(node, asked.literal, &o->facts);

		if (truth == POLICY_YES)
			return hit ? POLICY_YES : POLICY_NO;
		if (truth == POLICY_NO)
			continue;
		pivot = asked;
		any |= hit;
		all &= hit;
	}
	if (any && !all)
		return doubt(o, &pivot);
	return any ? POLICY_YES : POLICY_NO;
}

static enum policy_tri assume(void *assumptions, const struct policy_node *node,
			      const struct policy_fact *fact,
			      const struct policy_facts *facts)
{
	struct outlook *o = assumptions;
	struct assumption asked = {
		.kind = PASSES, .attribute = fact ? node->attribute : NULL, .node = node};

	(void)facts;
	if (fact && fact->state == POLICY_ONE_OF)
		return ask_choice(o, node, fact);
	if (node->kind == POLICY_MATCH && policy_is_literal(node->match))
		return ask_literals(o, node);
	if (node->kind == POLICY_IS_THERE)
		asked.kind = IS_THERE;
	if (node->kind == POLICY_IS_EMPTY)
		asked.kind = IS_EMPTY;
	switch (told(o, &asked)) {
	case POLICY_NO:
		return POLICY_NO;
	case POLICY_YES:
		return POLICY_YES;
	default:
		return doubt(o, &asked);
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

/* True if all that belongs to the outcome is known. */
static bool is_complete(const struct policy *policy, const struct policy_outcome *outcome,
			const struct policy_facts *facts)
{
	return policy_known(&outcome->key, facts) &&
	       (!outcome->pools || exports_known(policy, facts));
}

static bool explore(struct outlook *o, size_t from);

/* First with what is in doubt taken as true: taken as false, which is what absence means,
 * all of it has been tried before.
 */
static bool branch(struct outlook *o, size_t rule)
{
	size_t at = o->n;

	if (at == MAX_ASSUMPTIONS)
		return false;
	o->assumed[at] = o->pivot;
	for (int truth = 1; truth >= 0; truth--) {
		o->assumed[at].truth = truth;
		o->n = at + 1;
		if (!explore(o, rule))
			return false;
	}
	o->n = at;
	return true;
}

/* True if o->outcome is the only one from rule <from> on, under the assumptions. */
static bool explore(struct outlook *o, size_t from)
{
	const struct policy *p = o->policy;

	for (size_t i = from; i < p->nvaried;
	     i = policy_index_next(p->index, &o->facts, i + 1)) {
		enum policy_tri truth;

		if (o->steps-- == 0)
			return false;
		truth = policy_test(&p->rules[i].condition, &o->facts);
		if (truth == POLICY_YES)
			return policy_equal_outcome(o->outcome, &p->rules[i].outcome);
		if (truth == POLICY_MAYBE)
			return branch(o, i);
	}
	return policy_equal_outcome(o->outcome, &p->otherwise);
}

/* What can be absent is absent; there are no more values than have come; of several the
 * first one is it.
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

/* The outcome that all data sets lead to, with the rules from number <from> on. */
static const struct policy_outcome *
only_outcome(const struct policy *policy, const struct policy_facts *facts, size_t from)
{
	struct outlook o = {.policy = policy, .facts = *facts, .steps = MAX_STEPS};

	o.facts.assume = assume;
	o.facts.assumptions = &o;
	o.outcome = least_outcome(policy, facts);
	return o.outcome && explore(&o, from) ? o.outcome : NULL;
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
