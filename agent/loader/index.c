/* SPDX-License-Identifier: MIT */
#include "loader/index.h"
#include "policy/index.h"

#include <stdlib.h>

enum {
	SMALL = 4, /* rules that are tried one by one */
	MAX_DEPTH = 8
};

/* Rule <rule> can match only if <attribute> has <value>, or that of another key. */
struct key {
	const struct policy_attribute *attribute;
	struct slice value;
	size_t rule;
};

struct keys {
	struct key *list; /* malloc'ed */
	size_t n;
};

static int key_order(const void *left, const void *right)
{
	const struct key *a = left, *b = right;
	int order;

	if (a->attribute->index != b->attribute->index)
		return a->attribute->index < b->attribute->index ? -1 : 1;
	order = policy_slice_order(&a->value, &b->value);
	return order != 0 ? order : (a->rule > b->rule) - (a->rule < b->rule);
}

static bool add_key(struct builder *b, struct keys *keys, const struct key *key)
{
	struct key *list = builder_grow(b, keys->list, keys->n, sizeof(*list));

	if (!list)
		return false;
	keys->list = list;
	list[keys->n++] = *key;
	return true;
}

/* A value of PN is compared in parts, so it is no key. */
static bool is_key(const struct policy_node *node)
{
	return node->kind == POLICY_MATCH && policy_is_literal(node->match) &&
	       strcmp(node->attribute->vr, "PN") != 0;
}

static bool add_keys(struct builder *b, struct keys *keys, const struct policy_node *node,
		     size_t rule)
{
	if (node->kind == POLICY_ALL)
		for (size_t i = 0; i < node->nchildren; i++)
			if (!add_keys(b, keys, &node->children[i], rule))
				return false;
	if (is_key(node))
		for (size_t i = 0; i < node->match->is->nliterals; i++) {
			const struct key key = {node->attribute,
						node->match->is->literals[i], rule};

			if (!add_key(b, keys, &key))
				return false;
		}
	return true;
}

/* The keys of one attribute, which lie together, and how good a level they would make. */
struct level {
	size_t first, end; /* in keys */
	size_t nrules;     /* that it has */
	double remaining;  /* rules that are still to be tried behind it, on average */
};

static size_t count_rules(const struct key *keys, size_t n, bool *seen)
{
	size_t count = 0;

	for (size_t i = 0; i < n; i++) {
		count += !seen[keys[i].rule];
		seen[keys[i].rule] = true;
	}
	for (size_t i = 0; i < n; i++)
		seen[keys[i].rule] = false;
	return count;
}

static size_t count_values(const struct key *keys, size_t n)
{
	size_t count = 0;

	for (size_t i = 0; i < n; i++)
		count += i == 0 || !slice_equal(keys[i - 1].value, keys[i].value);
	return count;
}

/* Choose the attribute behind which fewest rules are to be tried; false if none leaves
 * much less than all.
 */
static bool choose_level(const struct keys *keys, size_t nrules, bool *seen,
			 struct level *best)
{
	best->remaining = 0.7 * (double)nrules;
	best->nrules = 0;
	for (size_t i = 0, end; i < keys->n; i = end) {
		struct level level = {.first = i};
		size_t values;

		for (end = i; end < keys->n &&
			      keys->list[end].attribute == keys->list[i].attribute;)
			end++;
		level.end = end;
		level.nrules = count_rules(keys->list + i, end - i, seen);
		/* all values that no rule has count as one more */
		values = count_values(keys->list + i, end - i) + 1;
		level.remaining = (double)(nrules - level.nrules) +
				  (double)(end - i) / (double)values;
		if (level.remaining < best->remaining)
			*best = level;
	}
	return best->nrules > 0;
}

struct building {
	struct builder *b;
	bool *seen; /* one for each rule, all false between uses */
};

static const struct policy_index *build_level(struct building *to,
					      struct policy_index_rules all,
					      const struct keys *keys, int depth);

static struct policy_index_rules take_rules(struct builder *b, size_t n)
{
	return (struct policy_index_rules){builder_take(b, n, sizeof(size_t)), 0};
}

static void split(struct building *to, const struct policy_index_rules *all,
		  struct policy_index_rules *keyed, struct policy_index_rules *rest)
{
	*keyed = take_rules(to->b, all->n);
	*rest = take_rules(to->b, all->n);
	if (!keyed->list || !rest->list)
		return;
	for (size_t i = 0; i < all->n; i++) {
		struct policy_index_rules *side = to->seen[all->list[i]] ? keyed : rest;

		side->list[side->n++] = all->list[i];
	}
}

/* Which keys are of use below a level. */
typedef bool key_use(const struct policy_attribute *of_key,
		     const struct policy_attribute *of_level);

static bool of_another(const struct policy_attribute *of_key,
		       const struct policy_attribute *of_level)
{
	return of_key != of_level;
}

/* While nothing is known of the level's attribute, others of the same data set are not
 * known either.
 */
static bool of_earlier(const struct policy_attribute *of_key,
		       const struct policy_attribute *of_level)
{
	return of_key->source < of_level->source;
}

/* Those of <keys> whose rule is marked so, as far as they are of use. */
static void take_keys(struct building *to, const struct keys *keys, bool marked,
		      const struct policy_attribute *of_level, key_use *use,
		      struct keys *taken)
{
	for (size_t i = 0; i < keys->n; i++)
		if (to->seen[keys->list[i].rule] == marked &&
		    use(keys->list[i].attribute, of_level) &&
		    !add_key(to->b, taken, &keys->list[i]))
			return;
}

static void mark(bool *seen, const struct key *keys, size_t n, bool value)
{
	for (size_t i = 0; i < n; i++)
		seen[keys[i].rule] = value;
}

static const struct policy_index *build_bucket(struct building *to,
					       const struct keys *keys,
					       const struct key *first, size_t n,
					       int depth)
{
	struct policy_index_rules rules = take_rules(to->b, n);
	const struct policy_index *index = NULL;
	struct keys below = {0};

	for (size_t i = 0; rules.list && i < n; i++)
		if (i == 0 || first[i].rule != first[i - 1].rule)
			rules.list[rules.n++] = first[i].rule;
	if (rules.n > SMALL) {
		mark(to->seen, first, n, true);
		take_keys(to, keys, true, first->attribute, of_another, &below);
		mark(to->seen, first, n, false);
	}
	index = build_level(to, rules, &below, depth);
	free(below.list);
	return index;
}

static void build_buckets(struct building *to, const struct keys *keys,
			  const struct level *level, struct policy_index *index,
			  int depth)
{
	const struct key *key = keys->list + level->first;
	size_t n = level->end - level->first;

	index->buckets =
		builder_take(to->b, count_values(key, n), sizeof(*index->buckets));
	for (size_t i = 0, end; index->buckets && i < n; i = end) {
		struct policy_index_bucket *bucket = &index->buckets[index->nbuckets++];

		for (end = i; end < n && slice_equal(key[i].value, key[end].value);)
			end++;
		bucket->value = key[i].value;
		bucket->rules = build_bucket(to, keys, key + i, end - i, depth);
	}
}

/* The rules that look at the level's attribute, and those that do not */
static void build_sides(struct building *to, const struct keys *keys,
			const struct level *level, struct policy_index *index, int depth)
{
	const struct key *first = keys->list + level->first;
	struct keys earlier = {0}, others = {0};
	struct policy_index_rules keyed, rest;

	mark(to->seen, first, level->end - level->first, true);
	split(to, &index->all, &keyed, &rest);
	take_keys(to, keys, true, first->attribute, of_earlier, &earlier);
	take_keys(to, keys, false, first->attribute, of_another, &others);
	mark(to->seen, first, level->end - level->first, false);
	index->keyed = build_level(to, keyed, &earlier, depth);
	index->rest = build_level(to, rest, &others, depth);
	free(earlier.list);
	free(others.list);
}

/* <keys> are those of the rules <all>, sorted. */
static const struct policy_index *build_level(struct building *to,
					      struct policy_index_rules all,
					      const struct keys *keys, int depth)
{
	struct policy_index *index = builder_take(to->b, 1, sizeof(*index));
	struct level level;

	if (!index)
		return NULL;
	index->all = all;
	if (all.n <= SMALL || depth == MAX_DEPTH ||
	    !choose_level(keys, all.n, to->seen, &level))
		return index;
	index->attribute = keys->list[level.first].attribute;
	build_sides(to, keys, &level, index, depth + 1);
	build_buckets(to, keys, &level, index, depth + 1);
	return index;
}

const struct policy_index *index_build(struct builder *b, const struct policy_rule *rules,
				       size_t n)
{
	struct building to = {b, calloc(n + 1, sizeof(bool))};
	struct policy_index_rules all = take_rules(b, n);
	const struct policy_index *index;
	struct keys keys = {0};
	bool ok = to.seen && all.list;

	for (size_t i = 0; ok && i < n; i++) {
		all.list[all.n++] = i;
		ok = add_keys(b, &keys, &rules[i].condition, i);
	}
	if (!to.seen)
		builder_fail(b, "out of memory");
	if (keys.n > 0)
		qsort(keys.list, keys.n, sizeof(*keys.list), key_order);
	index = ok ? build_level(&to, all, &keys, 0) : NULL;
	free(keys.list);
	free(to.seen);
	return index;
}
