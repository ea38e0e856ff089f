/* SPDX-License-Identifier: MIT */
/* store.h - the policy in force, and those that it has replaced.
 *
 * An association is decided by the policy with which it began, so a policy is kept for
 * POLICY_STORE_KEEP_MS after it has been replaced, and for as long as a thread holds it.
 * One thread replaces policies; any thread may hold them.
 */
#ifndef POLICY_STORE_H
#define POLICY_STORE_H

#include "policy/policy.h"

/* How long replaced policies are kept, and how many of them.  HAProxy asks for the last
 * time within its inspect-delay, which is 30 s in haproxy/dicom.cfg.
 */
enum { POLICY_STORE_KEEP_MS = 120 * 1000, POLICY_STORE_KEEP = 16 };

struct policy_store;

/* A store with the policy <first> in force, which it then owns.  NULL if there is no
 * memory; the caller then still owns <first>.
 */
struct policy_store *policy_store_new(struct policy *first);

/* Free the store and its policies, none of which may be held; NULL is allowed. */
void policy_store_free(struct policy_store *all);

/* Put <next> in force, and own it.  If it has the id of the policy in force, <next> is
 * freed and nothing changes.  False if there is no memory; the caller then still owns it.
 */
bool policy_store_replace(struct policy_store *all, struct policy *next) MUST_CHECK;

/* Free the replaced policies whose time is over; to be called every few seconds. */
void policy_store_expire(struct policy_store *all);

/* Hold the policy whose id is <id>, or the one in force if <id> is empty or no longer
 * kept.  Never NULL.  policy_store_release() must follow.
 */
const struct policy *policy_store_hold(struct policy_store *all, struct slice id);
void policy_store_release(struct policy_store *all, const struct policy *policy);

#endif
