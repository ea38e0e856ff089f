/* SPDX-License-Identifier: MIT */
/* server.h - the workers: threads that accept connections and answer them.
 *
 * All workers wait on the same listeners; the first to wake accepts.  A connection
 * stays with its worker, and workers share nothing but the count of connections.
 */
#ifndef SPOP_SERVER_H
#define SPOP_SERVER_H

#include "spop/connection.h"
#include "net/listener.h"

struct server_config {
	unsigned workers;         /* at least 1 */
	unsigned max_connections; /* of all workers together */
	unsigned drain_ms;        /* from SIGTERM to closing whatever is left */
	struct connection_limits limits;
	const char *error_variable; /* session.h */
	session_on_message *on_message;
	/* The context of on_message, one for each worker, made before it starts and
	 * freed after it has ended; NULL from handler_new: no memory.
	 */
	void *(*handler_new)(void *shared);
	void (*handler_free)(void *context);
	void *shared;
	/* Called in the thread of server_run() every <tick_ms>, and with <hangup> at
	 * SIGHUP.
	 */
	unsigned tick_ms;
	void (*on_tick)(void *ticking, bool hangup);
	/* Called in the same thread: true once all workers run, false when they are to
	 * stop.
	 */
	void (*on_serving)(void *ticking, bool serving);
	void *ticking;
};

/* Serve until SIGTERM or SIGINT, then accept the connections that wait and no later ones,
 * answer what has been received, disconnect, and close <listeners>.  Returns true after
 * that, false with a line in the log if the workers could not be started.  Once per
 * process: it owns the signals.
 */
bool server_run(const struct server_config *config, struct listeners *listeners);

#endif
