/* SPDX-License-Identifier: MIT */
/* log.h - the log: one line of key=value pairs, or of JSON, for each event.
 *
 *     struct log_line line;
 *
 *     log_begin(&line, LOG_LEVEL_INFO, "refused");
 *     log_number(&line, "status", 4);
 *     log_bytes(&line, "message", from_the_network);
 *     log_end(&line);
 *
 * Values are quoted when they need it, and control characters, quotes and bytes outside
 * ASCII are escaped, so that a value cannot forge a line.  Values that identify a patient
 * must not be logged.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/bytes.h"

/* Severities of RFC 5424 section 6.2.1 */
enum log_level { LOG_LEVEL_ERROR = 3, LOG_LEVEL_INFO = 6, LOG_LEVEL_DEBUG = 7 };

enum log_format {
	LOG_FORMAT_TEXT,
	LOG_FORMAT_JSON /* RFC 8259; all values but those of log_number() are strings */
};

/* The journal reads stderr, and takes the level from "<6>" before a line (sd-daemon(3)).
 */
enum log_destination { LOG_TO_STDERR, LOG_TO_JOURNAL, LOG_TO_SYSLOG };

struct log_line {
	struct writer text;
	enum log_level level;
	bool wanted;    /* the level is logged */
	bool truncated; /* a pair did not fit and was left out */
	uint8_t bytes[1024];
};

/* The level by its name: error, info, debug.  False if there is none of that name. */
bool MUST_CHECK log_level_of(const char *name, enum log_level *level);

/* LOG_TO_JOURNAL if stderr is the journal's (JOURNAL_STREAM, systemd.exec(5)), else
 * LOG_TO_STDERR.
 */
enum log_destination log_destination_of_stderr(void);

/* These are called before any thread is started.  The defaults are info, text, stderr. */
void log_set_level(enum log_level level);
void log_set_format(enum log_format format);
void log_set_destination(enum log_destination destination);

/* Begin a line with time, level and event; without time if the destination adds it.
 * Nothing is formatted for a level that is not logged.
 */
void log_begin(struct log_line *line, enum log_level level, const char *event);

/* Add a pair.  One that does not fit is left out, and the line ends in truncated=1. */
void log_text(struct log_line *line, const char *key, const char *value);
void log_bytes(struct log_line *line, const char *key, struct slice value);
void log_number(struct log_line *line, const char *key, int64_t value);

/* Write the line with one system call.  What cannot be written is lost. */
void log_end(struct log_line *line);

#endif
