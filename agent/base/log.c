/* SPDX-License-Identifier: MIT */
#include "base/log.h"
#include "base/clock.h"
#include "base/escape.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <syslog.h>
#include <unistd.h>

static enum log_level threshold = LOG_LEVEL_INFO;
static enum log_format format = LOG_FORMAT_TEXT;
static enum log_destination destination = LOG_TO_STDERR;

static const char *const level_names[] = {[LOG_LEVEL_ERROR] = "error",
					  [LOG_LEVEL_INFO] = "info",
					  [LOG_LEVEL_DEBUG] = "debug"};

/* Ends of a line; room for the longest is kept free of pairs. */
static const char *const ends[] = {[LOG_FORMAT_TEXT] = "\n", [LOG_FORMAT_JSON] = "}\n"};
static const char *const cut_ends[] = {
	[LOG_FORMAT_TEXT] = " truncated=1\n", [LOG_FORMAT_JSON] = ",\"truncated\":1}\n"};
enum { END_MAX = 16 };

/*** settings ***/

bool log_level_of(const char *name, enum log_level *level)
{
	for (size_t i = 0; i < sizeof(level_names) / sizeof(level_names[0]); i++)
		if (level_names[i] && strcmp(name, level_names[i]) == 0) {
			*level = (enum log_level)i;
			return true;
		}
	return false;
}

enum log_destination log_destination_of_stderr(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long device, inode;
	struct stat s;

	if (!stream || sscanf(stream, "%llu:%llu", &device, &inode) != 2 ||
	    fstat(STDERR_FILENO, &s) != 0 || s.st_dev != device || s.st_ino != inode)
		return LOG_TO_STDERR;
	return LOG_TO_JOURNAL;
}

void log_set_level(enum log_level level)
{
	threshold = level;
}

void log_set_format(enum log_format f)
{
	format = f;
}

void log_set_destination(enum log_destination d)
{
	destination = d;
	if (d == LOG_TO_SYSLOG)
		openlog("dicom-spoa", LOG_PID | LOG_NDELAY, LOG_DAEMON);
}

/*** a line ***/

/* True if <value> stands in a line of text as it is. */
static bool is_plain(struct slice value)
{
	for (size_t i = 0; i < value.len; i++) {
		uint8_t byte = value.ptr[i];

		if (byte <= ' ' || byte >= 0x7f || strchr("\"\\=", byte))
			return false;
	}
	return value.len > 0;
}

static void write_value(struct writer *w, struct slice value)
{
	if (format == LOG_FORMAT_TEXT && is_plain(value)) {
		writer_bytes(w, value);
		return;
	}
	writer_u8(w, '"');
	escape_write(w, format == LOG_FORMAT_JSON ? ESCAPE_JSON : ESCAPE_TEXT, value);
	writer_u8(w, '"');
}

static void begin_pair(struct log_line *line, const char *key)
{
	struct writer *w = &line->text;

	if (format == LOG_FORMAT_JSON) {
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
	if (destination == LOG_TO_STDERR)
		log_time(line);
	log_text(line, "level", level_names[level]);
	log_text(line, "event", event);
}

static void write_out(enum log_level level, struct slice line)
{
	char mark[16];
	struct iovec parts[2] = {{mark, 0}, {(void *)(uintptr_t)line.ptr, line.len}};

	if (destination == LOG_TO_SYSLOG) {
		syslog((int)level, "%.*s", (int)line.len - 1, (const char *)line.ptr);
		return;
	}
	if (destination == LOG_TO_JOURNAL)
		parts[0].iov_len =
			(size_t)snprintf(mark, sizeof(mark), "<%d>", (int)level);
	if (writev(STDERR_FILENO, parts, 2) < 0)
		return; /* there is nowhere to report it */
}

void log_end(struct log_line *line)
{
	if (!line->wanted)
		return;
	line->text.cap = sizeof(line->bytes);
	writer_bytes(&line->text, slice_str((line->truncated ? cut_ends : ends)[format]));
	write_out(line->level, writer_slice(&line->text));
}
