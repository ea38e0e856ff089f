/* SPDX-License-Identifier: MIT */
/* interview.h - the agent's decision on a stream of bytes, asked for as HAProxy does. */
#ifndef INTERVIEW_H
#define INTERVIEW_H

#include <jansson.h>

#include "decide.h"

enum {
	/* bytes that HAProxy holds of an association before it is decided (dicom.cfg) */
	INTERVIEW_BUFFER = 114688,
	INTERVIEW_MESSAGE = 2 * INTERVIEW_BUFFER
};

/* Zeroed, then the first members set by the owner. */
struct interview {
	struct decide *decide;
	struct slice sent; /* by the SCU: its A-ASSOCIATE-RQ, and what came behind it */
	struct address from;
	bool has_from;
	int64_t port;  /* -1: not known */
	int64_t began; /* seconds since the epoch */
	const char *server_name, *client_name;
	const char *down; /* pools, as HAProxy names them; NULL: none */

	json_t *variables; /* text that the last answer has set (docs/contract.md) */
	bool needed_data;  /* the association alone did not decide */
	int64_t need;
	struct slice reply;
	size_t ac_len;
	uint8_t ac[INTERVIEW_MESSAGE], question[INTERVIEW_MESSAGE];
	uint8_t answer[INTERVIEW_MESSAGE];
};

/* Ask until there is a decision, or no more bytes; then iv->variables is that of the last
 * answer.
 */
void interview_hold(struct interview *iv);

/* False if the agent wanted more than there is: HAProxy would go by its fallback. */
bool interview_decided(const struct interview *iv);

/* A variable; "" if it was not set. */
const char *interview_text(const struct interview *iv, const char *name);

void interview_clear(struct interview *iv);

#endif
