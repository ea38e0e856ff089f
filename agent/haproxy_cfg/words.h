/* SPDX-License-Identifier: MIT */
/* words.h - the words of one line of HAProxy's configuration (configuration.txt 2.2 and
 * 2.3: quoting, escaping, environment variables).
 */
#ifndef HAPROXY_CFG_WORDS_H
#define HAPROXY_CFG_WORDS_H

#include "base/bytes.h"

/* HAProxy's own limits (MAX_LINE_ARGS, LINESIZE) */
enum { HAPROXY_WORDS = 64, HAPROXY_WORDS_TEXT = 2048 };

struct haproxy_words {
	const char *word[HAPROXY_WORDS]; /* in <text>; those from n on are empty */
	size_t n;
	char text[HAPROXY_WORDS_TEXT];
};

/* Read the words of <line>.  A variable in double quotes is replaced by its value in the
 * environment of this process, or by its default.  Words that do not fit are left out.
 * False if a quote is not closed.
 *
 * Names need less than HAProxy reads: \xHH, \n, and [*] behind a variable stay as they
 * are.
 */
bool haproxy_words_read(struct haproxy_words *words, struct slice line) MUST_CHECK;

#endif
