/* SPDX-License-Identifier: MIT */
/* rehearsal.h - the agent's decision on a stream of bytes, asked for as HAProxy does. */
#ifndef CLI_REHEARSAL_H
#define CLI_REHEARSAL_H

#include <jansson.h>

#include "decide/decide.h"

enum {
	/* bytes that HAProxy holds of an association before it is decided (dicom.cfg) */
	REHEARSAL_BUFFER = 114688,
	REHEARSAL_MESSAGE = 2 * REHEARSAL_BUFFER
};

/* Zeroed, then the first members set by the owner. */
struct rehearsal {
	struct decide *decide;
	struct slice sent; /* by the SCU: its A-ASSOCIATE-RQ, and what came behind it */
	struct ip_address from;
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
	uint8_t ac[REHEARSAL_MESSAGE], question[REHEARSAL_MESSAGE];
	uint8_t answer[REHEARSAL_MESSAGE];
};

/* Ask until there is a decision, or no more bytes; then iv->variables is that of the last
 * answer.
 */
void rehearsal_hold(struct rehearsal *iv);

/* False if the agent wanted more than there is: HAProxy would go by its fallback. */
bool rehearsal_decided(const struct rehearsal *iv);

/* A variable; "" if it was not set. */
const char *rehearsal_text(const struct rehearsal *iv, const char *name);

void rehearsal_clear(struct rehearsal *iv);

#endif
