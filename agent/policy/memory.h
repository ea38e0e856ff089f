/* SPDX-License-Identifier: MIT */
/* memory.h - the memory that a policy owns, which is released all at once. */
#ifndef POLICY_MEMORY_H
#define POLICY_MEMORY_H

#include <stddef.h>

#include "policy/policy.h"

/* A list of blocks; an empty one is NULL. */
struct policy_memory;

/* <size> bytes, zeroed and aligned for any type, which belong to *<memory>.  NULL if
 * there is no memory.
 */
void *policy_memory_take(struct policy_memory **memory, size_t size);

/* Hand <thing> over to *<memory>, which releases it with <release>.  False if there is no
 * memory; <thing> is then still the caller's.
 */
bool policy_memory_own(struct policy_memory **memory, void *thing,
		       void (*release)(void *thing)) MUST_CHECK;

/* Release everything that belongs to <memory>; NULL is allowed. */
void policy_memory_free(struct policy_memory *memory);

/* Release a policy and everything that it owns; NULL is allowed. */
void policy_free(struct policy *policy);

#endif
