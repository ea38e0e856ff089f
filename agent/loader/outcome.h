/* SPDX-License-Identifier: MIT */
/* outcome.h - what a rule does: JSON -> outcome (docs/policy.md, "Outcomes"). */
#ifndef LOADER_OUTCOME_H
#define LOADER_OUTCOME_H

#include "loader/builder.h"

/* The members of an outcome, for builder_members(). */
#define OUTCOME_MEMBERS "backend reject result key called_ae calling_ae"

/* Compile the outcome of a rule, or of "default"; <json> is the object around it. */
void outcome_load(struct builder *b, json_t *json, struct policy *policy,
		  struct policy_outcome *o);

#endif
