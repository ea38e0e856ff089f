/* SPDX-License-Identifier: MIT */
#include "log.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

static enum log_level threshold = LOG_INFO;

static const char *const level_names[] = {"error", "info", "debug"};

/* Kept free of pairs, for the end of the line. */
static const char truncated_mark[] = " truncated=1\n";

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
		writer_bytes(w, slice_str("\\x"));
		writer_u8(w, (uint8_t)digits[byte >> 4]);
		writer_u8(w, (uint8_t)digits[byte & 15]);
	} else {
		writer_u8(w, byte);
	}
}

static void write_value(struct writer *w, struct slice value)
{
	struct reader r = reader_of(value, false);
	bool plain = value.len > 0;

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

void log_bytes(struct log_line *line, const char *key, struct slice value)
{
	size_t before = line->text.len;

	if (!line->wanted)
		return;
	if (before > 0)
		writer_u8(&line->text, ' ');
	writer_bytes(&line->text, slice_str(key));
	writer_u8(&line->text, '=');
	write_value(&line->text, value);
	if (!writer_ok(&line->text)) {
		line->text.failed = false;
		line->text.len = before;
		line->truncated = true;
	}
}

void log_text(struct log_line *line, const char *key, const char *value)
{
	log_bytes(line, key, slice_str(value));
}

void log_number(struct log_line *line, const char *key, int64_t value)
{
	char digits[24];

	snprintf(digits, sizeof(digits), "%" PRId64, value);
	log_text(line, key, digits);
}

static void log_time(struct log_line *line)
{
	char seconds[32], text[48];
	struct timespec now;
	struct tm utc;

	if (clock_gettime(CLOCK_REALTIME, &now) != 0 || !gmtime_r(&now.tv_sec, &utc) ||
	    strftime(seconds, sizeof(seconds), "%Y-%m-%dT%H:%M:%S", &utc) == 0)
		return;
	snprintf(text, sizeof(text), "%s.%03ldZ", seconds, now.tv_nsec / 1000000);
	log_text(line, "time", text);
}

void log_begin(struct log_line *line, enum log_level level, const char *event)
{
	size_t room = sizeof(line->bytes) - strlen(truncated_mark);

	line->wanted = level <= threshold;
	line->truncated = false;
	line->text = writer_of(line->bytes, room);
	if (!line->wanted)
		return;
	log_time(line);
	log_text(line, "level", level_names[level]);
	log_text(line, "event", event);
}

void log_end(struct log_line *line)
{
	struct slice text;

	if (!line->wanted)
		return;
	line->text.cap = sizeof(line->bytes);
	writer_bytes(&line->text, slice_str(line->truncated ? truncated_mark : "\n"));
	text = writer_slice(&line->text);
	if (write(STDERR_FILENO, text.ptr, text.len) < 0)
		return; /* there is nowhere to say it */
}
