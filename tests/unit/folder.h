/* SPDX-License-Identifier: MIT */
/* folder.h - files of a test, in a directory that is removed with them. */
#ifndef FOLDER_H
#define FOLDER_H

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct folder {
	char path[32];
};

static inline void folder_make(struct folder *f)
{
	strcpy(f->path, "/tmp/folder-XXXXXX");
	if (!mkdtemp(f->path))
		abort();
}

static inline void folder_remove(struct folder *f)
{
	char command[64];

	snprintf(command, sizeof(command), "rm -r %s", f->path);
	if (system(command) != 0)
		abort();
}

/* The path of <name>; it lives until a few others have come. */
static inline const char *folder_path(const struct folder *f, const char *name)
{
	static char paths[8][256];
	static unsigned turn;
	char *path = paths[turn++ % 8];

	snprintf(path, sizeof(paths[0]), "%s/%s", f->path, name);
	return path;
}

/* Write <len> bytes to <name>, which is made or emptied first; its inode stays. */
static inline void folder_put(const struct folder *f, const char *name, const void *bytes,
			      size_t len)
{
	int fd = open(folder_path(f, name), O_WRONLY | O_CREAT | O_TRUNC, 0600);

	if (fd < 0 || write(fd, bytes, len) != (ssize_t)len || close(fd) != 0)
		abort();
}

static inline void folder_write(const struct folder *f, const char *name,
				const char *text)
{
	folder_put(f, name, text, strlen(text));
}

/* The same by renaming another file over it. */
static inline void folder_replace(const struct folder *f, const char *name,
				  const char *text)
{
	folder_write(f, "new", text);
	if (rename(folder_path(f, "new"), folder_path(f, name)) != 0)
		abort();
}

#endif
