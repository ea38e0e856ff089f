/* SPDX-License-Identifier: MIT */
/* question.h - what a message of HAProxy's asks: docs/contract.md, its arguments. */
#ifndef DECIDE_QUESTION_H
#define DECIDE_QUESTION_H

#include "facts/association.h"

/* The slices are borrowed from the message; what it does not have is empty. */
struct question {
	struct slice rq;      /* the request buffer */
	struct slice down;    /* failover.h */
	struct slice learned; /* negotiate.h; associate only */
	struct slice ac;      /* the AC that was sent; dataset only, as the next two */
	struct slice policy;  /* the id of the one with which the association began */
	int64_t began;        /* seconds since the epoch; 0: now */
	int64_t accepted;     /* us since the epoch: when the AC was sent; 0: not known */
	struct facts_connection connection;
	struct writer *ack; /* where the answer goes */
};

/* Read the <nargs> arguments of a message (SPOE.txt 3.2.6).  What is not known is left
 * alone, and what is malformed ends them.
 */
struct question question_read(struct reader args, unsigned nargs, struct writer *ack);

#endif
