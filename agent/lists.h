/* SPDX-License-Identifier: MIT */
/* lists.h - the named lists of a policy, and the files that they are read from. */
#ifndef LISTS_H
#define LISTS_H

#include "build.h"

/* Files that a policy is read from; both are malloc'ed. */
struct lists_files {
	char **paths;
	size_t n;
	uint64_t hash; /* of all that was read: hash.h */
};

/* The whole of a file, to be freed, with a zero behind it; NULL with errno set.  It is
 * noted in <files>.
 */
char *lists_read_file(struct lists_files *files, const char *path, size_t *len);

void lists_forget(struct lists_files *files);

/* Read the document's member "lists". */
void lists_load(struct build *b, json_t *json, struct lists_files *files);

/* The set of list <name> for values of <a>; NULL is an error. */
const struct policy_set *lists_set(struct build *b, const char *name,
				   const struct policy_attribute *a, bool fold);

#endif
