/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "decide/verdict.h"
#include "sample.h"

static uint8_t bytes[64];

static void test_words(void **state)
{
	assert_null(verdict_word(VERDICT_NONE));
	assert_string_equal(verdict_word(VERDICT_REJECT), "reject");
	assert_string_equal(verdict_word(VERDICT_ROUTE), "route");
	assert_string_equal(verdict_word(VERDICT_ACCEPT), "accept");
	assert_string_equal(verdict_word(VERDICT_MORE), "more");
}

/* PS3.8 9.3.4: result, source and reason are bytes 8 to 10 */
static void test_reject(void **state)
{
	const char *error = "called AE title not recognized";
	struct writer w = writer_of(bytes, sizeof(bytes));
	struct verdict v = {.kind = VERDICT_ROUTE};

	verdict_reject(&v, &w, (struct rejection){2, 1, 7}, error);
	assert_int_equal(v.kind, VERDICT_REJECT);
	assert_true(slice_equal(v.reply, sample("03 00 00000004 00 02 01 07")));
	assert_int_equal(v.rejection.result, 2);
	assert_int_equal(v.rejection.source, 1);
	assert_int_equal(v.rejection.reason, 7);
	assert_false(v.aborts);
	assert_ptr_equal(v.error, error);
}

/* PS3.8 9.3.8: source and reason are bytes 9 and 10 */
static void test_abort(void **state)
{
	struct writer w = writer_of(bytes, sizeof(bytes));
	struct verdict v = {.kind = VERDICT_MORE};

	verdict_abort(&v, &w, PDU_ABORT_UNEXPECTED_PDU, "why");
	assert_int_equal(v.kind, VERDICT_REJECT);
	assert_true(slice_equal(v.reply, sample("07 00 00000004 00 00 02 02")));
	assert_true(v.aborts);
	assert_int_equal(v.abort_reason, PDU_ABORT_UNEXPECTED_PDU);
	assert_int_equal(v.rejection.result, 0); /* that is no A-ASSOCIATE-RJ */
	assert_string_equal(v.error, "why");
}

/* Only an outcome that has pools, and was refused all the same */
static void test_unreachable(void **state)
{
	const struct policy_pools pools = {0};
	const struct policy_outcome to_pools = {.pools = &pools}, refuses = {0};
	struct verdict v = {.kind = VERDICT_REJECT};

	assert_false(verdict_unreachable(&v));
	v.outcome = &refuses;
	assert_false(verdict_unreachable(&v));
	v.outcome = &to_pools;
	assert_true(verdict_unreachable(&v));
	v.kind = VERDICT_ROUTE;
	assert_false(verdict_unreachable(&v));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_reject),
		cmocka_unit_test(test_abort),
		cmocka_unit_test(test_unreachable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
