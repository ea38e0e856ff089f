/* SPDX-License-Identifier: MIT */
/* A file of HAProxy's configuration.  One that is taken has sections with names; one that
 * is not has an error that names the file.
 */
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "check.h"
#include "haproxy_cfg/config.h"

static void check_config(const struct haproxy_config *c, const char *path)
{
	for (size_t i = 0; i < c->n; i++) {
		const struct haproxy_proxy *p = &c->proxies[i];
		const struct haproxy_proxy *found = haproxy_config_find(c, p->name);

		CHECK(p->name[0] != '\0' && p->line > 0);
		CHECK(strcmp(p->file, path) == 0);
		CHECK(p->pool == !p->fault);
		CHECK(found && strcmp(found->name, p->name) == 0 &&
		      (found->pool || !p->pool));
	}
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
		size_t n = c.n;

		check_config(&c, path);
		/* "global" may have changed a variable since */
		if (haproxy_config_read(&c, path, error, sizeof(error)))
			CHECK(c.n >= n);
	} else {
		CHECK(strncmp(error, path, strlen(path)) == 0);
		CHECK(strlen(error) > strlen(path) + 2);
	}
	check_config(&c, path);
	haproxy_config_free(&c);
	return 0;
}
