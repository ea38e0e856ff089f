/* SPDX-License-Identifier: MIT */
#include "spop/server.h"

#include <errno.h>
#include <ev.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "metrics/metrics.h"

/* For how long a worker does not accept when it cannot take another connection. */
static const double accept_pause = 0.1;   /* s */
static const long long pause_report = 10; /* s, between two lines in the log about that */

struct server {
	const struct server_config *config;
	struct listeners *listeners;
	atomic_uint connections; /* open, of all workers */
	atomic_llong paused_at;  /* s since the epoch: when that was last logged */
	pthread_mutex_t stopping;
	bool refusing; /* nothing is accepted any more; <stopping> is held */
};

struct worker {
	struct connection_set set; /* first: on_closed() finds the worker by it */
	struct server *server;
	struct ev_io accepts[LISTENER_MAX];
	struct ev_timer resume; /* accepting */
	struct ev_timer bound;  /* of the drain */
	struct ev_async stop;
	bool draining;
	bool started;
	pthread_t thread;
};

/*** accepting ***/

static void watch_listeners(struct worker *w, bool on)
{
	for (size_t i = 0; i < w->server->listeners->count; i++) {
		if (on)
			ev_io_start(w->set.loop, &w->accepts[i]);
		else
			ev_io_stop(w->set.loop, &w->accepts[i]);
	}
}

/* One line in <pause_report> seconds, however often it happens. */
static void pause_accepting(struct worker *w, const char *reason)
{
	struct server *s = w->server;
	long long now = (long long)ev_now(w->set.loop);
	long long last = atomic_load(&s->paused_at);
	struct log_line line;

	watch_listeners(w, false);
	ev_timer_set(&w->resume, accept_pause, 0.0);
	ev_timer_start(w->set.loop, &w->resume);
	if (now - last < pause_report ||
	    !atomic_compare_exchange_strong(&s->paused_at, &last, now))
		return;
	log_begin(&line, LOG_LEVEL_ERROR, "accept");
	log_text(&line, "reason", reason);
	log_number(&line, "connections", atomic_load(&s->connections));
	log_end(&line);
}

static void on_resume(struct ev_loop *loop, struct ev_timer *timer, int events)
{
	(void)loop;
	(void)events;
	watch_listeners(timer->data, true);
}

/* True if one more is allowed; it is then counted. */
static bool count_in(struct server *s)
{
	if (atomic_fetch_add(&s->connections, 1) < s->config->max_connections)
		return true;
	atomic_fetch_sub(&s->connections, 1);
	return false;
}

/* True if there was a connection, and it is now in the set of <w>. */
static bool accept_one(struct worker *w, int listener)
{
	struct server *s = w->server;
	int fd;

	if (!count_in(s)) {
		pause_accepting(w, "too many connections");
		return false;
	}
	fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd >= 0 && connection_open(&w->set, fd)) {
		metrics_add(METRIC_SPOP_CONNECTIONS, 1);
		metrics_add(METRIC_SPOP_CONNECTIONS_TOTAL, 1);
		return true;
	}
	atomic_fetch_sub(&s->connections, 1);
	if (fd >= 0) {
		close(fd);
		pause_accepting(w, strerror(ENOMEM));
	} else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
		   errno == ENOMEM) {
		pause_accepting(w, strerror(errno));
	}
	/* Other errors concern that one connection, or another worker has accepted it. */
	return false;
}

/* One connection for each event, so that other workers can take the next one. */
static void on_accept(struct ev_loop *loop, struct ev_io *io, int events)
{
	(void)loop;
	(void)events;
	accept_one(io->data, io->fd);
}

/* Connections that wait at the listeners would be reset when these are closed, so the
 * first worker that stops accepts them.  Sessions are ended only after that: HAProxy
 * connects again at once, and must find another agent.
 */
static void refuse_connections(struct worker *w)
{
	struct server *s = w->server;

	pthread_mutex_lock(&s->stopping);
	if (!s->refusing) {
		listeners_hide(s->listeners);
		for (size_t i = 0; i < s->listeners->count; i++) {
			struct listener *l = &s->listeners->items[i];

			while (accept_one(w, l->fd))
				;
			listener_refuse(l);
		}
		s->refusing = true;
	}
	pthread_mutex_unlock(&s->stopping);
}

/*** one worker ***/

static void end_if_idle(struct worker *w)
{
	if (w->draining && !w->set.first)
		ev_break(w->set.loop, EVBREAK_ALL);
}

static void on_closed(struct connection_set *set)
{
	struct worker *w = (struct worker *)set;

	atomic_fetch_sub(&w->server->connections, 1);
	metrics_add(METRIC_SPOP_CONNECTIONS, -1);
	end_if_idle(w);
}

static void on_stop(struct ev_loop *loop, struct ev_async *async, int events)
{
	struct worker *w = async->data;

	(void)events;
	if (w->draining)
		return;
	w->draining = true;
	refuse_connections(w);
	watch_listeners(w, false);
	ev_timer_stop(loop, &w->resume);
	ev_timer_set(&w->bound, w->server->config->drain_ms / 1000.0, 0.0);
	ev_timer_start(loop, &w->bound);
	connection_drain_all(&w->set);
	end_if_idle(w);
}

static void on_bound(struct ev_loop *loop, struct ev_timer *timer, int events)
{
	struct worker *w = timer->data;

	(void)loop;
	(void)events;
	connection_close_all(&w->set, "the time to drain is over");
}

static void *worker_main(void *arg)
{
	struct worker *w = arg;

	ev_run(w->set.loop, 0);
	return NULL;
}

static bool worker_init(struct worker *w, struct server *s, unsigned number)
{
	const struct server_config *config = s->config;

	w->server = s;
	w->set = (struct connection_set){
		.loop = ev_loop_new(EVFLAG_AUTO),
		.limits = config->limits,
		.application = {config->on_message, config->handler_new(config->shared),
				config->error_variable},
		.on_closed = on_closed,
		.number = number,
	};
	if (!w->set.loop || !w->set.application.context)
		return false;
	for (size_t i = 0; i < s->listeners->count; i++) {
		ev_io_init(&w->accepts[i], on_accept, s->listeners->items[i].fd, EV_READ);
		w->accepts[i].data = w;
	}
	watch_listeners(w, true);
	ev_timer_init(&w->resume, on_resume, 0.0, 0.0);
	ev_timer_init(&w->bound, on_bound, 0.0, 0.0);
	ev_async_init(&w->stop, on_stop);
	w->resume.data = w->bound.data = w->stop.data = w;
	ev_async_start(w->set.loop, &w->stop);
	return true;
}

static void worker_clear(struct worker *w)
{
	if (w->set.application.context)
		w->server->config->handler_free(w->set.application.context);
	if (w->set.loop)
		ev_loop_destroy(w->set.loop);
}

/*** all of them ***/

/* Signals are the main thread's: workers inherit a mask that blocks them all. */
static bool start_workers(struct server *s, struct worker *workers)
{
	sigset_t all, before;
	bool ok = true;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	for (unsigned i = 0; ok && i < s->config->workers; i++) {
		struct worker *w = &workers[i];

		ok = worker_init(w, s, i) &&
		     pthread_create(&w->thread, NULL, worker_main, w) == 0;
		w->started = ok;
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return ok;
}

static void stop_workers(struct server *s, struct worker *workers)
{
	for (unsigned i = 0; i < s->config->workers; i++)
		if (workers[i].started)
			ev_async_send(workers[i].set.loop, &workers[i].stop);
}

static void join_workers(struct server *s, struct worker *workers)
{
	for (unsigned i = 0; i < s->config->workers; i++) {
		if (workers[i].started)
			pthread_join(workers[i].thread, NULL);
		if (workers[i].server)
			worker_clear(&workers[i]);
	}
}

/* What the main thread waits for */
struct watch {
	const struct server_config *config;
	struct ev_signal term, interrupt, hangup;
	struct ev_timer tick;
};

static void on_signal(struct ev_loop *loop, struct ev_signal *signal, int events)
{
	struct log_line line;

	(void)events;
	log_begin(&line, LOG_LEVEL_INFO, "stopping");
	log_text(&line, "signal", signal->signum == SIGTERM ? "TERM" : "INT");
	log_end(&line);
	ev_break(loop, EVBREAK_ALL);
}

static void on_hangup(struct ev_loop *loop, struct ev_signal *signal, int events)
{
	const struct server_config *config = signal->data;

	(void)loop;
	(void)events;
	config->on_tick(config->ticking, true);
}

static void on_tick(struct ev_loop *loop, struct ev_timer *timer, int events)
{
	const struct server_config *config = timer->data;

	(void)loop;
	(void)events;
	config->on_tick(config->ticking, false);
}

static void report_start(const struct server *s)
{
	struct log_line line;

	for (size_t i = 0; i < s->listeners->count; i++) {
		log_begin(&line, LOG_LEVEL_INFO, "listening");
		log_text(&line, "address", s->listeners->items[i].name);
		log_end(&line);
	}
	log_begin(&line, LOG_LEVEL_INFO, "started");
	log_number(&line, "workers", s->config->workers);
	log_number(&line, "max_frame_size", s->config->limits.max_frame_bytes);
	log_end(&line);
}

/* Signals stay caught: a second one must not end the drain early. */
static void catch_signals(struct ev_loop *loop, struct watch *w)
{
	double tick = w->config->tick_ms / 1000.0;

	signal(SIGPIPE, SIG_IGN); /* a write to a closed stderr */
	ev_signal_init(&w->term, on_signal, SIGTERM);
	ev_signal_init(&w->interrupt, on_signal, SIGINT);
	ev_signal_init(&w->hangup, on_hangup, SIGHUP);
	ev_timer_init(&w->tick, on_tick, tick, tick);
	w->hangup.data = w->tick.data = (void *)(uintptr_t)w->config;
	ev_signal_start(loop, &w->term);
	ev_signal_start(loop, &w->interrupt);
	ev_signal_start(loop, &w->hangup);
	ev_timer_start(loop, &w->tick);
}

bool server_run(const struct server_config *config, struct listeners *listeners)
{
	struct worker *workers = calloc(config->workers, sizeof(*workers));
	struct ev_loop *loop = ev_default_loop(EVFLAG_AUTO);
	struct server s = {.config = config,
			   .listeners = listeners,
			   .stopping = PTHREAD_MUTEX_INITIALIZER};
	struct watch watch = {.config = config};
	struct log_line line;
	bool ok = workers && loop;

	if (loop)
		catch_signals(loop, &watch);
	ok = ok && start_workers(&s, workers);
	if (ok) {
		config->on_serving(config->ticking, true);
		report_start(&s);
		ev_run(loop, 0);
		config->on_serving(config->ticking, false);
	} else {
		log_begin(&line, LOG_LEVEL_ERROR, "start");
		log_text(&line, "reason", "cannot start the workers");
		log_end(&line);
	}
	if (workers) {
		stop_workers(&s, workers);
		join_workers(&s, workers);
	}
	listeners_close(listeners);
	free(workers);
	if (ok) {
		log_begin(&line, LOG_LEVEL_INFO, "stopped");
		log_end(&line);
	}
	return ok;
}
