/* SPDX-License-Identifier: MIT */
/* index.h - builds the index of a policy's rules (policy/index.h). */
#ifndef LOADER_INDEX_H
#define LOADER_INDEX_H

#include "loader/builder.h"

/* Build the index of these <n> rules, whose conditions are complete.  It belongs to the
 * policy's memory.  NULL if there is no memory, which is then b's error.
 */
const struct policy_index *index_build(struct builder *b, const struct policy_rule *rules,
				       size_t n);

#endif
