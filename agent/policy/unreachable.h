/* SPDX-License-Identifier: MIT */
/* unreachable.h - rules that can never be the first to match, for `dicom-spoa check`. */
#ifndef POLICY_UNREACHABLE_H
#define POLICY_UNREACHABLE_H

#include "policy/policy.h"

/* The rules of one policy, prepared for comparison. */
struct unreachable;

/* Owned by the caller; NULL if there is no memory.  <policy> is borrowed. */
struct unreachable *unreachable_new(const struct policy *policy);
void unreachable_free(struct unreachable *r);

/* The number of a rule before <rule> that matches all that <rule> matches, or SIZE_MAX.
 * Conditions are compared test by test, so such a rule may be missed, but one that is
 * returned always hides <rule>.
 */
size_t unreachable_hidden_by(struct unreachable *r, size_t rule);

#endif
