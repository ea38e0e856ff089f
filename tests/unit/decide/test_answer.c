/* SPDX-License-Identifier: MIT */
/* What the network sends does not get into HAProxy's log as it is: answer.h */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "decide/answer.h"
#include "spop/data.h"

/* The variable that answer_plain() or answer_uid() sets. */
static struct slice heard(void (*set)(struct writer *, const char *, struct slice),
			  struct slice text)
{
	static uint8_t bytes[1024];
	struct writer ack = writer_of(bytes, sizeof(bytes));
	struct spop_value value;
	struct reader r;

	set(&ack, "name", text);
	assert_true(writer_ok(&ack));
	r = reader_of(writer_slice(&ack), false);
	reader_bytes(&r, 3); /* set-var, its arguments, the scope: SPOE.txt 3.4 */
	assert_true(slice_equal(spop_bytes_read(&r), slice_str("name")));
	assert_true(spop_value_read(&r, &value));
	assert_true(reader_done(&r));
	assert_int_equal(value.type, SPOP_DATA_T_STR);
	return value.data;
}

static void assert_heard(void (*set)(struct writer *, const char *, struct slice),
			 struct slice text, const char *expected)
{
	assert_true(slice_equal(heard(set, text), slice_str(expected)));
}

static void test_plain_text_stays(void **state)
{
	assert_heard(answer_plain, slice_str("CT_1 /%[src]'"), "CT_1 /%[src]'");
	assert_heard(answer_plain, slice_str(""), "");
	assert_heard(answer_plain, (struct slice){0}, "");
}

static void test_what_could_forge_a_line_is_escaped(void **state)
{
	assert_heard(answer_plain, slice_str("A\" x=\"\n\\"), "A\\x22 x=\\x22\\x0a\\x5c");
	assert_heard(answer_plain, slice_of("\0\x1f\x7f\xc3\xff", 5),
		     "\\x00\\x1f\\x7f\\xc3\\xff");
}

static void test_every_byte(void **state)
{
	for (unsigned byte = 0; byte < 256; byte++) {
		uint8_t one = (uint8_t)byte;
		struct slice s = heard(answer_plain, slice_of(&one, 1));

		assert_true(s.len == 1 ? s.ptr[0] == byte : s.len == 4);
		for (size_t i = 0; i < s.len; i++)
			assert_true(s.ptr[i] >= ' ' && s.ptr[i] < 0x7f &&
				    s.ptr[i] != '"');
	}
}

static void test_no_more_than_the_longest_uid(void **state)
{
	uint8_t bytes[3000];

	memset(bytes, '1', sizeof(bytes));
	assert_int_equal(heard(answer_uid, slice_of(bytes, sizeof(bytes))).len, 64);
	memset(bytes, 0xff, sizeof(bytes));
	assert_int_equal(heard(answer_uid, slice_of(bytes, sizeof(bytes))).len, 256);
}

static void test_uids_by_name(void **state)
{
	/* longer than any UID */
	static const char keyword[] =
		"IntravascularOpticalCoherenceTomographyImageStorageForPresentation";

	assert_heard(answer_uid, slice_str("1.2.840.10008.5.1.4.1.1.2"),
		     "CTImageStorage");
	assert_heard(answer_uid, slice_str("1.2.840.10008.5.1.4.1.1.14.1"), keyword);
	assert_heard(answer_uid, slice_str("1.2.3.4"), "1.2.3.4");
	assert_heard(answer_uid, slice_str("1.2\"\n"), "1.2\\x22\\x0a");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain_text_stays),
		cmocka_unit_test(test_what_could_forge_a_line_is_escaped),
		cmocka_unit_test(test_every_byte),
		cmocka_unit_test(test_no_more_than_the_longest_uid),
		cmocka_unit_test(test_uids_by_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
