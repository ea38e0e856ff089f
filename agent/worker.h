/* SPDX-License-Identifier: MIT */
/* worker.h - what a thread of the server does with a message: it decides, remembers the
 * decision, and logs it if patients are to be followed.
 */
#ifndef WORKER_H
#define WORKER_H

#include "decide.h"
#include "decisions.h"
#include "pseudonym.h"

/* What all of them share; the owner's. */
struct worker_shared {
	struct policies *policies;
	struct decisions *decisions;       /* NULL: nothing is remembered */
	const struct pseudonym_key *patients; /* NULL: decisions are not logged */
};

/* The context of session_on_message(), for server.h: <shared> is a struct worker_shared.
 * NULL if there is no memory.
 */
void *worker_new(void *shared);
void worker_free(void *worker);
void worker_on_message(void *worker, struct slice name, struct reader args,
		       unsigned nargs, struct writer *ack);

#endif
