/* SPDX-License-Identifier: MIT */
#include "metrics/metrics.h"
#include "base/clock.h"
#include "dicom/dict.h"
#include "metrics/text.h"
#include "metrics/histogram.h"
#include "base/escape.h"
#include "metrics/process.h"
#include "metrics/labelled.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

/* The head of a family, or one of its time series. */
static const struct row {
	const char *type, *name, *help, *labels;
	enum metric metric;
} rows[] = {
#define METRICS_FAMILY(type, name, help) {type, name, help, NULL, METRIC_COUNT},
#define METRICS_SERIES(id, labels)       {NULL, NULL, NULL, labels, METRIC_##id},
#define METRICS_SERIES_REJECTION(id, result, source, reason, name, words)                \
	METRICS_SERIES(REJECT_##id, METRICS_RJ(name))
	METRICS(METRICS_FAMILY, METRICS_SERIES)};

static _Atomic int64_t values[METRIC_COUNT];

/*** histograms ***/

#define ANSWER_TIMES                                                                     \
	{                                                                                \
		5000, 10000, 25000, 50000, 100000, 250000, 500000, 1000000, 2500000,     \
			5000000, 10000000, 25000000, 100000000                           \
	}

static struct histogram spreads[METRICS_SPREADS] = {
	[METRICS_ASSOCIATE_TIME] = {.bounds = ANSWER_TIMES,
				    .unit = 1000000000,
				    .labels = "message=\"associate\""},
	[METRICS_DATASET_TIME] = {.bounds = ANSWER_TIMES,
				  .unit = 1000000000,
				  .labels = "message=\"dataset\""},
	[METRICS_DATA_SET_BYTES] = {.bounds = {256, 512, 1024, 2048, 4096, 8192, 16384,
					       32768, 65536, 114688},
				    .unit = 1,
				    .labels = ""},
	[METRICS_DATA_SET_WAIT] = {.bounds = {1000, 2500, 5000, 10000, 25000, 50000,
					      100000, 250000, 500000, 1000000, 2500000,
					      5000000, 10000000, 30000000},
				   .unit = 1000000,
				   .labels = ""},
};

/* The families of histograms; each ends where the next one begins. */
static const struct spread_family {
	const char *name, *help;
	enum metrics_spread first;
} spread_families[] = {
	{"dicom_spoa_decision_duration_seconds", "What an answer took in the agent.",
	 METRICS_ASSOCIATE_TIME},
	{"dicom_spoa_decision_data_set_bytes",
	 "Bytes of the first data set that had come when it decided.",
	 METRICS_DATA_SET_BYTES},
	{"dicom_spoa_data_set_wait_seconds",
	 "From the A-ASSOCIATE-AC to the question that was decided, with the time that "
	 "the "
	 "SCU took.",
	 METRICS_DATA_SET_WAIT},
	{NULL, NULL, METRICS_SPREADS},
};

/*** what comes up ***/

static struct labelled_table decided, callers, fell_back, contained, probed, answered_at;
static struct labelled decisions = {
	.name = "dicom_spoa_decisions_total",
	.help = "Associations by what was decided.",
	.labels = {"rule", "pool", "outcome"},
	.nlabels = 3,
	.kept = 1,
	.most = LABELLED_MOST,
	.table = &decided,
	.lock = PTHREAD_MUTEX_INITIALIZER,
};
static struct labelled associations = {
	.name = "dicom_spoa_associations_total",
	.help = "Associations by calling AE title.",
	.labels = {"calling_ae"},
	.nlabels = 1,
	.most = 1000,
	.table = &callers,
	.lock = PTHREAD_MUTEX_INITIALIZER,
};
static struct labelled fallbacks = {
	.name = "dicom_spoa_fallbacks_total",
	.help = "Decisions without what the policy wanted to know, by calling AE title "
		"and by what was missing.",
	.labels = {"calling_ae", "reason"},
	.nlabels = 2,
	.kept = 1,
	.most = 1000,
	.table = &fell_back,
	.lock = PTHREAD_MUTEX_INITIALIZER,
};
static struct labelled contents = {
	.name = "dicom_spoa_sop_classes_total",
	.help = "Associations by SOP class, and transfer syntax if they were spliced.",
	.labels = {"sop_class", "transfer_syntax"},
	.nlabels = 2,
	.most = 2000,
	.table = &contained,
	.lock = PTHREAD_MUTEX_INITIALIZER,
};
static struct labelled probes = {
	.name = "dicom_spoa_probes_total",
	.help = "Probes of archives by result.",
	.labels = {"archive", "result"},
	.nlabels = 2,
	.kept = 1,
	.most = 500,
	.table = &probed,
	.lock = PTHREAD_MUTEX_INITIALIZER,
};
static struct labelled probe_times = {
	.name = "dicom_spoa_probe_last_success_timestamp_seconds",
	.help = "When an archive has last answered a probe.",
	.gauge = true,
	.labels = {"archive"},
	.nlabels = 1,
	.most = 500,
	.table = &answered_at,
	.lock = PTHREAD_MUTEX_INITIALIZER,
};

/*** what belongs to the policy, and to the program ***/

/* A gauge of 1 whose labels carry the information; not shown without labels. */
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

/* Protects what belongs to the policy, so that a scrape sees the state before a load or
 * after it.
 */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

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

	metrics_text_label(&labels, "version", slice_str(version));
	end_labels(&build, &labels);
	started = (double)clock_realtime_us() / 1e6;
}

void metrics_add(enum metric m, int64_t n)
{
	atomic_fetch_add_explicit(&values[m], n, memory_order_relaxed);
}

void metrics_observe(enum metrics_spread s, int64_t value)
{
	histogram_observe(&spreads[s], value);
}

/* As a label; the title may be any bytes. */
static struct slice title_of(struct slice calling_ae, uint8_t bytes[16 * ESCAPE_MOST])
{
	struct writer title = writer_of(bytes, 16 * ESCAPE_MOST);

	escape_write(&title, ESCAPE_HEX, slice_head(calling_ae, 16));
	return writer_slice(&title);
}

void metrics_association(struct slice calling_ae)
{
	uint8_t bytes[16 * ESCAPE_MOST];

	labelled_add(&associations, (const struct slice[]){title_of(calling_ae, bytes)},
		     1);
}

void metrics_fallback(struct slice calling_ae, const char *reason)
{
	uint8_t bytes[16 * ESCAPE_MOST];
	const struct slice labels[] = {title_of(calling_ae, bytes), slice_str(reason)};

	labelled_add(&fallbacks, labels, 1);
}

void metrics_decision(const char *rule, const char *pool, enum metrics_outcome outcome)
{
	static const char *const words[METRICS_OUTCOMES] = {"passed", "spliced",
							    "rejected", "unreachable"};

	labelled_add(&decisions,
		     (const struct slice[]){slice_str(rule), slice_str(pool ? pool : ""),
					    slice_str(words[outcome])},
		     1);
}

static struct slice keyword(struct slice uid)
{
	const struct dict_uid *known = uid.len > 0 ? dict_uid(uid) : NULL;

	return slice_str(known ? known->keyword : uid.len > 0 ? "other" : "");
}

void metrics_content(struct slice sop_class, struct slice transfer_syntax)
{
	if (sop_class.len > 0)
		labelled_add(&contents,
			     (const struct slice[]){keyword(sop_class),
						    keyword(transfer_syntax)},
			     1);
}

void metrics_probe(const char *archive, bool answered)
{
	const struct slice key[] = {slice_str(archive),
				    slice_str(answered ? "answered" : "failed")};

	labelled_add(&probes, key, 1);
	if (answered)
		labelled_set(&probe_times, key, clock_realtime_s());
}

void metrics_probe_ends(const char *archive)
{
	labelled_set(&probe_times, (const struct slice[]){slice_str(archive)}, 0);
}

static void set(enum metric m, int64_t value)
{
	atomic_store_explicit(&values[m], value, memory_order_relaxed);
}

void metrics_policy_loaded(const char *id, size_t rules)
{
	struct writer labels = begin_labels(&in_force);
	int64_t now = clock_realtime_s();

	pthread_mutex_lock(&lock);
	metrics_text_label(&labels, "id", slice_str(id));
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
	metrics_text_label(&labels, "file", slice_head(file, METRICS_FILE_MAX));
	metrics_text_label(&labels, "line", slice_str(line > 0 ? number : ""));
	metrics_text_label(&labels, "reason", slice_head(reason, METRICS_REASON_MAX));
	end_labels(&refusal, &labels);
	set(METRIC_POLICY_LAST_LOAD_SUCCESSFUL, 0);
	set(METRIC_POLICY_LAST_LOAD_ERRORS, (int64_t)errors);
	set(METRIC_POLICY_LAST_LOAD, clock_realtime_s());
	metrics_add(METRIC_POLICY_REFUSED, 1);
	pthread_mutex_unlock(&lock);
}

/*** the text ***/

static void write_info(struct writer *out, const struct info *i)
{
	if (i->len == 0)
		return;
	metrics_text_head(out, i->name, "gauge", i->help);
	metrics_text_sample(out, i->name, "", slice_of(i->labels, i->len), "1");
}

static void write_rows(struct writer *out)
{
	const char *name = NULL;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *row = &rows[i];

		if (row->name) {
			name = row->name;
			metrics_text_head(out, name, row->type, row->help);
			continue;
		}
		metrics_text_number(
			out, name, "", slice_str(row->labels),
			atomic_load_explicit(&values[row->metric], memory_order_relaxed));
	}
}

static void write_spreads(struct writer *out)
{
	for (const struct spread_family *f = spread_families; f->name; f++) {
		metrics_text_head(out, f->name, "histogram", f->help);
		for (size_t i = f->first; i < f[1].first; i++)
			histogram_render(&spreads[i], f->name, out);
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
	metrics_text_head(out, name, type, help);
	metrics_text_sample(out, name, "", (struct slice){0}, text);
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
	write_standard(out, "process_virtual_memory_bytes", "gauge",
		       "Virtual memory size in bytes.", 0, (double)p.virtual_bytes);
	write_standard(out, "process_resident_memory_bytes", "gauge",
		       "Resident memory size in bytes.", 0, (double)p.resident_bytes);
	write_standard(out, "process_start_time_seconds", "gauge",
		       "Start time of the process since unix epoch in seconds.", 3,
		       started);
}

bool metrics_render(struct writer *out)
{
	struct labelled *const tallies[] = {&decisions, &associations, &fallbacks,
					    &contents,  &probes,       &probe_times};

	pthread_mutex_lock(&lock);
	write_info(out, &build);
	write_info(out, &in_force);
	write_info(out, &refusal);
	write_rows(out);
	pthread_mutex_unlock(&lock);
	for (size_t i = 0; i < sizeof(tallies) / sizeof(tallies[0]); i++)
		labelled_render(tallies[i], out);
	write_spreads(out);
	write_process(out);
	return writer_ok(out);
}
