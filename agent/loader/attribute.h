/* SPDX-License-Identifier: MIT */
/* attribute.h - the names of attributes in a policy (docs/policy.md). */
#ifndef LOADER_ATTRIBUTE_H
#define LOADER_ATTRIBUTE_H

#include "loader/builder.h"

/* The attribute that a policy names: a keyword, (gggg,eeee), (gggg,CREATOR,ee), a path of
 * these, or one of the association's (docs/policy.md).  The policy owns it.  NULL if
 * there is no such attribute, which is reported; <end> says whether the name stands where
 * a member's name or a value does.
 */
const struct policy_attribute *attribute_named(struct builder *b, const char *name,
					       enum json_place_end end);

/* The attributes that a name, or a list of names, stands for; none if there is an error.
 */
struct policy_attributes attribute_list(struct builder *b, json_t *json);

/* To be called when all names have been read: gives the policy its table of attributes,
 * and of the data elements in which they are found.
 */
void attribute_finish(struct builder *b, struct policy *policy);

#endif
