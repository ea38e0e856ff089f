/* SPDX-License-Identifier: MIT */
/* ruling.h - the first rule that matches, and whether more data could change it.
 *
 * How the rules engine works, from top to bottom:
 *
 *     ruling_decide()        for each rule that policy_index_next() gives:
 *         index.h            skips rules that compare a known attribute with other values
 *         policy_test()      the rule's condition, by facts.get(): NO, YES or MAYBE
 *                            NO: next rule.  YES: its outcome.  MAYBE: only_outcome()
 *     only_outcome()         do all data sets that may still come lead to one outcome?
 *         least_outcome()    first the outcome if all unknown attributes are absent
 *         explore()          then the rules again: at each MAYBE one test is assumed to
 * be true, then false (branch()), and the rules below follow equal.h            two
 * outcomes that differ: NULL, wait for more data all ways end in the same: that is the
 * outcome
 *
 * explore() stops at the first difference.  It tries what least_outcome() has not assumed
 * first, so two ways mostly suffice, however many rules there are.  Assumptions about one
 * attribute are kept consistent if the tests compare literals.  Two patterns or ranges
 * that exclude each other may be assumed to hold together; the agent then waits for data
 * that was not needed, but it never decides too early.
 */
#ifndef POLICY_RULING_H
#define POLICY_RULING_H

#include "policy/policy.h"

/* The outcome of the first rule that matches, or policy->otherwise.  NULL if the outcome,
 * the value of its key, or of an export, depends on what is unknown, or if the search is
 * too long; never NULL if nothing is unknown.  If several rules give this outcome, the
 * one returned matches when everything unknown is taken as absent.
 */
const struct policy_outcome *ruling_decide(const struct policy *policy,
					   const struct policy_facts *facts);

/* The first outcome that refuses and can still be the one, NULL if there is none.  Some
 * that cannot be may be returned.  What may be refused is not let through unseen.
 */
const struct policy_outcome *ruling_may_refuse(const struct policy *policy,
					       const struct policy_facts *facts);

enum { RULING_MOST = 256 }; /* rules that ruling_each() tests at most */

/* Call <visit> with the outcome of each rule that can still be the first to match; some
 * that cannot may be among them.  False if more than RULING_MOST rules would have to be
 * tested; then some outcomes have not been visited.
 */
bool ruling_each(const struct policy *policy, const struct policy_facts *facts,
		 void (*visit)(void *context, const struct policy_outcome *outcome),
		 void *context) MUST_CHECK;

#endif
