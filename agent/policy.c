/* SPDX-License-Identifier: MIT */
/* First match wins; what is not known yet is neither true nor false. */
#include "policy.h"
#include "dict.h"

static enum policy_tri from_bool(bool truth)
{
	return truth ? POLICY_YES : POLICY_NO;
}

/* Bytes of the UTF-8 character at the head of <s>, at least 1. */
static size_t character(struct slice s)
{
	size_t n = 1;

	while (n < s.len && (s.ptr[n] & 0xC0) == 0x80)
		n++;
	return n;
}

bool policy_wildcard(const char *pattern, struct slice text)
{
	const char *star = NULL;
	struct slice retry = {0};

	for (;;) {
		if (*pattern == '*') {
			star = ++pattern;
			retry = text;
			continue;
		}
		if (text.len == 0)
			return *pattern == '\0';
		if (*pattern != '\0' &&
		    (*pattern == '?' || (uint8_t)*pattern == text.ptr[0])) {
			size_t n = *pattern == '?' ? character(text) : 1;

			text = slice_of(text.ptr + n, text.len - n);
			pattern++;
			continue;
		}
		if (!star)
			return false;
		/* let the last star take one character more */
		size_t n = character(retry);

		text = retry = slice_of(retry.ptr + n, retry.len - n);
		pattern = star;
	}
}

bool policy_next_value(const char *vr, struct slice *text, struct slice *value)
{
	bool prose = dict_vr_is(vr, "ST LT UT");
	const uint8_t *end = NULL;

	if (!text->ptr)
		return false;
	if (!prose && !dict_vr_is(vr, "UR") && text->len > 0)
		end = memchr(text->ptr, '\\', text->len);
	*value = slice_head(*text, end ? (size_t)(end - text->ptr) : text->len);
	*text = end ? slice_of(end + 1, text->len - value->len - 1) : (struct slice){0};
	while (value->len > 0 &&
	       (value->ptr[value->len - 1] == ' ' || value->ptr[value->len - 1] == '\0'))
		value->len--;
	while (!prose && value->len > 0 && value->ptr[0] == ' ')
		*value = slice_of(value->ptr + 1, value->len - 1);
	return true;
}

static bool matches(const struct policy_node *node, struct slice value)
{
	for (size_t i = 0; i < node->nvalues; i++)
		if (policy_wildcard(node->values[i], value))
			return true;
	return false;
}

static enum policy_tri test_match(const struct policy *policy,
				  const struct policy_node *node,
				  const struct policy_fact *fact)
{
	const char *vr = policy->attributes[node->attribute].vr;
	struct slice text = fact->text, value;
	bool any = false, all = true;

	if (fact->state == POLICY_UNKNOWN)
		return POLICY_MAYBE;
	if (fact->state == POLICY_ABSENT)
		return POLICY_NO;
	while (policy_next_value(vr, &text, &value)) {
		bool hit = matches(node, value);

		any |= hit;
		all &= hit;
	}
	if (fact->state == POLICY_ONE_OF && any && !all)
		return POLICY_MAYBE;
	return from_bool(any);
}

static enum policy_tri test_children(const struct policy *policy,
				     const struct policy_node *node,
				     const struct policy_facts *facts)
{
	enum policy_tri settles = from_bool(node->kind == POLICY_ANY);
	enum policy_tri result = from_bool(node->kind == POLICY_ALL);

	for (size_t i = 0; i < node->nchildren; i++) {
		enum policy_tri child = policy_test(policy, &node->children[i], facts);

		if (child == settles)
			return settles;
		if (child == POLICY_MAYBE)
			result = POLICY_MAYBE;
	}
	return result;
}

enum policy_tri policy_test(const struct policy *policy, const struct policy_node *node,
			    const struct policy_facts *facts)
{
	const struct policy_fact *fact;

	switch (node->kind) {
	case POLICY_ALL:
	case POLICY_ANY:
		return test_children(policy, node, facts);
	case POLICY_NOT:
		switch (policy_test(policy, node->children, facts)) {
		case POLICY_NO:
			return POLICY_YES;
		case POLICY_YES:
			return POLICY_NO;
		default:
			return POLICY_MAYBE;
		}
	case POLICY_MATCH:
		return test_match(policy, node,
				  facts->get(facts->context, node->attribute));
	case POLICY_IS_THERE:
		fact = facts->get(facts->context, node->attribute);
		return fact->state == POLICY_UNKNOWN
			       ? POLICY_MAYBE
			       : from_bool(fact->state != POLICY_ABSENT);
	}
	return POLICY_NO;
}

const struct policy_outcome *policy_decide(const struct policy *policy,
					   const struct policy_facts *facts)
{
	const struct policy_outcome *outcome = &policy->otherwise;
	const struct policy_fact *key;

	for (size_t i = 0; i < policy->nrules; i++) {
		switch (policy_test(policy, &policy->rules[i].condition, facts)) {
		case POLICY_NO:
			continue;
		case POLICY_MAYBE:
			return NULL;
		case POLICY_YES:
			outcome = &policy->rules[i].outcome;
			break;
		}
		break;
	}
	if (outcome->key == POLICY_NO_KEY)
		return outcome;
	key = facts->get(facts->context, outcome->key);
	return key->state == POLICY_PRESENT || key->state == POLICY_ABSENT ? outcome
									   : NULL;
}
