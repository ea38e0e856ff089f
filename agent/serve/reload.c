/* SPDX-License-Identifier: MIT */
#include "serve/reload.h"
#include "base/log.h"
#include "metrics/metrics.h"
#include "loader/policy_file.h"
#include "archive/watcher.h"

#include <stdlib.h>

enum { LOGGED_ERRORS = 20, LOGGED_BYTES = 800 };

struct reload {
	const char *path;
	struct policy_store *policies;
	struct files files;
	struct watcher *watcher;
	json_t *probed;       /* what archives have answered; NULL: nothing yet */
	bool archives_differ; /* from those that are probed */
};

static void count_refusal(const struct reload *r, const struct report *report)
{
	const struct report_entry *first = report_first_error(report);

	metrics_policy_refused(report->errors,
			       first && first->file > 0 ? report_file(first)
							: slice_str(r->path),
			       first ? first->at.line : 0,
			       first ? report_message(first) : slice_str("see the log"));
}

static void log_refusal(const struct report *report)
{
	struct log_line line;

	for (size_t i = 0; i < report->n && i < LOGGED_ERRORS; i++) {
		log_begin(&line, LOG_LEVEL_ERROR, "policy_error");
		log_bytes(&line, "reason",
			  slice_head(slice_str(report->entries[i].text), LOGGED_BYTES));
		log_end(&line);
	}
	log_begin(&line, LOG_LEVEL_ERROR, "policy");
	log_text(&line, "result", "refused");
	log_number(&line, "errors", (int64_t)report->errors);
	log_text(&line, "consequence", "the policy that was loaded before stays");
	log_end(&line);
}

/* Log the policy that has come into force, and export its id. */
static void announce(struct policy_store *policies)
{
	const struct policy *policy = policy_store_hold(policies, (struct slice){0});
	struct log_line line;

	metrics_policy_loaded(policy->id, policy->nrules);
	log_begin(&line, LOG_LEVEL_INFO, "policy");
	log_text(&line, "result", "loaded");
	log_text(&line, "id", policy->id);
	log_number(&line, "rules", (int64_t)policy->nrules);
	log_end(&line);
	policy_store_release(policies, policy);
}

/* The files of the attempt are watched from now on, whether it succeeded or not. */
static struct policy *load(struct reload *r, struct report *report)
{
	files_forget(&r->files);
	return policy_file_load(r->path, report, &r->files, r->probed);
}

struct reload *reload_new(const char *path, struct report *report)
{
	struct reload *r = calloc(1, sizeof(*r));
	struct policy *policy;

	if (!r) {
		report_add(report, false, path, (struct json_place){0}, "out of memory");
		return NULL;
	}
	r->path = path;
	r->watcher = watcher_new();
	policy = r->watcher ? load(r, report) : NULL;
	if (policy)
		r->policies = policy_store_new(policy);
	if (r->policies) {
		r->archives_differ = true;
		announce(r->policies);
		return r;
	}
	if (policy || !r->watcher)
		report_add(report, false, path, (struct json_place){0}, "out of memory");
	policy_free(policy);
	reload_free(r);
	return NULL;
}

void reload_free(struct reload *r)
{
	if (!r)
		return;
	watcher_free(r->watcher);
	json_decref(r->probed);
	policy_store_free(r->policies);
	files_forget(&r->files);
	free(r);
}

struct policy_store *reload_policies(struct reload *r)
{
	return r->policies;
}

/* True if an archive has answered something else than before. */
static bool has_answers(struct reload *r)
{
	json_t *probed = watcher_changes(r->watcher);

	if (!probed)
		return false;
	json_decref(r->probed);
	r->probed = probed;
	return true;
}

/* Probe what the policy in force names.  The thread for that begins with the first tick,
 * when privileges have been dropped.
 */
static void watch_archives(struct reload *r)
{
	const struct policy *p;

	if (!r->archives_differ)
		return;
	p = policy_store_hold(r->policies, (struct slice){0});
	r->archives_differ =
		!watcher_watch(r->watcher, p->archives, p->narchives, p->probe_seconds);
	policy_store_release(r->policies, p);
}

static void load_again(struct reload *r)
{
	struct report *report = calloc(1, sizeof(*report));
	struct policy *policy;

	if (!report)
		return;
	policy = load(r, report);
	if (policy && !policy_store_replace(r->policies, policy)) {
		report_add(report, false, r->path, (struct json_place){0},
			   "out of memory");
		policy_free(policy);
		policy = NULL;
	}
	if (policy) {
		r->archives_differ = true;
		announce(r->policies);
	} else {
		count_refusal(r, report);
		log_refusal(report);
	}
	report_clear(report);
	free(report);
}

void reload_tick(struct reload *r, bool asked)
{
	bool changed = files_changed(&r->files), answered = has_answers(r);

	policy_store_expire(r->policies);
	if (asked)
		watcher_ask(r->watcher);
	if (changed || answered || asked)
		load_again(r);
	watch_archives(r);
}
