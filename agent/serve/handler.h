/* SPDX-License-Identifier: MIT */
/* handler.h - what a thread of the server does with a message: it decides, remembers the
 * decision, and logs it if patients are to be followed.
 */
#ifndef SERVE_HANDLER_H
#define SERVE_HANDLER_H

#include "decide/decide.h"
#include "history/journal.h"
#include "history/pseudonym.h"

/* What all of them share; the owner's. */
struct handler_shared {
	struct policy_store *policies;
	struct journal *decisions;            /* NULL: nothing is remembered */
	const struct pseudonym_key *patients; /* NULL: decisions are not logged */
};

/* The context of session_on_message(), for server.h: <shared> is a struct handler_shared.
 * NULL if there is no memory.
 */
void *handler_new(void *shared);
void handler_free(void *worker);
void handler_on_message(void *worker, struct slice name, struct reader args,
			unsigned nargs, struct writer *ack);

#endif
