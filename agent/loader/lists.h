/* SPDX-License-Identifier: MIT */
/* lists.h - the named lists of a policy. */
#ifndef LOADER_LISTS_H
#define LOADER_LISTS_H

#include "loader/builder.h"
#include "loader/files.h"

/* Read the document's member "lists", and the files that it names, which are added to
 * <files>.
 */
void lists_load(struct builder *b, json_t *json, struct files *files);

/* The values of list <name> to compare <a> with, of either case if <fold>; made once for
 * all attributes that can share it.  NULL if there is no such list, which is reported.
 */
const struct policy_set *lists_set(struct builder *b, const char *name,
				   const struct policy_attribute *a, bool fold);

#endif
