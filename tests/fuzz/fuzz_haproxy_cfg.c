/* SPDX-License-Identifier: MIT */
/* A file of HAProxy's configuration.  One that is taken has sections with names; one that
 * is not has an error that names the file.
 */
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "check.h"
#include "haproxy_cfg/config.h"

static size_t check_config(const struct haproxy_config *c, const char *path)
{
	size_t n = 0;

	for (const struct haproxy_section *s = c->first; s; s = s->next, n++) {
		const struct haproxy_section *found = haproxy_config_find(c, s->name);

		CHECK(s->line > 0 && strcmp(s->file, path) == 0);
		if (s->kind < HAPROXY_BACKEND)
			continue;
		CHECK(found && strcmp(found->name, s->name) == 0);
		CHECK(!haproxy_fault(found) || haproxy_fault(s));
		(void)haproxy_has_dicom_check(s);
		(void)haproxy_config_uses(c, s->name);
	}
	return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int fd = -1;
	static char path[64];
	struct haproxy_config c = {0};
	char error[256];

	if (fd < 0) {
		fd = memfd_create("haproxy", 0);
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	}
	CHECK(ftruncate(fd, 0) == 0 && pwrite(fd, data, size, 0) == (ssize_t)size);
	if (haproxy_config_read(&c, path, error, sizeof(error))) {
		size_t n = check_config(&c, path);

		/* a "defaults" may now be found that was not, but nothing is lost */
		CHECK(haproxy_config_read(&c, path, error, sizeof(error)));
		CHECK(check_config(&c, path) == 2 * n);
	} else {
		CHECK(strncmp(error, path, strlen(path)) == 0);
		CHECK(strlen(error) > strlen(path) + 2);
	}
	check_config(&c, path);
	haproxy_config_free(&c);
	return 0;
}
