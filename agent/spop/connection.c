/* SPDX-License-Identifier: MIT */
/* Bytes are received into <in>; every whole frame there is answered into <out>, which
 * is flushed once for all of them, so that pipelined frames share their writes.  While
 * the peer does not take its answers nothing more is received from it.
 */
#include "spop/connection.h"

#include <assert.h>
#include <errno.h>
#include <ev.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "metrics/metrics.h"

enum connection_state {
	CONNECTION_OPEN,
	CONNECTION_FLUSH, /* sends what is left, then shuts its side down */
	CONNECTION_LINGER /* waits for the peer's close: closing over unread bytes would
			   * reset the connection, and take the last frames with it */
};

struct connection {
	struct connection_set *set;
	struct connection *next, **link; /* neighbours in the set */
	struct ev_io io;
	struct ev_timer timer; /* OPEN: HELLO; then: the end */
	struct session session;
	enum connection_state state;
	bool draining;           /* ends once it has answered all that came */
	bool dry;                /* the last receive took all that was there */
	const char *reason;      /* FLUSH, LINGER: why */
	enum metric ending;      /* the same, to be counted */
	int64_t number;          /* in the set, for the log */
	char peer[64];           /* for the log */
	size_t in_len, in_cap;   /* bytes */
	size_t out_len, out_cap; /* bytes */
	uint8_t *in, *out;       /* both in <buffers> */
	uint8_t buffers[];
};

/*** log ***/

static void begin(struct log_line *line, const struct connection *c, enum log_level level,
		  const char *event)
{
	log_begin(line, level, event);
	log_number(line, "worker", c->set->number);
	log_number(line, "connection", c->number);
	log_text(line, "peer", c->peer);
}

static void report(const struct connection *c, enum log_level level, const char *event,
		   const char *reason)
{
	struct log_line line;

	begin(&line, c, level, event);
	if (reason)
		log_text(&line, "reason", reason);
	log_end(&line);
}

/* HAProxy closes connections that it does not need with status 0, idle ones with 2: these
 * are logged at debug; refusals, and errors that HAProxy has found, at info.
 */
static bool is_usual(const struct session *s)
{
	return !s->refused && (s->status == SPOP_ERR_NONE || s->status == SPOP_ERR_TOUT);
}

static void report_over(const struct connection *c)
{
	const struct session *s = &c->session;
	struct log_line line;

	begin(&line, c, is_usual(s) ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO,
	      s->refused ? "refused" : "over");
	log_number(&line, "status", (int64_t)s->status);
	log_text(&line, "reason", s->reason);
	if (s->detail.len > 0)
		log_bytes(&line, "message", slice_head(s->detail, 128));
	log_end(&line);
}

/*** the end ***/

/* Nothing else closes the socket or frees the memory. */
static void connection_close(struct connection *c, const char *reason)
{
	struct connection_set *set = c->set;

	report(c, LOG_LEVEL_DEBUG, "closed", reason);
	metrics_add(c->ending, 1);
	ev_io_stop(set->loop, &c->io);
	ev_timer_stop(set->loop, &c->timer);
	close(c->io.fd);
	*c->link = c->next;
	if (c->next)
		c->next->link = c->link;
	free(c);
	set->on_closed(set);
}

static void start_timer(struct connection *c, unsigned ms)
{
	ev_timer_stop(c->set->loop, &c->timer);
	ev_timer_set(&c->timer, ms / 1000.0, 0.0);
	ev_timer_start(c->set->loop, &c->timer);
}

/* Receive no more, send what is left, close for <reason>. */
static void finish(struct connection *c, const char *reason)
{
	c->state = CONNECTION_FLUSH;
	c->reason = reason;
	c->in_len = 0;
	start_timer(c, c->set->limits.linger_ms);
}

static void end_session(struct connection *c, enum spop_error status, const char *reason)
{
	struct writer w = {c->out, c->out_cap, c->out_len, false};

	session_end(&c->session, &w, status, reason);
	c->out_len = w.len;
	c->ending = status == SPOP_ERR_NONE ? METRIC_SPOP_CLOSED_AGENT_ENDS
					    : METRIC_SPOP_CLOSED_NO_HELLO;
	report_over(c);
	finish(c, reason);
}

/* The counter of the way in which a session has ended. */
static enum metric ending(const struct session *s)
{
	if (s->checked)
		return METRIC_SPOP_CLOSED_CHECK;
	if (s->refused)
		return METRIC_SPOP_CLOSED_REFUSED;
	return is_usual(s) ? METRIC_SPOP_CLOSED_DISCONNECT : METRIC_SPOP_CLOSED_ERROR;
}

/*** bytes; each function is false if it has closed the connection ***/

static bool flush(struct connection *c)
{
	while (c->out_len > 0) {
		ssize_t n = send(c->io.fd, c->out, c->out_len, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return true;
		if (n < 0) {
			connection_close(c, c->reason ? c->reason : strerror(errno));
			return false;
		}
		c->out_len -= (size_t)n;
		memmove(c->out, c->out + n, c->out_len);
	}
	if (c->state == CONNECTION_FLUSH) {
		shutdown(c->io.fd, SHUT_WR);
		c->state = CONNECTION_LINGER;
	}
	return true;
}

static bool end_of_input(struct connection *c)
{
	const char *reason = c->in_len > 0 ? "closed by the peer inside a frame"
					   : "closed by the peer";

	if (c->state == CONNECTION_OPEN && c->out_len > 0) {
		finish(c, reason);
		return true;
	}
	connection_close(c, c->reason ? c->reason : reason);
	return false;
}

static bool receive(struct connection *c)
{
	size_t room = c->in_cap - c->in_len;
	ssize_t n;

	do
		n = recv(c->io.fd, c->in + c->in_len, room, 0);
	while (n < 0 && errno == EINTR);
	if (n == 0)
		return end_of_input(c);
	c->dry = n < 0 || (size_t)n < room;
	if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
		return true;
	if (n < 0) {
		/* how a health check ends */
		connection_close(c, c->reason ? c->reason : strerror(errno));
		return false;
	}
	if (c->state == CONNECTION_OPEN)
		c->in_len += (size_t)n;
	return true;
}

/* Answer what has come.  One round for each time that a full <out> could be sent. */
static bool answer(struct connection *c)
{
	struct session *s = &c->session;

	do {
		struct writer w = {c->out, c->out_cap, c->out_len, false};
		bool hello = s->state == SESSION_HELLO;
		size_t taken = session_feed(s, slice_of(c->in, c->in_len), &w);

		c->out_len = w.len;
		if (s->state == SESSION_OVER) {
			c->ending = ending(s);
			report_over(c);
			finish(c, s->reason);
		} else {
			if (hello && s->state == SESSION_READY) {
				ev_timer_stop(c->set->loop, &c->timer);
				report(c, LOG_LEVEL_DEBUG, "ready", NULL);
			}
			c->in_len -= taken;
			memmove(c->in, c->in + taken, c->in_len);
		}
		if (!flush(c))
			return false;
	} while (c->state == CONNECTION_OPEN && s->blocked && c->out_len == 0);
	return true;
}

/*** events ***/

/* What holds whenever a connection waits for an event (connection.h has a drawing). */
static void assert_sane(const struct connection *c)
{
	bool open = c->state == CONNECTION_OPEN;

	assert(c->in_len <= c->in_cap && c->out_len <= c->out_cap);
	/* room for more, or answers to be sent */
	assert(!open || c->in_len < c->in_cap || c->session.blocked);
	assert(!open || !c->session.blocked || c->out_len > 0);
	/* the end: a reason, nothing more is read, and a timer */
	assert(open || (c->reason && c->in_len == 0 && ev_is_active(&c->timer)));
	assert(c->state != CONNECTION_LINGER || c->out_len == 0);
	/* HAPROXY-HELLO is waited for with a timer */
	assert(!open || c->session.state != SESSION_HELLO || ev_is_active(&c->timer));
}

static void set_interest(struct connection *c)
{
	bool wants = c->state == CONNECTION_LINGER ||
		     (c->state == CONNECTION_OPEN && !c->session.blocked);
	int events = (wants ? EV_READ : 0) | (c->out_len > 0 ? EV_WRITE : 0);

	assert_sane(c);
	assert(events != 0);
	if (events == (c->io.events & (EV_READ | EV_WRITE)) && ev_is_active(&c->io))
		return;
	ev_io_stop(c->set->loop, &c->io);
	ev_io_set(&c->io, c->io.fd, events);
	ev_io_start(c->set->loop, &c->io);
}

/* Answer what has come, and wait for more. */
static void go_on(struct connection *c)
{
	if (c->state == CONNECTION_OPEN && !answer(c))
		return;
	/* the last look at what has come, also after being blocked */
	if (c->draining && !c->dry && c->state == CONNECTION_OPEN &&
	    !c->session.blocked &&
	    (!receive(c) || (c->state == CONNECTION_OPEN && !answer(c))))
		return;
	if (c->draining && c->dry && c->in_len == 0 && c->state == CONNECTION_OPEN &&
	    !c->session.blocked)
		end_session(c, SPOP_ERR_NONE, "the agent ends");
	if (flush(c))
		set_interest(c);
}

static void on_io(struct ev_loop *loop, struct ev_io *io, int events)
{
	struct connection *c = io->data;

	(void)loop;
	if (events & EV_WRITE && !flush(c))
		return;
	if (events & EV_READ && !receive(c))
		return;
	go_on(c);
}

static void on_timer(struct ev_loop *loop, struct ev_timer *timer, int events)
{
	struct connection *c = timer->data;

	(void)loop;
	(void)events;
	if (c->state != CONNECTION_OPEN) {
		connection_close(c, c->reason);
		return;
	}
	end_session(c, SPOP_ERR_TOUT, "no HAPROXY-HELLO in time");
	go_on(c);
}

/*** the set ***/

static void name_peer(struct connection *c, int fd)
{
	struct sockaddr_storage peer;
	socklen_t len = sizeof(peer);
	char host[48], port[8];

	snprintf(c->peer, sizeof(c->peer), "unix");
	if (getpeername(fd, (struct sockaddr *)&peer, &len) != 0 ||
	    peer.ss_family == AF_UNIX)
		return;
	/* ACKs are small and waited for; a host that vanished must not hold memory. */
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &(int){1}, sizeof(int));
	if (getnameinfo((struct sockaddr *)&peer, len, host, sizeof(host), port,
			sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV) == 0)
		snprintf(c->peer, sizeof(c->peer),
			 strchr(host, ':') ? "[%s]:%s" : "%s:%s", host, port);
}

bool connection_open(struct connection_set *set, int fd)
{
	size_t in_cap = SPOP_LENGTH_SIZE + (size_t)set->limits.max_frame_bytes;
	size_t out_cap = session_room(set->limits.max_frame_bytes);
	struct connection *c = malloc(sizeof(*c) + in_cap + out_cap);

	if (!c)
		return false;
	*c = (struct connection){
		.set = set,
		.next = set->first,
		.link = &set->first,
		.number = ++set->opened,
		.in_cap = in_cap,
		.out_cap = out_cap,
		.in = c->buffers,
		.out = c->buffers + in_cap,
		.ending = METRIC_SPOP_CLOSED_BY_PEER,
	};
	if (c->next)
		c->next->link = &c->next;
	set->first = c;
	session_init(&c->session, set->limits.max_frame_bytes, &set->application);
	name_peer(c, fd);
	ev_io_init(&c->io, on_io, fd, EV_READ);
	ev_timer_init(&c->timer, on_timer, 0.0, 0.0);
	c->io.data = c->timer.data = c;
	ev_io_start(set->loop, &c->io);
	start_timer(c, set->limits.hello_ms);
	report(c, LOG_LEVEL_DEBUG, "opened", NULL);
	return true;
}

void connection_drain_all(struct connection_set *set)
{
	struct connection *next;

	for (struct connection *c = set->first; c; c = next) {
		next = c->next;
		c->draining = true;
		c->dry = false;
		go_on(c);
	}
}

void connection_close_all(struct connection_set *set, const char *reason)
{
	while (set->first) {
		set->first->ending = METRIC_SPOP_CLOSED_AGENT_ENDS;
		connection_close(set->first, reason);
	}
}
