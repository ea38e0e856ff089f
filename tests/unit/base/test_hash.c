/* SPDX-License-Identifier: MIT */
/* These numbers may never change: they choose the objects of a sample, and name policies.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "base/hash.h"
#include "edge.h"

static uint64_t hash(const char *text)
{
	return hash_bytes(HASH_START, edge(slice_str(text)));
}

/* Test vectors of FNV-1a, 64 bits (draft-eastlake-fnv, appendix C) */
static void test_vectors(void **state)
{
	assert_true(hash("") == 0xCBF29CE484222325);
	assert_true(hash("a") == 0xAF63DC4C8601EC8C);
	assert_true(hash("foobar") == 0x85944171F73967E8);
	assert_true(hash_bytes(hash("foo"), slice_str("bar")) == hash("foobar"));
	assert_true(hash_bytes(hash("a"), (struct slice){0}) == hash("a"));
	assert_true(hash_bytes(HASH_START, slice_of("\xFF", 1)) !=
		    hash_bytes(HASH_START, slice_of("\xFE", 1)));
}

/* The finalizer of MurmurHash3, 64 bits */
static void test_spread(void **state)
{
	assert_true(hash_spread(0) == 0);
	assert_true(hash_spread(1) == 0xB456BCFC34C2CB2C);
}

/* UIDs that differ in their last digits only: half of them are below the middle. */
static void test_samples(void **state)
{
	unsigned below = 0;

	for (unsigned i = 0; i < 4000; i++) {
		char uid[64];

		snprintf(uid, sizeof(uid), "1.2.826.0.1.3680043.2.1125.%u", i);
		below += hash_spread(hash(uid)) >> 63 == 0;
	}
	assert_in_range(below, 1850, 2150);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_spread),
		cmocka_unit_test(test_samples),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
