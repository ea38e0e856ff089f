/* SPDX-License-Identifier: MIT */
/* SPOE.txt section 3, as of HAProxy 2.6 to 3.4. */
#include "spop/frame.h"

/*** frames: reading ***/

bool spop_frame_read(struct reader *r, uint32_t max, struct spop_frame *frame)
{
	uint32_t len = reader_be32(r);
	struct reader body;

	*frame = (struct spop_frame){.error = SPOP_ERR_INVALID};
	if (r->state != READ_OK)
		return false;
	/* The length alone refuses a frame: it is not waited for. */
	if (len > max || len < SPOP_MIN_FRAME) {
		reader_fail(r);
		if (len > max)
			frame->error = SPOP_ERR_TOO_BIG;
		return false;
	}
	body = reader_of(reader_slice(r, len), false);
	if (r->state != READ_OK)
		return false;
	frame->type = reader_u8(&body);
	frame->flags = reader_be32(&body);
	frame->stream_id = spop_varint_read(&body);
	frame->frame_id = spop_varint_read(&body);
	frame->payload = body;
	if (body.state != READ_OK) {
		reader_fail(r);
		return false;
	}
	frame->error = SPOP_ERR_NONE;
	return true;
}

bool spop_message_next(struct reader *payload, struct spop_message *message)
{
	struct spop_value value;
	struct reader args;

	*message = (struct spop_message){0};
	if (payload->state != READ_OK || (!payload->cut && reader_done(payload)))
		return false;
	message->name = spop_bytes_read(payload);
	message->nargs = reader_u8(payload);
	/* The arguments carry no common length: their end is found by walking. */
	args = *payload;
	for (unsigned i = 0; i < message->nargs; i++) {
		(void)spop_bytes_read(payload);
		if (!spop_value_read(payload, &value))
			return false;
	}
	if (payload->state != READ_OK)
		return false;
	message->args = reader_window(&args, reader_left(&args) - reader_left(payload));
	return true;
}

static bool is_number(const struct spop_value *value)
{
	return value->type >= SPOP_DATA_T_INT32 && value->type <= SPOP_DATA_T_UINT64;
}

static bool is_name(struct slice name, const char *wanted)
{
	return slice_equal(name, slice_str(wanted));
}

static bool is_pipelining(struct slice word)
{
	return is_name(word, "pipelining");
}

/* 3.2.4: a major version stands for all of its minor versions, so any 2.x will
 * do for our 2.0.
 */
static bool is_version_2(struct slice word)
{
	struct reader r = reader_of(word, false);
	bool is = reader_u8(&r) == '2' && reader_u8(&r) == '.' && reader_left(&r) > 0;

	while (is && reader_left(&r) > 0) {
		uint8_t byte = reader_u8(&r);

		is = byte >= '0' && byte <= '9';
	}
	return is;
}

/* True if <test> holds for an item of the comma-separated <list>. */
static bool any_word(struct slice list, bool (*test)(struct slice word))
{
	while (list.len > 0)
		if (test(slice_trim(slice_part(&list, ','))))
			return true;
	return false;
}

struct hello_items {
	struct spop_value versions, max_frame_size, capabilities;
};

/* File one item.  False if its value has the wrong type. */
static bool hello_item(struct hello_items *items, struct spop_hello *hello,
		       struct slice name, const struct spop_value *value)
{
	if (is_name(name, "supported-versions")) {
		items->versions = *value;
		return value->type == SPOP_DATA_T_STR;
	}
	if (is_name(name, "max-frame-size")) {
		items->max_frame_size = *value;
		return is_number(value);
	}
	if (is_name(name, "capabilities")) {
		items->capabilities = *value;
		return value->type == SPOP_DATA_T_STR;
	}
	if (is_name(name, "healthcheck")) {
		hello->healthcheck = value->number != 0;
		return value->type == SPOP_DATA_T_BOOL;
	}
	if (is_name(name, "engine-id")) {
		hello->engine_id = value->data;
		return value->type == SPOP_DATA_T_STR;
	}
	return true;
}

enum spop_error spop_hello_read(struct reader *payload, struct spop_hello *hello)
{
	struct hello_items items = {.versions.type = SPOP_DATA_T_NULL};
	struct spop_value value;
	struct slice name;
	int64_t size;

	*hello = (struct spop_hello){0};
	while (spop_arg_next(payload, &name, &value))
		if (!hello_item(&items, hello, name, &value))
			reader_fail(payload);
	if (payload->state != READ_OK)
		return SPOP_ERR_INVALID;
	if (items.versions.type == SPOP_DATA_T_NULL)
		return SPOP_ERR_NO_VSN;
	if (items.max_frame_size.type == SPOP_DATA_T_NULL)
		return SPOP_ERR_NO_FRAME_SIZE;
	if (items.capabilities.type == SPOP_DATA_T_NULL)
		return SPOP_ERR_NO_CAP;
	if (!any_word(items.versions.data, is_version_2))
		return SPOP_ERR_BAD_VSN;
	size = items.max_frame_size.number;
	if (size < SPOP_MIN_FRAME_SIZE || size > UINT32_MAX)
		return SPOP_ERR_BAD_FRAME_SIZE;
	hello->max_frame_size = (uint32_t)size;
	hello->pipelining = any_word(items.capabilities.data, is_pipelining);
	return SPOP_ERR_NONE;
}

bool spop_disconnect_read(struct reader *payload, struct spop_disconnect *d)
{
	struct spop_value value;
	struct slice name;

	*d = (struct spop_disconnect){.status = SPOP_ERR_UNKNOWN};
	while (spop_arg_next(payload, &name, &value)) {
		if (is_name(name, "status-code") && is_number(&value))
			d->status = (uint64_t)value.number;
		else if (is_name(name, "message"))
			d->message = value.data;
	}
	return payload->state == READ_OK;
}

/*** frames: writing ***/

size_t spop_frame_begin(struct writer *w, enum spop_frame_type type, uint64_t stream_id,
			uint64_t frame_id)
{
	size_t at = w->len;

	writer_be32(w, 0);
	writer_u8(w, (uint8_t)type);
	writer_be32(w, SPOP_FRM_FL_FIN);
	spop_varint_write(w, stream_id);
	spop_varint_write(w, frame_id);
	return at;
}

void spop_frame_end(struct writer *w, size_t at)
{
	writer_patch_be32(w, at);
}

static void write_str(struct writer *w, const char *name, const char *text)
{
	spop_arg_write(
		w, slice_str(name),
		&(struct spop_value){.type = SPOP_DATA_T_STR, .data = slice_str(text)});
}

static void write_uint32(struct writer *w, const char *name, uint32_t number)
{
	spop_arg_write(
		w, slice_str(name),
		&(struct spop_value){.type = SPOP_DATA_T_UINT32, .number = number});
}

void spop_hello_write(struct writer *w, uint32_t max_frame_size)
{
	size_t at = spop_frame_begin(w, SPOP_FRM_T_AGENT_HELLO, 0, 0);

	write_str(w, "version", "2.0");
	write_uint32(w, "max-frame-size", max_frame_size);
	write_str(w, "capabilities", "pipelining");
	spop_frame_end(w, at);
}

void spop_disconnect_write(struct writer *w, enum spop_error status)
{
	size_t at = spop_frame_begin(w, SPOP_FRM_T_AGENT_DISCON, 0, 0);

	write_uint32(w, "status-code", (uint32_t)status);
	write_str(w, "message", spop_error_text(status));
	spop_frame_end(w, at);
}

const char *spop_error_text(enum spop_error status)
{
	switch (status) {
	case SPOP_ERR_NONE:
		return "normal";
	case SPOP_ERR_IO:
		return "I/O error";
	case SPOP_ERR_TOUT:
		return "a timeout occurred";
	case SPOP_ERR_TOO_BIG:
		return "frame is too big";
	case SPOP_ERR_INVALID:
		return "invalid frame received";
	case SPOP_ERR_NO_VSN:
		return "version value not found";
	case SPOP_ERR_NO_FRAME_SIZE:
		return "max-frame-size value not found";
	case SPOP_ERR_NO_CAP:
		return "capabilities value not found";
	case SPOP_ERR_BAD_VSN:
		return "unsupported version";
	case SPOP_ERR_BAD_FRAME_SIZE:
		return "max-frame-size too big or too small";
	case SPOP_ERR_FRAG_NOT_SUPPORTED:
		return "payload fragmentation is not supported";
	case SPOP_ERR_INTERLACED_FRAMES:
		return "invalid interlaced frames";
	case SPOP_ERR_FRAMEID_NOTFOUND:
		return "frame-id not found";
	case SPOP_ERR_RES:
		return "resource allocation error";
	case SPOP_ERR_UNKNOWN:
	default:
		return "an unknown error occurred";
	}
}
