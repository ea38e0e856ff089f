/* SPDX-License-Identifier: MIT */
/* rules.h - the rules of a policy: "rules" and "default". */
#ifndef LOADER_RULES_H
#define LOADER_RULES_H

#include "loader/builder.h"

/* Compile the member "rules".  A rule without a name, and a second one of the same name,
 * is an error.
 */
void rules_load(struct builder *b, json_t *json, struct policy *policy);

/* Compile the member "default", the outcome when no rule matches.  Without it (NULL)
 * associations are refused, and no reason is given.
 */
void rules_load_default(struct builder *b, json_t *json, struct policy *policy);

#endif
