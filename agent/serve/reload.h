/* SPDX-License-Identifier: MIT */
/* reload.h - the policy's files, read again when they change, or when an archive
 * that it names has answered something else.
 *
 * Everything here runs in the main thread; workers use the new policy from their next
 * message on.
 */
#ifndef SERVE_RELOAD_H
#define SERVE_RELOAD_H

#include "loader/files.h"
#include "policy/store.h"
#include "loader/report.h"

struct reload;

/* Load the policy at <path>, which stays the caller's.  NULL with all errors in <report>
 * if it cannot be used.
 */
struct reload *reload_new(const char *path, struct report *report);
void reload_free(struct reload *r);

/* The policies, which <r> owns. */
struct policy_store *reload_policies(struct reload *r);

/* To be called every RELOAD_TICK_MS.  Loads the policy again if a file or an archive's
 * answer has changed; a file only when it has stayed the same since the last tick, so
 * that it is not read while it is written.  If <asked>, as SIGHUP does, loads at once and
 * probes all archives again.  Paths are followed each time: a file that is renamed into
 * place and a symbolic link that is changed are noticed.  If the new policy cannot be
 * used, the one before stays, and the log says why.
 */
enum { RELOAD_TICK_MS = 500 };
void reload_tick(struct reload *r, bool asked);

#endif
