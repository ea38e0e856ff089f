/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "edge.h"
#include "spop/frame.h"

#define BYTES(...)                                                                       \
	slice_of((const uint8_t[]){__VA_ARGS__}, sizeof((uint8_t[]){__VA_ARGS__}))
#define TEXT(s)  slice_of(s, sizeof(s) - 1)
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* HELLO of a health check of HAProxy 2.6; NOTIFY with an argument of each type */
#define HELLO                                                                            \
	"\x00\x00\x00\x88\x01\x00\x00\x00\x01\x00\x00"                                   \
	"\x12supported-versions\x08\x03"                                                 \
	"2.0"                                                                            \
	"\x0emax-frame-size\x03\xfc\xf0\x06"                                             \
	"\x0c"                                                                           \
	"capabilities\x08\x0apipelining"                                                 \
	"\x09"                                                                           \
	"engine-id\x08\x24"                                                              \
	"52de52b3-3c2f-4fb7-8e9d-47d5a1f1d6a1"                                           \
	"\x0bhealthcheck\x11"

#define NOTIFY                                                                           \
	"\x00\x00\x00\x6b\x03\x00\x00\x00\x01\xf0\x80\x00\x01"                           \
	"\x09"                                                                           \
	"associate\x0a"                                                                  \
	"\x01n\x00"                                                                      \
	"\x01t\x11"                                                                      \
	"\x01i\x02\xff\xf0\xfe\xfe\xfe\xfe\xfe\xfe\xfe\x0e"                              \
	"\x01u\x03\xf0\x00"                                                              \
	"\x01I\x04\xfb\xf0\xfe\xfe\xfe\xfe\xfe\xfe\xfe\x0e"                              \
	"\x01U\x05\xff\xf0\xfe\xfe\xfe\xfe\xfe\xfe\xfe\x0e"                              \
	"\x01"                                                                           \
	"4\x06\x0a\x00\x00\x01"                                                          \
	"\x01"                                                                           \
	"6\x07\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01"          \
	"\x01s\x08\x02hi"                                                                \
	"\x01"                                                                           \
	"b\x09\x01\x00"

static struct slice write_frame(uint8_t *buf, size_t cap, enum spop_frame_type type,
				struct slice payload)
{
	struct writer w = writer_of(buf, cap);
	size_t at = spop_frame_begin(&w, type, 0, 0);

	writer_bytes(&w, payload);
	spop_frame_end(&w, at);
	assert_true(writer_ok(&w));
	return writer_slice(&w);
}

/*** varints ***/

static const struct {
	uint64_t value;
	struct {
		size_t len;
		uint8_t bytes[10];
	} wire;
} varints[] = {
	{0, {1, {0}}},
	{239, {1, {0xef}}},
	{240, {2, {0xf0, 0x00}}},
	{2287, {2, {0xff, 0x7f}}},
	{2288, {3, {0xf0, 0x80, 0x00}}},
	{264431, {3, {0xff, 0xff, 0x7f}}},
	{264432, {4, {0xf0, 0x80, 0x80, 0x00}}},
	{33818863, {4, {0xff, 0xff, 0xff, 0x7f}}},
	{33818864, {5, {0xf0, 0x80, 0x80, 0x80, 0x00}}},
	{UINT64_C(1) << 32, {5, {0xf0, 0xf1, 0xfe, 0xfe, 0x7e}}},
	{UINT64_MAX, {10, {0xff, 0xf0, 0xfe, 0xfe, 0xfe, 0xfe, 0xfe, 0xfe, 0xfe, 0x0e}}},
};

static void test_varint_vectors(void **state)
{
	for (size_t i = 0; i < COUNT(varints); i++) {
		struct slice wire = slice_of(varints[i].wire.bytes, varints[i].wire.len);
		uint8_t buf[10];
		struct writer w = writer_of(buf, sizeof(buf));
		struct reader r = reader_of(edge(wire), false);

		assert_true(spop_varint_read(&r) == varints[i].value);
		assert_true(reader_done(&r));
		spop_varint_write(&w, varints[i].value);
		assert_true(slice_equal(writer_slice(&w), wire));
		for (size_t len = 0; len < wire.len; len++) {
			r = reader_of(edge(slice_head(wire, len)), true);
			assert_true(spop_varint_read(&r) == 0);
			assert_int_equal(r.state, READ_MORE);
			r = reader_of(edge(slice_head(wire, len)), false);
			assert_true(spop_varint_read(&r) == 0);
			assert_int_equal(r.state, READ_BAD);
		}
	}
}

static void test_varint_of_each_length_survives(void **state)
{
	for (unsigned bit = 0; bit < 64; bit++)
		for (int64_t around = -300; around <= 300; around += 7) {
			uint64_t v = (UINT64_C(1) << bit) + (uint64_t)around;
			uint8_t buf[10];
			struct writer w = writer_of(buf, sizeof(buf));
			struct reader r;

			spop_varint_write(&w, v);
			assert_true(writer_ok(&w));
			r = reader_of(edge(writer_slice(&w)), false);
			assert_true(spop_varint_read(&r) == v);
			assert_true(reader_done(&r));
		}
}

static void test_varint_above_64_bits_is_bad(void **state)
{
	const struct slice bad[] = {
		BYTES(0xf0, 0xf1, 0xfe, 0xfe, 0xfe, 0xfe, 0xfe, 0xfe, 0xfe, 0x0e + 1),
		BYTES(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f),
		BYTES(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		      0xff),
		BYTES(0xf0, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00),
	};

	for (size_t i = 0; i < COUNT(bad); i++) {
		struct reader r = reader_of(edge(bad[i]), true);

		assert_true(spop_varint_read(&r) == 0);
		assert_int_equal(r.state, READ_BAD);
	}
}

/*** typed data ***/

static const struct spop_value values[] = {
	{.type = SPOP_DATA_T_NULL},
	{.type = SPOP_DATA_T_BOOL, .number = 0},
	{.type = SPOP_DATA_T_BOOL, .number = 1},
	{.type = SPOP_DATA_T_INT32, .number = INT32_MIN},
	{.type = SPOP_DATA_T_INT32, .number = INT32_MAX},
	{.type = SPOP_DATA_T_UINT32, .number = UINT32_MAX},
	{.type = SPOP_DATA_T_INT64, .number = INT64_MIN},
	{.type = SPOP_DATA_T_INT64, .number = -5},
	{.type = SPOP_DATA_T_INT64, .number = INT64_MAX},
	{.type = SPOP_DATA_T_UINT64, .number = -1}, /* 2^64-1 */
	{.type = SPOP_DATA_T_IPV4, .data = {(const uint8_t *)"\x0a\0\0\1", 4}},
	{.type = SPOP_DATA_T_IPV6, .data = {(const uint8_t *)"0123456789abcdef", 16}},
	{.type = SPOP_DATA_T_STR, .data = {NULL, 0}},
	{.type = SPOP_DATA_T_STR, .data = {(const uint8_t *)"CT", 2}},
	{.type = SPOP_DATA_T_BIN, .data = {(const uint8_t *)"\0\1\2", 3}},
};

static void test_each_type_survives(void **state)
{
	for (size_t i = 0; i < COUNT(values); i++) {
		uint8_t buf[64];
		struct writer w = writer_of(buf, sizeof(buf));
		struct spop_value v;
		struct reader r;

		spop_value_write(&w, &values[i]);
		r = reader_of(edge(writer_slice(&w)), false);
		assert_true(spop_value_read(&r, &v));
		assert_true(reader_done(&r));
		assert_int_equal(v.type, values[i].type);
		assert_true(v.number == values[i].number);
		assert_true(slice_equal(v.data, values[i].data));
		for (size_t len = 0; len < w.len; len++) {
			r = reader_of(edge(slice_of(buf, len)), true);
			assert_false(spop_value_read(&r, &v));
			assert_int_equal(r.state, READ_MORE);
			assert_int_equal(v.type, SPOP_DATA_T_NULL);
			r = reader_of(edge(slice_of(buf, len)), false);
			assert_false(spop_value_read(&r, &v));
			assert_int_equal(r.state, READ_BAD);
		}
	}
}

static void test_bad_values(void **state)
{
	const struct slice bad[] = {
		BYTES(0x0a),                               /* reserved types */
		BYTES(0x1f),                               /* */
		BYTES(0x03, 0xf0, 0xf1, 0xfe, 0xfe, 0x7e), /* UINT32 of 2^32 */
		BYTES(0x02, 0xf0, 0xf1, 0xfe, 0xfe, 0x76), /* INT32 of 2^31 and more */
		BYTES(0x08, 0x02, 'x'),                    /* a length that lies */
		BYTES(0x09, 0xff, 0xf0, 0xfe, 0xfe, 0xfe, 0xfe, 0xfe, 0xfe, 0xfe, 0x0e, 1,
		      2),
	};

	for (size_t i = 0; i < COUNT(bad); i++) {
		struct reader r = reader_of(edge(bad[i]), false);
		struct spop_value v;

		assert_false(spop_value_read(&r, &v));
		assert_int_equal(r.state, READ_BAD);
	}
}

/*** frames ***/

static void test_hello(void **state)
{
	struct reader r = reader_of(edge(TEXT(HELLO)), false);
	struct spop_frame f;
	struct spop_hello h;

	assert_true(spop_frame_read(&r, 256, &f));
	assert_true(reader_done(&r));
	assert_int_equal(f.type, SPOP_FRM_T_HAPROXY_HELLO);
	assert_int_equal(f.flags, SPOP_FRM_FL_FIN);
	assert_int_equal(spop_hello_read(&f.payload, &h), SPOP_ERR_NONE);
	assert_int_equal(h.max_frame_size, 16380);
	assert_true(h.pipelining);
	assert_true(h.healthcheck);
	assert_true(
		slice_equal(h.engine_id, TEXT("52de52b3-3c2f-4fb7-8e9d-47d5a1f1d6a1")));
}

static void test_notify(void **state)
{
	struct reader r = reader_of(edge(TEXT(NOTIFY)), false);
	struct slice names = TEXT("ntiuIU46sb"), name;
	struct spop_message m;
	struct spop_value v;
	struct spop_frame f;

	assert_true(spop_frame_read(&r, 256, &f));
	assert_true(f.stream_id == 2288);
	assert_true(f.frame_id == 1);
	assert_true(spop_message_next(&f.payload, &m));
	assert_true(slice_equal(m.name, TEXT("associate")));
	assert_int_equal(m.nargs, 10);
	for (unsigned i = 0; i < m.nargs; i++) {
		assert_true(spop_arg_next(&m.args, &name, &v));
		assert_true(slice_equal(name, slice_of(names.ptr + i, 1)));
		assert_int_equal(v.type, i);
		if (i == SPOP_DATA_T_INT32 || i == SPOP_DATA_T_UINT64)
			assert_true(v.number == -1);
		if (i == SPOP_DATA_T_INT64)
			assert_true(v.number == -5);
	}
	assert_false(spop_arg_next(&m.args, &name, &v));
	assert_true(reader_done(&m.args));
	assert_false(spop_message_next(&f.payload, &m));
	assert_true(reader_done(&f.payload));
}

static void check_prefixes(struct slice frame)
{
	struct spop_frame f;

	for (size_t len = 0; len < frame.len; len++) {
		struct reader r = reader_of(edge(slice_head(frame, len)), true);

		assert_false(spop_frame_read(&r, 4096, &f));
		assert_int_equal(r.state, READ_MORE);
		r = reader_of(edge(slice_head(frame, len)), false);
		assert_false(spop_frame_read(&r, 4096, &f));
		assert_int_equal(r.state, READ_BAD);
		assert_int_equal(f.error, SPOP_ERR_INVALID);
	}
}

static void test_each_prefix_of_a_frame(void **state)
{
	uint8_t buf[256];
	struct writer w = writer_of(buf, sizeof(buf));

	check_prefixes(TEXT(HELLO));
	check_prefixes(TEXT(NOTIFY));
	spop_hello_write(&w, 16380);
	check_prefixes(writer_slice(&w));
	w.len = 0;
	spop_disconnect_write(&w, SPOP_ERR_TOUT);
	check_prefixes(writer_slice(&w));
}

/* As payloads of frames: whole, so every prefix that is not the end of a message, or
 * of an item, is bad.
 */
static void test_each_prefix_of_a_payload(void **state)
{
	struct slice notify = {(const uint8_t *)NOTIFY + 13, sizeof(NOTIFY) - 1 - 13};
	struct slice hello = {(const uint8_t *)HELLO + 11, sizeof(HELLO) - 1 - 11};
	struct spop_message m;
	struct spop_hello h;

	for (size_t len = 1; len < notify.len; len++) {
		struct reader r = reader_of(edge(slice_head(notify, len)), true);

		assert_false(spop_message_next(&r, &m));
		assert_int_equal(r.state, READ_MORE);
		r = reader_of(edge(slice_head(notify, len)), false);
		assert_false(spop_message_next(&r, &m));
		assert_int_equal(r.state, READ_BAD);
	}
	for (size_t len = 0; len < hello.len; len++) {
		struct reader r = reader_of(edge(slice_head(hello, len)), true);

		assert_int_not_equal(spop_hello_read(&r, &h), SPOP_ERR_NONE);
		assert_int_equal(r.state, READ_MORE);
		r = reader_of(edge(slice_head(hello, len)), false);
		if (spop_hello_read(&r, &h) == SPOP_ERR_INVALID)
			assert_int_equal(r.state, READ_BAD);
	}
}

static void test_frame_lengths_that_lie(void **state)
{
	const struct {
		struct slice bytes;
		enum spop_error error;
	} bad[] = {
		{BYTES(0, 0, 0, 0), SPOP_ERR_INVALID},
		{BYTES(0, 0, 0, 6), SPOP_ERR_INVALID},
		{BYTES(0, 0, 1, 1), SPOP_ERR_TOO_BIG},
		{BYTES(0xff, 0xff, 0xff, 0xff), SPOP_ERR_TOO_BIG},
		{BYTES('G', 'E', 'T', ' '), SPOP_ERR_TOO_BIG},
		/* ids that run out of the frame into the next */
		{BYTES(0, 0, 0, 7, 3, 0, 0, 0, 1, 0xf0, 0x80, 0x00, 0x01),
		 SPOP_ERR_INVALID},
		{BYTES(0, 0, 0, 7, 3, 0, 0, 0, 1, 0x01, 0xf0, 0x00), SPOP_ERR_INVALID},
	};

	for (size_t i = 0; i < COUNT(bad); i++) {
		struct reader r = reader_of(edge(bad[i].bytes), true);
		struct spop_frame f;

		assert_false(spop_frame_read(&r, 256, &f));
		assert_int_equal(r.state, READ_BAD);
		assert_int_equal(f.error, bad[i].error);
	}
}

static void test_bad_messages(void **state)
{
	const struct slice bad[] = {
		BYTES(1, 'm'),
		BYTES(1, 'm', 1),
		BYTES(1, 'm', 1, 1, 'a'),
		BYTES(1, 'm', 1, 1, 'a', 0x0a),
		BYTES(1, 'm', 2, 1, 'a', 0),
		BYTES(0xff, 0xf0, 0xfe, 0xfe, 0xfe, 0xfe, 0xfe, 0xfe, 0xfe, 0x0e, 'm', 0),
	};

	for (size_t i = 0; i < COUNT(bad); i++) {
		struct reader r = reader_of(edge(bad[i]), false);
		struct spop_message m;

		assert_false(spop_message_next(&r, &m));
		assert_int_equal(r.state, READ_BAD);
	}
}

static void test_disconnect(void **state)
{
	struct reader r = reader_of(
		edge(TEXT("\x0bstatus-code\x03\x63\x07message\x08\x02no")), false);
	struct spop_disconnect d;

	assert_true(spop_disconnect_read(&r, &d));
	assert_true(d.status == SPOP_ERR_UNKNOWN);
	assert_true(slice_equal(d.message, TEXT("no")));
	r = reader_of(edge(TEXT("\x0bstatus-code\x03")), false);
	assert_false(spop_disconnect_read(&r, &d));
}

/*** writing ***/

static void test_agent_hello_bytes(void **state)
{
	uint8_t buf[256];
	struct writer w = writer_of(buf, sizeof(buf));

	spop_hello_write(&w, 16380);
	assert_true(slice_equal(writer_slice(&w),
				TEXT("\x00\x00\x00\x40\x65\x00\x00\x00\x01\x00\x00"
				     "\x07version\x08\x03"
				     "2.0"
				     "\x0emax-frame-size\x03\xfc\xf0\x06"
				     "\x0c"
				     "capabilities\x08\x0apipelining")));
}

static void test_each_disconnect_fits_its_room(void **state)
{
	for (int status = 0; status < 256; status++) {
		uint8_t buf[SPOP_MAX_DISCON_SIZE];
		struct writer w = writer_of(buf, sizeof(buf));
		struct spop_disconnect d;
		struct spop_frame f;
		struct reader r;

		spop_disconnect_write(&w, (enum spop_error)status);
		assert_true(writer_ok(&w));
		r = reader_of(edge(writer_slice(&w)), false);
		assert_true(spop_frame_read(&r, 256, &f));
		assert_int_equal(f.type, SPOP_FRM_T_AGENT_DISCON);
		assert_true(spop_disconnect_read(&f.payload, &d));
		assert_int_equal(d.status, status);
		assert_true(d.message.len > 0);
	}
}

static void test_actions(void **state)
{
	uint8_t buf[256];
	struct writer w = writer_of(buf, sizeof(buf));

	spop_set_var_str(&w, "a", TEXT("CT"));
	spop_set_var(&w, "b", &(struct spop_value){SPOP_DATA_T_BIN, 0, BYTES(0, 1)});
	spop_set_var(&w, "c", &(struct spop_value){SPOP_DATA_T_INT64, 240, {0}});
	spop_set_var(&w, "d", &(struct spop_value){SPOP_DATA_T_BOOL, true, {0}});
	spop_set_var(&w, "e", &(struct spop_value){SPOP_DATA_T_BOOL, false, {0}});
	assert_true(slice_equal(writer_slice(&w), TEXT("\x01\x03\x02\x01"
						       "a\x08\x02"
						       "CT"
						       "\x01\x03\x02\x01"
						       "b\x09\x02\x00\x01"
						       "\x01\x03\x02\x01"
						       "c\x04\xf0\x00"
						       "\x01\x03\x02\x01"
						       "d\x11"
						       "\x01\x03\x02\x01"
						       "e\x01")));
}

static void test_writing_into_too_little_room(void **state)
{
	for (size_t cap = 0; cap < 68; cap++) {
		uint8_t buf[128];
		struct writer w = writer_of(buf, cap);

		spop_hello_write(&w, 16380);
		assert_false(writer_ok(&w));
	}
}

static void test_payload_of_a_frame_ends_with_it(void **state)
{
	uint8_t buf[64];
	struct slice two;
	struct spop_message m;
	struct spop_frame f;
	struct reader r;

	two = write_frame(buf, sizeof(buf), SPOP_FRM_T_HAPROXY_NOTIFY, BYTES(1, 'm', 0));
	memcpy(buf + two.len, buf, two.len);
	r = reader_of(edge(slice_of(buf, 2 * two.len)), true);
	for (int i = 0; i < 2; i++) {
		assert_true(spop_frame_read(&r, 256, &f));
		assert_true(spop_message_next(&f.payload, &m));
		assert_int_equal(m.nargs, 0);
		assert_false(spop_message_next(&f.payload, &m));
		assert_int_equal(f.payload.state, READ_OK);
	}
	assert_false(spop_frame_read(&r, 256, &f));
	assert_int_equal(r.state, READ_MORE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_varint_vectors),
		cmocka_unit_test(test_varint_of_each_length_survives),
		cmocka_unit_test(test_varint_above_64_bits_is_bad),
		cmocka_unit_test(test_each_type_survives),
		cmocka_unit_test(test_bad_values),
		cmocka_unit_test(test_hello),
		cmocka_unit_test(test_notify),
		cmocka_unit_test(test_each_prefix_of_a_frame),
		cmocka_unit_test(test_each_prefix_of_a_payload),
		cmocka_unit_test(test_frame_lengths_that_lie),
		cmocka_unit_test(test_bad_messages),
		cmocka_unit_test(test_disconnect),
		cmocka_unit_test(test_agent_hello_bytes),
		cmocka_unit_test(test_each_disconnect_fits_its_room),
		cmocka_unit_test(test_actions),
		cmocka_unit_test(test_writing_into_too_little_room),
		cmocka_unit_test(test_payload_of_a_frame_ends_with_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
