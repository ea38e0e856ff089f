/* SPDX-License-Identifier: MIT */
/* Actions of an ACK (SPOE.txt 3.4); varints, values and arguments are in test_frame.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "edge.h"
#include "sample.h"
#include "spop/data.h"

static uint8_t bytes[256];

/* As HAProxy reads them: action, three arguments, scope of the transaction, name, value
 */
static void test_written(void **state)
{
	struct writer ack = writer_of(bytes, sizeof(bytes));

	spop_set_var_str(&ack, "rule", slice_str("CT"));
	spop_set_var_bin(&ack, "reply", slice_of("\0", 1));
	spop_set_var_int(&ack, "need", 240);
	spop_set_var_int(&ack, "n", -1);
	spop_set_var_bool(&ack, "t", true);
	spop_set_var_bool(&ack, "f", false);
	spop_set_var(&ack, "no", &(struct spop_value){.type = SPOP_DATA_T_NULL});
	assert_true(slice_equal(
		writer_slice(&ack),
		sample("01 03 02 04 'rule' 08 02 'CT' 01 03 02 05 'reply' 09 01 00"
		       "01 03 02 04 'need' 04 F0 00"
		       "01 03 02 01 'n' 04 FF F0 FE FE FE FE FE FE FE 0E"
		       "01 03 02 01 't' 11 01 03 02 01 'f' 01 01 03 02 02 'no' 00")));
}

static void check_next(struct reader *r, const char *expected_name,
		       struct spop_value expected)
{
	struct spop_value value;
	struct slice name;

	assert_true(spop_action_next(r, &name, &value));
	assert_true(is_text(name, expected_name));
	assert_int_equal(value.type, expected.type);
	assert_int_equal(value.number, expected.number);
	assert_true(slice_equal(value.data, expected.data));
}

static struct slice two(void)
{
	return sample("01 03 02 01 'a' 08 02 'CT' 01 03 00 02 'bc' 04 F0 00");
}

static void test_read(void **state)
{
	struct reader r = reader_of(edge(two()), false);
	struct spop_value value;
	struct slice name;

	check_next(&r, "a",
		   (struct spop_value){.type = SPOP_DATA_T_STR, .data = slice_str("CT")});
	check_next(&r, "bc",
		   (struct spop_value){.type = SPOP_DATA_T_INT64, .number = 240});
	assert_false(spop_action_next(&r, &name, &value));
	assert_true(reader_done(&r));
}

/* Cut anywhere, it gives the actions that are whole and no other. */
static void test_every_prefix(void **state)
{
	for (size_t len = 0; len < two().len; len++) {
		struct reader r = reader_of(edge(slice_head(two(), len)), false);
		struct spop_value value;
		struct slice name;
		size_t n = 0;

		while (spop_action_next(&r, &name, &value)) {
			assert_true(is_text(name, "a"));
			n++;
		}
		assert_int_equal(n, len >= 9);
		assert_int_equal(r.state, len == 0 || len == 9 ? READ_OK : READ_BAD);
	}
}

static void test_other_actions(void **state)
{
	static const char *const others[] = {
		"02 03 02 01 'a' 00", /* unset-var */
		"01 02 02 01 'a' 00", /* set-var of two arguments */
		"00 03 02 01 'a' 00",
		"01 03 02 01 'a' 0A",           /* a reserved type */
		"01 03 02 FF FFFF FFFF 'a' 00", /* a name that is longer than the ACK */
	};

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		struct reader r = reader_of(edge(sample(others[i])), false);
		struct spop_value value;
		struct slice name;

		assert_false(spop_action_next(&r, &name, &value));
	}
}

/* An ACK without the rest of an action would be refused as a whole. */
static void test_no_room(void **state)
{
	for (size_t cap = 0; cap <= 12; cap++) {
		struct writer ack = writer_of(bytes, cap);

		spop_set_var_str(&ack, "rule", slice_str("CT"));
		assert_int_equal(writer_ok(&ack), cap == 12);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_written),      cmocka_unit_test(test_read),
		cmocka_unit_test(test_every_prefix), cmocka_unit_test(test_other_actions),
		cmocka_unit_test(test_no_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
