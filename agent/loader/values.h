/* SPDX-License-Identifier: MIT */
/* values.h - the values that a policy compares an attribute with. */
#ifndef LOADER_VALUES_H
#define LOADER_VALUES_H

#include "loader/builder.h"

enum { VALUE_SET_WHY = 256 };

/* An empty set with room for <n> values; NULL if there is no memory, which is reported.
 */
struct policy_set *values_new(struct builder *b, size_t n, bool fold);

/* Add a text: a literal, or a pattern with * and ?; for UIDs also a keyword or @group,
 * for addresses a network, for VRs with an order a number, date, time or age.  False,
 * with <why> in words, if it is none that <a> could have.
 */
bool values_text(struct builder *b, struct policy_set *set,
		 const struct policy_attribute *a, const char *text,
		 char why[static VALUE_SET_WHY]);

/* Add a number: compared as one if the VR is numeric, else as text. */
bool values_number(struct builder *b, struct policy_set *set,
		   const struct policy_attribute *a, json_t *number,
		   char why[static VALUE_SET_WHY]);

/* To be called after the last value was added: sorts them. */
void values_finish(struct policy_set *set);

#endif
