/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "edge.h"
#include "metrics/labelled.h"

enum { MOST = 100, THREADS = 4, NAMES = 3 * MOST, ROUNDS = 40000 };

static struct labelled_table table;
static struct labelled t;

static int begin(void **state)
{
	memset(&table, 0, sizeof(table));
	t = (struct labelled){.name = "x_total",
			      .help = "X.",
			      .labels = {"a", "b"},
			      .nlabels = 2,
			      .kept = 1,
			      .most = MOST,
			      .table = &table,
			      .lock = PTHREAD_MUTEX_INITIALIZER};
	return 0;
}

static void add(const char *a, const char *b, int64_t n)
{
	labelled_add(&t, (const struct slice[]){edge(slice_str(a)), slice_str(b)}, n);
}

static const char *text(void)
{
	static char bytes[1 << 20];
	struct writer out = writer_of(bytes, sizeof(bytes) - 1);

	labelled_render(&t, &out);
	assert_true(writer_ok(&out));
	bytes[out.len] = '\0';
	return bytes;
}

static int64_t value_of(const char *a, const char *b)
{
	char head[1024];
	const char *found;

	snprintf(head, sizeof(head), "\nx_total{a=\"%s\",b=\"%s\"} ", a, b);
	found = strstr(text(), head);
	return found ? strtoll(found + strlen(head), NULL, 10) : -1;
}

static void test_what_came_up(void **state)
{
	assert_string_equal(text(), "");
	add("ct", "passed", 1);
	add("", "rejected", 2);
	add("ct", "spliced", 1);
	add("ct", "passed", 1);
	assert_string_equal(text(), "# HELP x_total X.\n"
				    "# TYPE x_total counter\n"
				    "x_total{a=\"ct\",b=\"passed\"} 2\n"
				    "x_total{a=\"\",b=\"rejected\"} 2\n"
				    "x_total{a=\"ct\",b=\"spliced\"} 1\n");
}

static void test_what_lies_next_to_each_other(void **state)
{
	add("ab", "c", 1);
	add("a", "bc", 2);
	add("\\x00", "\"", 3);
	assert_int_equal(value_of("ab", "c"), 1);
	assert_int_equal(value_of("a", "bc"), 2);
	assert_int_equal(value_of("\\\\x00", "\\\""), 3);
}

static void test_empty_label(void **state)
{
	t.nlabels = 1;
	t.kept = 0;
	labelled_add(&t, (const struct slice[]){{0}}, 1);
	labelled_add(&t, (const struct slice[]){slice_str("")}, 1);
	assert_non_null(strstr(text(), "\nx_total{a=\"\"} 2\n"));
}

static void test_gauge(void **state)
{
	const struct slice here[] = {slice_str("here"), slice_str("")};
	const struct slice gone[] = {slice_str("gone"), slice_str("")};

	t.gauge = true;
	labelled_set(&t, here, 5);
	labelled_set(&t, gone, 6);
	labelled_set(&t, here, 7);
	labelled_set(&t, gone, 0);
	assert_non_null(strstr(text(), "# TYPE x_total gauge\n"));
	assert_int_equal(value_of("here", ""), 7);
	assert_null(strstr(text(), "gone"));
}

/* There is room for LABELLED_OTHERS of them, of which so many are there. */
static void check_others(int there)
{
	char kept[16];

	for (int i = there; i < LABELLED_OTHERS; i++) {
		snprintf(kept, sizeof(kept), "k%d", i);
		add("new", kept, 1);
		assert_int_equal(value_of("other", kept), 1);
	}
}

static void test_more_than_there_may_be(void **state)
{
	char name[16];

	for (int i = 0; i < 3 * MOST; i++) {
		snprintf(name, sizeof(name), "n%d", i);
		add(name, i % 2 ? "odd" : "even", 1);
	}
	assert_int_equal(value_of("n0", "even"), 1);
	assert_int_equal(value_of("n99", "odd"), 1);
	assert_int_equal(value_of("n100", "even"), -1);
	assert_int_equal(value_of("other", "odd"), MOST);
	assert_int_equal(value_of("other", "even"), MOST);
	/* what is known goes on */
	add("n7", "odd", 1);
	assert_int_equal(value_of("n7", "odd"), 2);
	assert_int_equal(table.n, MOST + 2);
	check_others(2);
	/* there are not more of these, and nothing breaks */
	add("new", "one too many", 1);
	assert_null(strstr(text(), "one too many"));
}

static void test_too_long(void **state)
{
	static char name[LABELLED_KEY + 10];

	memset(name, 'x', sizeof(name) - 1);
	add(name, "b", 1);
	assert_int_equal(value_of("other", "b"), 1);
	/* that is no reason to count others together */
	add("short", "b", 1);
	assert_int_equal(value_of("short", "b"), 1);
}

static void test_no_room_for_text(void **state)
{
	static char name[LABELLED_KEY - 10];
	int64_t named = 0;

	t.most = LABELLED_MOST;
	for (int i = 0; i < LABELLED_MOST; i++) {
		snprintf(name, sizeof(name), "%0*d", (int)sizeof(name) - 1, i);
		add(name, "b", 1);
		named += value_of(name, "b") == 1;
		if (value_of("other", "b") > 0)
			break;
	}
	assert_in_range(named, LABELLED_TEXT / LABELLED_KEY / 2,
			LABELLED_TEXT / LABELLED_KEY + 20);
	assert_int_equal(value_of("other", "b"), 1);
	check_others(1);
}

static void *count(void *number)
{
	unsigned random = *(const unsigned *)number;
	char name[16];

	for (int i = 0; i < ROUNDS; i++) {
		struct slice values[2];

		random = random * 1103515245 + 12345;
		snprintf(name, sizeof(name), "n%u", (random >> 16) % NAMES);
		values[0] = slice_str(name);
		values[1] = slice_str(random & (1 << 30) ? "x" : "y");
		labelled_add(&t, values, 1);
	}
	return NULL;
}

static int64_t sum(const char *samples)
{
	int64_t all = 0;

	for (const char *at = samples; (at = strstr(at, "\"} ")); at++)
		all += strtoll(at + 3, NULL, 10);
	return all;
}

/* Nothing is lost or comes twice, though they meet the same names for the first time, and
 * while somebody reads.
 */
static void test_threads(void **state)
{
	pthread_t threads[THREADS];
	unsigned seeds[THREADS];
	int64_t last = 0;

	for (unsigned i = 0; i < THREADS; i++) {
		seeds[i] = i + 1;
		assert_int_equal(pthread_create(&threads[i], NULL, count, &seeds[i]), 0);
	}
	for (int i = 0; i < 20; i++) {
		int64_t now = sum(text());

		assert_true(now >= last);
		last = now;
	}
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(sum(text()), THREADS * ROUNDS);
	assert_int_equal(table.n, MOST + 2);
	for (size_t i = 0; i < table.n; i++)
		for (size_t k = 0; k < i; k++)
			assert_false(slice_equal(
				slice_of(table.entries[i].key, table.entries[i].len),
				slice_of(table.entries[k].key, table.entries[k].len)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_what_came_up, begin),
		cmocka_unit_test_setup(test_what_lies_next_to_each_other, begin),
		cmocka_unit_test_setup(test_empty_label, begin),
		cmocka_unit_test_setup(test_gauge, begin),
		cmocka_unit_test_setup(test_more_than_there_may_be, begin),
		cmocka_unit_test_setup(test_too_long, begin),
		cmocka_unit_test_setup(test_no_room_for_text, begin),
		cmocka_unit_test_setup(test_threads, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
