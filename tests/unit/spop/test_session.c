/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "edge.h"
#include "spop/session.h"

enum { MAX_FRAME = 4096, FRAME_ID = 7 };

static uint8_t out_bytes[2 * (4 + MAX_FRAME) + SPOP_MAX_DISCON_SIZE];
static unsigned asked;

/* "echo": one variable; "flood": more than any frame takes; else unknown. */
static void on_message(void *context, struct slice name, struct reader args,
		       unsigned nargs, struct writer *ack)
{
	asked++;
	if (slice_equal(name, slice_str("echo")))
		spop_set_var(ack, "nargs",
			     &(struct spop_value){SPOP_DATA_T_INT64, nargs, {0}});
	for (int i = 0; slice_equal(name, slice_str("flood")) && i < MAX_FRAME; i++)
		spop_set_var(ack, "flood",
			     &(struct spop_value){SPOP_DATA_T_BOOL, 1, {0}});
}

static struct session new_session(void)
{
	const struct session_application application = {on_message, NULL, "error"};
	struct session s;

	asked = 0;
	session_init(&s, MAX_FRAME, &application);
	return s;
}

static struct writer new_out(void)
{
	assert_int_equal(session_room(MAX_FRAME), sizeof(out_bytes));
	return writer_of(out_bytes, sizeof(out_bytes));
}

static void write_hello(struct writer *w, uint32_t size, bool healthcheck)
{
	size_t at = spop_frame_begin(w, SPOP_FRM_T_HAPROXY_HELLO, 0, 0);

	spop_bytes_write(w, slice_str("supported-versions"));
	spop_value_write(w, &(struct spop_value){SPOP_DATA_T_STR, 0, slice_str("2.0")});
	spop_bytes_write(w, slice_str("max-frame-size"));
	spop_value_write(
		w, &(struct spop_value){.type = SPOP_DATA_T_UINT32, .number = size});
	spop_bytes_write(w, slice_str("capabilities"));
	spop_value_write(w, &(struct spop_value){.type = SPOP_DATA_T_STR});
	spop_bytes_write(w, slice_str("healthcheck"));
	spop_value_write(
		w, &(struct spop_value){.type = SPOP_DATA_T_BOOL, .number = healthcheck});
	spop_frame_end(w, at);
}

static void write_notify(struct writer *w, uint64_t stream, const char *name)
{
	size_t at = spop_frame_begin(w, SPOP_FRM_T_HAPROXY_NOTIFY, stream, FRAME_ID);

	spop_bytes_write(w, slice_str(name));
	writer_u8(w, 1);
	spop_bytes_write(w, slice_str("src"));
	spop_value_write(w, &(struct spop_value){.type = SPOP_DATA_T_NULL});
	spop_frame_end(w, at);
}

/* The next frame of the answer. */
static struct spop_frame next(struct reader *answer, enum spop_frame_type type)
{
	struct spop_frame f;

	assert_true(spop_frame_read(answer, MAX_FRAME, &f));
	assert_int_equal(f.type, type);
	assert_int_equal(f.flags, SPOP_FRM_FL_FIN);
	return f;
}

static uint64_t next_status(struct reader *answer)
{
	struct spop_frame f = next(answer, SPOP_FRM_T_AGENT_DISCON);
	struct spop_disconnect d;

	assert_true(spop_disconnect_read(&f.payload, &d));
	assert_true(reader_done(answer));
	return d.status;
}

static void test_conversation(void **state)
{
	struct session s = new_session();
	struct writer out = new_out(), in;
	uint8_t buf[1024];
	struct reader answer;

	in = writer_of(buf, sizeof(buf));
	write_hello(&in, 1000, false);
	write_notify(&in, 3, "echo");
	write_notify(&in, 5, "weather");
	assert_int_equal(session_feed(&s, edge(writer_slice(&in)), &out), in.len);
	assert_int_equal(s.state, SESSION_READY);
	assert_int_equal(s.max_frame, 1000);
	answer = reader_of(writer_slice(&out), false);
	next(&answer, SPOP_FRM_T_AGENT_HELLO);
	for (uint64_t stream = 3; stream <= 5; stream += 2) {
		struct spop_frame f = next(&answer, SPOP_FRM_T_AGENT_ACK);

		assert_true(f.stream_id == stream);
		assert_true(f.frame_id == FRAME_ID);
		assert_true(reader_left(&f.payload) > 0);
	}
	assert_true(reader_done(&answer));
	assert_int_equal(asked, 2);
}

/* However the bytes are cut, the answer is the same. */
static void test_cut_anywhere(void **state)
{
	static uint8_t whole[sizeof(out_bytes)];
	struct writer in, out;
	uint8_t buf[1024];
	size_t whole_len;
	struct session s;

	in = writer_of(buf, sizeof(buf));
	write_hello(&in, 1000, false);
	write_notify(&in, 300, "echo");
	write_notify(&in, 5, "flood");
	s = new_session();
	out = new_out();
	session_feed(&s, edge(writer_slice(&in)), &out);
	whole_len = out.len;
	memcpy(whole, out_bytes, whole_len);
	for (size_t cut = 0; cut <= in.len; cut++) {
		size_t taken;

		s = new_session();
		out = new_out();
		taken = session_feed(&s, edge(slice_of(buf, cut)), &out);
		assert_true(taken <= cut);
		taken += session_feed(&s, edge(slice_of(buf + taken, in.len - taken)),
				      &out);
		assert_int_equal(taken, in.len);
		assert_true(slice_equal(writer_slice(&out), slice_of(whole, whole_len)));
	}
}

static void test_health_check_is_over_after_hello(void **state)
{
	struct session s = new_session();
	struct writer out = new_out(), in;
	uint8_t buf[256];
	struct reader answer;

	in = writer_of(buf, sizeof(buf));
	write_hello(&in, 1000, true);
	assert_int_equal(session_feed(&s, writer_slice(&in), &out), in.len);
	answer = reader_of(writer_slice(&out), false);
	next(&answer, SPOP_FRM_T_AGENT_HELLO);
	assert_true(reader_done(&answer));
	assert_int_equal(s.state, SESSION_OVER);
	assert_false(s.refused);
}

static void test_answer_that_does_not_fit(void **state)
{
	struct session s = new_session();
	struct writer out = new_out(), in;
	uint8_t buf[256];
	struct reader answer;
	struct spop_frame f;

	in = writer_of(buf, sizeof(buf));
	write_hello(&in, SPOP_MIN_FRAME_SIZE, false);
	write_notify(&in, 1, "flood");
	assert_int_equal(session_feed(&s, writer_slice(&in), &out), in.len);
	answer = reader_of(writer_slice(&out), false);
	next(&answer, SPOP_FRM_T_AGENT_HELLO);
	f = next(&answer, SPOP_FRM_T_AGENT_ACK);
	assert_true(reader_left(&f.payload) < SPOP_MIN_FRAME_SIZE);
	assert_int_equal(reader_u8(&f.payload), 1);
	assert_int_equal(reader_be16(&f.payload), 0x0302);
	assert_true(slice_equal(spop_bytes_read(&f.payload), slice_str("error")));
	assert_int_equal(s.state, SESSION_READY);
}

/* A full <out> takes nothing more, and room for a farewell is always left. */
static void test_blocked_until_there_is_room(void **state)
{
	struct session s = new_session();
	struct writer out = new_out(), in;
	uint8_t buf[64];
	unsigned rounds = 0;

	in = writer_of(buf, sizeof(buf));
	{
		uint8_t hello[256];
		struct writer w = writer_of(hello, sizeof(hello));

		write_hello(&w, MAX_FRAME, false);
		session_feed(&s, writer_slice(&w), &out);
	}
	write_notify(&in, 1, "echo");
	while (session_feed(&s, writer_slice(&in), &out) > 0)
		assert_true(++rounds < MAX_FRAME);
	assert_true(s.blocked);
	assert_true(out.len > MAX_FRAME);
	assert_int_equal(asked, rounds);
	session_end(&s, &out, SPOP_ERR_NONE, "test");
	assert_true(writer_ok(&out));
	s = new_session();
	s.state = SESSION_READY;
	out = new_out();
	assert_int_equal(session_feed(&s, writer_slice(&in), &out), in.len);
	assert_false(s.blocked);
}

/* A message is answered before the next one is found to be bad, but not told. */
static void test_bad_frame_is_not_acknowledged(void **state)
{
	struct session s = new_session();
	struct writer out = new_out(), in;
	uint8_t buf[256];
	struct reader answer;
	size_t at;

	in = writer_of(buf, sizeof(buf));
	at = spop_frame_begin(&in, SPOP_FRM_T_HAPROXY_NOTIFY, 1, 1);
	spop_bytes_write(&in, slice_str("echo"));
	writer_u8(&in, 0);
	writer_u8(&in, 200);
	spop_frame_end(&in, at);
	s.state = SESSION_READY;
	session_feed(&s, writer_slice(&in), &out);
	answer = reader_of(writer_slice(&out), false);
	assert_int_equal(next_status(&answer), SPOP_ERR_INVALID);
	assert_int_equal(s.state, SESSION_OVER);
	assert_true(s.refused);
	assert_int_equal(session_feed(&s, writer_slice(&in), &out), 0);
}

static const struct {
	enum session_state state;
	uint8_t type;
	uint32_t flags;
	int status; /* -1: skipped */
} frames[] = {
	{SESSION_HELLO, SPOP_FRM_T_UNSET, 1, SPOP_ERR_INVALID},
	{SESSION_HELLO, SPOP_FRM_T_HAPROXY_NOTIFY, 1, SPOP_ERR_INVALID},
	{SESSION_HELLO, SPOP_FRM_T_AGENT_HELLO, 1, SPOP_ERR_INVALID},
	{SESSION_HELLO, 200, 1, SPOP_ERR_INVALID},
	{SESSION_HELLO, SPOP_FRM_T_HAPROXY_HELLO, 1, SPOP_ERR_NO_VSN},
	{SESSION_HELLO, SPOP_FRM_T_HAPROXY_HELLO, 0, SPOP_ERR_FRAG_NOT_SUPPORTED},
	{SESSION_HELLO, SPOP_FRM_T_HAPROXY_DISCON, 1, SPOP_ERR_NONE},
	{SESSION_READY, SPOP_FRM_T_HAPROXY_HELLO, 1, SPOP_ERR_INVALID},
	{SESSION_READY, SPOP_FRM_T_HAPROXY_DISCON, 1, SPOP_ERR_NONE},
	{SESSION_READY, SPOP_FRM_T_HAPROXY_DISCON, 0, SPOP_ERR_FRAG_NOT_SUPPORTED},
	{SESSION_READY, SPOP_FRM_T_HAPROXY_NOTIFY, 0, SPOP_ERR_FRAG_NOT_SUPPORTED},
	{SESSION_READY, SPOP_FRM_T_HAPROXY_NOTIFY, 2, SPOP_ERR_FRAG_NOT_SUPPORTED},
	{SESSION_READY, SPOP_FRM_T_HAPROXY_NOTIFY, 3, -1},
	{SESSION_READY, SPOP_FRM_T_UNSET, 0, SPOP_ERR_FRAG_NOT_SUPPORTED},
	{SESSION_READY, SPOP_FRM_T_UNSET, 1, SPOP_ERR_FRAG_NOT_SUPPORTED},
	{SESSION_READY, SPOP_FRM_T_UNSET, 3, -1},
	{SESSION_READY, 4, 1, -1},
	{SESSION_READY, 4, 0, -1},
	{SESSION_READY, SPOP_FRM_T_AGENT_ACK, 1, -1},
	{SESSION_READY, 255, UINT32_MAX, -1},
};

static void test_each_frame_in_each_state(void **state)
{
	for (size_t i = 0; i < sizeof(frames) / sizeof(frames[0]); i++) {
		uint8_t buf[] = {0, 0, 0, 7, frames[i].type, 0, 0, 0, 0, 0, 0};
		struct session s = new_session();
		struct writer out = new_out();
		struct reader answer;

		s.state = frames[i].state;
		for (int b = 0; b < 4; b++)
			buf[5 + b] = (uint8_t)(frames[i].flags >> (24 - 8 * b));
		assert_int_equal(session_feed(&s, slice_of(buf, sizeof(buf)), &out),
				 sizeof(buf));
		answer = reader_of(writer_slice(&out), false);
		if (frames[i].status < 0) {
			assert_int_equal(out.len, 0);
			assert_int_equal(s.state, SESSION_READY);
			continue;
		}
		assert_int_equal(next_status(&answer), frames[i].status);
		assert_int_equal(s.state, SESSION_OVER);
		assert_int_equal(s.refused, frames[i].status != SPOP_ERR_NONE);
		assert_non_null(s.reason);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_conversation),
		cmocka_unit_test(test_cut_anywhere),
		cmocka_unit_test(test_health_check_is_over_after_hello),
		cmocka_unit_test(test_answer_that_does_not_fit),
		cmocka_unit_test(test_blocked_until_there_is_room),
		cmocka_unit_test(test_bad_frame_is_not_acknowledged),
		cmocka_unit_test(test_each_frame_in_each_state),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
