/* SPDX-License-Identifier: MIT */
/* policy_load.h - the policy file (JSON) into a compiled policy. */
#ifndef POLICY_LOAD_H
#define POLICY_LOAD_H

#include "policy.h"

/* Read and compile <path>.  The policy is the caller's, for policy_free(); NULL with
 * <error> filled if the file cannot be read or breaks a rule of the language.
 */
struct policy *policy_load(const char *path, struct policy_error *error);

void policy_free(struct policy *policy);

#endif
