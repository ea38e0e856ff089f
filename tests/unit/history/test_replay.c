/* SPDX-License-Identifier: MIT */
/* A decision of the past: the same verdict and the same reasons, and nothing is counted.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "history/replay.h"
#include "metrics/metrics.h"
#include "talk.h"

static struct policy_store *policies;
static struct decide *d;
static struct journal *journal;
static uint8_t ac[4096];
static size_t ac_len;

/* Decide and remember, as the handler does. */
static struct verdict ask_and_note(const char *id, enum question_kind kind,
				   struct slice rq, const char *down)
{
	const struct question q = {.kind = kind,
				   .id = slice_str(id),
				   .rq = rq,
				   .ac = slice_of(ac, ac_len),
				   .down = slice_str(down),
				   .now = 1764300000000000};
	struct verdict v;

	decide(d, &q, &v);
	count_verdict(&v);
	journal_note(journal, &q, &v, facts_elements_bytes(&decide_facts(d)->elements));
	if (v.kind == VERDICT_ACCEPT) {
		ac_len = v.reply.len;
		memcpy(ac, v.reply.ptr, ac_len);
	}
	return v;
}

static const char *member(const json_t *entry, const char *name)
{
	const char *text = json_string_value(json_object_get(entry, name));

	return text ? text : "";
}

static size_t rendered(char *text, size_t size)
{
	struct writer out = writer_of(text, size - 1);

	assert_true(metrics_render(&out));
	text[out.len] = '\0';
	return out.len;
}

/* Without the lines that change by themselves: the process's own. */
static const char *numbers(void)
{
	static char text[2][128 * 1024];
	static unsigned turn;
	char *at = text[turn ^= 1];

	rendered(at, sizeof(text[0]));
	return strstr(at, "dicom_spoa_answers_total");
}

static json_t *replayed(const char *id)
{
	const char *before = numbers(), *end = strstr(before, "# HELP process");
	json_t *entry = replay_one(journal, policies, slice_str(id));

	assert_memory_equal(before, numbers(), (size_t)(end - before));
	assert_non_null(entry);
	return entry;
}

static int begin(void **state)
{
	metrics_begin("1");
	policies = policy_store_of(
		quoted("{'rules': ["
		       " {'name': 'ct', 'if': {'Modality': 'CT'}, 'backend': 'ct'},"
		       " {'name': 'mr', 'if': {'Modality': 'MR'}, 'backend': 'mr'},"
		       " {'name': 'secret', 'if': {'PatientID': 'X'}, 'backend': 'ct'}],"
		       " 'default': {'backend': 'general'}}"));
	d = decide_new(policies);
	journal = journal_new(8);
	return 0;
}

static int end(void **state)
{
	journal_free(journal);
	decide_free(d);
	policy_store_free(policies);
	return 0;
}

static struct slice request(struct writer *w)
{
	sample_write(w, "01 00 {0001 0000 'ARCHIVE         ' 'CT01            ' 00*32 "
			"10 00 ['1.2.840.10008.3.1.1.1']" STORE_CONTEXT
			"50 00 [51 00 [00004000] 52 00 ['1.2.3.4']]}");
	return writer_slice(w);
}

static uint8_t stream[8192];

/* A GET of it was counted as one more association that is refused. */
static void test_an_oversized_request(void **state)
{
	ask_and_note("BIG", QUESTION_ASSOCIATE, sample("01 00 00020000 0001"), "");
	for (int i = 0; i < 6; i++) {
		json_t *entry = replayed("BIG");

		assert_string_equal(member(entry, "verdict"), "reject");
		assert_string_equal(member(entry, "untraced"), "no rule was asked for");
		json_decref(entry);
	}
}

static void test_a_spliced_association(void **state)
{
	struct writer w = writer_of(stream, sizeof(stream));
	const json_t *rules;
	json_t *entry;

	assert_int_equal(ask_and_note("A", QUESTION_ASSOCIATE, request(&w), "").kind,
			 VERDICT_ACCEPT);
	sample_write(&w, STORE("0800 6000 'CS' 0200 'MR' 1000 2000 'LO' 0200 'X '"));
	assert_int_equal(ask_and_note("A", QUESTION_DATASET, writer_slice(&w), "").kind,
			 VERDICT_ROUTE);
	entry = replayed("A");
	assert_string_equal(member(entry, "verdict"), "route");
	assert_string_equal(member(entry, "rule"), "mr");
	assert_string_equal(member(entry, "data_set"), "needed");
	assert_string_equal(member(json_object_get(entry, "decision"), "backend"), "mr");
	rules = json_object_get(entry, "rules");
	assert_int_equal(json_array_size(rules), 2);
	assert_string_equal(member(json_array_get(rules, 1), "matches"), "yes");
	json_decref(entry);
}

/* Of an association that ended after its AC it is the fallback that is explained. */
static void test_a_fallback(void **state)
{
	struct writer w = writer_of(stream, sizeof(stream));
	json_t *entry, *rule;

	ask_and_note("B", QUESTION_ASSOCIATE, request(&w), "");
	entry = replayed("B");
	assert_string_equal(member(entry, "verdict"), "accept");
	assert_string_equal(member(json_object_get(entry, "decision"), "backend"),
			    "general");
	rule = json_array_get(json_object_get(entry, "rules"), 0);
	assert_string_equal(member(rule, "matches"), "no"); /* the unknown is absent */
	json_decref(entry);
}

/* What HAProxy said of the pools is remembered with it. */
static void test_no_pool_is_up(void **state)
{
	struct writer w = writer_of(stream, sizeof(stream));
	json_t *entry, *reject;

	assert_int_equal(ask_and_note("C", QUESTION_ASSOCIATE, request(&w), "ct mr general").kind,
			 VERDICT_REJECT);
	entry = replayed("C");
	assert_string_equal(member(entry, "rule"), "ct");
	reject = json_object_get(json_object_get(entry, "decision"), "reject");
	assert_string_equal(member(reject, "reason"), "temporary-congestion");
	assert_string_equal(member(reject, "result"), "transient");
	json_decref(entry);
}

static void test_values_of_a_patient(void **state)
{
	struct writer w = writer_of(stream, sizeof(stream));
	json_t *entry;
	char *text;

	ask_and_note("D", QUESTION_ASSOCIATE, request(&w), "");
	sample_write(&w,
		     STORE("0800 6000 'CS' 0200 'US' 1000 2000 'LO' 0800 'MUSTER07'"));
	ask_and_note("D", QUESTION_DATASET, writer_slice(&w), "");
	entry = replayed("D");
	text = json_dumps(entry, 0);
	assert_non_null(strstr(text, "US"));
	assert_null(strstr(text, "MUSTER"));
	assert_non_null(strstr(text, "***"));
	free(text);
	json_decref(entry);
}

static void test_another_policy(void **state)
{
	struct writer w = writer_of(stream, sizeof(stream));
	struct policy_store *others = policy_store_of(
		quoted("{'rules': [{'name': 'ct', 'backend': 'elsewhere'}]}"));
	json_t *entry;

	ask_and_note("E", QUESTION_ASSOCIATE, request(&w), "");
	entry = replay_one(journal, others, slice_str("E"));
	assert_string_equal(member(entry, "untraced"),
			    "the policy is no longer in force");
	assert_null(json_object_get(entry, "rules"));
	json_decref(entry);
	policy_store_free(others);
	assert_null(replay_one(journal, policies, slice_str("nobody")));
}

static void test_the_list(void **state)
{
	json_t *list = replay_list(journal, 2),
	       *entries = json_object_get(list, "decisions");

	assert_int_equal(json_array_size(entries), 2);
	assert_string_equal(member(json_array_get(entries, 0), "id"), "E");
	assert_string_equal(member(json_array_get(entries, 1), "id"), "D");
	json_decref(list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_an_oversized_request),
		cmocka_unit_test(test_a_spliced_association),
		cmocka_unit_test(test_a_fallback),
		cmocka_unit_test(test_no_pool_is_up),
		cmocka_unit_test(test_values_of_a_patient),
		cmocka_unit_test(test_another_policy),
		cmocka_unit_test(test_the_list),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
