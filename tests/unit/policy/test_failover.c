/* SPDX-License-Identifier: MIT */
/* Pools of which no server is up: docs/policy.md, "Pools that are down". */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#include "policy/failover.h"
#include "talk.h"

static const uint8_t congestion[] = {3, 0, 0, 0, 0, 4, 0, 2, 3, 1};
static const uint8_t abort_pdu[] = {7, 0, 0, 0, 0, 4, 0, 0, 2, 0};

static struct talk t;

/* 'CT' to one of two, MR to the only one, the rest to the fallback */
#define THREE_RULES(more)                                                                \
	"{'rules': [{'name': 'ct', 'if': {'Modality': 'CT'}, 'backend': ['ct', "         \
	"'spare']},"                                                                     \
	" {'name': 'mr', 'if': {'Modality': 'MR'}, 'backend': 'mr'}],"                   \
	" 'default': {'backend': ['rest']}" more "}"
#define STRICT          ", 'negotiate': {'accept_while_down': false}"
#define MODALITY(value) STORE("0800 6000 'CS' 0200 " value)

static void check(const struct heard *h, const char *verdict, const char *backend)
{
	if (!is_text(h->verdict, verdict) || !is_text(h->backend, backend))
		fail_msg("%.*s to %.*s instead of %s to %s", (int)h->verdict.len,
			 (const char *)h->verdict.ptr, (int)h->backend.len,
			 (const char *)h->backend.ptr, verdict, backend);
}

static void check_refused(const struct heard *h, const uint8_t pdu[10], const char *rule,
			  const char *error)
{
	assert_true(is_text(h->verdict, "reject"));
	assert_int_equal(h->reply.len, 10);
	assert_memory_equal(h->reply.ptr, pdu, 10);
	assert_true(is_text(h->rule, rule));
	assert_true(is_text(h->error, error));
	assert_int_equal(h->backend.len, 0);
}

static void test_the_first_that_is_up(void **state)
{
	static const struct {
		const char *down, *pool; /* NULL: none */
	} cases[] = {
		{"", "a"},     {"a", "b"},   {"b", "a"},    {"a b", NULL},
		{"b a", NULL}, {"ab", "a"},  {"aa b", "a"}, {"x a  y", "b"},
		{" a", "b"},   {"a ", "b"},  {"  ", "a"},   {"x b y a", NULL},
		{"a|b", "a"},  {"A B", "a"},
	};
	const struct policy_pool list[] = {{"a", NULL}, {"b", NULL}};
	const struct policy_pools pools = {list, 2};
	struct failover f = {0};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct policy_pool *pool;

		failover_read(&f, edge(slice_str(cases[i].down)));
		pool = failover_pool(&pools, &f);
		if (!cases[i].pool)
			assert_null(pool);
		else
			assert_string_equal(pool->name, cases[i].pool);
	}
}

/* All that HAProxy can name in 2 KB; and more than that, which it never does. */
static void test_many_names(void **state)
{
	const struct policy_pool list[] = {{"0", NULL}, {"1023", NULL}, {"1024", NULL}};
	const struct policy_pools pools = {list, 3};
	char down[6 * FAILOVER_NAMES] = "";
	struct failover f = {0};
	size_t at = 0;

	for (unsigned i = 0; i <= FAILOVER_NAMES; i++)
		at += (size_t)snprintf(down + at, sizeof(down) - at, "%u ", i);
	failover_read(&f, slice_str(down));
	assert_int_equal(f.n, FAILOVER_NAMES);
	assert_ptr_equal(failover_pool(&pools, &f), &list[2]);
	failover_read(&f, slice_str("1024 1023 1024 1023"));
	assert_int_equal(f.n, 2);
	assert_ptr_equal(failover_pool(&pools, &f), &list[0]);
	failover_read(&f, slice_str(""));
	assert_ptr_equal(failover_pool(&pools, &f), &list[0]);
}

static void test_the_words(void **state)
{
	struct policy_pool list[POLICY_POOLS];
	char name[129], text[FAILOVER_TEXT];

	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	for (size_t i = 0; i < POLICY_POOLS; i++)
		list[i].name = i < 2 ? (i ? "general" : "ct") : name;
	failover_text(&(struct policy_pools){list, 1}, text);
	assert_string_equal(text, "no archive is up in the pool ct");
	failover_text(&(struct policy_pools){list, 2}, text);
	assert_string_equal(text, "no archive is up in the pools ct, general");
	failover_text(&(struct policy_pools){list, POLICY_POOLS}, text);
	assert_int_equal(strlen(text), FAILOVER_TEXT - 1);
}

static void test_outcomes_with_the_same_pools_share_them(void **state)
{
	struct policy_store *policies = policy_store_of(quoted(
		"{'rules': [{'name': '1', 'if': {'Modality': 'CT'}, 'backend': 'a'},"
		" {'name': '2', 'if': {'Modality': 'MR'}, 'backend': ['a']},"
		" {'name': '3', 'if': {'Modality': 'US'}, 'backend': ['a', 'b']},"
		" {'name': '4', 'if': {'Modality': 'PT'}, 'backend': ['b', 'a']},"
		" {'name': '5', 'if': {'Modality': 'NM'}, 'reject': 'no-reason-given'}],"
		" 'default': {'backend': ['a', 'b']}}"));
	const struct policy *p = policy_store_hold(policies, (struct slice){0});
	struct failover f = {0};

	assert_int_equal(p->npools, 3);
	assert_ptr_equal(p->rules[0].outcome.pools, p->rules[1].outcome.pools);
	assert_ptr_equal(p->rules[2].outcome.pools, p->otherwise.pools);
	assert_ptr_not_equal(p->rules[2].outcome.pools, p->rules[3].outcome.pools);
	assert_null(p->rules[4].outcome.pools);
	assert_null(failover_stranded(p, &f));
	failover_read(&f, slice_str("b"));
	assert_null(failover_stranded(p, &f));
	failover_read(&f, slice_str("a"));
	assert_ptr_equal(failover_stranded(p, &f), &p->rules[0].outcome);
	policy_store_release(policies, p);
	policy_store_free(policies);
}

static void test_the_association_decides(void **state)
{
	talk_begin(
		&t,
		"{'rules': [{'name': 'find', 'if': {'ProposedSOPClassUID': "
		"'@query-retrieve'},"
		" 'backend': ['query', 'general']}], 'default': {'backend': 'general'}}");
	check(talk_associate(&t, FIND_CONTEXT, ""), "route", "query");
	t.told.down = slice_str("general mr");
	check(talk_associate(&t, FIND_CONTEXT, ""), "route", "query");
	t.told.down = slice_str("query");
	check(talk_associate(&t, FIND_CONTEXT, ""), "route", "general");
	t.told.down = slice_str("query general");
	check_refused(talk_associate(&t, FIND_CONTEXT, ""), congestion, "find",
		      "no archive is up in the pools query, general");
	check_refused(talk_associate(&t, STORE_CONTEXT, ""), congestion, "default",
		      "no archive is up in the pool general");
	talk_end(&t);
}

static void test_the_data_set_decides(void **state)
{
	talk_begin(&t, THREE_RULES(""));
	t.told.down = slice_str("ct");
	check(talk_associate(&t, STORE_CONTEXT, ""), "accept", "rest");
	check(talk_send(&t, MODALITY("'CT'")), "route", "spare");
	check(talk_associate(&t, STORE_CONTEXT, ""), "accept", "rest");
	check(talk_send(&t, MODALITY("'MR'")), "route", "mr");
	talk_end(&t);
}

/* Between the AC and the data */
static void test_one_goes_down_later(void **state)
{
	talk_begin(&t, THREE_RULES(""));
	check(talk_associate(&t, STORE_CONTEXT, ""), "accept", "rest");
	t.told.down = slice_str("ct");
	check(talk_send(&t, MODALITY("'CT'")), "route", "spare");
	t.told.down = slice_str("");
	check(talk_associate(&t, STORE_CONTEXT, ""), "accept", "rest");
	t.told.down = slice_str("mr");
	check_refused(talk_send(&t, MODALITY("'MR'")), abort_pdu, "mr",
		      "no archive is up in the pool mr");
	talk_end(&t);
}

static void test_none_is_accepted_that_may_lead_nowhere(void **state)
{
	static const struct {
		const char *down, *rule, *error; /* NULL: accepted */
	} cases[] = {
		{"spare", NULL, NULL},
		{"ct other", NULL, NULL},
		{"ct spare", "ct", "no archive is up in the pools ct, spare"},
		{"mr", "mr", "no archive is up in the pool mr"},
		{"rest", "default", "no archive is up in the pool rest"},
	};

	talk_begin(&t, THREE_RULES(STRICT));
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		t.told.down = slice_str(cases[i].down);
		if (cases[i].rule)
			check_refused(talk_associate(&t, STORE_CONTEXT, ""), congestion,
				      cases[i].rule, cases[i].error);
		else
			check(talk_associate(&t, STORE_CONTEXT, ""), "accept", "rest");
	}
	talk_end(&t);
}

/* A rule that the association excludes needs nothing. */
static void test_whom_it_does_not_concern(void **state)
{
	talk_begin(&t, "{'rules': [{'name': 'mr', 'if': {'Modality': 'MR', "
		       "'CallingAETitle': 'MR*'},"
		       " 'backend': 'mr'},"
		       " {'name': 'ct', 'if': {'Modality': 'CT'}, 'backend': 'ct'}],"
		       " 'default': {'backend': 'rest'}" STRICT "}");
	t.told.down = slice_str("mr");
	check(talk_associate(&t, STORE_CONTEXT, ""), "accept", "rest");
	talk_end(&t);
}

static void test_accepted_all_the_same(void **state)
{
	talk_begin(&t, THREE_RULES(""));
	t.told.down = slice_str("mr rest");
	check(talk_associate(&t, STORE_CONTEXT, ""), "accept", "rest");
	check(talk_send(&t, MODALITY("'CT'")), "route", "ct");
	check(talk_associate(&t, STORE_CONTEXT, ""), "accept", "rest");
	check_refused(talk_send(&t, MODALITY("'MR'")), abort_pdu, "mr",
		      "no archive is up in the pool mr");
	talk_end(&t);
}

static void test_refused_if_all_it_may_need_is_down(void **state)
{
	talk_begin(&t, THREE_RULES(""));
	t.told.down = slice_str("ct spare mr rest");
	check_refused(talk_associate(&t, STORE_CONTEXT, ""), congestion, "ct",
		      "no archive is up in the pools ct, spare");
	talk_end(&t);
}

/* The promise is what the pool accepts that would get it now. */
static void test_the_promise(void **state)
{
	static const char json[] =
		"{'rules': [{'name': 'ct', 'if': {'Modality': 'CT'}, 'backend': ['ct', "
		"'spare']}],"
		" 'default': {'backend': 'ct'}" STRICT ", 'pools': {"
		" 'ct': {'accepts': [{'sop_classes': ['@storage'], 'transfer_syntaxes':"
		"   ['ExplicitVRLittleEndian', 'ImplicitVRLittleEndian']}]},"
		" 'spare': {'accepts': [{'sop_classes': ['@storage'], "
		"'transfer_syntaxes':"
		"   ['ImplicitVRLittleEndian']}]}}}";
	const struct slice explicit_le = slice_str("1.2.840.10008.1.2.1");
	struct heard *h;

	talk_begin(&t, json);
	h = talk_associate(&t, STORE_CONTEXT, "");
	check(h, "accept", "ct");
	assert_non_null(
		memmem(h->reply.ptr, h->reply.len, explicit_le.ptr, explicit_le.len));
	talk_end(&t);
	/* the fallback has a pool of its own, so that only the rule's is down */
	talk_begin(&t, json);
	t.told.down = slice_str("ct");
	check_refused(talk_associate(&t, STORE_CONTEXT, ""), congestion, "default",
		      "no archive is up in the pool ct");
	talk_end(&t);
}

static void test_the_promise_of_the_next(void **state)
{
	const struct slice explicit_le = slice_str("1.2.840.10008.1.2.1");
	struct heard *h;

	talk_begin(&t, "{'rules': [{'name': 'ct', 'if': {'Modality': 'CT'}, 'backend': "
		       "['ct', 'spare']}],"
		       " 'default': {'backend': 'rest'}, 'pools': {"
		       " 'spare': {'accepts': [{'sop_classes': ['@storage'], "
		       "'transfer_syntaxes':"
		       "   ['ImplicitVRLittleEndian']}]}}}");
	t.told.down = slice_str("ct");
	h = talk_associate(&t, STORE_CONTEXT, "");
	check(h, "accept", "rest");
	assert_null(memmem(h->reply.ptr, h->reply.len, explicit_le.ptr, explicit_le.len));
	talk_end(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_first_that_is_up),
		cmocka_unit_test(test_many_names),
		cmocka_unit_test(test_the_words),
		cmocka_unit_test(test_outcomes_with_the_same_pools_share_them),
		cmocka_unit_test(test_the_association_decides),
		cmocka_unit_test(test_the_data_set_decides),
		cmocka_unit_test(test_one_goes_down_later),
		cmocka_unit_test(test_none_is_accepted_that_may_lead_nowhere),
		cmocka_unit_test(test_whom_it_does_not_concern),
		cmocka_unit_test(test_accepted_all_the_same),
		cmocka_unit_test(test_refused_if_all_it_may_need_is_down),
		cmocka_unit_test(test_the_promise),
		cmocka_unit_test(test_the_promise_of_the_next),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
