/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "policy/memory.h"

/* The linker is told to --wrap this. */
static bool no_memory;

void *__real_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size);

void *__wrap_calloc(size_t n, size_t size)
{
	return no_memory ? NULL : __real_calloc(n, size);
}

/* What has been released, in that order */
static char released[16];

static void release(void *thing)
{
	size_t n = strlen(released);

	assert_true(n + 1 < sizeof(released));
	released[n] = *(char *)thing;
}

static int start(void **state)
{
	no_memory = false;
	memset(released, 0, sizeof(released));
	return 0;
}

static bool is_zero(const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (bytes[i] != 0)
			return false;
	return true;
}

static void test_taken(void **state)
{
	static const size_t sizes[] = {0, 1, 3, 16, 100, 5000};
	struct policy_memory *memory = NULL;
	uint8_t *blocks[6];

	for (size_t i = 0; i < 6; i++) {
		blocks[i] = policy_memory_take(&memory, sizes[i]);
		assert_non_null(blocks[i]);
		assert_int_equal((uintptr_t)blocks[i] % _Alignof(max_align_t), 0);
		assert_true(is_zero(blocks[i], sizes[i]));
		memset(blocks[i], (int)(i + 1), sizes[i]);
	}
	/* each is whole, and none is within another */
	for (size_t i = 0; i < 6; i++)
		for (size_t k = 0; k < sizes[i]; k++)
			assert_int_equal(blocks[i][k], i + 1);
	policy_memory_free(memory);
	policy_memory_free(NULL);
}

/* What was handed over last may need what was handed over before it. */
static void test_owned(void **state)
{
	struct policy_memory *memory = NULL;
	char things[] = "abc";

	assert_true(policy_memory_own(&memory, &things[0], release));
	assert_non_null(policy_memory_take(&memory, 8));
	assert_true(policy_memory_own(&memory, &things[1], release));
	assert_true(policy_memory_own(&memory, &things[2], release));
	assert_string_equal(released, "");
	policy_memory_free(memory);
	assert_string_equal(released, "cba");
}

/* A failure changes nothing: what there was stays, what was offered stays the caller's.
 */
static void test_no_memory(void **state)
{
	struct policy_memory *memory = NULL, *before;
	char things[] = "ab";

	assert_true(policy_memory_own(&memory, &things[0], release));
	before = memory;
	no_memory = true;
	assert_null(policy_memory_take(&memory, 8));
	assert_false(policy_memory_own(&memory, &things[1], release));
	no_memory = false;
	assert_ptr_equal(memory, before);
	policy_memory_free(memory);
	assert_string_equal(released, "a");
}

/* A policy in memory of its own; the sanitizer counts what is left. */
static void test_policy(void **state)
{
	struct policy *policy = calloc(1, sizeof(*policy));
	char thing = 'p';

	assert_non_null(policy);
	policy->document = calloc(1, 100);
	policy->rules = policy_memory_take(&policy->memory, sizeof(*policy->rules));
	assert_true(policy_memory_own(&policy->memory, &thing, release));
	policy_free(policy);
	assert_string_equal(released, "p");
	policy_free(NULL);
	policy = calloc(1, sizeof(*policy));
	policy_free(policy); /* one that the loader has given up at once */
	assert_string_equal(released, "p");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_taken, start),
		cmocka_unit_test_setup(test_owned, start),
		cmocka_unit_test_setup(test_no_memory, start),
		cmocka_unit_test_setup(test_policy, start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
