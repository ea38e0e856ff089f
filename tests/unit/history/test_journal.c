/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdio.h>

#include "history/journal.h"
#include "edge.h"

/* A question of <len> bytes of <fill>, of which <rqlen> are the RQ, and its verdict,
 * whose rule is the id.
 */
static void note(struct journal *all, enum question_kind kind, const char *id,
		 uint8_t fill, size_t len, size_t rqlen, size_t needed)
{
	static const struct policy policy = {.id = "0123456789abcdef"};
	static const struct policy_pool pool = {.name = "pool"};
	static _Thread_local uint8_t rq[128 * 1024];
	const struct policy_outcome outcome = {.rule = id};
	const struct question q = {
		.kind = kind,
		.id = slice_str(id),
		.rq = slice_of(rq, len),
		.down = slice_str("mr"),
		.connection = {.address = slice_of("\12\0\0\1", 4), .port = 104}};
	const struct verdict v = {.associate = kind == QUESTION_ASSOCIATE,
				  .kind = VERDICT_ROUTE,
				  .error = "an error",
				  .policy = &policy,
				  .began = 4711,
				  .outcome = &outcome,
				  .pool = &pool,
				  .reply = slice_str("a PDU"),
				  .rqlen = rqlen,
				  .calling_ae = slice_str("CT\n"),
				  .took = 5000};

	memset(rq, fill, len);
	journal_note(all, &q, &v, needed);
}

static struct journal_entry found;

static const char *text_of(enum variable id)
{
	static char text[128];
	struct slice value = journal_text(&found, id);

	snprintf(text, sizeof(text), "%.*s", (int)value.len, (const char *)value.ptr);
	return text;
}

static void test_what_is_kept(void **state)
{
	struct journal *all = journal_new(4);
	struct question q;

	note(all, QUESTION_ASSOCIATE, "A1", 'x', 500, 300, 0);
	assert_true(journal_find(all, slice_str("A1"), &found));
	assert_true(found.associate);
	assert_int_equal(found.questions, 1);
	assert_int_equal(found.rqlen, 300);
	assert_string_equal(text_of(VARIABLE_RULE), "A1");
	assert_string_equal(text_of(VARIABLE_ERROR), "an error");
	assert_string_equal(text_of(VARIABLE_VERDICT), "route");
	assert_string_equal(text_of(VARIABLE_BACKEND), "pool");
	assert_string_equal(text_of(VARIABLE_CALLING_AE), "CT\\x0a");
	assert_int_equal(journal_number(&found, VARIABLE_DECISION_US), 5);
	/* what is not shown: PDUs, and what may be a patient's */
	assert_string_equal(text_of(VARIABLE_REPLY), "");
	assert_string_equal(text_of(VARIABLE_KEY), "");
	assert_int_equal(journal_number(&found, VARIABLE_RQLEN), -1);
	q = journal_question(&found);
	assert_int_equal(q.kind, QUESTION_ASSOCIATE);
	assert_int_equal(q.rq.len, 500);
	assert_int_equal(q.connection.address.len, 4);
	assert_int_equal(q.connection.port, 104);
	assert_true(slice_equal(q.down, slice_str("mr")));
	assert_true(slice_equal(q.policy, slice_str("0123456789abcdef")));
	assert_int_equal(q.began, 4711);
	assert_int_equal(q.id.len + q.ac.len + q.learned.len, 0);
	note(all, QUESTION_DATASET, "A1", 'x', 100000, 300, 1000);
	assert_true(journal_find(all, slice_str("A1"), &found));
	assert_false(found.associate);
	assert_int_equal(found.questions, 2);
	assert_int_equal(journal_question(&found).rq.len, 300 + 2 * 1000 + JOURNAL_SLACK);
	assert_true(found.began_ms <= found.ended_ms && found.began_ms > 0);
	journal_free(all);
}

static void test_what_does_not_fit(void **state)
{
	struct journal *all = journal_new(2);

	note(all, QUESTION_DATASET, "A1", 'x', 120000, 69000, 50000);
	assert_true(journal_find(all, slice_str("A1"), &found));
	assert_in_range(journal_question(&found).rq.len, JOURNAL_BYTES - 300,
			JOURNAL_BYTES);
	assert_int_equal(journal_question(&found).connection.address.len, 4);
	assert_string_equal(text_of(VARIABLE_RULE), "A1");
	journal_free(all);
}

static void test_ids(void **state)
{
	struct journal *all = journal_new(2);
	char id[JOURNAL_ID + 2];

	memset(id, 'i', sizeof(id));
	id[JOURNAL_ID + 1] = '\0';
	note(all, QUESTION_ASSOCIATE, id, 'x', 10, 10, 0);
	note(all, QUESTION_ASSOCIATE, "", 'x', 10, 10, 0);
	assert_false(journal_before(all, UINT64_MAX, &found));
	id[JOURNAL_ID] = '\0';
	note(all, QUESTION_ASSOCIATE, id, 'x', 10, 10, 0);
	assert_true(journal_find(all, slice_str(id), &found));
	assert_false(
		journal_find(all, slice_head(slice_str(id), JOURNAL_ID - 1), &found));
	journal_free(all);
}

/* The numbers of those that are there, newest first. */
static void check_list(struct journal *all, const char *expected)
{
	char list[256] = "";
	uint64_t number = UINT64_MAX;

	while (journal_before(all, number, &found)) {
		number = found.number;
		snprintf(list + strlen(list), sizeof(list) - strlen(list), "%s ",
			 text_of(VARIABLE_RULE));
	}
	assert_string_equal(list, expected);
}

static void test_the_ring(void **state)
{
	struct journal *all = journal_new(3);
	char id[16];

	check_list(all, "");
	for (int i = 1; i <= 8; i++) {
		snprintf(id, sizeof(id), "%d", i);
		note(all, QUESTION_ASSOCIATE, id, 'x', 10, 10, 0);
		if (i == 2)
			check_list(all, "2 1 ");
	}
	check_list(all, "8 7 6 ");
	note(all, QUESTION_DATASET, "7", 'x', 10, 10, 0);
	check_list(all, "8 7 6 ");
	for (int i = 1; i <= 8; i++) {
		snprintf(id, sizeof(id), "%d", i);
		assert_int_equal(journal_find(all, slice_str(id), &found), i >= 6);
	}
	/* one that was forgotten is a new one */
	note(all, QUESTION_DATASET, "1", 'x', 10, 10, 0);
	check_list(all, "1 8 7 ");
	journal_free(all);
	all = journal_new(1);
	note(all, QUESTION_ASSOCIATE, "1", 'x', 10, 10, 0);
	note(all, QUESTION_ASSOCIATE, "2", 'x', 10, 10, 0);
	check_list(all, "2 ");
	journal_free(all);
}

enum { THREADS = 4, EACH = 2000, KEPT = 64 };

static void *writes(void *all)
{
	static _Thread_local char id[32];

	for (unsigned i = 0; i < EACH; i++) {
		snprintf(id, sizeof(id), "%u", i % (2 * KEPT));
		note(all, QUESTION_DATASET, id, (uint8_t)(i % (2 * KEPT)), 100 + i % 3000,
		     50, 20);
	}
	return NULL;
}

/* Whatever is read is of one piece: the id, the rule, and each byte of what was asked. */
static void check_piece(struct journal_entry *one)
{
	struct slice rule = journal_text(one, VARIABLE_RULE),
		     rq = journal_question(one).rq;
	unsigned is = 0;

	assert_true(slice_equal(journal_id(one), rule));
	for (size_t i = 0; i < rule.len; i++)
		is = 10 * is + (unsigned)(rule.ptr[i] - '0');
	assert_true(rq.len > 0);
	for (size_t i = 0; i < rq.len; i++)
		assert_int_equal(rq.ptr[i], is);
}

static void test_many_threads(void **state)
{
	struct journal *all = journal_new(KEPT);
	pthread_t threads[THREADS];
	uint64_t seen = 0;

	for (size_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, writes, all), 0);
	for (unsigned i = 0; i < 200; i++)
		for (uint64_t n = UINT64_MAX; journal_before(all, n, &found);
		     n = found.number, seen++)
			check_piece(&found);
	for (size_t i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	for (uint64_t n = UINT64_MAX; journal_before(all, n, &found);
	     n = found.number, seen++)
		check_piece(&found);
	assert_true(seen >= KEPT);
	journal_free(all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_kept),
		cmocka_unit_test(test_what_does_not_fit),
		cmocka_unit_test(test_ids),
		cmocka_unit_test(test_the_ring),
		cmocka_unit_test(test_many_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
