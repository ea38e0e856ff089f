/* SPDX-License-Identifier: MIT */
#include "metrics/text.h"
#include "base/unicode.h"

#include <inttypes.h>
#include <stdio.h>

static void write_text(struct writer *out, const char *text)
{
	writer_bytes(out, slice_str(text));
}

void metrics_text_head(struct writer *out, const char *name, const char *type,
		       const char *help)
{
	const char *const words[] = {"# HELP ", name, " ",  help, "\n# TYPE ",
				     name,      " ",  type, "\n"};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		write_text(out, words[i]);
}

static void write_character(struct writer *out, struct slice c)
{
	if (c.len > 1)
		writer_bytes(out, c);
	else if (c.ptr[0] == '\n')
		write_text(out, "\\n");
	else if (c.ptr[0] < ' ' || c.ptr[0] == 0x7f)
		writer_u8(out, ' ');
	else {
		if (c.ptr[0] == '"' || c.ptr[0] == '\\')
			writer_u8(out, '\\');
		writer_u8(out, c.ptr[0]);
	}
}

void metrics_text_label(struct writer *labels, const char *name, struct slice value)
{
	struct reader r = reader_of(value, false);

	if (labels->len > 0)
		writer_u8(labels, ',');
	write_text(labels, name);
	write_text(labels, "=\"");
	while (reader_left(&r) > 0) {
		size_t len = unicode_sequence(slice_of(r.pos, reader_left(&r)));
		struct slice c = reader_slice(&r, len > 0 ? len : 1);

		write_character(labels, len > 0 ? c : slice_str("\xEF\xBF\xBD"));
	}
	writer_u8(labels, '"');
}

void metrics_text_sample(struct writer *out, const char *name, const char *suffix,
			 struct slice labels, const char *value)
{
	write_text(out, name);
	write_text(out, suffix);
	if (labels.len > 0) {
		writer_u8(out, '{');
		writer_bytes(out, labels);
		writer_u8(out, '}');
	}
	writer_u8(out, ' ');
	write_text(out, value);
	writer_u8(out, '\n');
}

void metrics_text_number(struct writer *out, const char *name, const char *suffix,
			 struct slice labels, int64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRId64, value);
	metrics_text_sample(out, name, suffix, labels, text);
}
