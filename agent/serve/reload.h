/* SPDX-License-Identifier: MIT */
/* reload.h - the policy's files, read again when they change, or when an archive
 * that it names has answered something else.
 *
 * All of it runs in one thread; the workers see the new policy with their next message.
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

/* To be called every RELOAD_TICK_MS: load again what has changed and stayed the same
 * since the last tick, so that a file is not read while it is written; at once if
 * <asked>, and archives are then probed again.  A file is known by what its name leads
 * to, be it a file that was renamed to it or the end of a chain of symbolic links.  What
 * cannot be used changes nothing; the log says why.
 */
enum { RELOAD_TICK_MS = 500 };
void reload_tick(struct reload *r, bool asked);

#endif
