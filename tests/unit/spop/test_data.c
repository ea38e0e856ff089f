/* SPDX-License-Identifier: MIT */
/* Actions of an ACK (SPOE.txt 3.4); varints, values and arguments are in test_frame.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sample.h"
#include "spop/data.h"

static uint8_t bytes[256];

/* As HAProxy reads them: action, three arguments, scope of the transaction, name, value
 */
static void test_written(void **state)
{
	struct writer ack = writer_of(bytes, sizeof(bytes));

	spop_set_var_str(&ack, "rule", slice_str("CT"));
	spop_set_var_str(&ack, "", (struct slice){0});
	spop_set_var(
		&ack, "reply",
		&(struct spop_value){.type = SPOP_DATA_T_BIN, .data = slice_of("\0", 1)});
	spop_set_var(&ack, "need",
		     &(struct spop_value){.type = SPOP_DATA_T_INT64, .number = 240});
	spop_set_var(&ack, "n",
		     &(struct spop_value){.type = SPOP_DATA_T_INT64, .number = -1});
	spop_set_var(&ack, "t",
		     &(struct spop_value){.type = SPOP_DATA_T_BOOL, .number = 1});
	spop_set_var(&ack, "f", &(struct spop_value){.type = SPOP_DATA_T_BOOL});
	spop_set_var(&ack, "no", &(struct spop_value){.type = SPOP_DATA_T_NULL});
	assert_true(slice_equal(
		writer_slice(&ack),
		sample("01 03 02 04 'rule' 08 02 'CT' 01 03 02 00 08 00"
		       "01 03 02 05 'reply' 09 01 00 01 03 02 04 'need' 04 F0 00"
		       "01 03 02 01 'n' 04 FF F0 FE FE FE FE FE FE FE 0E"
		       "01 03 02 01 't' 11 01 03 02 01 'f' 01 01 03 02 02 'no' 00")));
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
		cmocka_unit_test(test_written),
		cmocka_unit_test(test_no_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
