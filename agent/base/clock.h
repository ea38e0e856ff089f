/* SPDX-License-Identifier: MIT */
/* clock.h - the clocks of the agent, and deadlines.
 *
 * Nothing else in agent/ asks the system for the time.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* CLOCK_MONOTONIC: since some start that means nothing; never set, so that differences
 * are durations.
 */
int64_t clock_monotonic_ns(void);
int64_t clock_monotonic_ms(void);

/* CLOCK_REALTIME: since 1970-01-01 00:00 UTC.  It may be set back. */
int64_t clock_realtime_us(void);
int64_t clock_realtime_s(void);

/* CLOCK_PROCESS_CPUTIME_ID: CPU time of all threads, in user mode and in the kernel. */
int64_t clock_cpu_ns(void);

enum { CLOCK_TEXT = 40 }; /* bytes, with the NUL */

/* <ms> since 1970-01-01 00:00 UTC as text: "2026-01-31T12:00:00.000Z" (RFC 3339). */
void clock_text(int64_t ms, char text[CLOCK_TEXT]);

/* A wait may last DEADLINE_SLICE_MS longer than until <stop> becomes true. */
enum { DEADLINE_SLICE_MS = 50 };

struct deadline {
	int64_t at; /* of clock_monotonic_ms() */
	const atomic_bool
		*stop; /* the caller's; true ends the wait; NULL: nothing does */
};

/* The deadline <ms> milliseconds from now. */
struct deadline deadline_in(int64_t ms, const atomic_bool *stop);

/* True if <stop> has ended the wait. */
bool deadline_stopped(const struct deadline *d);

/* Milliseconds to wait before the next call, at most DEADLINE_SLICE_MS.  0: the deadline
 * has passed, or the wait has been stopped.
 */
int deadline_slice(const struct deadline *d);

#endif
