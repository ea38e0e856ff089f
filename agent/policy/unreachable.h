/* SPDX-License-Identifier: MIT */
/* unreachable.h - rules that can never be the first to match. */
#ifndef POLICY_UNREACHABLE_H
#define POLICY_UNREACHABLE_H

#include "policy/policy.h"

/* All rules of a policy, which is borrowed; owned by the caller.  NULL: no memory. */
struct unreachable;
struct unreachable *unreachable_new(const struct policy *policy);
void unreachable_free(struct unreachable *r);

/* The number of the rule above <rule> that matches whatever <rule> matches; SIZE_MAX if
 * none does, or none that can be seen to: conditions are compared test by test.
 */
size_t unreachable_hidden_by(struct unreachable *r, size_t rule);

#endif
