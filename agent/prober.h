/* SPDX-License-Identifier: MIT */
/* prober.h - a thread that asks archives what they accept (probe.h), again and again.
 *
 * It probes one archive at a time.  One that does not answer keeps its last answer, and
 * is asked again after PROBER_RETRY_S.  Its functions are called by one thread.
 */
#ifndef PROBER_H
#define PROBER_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

enum { PROBER_RETRY_S = 60, PROBER_KEY = 320 };

struct prober;

struct prober_archive {
	const char *address;
	const char *called_ae, *calling_ae; /* NULL: as probe.h has it */
};

/* NULL: no memory. */
struct prober *prober_new(void);

/* Ends the thread within a moment, also in the middle of a probe. */
void prober_free(struct prober *p);

/* Probe these <n> archives from now on, each <every_s> seconds, and those that are new at
 * once; the list is copied.  What is known of those that were probed before stays, the
 * rest is forgotten.  Without archives no thread is started.  False: no memory, or no
 * thread; then everything is as before.
 */
bool prober_watch(struct prober *p, const struct prober_archive *list, size_t n,
		  unsigned every_s);

/* Probe all archives now. */
void prober_ask(struct prober *p);

/* All answers, as probe_archive() gives them, by prober_key(), if one has changed since
 * the last call; else NULL.  The caller's alone.
 */
json_t *prober_changes(struct prober *p);

/* "ADDRESS CALLED CALLING": what the archive is called in prober_changes(). */
void prober_key(const struct prober_archive *a, char *key, size_t size);

#endif
