/* SPDX-License-Identifier: MIT */
/* fact.h - what is known of one attribute, while it is found out. */
#ifndef POLICY_FACT_H
#define POLICY_FACT_H

#include "policy/policy.h"

extern const struct policy_fact fact_unknown, fact_absent;

/* It has the values of <text>, which is borrowed. */
struct policy_fact fact_present(struct slice text);

/* It has the values that were written to <text> since <start>, a length of then.  What
 * did not fit is longer than any value to be compared: as if it were not there.
 */
struct policy_fact fact_written(struct writer *text, size_t start,
				enum policy_fact_state state);

#endif
