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

/* With all rules there: list what their pools accept. */
void pool_finish(struct build *b, struct policy *policy);

/* What the pool <name> accepts: the default if "pools" does not name it. */
const struct capability *pool_accepts(struct build *b, const char *name);

#endif
