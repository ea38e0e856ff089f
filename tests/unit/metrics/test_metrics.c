/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdio.h>
#include <time.h>

#include "edge.h"
#include "metrics/metrics.h"

/* All metrics as text. */
static const char *scrape(void)
{
	static char text[64 * 1024];
	struct writer out = writer_of(text, sizeof(text) - 1);

	assert_true(metrics_render(&out));
	text[out.len] = '\0';
	return text;
}

/* The line that begins with <head>, behind it; NULL if there is none. */
static const char *line_of(const char *text, const char *head)
{
	static char line[4096];

	for (; text; text = strchr(text, '\n'), text = text ? text + 1 : NULL)
		if (strncmp(text, head, strlen(head)) == 0) {
			snprintf(line, sizeof(line), "%.*s",
				 (int)strcspn(text + strlen(head), "\n"),
				 text + strlen(head));
			return line;
		}
	return NULL;
}

static void check_line(const char *head, const char *expected)
{
	const char *found = line_of(scrape(), head);

	if (!found)
		fail_msg("no line begins with %s", head);
	assert_string_equal(found, expected);
}

static double value_of(const char *name)
{
	char head[128];
	const char *found;

	snprintf(head, sizeof(head), "%s ", name);
	found = line_of(scrape(), head);
	if (!found)
		fail_msg("there is no %s", name);
	return strtod(found, NULL);
}

static void test_before_any_policy(void **state)
{
	check_line("dicom_spoa_build_info", "{version=\"1.2\"} 1");
	assert_null(line_of(scrape(), "dicom_spoa_policy_info"));
	assert_null(line_of(scrape(), "dicom_spoa_policy_last_load_error_info"));
	check_line("dicom_spoa_policy_last_load_successful ", "0");
}

static void test_counting(void **state)
{
	metrics_add(METRIC_DATASET_MORE, 1);
	metrics_add(METRIC_DATASET_MORE, 2);
	metrics_add(METRIC_SPOP_CONNECTIONS, 5);
	metrics_add(METRIC_SPOP_CONNECTIONS, -6);
	check_line("dicom_spoa_answers_total{message=\"dataset\",verdict=\"more\"} ",
		   "3");
	check_line("dicom_spoa_answers_total{message=\"dataset\",verdict=\"route\"} ",
		   "0");
	check_line("dicom_spoa_spop_connections ", "-1");
	metrics_add(METRIC_SPOP_CONNECTIONS, 1);
}

static void test_decisions(void **state)
{
	metrics_decision("ct", "ct", METRICS_SPLICED);
	metrics_decision("ct", "ct", METRICS_SPLICED);
	metrics_decision("M\xC3\xBCller", "ct", METRICS_PASSED);
	metrics_decision("default", NULL, METRICS_REJECTED);
	check_line("dicom_spoa_decisions_total{rule=\"ct\",pool=\"ct\",outcome="
		   "\"spliced\"} ",
		   "2");
	check_line("dicom_spoa_decisions_total{rule=\"M\xC3\xBCller\",",
		   "pool=\"ct\",outcome=\"passed\"} 1");
	check_line("dicom_spoa_decisions_total{rule=\"default\",",
		   "pool=\"\",outcome=\"rejected\"} 1");
}

/* However hostile, two titles are two, and the line is whole. */
static void test_calling_ae_titles(void **state)
{
	metrics_association(edge(slice_str("CT 1")));
	metrics_association(edge(slice_str("CT 1")));
	metrics_association(edge(slice_of("A\0\n", 3)));
	metrics_association(edge(slice_str("\"} 1")));
	metrics_association(edge(slice_str("\\\xFF")));
	metrics_association((struct slice){0});
	check_line("dicom_spoa_associations_total{calling_ae=\"CT 1\"} ", "2");
	check_line("dicom_spoa_associations_total{calling_ae=\"A\\\\x00\\\\x0a\"} ", "1");
	check_line("dicom_spoa_associations_total{calling_ae=\"\\\\x22} 1\"} ", "1");
	check_line("dicom_spoa_associations_total{calling_ae=\"\\\\x5c\\\\xff\"} ", "1");
	check_line("dicom_spoa_associations_total{calling_ae=\"\"} ", "1");
}

static void test_content(void **state)
{
	metrics_content(edge(slice_str("1.2.840.10008.5.1.4.1.1.2")),
			slice_str("1.2.840.10008.1.2.1"));
	metrics_content(slice_str("1.2.840.10008.5.1.4.1.1.2"), (struct slice){0});
	metrics_content(slice_str("1.2.3"), slice_str("1.2.4"));
	metrics_content((struct slice){0}, (struct slice){0});
	check_line("dicom_spoa_sop_classes_total{sop_class=\"CTImageStorage\",",
		   "transfer_syntax=\"ExplicitVRLittleEndian\"} 1");
	check_line("dicom_spoa_sop_classes_total{sop_class=\"CTImageStorage\",transfer_"
		   "syntax=\"\"} ",
		   "1");
	check_line("dicom_spoa_sop_classes_total{sop_class=\"other\",",
		   "transfer_syntax=\"other\"} 1");
	assert_null(line_of(scrape(), "dicom_spoa_sop_classes_total{sop_class=\"\""));
}

static void test_probes(void **state)
{
	static const char head[] =
		"dicom_spoa_probe_last_success_timestamp_seconds{archive=\"a:1 B C\"} ";
	time_t start = time(NULL);

	metrics_probe("a:1 B C", false);
	assert_null(line_of(scrape(), head));
	metrics_probe("a:1 B C", true);
	metrics_probe("a:1 B C", true);
	assert_in_range(strtod(line_of(scrape(), head), NULL), start, time(NULL));
	check_line("dicom_spoa_probes_total{archive=\"a:1 B C\",result=\"failed\"} ",
		   "1");
	check_line("dicom_spoa_probes_total{archive=\"a:1 B C\",result=\"answered\"} ",
		   "2");
	metrics_probe_ends("a:1 B C");
	assert_null(line_of(scrape(), head));
	check_line("dicom_spoa_probes_total{archive=\"a:1 B C\",result=\"answered\"} ",
		   "2");
}

static void test_spreads(void **state)
{
	metrics_observe(METRICS_ASSOCIATE_TIME, 5000);
	metrics_observe(METRICS_DATASET_TIME, 100000001);
	metrics_observe(METRICS_DATA_SET_BYTES, 257);
	metrics_observe(METRICS_DATA_SET_WAIT, 1500000);
	check_line("dicom_spoa_decision_duration_seconds_bucket{message=\"associate\",le="
		   "\"5e-06\"} ",
		   "1");
	check_line("dicom_spoa_decision_duration_seconds_bucket{message=\"dataset\",le="
		   "\"0.1\"} ",
		   "0");
	check_line("dicom_spoa_decision_duration_seconds_count{message=\"dataset\"} ",
		   "1");
	check_line("dicom_spoa_decision_data_set_bytes_bucket{le=\"256\"} ", "0");
	check_line("dicom_spoa_decision_data_set_bytes_bucket{le=\"512\"} ", "1");
	check_line("dicom_spoa_decision_data_set_bytes_sum ", "257");
	check_line("dicom_spoa_data_set_wait_seconds_bucket{le=\"1\"} ", "0");
	check_line("dicom_spoa_data_set_wait_seconds_bucket{le=\"2.5\"} ", "1");
	check_line("dicom_spoa_data_set_wait_seconds_sum ", "1.5");
}

static void test_policy_from_load_to_load(void **state)
{
	time_t start = time(NULL);

	metrics_policy_loaded("00ff", 7);
	check_line("dicom_spoa_policy_info", "{id=\"00ff\"} 1");
	check_line("dicom_spoa_policy_rules ", "7");
	check_line("dicom_spoa_policy_last_load_successful ", "1");
	assert_in_range(value_of("dicom_spoa_policy_last_success_timestamp_seconds"),
			start, time(NULL));

	metrics_policy_refused(3, edge(slice_str("/etc/p.json")), 12,
			       slice_str("rules[0]: no"));
	check_line("dicom_spoa_policy_last_load_error_info",
		   "{file=\"/etc/p.json\",line=\"12\",reason=\"rules[0]: no\"} 1");
	check_line("dicom_spoa_policy_last_load_errors ", "3");
	check_line("dicom_spoa_policy_last_load_successful ", "0");
	check_line("dicom_spoa_policy_info", "{id=\"00ff\"} 1");
	check_line("dicom_spoa_policy_rules ", "7");
	check_line("dicom_spoa_policy_loads_total{result=\"refused\"} ", "1");

	metrics_policy_loaded("0100", 8);
	check_line("dicom_spoa_policy_info", "{id=\"0100\"} 1");
	assert_null(line_of(scrape(), "dicom_spoa_policy_last_load_error_info"));
	check_line("dicom_spoa_policy_last_load_errors ", "0");
	check_line("dicom_spoa_policy_loads_total{result=\"loaded\"} ", "2");
}

static void check_reason(struct slice reason, const char *expected)
{
	char line[256];

	metrics_policy_refused(1, slice_str(""), 0, edge(reason));
	snprintf(line, sizeof(line), "{file=\"\",line=\"\",reason=\"%s\"} 1", expected);
	check_line("dicom_spoa_policy_last_load_error_info", line);
}

static void test_escaping(void **state)
{
	check_reason(slice_str(""), "");
	check_reason(slice_str("\"a\\b\""), "\\\"a\\\\b\\\"");
	check_reason(slice_str("a\nb\r\t\x7f"), "a\\nb   ");
	check_reason(slice_of("a\0b", 3), "a b");
	check_reason(slice_str("M\xC3\xBCller \xF0\x9F\x98\x80"),
		     "M\xC3\xBCller \xF0\x9F\x98\x80");
	check_reason(slice_str("\xFF\xC3"), "\xEF\xBF\xBD\xEF\xBF\xBD");
	check_reason(slice_str("\xC0\x80\xED\xA0\x80"),
		     "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");
}

/* However long and hostile the texts are, the line is whole. */
static void test_long_labels(void **state)
{
	static char bytes[4096];

	for (const char *fill = "x\"\\\n\xFF"; *fill; fill++) {
		const char *found;
		size_t len;

		memset(bytes, *fill, sizeof(bytes));
		metrics_policy_refused(1, slice_of(bytes, sizeof(bytes)), UINT32_MAX,
				       edge(slice_of(bytes, sizeof(bytes))));
		found = line_of(scrape(), "dicom_spoa_policy_last_load_error_info{");
		assert_non_null(found);
		len = strlen(found);
		assert_in_range(len, METRICS_FILE_MAX + METRICS_REASON_MAX,
				3 * (METRICS_FILE_MAX + METRICS_REASON_MAX) + 64);
		assert_string_equal(found + len - 4, "\"} 1");
		assert_non_null(strstr(found, "\",line=\"4294967295\",reason=\""));
	}
	metrics_policy_loaded("0", 0);
}

static void check_suffix(const char *line, const char *name, bool histogram)
{
	const char *suffix = line + strlen(name);
	size_t len = strcspn(suffix, " {");

	if (!histogram)
		assert_int_equal(len, 0);
	else if (len != 7 || strncmp(suffix, "_bucket", 7) != 0)
		assert_true((len == 4 && strncmp(suffix, "_sum", 4) == 0) ||
			    (len == 6 && strncmp(suffix, "_count", 6) == 0));
}

/* A HELP and a TYPE for each name, in front of its samples, which stand together. */
static void test_families(void **state)
{
	char name[128] = "", type[16] = "", last[128] = "";
	char *copy = strdup(scrape()), *rest = NULL;

	for (char *line = strtok_r(copy, "\n", &rest); line;
	     line = strtok_r(NULL, "\n", &rest)) {
		if (sscanf(line, "# HELP %127s", name) == 1) {
			assert_string_not_equal(name, last);
			assert_null(strstr(rest, line));
			line = strtok_r(NULL, "\n", &rest);
			assert_int_equal(sscanf(line, "# TYPE %127s %15s", last, type),
					 2);
			assert_string_equal(name, last);
			assert_int_equal(strcmp(type, "counter") == 0,
					 strcmp(name + strlen(name) - 6, "_total") == 0);
			continue;
		}
		assert_int_equal(strncmp(line, name, strlen(name)), 0);
		check_suffix(line, name, strcmp(type, "histogram") == 0);
	}
	free(copy);
}

static void test_process(void **state)
{
	double before = value_of("process_open_fds");
	int fd = dup(STDIN_FILENO);

	assert_true(fd >= 0);
	assert_true(value_of("process_open_fds") == before + 1);
	close(fd);
	assert_true(value_of("process_max_fds") >= before);
	assert_true(value_of("process_resident_memory_bytes") > 100000);
	assert_true(value_of("process_virtual_memory_bytes") >
		    value_of("process_resident_memory_bytes"));
	assert_true(value_of("process_cpu_seconds_total") > 0);
	assert_in_range(value_of("process_start_time_seconds"), time(NULL) - 600,
			time(NULL) + 1);
}

static void test_every_length_that_does_not_fit(void **state)
{
	size_t needed = strlen(scrape());
	struct slice room = {0};

	for (size_t len = 0; len + 64 < needed; len += 61) {
		struct writer out;

		room = edge(slice_of(scrape(), len));
		out = writer_of((uint8_t *)(uintptr_t)room.ptr, len);
		assert_false(metrics_render(&out));
	}
}

enum { THREADS = 4, ROUNDS = 20000 };

static void *count(void *unused)
{
	for (int i = 0; i < ROUNDS; i++)
		metrics_add(METRIC_ASSOCIATE_ROUTE, 1);
	return unused;
}

/* Nothing is lost, and a scrape never sees one half of a load. */
static void test_threads(void **state)
{
	pthread_t threads[THREADS];

	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, count, NULL), 0);
	for (int i = 0; i < 50; i++) {
		if (i % 2 == 0)
			metrics_policy_refused(1, slice_str("f"), 1, slice_str("r"));
		else
			metrics_policy_loaded("1", 1);
		scrape();
	}
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	assert_true(value_of("dicom_spoa_answers_total{message=\"associate\","
			     "verdict=\"route\"}") == THREADS * ROUNDS);
}

static int start(void **state)
{
	metrics_begin("1.2");
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_before_any_policy),
		cmocka_unit_test(test_counting),
		cmocka_unit_test(test_decisions),
		cmocka_unit_test(test_calling_ae_titles),
		cmocka_unit_test(test_content),
		cmocka_unit_test(test_probes),
		cmocka_unit_test(test_spreads),
		cmocka_unit_test(test_policy_from_load_to_load),
		cmocka_unit_test(test_escaping),
		cmocka_unit_test(test_long_labels),
		cmocka_unit_test(test_families),
		cmocka_unit_test(test_process),
		cmocka_unit_test(test_every_length_that_does_not_fit),
		cmocka_unit_test(test_threads),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
