/* SPDX-License-Identifier: MIT */
/* condition.h - the conditions of a policy: JSON -> nodes (docs/policy.md). */
#ifndef LOADER_CONDITION_H
#define LOADER_CONDITION_H

#include "loader/builder.h"

/* Compile <json>, an object of conditions that must all hold, into <node>. */
void condition_load(struct builder *b, json_t *json, struct policy_node *node);

#endif
