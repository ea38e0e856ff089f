/* SPDX-License-Identifier: MIT */
#include "archive/watcher.h"
#include "base/clock.h"
#include "base/log.h"
#include "metrics/metrics.h"
#include "archive/probe.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

struct watched {
	char *address, *called_ae, *calling_ae; /* the titles may be NULL */
	int64_t due;      /* ms, of clock_monotonic_ms(); INT64_MAX: is being probed */
	bool failing;     /* the last probe has failed */
	char reason[256]; /* why */
	json_t *answer;   /* the last one, or NULL; touched under the lock only */
};

struct watcher {
	pthread_mutex_t lock; /* of all but <stop> */
	pthread_cond_t changed;
	pthread_t thread;
	bool started;
	atomic_bool stop;
	struct watched *list;
	size_t n;
	unsigned every_s;
	bool news; /* an answer has changed since watcher_changes() */
};

static void key_of(const struct watched *w, char *key, size_t size)
{
	archive_key(&(struct archive){w->address, w->called_ae, w->calling_ae}, key,
		    size);
}

/*** the list ***/

static void forget(struct watched *list, size_t n)
{
	for (size_t i = 0; list && i < n; i++) {
		free(list[i].address);
		free(list[i].called_ae);
		free(list[i].calling_ae);
		json_decref(list[i].answer);
	}
	free(list);
}

static char *copy_of(const char *text, bool *ok)
{
	char *copy = text ? strdup(text) : NULL;

	*ok &= !text || copy;
	return copy;
}

static struct watched *find(struct watched *list, size_t n, const char *key)
{
	char other[ARCHIVE_KEY];

	for (size_t i = 0; i < n; i++) {
		key_of(&list[i], other, sizeof(other));
		if (strcmp(key, other) == 0)
			return &list[i];
	}
	return NULL;
}

/* Without those that are named twice; <n> is how many there are. */
static struct watched *copy_list(const struct archive *from, size_t *n)
{
	struct watched *list = calloc(*n + 1, sizeof(*list));
	size_t given = *n;
	bool ok = list;

	*n = 0;
	for (size_t i = 0; ok && i < given; i++) {
		struct watched *w = &list[*n];
		char key[ARCHIVE_KEY];

		archive_key(&from[i], key, sizeof(key));
		if (find(list, *n, key))
			continue;
		w->address = copy_of(from[i].address, &ok);
		w->called_ae = copy_of(from[i].called_ae, &ok);
		w->calling_ae = copy_of(from[i].calling_ae, &ok);
		++*n;
	}
	if (ok)
		return list;
	forget(list, *n);
	return NULL;
}

/* Move what is known of an archive into its place of the new list. */
static void inherit(struct watcher *p, struct watched *w, int64_t latest)
{
	char key[ARCHIVE_KEY];
	struct watched *old;

	key_of(w, key, sizeof(key));
	old = find(p->list, p->n, key);
	if (!old)
		return;
	if (old->due == INT64_MAX || old->due < latest)
		w->due = old->due;
	else
		w->due = latest;
	w->failing = old->failing;
	memcpy(w->reason, old->reason, sizeof(w->reason));
	w->answer = old->answer;
	old->answer = NULL;
}

/* Their metrics end, so that no alert waits for archives that are not probed any more. */
static void end_those_left_out(const struct watcher *p, struct watched *fresh, size_t n)
{
	char key[ARCHIVE_KEY];

	for (size_t i = 0; i < p->n; i++) {
		key_of(&p->list[i], key, sizeof(key));
		if (!find(fresh, n, key))
			metrics_probe_ends(key);
	}
}

/*** the thread ***/

static void log_probe(const char *key, enum log_level level, const char *reason)
{
	struct log_line line;

	log_begin(&line, level, "probe");
	log_text(&line, "archive", key);
	log_text(&line, "result", reason ? "failed" : "answered");
	if (reason)
		log_text(&line, "reason", reason);
	log_end(&line);
}

/* When this archive is to be asked again; it is not yet if somebody asked meanwhile. */
static void plan_next(struct watcher *p, struct watched *w)
{
	unsigned after = p->every_s;

	if (w->failing && after > WATCHER_RETRY_S)
		after = WATCHER_RETRY_S;
	if (w->due == INT64_MAX)
		w->due = clock_monotonic_ms() + (int64_t)after * 1000;
}

/* Take over the answer, or NULL and the reason. */
static void note(struct watcher *p, struct watched *w, json_t *answer, const char *reason)
{
	bool new_answer = answer && !json_equal(answer, w->answer);
	bool same = answer ? !w->failing && !new_answer
			   : w->failing && strcmp(w->reason, reason) == 0;
	char key[ARCHIVE_KEY];

	key_of(w, key, sizeof(key));
	metrics_probe(key, answer);
	log_probe(key, same ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO, answer ? NULL : reason);
	w->failing = !answer;
	snprintf(w->reason, sizeof(w->reason), "%s", reason);
	if (new_answer) {
		json_decref(w->answer);
		w->answer = json_incref(answer);
		p->news = true;
	}
}

/* Ask the archive that <w> describes; the lock is held before and after, but <w> may
 * have been freed meanwhile.
 */
static void probe(struct watcher *p, struct watched *w)
{
	const struct archive named = {w->address, w->called_ae, w->calling_ae};
	size_t one = 1;
	struct watched *copy = copy_list(&named, &one);
	char error[256] = "out of memory", key[ARCHIVE_KEY];
	json_t *answer = NULL;

	key_of(w, key, sizeof(key));
	w->due = INT64_MAX;
	pthread_mutex_unlock(&p->lock);
	if (copy)
		answer = probe_archive(
			&(struct probe_target){
				{copy->address, copy->called_ae, copy->calling_ae},
				PROBE_TIMEOUT_MS},
			error, sizeof(error), &p->stop);
	forget(copy, one);
	pthread_mutex_lock(&p->lock);
	w = find(p->list, p->n, key);
	if (w && !atomic_load(&p->stop)) {
		note(p, w, answer, error);
		plan_next(p, w);
	}
	json_decref(answer);
}

/* The archive that has waited longest; NULL if there is none. */
static struct watched *next_due(struct watcher *p)
{
	struct watched *next = NULL;

	for (size_t i = 0; i < p->n; i++)
		if (!next || p->list[i].due < next->due)
			next = &p->list[i];
	return next;
}

static void sleep_until(struct watcher *p, int64_t ms)
{
	struct timespec at = {(time_t)(ms / 1000), (long)(ms % 1000) * 1000000};

	pthread_cond_timedwait(&p->changed, &p->lock, &at);
}

static void *run(void *context)
{
	struct watcher *p = context;

	pthread_mutex_lock(&p->lock);
	while (!atomic_load(&p->stop)) {
		struct watched *w = next_due(p);

		if (!w)
			pthread_cond_wait(&p->changed, &p->lock);
		else if (w->due > clock_monotonic_ms())
			sleep_until(p, w->due);
		else
			probe(p, w);
	}
	pthread_mutex_unlock(&p->lock);
	return NULL;
}

/* Signals are handled by the thread that serves. */
static bool start(struct watcher *p)
{
	sigset_t all, before;

	if (p->started)
		return true;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	p->started = pthread_create(&p->thread, NULL, run, p) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return p->started;
}

/*** for the owner ***/

struct watcher *watcher_new(void)
{
	struct watcher *p = calloc(1, sizeof(*p));
	pthread_condattr_t monotonic;

	if (!p)
		return NULL;
	pthread_mutex_init(&p->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&p->changed, &monotonic);
	pthread_condattr_destroy(&monotonic);
	return p;
}

void watcher_free(struct watcher *p)
{
	if (!p)
		return;
	pthread_mutex_lock(&p->lock);
	atomic_store(&p->stop, true);
	pthread_cond_signal(&p->changed);
	pthread_mutex_unlock(&p->lock);
	if (p->started)
		pthread_join(p->thread, NULL);
	forget(p->list, p->n);
	pthread_cond_destroy(&p->changed);
	pthread_mutex_destroy(&p->lock);
	free(p);
}

bool watcher_watch(struct watcher *p, const struct archive *list, size_t n,
		   unsigned every_s)
{
	struct watched *fresh = copy_list(list, &n);
	int64_t latest = clock_monotonic_ms() + (int64_t)every_s * 1000;

	if (!fresh || (n > 0 && !start(p))) {
		forget(fresh, n);
		return false;
	}
	pthread_mutex_lock(&p->lock);
	for (size_t i = 0; i < n; i++)
		inherit(p, &fresh[i], latest);
	end_those_left_out(p, fresh, n);
	forget(p->list, p->n);
	p->list = fresh;
	p->n = n;
	p->every_s = every_s;
	pthread_cond_signal(&p->changed);
	pthread_mutex_unlock(&p->lock);
	return true;
}

void watcher_ask(struct watcher *p)
{
	pthread_mutex_lock(&p->lock);
	for (size_t i = 0; i < p->n; i++)
		p->list[i].due = 0;
	pthread_cond_signal(&p->changed);
	pthread_mutex_unlock(&p->lock);
}

json_t *watcher_changes(struct watcher *p)
{
	char key[ARCHIVE_KEY];
	json_t *all = NULL;

	pthread_mutex_lock(&p->lock);
	if (p->news)
		all = json_object();
	for (size_t i = 0; all && i < p->n; i++) {
		if (!p->list[i].answer)
			continue;
		key_of(&p->list[i], key, sizeof(key));
		json_object_set_new(all, key, json_deep_copy(p->list[i].answer));
	}
	p->news = p->news && !all;
	pthread_mutex_unlock(&p->lock);
	return all;
}
