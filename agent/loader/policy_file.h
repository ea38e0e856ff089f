/* SPDX-License-Identifier: MIT */
/* policy_file.h - the policy file (JSON) into a compiled policy. */
#ifndef LOADER_POLICY_FILE_H
#define LOADER_POLICY_FILE_H

#include <jansson.h>

#include "loader/files.h"
#include "policy/memory.h"
#include "loader/report.h"

/* Read and compile <path>.  The policy is the caller's, for policy_free(); NULL with all
 * errors in <report> if the file cannot be read or breaks a rule of the language.  The
 * files that it was, or should have been, read from are added to <files> in any case.
 * <probed>: the answers of archives by archive_key(), or NULL.
 */
struct policy *policy_file_load(const char *path, struct report *report,
				struct files *files, const json_t *probed);

#endif
