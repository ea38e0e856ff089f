/* SPDX-License-Identifier: MIT */
/* exporter.h - metrics, health and the last decisions over HTTP: docs/metrics.md.
 *
 * It has threads of its own, so that a slow or broken client costs the workers nothing.
 */
#ifndef SERVE_EXPORTER_H
#define SERVE_EXPORTER_H

#include "net/listener.h"
#include "history/replay.h"

struct exporter;

/* Listen on <address>: HOST:PORT, [IPv6]:PORT or *:PORT, where nobody else may listen.
 * The caller's, for exporter_stop(); NULL with <error> filled.
 */
struct exporter *exporter_open(const char *address, struct listener_error *error);

/* Let /decisions show <decisions>, whose rules are evaluated again with <policies>.  Both
 * stay the caller's.  To be called before exporter_start().
 */
void exporter_show(struct exporter *e, struct journal *decisions,
		   struct policy_store *policies);

/* Start to answer; all signals are blocked in its threads.  False, with a line in
 * the log, if they cannot be started.
 */
bool exporter_start(struct exporter *e);

/* Set what /readyz answers; at first it is false. */
void exporter_set_ready(struct exporter *e, bool ready);

/* End its threads, close its listeners and all connections, and release it. */
void exporter_stop(struct exporter *e);

#endif
