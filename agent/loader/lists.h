/* SPDX-License-Identifier: MIT */
/* lists.h - the named lists of a policy, and the files that they are read from. */
#ifndef LOADER_LISTS_H
#define LOADER_LISTS_H

#include <sys/stat.h>

#include "loader/builder.h"

/* What tells one version of a file from another; zeros: it is not there. */
struct lists_version {
	dev_t device;
	ino_t inode;
	off_t size;
	struct timespec modified, changed;
};

/* Files that a policy is read from; all are malloc'ed. */
struct lists_files {
	char **paths;
	struct lists_version *versions; /* before they were read: no change is missed */
	size_t n;
	uint64_t hash; /* of all that was read: hash.h */
};

/* The whole of a regular file, to be freed, with a zero behind it; NULL with errno set.
 * It is noted in <files>.
 */
char *lists_read_file(struct lists_files *files, const char *path, size_t *len);

/* The version of what <path> leads to now. */
struct lists_version lists_version_of(const char *path);
bool lists_same_version(const struct lists_version *a, const struct lists_version *b);

void lists_forget(struct lists_files *files);

/* Read the document's member "lists". */
void lists_load(struct builder *b, json_t *json, struct lists_files *files);

/* The set of list <name> for values of <a>; NULL is an error. */
const struct policy_set *lists_set(struct builder *b, const char *name,
				   const struct policy_attribute *a, bool fold);

#endif
