/* SPDX-License-Identifier: MIT */
/* journal.h - the last decisions, for looking back: what was asked, and the answer.
 *
 * No answer depends on it.  A decision is remembered as the message that asked for it,
 * cut behind what was needed of it, and as the variables of the answer, not as rules and
 * results: that costs each decision the copying of a few KB and no more, however many
 * rules there are, and the rules are tried again when somebody asks (retrace.h).  So
 * patients' data may lie here, as it lies in HAProxy's buffers.  It is never shown, and
 * the memory is left out of core dumps.
 */
#ifndef HISTORY_JOURNAL_H
#define HISTORY_JOURNAL_H

#include "spop/data.h"

enum {
	JOURNAL_ID = 64,                 /* bytes of an association's name */
	JOURNAL_BYTES = 32 * 1024 - 128, /* of question and answer */
	JOURNAL_SLACK = 4096             /* kept behind what was needed */
};

/* One association, by its last message. */
struct journal_entry {
	uint64_t number;            /* of all associations, from 1; 0: none */
	int64_t began_ms, ended_ms; /* since the epoch: the first message, the last */
	uint64_t needed;            /* bytes of the data set that were needed */
	uint32_t next;              /* in the store */
	uint32_t messages;          /* how many there have been */
	uint32_t id_len, answer_len, args_len; /* in <bytes>, one behind the other */
	uint16_t variables, nargs;             /* that are in them */
	bool first;                            /* it was the associate */
	uint8_t bytes[JOURNAL_BYTES];
};

struct journal;

/* Room for the last <n> associations, at least 1; NULL if there is no memory.  It is
 * taken from the kernel as it is used: 32 KB each at most.
 */
struct journal *journal_new(size_t n);
void journal_free(struct journal *all);

/* Remember the message <name> with its <nargs> arguments, and the actions that answered
 * it; <needed> bytes of the data set were looked at.  A message without an `id` is not
 * remembered; another one with the same `id` takes the place of the one before.  Any
 * thread may.
 */
void journal_note(struct journal *all, struct slice name, struct reader args,
		  unsigned nargs, struct slice answer, size_t needed);

/* Copy the newest one of a lower number than <number> to <out>.  False if there is none.
 */
bool journal_before(struct journal *all, uint64_t number,
		    struct journal_entry *out) MUST_CHECK;

/* Copy the one with this id.  False if it is not known, or not any more. */
bool journal_find(struct journal *all, struct slice id,
		  struct journal_entry *out) MUST_CHECK;

/* What it says; borrowed from it. */
struct slice journal_id(const struct journal_entry *one);
struct reader journal_args(const struct journal_entry *one);

/* A variable of the answer; NULL-typed if it has not been set. */
struct spop_value journal_variable(const struct journal_entry *one, const char *name);

#endif
