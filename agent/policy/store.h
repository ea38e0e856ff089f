/* SPDX-License-Identifier: MIT */
/* store.h - the policy that is in force, and for a while those that it has replaced.
 *
 * Any thread may hold a policy; one that has been replaced is freed when nobody holds it
 * and no association can be under way that began with it.
 */
#ifndef POLICY_STORE_H
#define POLICY_STORE_H

#include "policy/policy.h"

/* How long they are kept, and how many: an association is decided within the
 * inspect-delay of HAProxy, 30 s as we ship it.
 */
enum { POLICY_STORE_KEEP_MS = 120 * 1000, POLICY_STORE_KEEP = 16 };

struct policy_store;

/* The store, with the first policy, of which it becomes the owner.  NULL if there is no
 * memory; <first> is then still the caller's.
 */
struct policy_store *policy_store_new(struct policy *first);

/* Nobody may hold a policy any more. */
void policy_store_free(struct policy_store *all);

/* Put <next> in force, and become its owner: whoever asks from now on gets it.  One with
 * the id of the one in force is freed at once.  False if there is no memory; it is then
 * still the caller's.
 */
bool policy_store_replace(struct policy_store *all, struct policy *next) MUST_CHECK;

/* Free those that nobody can ask for again; to be called now and then. */
void policy_store_expire(struct policy_store *all);

/* The policy with this id (struct policy), if it is kept, else the one in force; for
 * policy_store_release().
 */
const struct policy *policy_store_hold(struct policy_store *all, struct slice id);
void policy_store_release(struct policy_store *all, const struct policy *policy);

#endif
