/* SPDX-License-Identifier: MIT */
/* What the network sends does not get into HAProxy's log as it is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "decide/answer.h"

static uint8_t scratch[ANSWER_TEXT];

/* The variable of an AE title, or of a SOP class. */
static struct slice title(struct slice text)
{
	const struct verdict v = {.rqlen = 1, .calling_ae = text};
	struct spop_value value = answer_value(&v, VARIABLE_CALLING_AE, scratch);

	assert_int_equal(value.type, SPOP_DATA_T_STR);
	return value.data;
}

static struct slice uid(struct slice text)
{
	const struct verdict v = {.sop_class = text};
	struct spop_value value = answer_value(&v, VARIABLE_SOP_CLASS, scratch);

	assert_int_equal(value.type, SPOP_DATA_T_STR);
	return value.data;
}

static void assert_heard(struct slice (*heard)(struct slice), struct slice text,
			 const char *expected)
{
	assert_true(slice_equal(heard(text), slice_str(expected)));
}

static void test_plain_text_stays(void **state)
{
	assert_heard(title, slice_str("CT_1 /%[src]'"), "CT_1 /%[src]'");
	assert_heard(title, slice_str(""), "");
	assert_heard(title, (struct slice){0}, "");
}

static void test_what_could_forge_a_line_is_escaped(void **state)
{
	assert_heard(title, slice_str("A\" x=\"\n\\"), "A\\x22 x=\\x22\\x0a\\x5c");
	assert_heard(title, slice_of("\0\x1f\x7f\xc3\xff", 5),
		     "\\x00\\x1f\\x7f\\xc3\\xff");
}

static void test_every_byte(void **state)
{
	for (unsigned byte = 0; byte < 256; byte++) {
		uint8_t one = (uint8_t)byte;
		struct slice s = title(slice_of(&one, 1));

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
	assert_int_equal(uid(slice_of(bytes, sizeof(bytes))).len, 64);
	memset(bytes, 0xff, sizeof(bytes));
	assert_int_equal(uid(slice_of(bytes, sizeof(bytes))).len, 256);
}

static void test_uids_by_name(void **state)
{
	/* longer than any UID */
	static const char keyword[] =
		"IntravascularOpticalCoherenceTomographyImageStorageForPresentation";

	assert_heard(uid, slice_str("1.2.840.10008.5.1.4.1.1.2"), "CTImageStorage");
	assert_heard(uid, slice_str("1.2.840.10008.5.1.4.1.1.14.1"), keyword);
	assert_heard(uid, slice_str("1.2.3.4"), "1.2.3.4");
	assert_heard(uid, slice_str("1.2\"\n"), "1.2\\x22\\x0a");
}

/* Every variable of the agent is in the table, with its type, or not set at all. */
static void test_types(void **state)
{
	static const struct policy_outcome outcome = {.rule = "r"};
	static const struct policy_pool pool = {.name = "p"};
	static const struct policy policy = {.id = "1"};
	const struct verdict full = {.kind = VERDICT_ACCEPT,
				     .error = "e",
				     .policy = &policy,
				     .began = 1,
				     .outcome = &outcome,
				     .pool = &pool,
				     .reply = slice_str("x"),
				     .request = slice_str("y"),
				     .rqlen = 2,
				     .need = 3,
				     .accepted = 4,
				     .sop_class = slice_str("1.2"),
				     .transfer_syntax = slice_str("1.3"),
				     .took = 5000},
			     empty = {.kind = VERDICT_NONE};

	for (unsigned id = 0; id < VARIABLE_COUNT; id++) {
		static const enum spop_data_type types[] = {
			[VARIABLE_TEXT] = SPOP_DATA_T_STR,
			[VARIABLE_BYTES] = SPOP_DATA_T_BIN,
			[VARIABLE_NUMBER] = SPOP_DATA_T_INT64};
		enum variable v = (enum variable)id;

		if (v == VARIABLE_KEY)
			continue;
		assert_int_equal(answer_value(&full, v, scratch).type,
				 types[variables[id].type]);
		assert_int_equal(answer_value(&empty, v, scratch).type, SPOP_DATA_T_NULL);
	}
	assert_int_equal(answer_value(&full, VARIABLE_DECISION_US, scratch).number, 5);
}

/* A refusal has no pool; a fallback that refuses has an empty one. */
static void test_backend(void **state)
{
	static const struct policy_outcome outcome = {.rule = "r"};
	struct verdict v = {.kind = VERDICT_REJECT, .outcome = &outcome};

	assert_int_equal(answer_value(&v, VARIABLE_BACKEND, scratch).type,
			 SPOP_DATA_T_NULL);
	v.kind = VERDICT_MORE;
	assert_int_equal(answer_value(&v, VARIABLE_BACKEND, scratch).type,
			 SPOP_DATA_T_STR);
	assert_int_equal(answer_value(&v, VARIABLE_BACKEND, scratch).data.len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain_text_stays),
		cmocka_unit_test(test_what_could_forge_a_line_is_escaped),
		cmocka_unit_test(test_every_byte),
		cmocka_unit_test(test_no_more_than_the_longest_uid),
		cmocka_unit_test(test_uids_by_name),
		cmocka_unit_test(test_types),
		cmocka_unit_test(test_backend),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
