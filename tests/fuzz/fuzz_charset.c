/* SPDX-License-Identifier: MIT */
/* Text: the first line is Specific Character Set, the rest the value. */
#include "dicom/charset.h"
#include "check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct charset *cs;
	const uint8_t *line = size > 0 ? memchr(data, '\n', size) : NULL;
	struct slice specific, raw;
	size_t room;
	struct writer out;
	char *text;

	if (!line || size > 4096)
		return 0;
	if (!cs)
		cs = charset_new();
	specific = slice_of(data, (size_t)(line - data));
	raw = slice_of(line + 1, size - specific.len - 1);
	/* A character of JIS X 0212 that is none: two bytes, a prefix, each a U+FFFD.
	 * Eight bytes are kept free. */
	room = 5 * raw.len + 8;
	text = malloc(room);
	out = writer_of(text, room);
	CHECK(charset_decode(cs, specific, "\\^=", raw, &out));
	CHECK(out.len <= 5 * raw.len);
	out = writer_of(text, raw.len / 2);
	if (charset_decode(cs, specific, "\\^=", raw, &out))
		CHECK(out.len <= raw.len / 2);
	free(text);
	return 0;
}
