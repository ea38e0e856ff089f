/* SPDX-License-Identifier: MIT */
/* connection.h - the socket, the buffers and the timers of one SPOP session.
 *
 * A connection belongs to one set, and a set to one thread with its libev loop.  Its two
 * buffers have a fixed size and are allocated with it:
 *
 *	in	| whole frames, the beginning of one |       room      |
 *		0                                    in_len            in_cap
 *
 *	out	| answers that are not yet sent |         room         |
 *		0                               out_len                out_cap
 *
 * recv() appends to <in>, and session_feed() takes whole frames off its front.  Their
 * answers are appended to <out>, and send() takes off its front.  When <out> has no room
 * for the largest answer the session is blocked: nothing is received until <out> is sent.
 */
#ifndef SPOP_CONNECTION_H
#define SPOP_CONNECTION_H

#include "spop/session.h"

struct ev_loop;
struct connection;

struct connection_limits {
	uint32_t max_frame_bytes; /* the largest FRAME-LENGTH, at least
				     SPOP_MIN_FRAME_SIZE */
	unsigned hello_ms;        /* from accept to HAPROXY-HELLO */
	unsigned linger_ms;       /* from our last frame to the peer's close */
};

struct connection_set {
	struct ev_loop *loop;
	struct connection_limits limits;
	struct session_application application;
	void (*on_closed)(struct connection_set *set); /* a connection was freed */
	struct connection *first;                      /* all that are open */
	int64_t opened;                                /* so far, for their numbers */
	unsigned number;                               /* of this set, for the log */
};

/* Take over the accepted, non-blocking socket <fd> in <set>.  False if there is no
 * memory; <fd> is then still the caller's.
 */
bool MUST_CHECK connection_open(struct connection_set *set, int fd);

/* Let every connection answer what it has received, and end its session. */
void connection_drain_all(struct connection_set *set);

/* Close every connection now, for <reason>. */
void connection_close_all(struct connection_set *set, const char *reason);

#endif
