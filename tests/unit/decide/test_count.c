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

static const struct policy_pool pool = {.name = "p"};
static const struct policy_pools pools = {&pool, 1};
static const struct policy_outcome outcome = {.rule = "counted", .pools = &pools};

static void test_causes(void **state)
{
	static const char *const samples[] = {
		[CAUSE_SCP_ROLE] =
			"fallbacks_total{calling_ae=\"CT1\",reason=\"scp_role\"}",
		[CAUSE_USER_IDENTITY] =
			"fallbacks_total{calling_ae=\"CT1\",reason=\"user_identity\"}",
		[CAUSE_OTHER_SERVICE] =
			"fallbacks_total{calling_ae=\"CT1\",reason=\"other_service\"}",
		[CAUSE_NO_CONTEXT] =
			"fallbacks_total{calling_ae=\"CT1\",reason=\"no_context\"}",
		[CAUSE_RELEASED] =
			"fallbacks_total{calling_ae=\"CT1\",reason=\"released\"}",
		[CAUSE_NO_DATA_SET] =
			"fallbacks_total{calling_ae=\"CT1\",reason=\"no_data_set\"}",
		[CAUSE_TOO_LONG] =
			"fallbacks_total{calling_ae=\"CT1\",reason=\"too_long\"}",
	};

	for (unsigned c = CAUSE_SCP_ROLE; c <= CAUSE_TOO_LONG; c++) {
		const struct verdict v = {.kind = VERDICT_ROUTE,
					  .calling_ae = slice_str("CT1"),
					  .cause = (enum cause)c,
					  .outcome = &outcome,
					  .pool = &pool};

		count_verdict(&v);
		for (unsigned i = CAUSE_SCP_ROLE; i <= CAUSE_TOO_LONG; i++)
			assert_true(value_of(samples[i]) == (i <= c));
	}
}

static void test_faults(void **state)
{
	static const char *const samples[] = {
		[FAULT_TLS] = "parse_errors_total{kind=\"tls\"}",
		[FAULT_HTTP] = "parse_errors_total{kind=\"http\"}",
		[FAULT_SSH] = "parse_errors_total{kind=\"ssh\"}",
		[FAULT_PROXY] = "parse_errors_total{kind=\"proxy_protocol\"}",
		[FAULT_OTHER_PDU] = "parse_errors_total{kind=\"other_pdu\"}",
		[FAULT_NOT_DICOM] = "parse_errors_total{kind=\"not_dicom\"}",
		[FAULT_RQ_TOO_LONG] = "parse_errors_total{kind=\"request_too_long\"}",
		[FAULT_RQ] = "parse_errors_total{kind=\"request\"}",
		[FAULT_AC] = "parse_errors_total{kind=\"promise\"}",
		[FAULT_MESSAGE] = "parse_errors_total{kind=\"message\"}",
		[FAULT_CONTEXT] = "parse_errors_total{kind=\"context_not_accepted\"}",
		[FAULT_DATA_SET] = "parse_errors_total{kind=\"data_set\"}",
	};

	for (unsigned f = FAULT_TLS; f <= FAULT_DATA_SET; f++) {
		const struct verdict v = {.kind = VERDICT_REJECT,
					  .fault = (enum verdict_fault)f};

		count_verdict(&v);
		for (unsigned i = FAULT_TLS; i <= FAULT_DATA_SET; i++)
			assert_true(value_of(samples[i]) == (i <= f));
	}
}

/* The metric has the names of the standard's table. */
static void test_rejections(void **state)
{
	for (unsigned id = 0; id < REJECTION_COUNT; id++) {
		const struct verdict v = {.kind = VERDICT_REJECT,
					  .rejection =
						  rejection_of((enum rejection_id)id)};
		char sample[128];

		snprintf(sample, sizeof(sample),
			 "refusals_total{pdu=\"A-ASSOCIATE-RJ\",reason=\"%s\"}",
			 rejection_name((enum rejection_id)id));
		assert_true(value_of(sample) == 0);
		count_verdict(&v);
		assert_true(value_of(sample) == 1);
	}
}

static void test_no_pool_is_up(void **state)
{
	const struct verdict v = {.kind = VERDICT_REJECT, .outcome = &outcome};

	count_verdict(&v);
	assert_true(value_of("decisions_total{rule=\"counted\",pool=\"\",outcome="
			     "\"unreachable\"}") == 1);
}

/* Without a decision there is nothing to count. */
static void test_out_of_memory(void **state)
{
	static const char sample[] =
		"answers_total{message=\"dataset\",verdict=\"reject\"}";
	const struct verdict v = {.kind = VERDICT_NONE, .error = "out of memory"};
	double before = value_of(sample);

	count_verdict(&v);
	assert_true(value_of(sample) == before);
}

static void test_the_wait(void **state)
{
	struct verdict v = {.kind = VERDICT_REJECT,
			    .decided_on_data = true,
			    .waited = -1,
			    .data_set_bytes = -1};

	/* HAProxy has not sent it back */
	count_verdict(&v);
	assert_true(value_of("data_set_wait_seconds_count") == 0);
	v.waited = 2000000;
	count_verdict(&v);
	assert_true(value_of("data_set_wait_seconds_count") == 1);
	assert_true(value_of("data_set_wait_seconds_bucket{le=\"1\"}") == 0);
	assert_true(value_of("data_set_wait_seconds_sum") == 2);
	assert_true(value_of("decision_data_set_bytes_count") == 0);
	v.decided_on_data = false;
	count_verdict(&v);
	assert_true(value_of("data_set_wait_seconds_count") == 1);
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
	double before = value_of(congestion);

	talk_begin(&t, "{'rules': [{'name': 'no', 'reject': 'temporary-congestion'}]}");
	talk_associate(&t, STORE_CONTEXT, "");
	assert_true(is_text(t.heard.verdict, "reject"));
	assert_true(value_of(decision) == 1 && value_of(congestion) == before + 1);
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
		cmocka_unit_test(test_the_wait),
		cmocka_unit_test(test_a_whole_association),
		cmocka_unit_test(test_causes),
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_rejections),
		cmocka_unit_test(test_no_pool_is_up),
		cmocka_unit_test(test_out_of_memory),
		cmocka_unit_test(test_what_is_refused),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
