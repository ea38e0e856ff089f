/* SPDX-License-Identifier: MIT */
/* memory.h - the memory of a policy, which is allocated in parts and released as one. */
#ifndef POLICY_MEMORY_H
#define POLICY_MEMORY_H

#include <stddef.h>

#include "policy/policy.h"

/* A list of blocks; NULL is the empty list. */
struct policy_memory;

/* Allocate <size> bytes, zeroed and aligned for any type, which *<memory> owns.  NULL if
 * there is no memory.
 */
void *policy_memory_take(struct policy_memory **memory, size_t size);

/* Let *<memory> own <thing>, and release it with <release>.  False if there is no memory;
 * the caller then still owns <thing>.
 */
bool policy_memory_own(struct policy_memory **memory, void *thing,
		       void (*release)(void *thing)) MUST_CHECK;

/* Release all that <memory> owns; NULL is allowed. */
void policy_memory_free(struct policy_memory *memory);

/* Release a policy and all that it owns; NULL is allowed. */
void policy_free(struct policy *policy);

#endif
