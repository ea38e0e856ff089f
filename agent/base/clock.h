/* SPDX-License-Identifier: MIT */
/* clock.h - until when somebody waits, unless told to stop. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

/* Nanoseconds of a clock that is never set. */
static inline int64_t clock_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* Microseconds since the epoch. */
static inline int64_t clock_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* How long a wait goes on before it sees that it should stop. */
enum { DEADLINE_SLICE_MS = 50 };

struct deadline {
	int64_t at;              /* ms, as deadline_now() counts */
	const atomic_bool *stop; /* may be NULL */
};

/* Milliseconds of a clock that is never set. */
static inline int64_t deadline_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static inline bool deadline_stopped(const struct deadline *d)
{
	return d->stop && atomic_load(d->stop);
}

/* How long to wait before asking again, at most DEADLINE_SLICE_MS; 0: no longer. */
static inline int deadline_slice(const struct deadline *d)
{
	int64_t left = d->at - deadline_now();

	if (left <= 0 || deadline_stopped(d))
		return 0;
	return left < DEADLINE_SLICE_MS ? (int)left : DEADLINE_SLICE_MS;
}

#endif
