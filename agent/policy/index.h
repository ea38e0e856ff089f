/* SPDX-License-Identifier: MIT */
/* index.h - which rules of a policy can match at all, without trying each.
 *
 * A tree over the rules: a level looks at one attribute, and leads to the rules that
 * compare it with a value that it has, and to those that do not look at it.  What it
 * leaves out would have been POLICY_NO; the order of the rules stays.
 */
#ifndef POLICY_INDEX_H
#define POLICY_INDEX_H

#include "policy/policy.h"

/* Ascending numbers of rules */
struct policy_index_rules {
	size_t *list;
	size_t n;
};

struct policy_index_bucket {
	struct slice value;
	const struct policy_index *rules;
};

struct policy_index {
	struct policy_index_rules all;            /* a leaf has nothing else */
	const struct policy_attribute *attribute; /* NULL: a leaf */
	const struct policy_index *keyed;         /* those that compare it */
	struct policy_index_bucket *buckets;      /* sorted by value */
	size_t nbuckets;
	const struct policy_index *rest; /* those that do not */
};

/* The first rule from number <from> on that may match, or SIZE_MAX.  Facts are asked
 * only if a rule that depends on them comes before all others.
 */
size_t policy_index_next(const struct policy_index *index,
			 const struct policy_facts *facts, size_t from);

#endif
