/* SPDX-License-Identifier: MIT */
/* pools.h - what the pools of a policy accept: "pools" and "negotiate" -> capabilities.
 */
#ifndef LOADER_POOLS_H
#define LOADER_POOLS_H

#include "loader/builder.h"

/* Compile the members "pools" and "negotiate", which may be NULL.  What archives that are
 * to be probed accept is taken from b->probed.
 */
void pools_load_all(struct builder *b, json_t *pools, json_t *negotiate,
		    struct policy *policy);

/* To be called when all rules are compiled: lists their pools and what these accept. */
void pools_finish(struct builder *b, struct policy *policy);

/* The pools that <names> names: a string, or a list of strings in the order in which they
 * are tried.  NULL is an error, which has been reported.
 */
const struct policy_pools *pools_list(struct builder *b, json_t *names,
				      struct policy *policy);

#endif
