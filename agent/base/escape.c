/* SPDX-License-Identifier: MIT */
#include "base/escape.h"

void escape_write(struct writer *out, struct slice bytes)
{
	static const char digits[] = "0123456789abcdef";
	struct reader r = reader_of(bytes, false);

	while (reader_left(&r) > 0) {
		uint8_t byte = reader_u8(&r);

		if (byte >= ' ' && byte < 0x7f && byte != '"' && byte != '\\') {
			writer_u8(out, byte);
			continue;
		}
		writer_bytes(out, slice_str("\\x"));
		writer_u8(out, (uint8_t)digits[byte >> 4]);
		writer_u8(out, (uint8_t)digits[byte & 15]);
	}
}
