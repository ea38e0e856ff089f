/* SPDX-License-Identifier: MIT */
/* decide.h - one SPOE message in, the variables of the verdict out.
 *
 * Messages and variables are HAProxy's contract with the agent: docs/contract.md.
 * A message carries all that its answer needs; nothing is remembered between two.
 */
#ifndef DECIDE_DECIDE_H
#define DECIDE_DECIDE_H

#include "facts/facts.h"
#include "policy/store.h"

/* The working memory of one thread: buffers, arena, character set converters. */
struct decide;

/* Owned by the caller; NULL if there is no memory.  <policies> is borrowed. */
struct decide *decide_new(struct policy_store *policies);
void decide_free(struct decide *d);

/* Answer the message <name> with its <nargs> arguments (SPOE.txt 3.2.6): `associate`
 * or `dataset`.  Actions for HAProxy are written to <ack>; nothing if the message is
 * not known.  The policy that answered is held until decide_release().
 */
void decide_message(struct decide *d, struct slice name, struct reader args,
		    unsigned nargs, struct writer *ack);
void decide_release(struct decide *d);

/* Read a message that has been answered once more, for decide_facts(): nothing is
 * answered.  <policy> and <began> are what the answer said.  False if that policy is no
 * longer kept, or if nothing could be read; decide_release() in either case.
 */
bool decide_again(struct decide *d, struct slice name, struct reader args, unsigned nargs,
		  struct slice policy, int64_t began) MUST_CHECK;

/* What the last message told, until decide_release(). */
struct facts *decide_facts(struct decide *d);

#endif
