/* SPDX-License-Identifier: MIT */
/* lists.h - the named lists of a policy. */
#ifndef LOADER_LISTS_H
#define LOADER_LISTS_H

#include "loader/builder.h"
#include "loader/files.h"

/* Read the document's member "lists". */
void lists_load(struct builder *b, json_t *json, struct files *files);

/* The set of list <name> for values of <a>; NULL is an error. */
const struct policy_set *lists_set(struct builder *b, const char *name,
				   const struct policy_attribute *a, bool fold);

#endif
