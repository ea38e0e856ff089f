/* SPDX-License-Identifier: MIT */
#include "base/clock.h"

#include <stdio.h>
#include <time.h>

static int64_t read_ns(clockid_t clock)
{
	struct timespec t = {0};

	clock_gettime(clock, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

int64_t clock_monotonic_ns(void)
{
	return read_ns(CLOCK_MONOTONIC);
}

int64_t clock_monotonic_ms(void)
{
	return clock_monotonic_ns() / 1000000;
}

int64_t clock_realtime_us(void)
{
	return read_ns(CLOCK_REALTIME) / 1000;
}

int64_t clock_realtime_s(void)
{
	return clock_realtime_us() / 1000000;
}

int64_t clock_cpu_ns(void)
{
	return read_ns(CLOCK_PROCESS_CPUTIME_ID);
}

void clock_text(int64_t ms, char text[CLOCK_TEXT])
{
	time_t seconds = (time_t)(ms / 1000);
	struct tm utc = {0};
	size_t len;

	gmtime_r(&seconds, &utc);
	len = strftime(text, CLOCK_TEXT, "%Y-%m-%dT%H:%M:%S", &utc);
	snprintf(text + len, CLOCK_TEXT - len, ".%03dZ", (int)(ms % 1000));
}

struct deadline deadline_in(int64_t ms, const atomic_bool *stop)
{
	return (struct deadline){clock_monotonic_ms() + ms, stop};
}

bool deadline_stopped(const struct deadline *d)
{
	return d->stop && atomic_load(d->stop);
}

int deadline_slice(const struct deadline *d)
{
	int64_t left = d->at - clock_monotonic_ms();

	if (left <= 0 || deadline_stopped(d))
		return 0;
	return left < DEADLINE_SLICE_MS ? (int)left : DEADLINE_SLICE_MS;
}
