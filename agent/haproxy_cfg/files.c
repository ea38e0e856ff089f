/* SPDX-License-Identifier: MIT */
/* HAProxy's management.txt, 3 "Starting HAProxy", option -f */
#include "haproxy_cfg/files.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

static int is_config(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name);

	return entry->d_name[0] != '.' && len > 4 &&
	       strcmp(entry->d_name + len - 4, ".cfg") == 0;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

/* NULL if there is no memory; the caller frees it. */
static char *joined(const char *directory, const char *name)
{
	char *path;

	return asprintf(&path, "%s/%s", directory, name) < 0 ? NULL : path;
}

bool haproxy_files(const char *path, bool (*visit)(void *context, const char *file),
		   void *context, char *error, size_t size)
{
	struct dirent **entries = NULL;
	struct stat about;
	bool ok = true;
	int n;

	if (stat(path, &about) != 0 || !S_ISDIR(about.st_mode))
		return visit(context, path);
	n = scandir(path, &entries, is_config, by_name);
	if (n < 0) {
		snprintf(error, size, "%s: %s", path, strerror(errno));
		return false;
	}
	for (int i = 0; i < n; i++) {
		char *file = ok ? joined(path, entries[i]->d_name) : NULL;

		if (ok && !file) {
			snprintf(error, size, "%s: no memory", path);
			ok = false;
		} else if (ok && (stat(file, &about) != 0 || S_ISREG(about.st_mode))) {
			ok = visit(context, file);
		}
		free(file);
		free(entries[i]);
	}
	free(entries);
	return ok;
}
