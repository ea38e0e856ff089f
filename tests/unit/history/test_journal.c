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

static void put_text(struct writer *w, const char *name, const char *text)
{
	spop_bytes_write(w, slice_str(name));
	spop_value_write(w, &(struct spop_value){.type = SPOP_DATA_T_STR,
						 .data = slice_str(text)});
}

static void put_bytes(struct writer *w, const char *name, const void *bytes, size_t len)
{
	spop_bytes_write(w, slice_str(name));
	spop_value_write(w, &(struct spop_value){.type = SPOP_DATA_T_BIN,
						 .data = slice_of(bytes, len)});
}

/* A message of <len> bytes of <fill>, and its answer, of which <rqlen> are the RQ. */
static void note(struct journal *all, const char *name, const char *id, uint8_t fill,
		 size_t len, size_t rqlen, size_t needed)
{
	static _Thread_local uint8_t rq[128 * 1024], args[129 * 1024], ack[4096];
	struct writer w = writer_of(args, sizeof(args)), a = writer_of(ack, sizeof(ack));

	memset(rq, fill, len);
	put_text(&w, "id", id);
	put_bytes(&w, "rq", rq, len);
	put_bytes(&w, "learned", rq, 1);
	put_bytes(&w, "src", "\12\0\0\1", 4);
	spop_set_var_str(&a, "error", slice_str("first"));
	spop_set_var_bin(&a, "reply", slice_str("a PDU"));
	spop_set_var_str(&a, "key", slice_str("PATIENT"));
	spop_set_var_int(&a, "rqlen", (int64_t)rqlen);
	spop_set_var_str(&a, "rule", slice_str(id));
	spop_set_var_str(&a, "error", slice_str("last"));
	assert_true(writer_ok(&w) && writer_ok(&a));
	journal_note(all, slice_str(name), reader_of(writer_slice(&w), false), 4,
		     writer_slice(&a), needed);
}

static struct journal_entry found;

static const char *text_of(const char *name)
{
	static char text[128];
	struct slice value = journal_variable(&found, name).data;

	snprintf(text, sizeof(text), "%.*s", (int)value.len, (const char *)value.ptr);
	return text;
}

static size_t length_of(const char *wanted)
{
	struct reader args = journal_args(&found);
	struct spop_value value;
	struct slice name;

	for (unsigned i = 0; i < found.nargs; i++) {
		assert_true(spop_arg_next(&args, &name, &value));
		if (slice_equal(name, slice_str(wanted)))
			return value.data.len;
	}
	assert_int_equal(reader_left(&args), 0);
	return SIZE_MAX;
}

static void test_what_is_kept(void **state)
{
	struct journal *all = journal_new(4);

	note(all, "associate", "A1", 'x', 500, 300, 0);
	assert_true(journal_find(all, slice_str("A1"), &found));
	assert_true(found.first);
	assert_int_equal(found.messages, 1);
	assert_string_equal(text_of("rule"), "A1");
	assert_string_equal(text_of("error"), "last");
	assert_int_equal(journal_variable(&found, "rqlen").number, 300);
	assert_int_equal(length_of("rq"), 500);
	assert_int_equal(length_of("src"), 4);
	/* what may be a patient's, what is large, and what no rule asks for */
	assert_int_equal(journal_variable(&found, "key").type, SPOP_DATA_T_NULL);
	assert_int_equal(journal_variable(&found, "reply").type, SPOP_DATA_T_NULL);
	assert_int_equal(length_of("learned"), SIZE_MAX);
	assert_int_equal(length_of("id"), SIZE_MAX);
	note(all, "dataset", "A1", 'x', 100000, 300, 1000);
	assert_true(journal_find(all, slice_str("A1"), &found));
	assert_false(found.first);
	assert_int_equal(found.messages, 2);
	assert_int_equal(length_of("rq"), 300 + 2 * 1000 + JOURNAL_SLACK);
	assert_true(found.began_ms <= found.ended_ms && found.began_ms > 0);
	journal_free(all);
}

static void test_what_does_not_fit(void **state)
{
	struct journal *all = journal_new(2);

	note(all, "dataset", "A1", 'x', 120000, 69000, 50000);
	assert_true(journal_find(all, slice_str("A1"), &found));
	assert_in_range(length_of("rq"), JOURNAL_BYTES - 300, JOURNAL_BYTES);
	assert_int_equal(length_of("src"), 4);
	assert_string_equal(text_of("rule"), "A1");
	journal_free(all);
}

static void test_ids(void **state)
{
	struct journal *all = journal_new(2);
	char id[JOURNAL_ID + 2];

	memset(id, 'i', sizeof(id));
	id[JOURNAL_ID + 1] = '\0';
	note(all, "associate", id, 'x', 10, 10, 0);
	note(all, "associate", "", 'x', 10, 10, 0);
	assert_false(journal_before(all, UINT64_MAX, &found));
	id[JOURNAL_ID] = '\0';
	note(all, "associate", id, 'x', 10, 10, 0);
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
			 text_of("rule"));
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
		note(all, "associate", id, 'x', 10, 10, 0);
		if (i == 2)
			check_list(all, "2 1 ");
	}
	check_list(all, "8 7 6 ");
	note(all, "dataset", "7", 'x', 10, 10, 0);
	check_list(all, "8 7 6 ");
	for (int i = 1; i <= 8; i++) {
		snprintf(id, sizeof(id), "%d", i);
		assert_int_equal(journal_find(all, slice_str(id), &found), i >= 6);
	}
	/* one that was forgotten is a new one */
	note(all, "dataset", "1", 'x', 10, 10, 0);
	check_list(all, "1 8 7 ");
	journal_free(all);
	all = journal_new(1);
	note(all, "associate", "1", 'x', 10, 10, 0);
	note(all, "associate", "2", 'x', 10, 10, 0);
	check_list(all, "2 ");
	journal_free(all);
}

enum { THREADS = 4, EACH = 2000, KEPT = 64 };

static void *writes(void *all)
{
	static _Thread_local char id[32];

	for (unsigned i = 0; i < EACH; i++) {
		snprintf(id, sizeof(id), "%u", i % (2 * KEPT));
		note(all, "dataset", id, (uint8_t)(i % (2 * KEPT)), 100 + i % 3000, 50,
		     20);
	}
	return NULL;
}

/* Whatever is read is of one piece: the id, the rule, and each byte of what was asked. */
static void check_piece(struct journal_entry *one)
{
	struct reader args = journal_args(one);
	struct slice rule = journal_variable(one, "rule").data, name;
	struct spop_value value;
	unsigned is = 0;

	assert_true(slice_equal(journal_id(one), rule));
	for (size_t i = 0; i < rule.len; i++)
		is = 10 * is + (unsigned)(rule.ptr[i] - '0');
	for (unsigned i = 0; i < one->nargs; i++) {
		assert_true(spop_arg_next(&args, &name, &value));
		for (size_t k = 0;
		     slice_equal(name, slice_str("rq")) && k < value.data.len; k++)
			assert_int_equal(value.data.ptr[k], is);
	}
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
