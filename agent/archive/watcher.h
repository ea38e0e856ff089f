/* SPDX-License-Identifier: MIT */
/* watcher.h - a thread that asks archives what they accept (probe.h), again and again.
 *
 * It probes one archive at a time.  One that does not answer keeps its last answer, and
 * is asked again after WATCHER_RETRY_S.  Its functions are called by one thread.
 */
#ifndef ARCHIVE_WATCHER_H
#define ARCHIVE_WATCHER_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "archive/archive.h"

enum { WATCHER_RETRY_S = 60 };

struct watcher;

/* NULL: no memory. */
struct watcher *watcher_new(void);

/* Ends the thread within a moment, also in the middle of a probe. */
void watcher_free(struct watcher *p);

/* Probe these <n> archives from now on, each <every_s> seconds, and those that are new at
 * once; the list is copied.  What is known of those that were probed before stays, the
 * rest is forgotten.  Without archives no thread is started.  False: no memory, or no
 * thread; then everything is as before.
 */
bool watcher_watch(struct watcher *p, const struct archive *list, size_t n,
		   unsigned every_s);

/* Probe all archives now. */
void watcher_ask(struct watcher *p);

/* All answers, as probe_archive() gives them, by archive_key(), if one has changed since
 * the last call; else NULL.  The caller's alone.
 */
json_t *watcher_changes(struct watcher *p);

#endif
