/* SPDX-License-Identifier: MIT */
/* reach.h - rules that can never be the first to match. */
#ifndef REACH_H
#define REACH_H

#include "policy.h"

/* All rules of a policy, which is borrowed; owned by the caller.  NULL: no memory. */
struct reach;
struct reach *reach_new(const struct policy *policy);
void reach_free(struct reach *r);

/* The number of the rule above <rule> that matches whatever <rule> matches; SIZE_MAX if
 * none does, or none that can be seen to: conditions are compared test by test.
 */
size_t reach_hidden_by(struct reach *r, size_t rule);

#endif
