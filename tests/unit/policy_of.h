/* SPDX-License-Identifier: MIT */
/* policy_of.h - a policy from a string. */
#ifndef POLICY_OF_H
#define POLICY_OF_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "policy_load.h"

/* Load <json> as if from a file, whose name is left in <path>, 32 bytes.  NULL with
 * <error> filled, as policy_load().
 */
static inline struct policy *policy_from(const char *json, char *path,
					 struct policy_error *error)
{
	struct policy *policy;
	size_t len = strlen(json);
	int fd;

	strcpy(path, "/tmp/policy-XXXXXX");
	fd = mkstemp(path);
	if (fd < 0 || write(fd, json, len) != (ssize_t)len)
		abort();
	close(fd);
	policy = policy_load(path, error);
	unlink(path);
	return policy;
}

/* The same for JSON that is known to be right. */
static inline struct policy *policy_of(const char *json)
{
	struct policy_error error;
	char path[32];
	struct policy *policy = policy_from(json, path, &error);

	if (!policy) {
		fprintf(stderr, "%s\n", error.text);
		abort();
	}
	return policy;
}

#endif
