/* SPDX-License-Identifier: MIT */
/* index.h - finds the next rule that may match, without testing the rules between.
 *
 * A decision tree.  A node looks at one attribute: <buckets> leads from each value to the
 * rules that demand it, <rest> to the rules that do not compare this attribute.  A rule
 * that is skipped would have been POLICY_NO; the order of the rules is kept.  The loader
 * builds it (loader/index.h).
 */
#ifndef POLICY_INDEX_H
#define POLICY_INDEX_H

#include "policy/policy.h"

/* Numbers of rules, ascending */
struct policy_index_rules {
	size_t *list;
	size_t n;
};

struct policy_index_bucket {
	struct slice value;
	const struct policy_index *rules;
};

struct policy_index {
	struct policy_index_rules all;            /* below this node; all of a leaf */
	const struct policy_attribute *attribute; /* that is compared; NULL: a leaf */
	const struct policy_index *keyed;         /* all rules that compare it */
	struct policy_index_bucket *buckets;      /* the same, by value; sorted */
	size_t nbuckets;
	const struct policy_index *rest; /* rules that do not compare it */
};

/* The number of the first rule, from <from> on, that may match; SIZE_MAX if there is
 * none. A fact is asked for only if a rule that depends on it would come first.
 */
size_t policy_index_next(const struct policy_index *index,
			 const struct policy_facts *facts, size_t from);

#endif
