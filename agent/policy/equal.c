/* SPDX-License-Identifier: MIT */
#include "policy/equal.h"

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static bool same_texts(const char *const *a, size_t na, const char *const *b, size_t nb)
{
	for (size_t i = 0; na == nb && i < na; i++)
		if (strcmp(a[i], b[i]) != 0)
			return false;
	return na == nb;
}

static bool same_set(const struct policy_set *a, const struct policy_set *b)
{
	if (a == b || !a || !b)
		return a == b;
	if (a->fold != b->fold || a->nliterals != b->nliterals ||
	    a->nnumbers != b->nnumbers || a->nnetworks != b->nnetworks ||
	    !same_texts(a->patterns, a->npatterns, b->patterns, b->npatterns) ||
	    !same_texts(a->groups, a->ngroups, b->groups, b->ngroups))
		return false;
	for (size_t i = 0; i < a->nliterals; i++)
		if (!slice_equal(a->literals[i], b->literals[i]))
			return false;
	for (size_t i = 0; i < a->nnumbers; i++)
		if (policy_number_order(&a->numbers[i], &b->numbers[i]) != 0)
			return false;
	for (size_t i = 0; i < a->nnetworks; i++)
		if (a->networks[i].bits != b->networks[i].bits ||
		    memcmp(&a->networks[i].base, &b->networks[i].base,
			   sizeof(a->networks[i].base)) != 0)
			return false;
	return true;
}

static bool same_bound(bool has_a, double a, bool has_b, double b)
{
	return has_a == has_b && (!has_a || policy_number_order(&a, &b) == 0);
}

static bool same_span(bool has_a, struct value_span a, bool has_b, struct value_span b)
{
	return has_a == has_b && (!has_a || (a.amount == b.amount && a.unit == b.unit));
}

static bool same_range(const struct policy_range *a, const struct policy_range *b)
{
	if (a == b || !a || !b)
		return a == b;
	return same_bound(a->has_from, a->from, b->has_from, b->from) &&
	       same_bound(a->has_to, a->to, b->has_to, b->to) &&
	       same_span(a->has_older, a->older, b->has_older, b->older) &&
	       same_span(a->has_newer, a->newer, b->has_newer, b->newer);
}

static bool same_match(const struct policy_match *a, const struct policy_match *b)
{
	if (!same_set(a->is, b->is) || a->nin != b->nin ||
	    a->ignore_case != b->ignore_case || !same_range(a->range, b->range) ||
	    !same_text(a->regex_text, b->regex_text))
		return false;
	for (size_t i = 0; i < a->nin; i++)
		if (!same_set(a->in[i], b->in[i]))
			return false;
	return true;
}

static bool same_attributes(const struct policy_attributes *a,
			    const struct policy_attributes *b)
{
	for (size_t i = 0; a->n == b->n && i < a->n; i++)
		if (a->list[i] != b->list[i])
			return false;
	return a->n == b->n;
}

bool policy_equal_condition(const struct policy_node *a, const struct policy_node *b)
{
	if (a == b)
		return true;
	if (a->kind != b->kind || a->attribute != b->attribute ||
	    a->nchildren != b->nchildren)
		return false;
	for (size_t i = 0; i < a->nchildren; i++)
		if (!policy_equal_condition(&a->children[i], &b->children[i]))
			return false;
	if (a->kind == POLICY_MATCH)
		return same_match(a->match, b->match);
	if (a->kind == POLICY_SAMPLE)
		return a->sample->threshold == b->sample->threshold &&
		       same_attributes(&a->sample->by, &b->sample->by);
	if (a->kind == POLICY_SCHEDULE)
		return memcmp(a->schedule, b->schedule, sizeof(*a->schedule)) == 0;
	return true;
}

bool policy_equal_outcome(const struct policy_outcome *a, const struct policy_outcome *b)
{
	if (a == b)
		return true;
	if (a->pools != b->pools || !same_text(a->called_ae, b->called_ae) ||
	    !same_text(a->calling_ae, b->calling_ae) ||
	    (!a->pools &&
	     memcmp(&a->rejection, &b->rejection, sizeof(a->rejection)) != 0))
		return false;
	return same_attributes(&a->key, &b->key);
}
