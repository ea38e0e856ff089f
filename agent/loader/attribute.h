/* SPDX-License-Identifier: MIT */
/* attribute.h - the names of attributes in a policy (docs/policy.md). */
#ifndef LOADER_ATTRIBUTE_H
#define LOADER_ATTRIBUTE_H

#include "loader/builder.h"

/* The attribute that a policy names: a keyword, (gggg,eeee), (gggg,CREATOR,ee), a path of
 * these, or one of the association's.  It is the policy's; NULL if there is none, which
 * is then an error.  <end> says whether the name is a member's or a value.
 */
const struct policy_attribute *attribute_named(struct builder *b, const char *name,
					       enum json_place_end end);

/* A name, or a list of names; empty if something is wrong. */
struct policy_attributes attribute_list(struct builder *b, json_t *json);

/* All attributes are known: give the policy its table of them, and of the elements where
 * they are found.
 */
void attribute_finish(struct builder *b, struct policy *policy);

#endif
