/* SPDX-License-Identifier: MIT */
/* question.h - what a message of HAProxy asks, with its arguments: docs/contract.md. */
#ifndef DECIDE_QUESTION_H
#define DECIDE_QUESTION_H

#include "facts/association.h"

/* Bytes of the request buffer that HAProxy sends (dicom.spoe.conf): a verdict that needs
 * more gets no further question.
 */
enum { QUESTION_RQ_MOST = 114688 };

enum question_kind {
	QUESTION_NONE,      /* the message is not known: it is not answered */
	QUESTION_ASSOCIATE, /* where does the association go, as far as its RQ tells? */
	QUESTION_DATASET    /* the same with what has come of the first message */
};

/* The slices are borrowed from the message; what it does not have is empty. */
struct question {
	enum question_kind kind;
	struct slice id; /* of the association, for looking back */
	struct slice rq; /* the request buffer: A-ASSOCIATE-RQ, and what is behind it */
	struct slice ac; /* the A-ASSOCIATE-AC that the SCU has */
	struct slice policy;  /* id of the policy with which the association began */
	struct slice learned; /* what archives have not kept (promise.h) */
	struct slice down;    /* pools of which no server is up (failover.h) */
	int64_t began;        /* s since the epoch: when the association began; 0: now */
	int64_t accepted;     /* us since the epoch: when the AC was sent; 0: not known */
	struct facts_connection connection;
	int64_t now; /* us since the epoch; not read from the message, the caller's */
};

/* How much of an argument is worth keeping for looking back (history/journal.h). */
enum question_keep { QUESTION_KEEP_NOTHING, QUESTION_KEEP_ALL, QUESTION_KEEP_HEAD };

/* The arguments by name: each fills in one member of struct question. */
struct question_argument {
	const char *name;
	size_t at;   /* offset of a struct slice, or of an int64_t */
	bool number; /* it is an int64_t */
	enum question_keep keep;
};

enum { QUESTION_ARGUMENTS = 12 };
extern const struct question_argument question_arguments[QUESTION_ARGUMENTS];

/* Read the message <name> with its <nargs> arguments (SPOE.txt 3.2.6).  Arguments that
 * are not known are ignored; what follows a malformed one is not read.
 */
struct question question_read(struct slice name, struct reader args, unsigned nargs);

/* The member that an argument fills in. */
static inline struct slice *question_slice(struct question *q,
					   const struct question_argument *a)
{
	return (struct slice *)(void *)((uint8_t *)q + a->at);
}

static inline int64_t *question_number(struct question *q,
				       const struct question_argument *a)
{
	return (int64_t *)(void *)((uint8_t *)q + a->at);
}

#endif
