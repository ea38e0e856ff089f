/* SPDX-License-Identifier: MIT */
/* words.h - the words of a line of HAProxy's configuration (configuration.txt 2.2
 * and 2.3: quoting, escaping, environment variables).
 */
#ifndef HAPROXY_CFG_WORDS_H
#define HAPROXY_CFG_WORDS_H

#include "base/bytes.h"

enum { HAPROXY_WORDS = 16, HAPROXY_WORDS_TEXT = 2048 };

struct haproxy_words {
	const char *word[HAPROXY_WORDS]; /* in <text>; those from n on are empty */
	size_t n;
	char text[HAPROXY_WORDS_TEXT];
};

/* Where environment variables come from. */
struct haproxy_variables {
	/* NULL if it is not set */
	const char *(*value)(void *context, struct slice name);
	void *context;
};

/* The words of <line>, variables replaced by their values.  Words that do not fit and all
 * behind them are left out, but read.  NULL, or what is wrong with the line, as text that
 * is static.
 */
const char *haproxy_words_read(struct haproxy_words *words, struct slice line,
			       const struct haproxy_variables *variables) MUST_CHECK;

#endif
