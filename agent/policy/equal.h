/* SPDX-License-Identifier: MIT */
/* equal.h - comparison of conditions and outcomes that stand in different rules. */
#ifndef POLICY_EQUAL_H
#define POLICY_EQUAL_H

#include "policy/policy.h"

/* True if both test the same attributes in the same way.  False does not say that they
 * differ: "a or b" and "b or a" are not recognized as the same.
 */
bool policy_equal_condition(const struct policy_node *a, const struct policy_node *b);

/* True if both name the same pools, AE titles and key, or refuse with the same PDU.  The
 * names of the rules do not count.
 */
bool policy_equal_outcome(const struct policy_outcome *a, const struct policy_outcome *b);

#endif
