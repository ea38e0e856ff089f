/* SPDX-License-Identifier: MIT */
/* policy_of.h - a policy from a string. */
#ifndef POLICY_OF_H
#define POLICY_OF_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "policy/store.h"
#include "loader/policy_file.h"

/* Load <json> as if from a file, whose name is left in <path>, 32 bytes.  NULL with
 * <report> filled, as policy_file_load().
 */
static inline struct policy *policy_from(const char *json, char *path,
					 struct report *report)
{
	struct files files = {0};
	struct policy *policy;
	size_t len = strlen(json);
	int fd;

	strcpy(path, "/tmp/policy-XXXXXX");
	fd = mkstemp(path);
	if (fd < 0 || write(fd, json, len) != (ssize_t)len)
		abort();
	close(fd);
	policy = policy_file_load(path, report, &files, NULL);
	files_forget(&files);
	unlink(path);
	return policy;
}

/* The same for JSON that is known to be right. */
static inline struct policy *policy_of(const char *json)
{
	static struct report report;
	char path[32];
	struct policy *policy = policy_from(json, path, &report);

	if (!policy) {
		fprintf(stderr, "%s\n%s\n", report.entries[0].text, json);
		abort();
	}
	report_clear(&report);
	return policy;
}

/* The only policy of a store. */
static inline struct policy_store *policy_store_of(const char *json)
{
	return policy_store_new(policy_of(json));
}

#endif
