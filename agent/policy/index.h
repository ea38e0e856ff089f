/* SPDX-License-Identifier: MIT */
/* index.h - which rules of a policy can match at all, without trying each.
 *
 * A tree over the rules: a level looks at one attribute, and leads to the rules that
 * compare it with a value that it has, and to those that do not look at it.  What it
 * leaves out would have been POLICY_NO; the order of the rules stays.
 */
#ifndef POLICY_INDEX_H
#define POLICY_INDEX_H

#include "loader/builder.h"
#include "policy/policy.h"

/* The first rule from number <from> on that may match, or SIZE_MAX.  Facts are asked
 * only if a rule that depends on them comes before all others.
 */
size_t policy_index_next(const struct policy_index *index,
			 const struct policy_facts *facts, size_t from);

/* Build the index of all rules.  It is the policy's; NULL if there is no memory, which
 * is then b's error.
 */
const struct policy_index *policy_index_build(struct builder *b,
					      const struct policy_rule *rules, size_t n);

#endif
