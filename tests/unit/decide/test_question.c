/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "decide/question.h"
#include "edge.h"
#include "sample.h"
#include "spop/data.h"

static uint8_t bytes[1024];
static struct writer w;
static unsigned nargs;

static void put(const char *name, struct spop_value value)
{
	spop_arg_write(&w, slice_str(name), &value);
	nargs++;
}

static void put_text(const char *name, const char *text)
{
	put(name, (struct spop_value){.type = SPOP_DATA_T_STR, .data = slice_str(text)});
}

static void put_number(const char *name, enum spop_data_type type, int64_t number)
{
	put(name, (struct spop_value){.type = type, .number = number});
}

static struct question read_as(const char *message)
{
	return question_read(slice_str(message), reader_of(edge(writer_slice(&w)), false),
			     nargs);
}

static int start(void **state)
{
	w = writer_of(bytes, sizeof(bytes));
	nargs = 0;
	return 0;
}

static void test_kinds(void **state)
{
	static const char *const others[] = {"",          "associat", "associates",
					     "ASSOCIATE", "dataset ", "check"};

	assert_int_equal(read_as("associate").kind, QUESTION_ASSOCIATE);
	assert_int_equal(read_as("dataset").kind, QUESTION_DATASET);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_int_equal(read_as(others[i]).kind, QUESTION_NONE);
}

static void check_nothing(const struct question *q)
{
	for (size_t i = 0; i < QUESTION_ARGUMENTS; i++) {
		struct question copy = *q;
		const struct question_argument *a = &question_arguments[i];

		if (strcmp(a->name, "dport") == 0)
			assert_int_equal(*question_number(&copy, a), -1);
		else if (a->number)
			assert_int_equal(*question_number(&copy, a), 0);
		else
			assert_int_equal(question_slice(&copy, a)->len, 0);
	}
	assert_int_equal(q->now, 0); /* the caller's */
}

/* Every argument of the contract ends in its own member, and changes no other. */
static void test_each_argument(void **state)
{
	struct question q;

	put_text("id", "A1");
	put_text("rq", "RQ");
	put_text("ac", "AC");
	put_text("policy", "P");
	put_text("learned", "L|1|2");
	put_text("down", "a b");
	put_number("began", SPOP_DATA_T_INT64, 1764300000);
	put_number("accepted", SPOP_DATA_T_INT64, 1764300000123456);
	put("src",
	    (struct spop_value){.type = SPOP_DATA_T_IPV4, .data = sample("0A000001")});
	put_number("dport", SPOP_DATA_T_INT64, 104);
	put_text("server_name", "pacs");
	put_text("client_name", "CT 1");
	assert_int_equal(nargs, QUESTION_ARGUMENTS);
	q = read_as("associate");
	assert_true(is_text(q.id, "A1"));
	assert_true(is_text(q.rq, "RQ"));
	assert_true(is_text(q.ac, "AC"));
	assert_true(is_text(q.policy, "P"));
	assert_true(is_text(q.learned, "L|1|2"));
	assert_true(is_text(q.down, "a b"));
	assert_int_equal(q.began, 1764300000);
	assert_int_equal(q.accepted, 1764300000123456);
	assert_true(slice_equal(q.connection.address, sample("0A000001")));
	assert_int_equal(q.connection.port, 104);
	assert_true(is_text(q.connection.server_name, "pacs"));
	assert_true(is_text(q.connection.client_name, "CT 1"));
	/* one alone leaves all others empty */
	for (size_t i = 0; i < QUESTION_ARGUMENTS; i++) {
		const struct question_argument *a = &question_arguments[i];

		start(NULL);
		if (a->number)
			put_number(a->name, SPOP_DATA_T_INT64, 7);
		else
			put_text(a->name, "x");
		q = read_as("dataset");
		if (a->number) {
			assert_int_equal(*question_number(&q, a), 7);
			*question_number(&q, a) = strcmp(a->name, "dport") ? 0 : -1;
		} else {
			assert_true(is_text(*question_slice(&q, a), "x"));
			*question_slice(&q, a) = (struct slice){0};
		}
		check_nothing(&q);
	}
}

/* HAProxy sends NULL for what it does not know, and numbers in whatever type fits. */
static void test_types(void **state)
{
	static const enum spop_data_type integers[] = {
		SPOP_DATA_T_INT32, SPOP_DATA_T_UINT32, SPOP_DATA_T_INT64,
		SPOP_DATA_T_UINT64};
	struct question q;

	for (size_t i = 0; i < QUESTION_ARGUMENTS; i++)
		put(question_arguments[i].name,
		    (struct spop_value){.type = SPOP_DATA_T_NULL});
	q = read_as("associate");
	check_nothing(&q);
	for (size_t i = 0; i < 4; i++) {
		start(NULL);
		put_number("dport", integers[i], 11112);
		assert_int_equal(read_as("associate").connection.port, 11112);
	}
	start(NULL);
	put_text("dport", "104"); /* no number: as if it were not there */
	put_number("began", SPOP_DATA_T_BOOL, 1);
	q = read_as("associate");
	check_nothing(&q);
}

static void test_unknown_arguments(void **state)
{
	struct question q;

	put_text("ID", "no");
	put_text("id ", "no");
	put_text("x", "no");
	put_text("", "no");
	put_text("id", "first");
	put_text("id", "last");
	q = read_as("associate");
	assert_true(is_text(q.id, "last"));
	q.id = (struct slice){0};
	check_nothing(&q);
}

/* As many arguments as the message says, of those that are whole */
static void test_every_prefix(void **state)
{
	size_t first, whole;

	put_text("id", "A1");
	first = w.len;
	put_text("rq", "some bytes");
	whole = w.len;
	for (size_t len = 0; len <= whole; len++) {
		struct question q = question_read(
			slice_str("associate"),
			reader_of(edge(slice_of(bytes, len)), false), nargs);

		assert_int_equal(q.kind, QUESTION_ASSOCIATE);
		assert_int_equal(q.id.len, len >= first ? 2 : 0);
		assert_int_equal(q.rq.len, len == whole ? 10 : 0);
	}
	nargs = 1;
	assert_int_equal(read_as("associate").id.len, 2);
	assert_int_equal(read_as("associate").rq.len, 0);
	nargs = 0;
	assert_int_equal(read_as("associate").id.len, 0);
	nargs = 1000000; /* a number that lies */
	assert_int_equal(read_as("associate").rq.len, 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_kinds, start),
		cmocka_unit_test_setup(test_each_argument, start),
		cmocka_unit_test_setup(test_types, start),
		cmocka_unit_test_setup(test_unknown_arguments, start),
		cmocka_unit_test_setup(test_every_prefix, start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
