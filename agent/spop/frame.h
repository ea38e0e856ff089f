/* SPDX-License-Identifier: MIT */
/* frame.h - HAProxy's Stream Processing Offload Protocol 2.0 (SPOE.txt section 3).
 *
 * Frames in both directions; what their messages mean is known to the caller alone.
 * Reading borrows: every slice and reader handed out points into the frame that
 * was read and lives as long as it.  Names are those of HAProxy's spoe-t.h.
 */
#ifndef SPOP_FRAME_H
#define SPOP_FRAME_H

#include "spop/data.h"

/* SPOE.txt 3.2.2 */
enum spop_frame_type {
	SPOP_FRM_T_UNSET = 0,
	SPOP_FRM_T_HAPROXY_HELLO = 1,
	SPOP_FRM_T_HAPROXY_DISCON = 2,
	SPOP_FRM_T_HAPROXY_NOTIFY = 3,
	SPOP_FRM_T_AGENT_HELLO = 101,
	SPOP_FRM_T_AGENT_DISCON = 102,
	SPOP_FRM_T_AGENT_ACK = 103
};

/* SPOE.txt 3.5 */
enum spop_error {
	SPOP_ERR_NONE = 0,
	SPOP_ERR_IO = 1,
	SPOP_ERR_TOUT = 2,
	SPOP_ERR_TOO_BIG = 3,
	SPOP_ERR_INVALID = 4,
	SPOP_ERR_NO_VSN = 5,
	SPOP_ERR_NO_FRAME_SIZE = 6,
	SPOP_ERR_NO_CAP = 7,
	SPOP_ERR_BAD_VSN = 8,
	SPOP_ERR_BAD_FRAME_SIZE = 9,
	SPOP_ERR_FRAG_NOT_SUPPORTED = 10,
	SPOP_ERR_INTERLACED_FRAMES = 11,
	SPOP_ERR_FRAMEID_NOTFOUND = 12,
	SPOP_ERR_RES = 13,
	SPOP_ERR_UNKNOWN = 99
};

/* SPOE.txt 3.2, bits of FLAGS */
#define SPOP_FRM_FL_FIN  UINT32_C(1)
#define SPOP_FRM_FL_ABRT UINT32_C(2)

enum {
	SPOP_LENGTH_SIZE = 4,      /* bytes of FRAME-LENGTH, which it does not count */
	SPOP_MIN_FRAME_SIZE = 256, /* bytes that every peer must support (3.2) */
	SPOP_MIN_FRAME = 7,        /* bytes: type, flags and two one-byte varints */
	SPOP_MAX_DISCON_SIZE = 128 /* bytes; no AGENT-DISCONNECT of ours is longer */
};

struct spop_frame {
	uint8_t type;   /* enum spop_frame_type, or an unknown one */
	uint32_t flags; /* SPOP_FRM_FL_* */
	uint64_t stream_id;
	uint64_t frame_id;
	struct reader payload;
	enum spop_error error; /* if the frame is bad: the status to answer with */
};

struct spop_message {
	struct slice name;
	unsigned nargs;     /* 0 to 255 */
	struct reader args; /* for spop_arg_next(); known to be well-formed */
};

struct spop_hello {
	struct slice engine_id;  /* empty if absent */
	uint32_t max_frame_size; /* bytes, as offered */
	bool pipelining;         /* offered */
	bool healthcheck;
};

struct spop_disconnect {
	uint64_t status; /* enum spop_error, or an unknown one */
	struct slice message;
};

/* The next frame of <r>, with its length.  False and r->state READ_MORE: not all
 * of it is there yet.  False and READ_BAD: frame->error is the status to refuse
 * it with.  <max> is the largest FRAME-LENGTH to accept, in bytes.
 */
bool MUST_CHECK spop_frame_read(struct reader *r, uint32_t max, struct spop_frame *frame);

/* The payload of HAPROXY-HELLO (3.2.4).  Unknown items are skipped.  Returns
 * SPOP_ERR_NONE, or the status to refuse the peer with.
 */
enum spop_error MUST_CHECK spop_hello_read(struct reader *payload,
					   struct spop_hello *hello);

/* The payload of HAPROXY-DISCONNECT (3.2.8).  False if it is malformed. */
bool MUST_CHECK spop_disconnect_read(struct reader *payload, struct spop_disconnect *d);

/* The next message of a NOTIFY (3.2.6).  False at the end and on failure, which
 * payload->state tells apart.
 */
bool MUST_CHECK spop_message_next(struct reader *payload, struct spop_message *message);

/* Begin a frame; returns the place of its length, for spop_frame_end(). */
size_t spop_frame_begin(struct writer *w, enum spop_frame_type type, uint64_t stream_id,
			uint64_t frame_id);
void spop_frame_end(struct writer *w, size_t at);

/* AGENT-HELLO (3.2.5): version 2.0, pipelining, and this frame size in bytes. */
void spop_hello_write(struct writer *w, uint32_t max_frame_size);

/* AGENT-DISCONNECT (3.2.9) with the documented phrase of <status>. */
void spop_disconnect_write(struct writer *w, enum spop_error status);

/* The phrase of a status (3.5); static. */
const char *spop_error_text(enum spop_error status);

#endif
