/* SPDX-License-Identifier: MIT */
/* files.h - the files that a policy is read from, and whether they have changed since. */
#ifndef LOADER_FILES_H
#define LOADER_FILES_H

#include <sys/stat.h>

#include "base/bytes.h"

/* What tells one version of a file from another; zeros: it is not there. */
struct files_version {
	dev_t device;
	ino_t inode;
	off_t size;
	struct timespec modified, changed;
};

struct files_entry {
	char *path;
	struct files_version read; /* before it was read: no change is missed */
	struct files_version seen; /* at the last files_changed() */
};

/* Zeroed, it is empty. */
struct files {
	struct files_entry *list; /* malloc'ed */
	size_t n;
	uint64_t hash; /* of all that was read: base/hash.h */
};

/* The whole of a regular file of up to 64 MB with a NUL behind it, for free(); NULL with
 * errno set.  In any case it is noted in <files>.
 */
char *files_read(struct files *files, const char *path, size_t *len);

/* True if a file differs from the version that was read, and all have stayed as they are
 * since the last call: so none is read while it is written.
 */
bool files_changed(struct files *files);

/* Release it; it is empty then. */
void files_forget(struct files *files);

#endif
