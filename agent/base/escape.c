/* SPDX-License-Identifier: MIT */
#include "base/escape.h"

static bool is_printable(uint8_t byte)
{
	return byte >= ' ' && byte < 0x7f;
}

static void write_hex(struct writer *out, const char *prefix, uint8_t byte)
{
	static const char digits[] = "0123456789abcdef";

	writer_bytes(out, slice_str(prefix));
	writer_u8(out, (uint8_t)digits[byte >> 4]);
	writer_u8(out, (uint8_t)digits[byte & 15]);
}

static void write_byte(struct writer *out, enum escape_style style, uint8_t byte)
{
	bool marked = byte == '"' || byte == '\\';

	if (is_printable(byte) && !(marked && style == ESCAPE_HEX)) {
		if (marked)
			writer_u8(out, '\\');
		writer_u8(out, byte);
	} else if (style != ESCAPE_JSON) {
		write_hex(out, "\\x", byte);
	} else {
		write_hex(out, byte < 0x80 ? "\\u00" : "\\\\x", byte);
	}
}

void escape_write(struct writer *out, enum escape_style style, struct slice bytes)
{
	for (size_t i = 0; i < bytes.len; i++)
		write_byte(out, style, bytes.ptr[i]);
}

void escape_replace(struct writer *out, struct slice bytes)
{
	for (size_t i = 0; i < bytes.len; i++)
		writer_u8(out, is_printable(bytes.ptr[i]) ? bytes.ptr[i] : '?');
}
