/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "policy/fact.h"
#include "edge.h"
#include "sample.h"

static void test_constants(void **state)
{
	assert_int_equal(fact_unknown.state, POLICY_UNKNOWN);
	assert_int_equal(fact_unknown.text.len, 0);
	assert_int_equal(fact_absent.state, POLICY_ABSENT);
	assert_int_equal(fact_absent.text.len, 0);
}

/* Borrowed as it is, padding too; one empty value is not the same as no value. */
static void test_present(void **state)
{
	struct slice text = edge(slice_str("CT ")), value;
	struct policy_fact fact = fact_present(text);

	assert_int_equal(fact.state, POLICY_PRESENT);
	assert_ptr_equal(fact.text.ptr, text.ptr);
	assert_int_equal(fact.text.len, 3);
	fact = fact_present((struct slice){0});
	assert_int_equal(fact.state, POLICY_PRESENT);
	assert_int_equal(fact.text.len, 0);
	assert_true(policy_next_value("CS", &fact.text, &value));
	assert_int_equal(value.len, 0);
	assert_false(policy_next_value("CS", &fact.text, &value));
}

static void test_written(void **state)
{
	static const enum policy_fact_state states[] = {POLICY_UNKNOWN, POLICY_ABSENT,
							POLICY_PRESENT, POLICY_ONE_OF,
							POLICY_AT_LEAST};
	uint8_t bytes[8];

	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		struct writer w = writer_of(bytes, sizeof(bytes));
		struct policy_fact fact;

		writer_bytes(&w, slice_str("old"));
		writer_bytes(&w, slice_str("A\\B"));
		fact = fact_written(&w, 3, states[i]);
		assert_int_equal(fact.state, states[i]);
		assert_true(is_text(fact.text, "A\\B"));
		assert_ptr_equal(fact.text.ptr, bytes + 3);
		assert_int_equal(w.len, 6);
		/* nothing written: a value, and an empty one */
		fact = fact_written(&w, 6, states[i]);
		assert_int_equal(fact.state, states[i]);
		assert_int_equal(fact.text.len, 0);
		assert_non_null(fact.text.ptr);
	}
}

/* What does not fit is taken back, and the writer goes on: other facts stay, and later
 * ones find the room.
 */
static void test_too_long(void **state)
{
	uint8_t bytes[8];
	struct writer w = writer_of(bytes, sizeof(bytes));
	struct policy_fact first, fact;

	writer_bytes(&w, slice_str("one"));
	first = fact_written(&w, 0, POLICY_PRESENT);
	writer_bytes(&w, slice_str("1234"));
	writer_bytes(&w, slice_str("56"));
	writer_u8(&w, '7'); /* would fit, but the value is lost already */
	assert_false(writer_ok(&w));
	fact = fact_written(&w, 3, POLICY_AT_LEAST);
	assert_int_equal(fact.state, POLICY_UNKNOWN);
	assert_true(fact_is_too_large(&fact));
	assert_false(fact_is_too_large(&fact_unknown) || fact_is_too_large(&first));
	assert_int_equal(fact.text.len, 0);
	assert_true(writer_ok(&w));
	assert_int_equal(w.len, 3);
	writer_bytes(&w, slice_str("12345"));
	fact = fact_written(&w, 3, POLICY_PRESENT);
	assert_int_equal(fact.state, POLICY_PRESENT);
	assert_true(is_text(fact.text, "12345"));
	assert_true(is_text(first.text, "one"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_constants),
		cmocka_unit_test(test_present),
		cmocka_unit_test(test_written),
		cmocka_unit_test(test_too_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
