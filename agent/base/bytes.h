/* SPDX-License-Identifier: MIT */
/* bytes.h - checked reading and writing of bytes that somebody else owns.
 *
 * Nothing else in the agent follows a pointer into bytes from the network.
 *
 * Reading: a read never passes the end of its window.  The first failure
 * sticks: later reads return zero, so that a parser may read a whole row of
 * fields and ask once, at the end.  A window knows whether it was cut, so
 * "more bytes are needed" and "a length is wrong" are properties of the data, and no
 * parser has to decide between them.
 *
 * Writing: the mirror.  A write that does not fit changes nothing and sticks;
 * it is discovered once, at the end, with writer_ok().
 *
 * Lengths are compared with what is left, never as position + length, which a
 * hostile length can wrap.
 */
#ifndef BASE_BYTES_H
#define BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define MUST_CHECK __attribute__((warn_unused_result))

/* Borrowed bytes.  Each function that returns a slice says who owns them. */
struct slice {
	const uint8_t *ptr; /* may be NULL if len is 0 */
	size_t len;         /* bytes */
};

enum read_state {
	READ_OK,
	READ_MORE, /* ran off a window that was cut short: wait for bytes */
	READ_BAD   /* ran off a whole window: a length is wrong */
};

struct reader {
	const uint8_t *pos;
	const uint8_t *end;
	enum read_state state;
	bool cut; /* the true end lies beyond <end> */
};

struct writer {
	uint8_t *buf;
	size_t cap;  /* bytes that <buf> holds */
	size_t len;  /* bytes written so far */
	bool failed; /* something did not fit; nothing is written any more */
};

/* A slice of <len> bytes at <ptr>. */
static inline struct slice slice_of(const void *ptr, size_t len)
{
	return (struct slice){ptr, len};
}

/* A slice of the text <s>, without its terminating zero. */
static inline struct slice slice_str(const char *s)
{
	return (struct slice){(const uint8_t *)s, strlen(s)};
}

/* True if both hold the same bytes. */
static inline bool slice_equal(struct slice a, struct slice b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

/* Less than 0, 0, or more, as <a> comes before <b> in the order of bytes. */
static inline int slice_order(struct slice a, struct slice b)
{
	size_t len = a.len < b.len ? a.len : b.len;
	int order = len > 0 ? memcmp(a.ptr, b.ptr, len) : 0;

	return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

/* The first <len> bytes of <s>, or all of it if it is shorter. */
static inline struct slice slice_head(struct slice s, size_t len)
{
	return (struct slice){s.ptr, len < s.len ? len : s.len};
}

/* <s> without its first <len> bytes; empty if it is not longer. */
static inline struct slice slice_tail(struct slice s, size_t len)
{
	return len < s.len ? (struct slice){s.ptr + len, s.len - len} : (struct slice){0};
}

/* <s> without the spaces and NULs at its end, which pad values to an even length
 * (PS3.5 6.2).
 */
static inline struct slice slice_trim_end(struct slice s)
{
	while (s.len > 0 && (s.ptr[s.len - 1] == ' ' || s.ptr[s.len - 1] == 0))
		s.len--;
	return s;
}

/* The same, also without spaces at its beginning. */
static inline struct slice slice_trim(struct slice s)
{
	s = slice_trim_end(s);
	while (s.len > 0 && s.ptr[0] == ' ')
		s = (struct slice){s.ptr + 1, s.len - 1};
	return s;
}

/* True if <byte> is one of the characters of <list>; a NUL never is. */
static inline bool byte_is_one_of(uint8_t byte, const char *list)
{
	return byte != 0 && strchr(list, byte);
}

/* Return the part of <text> before the first <end>, and remove it and that <end> from
 * <text>.  Without an <end> it is all of <text>.
 */
static inline struct slice slice_part(struct slice *text, char end)
{
	const uint8_t *at = text->len > 0 ? memchr(text->ptr, end, text->len) : NULL;
	struct slice head = slice_head(*text, at ? (size_t)(at - text->ptr) : text->len);
	size_t taken = head.len + (at != NULL);

	if (taken > 0) /* no arithmetic with NULL */
		*text = slice_of(text->ptr + taken, text->len - taken);
	return head;
}

/* A window over <s>.  <cut> says that the source goes on behind it. */
static inline struct reader reader_of(struct slice s, bool cut)
{
	return (struct reader){s.ptr, s.len > 0 ? s.ptr + s.len : s.ptr, READ_OK, cut};
}

/* Bytes between the position and the end of the window. */
static inline size_t reader_left(const struct reader *r)
{
	return r->pos ? (size_t)(r->end - r->pos) : 0;
}

/* True if no byte is left and no read has failed. */
static inline bool reader_done(const struct reader *r)
{
	return r->state == READ_OK && reader_left(r) == 0;
}

/* Mark the window as bad: its content, not its length, is wrong. */
static inline void reader_fail(struct reader *r)
{
	if (r->state == READ_OK)
		r->state = READ_BAD;
}

/* Borrow the next <len> bytes and step over them; NULL if they are not there. */
static inline const uint8_t *reader_bytes(struct reader *r, size_t len)
{
	const uint8_t *p = r->pos;

	if (r->state != READ_OK)
		return NULL;
	if (len > reader_left(r)) {
		r->state = r->cut ? READ_MORE : READ_BAD;
		return NULL;
	}
	if (len > 0)
		r->pos += len;
	return p;
}

/* Like reader_bytes(), as a slice; empty if they are not there. */
static inline struct slice reader_slice(struct reader *r, size_t len)
{
	const uint8_t *p = reader_bytes(r, len);

	return (struct slice){p, p ? len : 0};
}

/* All that is left of the window; the position moves to its end. */
static inline struct slice reader_rest(struct reader *r)
{
	return reader_slice(r, reader_left(r));
}

/* Cut the next <len> bytes off as a window of their own and step over what of
 * them is there.  A window that reaches past a cut end is itself cut; past a
 * whole end it is bad.
 */
static inline struct reader reader_window(struct reader *r, size_t len)
{
	struct reader w = {r->pos, r->pos, r->state, false};
	size_t left = reader_left(r);

	if (r->state != READ_OK)
		return w;
	if (len > left) {
		if (!r->cut) {
			r->state = w.state = READ_BAD;
			return w;
		}
		w.cut = true;
		len = left;
	}
	if (len > 0)
		w.end = r->pos += len;
	return w;
}

/* The next byte, which is not stepped over; 0 if there is none. */
static inline uint8_t reader_peek(const struct reader *r)
{
	return (uint8_t)(r->state == READ_OK && reader_left(r) > 0 ? *r->pos : 0);
}

static inline uint8_t reader_u8(struct reader *r)
{
	const uint8_t *p = reader_bytes(r, 1);

	return (uint8_t)(p ? p[0] : 0);
}

static inline uint16_t reader_be16(struct reader *r)
{
	const uint8_t *p = reader_bytes(r, 2);

	return (uint16_t)(p ? p[0] << 8 | p[1] : 0);
}

static inline uint32_t reader_be32(struct reader *r)
{
	const uint8_t *p = reader_bytes(r, 4);

	return p ? (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 |
			       p[3]
		 : 0;
}

static inline uint16_t reader_le16(struct reader *r)
{
	const uint8_t *p = reader_bytes(r, 2);

	return (uint16_t)(p ? p[1] << 8 | p[0] : 0);
}

static inline uint32_t reader_le32(struct reader *r)
{
	const uint8_t *p = reader_bytes(r, 4);

	return p ? (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 |
			       p[0]
		 : 0;
}

/* A writer into <cap> bytes at <buf>, which the caller owns. */
static inline struct writer writer_of(void *buf, size_t cap)
{
	return (struct writer){buf, cap, 0, false};
}

/* True if all that was written has fitted. */
static inline bool MUST_CHECK writer_ok(const struct writer *w)
{
	return !w->failed;
}

/* What has been written so far; borrowed from the writer's buffer. */
static inline struct slice writer_slice(const struct writer *w)
{
	return (struct slice){w->buf, w->failed ? 0 : w->len};
}

/* Room for <len> bytes, to be filled by the caller; NULL if it does not fit. */
static inline uint8_t *writer_room(struct writer *w, size_t len)
{
	uint8_t *p = w->buf + w->len;

	if (w->failed || len > w->cap - w->len) {
		w->failed = true;
		return NULL;
	}
	w->len += len;
	return p;
}

static inline void writer_bytes(struct writer *w, struct slice s)
{
	uint8_t *p = writer_room(w, s.len);

	if (p && s.len > 0)
		memcpy(p, s.ptr, s.len);
}

static inline void writer_u8(struct writer *w, uint8_t v)
{
	uint8_t *p = writer_room(w, 1);

	if (p)
		p[0] = v;
}

static inline void writer_be16(struct writer *w, uint16_t v)
{
	uint8_t *p = writer_room(w, 2);

	if (p) {
		p[0] = (uint8_t)(v >> 8);
		p[1] = (uint8_t)v;
	}
}

static inline void writer_be32(struct writer *w, uint32_t v)
{
	writer_be16(w, (uint16_t)(v >> 16));
	writer_be16(w, (uint16_t)v);
}

/* Overwrite two bytes at offset <at>, which were written before, with the
 * number of bytes that follow them: the length field of an item.
 */
static inline void writer_patch_be16(struct writer *w, size_t at)
{
	size_t len = w->len - at - 2;

	if (w->failed)
		return;
	if (len > UINT16_MAX) {
		w->failed = true;
		return;
	}
	w->buf[at] = (uint8_t)(len >> 8);
	w->buf[at + 1] = (uint8_t)len;
}

/* The same for a length field of four bytes. */
static inline void writer_patch_be32(struct writer *w, size_t at)
{
	size_t len = w->len - at - 4;

	if (w->failed)
		return;
	if (len > UINT32_MAX) {
		w->failed = true;
		return;
	}
	for (int i = 0; i < 4; i++)
		w->buf[at + (size_t)i] = (uint8_t)(len >> (24 - 8 * i));
}

#endif
