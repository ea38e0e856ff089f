/* SPDX-License-Identifier: MIT */
#include "policy/index.h"

#include <stdlib.h>

/* The first number in <rules> that is not below <from>, or SIZE_MAX. */
static size_t at_least(const struct policy_index_rules *rules, size_t from)
{
	size_t low = 0, high = rules->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (rules->list[middle] < from)
			low = middle + 1;
		else
			high = middle;
	}
	return low < rules->n ? rules->list[low] : SIZE_MAX;
}

static int bucket_order(const void *a, const void *b)
{
	return policy_slice_order(a, b); /* <value> is the first member */
}

static size_t first_in_buckets(const struct policy_index *index,
			       const struct policy_facts *facts, size_t from)
{
	const struct policy_fact *fact = facts->get(facts->context, index->attribute);
	struct slice text = fact->text;
	struct policy_index_bucket wanted;
	size_t first = SIZE_MAX;

	if (!facts->least &&
	    (fact->state == POLICY_UNKNOWN || fact->state == POLICY_AT_LEAST))
		return policy_index_next(index->keyed, facts, from);
	if (fact->state == POLICY_ABSENT || fact->state == POLICY_UNKNOWN)
		return SIZE_MAX;
	while (policy_next_value(index->attribute->vr, &text, &wanted.value)) {
		const struct policy_index_bucket *b =
			bsearch(&wanted, index->buckets, index->nbuckets, sizeof(wanted),
				bucket_order);
		size_t next = b ? policy_index_next(b->rules, facts, from) : SIZE_MAX;

		first = next < first ? next : first;
	}
	return first;
}

size_t policy_index_next(const struct policy_index *index,
			 const struct policy_facts *facts, size_t from)
{
	size_t rest, keyed;

	if (!index->attribute)
		return at_least(&index->all, from);
	rest = policy_index_next(index->rest, facts, from);
	if (at_least(&index->keyed->all, from) >= rest)
		return rest;
	keyed = first_in_buckets(index, facts, from);
	return keyed < rest ? keyed : rest;
}
