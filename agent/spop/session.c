/* SPDX-License-Identifier: MIT */
/* SPOE.txt 3.2 */
#include "spop/session.h"
#include "metrics/metrics.h"

void session_init(struct session *s, uint32_t max_frame,
		  const struct session_application *application)
{
	*s = (struct session){
		.state = SESSION_HELLO,
		.application = *application,
		.max_frame = max_frame,
	};
}

/* For the largest answer to one frame and a farewell behind it. */
static size_t answer_room(const struct session *s)
{
	return SPOP_LENGTH_SIZE + (size_t)s->max_frame + SPOP_MAX_DISCON_SIZE;
}

size_t session_room(uint32_t max_frame)
{
	return 2 * (SPOP_LENGTH_SIZE + (size_t)max_frame) + SPOP_MAX_DISCON_SIZE;
}

static void over(struct session *s, uint64_t status, const char *reason)
{
	s->state = SESSION_OVER;
	s->status = status;
	s->reason = reason;
}

void session_end(struct session *s, struct writer *out, enum spop_error status,
		 const char *reason)
{
	spop_disconnect_write(out, status);
	metrics_add(METRIC_SPOP_AGENT_DISCONNECT, 1);
	s->refused = status != SPOP_ERR_NONE;
	over(s, status, reason);
}

/*** frames ***/

static void on_hello(struct session *s, struct spop_frame *frame, struct writer *out)
{
	struct spop_hello hello;
	enum spop_error error;

	/* 3.2.4; HAProxy asks the same of AGENT-HELLO */
	if (frame->stream_id != 0 || frame->frame_id != 0) {
		session_end(s, out, SPOP_ERR_INVALID,
			    "HAPROXY-HELLO with a stream or frame id");
		return;
	}
	error = spop_hello_read(&frame->payload, &hello);
	if (error != SPOP_ERR_NONE) {
		session_end(s, out, error,
			    error == SPOP_ERR_INVALID ? "malformed HAPROXY-HELLO"
						      : spop_error_text(error));
		return;
	}
	if (hello.max_frame_size < s->max_frame)
		s->max_frame = hello.max_frame_size;
	spop_hello_write(out, s->max_frame);
	metrics_add(METRIC_SPOP_AGENT_HELLO, 1);
	s->state = SESSION_READY;
	/* 3.2.5: no DISCONNECT is due after a health check */
	s->checked = hello.healthcheck;
	if (s->checked)
		over(s, SPOP_ERR_NONE, "health check");
}

static void on_disconnect(struct session *s, struct spop_frame *frame, struct writer *out)
{
	struct spop_disconnect d;

	if (!spop_disconnect_read(&frame->payload, &d)) {
		session_end(s, out, SPOP_ERR_INVALID, "malformed HAPROXY-DISCONNECT");
		return;
	}
	spop_disconnect_write(out, SPOP_ERR_NONE);
	metrics_add(METRIC_SPOP_AGENT_DISCONNECT, 1);
	over(s, d.status, "disconnected by HAProxy");
	s->detail = d.message;
}

/* HAProxy 3.1 in its first versions waits for its time-out on an ACK without actions,
 * so one is never sent: at least the error variable is set.
 */
static void on_notify(struct session *s, struct spop_frame *frame, struct writer *out)
{
	const struct session_application *app = &s->application;
	struct writer ack = *out;
	struct spop_message message;
	size_t at, empty;

	ack.cap = out->len + SPOP_LENGTH_SIZE + s->max_frame;
	at = spop_frame_begin(&ack, SPOP_FRM_T_AGENT_ACK, frame->stream_id,
			      frame->frame_id);
	empty = ack.len;
	while (spop_message_next(&frame->payload, &message))
		app->on_message(app->context, message.name, message.args, message.nargs,
				&ack);
	if (frame->payload.state != READ_OK) {
		session_end(s, out, SPOP_ERR_INVALID, "malformed NOTIFY");
		return;
	}
	if (!writer_ok(&ack)) {
		ack.failed = false;
		ack.len = empty;
		spop_set_var_str(&ack, app->error_variable,
				 slice_str("the answer does not fit in a frame"));
	} else if (ack.len == empty) {
		spop_set_var_str(&ack, app->error_variable, slice_str("unknown message"));
	}
	spop_frame_end(&ack, at);
	metrics_add(METRIC_SPOP_ACK, 1);
	out->len = ack.len;
}

/* Fragmentation is not announced.  A cancelled frame (ABORT) wants no answer, and a
 * cancelled fragment belongs to nothing that was kept.  Unknown types are skipped, as
 * 3.2.2 allows.
 */
static void on_frame(struct session *s, struct spop_frame *frame, struct writer *out)
{
	bool known = frame->type <= SPOP_FRM_T_HAPROXY_NOTIFY;
	bool hello = frame->type == SPOP_FRM_T_HAPROXY_HELLO;
	bool disconnect = frame->type == SPOP_FRM_T_HAPROXY_DISCON;
	bool notify = frame->type == SPOP_FRM_T_HAPROXY_NOTIFY;

	metrics_add(hello        ? METRIC_SPOP_HAPROXY_HELLO
		    : disconnect ? METRIC_SPOP_HAPROXY_DISCONNECT
		    : notify     ? METRIC_SPOP_NOTIFY
				 : METRIC_SPOP_OTHER,
		    1);
	if (s->state == SESSION_HELLO && !hello && !disconnect)
		session_end(s, out, SPOP_ERR_INVALID, "not a HAPROXY-HELLO");
	else if (s->state == SESSION_READY && hello)
		session_end(s, out, SPOP_ERR_INVALID, "a second HAPROXY-HELLO");
	else if (known && !(frame->flags & SPOP_FRM_FL_FIN))
		session_end(s, out, SPOP_ERR_FRAG_NOT_SUPPORTED, "a fragmented frame");
	else if (hello)
		on_hello(s, frame, out);
	else if (disconnect)
		on_disconnect(s, frame, out);
	else if (frame->flags & SPOP_FRM_FL_ABRT)
		return;
	else if (notify)
		on_notify(s, frame, out);
	else if (frame->type == SPOP_FRM_T_UNSET)
		session_end(s, out, SPOP_ERR_FRAG_NOT_SUPPORTED,
			    "the rest of a fragmented frame");
}

size_t session_feed(struct session *s, struct slice in, struct writer *out)
{
	struct reader r = reader_of(in, true);
	size_t taken = 0;

	s->blocked = false;
	while (s->state != SESSION_OVER && reader_left(&r) > 0) {
		struct spop_frame frame;

		if (!spop_frame_read(&r, s->max_frame, &frame)) {
			if (r.state == READ_BAD)
				session_end(s, out, frame.error,
					    frame.error == SPOP_ERR_TOO_BIG
						    ? "a frame longer than max-frame-size"
						    : "not a frame");
			break;
		}
		if (out->cap - out->len < answer_room(s)) {
			s->blocked = true;
			break;
		}
		on_frame(s, &frame, out);
		taken = in.len - reader_left(&r);
	}
	return taken;
}
