/* SPDX-License-Identifier: MIT */
/* PS3.5 A.5, by zlib */
#include "dicom/inflate.h"

#include <zlib.h>

struct arena {
	uint8_t *free;
	size_t left;
};

static void *arena_take(void *opaque, unsigned items, unsigned size)
{
	struct arena *a = opaque;
	size_t len = (size_t)items * size;
	void *p = a->free;

	len = (len + 15) & ~(size_t)15;
	if (len > a->left)
		return NULL;
	a->free += len;
	a->left -= len;
	return p;
}

static void arena_release(void *opaque, void *p)
{
	(void)opaque;
	(void)p;
}

bool inflate_prefix(struct slice in, struct writer *out, void *arena, bool *cut)
{
	struct arena a = {arena, INFLATE_ARENA};
	z_stream z = {.zalloc = arena_take, .zfree = arena_release, .opaque = &a};
	int result;

	z.next_in = (z_const Bytef *)(uintptr_t)in.ptr;
	z.avail_in = (uInt)in.len;
	z.next_out = out->buf + out->len;
	z.avail_out = (uInt)(out->cap - out->len);
	if (!writer_ok(out) || inflateInit2(&z, -MAX_WBITS) != Z_OK)
		return false;
	result = inflate(&z, Z_SYNC_FLUSH);
	out->len = out->cap - z.avail_out;
	inflateEnd(&z);
	if (result == Z_STREAM_END)
		*cut = false;
	else if (result != Z_OK && result != Z_BUF_ERROR)
		return false;
	else if (z.avail_out == 0)
		*cut = true;
	return result == Z_STREAM_END || *cut;
}
