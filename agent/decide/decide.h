/* SPDX-License-Identifier: MIT */
/* decide.h - one question in, one verdict out.
 *
 * Messages and variables are HAProxy's contract with the agent: docs/contract.md.  A
 * question carries all that its verdict needs; nothing is remembered between two.
 * Deciding counts nothing, logs nothing and reads no clock, so that whoever only looks
 * (explain, why) decides with the same function.
 */
#ifndef DECIDE_DECIDE_H
#define DECIDE_DECIDE_H

#include "decide/verdict.h"
#include "policy/store.h"

/* The working memory of one thread: buffers, arena, character set converters. */
struct decide;

/* Owned by the caller; NULL if there is no memory.  <policies> is borrowed. */
struct decide *decide_new(struct policy_store *policies);
void decide_free(struct decide *d);

/* Decide on <q>, which must be of a known kind, with the policy that it names, or the one
 * in force if that is not kept any more.  The policy is held until decide_release().
 */
void decide(struct decide *d, const struct question *q, struct verdict *v);
void decide_release(struct decide *d);

/* What the last question told of the policy's attributes, until decide_release(). */
struct facts *decide_facts(struct decide *d);

#endif
