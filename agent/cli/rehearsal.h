/* SPDX-License-Identifier: MIT */
/* rehearsal.h - the agent's verdict on a stream of bytes, asked for as HAProxy does. */
#ifndef CLI_REHEARSAL_H
#define CLI_REHEARSAL_H

#include "decide/decide.h"

/* What HAProxy holds of an association before it is decided, in bytes (dicom.cfg): of the
 * A-ASSOCIATE-RQ alone, and with the data behind it.
 */
enum { REHEARSAL_RQ_MOST = 130048, REHEARSAL_DATA_MOST = 114688 };

/* Zeroed, then the first members set by the owner, who owns what they point to. */
struct rehearsal {
	struct decide *decide;
	struct slice sent; /* by the SCU: its A-ASSOCIATE-RQ, and what came behind it */
	struct ip_address from;
	bool has_from;
	int64_t port;  /* -1: not known */
	int64_t began; /* seconds since the epoch; 0: now */
	const char *server_name, *client_name;
	const char *down; /* pools, as HAProxy names them; NULL: none */

	struct verdict verdict; /* the last one */
	bool needed_data;       /* the association alone did not decide */
	uint8_t ac[REHEARSAL_RQ_MOST];
};

/* Ask until there is a decision, or no more bytes; then r->verdict is that of the last
 * question, which decide_facts() belongs to.
 */
void rehearsal_run(struct rehearsal *r);

/* False if the agent wanted more than there is: HAProxy would go by its fallback. */
bool rehearsal_decided(const struct rehearsal *r);

#endif
