/* SPDX-License-Identifier: MIT */
/* count.h - what a verdict is counted as in the metrics (docs/metrics.md). */
#ifndef DECIDE_COUNT_H
#define DECIDE_COUNT_H

#include "decide/verdict.h"

/* Count a verdict that HAProxy gets.  Whoever only looks does not call it. */
void count_verdict(const struct verdict *v);

#endif
