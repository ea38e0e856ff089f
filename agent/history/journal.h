/* SPDX-License-Identifier: MIT */
/* journal.h - the last decisions, for looking back: what was asked, and what was decided.
 *
 * No answer depends on it.  An association is remembered as the question that was asked
 * last, cut behind what was needed of it, and as the variables of its verdict, not as
 * rules and results: that costs each decision the copying of a few KB and no more,
 * however many rules there are, and the rules are tried again when somebody asks
 * (replay.h).  So patients' data may lie here, as it lies in HAProxy's buffers.  It is
 * never shown, and the memory is left out of core dumps.
 */
#ifndef HISTORY_JOURNAL_H
#define HISTORY_JOURNAL_H

#include "decide/question.h"
#include "decide/verdict.h"
#include "policy/variables.h"

enum {
	JOURNAL_ID = 64,                 /* bytes of an association's id */
	JOURNAL_BYTES = 32 * 1024 - 128, /* of question and verdict */
	JOURNAL_SLACK = 4096             /* bytes kept behind what was needed */
};

/* One association, by its last question. */
struct journal_entry {
	uint64_t number;            /* of all associations, from 1; 0: none */
	int64_t began_ms, ended_ms; /* since the epoch: the first question, the last */
	uint64_t needed;            /* bytes of the data set that were needed */
	int64_t began;              /* as in the verdict */
	uint32_t next;              /* in the journal */
	uint32_t questions;         /* how many there have been */
	uint32_t id_len, len;       /* of <bytes>: the id, and everything */
	uint32_t rqlen; /* bytes of the A-ASSOCIATE-RQ, which may not all be kept */
	bool associate; /* the last question was QUESTION_ASSOCIATE */
	uint8_t cause;  /* enum cause */
	uint8_t bytes[JOURNAL_BYTES];
};

struct journal;

/* Room for the last <n> associations, at least 1; NULL if there is no memory.  It is
 * taken from the kernel as it is used: 32 KB each at most.
 */
struct journal *journal_new(size_t n);
void journal_free(struct journal *all);

/* Remember a question and its verdict; <needed> bytes of the data set were looked at.  A
 * question without an id is not remembered; another one with the same id takes the place
 * of the one before.  Any thread may.
 */
void journal_note(struct journal *all, const struct question *q, const struct verdict *v,
		  size_t needed);

/* Copy the newest one of a lower number than <number> to <out>.  False if there is none.
 */
bool journal_before(struct journal *all, uint64_t number,
		    struct journal_entry *out) MUST_CHECK;

/* Copy the one with this id.  False if it is not known, or not any more. */
bool journal_find(struct journal *all, struct slice id,
		  struct journal_entry *out) MUST_CHECK;

/* What it says; borrowed from it. */
struct slice journal_id(const struct journal_entry *one);

/* The question as far as it was kept, with the policy and the time of its verdict. */
struct question journal_question(const struct journal_entry *one);

/* A variable of the verdict whose flags have VARIABLE_SHOWN: its text, empty if it was
 * not set; or its number, -1 if it was not set.
 */
struct slice journal_text(const struct journal_entry *one, enum variable id);
int64_t journal_number(const struct journal_entry *one, enum variable id);

#endif
