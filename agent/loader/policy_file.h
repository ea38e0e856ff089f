/* SPDX-License-Identifier: MIT */
/* policy_file.h - compiles a policy file (JSON; docs/policy.md). */
#ifndef LOADER_POLICY_FILE_H
#define LOADER_POLICY_FILE_H

#include <jansson.h>

#include "loader/files.h"
#include "policy/memory.h"
#include "loader/report.h"

/* Read and compile <path>.  The policy is the caller's, for policy_free(); NULL with all
 * errors in <report> if a file cannot be read or is no policy.  All files that were to be
 * read are added to <files> in any case.  <probed>: the answers of archives by
 * archive_key(), or NULL.
 */
struct policy *policy_file_load(const char *path, struct report *report,
				struct files *files, const json_t *probed);

#endif
