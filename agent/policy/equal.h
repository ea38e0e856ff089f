/* SPDX-License-Identifier: MIT */
/* equal.h - which parts of a policy are the same, though they are written twice. */
#ifndef POLICY_EQUAL_H
#define POLICY_EQUAL_H

#include "policy/policy.h"

/* True if both are written alike, apart from the names of attributes. */
bool policy_equal_condition(const struct policy_node *a, const struct policy_node *b);

/* True if both lead an association to the same place in the same way. */
bool policy_equal_outcome(const struct policy_outcome *a, const struct policy_outcome *b);

#endif
