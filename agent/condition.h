/* SPDX-License-Identifier: MIT */
/* condition.h - the conditions of a policy: JSON -> nodes (docs/policy.md). */
#ifndef CONDITION_H
#define CONDITION_H

#include "build.h"

/* Compile an object of conditions, all of which must hold. */
void condition_load(struct build *b, json_t *json, struct policy_node *node);

#endif
