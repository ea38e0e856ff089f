/* SPDX-License-Identifier: MIT */
/* session.h - the agent's side of one SPOP conversation (SPOE.txt 3.2.3).
 *
 * Bytes in, bytes out: HELLO, NOTIFY and ACK, DISCONNECT, and every refusal.  No
 * socket, no clock, and nothing of what the messages mean.
 */
#ifndef SPOP_SESSION_H
#define SPOP_SESSION_H

#include "spop/frame.h"

/* Answer one message of a NOTIFY (3.2.6).  Actions are appended to <ack>, which the
 * other messages of the frame share; nothing is written for an unknown message.  What
 * does not fit makes the whole ACK an error message.  All slices live until the
 * function returns.
 */
typedef void session_on_message(void *context, struct slice name, struct reader args,
				unsigned nargs, struct writer *ack);

struct session_application {
	session_on_message *on_message;
	void *context;
	const char *error_variable; /* set by an ACK that would otherwise be empty */
};

enum session_state {
	SESSION_HELLO, /* waits for HAPROXY-HELLO */
	SESSION_READY, /* frames and ACKs */
	SESSION_OVER   /* the last answer is written: send it and close */
};

struct session {
	enum session_state state;
	struct session_application application;
	uint32_t max_frame; /* bytes, ours; the negotiated one after HELLO */
	bool blocked;       /* a frame waits until there is room to answer it */
	bool refused;       /* OVER: the agent ended it, with <status> */
	bool checked;       /* OVER: it was a health check */
	uint64_t status;    /* OVER: the agent's, or HAProxy's if that disconnected */
	const char *reason; /* OVER: why, in words; static */
	struct slice
		detail; /* OVER: the message of HAPROXY-DISCONNECT; borrowed from <in> */
};

/* <max_frame> is the largest FRAME-LENGTH to accept, in bytes: at least
 * SPOP_MIN_FRAME_SIZE.
 */
void session_init(struct session *s, uint32_t max_frame,
		  const struct session_application *application);

/* Room in bytes that <out> must have so that a session never blocks on an empty one,
 * and twice an ACK of <max_frame> bytes, so that small ones share a write.
 */
size_t session_room(uint32_t max_frame);

/* Answer every whole frame at the start of <in> to <out>.  Returns the bytes of <in>
 * that are done with.  What is left begins a frame that has not all come, or one for
 * whose answer there is no room (<blocked>).  Nothing is taken once it is OVER.
 */
size_t session_feed(struct session *s, struct slice in, struct writer *out);

/* End the session with an AGENT-DISCONNECT of <status>.  <out> always has room for it. */
void session_end(struct session *s, struct writer *out, enum spop_error status,
		 const char *reason);

#endif
