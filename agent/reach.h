/* SPDX-License-Identifier: MIT */
/* reach.h - rules that can never be the first to match. */
#ifndef REACH_H
#define REACH_H

#include "policy.h"

/* The number of the rule above <rule> that matches whatever <rule> matches; SIZE_MAX if
 * none does, or none that can be seen to: conditions are compared test by test.
 */
size_t reach_hidden_by(const struct policy *policy, size_t rule,
		       struct policy_scratch *scratch);

#endif
