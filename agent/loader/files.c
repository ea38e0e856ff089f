/* SPDX-License-Identifier: MIT */
#include "loader/files.h"
#include "base/hash.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

enum { BYTES_START = 16 * 1024, BYTES_MAX = 64 * 1024 * 1024 };

/*** versions ***/

static struct files_version version_of(const char *path)
{
	struct stat st;

	if (stat(path, &st) != 0)
		return (struct files_version){0};
	return (struct files_version){st.st_dev, st.st_ino, st.st_size, st.st_mtim,
				      st.st_ctim};
}

static bool same_time(struct timespec a, struct timespec b)
{
	return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

static bool same_version(const struct files_version *a, const struct files_version *b)
{
	return a->device == b->device && a->inode == b->inode && a->size == b->size &&
	       same_time(a->modified, b->modified) && same_time(a->changed, b->changed);
}

bool files_changed(struct files *files)
{
	bool differs = false, quiet = true;

	for (size_t i = 0; i < files->n; i++) {
		struct files_entry *file = &files->list[i];
		const struct files_version now = version_of(file->path);

		differs |= !same_version(&now, &file->read);
		quiet &= same_version(&now, &file->seen);
		file->seen = now;
	}
	return differs && quiet;
}

/*** reading ***/

static bool note(struct files *files, const char *path)
{
	struct files_entry *list = reallocarray(files->list, files->n + 1, sizeof(*list));
	char *copy = list ? strdup(path) : NULL;
	struct files_version now;

	if (list)
		files->list = list;
	if (!copy)
		return false;
	now = version_of(path);
	list[files->n++] = (struct files_entry){copy, now, now};
	return true;
}

/* A pipe or a device may never end. */
static bool is_regular(int fd)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return false;
	errno = S_ISDIR(st.st_mode) ? EISDIR : ENOTSUP;
	return S_ISREG(st.st_mode);
}

static char *read_all(int fd, size_t *len)
{
	char *text = NULL, *more;
	size_t room = 0;
	ssize_t got = 1;

	for (*len = 0; got > 0; *len += got > 0 ? (size_t)got : 0) {
		if (*len + 1 >= room) {
			room = room ? 2 * room : BYTES_START;
			errno = EFBIG;
			more = room <= BYTES_MAX ? realloc(text, room) : NULL;
			if (!more)
				break;
			text = more;
		}
		got = read(fd, text + *len, room - *len - 1);
	}
	if (got != 0) {
		free(text);
		return NULL;
	}
	text[*len] = '\0';
	return text;
}

char *files_read(struct files *files, const char *path, size_t *len)
{
	char *text;
	int fd, error;

	errno = ENOMEM;
	fd = note(files, path) ? open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) : -1;
	if (fd < 0)
		return NULL;
	text = is_regular(fd) ? read_all(fd, len) : NULL;
	error = errno;
	close(fd);
	/* with the NUL behind it: no text has one, so it tells where a file ends */
	if (text)
		files->hash = hash_bytes(files->hash, slice_of(text, *len + 1));
	errno = error;
	return text;
}

void files_forget(struct files *files)
{
	for (size_t i = 0; i < files->n; i++)
		free(files->list[i].path);
	free(files->list);
	*files = (struct files){0};
}
