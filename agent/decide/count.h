/* SPDX-License-Identifier: MIT */
/* count.h - what a decision is counted as in the metrics. */
#ifndef DECIDE_COUNT_H
#define DECIDE_COUNT_H

#include "facts/association.h"
#include "metrics/metrics.h"
#include "decide/promise.h"

/* Nanoseconds of a clock that only goes forward. */
int64_t count_clock(void);

/* An answer that was begun at <start> is given, to be counted as <counted>: that of an
 * associate or of a dataset.  Returns how many microseconds it took.
 */
int64_t count_answer(enum metric counted, int64_t start);

/* Microseconds since the epoch: what `accepted` is, for the wait for the data set. */
int64_t count_now(void);

/* The association alone has decided: <rule> sends it to <pool>. */
void count_passed(const struct pdu_associate *rq, const char *rule, const char *pool);

/* The first message has, or what came instead of it. */
void count_spliced(const struct facts_association *association, const char *rule,
		   const char *pool);

/* As much of the message as has come decides, and it has been waited for since
 * <accepted>, a time of count_now(); 0: that is not known.
 */
void count_data(const struct dimse_message *message, int64_t accepted);

/* The policy wanted to know more, but nothing can be promised to the SCU. */
void count_obstacle(enum promise_obstacle obstacle);

/* The policy wanted to know more, but no more can come. */
void count_undecided(const struct dimse_message *message);

#endif
