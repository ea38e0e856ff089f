/* SPDX-License-Identifier: MIT */
#include "base/log.h"
#include "base/clock.h"
#include "base/sink.h"

#include <inttypes.h>
#include <stdio.h>

static enum log_level threshold = LOG_INFO;
static enum log_format format = LOG_TEXT;

static const char *const level_names[] = {"error", "info", "debug"};
static const unsigned level_numbers[] = {3, 6, 7}; /* sink.h */

/* Ends of a line; room for the longest is kept free of pairs. */
static const char *const ends[] = {[LOG_TEXT] = "\n", [LOG_JSON] = "}\n"};
static const char *const cut_ends[] = {
	[LOG_TEXT] = " truncated=1\n", [LOG_JSON] = ",\"truncated\":1}\n"};
enum { END_MAX = 16 };

bool log_level_of(const char *name, enum log_level *level)
{
	for (size_t i = 0; i < sizeof(level_names) / sizeof(level_names[0]); i++)
		if (strcmp(name, level_names[i]) == 0) {
			*level = (enum log_level)i;
			return true;
		}
	return false;
}

void log_set_level(enum log_level level)
{
	threshold = level;
}

void log_set_format(enum log_format f)
{
	format = f;
}

static bool is_plain(uint8_t byte)
{
	return byte > ' ' && byte < 0x7f && byte != '"' && byte != '\\' && byte != '=';
}

static void write_escaped(struct writer *w, uint8_t byte)
{
	static const char digits[] = "0123456789abcdef";

	if (byte == '"' || byte == '\\') {
		writer_u8(w, '\\');
		writer_u8(w, byte);
	} else if (byte < ' ' || byte >= 0x7f) {
		writer_bytes(w, slice_str(format == LOG_TEXT ? "\\x"
					  : byte < 0x80      ? "\\u00"
							     : "\\\\x"));
		writer_u8(w, (uint8_t)digits[byte >> 4]);
		writer_u8(w, (uint8_t)digits[byte & 15]);
	} else {
		writer_u8(w, byte);
	}
}

static void write_value(struct writer *w, struct slice value)
{
	struct reader r = reader_of(value, false);
	bool plain = value.len > 0 && format == LOG_TEXT;

	while (plain && reader_left(&r) > 0)
		plain = is_plain(reader_u8(&r));
	if (plain) {
		writer_bytes(w, value);
		return;
	}
	r = reader_of(value, false);
	writer_u8(w, '"');
	while (reader_left(&r) > 0)
		write_escaped(w, reader_u8(&r));
	writer_u8(w, '"');
}

static void begin_pair(struct log_line *line, const char *key)
{
	struct writer *w = &line->text;

	if (format == LOG_JSON) {
		writer_bytes(w, slice_str(w->len == 0 ? "{\"" : ",\""));
		writer_bytes(w, slice_str(key));
		writer_bytes(w, slice_str("\":"));
		return;
	}
	if (w->len > 0)
		writer_u8(w, ' ');
	writer_bytes(w, slice_str(key));
	writer_u8(w, '=');
}

static void end_pair(struct log_line *line, size_t before)
{
	if (writer_ok(&line->text))
		return;
	line->text.failed = false;
	line->text.len = before;
	line->truncated = true;
}

void log_bytes(struct log_line *line, const char *key, struct slice value)
{
	size_t before = line->text.len;

	if (!line->wanted)
		return;
	begin_pair(line, key);
	write_value(&line->text, value);
	end_pair(line, before);
}

void log_text(struct log_line *line, const char *key, const char *value)
{
	log_bytes(line, key, slice_str(value));
}

void log_number(struct log_line *line, const char *key, int64_t value)
{
	size_t before = line->text.len;
	char digits[24];

	if (!line->wanted)
		return;
	snprintf(digits, sizeof(digits), "%" PRId64, value);
	begin_pair(line, key);
	writer_bytes(&line->text, slice_str(digits));
	end_pair(line, before);
}

static void log_time(struct log_line *line)
{
	char text[CLOCK_TEXT];

	clock_text(clock_realtime_us() / 1000, text);
	log_text(line, "time", text);
}

void log_begin(struct log_line *line, enum log_level level, const char *event)
{
	size_t room = sizeof(line->bytes) - END_MAX;

	line->level = level;
	line->wanted = level <= threshold;
	line->truncated = false;
	line->text = writer_of(line->bytes, room);
	if (!line->wanted)
		return;
	if (!sink_stamps())
		log_time(line);
	log_text(line, "level", level_names[level]);
	log_text(line, "event", event);
}

void log_end(struct log_line *line)
{
	if (!line->wanted)
		return;
	line->text.cap = sizeof(line->bytes);
	writer_bytes(&line->text, slice_str((line->truncated ? cut_ends : ends)[format]));
	sink_write(level_numbers[line->level], writer_slice(&line->text));
}
