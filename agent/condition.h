/* SPDX-License-Identifier: MIT */
/* condition.h - attributes and conditions of a policy: JSON -> nodes (docs/policy.md). */
#ifndef CONDITION_H
#define CONDITION_H

#include "build.h"

/* The index of the attribute that a policy names: a keyword, (gggg,eeee), or one of
 * the association's.  While b->adding it is only noted, in room that must have been
 * taken; after condition_sort() the index is final.
 */
size_t condition_attribute(struct build *b, const char *name);

/* Sort the noted attributes by source and tag, each once. */
void condition_sort(struct build *b);

/* A value to compare with: text or a whole number.  With VR UI a keyword becomes its
 * UID; wildcards stay.
 */
const char *condition_value(struct build *b, json_t *json, const char *vr);

/* True for VRs whose value is no text and no number to compare (OB, UN, SQ ...). */
bool condition_is_bulk(const char *vr);

/* Compile an object of conditions, all of which must hold. */
void condition_load(struct build *b, json_t *json, struct policy_node *node);

#endif
