/* SPDX-License-Identifier: MIT */
#include "policy/unreachable.h"
#include "dicom/dict.h"
#include "base/hash.h"
#include "policy/equal.h"

#include <stdlib.h>

/* All pairs of rules are compared, 50 million for 10,000 rules, so nearly all pairs must
 * be dismissed by a Bloom filter: for each attribute, what a rule asks for (bits_below)
 * must be a subset of what the rule above it lets through (bits_above).
 */
struct bloom {
	uint64_t literals; /* three bits for each value */
	uint64_t others;   /* three bits for each other test */
};

static const struct bloom ANYTHING = {UINT64_MAX, UINT64_MAX};

/* What the rule in question asks of one attribute. */
struct asked {
	unsigned tests;
	struct bloom bits;
};

struct unreachable {
	const struct policy *policy;
	struct policy_scratch *scratch;
	struct bloom *has;   /* [attribute][rule]: what passes the rule's tests */
	struct asked *asked; /* [attribute] */
};

/*** Bloom filters ***/

static uint64_t three_bits(uint64_t hash)
{
	uint64_t spread = hash_spread(hash);

	return (uint64_t)1 << (spread & 63) | (uint64_t)1 << (spread >> 6 & 63) |
	       (uint64_t)1 << (spread >> 12 & 63);
}

/* A name (PN) matches by one of its component groups, and a folded value in either case:
 * the bits of the literal are not those of all that match it.
 */
static bool is_simple(const struct policy_node *node)
{
	return node->kind == POLICY_MATCH && !dict_vr_is(node->attribute->vr, "PN") &&
	       !(node->match->is && node->match->is->fold);
}

static bool has_literals_only(const struct policy_set *set)
{
	return set && set->npatterns + set->nnumbers + set->nnetworks + set->ngroups == 0;
}

static uint64_t bits_of_literals(const struct policy_set *set)
{
	uint64_t bits = 0;

	for (size_t i = 0; i < set->nliterals; i++)
		bits |= three_bits(hash_bytes(HASH_START, set->literals[i]));
	return bits;
}

/* Tests that are equal have the same bits. */
static uint64_t bits_of_test(const struct policy_match *m)
{
	uint64_t hash = HASH_START;

	for (size_t i = 0; m->is && i < m->is->npatterns; i++)
		hash = hash_bytes(hash, slice_str(m->is->patterns[i]));
	return three_bits(m->regex_text ? hash_bytes(hash, slice_str(m->regex_text))
					: hash);
}

/* Of a test of the rule above: match_implies() says what implies it. */
static struct bloom bits_above(const struct policy_node *node)
{
	if (policy_is_literal(node->match))
		return (struct bloom){bits_of_literals(node->match->is), 0};
	return (struct bloom){UINT64_MAX, bits_of_test(node->match)};
}

static struct bloom bits_below(const struct policy_node *node)
{
	if (!is_simple(node))
		return (struct bloom){0};
	if (has_literals_only(node->match->is))
		return (struct bloom){bits_of_literals(node->match->is), 0};
	return (struct bloom){0, bits_of_test(node->match)};
}

/* Collects the tests that must all hold; below "any" and "not" implies() has to look. */
static void note(struct unreachable *r, const struct policy_node *node, size_t rule)
{
	struct bloom *has, also;

	for (size_t i = 0; node->kind == POLICY_ALL && i < node->nchildren; i++)
		note(r, &node->children[i], rule);
	if (!is_simple(node))
		return;
	has = &r->has[node->attribute->index * r->policy->nrules + rule];
	also = bits_above(node);
	has->literals &= also.literals;
	has->others &= also.others;
}

/* With two tests of one attribute either may imply the test above, so no bit is asked
 * for. Tests below "not" imply nothing.
 */
static void ask(struct unreachable *r, const struct policy_node *node)
{
	struct asked *asked;

	if (node->kind == POLICY_ALL || node->kind == POLICY_ANY)
		for (size_t i = 0; i < node->nchildren; i++)
			ask(r, &node->children[i]);
	if (!node->attribute)
		return;
	asked = &r->asked[node->attribute->index];
	asked->bits = asked->tests++ == 0 ? bits_below(node) : (struct bloom){0};
}

static bool may_hide(const struct unreachable *r, size_t above)
{
	for (size_t a = 0; a < r->policy->nattributes; a++) {
		const struct bloom *asked = &r->asked[a].bits;
		const struct bloom *has = &r->has[a * r->policy->nrules + above];

		if ((asked->literals & ~has->literals) | (asked->others & ~has->others))
			return false;
	}
	return true;
}

/*** implication ***/

/* True if the literal <value> passes the test <general>. */
static bool has_literal(const struct policy_node *general, struct slice value,
			const struct policy_facts *facts)
{
	return policy_value_matches(general->match, general->attribute, value, facts);
}

/* True if each value that passes <special> passes <general>, a test of the same
 * attribute. False if that cannot be seen.
 */
static bool match_implies(const struct policy_node *special,
			  const struct policy_node *general,
			  const struct policy_facts *facts)
{
	const struct policy_match *m = special->match;
	const struct policy_range *range = general->match->range;

	if (range && (range->has_newer || range->has_older))
		return false; /* depends on the day */
	if (has_literals_only(m->is)) {
		/* a folded value matches in either case */
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
	if (policy_equal_condition(special, general))
		return true;
	if (special->attribute != general->attribute || !special->attribute)
		return false;
	if (general->kind == POLICY_IS_THERE)
		return special->kind == POLICY_MATCH || special->kind == POLICY_IS_EMPTY;
	return special->kind == POLICY_MATCH && general->kind == POLICY_MATCH &&
	       match_implies(special, general, facts);
}

/* True if <general> matches all that <special> matches; false if that cannot be seen. */
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

/*** all rules ***/

struct unreachable *unreachable_new(const struct policy *policy)
{
	size_t n = policy->nattributes * policy->nrules;
	struct unreachable *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->policy = policy;
	r->scratch = policy_scratch_new();
	r->has = calloc(n + 1, sizeof(*r->has));
	r->asked = calloc(policy->nattributes + 1, sizeof(*r->asked));
	if (!r->scratch || !r->has || !r->asked) {
		unreachable_free(r);
		return NULL;
	}
	for (size_t i = 0; i < n; i++)
		r->has[i] = ANYTHING;
	for (size_t i = 0; i < policy->nrules; i++)
		note(r, &policy->rules[i].condition, i);
	return r;
}

void unreachable_free(struct unreachable *r)
{
	if (!r)
		return;
	policy_scratch_free(r->scratch);
	free(r->has);
	free(r->asked);
	free(r);
}

size_t unreachable_hidden_by(struct unreachable *r, size_t rule)
{
	const struct policy_facts facts = {.scratch = r->scratch};
	const struct policy_node *special = &r->policy->rules[rule].condition;

	memset(r->asked, 0, r->policy->nattributes * sizeof(*r->asked));
	ask(r, special);
	for (size_t i = 0; i < rule; i++)
		if (may_hide(r, i) &&
		    implies(special, &r->policy->rules[i].condition, &facts))
			return i;
	return SIZE_MAX;
}
