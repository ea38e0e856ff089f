/* SPDX-License-Identifier: MIT */
/* fact.h - constructors of struct policy_fact, for the modules in facts/. */
#ifndef POLICY_FACT_H
#define POLICY_FACT_H

#include "policy/policy.h"

extern const struct policy_fact fact_unknown, fact_absent;

/* POLICY_UNKNOWN, and so it stays, since the values do not fit. */
extern const struct policy_fact fact_too_large;
bool fact_is_too_large(const struct policy_fact *fact);

/* POLICY_PRESENT with the values in <text>, which is borrowed.  If text.ptr is NULL there
 * is one empty value.
 */
struct policy_fact fact_present(struct slice text);

/* <state> with the values that were written to <text> behind its first <start> bytes,
 * which are borrowed.  If they did not fit, <text> is cut back to <start> and the result
 * is fact_too_large: what is not known is not absent.
 */
struct policy_fact fact_written(struct writer *text, size_t start,
				enum policy_fact_state state);

#endif
