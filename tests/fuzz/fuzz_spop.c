/* SPDX-License-Identifier: MIT */
/* A conversation of any bytes: clang -fsanitize=fuzzer,address,undefined.
 *
 * The first byte says where the rest is cut in two; the answer must not depend on it,
 * must itself be frames that can be read, and must never hold an empty ACK.  Every
 * value that can be read must survive being written.
 */
#include <stdlib.h>

#include "spop/session.h"

enum { MAX_FRAME = 8192 };

#define CHECK(condition)                                                                 \
	do {                                                                             \
		if (!(condition))                                                        \
			abort();                                                         \
	} while (0)

struct answer {
	uint8_t bytes[1 << 18];
	size_t len;
	enum session_state state;
};

static void check_value(const struct spop_value *value)
{
	static uint8_t bytes[MAX_FRAME + 16];
	struct writer w = writer_of(bytes, sizeof(bytes));
	struct spop_value again;
	struct reader r;

	spop_value_write(&w, value);
	CHECK(writer_ok(&w));
	r = reader_of(writer_slice(&w), false);
	CHECK(spop_value_read(&r, &again) && reader_done(&r));
	CHECK(again.type == value->type && again.number == value->number);
	CHECK(slice_equal(again.data, value->data));
}

static void on_message(void *context, struct slice name, struct reader args,
		       unsigned nargs, struct writer *ack)
{
	struct spop_value value;
	unsigned found = 0;
	struct slice key;

	(void)context;
	while (spop_arg_next(&args, &key, &value)) {
		check_value(&value);
		found++;
		if (name.len % 2 == 0)
			spop_set_var(ack, "v", &value);
	}
	CHECK(found == nargs && reader_done(&args));
}

/* The agent's frames, as HAProxy reads them. */
static void check_answer(const struct answer *a)
{
	struct reader r = reader_of(slice_of(a->bytes, a->len), false);
	struct spop_frame f;
	bool over = false;

	while (reader_left(&r) > 0) {
		CHECK(!over);
		CHECK(spop_frame_read(&r, MAX_FRAME, &f));
		CHECK(f.type >= SPOP_FRM_T_AGENT_HELLO && f.type <= SPOP_FRM_T_AGENT_ACK);
		CHECK(reader_left(&f.payload) > 0);
		over = f.type == SPOP_FRM_T_AGENT_DISCON;
	}
	CHECK(!over || a->state == SESSION_OVER);
}

/* Feed <in> in two pieces, as a connection does. */
static void converse(struct slice in, size_t cut, struct answer *a)
{
	static uint8_t out_bytes[2 * (4 + MAX_FRAME) + SPOP_MAX_DISCON_SIZE];
	const struct session_application application = {on_message, NULL, "error"};
	struct session s;
	size_t end = cut;

	a->len = 0;
	session_init(&s, MAX_FRAME, &application);
	for (size_t at = 0; s.state != SESSION_OVER;) {
		struct writer out = writer_of(out_bytes, sizeof(out_bytes));
		size_t taken = session_feed(&s, slice_of(in.ptr + at, end - at), &out);

		CHECK(taken <= end - at);
		CHECK(writer_ok(&out));
		CHECK(out.len <= sizeof(a->bytes) - a->len);
		memcpy(a->bytes + a->len, out_bytes, out.len);
		a->len += out.len;
		at += taken;
		if (s.blocked)
			CHECK(taken > 0); /* an empty <out> never blocks */
		else if (end == in.len)
			break;
		else
			end = in.len;
	}
	a->state = s.state;
	check_answer(a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct answer whole, cut;
	struct slice in;

	if (size < 2 || size > 8192)
		return 0;
	in = slice_of(data + 1, size - 1);
	converse(in, in.len, &whole);
	converse(in, data[0] * in.len / 255, &cut);
	CHECK(whole.state == cut.state && whole.len == cut.len);
	CHECK(memcmp(whole.bytes, cut.bytes, whole.len) == 0);
	return 0;
}
