/* SPDX-License-Identifier: MIT */
/* account.h - what a decision is counted as in the metrics. */
#ifndef ACCOUNT_H
#define ACCOUNT_H

#include "facts_association.h"
#include "metrics.h"
#include "negotiate.h"

/* Nanoseconds of a clock that only goes forward. */
int64_t account_clock(void);

/* An answer that was begun at <start> is given, to be counted as <counted>: that of an
 * associate or of a dataset.  Returns how many microseconds it took.
 */
int64_t account_answer(enum metric counted, int64_t start);

/* Microseconds since the epoch: what `accepted` is, for the wait for the data set. */
int64_t account_now(void);

/* The association alone has decided: <rule> sends it to <pool>. */
void account_passed(const struct ul_associate *rq, const char *rule, const char *pool);

/* The first message has, or what came instead of it. */
void account_spliced(const struct facts_association *association, const char *rule,
		     const char *pool);

/* As much of the message as has come decides, and it has been waited for since
 * <accepted>, a time of account_now(); 0: that is not known.
 */
void account_data(const struct dimse_message *message, int64_t accepted);

/* The policy wanted to know more, but nothing can be promised to the SCU. */
void account_obstacle(enum negotiate_obstacle obstacle);

/* The policy wanted to know more, but no more can come. */
void account_undecided(const struct dimse_message *message);

#endif
