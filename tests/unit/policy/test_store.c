/* SPDX-License-Identifier: MIT */
/* Which policy is in force, and how long those that it has replaced are kept */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <time.h>

#include "policy_of.h"

/* The linker is told to --wrap these. */
static int64_t now_ms;
static unsigned freed;
static bool no_memory;

int __wrap_clock_gettime(clockid_t clock, struct timespec *t);
void __real_policy_free(struct policy *policy);
void __wrap_policy_free(struct policy *policy);
void *__real_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size);

int __wrap_clock_gettime(clockid_t clock, struct timespec *t)
{
	assert_int_equal(clock, CLOCK_MONOTONIC);
	*t = (struct timespec){now_ms / 1000, now_ms % 1000 * 1000000};
	return 0;
}

void __wrap_policy_free(struct policy *policy)
{
	freed += policy != NULL;
	__real_policy_free(policy);
}

void *__wrap_calloc(size_t n, size_t size)
{
	return no_memory ? NULL : __real_calloc(n, size);
}

/* A policy that differs from those with other numbers */
static struct policy *numbered(unsigned number)
{
	char json[128];

	snprintf(json, sizeof(json),
		 "{\"rules\": [{\"name\": \"%u\", \"backend\": \"b\"}]}", number);
	return policy_of(json);
}

static struct policy_store *all;

/* Put policy <number> in force. */
static void replace(unsigned number, char id[static POLICY_ID_SIZE])
{
	struct policy *p = numbered(number);

	strcpy(id, p->id);
	assert_true(policy_store_replace(all, p));
}

/* The number of the policy that <id> leads to; it is not held any more. */
static int number_of(const char *id)
{
	const struct policy *p =
		policy_store_hold(all, id ? slice_str(id) : (struct slice){0});
	int number = atoi(p->rules[0].outcome.rule);

	policy_store_release(all, p);
	return number;
}

static int start(void **state)
{
	now_ms = 5000;
	freed = 0;
	all = policy_store_new(numbered(0));
	return all ? 0 : -1;
}

static int stop(void **state)
{
	policy_store_free(all);
	policy_store_free(NULL);
	return 0;
}

static void test_one(void **state)
{
	const struct policy *p = policy_store_hold(all, (struct slice){0});

	assert_string_equal(p->rules[0].outcome.rule, "0");
	assert_int_equal(number_of(p->id), 0);
	assert_int_equal(number_of("0123456789abcdef"), 0);
	policy_store_release(all, p);
	now_ms += 10 * POLICY_STORE_KEEP_MS;
	assert_int_equal(number_of(NULL), 0);
	assert_int_equal(freed, 0);
}

static void test_replaced(void **state)
{
	char id[3][POLICY_ID_SIZE];

	strcpy(id[0], policy_store_hold(all, (struct slice){0})->id);
	policy_store_release(all, policy_store_hold(all, (struct slice){0}));
	policy_store_release(all, policy_store_hold(all, slice_str(id[0])));
	replace(1, id[1]);
	assert_int_equal(number_of(NULL), 1);
	assert_int_equal(number_of(id[0]), 0);
	assert_int_equal(number_of(id[1]), 1);
	assert_int_equal(number_of("0123456789abcdef"), 1);
	assert_int_equal(number_of("0"), 1); /* a beginning is not enough */
	now_ms += 60 * 1000;
	replace(2, id[2]);
	for (int i = 0; i < 3; i++)
		assert_int_equal(number_of(id[i]), i);
	assert_int_equal(freed, 0);
}

/* The first one is held all along. */
static void test_expiry(void **state)
{
	const struct policy *first = policy_store_hold(all, (struct slice){0});
	char id[6][POLICY_ID_SIZE];

	strcpy(id[0], first->id);
	assert_ptr_equal(policy_store_hold(all, slice_str(id[0])), first);
	replace(1, id[1]);
	replace(2, id[2]);
	/* not a millisecond too early, counted from when it was replaced */
	now_ms += POLICY_STORE_KEEP_MS - 1;
	replace(3, id[3]);
	assert_int_equal(freed, 0);
	assert_int_equal(number_of(id[1]), 1);
	now_ms++;
	replace(4, id[4]);
	assert_int_equal(freed, 1);
	assert_int_equal(number_of(id[1]), 4); /* gone: the newest instead */
	assert_int_equal(number_of(id[2]), 2); /* it was replaced later */
	assert_int_equal(number_of(id[0]), 0); /* held */
	policy_store_release(all, first);
	now_ms += POLICY_STORE_KEEP_MS;
	replace(5, id[5]);
	assert_int_equal(freed, 3);            /* 2 and 3; 4 has just been replaced */
	assert_int_equal(number_of(id[0]), 0); /* by one still */
	policy_store_release(all, first);
	assert_int_equal(freed, 3); /* that is nothing for whoever decides */
	policy_store_expire(all);
	assert_int_equal(freed, 4);
	now_ms += POLICY_STORE_KEEP_MS - 1;
	policy_store_expire(all);
	assert_int_equal(freed, 4);
	now_ms++;
	policy_store_expire(all);
	assert_int_equal(freed, 5);
	policy_store_expire(all);
	assert_int_equal(freed, 5); /* the one in force stays */
	assert_int_equal(number_of(id[0]), 5);
}

/* The same text again is the same policy: nothing is kept twice. */
static void test_same_again(void **state)
{
	const struct policy *old = policy_store_hold(all, (struct slice){0}), *now;
	char id[POLICY_ID_SIZE];

	replace(0, id);
	assert_string_equal(old->id, id);
	assert_int_equal(freed, 1);
	now = policy_store_hold(all, slice_str(id));
	assert_ptr_equal(now, old);
	policy_store_release(all, now);
	policy_store_release(all, old);
}

/* However often it is replaced, few are kept; those that are held beside. */
static void test_many(void **state)
{
	const struct policy *first = policy_store_hold(all, (struct slice){0});
	char id[3 * POLICY_STORE_KEEP][POLICY_ID_SIZE];

	strcpy(id[0], first->id);
	for (unsigned i = 1; i < 3 * POLICY_STORE_KEEP; i++)
		replace(i, id[i]);
	assert_int_equal(freed, 2 * POLICY_STORE_KEEP - 2);
	assert_int_equal(number_of(id[0]), 0);
	assert_int_equal(number_of(id[1]), 3 * POLICY_STORE_KEEP - 1);
	assert_int_equal(number_of(id[2 * POLICY_STORE_KEEP - 1]),
			 2 * POLICY_STORE_KEEP - 1);
	policy_store_release(all, first);
}

static void test_no_memory(void **state)
{
	struct policy *p = numbered(1);

	no_memory = true;
	assert_false(policy_store_replace(all, p));
	assert_null(policy_store_new(p));
	no_memory = false;
	assert_int_equal(freed, 0);
	assert_int_equal(number_of(NULL), 0);
	policy_free(p);
}

enum { THREADS = 4, ROUNDS = 2000 };

static void *hold_and_release(void *id)
{
	for (int i = 0; i < ROUNDS; i++) {
		const struct policy *p =
			policy_store_hold(all, i % 2 ? slice_str(id) : (struct slice){0});

		if (p->nrules != 1 || p->rules[0].outcome.rule[0] == '\0')
			abort();
		policy_store_release(all, p);
	}
	return NULL;
}

static void test_threads(void **state)
{
	char first[POLICY_ID_SIZE], id[POLICY_ID_SIZE];
	pthread_t threads[THREADS];

	replace(0, first);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(
			pthread_create(&threads[i], NULL, hold_and_release, first), 0);
	for (unsigned i = 1; i <= 50; i++) {
		now_ms += POLICY_STORE_KEEP_MS;
		replace(i, id);
	}
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	now_ms += POLICY_STORE_KEEP_MS;
	replace(51, id);
	now_ms += POLICY_STORE_KEEP_MS;
	replace(52, id);
	assert_int_equal(freed, 52); /* two are left: the last one, and the one before */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_one, start, stop),
		cmocka_unit_test_setup_teardown(test_replaced, start, stop),
		cmocka_unit_test_setup_teardown(test_expiry, start, stop),
		cmocka_unit_test_setup_teardown(test_same_again, start, stop),
		cmocka_unit_test_setup_teardown(test_many, start, stop),
		cmocka_unit_test_setup_teardown(test_no_memory, start, stop),
		cmocka_unit_test_setup_teardown(test_threads, start, stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
