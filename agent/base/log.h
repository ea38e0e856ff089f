/* SPDX-License-Identifier: MIT */
/* log.h - one line of key=value pairs, or of JSON, for each event (sink.h).
 *
 *     struct log_line line;
 *
 *     log_begin(&line, LOG_INFO, "refused");
 *     log_number(&line, "status", 4);
 *     log_bytes(&line, "message", from_the_network);
 *     log_end(&line);
 *
 * Values are quoted when they need it, and control characters, quotes and bytes
 * outside ASCII are escaped: a value cannot forge a line.  What identifies a
 * patient is never handed to this room.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/bytes.h"

enum log_level { LOG_ERROR, LOG_INFO, LOG_DEBUG };
enum log_format { LOG_TEXT, LOG_JSON };

struct log_line {
	struct writer text;
	enum log_level level;
	bool wanted;    /* the level is logged */
	bool truncated; /* a pair did not fit and was left out */
	uint8_t bytes[1024];
};

/* The level by its name: error, info, debug.  False if it is none. */
bool MUST_CHECK log_level_of(const char *name, enum log_level *level);

/* Log nothing below <level>.  Before any thread is started; at first it is info. */
void log_set_level(enum log_level level);

/* Before any thread is started; at first it is text.  In JSON (RFC 8259) all values but
 * those of log_number() are strings, in which a byte that is not ASCII stands as \xHH.
 */
void log_set_format(enum log_format format);

/* Begin a line with time, level and event.  A line that is not wanted costs nothing. */
void log_begin(struct log_line *line, enum log_level level, const char *event);

/* Add a pair.  One that does not fit is left out, and the line says so. */
void log_text(struct log_line *line, const char *key, const char *value);
void log_bytes(struct log_line *line, const char *key, struct slice value);
void log_number(struct log_line *line, const char *key, int64_t value);

/* Write it out. */
void log_end(struct log_line *line);

#endif
