/* SPDX-License-Identifier: MIT */
/* ruling.h - the rule of a policy that decides, and whether it is certain yet.
 *
 * Kleene's logic says "maybe" to a rule even if both answers lead to the same pool.  So
 * what is unknown is assumed to be one way and the other, test by test, until two
 * outcomes are found (then it is worth waiting for) or all ways have led to the same.
 * All absent, and then all that the first such rule asks for, are tried before the rest:
 * mostly that settles it, however many rules there are.
 * Tests of one attribute are kept consistent as far as literal values go; where two
 * patterns or ranges exclude each other it may find an outcome that no data set has,
 * and wait in vain, but it never finds one too few.
 */
#ifndef POLICY_RULING_H
#define POLICY_RULING_H

#include "policy/policy.h"

/* The outcome of the first rule that matches, or policy->otherwise; NULL if it, the
 * value of its key, or of something exported, depends on what is unknown, or if that is
 * too much to find out.  Never NULL if nothing is unknown.  If different rules have the
 * same outcome, it is the one's that matches if all that can be absent is absent.
 */
const struct policy_outcome *ruling_decide(const struct policy *policy,
					   const struct policy_facts *facts);

enum { RULING_MOST = 256 }; /* rules that are tried to know which outcomes are left */

/* Visit the outcome of each rule that can still be the first to match, perhaps more.
 * False if that is too much to find out; then some have not been visited.
 */
bool ruling_each(const struct policy *policy, const struct policy_facts *facts,
		 void (*visit)(void *context, const struct policy_outcome *outcome),
		 void *context) MUST_CHECK;

#endif
