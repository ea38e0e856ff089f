/* SPDX-License-Identifier: MIT */
/* policies.h - the policy that is in force, and for a while those that it has replaced.
 *
 * Any thread may hold a policy; one that has been replaced is freed when nobody holds it
 * and no association can be under way that began with it.
 */
#ifndef POLICIES_H
#define POLICIES_H

#include "policy.h"

/* How long they are kept, and how many: an association is decided within the inspect-delay
 * of HAProxy, 30 s as we ship it.
 */
enum { POLICIES_KEEP_MS = 120 * 1000, POLICIES_KEEP = 16 };

struct policies;

/* The store, with the first policy, of which it becomes the owner.  NULL if there is no
 * memory; <first> is then still the caller's.
 */
struct policies *policies_new(struct policy *first);

/* Nobody may hold a policy any more. */
void policies_free(struct policies *all);

/* Put <next> in force, and become its owner: whoever asks from now on gets it.  One with
 * the id of the one in force is freed at once.  False if there is no memory; it is then
 * still the caller's.
 */
bool policies_replace(struct policies *all, struct policy *next) MUST_CHECK;

/* Free those that nobody can ask for again; to be called now and then. */
void policies_expire(struct policies *all);

/* The policy with this id (struct policy), if it is kept, else the one in force; for
 * policies_release().
 */
const struct policy *policies_hold(struct policies *all, struct slice id);
void policies_release(struct policies *all, const struct policy *policy);

#endif
