/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "decide/count.h"
#include "metrics/metrics.h"
#include "talk.h"

/* The value of a sample; 0 if it is not there. */
static double value_of(const char *sample)
{
	static char text[128 * 1024];
	struct writer out = writer_of(text, sizeof(text) - 1);
	char head[256];
	const char *at;

	assert_true(metrics_render(&out));
	text[out.len] = '\0';
	snprintf(head, sizeof(head), "\ndicom_spoa_%s ", sample);
	at = strstr(text, head);
	return at ? strtod(at + strlen(head), NULL) : 0;
}

/* By how much each of these samples, which NULL ends, has grown since the last call. */
static void check_grown(const char *const *samples, double by)
{
	static double before[16];

	for (size_t i = 0; samples[i]; i++) {
		double now = value_of(samples[i]);

		if (now - before[i] != by)
			fail_msg("%s: %g after %g", samples[i], now, before[i]);
		before[i] = now;
	}
}

static void test_why_there_is_nothing_more(void **state)
{
	static const struct {
		struct dimse_message message;
		const char *sample;
	} cases[] = {
		{{.end = DIMSE_RELEASE}, "fallbacks_total{reason=\"released\"}"},
		{{.end = DIMSE_WHOLE, .command_whole = true},
		 "fallbacks_total{reason=\"no_data_set\"}"},
		{{.end = DIMSE_WHOLE, .command_whole = true, .has_data_set = true},
		 "fallbacks_total{reason=\"too_long\"}"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		double before = value_of(cases[i].sample);

		count_undecided(&cases[i].message);
		assert_true(value_of(cases[i].sample) == before + 1);
	}
}

static void test_why_nothing_is_promised(void **state)
{
	static const char *const samples[] = {
		[PROMISE_SCP_ROLE] = "fallbacks_total{reason=\"scp_role\"}",
		[PROMISE_USER_IDENTITY] = "fallbacks_total{reason=\"user_identity\"}",
		[PROMISE_OTHER_SERVICE] = "fallbacks_total{reason=\"other_service\"}",
		[PROMISE_NO_CONTEXT] = "fallbacks_total{reason=\"no_context\"}",
	};

	for (enum promise_obstacle o = PROMISE_SCP_ROLE; o <= PROMISE_NO_CONTEXT; o++) {
		count_obstacle(o);
		assert_true(value_of(samples[o]) == 1);
	}
}

static void test_the_wait(void **state)
{
	static const struct dimse_message nothing = {.end = DIMSE_RELEASE};

	/* HAProxy has not sent it back */
	count_data(&nothing, 0);
	assert_true(value_of("data_set_wait_seconds_count") == 0);
	count_data(&nothing, count_now() - 2000000);
	assert_true(value_of("data_set_wait_seconds_count") == 1);
	assert_true(value_of("data_set_wait_seconds_bucket{le=\"1\"}") == 0);
	assert_in_range(value_of("data_set_wait_seconds_sum"), 2, 60);
	/* another agent's clock is ahead */
	count_data(&nothing, count_now() + 3600000000);
	assert_true(value_of("data_set_wait_seconds_bucket{le=\"0.001\"}") == 1);
	assert_in_range(value_of("data_set_wait_seconds_sum"), 2, 60);
	assert_true(value_of("decision_data_set_bytes_count") == 0);
}

/* Once in each association, however often HAProxy asks. */
static void test_a_whole_association(void **state)
{
	static const char *const once[] = {
		"associations_total{calling_ae=\"CT_SCANNER_1\"}",
		"answers_total{message=\"associate\",verdict=\"accept\"}",
		"answers_total{message=\"dataset\",verdict=\"more\"}",
		"answers_total{message=\"dataset\",verdict=\"route\"}",
		"decisions_total{rule=\"r\",pool=\"yes\",outcome=\"spliced\"}",
		"sop_classes_total{sop_class=\"CTImageStorage\",transfer_syntax="
		"\"ExplicitVRLittleEndian\"}",
		"decision_data_set_bytes_count",
		NULL};
	static struct talk t;

	check_grown(once, 0);
	talk_begin(&t, YES_IF("'Modality': 'CT'"));
	for (int i = 0; i < 3; i++) {
		talk_associate(&t, STORE_CONTEXT, "");
		talk_send(&t, "04 00 {{01 03" STORE_RQ "}}");
		talk_send(&t, "04 00 {{01 02 0800 6000 'CS' 0200 'CT'}}");
		assert_true(is_text(t.heard.backend, "yes"));
		check_grown(once, 1);
	}
	talk_end(&t);
}

static void test_what_is_refused(void **state)
{
	static const char decision[] =
		"decisions_total{rule=\"no\",pool=\"\",outcome=\"rejected\"}";
	static const char congestion[] =
		"refusals_total{pdu=\"A-ASSOCIATE-RJ\",reason=\"temporary-congestion\"}";
	static struct talk t;

	talk_begin(&t, "{'rules': [{'name': 'no', 'reject': 'temporary-congestion'}]}");
	talk_associate(&t, STORE_CONTEXT, "");
	assert_true(is_text(t.heard.verdict, "reject"));
	assert_true(value_of(decision) == 1 && value_of(congestion) == 1);
	assert_true(value_of("sop_classes_total{sop_class=\"CTImageStorage\",transfer_"
			     "syntax=\"\"}") == 0);
	talk_end(&t);
	talk_begin(&t, YES_IF("'Modality': 'CT'"));
	talk_associate(&t, STORE_CONTEXT, "");
	talk_send(&t, "07 00 {00*4}");
	assert_true(is_text(t.heard.verdict, "reject"));
	assert_true(value_of("aborted_by_scu_total") == 1);
	talk_end(&t);
}

static int start(void **state)
{
	metrics_begin("1");
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_why_there_is_nothing_more),
		cmocka_unit_test(test_why_nothing_is_promised),
		cmocka_unit_test(test_the_wait),
		cmocka_unit_test(test_a_whole_association),
		cmocka_unit_test(test_what_is_refused),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
