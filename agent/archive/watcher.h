/* SPDX-License-Identifier: MIT */
/* watcher.h - a thread that probes archives at intervals (probe.h).
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

/* Stop the thread, which takes about DEADLINE_SLICE_MS even in the middle of a probe, and
 * free everything.
 */
void watcher_free(struct watcher *p);

/* Probe these <n> archives from now on, each <every_s> seconds, and those that are new at
 * once; the list is copied.  The answers of archives that stay in the list are kept,
 * others are dropped.  Without archives no thread is started.  False: no memory, or no
 * thread; then nothing has changed.
 */
bool watcher_watch(struct watcher *p, const struct archive *list, size_t n,
		   unsigned every_s);

/* Probe all archives now. */
void watcher_ask(struct watcher *p);

/* All answers, as probe_archive() gives them, by archive_key(), if one has changed since
 * the last call; else NULL.  The caller owns them.
 */
json_t *watcher_changes(struct watcher *p);

#endif
