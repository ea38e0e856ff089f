/* SPDX-License-Identifier: MIT */
/* sink.h - where lines of the log go. */
#ifndef BASE_SINK_H
#define BASE_SINK_H

#include "base/bytes.h"

/* Levels are numbers of RFC 5424 section 6.2.1.  The journal reads stderr, and takes the
 * level from "<6>" before a line (sd-daemon(3)).
 */
enum sink { SINK_STDERR, SINK_JOURNAL, SINK_SYSLOG };

/* Where to, before any thread is started.  At first it is stderr. */
void sink_set(enum sink sink);

/* SINK_JOURNAL if stderr is the journal's (JOURNAL_STREAM, systemd.exec(5)). */
enum sink sink_of_stderr(void);

/* True if lines get their time there, and need none of their own. */
bool sink_stamps(void);

/* Write <line>, which ends in a newline, at once.  What is not taken is lost. */
void sink_write(unsigned level, struct slice line);

#endif
