/* SPDX-License-Identifier: MIT */
/* test.h - the test of one attribute: JSON -> node (docs/policy.md, "Tests"). */
#ifndef LOADER_TEST_H
#define LOADER_TEST_H

#include "loader/builder.h"

/* Compile <json>, the test of node->attribute, into <node>. */
void test_load(struct builder *b, json_t *json, struct policy_node *node);

#endif
