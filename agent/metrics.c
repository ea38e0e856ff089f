/* SPDX-License-Identifier: MIT */
/* https://prometheus.io/docs/instrumenting/exposition_formats/ (text format 0.0.4) */
#include "metrics.h"
#include "process.h"
#include "unicode.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

/* The head of a family, or one of its time series. */
static const struct row {
	const char *type, *name, *help, *labels;
	enum metric metric;
} rows[] = {
#define METRICS_FAMILY(type, name, help) {type, name, help, NULL, METRIC_COUNT},
#define METRICS_SERIES(id, labels)       {NULL, NULL, NULL, labels, METRIC_##id},
	METRICS(METRICS_FAMILY, METRICS_SERIES)};

static _Atomic int64_t values[METRIC_COUNT];

/* What is said by labels, with the value 1; without labels it is not said. */
struct info {
	const char *name, *help;
	uint8_t labels[3 * (METRICS_FILE_MAX + METRICS_REASON_MAX) + 64];
	size_t len; /* bytes */
};

static struct info build = {.name = "dicom_spoa_build_info",
			    .help = "The program's version."};
static struct info in_force = {.name = "dicom_spoa_policy_info",
			       .help = "The policy in force."};
static struct info refusal = {.name = "dicom_spoa_policy_last_load_error_info",
			      .help = "The first error of the policy, if the last "
				      "attempt to load it was refused."};
static double started; /* s since the epoch */

/* Of all that belongs to the policy: a scrape sees it before a load or after it. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/*** labels ***/

static void write_text(struct writer *out, const char *text)
{
	writer_bytes(out, slice_str(text));
}

/* A character of a label's value, escaped as the format demands. */
static void write_character(struct writer *out, struct slice c)
{
	if (c.len > 1)
		writer_bytes(out, c);
	else if (c.ptr[0] == '\n')
		write_text(out, "\\n");
	else if (c.ptr[0] < ' ' || c.ptr[0] == 0x7f)
		writer_u8(out, ' ');
	else {
		if (c.ptr[0] == '"' || c.ptr[0] == '\\')
			writer_u8(out, '\\');
		writer_u8(out, c.ptr[0]);
	}
}

static void write_label(struct writer *out, const char *name, struct slice value)
{
	struct reader r = reader_of(value, false);

	if (out->len > 0)
		writer_u8(out, ',');
	write_text(out, name);
	write_text(out, "=\"");
	while (reader_left(&r) > 0) {
		size_t len = unicode_sequence(slice_of(r.pos, reader_left(&r)));
		struct slice c = reader_slice(&r, len > 0 ? len : 1);

		write_character(out, len > 0 ? c : slice_str("\xEF\xBF\xBD"));
	}
	writer_u8(out, '"');
}

static struct writer begin_labels(struct info *i)
{
	return writer_of(i->labels, sizeof(i->labels));
}

static void end_labels(struct info *i, const struct writer *labels)
{
	i->len = writer_slice(labels).len;
}

/*** what happens ***/

void metrics_begin(const char *version)
{
	struct writer labels = begin_labels(&build);
	struct timespec now;

	write_label(&labels, "version", slice_str(version));
	end_labels(&build, &labels);
	if (clock_gettime(CLOCK_REALTIME, &now) == 0)
		started = (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

void metrics_add(enum metric m, int64_t n)
{
	atomic_fetch_add_explicit(&values[m], n, memory_order_relaxed);
}

static void set(enum metric m, int64_t value)
{
	atomic_store_explicit(&values[m], value, memory_order_relaxed);
}

void metrics_policy_loaded(const char *id, size_t rules)
{
	struct writer labels = begin_labels(&in_force);
	int64_t now = time(NULL);

	pthread_mutex_lock(&lock);
	write_label(&labels, "id", slice_str(id));
	end_labels(&in_force, &labels);
	refusal.len = 0;
	set(METRIC_POLICY_RULES, (int64_t)rules);
	set(METRIC_POLICY_LAST_LOAD_SUCCESSFUL, 1);
	set(METRIC_POLICY_LAST_LOAD_ERRORS, 0);
	set(METRIC_POLICY_LAST_LOAD, now);
	set(METRIC_POLICY_LAST_SUCCESS, now);
	metrics_add(METRIC_POLICY_LOADED, 1);
	pthread_mutex_unlock(&lock);
}

void metrics_policy_refused(size_t errors, struct slice file, unsigned line,
			    struct slice reason)
{
	struct writer labels = begin_labels(&refusal);
	char number[16];

	snprintf(number, sizeof(number), "%u", line);
	pthread_mutex_lock(&lock);
	write_label(&labels, "file", slice_head(file, METRICS_FILE_MAX));
	write_label(&labels, "line", slice_str(line > 0 ? number : ""));
	write_label(&labels, "reason", slice_head(reason, METRICS_REASON_MAX));
	end_labels(&refusal, &labels);
	set(METRIC_POLICY_LAST_LOAD_SUCCESSFUL, 0);
	set(METRIC_POLICY_LAST_LOAD_ERRORS, (int64_t)errors);
	set(METRIC_POLICY_LAST_LOAD, time(NULL));
	metrics_add(METRIC_POLICY_REFUSED, 1);
	pthread_mutex_unlock(&lock);
}

/*** the text ***/

static void write_head(struct writer *out, const char *name, const char *type,
		       const char *help)
{
	const char *const words[] = {"# HELP ", name, " ",  help, "\n# TYPE ",
				     name,      " ",  type, "\n"};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		write_text(out, words[i]);
}

static void write_sample(struct writer *out, const char *name, struct slice labels,
			 const char *value)
{
	write_text(out, name);
	if (labels.len > 0) {
		writer_u8(out, '{');
		writer_bytes(out, labels);
		writer_u8(out, '}');
	}
	writer_u8(out, ' ');
	write_text(out, value);
	writer_u8(out, '\n');
}

static void write_info(struct writer *out, const struct info *i)
{
	if (i->len == 0)
		return;
	write_head(out, i->name, "gauge", i->help);
	write_sample(out, i->name, slice_of(i->labels, i->len), "1");
}

static void write_rows(struct writer *out)
{
	const char *name = NULL;
	char value[24];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *row = &rows[i];

		if (row->name) {
			name = row->name;
			write_head(out, name, row->type, row->help);
			continue;
		}
		snprintf(
			value, sizeof(value), "%" PRId64,
			atomic_load_explicit(&values[row->metric], memory_order_relaxed));
		write_sample(out, name, slice_str(row->labels), value);
	}
}

/* One of the metrics that every client library of Prometheus has; negative: not known. */
static void write_standard(struct writer *out, const char *name, const char *type,
			   const char *help, int decimals, double value)
{
	char text[48];

	if (value < 0)
		return;
	snprintf(text, sizeof(text), "%.*f", decimals, value);
	write_head(out, name, type, help);
	write_sample(out, name, (struct slice){0}, text);
}

static void write_process(struct writer *out)
{
	struct process p;

	process_read(&p);
	write_standard(out, "process_cpu_seconds_total", "counter",
		       "Total user and system CPU time spent in seconds.", 6,
		       p.cpu_seconds);
	write_standard(out, "process_open_fds", "gauge",
		       "Number of open file descriptors.", 0, (double)p.open_fds);
	write_standard(out, "process_max_fds", "gauge",
		       "Maximum number of open file descriptors.", 0, (double)p.max_fds);
	write_standard(out, "process_resident_memory_bytes", "gauge",
		       "Resident memory size in bytes.", 0, (double)p.resident_bytes);
	write_standard(out, "process_start_time_seconds", "gauge",
		       "Start time of the process since unix epoch in seconds.", 3,
		       started);
}

bool metrics_render(struct writer *out)
{
	pthread_mutex_lock(&lock);
	write_info(out, &build);
	write_info(out, &in_force);
	write_info(out, &refusal);
	write_rows(out);
	pthread_mutex_unlock(&lock);
	write_process(out);
	return writer_ok(out);
}
