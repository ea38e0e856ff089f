/* SPDX-License-Identifier: MIT */
/* rules.h - the rules of a policy: "rules" and "default". */
#ifndef LOADER_RULES_H
#define LOADER_RULES_H

#include "loader/builder.h"

/* Read the list; every rule has a name, and no two have the same. */
void rules_load(struct builder *b, json_t *json, struct policy *policy);

/* Read the outcome when no rule matches; NULL: a refusal without a reason. */
void rules_load_default(struct builder *b, json_t *json, struct policy *policy);

#endif
