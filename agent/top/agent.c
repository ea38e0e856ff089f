/* SPDX-License-Identifier: MIT */
#include "top/agent.h"
#include "base/clock.h"

#include <stdio.h>
#include <stdlib.h>

static void fail(struct top_agent *a, const char *why)
{
	snprintf(a->why, sizeof(a->why), "%s", why);
	series_free(&a->now);
}

static void ask_metrics(struct top_agent *a, unsigned ms)
{
	struct http_answer answer;
	char why[HTTP_ERROR];

	if (!http_get(a->address, "/metrics", ms, &answer, why))
		fail(a, why);
	else if (!series_read(&a->now, answer.bytes, answer.body))
		fail(a, "out of memory");
	else if (answer.status != 200 ||
		 !series_find(&a->now, slice_str("dicom_spoa_policy_rules"),
			      slice_of(NULL, 0)))
		fail(a, "its answer is not that of an agent");
}

/* Without them, the rest is shown. */
static void ask_decisions(struct top_agent *a, unsigned ms)
{
	struct http_answer answer;
	char why[HTTP_ERROR];

	json_decref(a->decisions);
	a->decisions = NULL;
	if (!http_get(a->address, "/decisions", ms, &answer, why))
		return;
	if (answer.status == 200)
		a->decisions = json_loadb((const char *)answer.body.ptr, answer.body.len,
					  0, NULL);
	free(answer.bytes);
}

void top_agent_ask(struct top_agent *a, unsigned ms)
{
	int64_t before = a->asked;

	series_free(&a->before);
	a->before = a->now;
	a->now = (struct series){0};
	a->why[0] = '\0';
	a->asked = clock_monotonic_ms();
	a->seconds = (double)(a->asked - before) / 1000;
	ask_metrics(a, ms);
	if (!a->why[0])
		ask_decisions(a, ms);
}

void top_agent_close(struct top_agent *a)
{
	series_free(&a->before);
	series_free(&a->now);
	json_decref(a->decisions);
	a->decisions = NULL;
}
