/* SPDX-License-Identifier: MIT */
#include "reach.h"

/* Is <value>, which has no wildcard, one that <set> has? */
static bool has_literal(const struct policy_node *general, struct slice value,
			const struct policy_facts *facts)
{
	return policy_value_matches(general->match, general->attribute, value, facts);
}

/* Whatever passes the test <special> passes <general>, a test of the same attribute. */
static bool match_implies(const struct policy_node *special,
			  const struct policy_node *general,
			  const struct policy_facts *facts)
{
	const struct policy_match *m = special->match;
	const struct policy_range *range = general->match->range;

	if (range && (range->has_newer || range->has_older))
		return false; /* what passes today does not for ever */
	if (m->is && m->is->npatterns + m->is->nnumbers + m->is->nnetworks +
					     m->is->ngroups ==
			     0) {
		/* folded values stand for others, too */
		if (m->is->fold && !(general->match->is && general->match->is->fold))
			return false;
		for (size_t i = 0; i < m->is->nliterals; i++)
			if (!has_literal(general, m->is->literals[i], facts))
				return false;
		return true;
	}
	return false;
}

static bool leaf_implies(const struct policy_node *special,
			 const struct policy_node *general,
			 const struct policy_facts *facts)
{
	if (policy_same_condition(special, general))
		return true;
	if (special->attribute != general->attribute || !special->attribute)
		return false;
	if (general->kind == POLICY_IS_THERE)
		return special->kind == POLICY_MATCH || special->kind == POLICY_IS_EMPTY;
	return special->kind == POLICY_MATCH && general->kind == POLICY_MATCH &&
	       match_implies(special, general, facts);
}

/* Whatever <special> matches, <general> matches. */
static bool implies(const struct policy_node *special, const struct policy_node *general,
		    const struct policy_facts *facts)
{
	if (general->kind == POLICY_ALL) {
		for (size_t i = 0; i < general->nchildren; i++)
			if (!implies(special, &general->children[i], facts))
				return false;
		return true;
	}
	if (special->kind == POLICY_ANY) {
		for (size_t i = 0; i < special->nchildren; i++)
			if (!implies(&special->children[i], general, facts))
				return false;
		return true;
	}
	if (general->kind == POLICY_ANY)
		for (size_t i = 0; i < general->nchildren; i++)
			if (implies(special, &general->children[i], facts))
				return true;
	if (special->kind == POLICY_ALL)
		for (size_t i = 0; i < special->nchildren; i++)
			if (implies(&special->children[i], general, facts))
				return true;
	if (special->kind == POLICY_NOT && general->kind == POLICY_NOT)
		return implies(general->children, special->children, facts);
	return leaf_implies(special, general, facts);
}

size_t reach_hidden_by(const struct policy *policy, size_t rule,
		       struct policy_scratch *scratch)
{
	const struct policy_facts facts = {.scratch = scratch};
	const struct policy_node *special = &policy->rules[rule].condition;

	for (size_t i = 0; i < rule; i++)
		if (implies(special, &policy->rules[i].condition, &facts))
			return i;
	return SIZE_MAX;
}
