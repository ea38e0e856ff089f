/* SPDX-License-Identifier: MIT */
/* criterion.h - the test of one attribute: JSON -> node (docs/policy.md, "Tests"). */
#ifndef CRITERION_H
#define CRITERION_H

#include "build.h"

/* Compile the test <json> of node->attribute. */
void criterion_load(struct build *b, json_t *json, struct policy_node *node);

#endif
