/* SPDX-License-Identifier: MIT */
#include "policy/memory.h"

#include <stdlib.h>

struct policy_memory {
	struct policy_memory *next;
	void *thing; /* that was handed over, or NULL */
	void (*release)(void *thing);
	max_align_t bytes[];
};

static struct policy_memory *add_block(struct policy_memory **memory, size_t size)
{
	struct policy_memory *block = calloc(1, sizeof(*block) + size);

	if (!block)
		return NULL;
	block->next = *memory;
	*memory = block;
	return block;
}

void *policy_memory_take(struct policy_memory **memory, size_t size)
{
	struct policy_memory *block = add_block(memory, size);

	return block ? block->bytes : NULL;
}

bool policy_memory_own(struct policy_memory **memory, void *thing,
		       void (*release)(void *thing))
{
	struct policy_memory *block = add_block(memory, 0);

	if (!block)
		return false;
	block->thing = thing;
	block->release = release;
	return true;
}

void policy_memory_free(struct policy_memory *memory)
{
	while (memory) {
		struct policy_memory *next = memory->next;

		if (memory->release)
			memory->release(memory->thing);
		free(memory);
		memory = next;
	}
}

void policy_free(struct policy *policy)
{
	if (!policy)
		return;
	policy_memory_free(policy->memory);
	free(policy->document);
	free(policy);
}
