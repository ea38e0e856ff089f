/* SPDX-License-Identifier: MIT */
#include "top/tables.h"
#include "base/clock.h"

#include <math.h>
#include <stdlib.h>

enum { REFUSALS_SHOWN = 5, TEXT = 128 };

struct family {
	const char *title;
	const char *name;
	const char *labels[COUNT_LABELS];
};

/* Counters of what goes wrong; shown when they are above 0. */
static const struct family troubles[] = {
	{"", "dicom_spoa_refusals_total", {"pdu", "reason"}},
	{"fallback", "dicom_spoa_fallbacks_total", {"reason"}},
	{"unreadable", "dicom_spoa_parse_errors_total", {"kind"}},
	{"aborted by the SCU", "dicom_spoa_aborted_by_scu_total", {NULL}},
};

/*** words ***/

/* How many columns a terminal needs for it, of UTF-8. */
static int columns(const char *text)
{
	int n = 0;

	for (; *text; text++)
		n += ((unsigned char)*text & 0xc0) != 0x80;
	return n;
}

static void print_column(FILE *out, const char *text, int width)
{
	fprintf(out, "%s%*s", text, width > columns(text) ? width - columns(text) : 0,
		"");
}

/* A label, or another word from outside; "-" if it is empty. */
static const char *shown(struct slice value, char text[TEXT])
{
	struct writer out = writer_of(text, TEXT - 1);

	scrape_show(&out, value);
	text[out.len] = '\0';
	return out.len > 0 ? text : "-";
}

static const char *duration(double seconds, char text[TEXT])
{
	if (isnan(seconds))
		snprintf(text, TEXT, "-");
	else if (seconds < 1e-3)
		snprintf(text, TEXT, "%.0f us", seconds * 1e6);
	else if (seconds < 1)
		snprintf(text, TEXT, "%.1f ms", seconds * 1e3);
	else if (seconds < 120)
		snprintf(text, TEXT, "%.1f s", seconds);
	else if (seconds < 7200)
		snprintf(text, TEXT, "%.0f min", seconds / 60);
	else if (seconds < 172800)
		snprintf(text, TEXT, "%.0f h", seconds / 3600);
	else
		snprintf(text, TEXT, "%.0f days", seconds / 86400);
	return text;
}

/*** all agents together ***/

static bool sum(const struct top *t, const char *name,
		const char *const labels[COUNT_LABELS], struct counts *sums)
{
	*sums = (struct counts){0};
	for (size_t i = 0; i < t->n; i++)
		if (!series_sum(&t->agents[i].now, &t->agents[i].before, name, labels,
				sums)) {
			counts_free(sums);
			return false;
		}
	return true;
}

static double interval(const struct top *t)
{
	double longest = 0;

	for (size_t i = 0; i < t->n; i++)
		if (!t->agents[i].why[0] && t->agents[i].before.n > 0 &&
		    t->agents[i].seconds > longest)
			longest = t->agents[i].seconds;
	return longest;
}

static double per_second(double grown, double seconds)
{
	return seconds > 0 ? grown / seconds : 0;
}

/*** one line for each agent ***/

static struct slice policy_of(const struct series *s)
{
	struct slice id = slice_of(NULL, 0);

	for (size_t i = 0; i < s->n; i++)
		if (slice_equal(s->all[i].name, slice_str("dicom_spoa_policy_info")) &&
		    scrape_label(s->all[i].labels, "id", &id))
			break;
	return id;
}

static double cpu_of(const struct top_agent *a)
{
	static const char name[] = "process_cpu_seconds_total";

	return a->before.n == 0 ? NAN
				: per_second(series_value(&a->now, name, 0) -
						     series_value(&a->before, name, 0),
					     a->seconds);
}

static void print_agent(FILE *out, const struct top_agent *a)
{
	const struct series *s = &a->now;
	char id[TEXT], age[TEXT];
	double cpu = cpu_of(a);

	print_column(out, a->address, 23);
	if (a->why[0]) {
		fprintf(out, "does not answer: %s\n", a->why);
		return;
	}
	print_column(out, shown(policy_of(s), id), 18);
	print_column(out,
		     duration((double)clock_realtime_s() -
				      series_value(s,
						   "dicom_spoa_policy_last_success_"
						   "timestamp_seconds",
						   NAN),
			      age),
		     10);
	fprintf(out, "%5.0f %5.0f ", series_value(s, "dicom_spoa_policy_rules", NAN),
		series_value(s, "dicom_spoa_spop_connections", NAN));
	if (isnan(cpu))
		fprintf(out, "     -");
	else
		fprintf(out, "%5.1f%%", cpu * 100);
	fprintf(out, " %7.1f MB%s\n",
		series_value(s, "process_resident_memory_bytes", NAN) / 1e6,
		series_value(s, "dicom_spoa_policy_last_load_successful", 1) == 1
			? ""
			: "  the policy in the file was refused");
}

static void print_agents(FILE *out, const struct top *t)
{
	fprintf(out, "%-22s %-17s %-9s %5s %5s %6s %10s\n", "agent", "policy", "age",
		"rules", "SPOP", "CPU", "memory");
	for (size_t i = 0; i < t->n; i++)
		print_agent(out, &t->agents[i]);
}

/*** tables ***/

static bool print_decisions(FILE *out, const struct top *t)
{
	static const char *const labels[] = {"rule", "pool", "outcome"};
	double seconds = interval(t);
	struct counts sums;
	char text[TEXT];

	if (!sum(t, "dicom_spoa_decisions_total", labels, &sums))
		return false;
	counts_sort(&sums);
	fprintf(out, "\n%-24s %-16s %-12s %10s %12s\n", "rule", "pool", "outcome",
		"per s", "total");
	for (size_t i = 0; i < sums.n && (t->most == 0 || i < t->most); i++) {
		print_column(out, shown(sums.rows[i].labels[0], text), 25);
		print_column(out, shown(sums.rows[i].labels[1], text), 17);
		print_column(out, shown(sums.rows[i].labels[2], text), 13);
		fprintf(out, "%9.1f %12.0f\n", per_second(sums.rows[i].grown, seconds),
			sums.rows[i].total);
	}
	if (t->most != 0 && sums.n > t->most)
		fprintf(out, "and %zu more\n", sums.n - t->most);
	counts_free(&sums);
	return true;
}

static bool print_times(FILE *out, const struct top *t, const char *title,
			const char *family, const char *message)
{
	static const char *const labels[] = {"le", "message", NULL};
	char bucket[TEXT], p50[TEXT], p99[TEXT];
	double grown = 0, total = 0;
	struct counts sums;

	snprintf(bucket, sizeof(bucket), "%s_bucket", family);
	if (!sum(t, bucket, labels, &sums))
		return false;
	for (size_t i = 0; i < sums.n; i++)
		if (slice_equal(sums.rows[i].labels[0], slice_str("+Inf")) &&
		    (!message ||
		     slice_equal(sums.rows[i].labels[1], slice_str(message)))) {
			grown = sums.rows[i].grown;
			total = sums.rows[i].total;
		}
	fprintf(out, "%-42s %12s %12s %8.1f %12.0f\n", title,
		duration(counts_quantile(&sums, 0.5, message), p50),
		duration(counts_quantile(&sums, 0.99, message), p99),
		per_second(grown, interval(t)), total);
	counts_free(&sums);
	return true;
}

static bool print_answers(FILE *out, const struct top *t)
{
	static const char times[] = "dicom_spoa_decision_duration_seconds";

	fprintf(out, "\n%-42s %12s %12s %8s %12s\n", "answer to", "p50", "p99", "per s",
		"total");
	return print_times(out, t, "associate", times, "associate") &&
	       print_times(out, t, "dataset", times, "dataset") &&
	       print_times(out, t, "(the SCU, until its data set had decided)",
			   "dicom_spoa_data_set_wait_seconds", NULL);
}

static void print_trouble(FILE *out, const char *title, const struct count *row)
{
	char line[4 * TEXT], text[TEXT];
	struct writer words = writer_of(line, sizeof(line) - 1);

	writer_bytes(&words, slice_str(title));
	for (size_t i = 0; i < COUNT_LABELS && row->labels[i].len > 0; i++) {
		if (words.len > 0)
			writer_u8(&words, ' ');
		writer_bytes(&words, slice_str(shown(row->labels[i], text)));
	}
	line[words.len] = '\0';
	print_column(out, line, 59);
	fprintf(out, "%18.0f %12.0f\n", row->grown, row->total);
}

static bool print_troubles(FILE *out, const struct top *t)
{
	bool headed = false;

	for (size_t f = 0; f < sizeof(troubles) / sizeof(troubles[0]); f++) {
		struct counts sums;

		if (!sum(t, troubles[f].name, troubles[f].labels, &sums))
			return false;
		counts_sort(&sums);
		for (size_t i = 0; i < sums.n && sums.rows[i].total > 0; i++) {
			if (!headed)
				fprintf(out, "\n%-58s %18s %12s\n",
					"refused, not decided, not read", "since last",
					"total");
			headed = true;
			print_trouble(out, troubles[f].title, &sums.rows[i]);
		}
		counts_free(&sums);
	}
	return true;
}

/*** the last refusals ***/

static const char *member(const json_t *entry, const char *name, char text[TEXT])
{
	const char *value = json_string_value(json_object_get(entry, name));

	return shown(slice_str(value ? value : ""), text);
}

static void print_refusal(FILE *out, const json_t *entry)
{
	char when[TEXT], calling[TEXT], client[TEXT], error[TEXT], rule[TEXT];

	member(entry, "time", when);
	member(entry, "rule", rule);
	fprintf(out, "%.8s  %s at %s: %s", columns(when) > 19 ? when + 11 : "-",
		member(entry, "calling_ae", calling), member(entry, "client", client),
		member(entry, "error", error));
	if (rule[0])
		fprintf(out, " (rule %s)", rule);
	fprintf(out, "\n");
}

static bool is_refusal(const json_t *entry)
{
	const char *verdict = json_string_value(json_object_get(entry, "verdict"));

	return verdict && strcmp(verdict, "reject") == 0;
}

static const char *time_of(const json_t *entry)
{
	const char *text = json_string_value(json_object_get(entry, "time"));

	return text ? text : "";
}

/* The newest of all agents' that is older than what was printed; each list is sorted. */
static const json_t *next_refusal(const struct top *t, size_t *at)
{
	const json_t *newest = NULL;
	size_t whose = 0;

	for (size_t i = 0; i < t->n; i++) {
		const json_t *list = json_object_get(t->agents[i].decisions, "decisions");
		const json_t *entry;

		while ((entry = json_array_get(list, at[i])) && !is_refusal(entry))
			at[i]++;
		if (entry && (!newest || strcmp(time_of(entry), time_of(newest)) > 0)) {
			newest = entry;
			whose = i;
		}
	}
	if (newest)
		at[whose]++;
	return newest;
}

static bool print_refusals(FILE *out, const struct top *t)
{
	size_t *at = calloc(t->n, sizeof(*at));
	const json_t *entry;

	if (!at)
		return false;
	for (int i = 0; i < REFUSALS_SHOWN && (entry = next_refusal(t, at)); i++) {
		if (i == 0)
			fprintf(out, "\nlast refusals (UTC)\n");
		print_refusal(out, entry);
	}
	free(at);
	return true;
}

/*** all of it ***/

static void print_head(FILE *out, const struct top *t)
{
	size_t answering = 0;

	for (size_t i = 0; i < t->n; i++)
		answering += !t->agents[i].why[0];
	fprintf(out, "dicom-spoa top: %zu of %zu agents, the last %.1f s\n\n", answering,
		t->n, interval(t));
}

bool top_text_print(FILE *out, const struct top *t)
{
	print_head(out, t);
	print_agents(out, t);
	return print_decisions(out, t) && print_answers(out, t) &&
	       print_troubles(out, t) && print_refusals(out, t);
}
