/* SPDX-License-Identifier: MIT */
/* policy_same.h - which parts of a policy are the same, though they are written twice. */
#ifndef POLICY_SAME_H
#define POLICY_SAME_H

#include "policy.h"

/* True if both are written alike, apart from the names of attributes. */
bool policy_same_condition(const struct policy_node *a, const struct policy_node *b);

/* True if both lead an association to the same place in the same way. */
bool policy_same_outcome(const struct policy_outcome *a, const struct policy_outcome *b);

#endif
