/* SPDX-License-Identifier: MIT */
#include "decide/count.h"

#include <time.h>

int64_t count_clock(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

int64_t count_answer(enum metric counted, int64_t start)
{
	int64_t ns = count_clock() - start;

	metrics_add(counted, 1);
	metrics_observe(counted < METRIC_DATASET_ROUTE ? METRICS_ASSOCIATE_TIME
						       : METRICS_DATASET_TIME,
			ns);
	return ns / 1000;
}

int64_t count_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

void count_passed(const struct pdu_associate *rq, const char *rule, const char *pool)
{
	metrics_decision(rule, pool, METRICS_PASSED);
	if (rq->ncontexts > 0)
		metrics_content(rq->contexts[0].abstract_syntax, (struct slice){0});
}

void count_spliced(const struct facts_association *association, const char *rule,
		   const char *pool)
{
	metrics_decision(rule, pool, METRICS_SPLICED);
	if (association->message)
		metrics_content(association->message->sop_class,
				association->transfer_syntax);
}

/* Another agent's clock may be ahead of this one. */
void count_data(const struct dimse_message *message, int64_t accepted)
{
	int64_t us = count_now() - accepted;

	if (accepted > 0)
		metrics_observe(METRICS_DATA_SET_WAIT, us > 0 ? us : 0);
	if (message->command_whole && message->has_data_set)
		metrics_observe(METRICS_DATA_SET_BYTES, (int64_t)message->data.len);
}

void count_obstacle(enum promise_obstacle obstacle)
{
	static const enum metric counted[] = {
		[PROMISE_SCP_ROLE] = METRIC_FALLBACK_SCP_ROLE,
		[PROMISE_USER_IDENTITY] = METRIC_FALLBACK_USER_IDENTITY,
		[PROMISE_OTHER_SERVICE] = METRIC_FALLBACK_OTHER_SERVICE,
		[PROMISE_NO_CONTEXT] = METRIC_FALLBACK_NO_CONTEXT,
	};

	metrics_add(counted[obstacle], 1);
}

void count_undecided(const struct dimse_message *message)
{
	metrics_add(!message->command_whole  ? METRIC_FALLBACK_RELEASED
		    : !message->has_data_set ? METRIC_FALLBACK_NO_DATA_SET
					     : METRIC_FALLBACK_TOO_LONG,
		    1);
}
