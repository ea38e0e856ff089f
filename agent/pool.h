/* SPDX-License-Identifier: MIT */
/* pool.h - what the pools of a policy accept: "pools" and "negotiate" -> capabilities. */
#ifndef POOL_H
#define POOL_H

#include "build.h"

/* Read both members.  Archives that are to be probed become the policy's; b->probed is
 * what they have answered.
 */
void pool_load_all(struct build *b, json_t *pools, json_t *negotiate,
		   struct policy *policy);

/* With all rules there: list their pools, and what these accept. */
void pool_finish(struct build *b, struct policy *policy);

/* The pools of an outcome, by name: a string, or a list of strings in the order in which
 * they are tried.  NULL is an error, which has been reported.
 */
const struct policy_pools *pool_list(struct build *b, json_t *names,
				     struct policy *policy);

#endif
