/* SPDX-License-Identifier: MIT */
/* rules.h - the rules of a policy: "rules" and "default". */
#ifndef RULES_H
#define RULES_H

#include "build.h"

/* Read the list; every rule has a name, and no two have the same. */
void rules_load(struct build *b, json_t *json, struct policy *policy);

/* Read the outcome when no rule matches; NULL: a refusal without a reason. */
void rules_load_default(struct build *b, json_t *json, struct policy *policy);

#endif
