/* SPDX-License-Identifier: MIT */
/* replay.h - a decision of the past, with the reasons for it, as JSON.
 *
 * The rules are tried again on what journal.h has kept, with the policy of then, as
 * long as policy/store.h has it.  No values are shown that may be a patient's
 * (privacy.h).
 */
#ifndef HISTORY_REPLAY_H
#define HISTORY_REPLAY_H

#include <jansson.h>

#include "history/journal.h"
#include "policy/store.h"

/* The last <n> of them, newest first.  A new reference; NULL if there is no memory.
 *
 *	{"decisions": [{"id": "6B0770D2-0000-5D6623", "time": "2026-11-25T23:31:35.123Z",
 *	  "client": "10.1.2.3", "calling_ae": "CT01", "verdict": "route", "rule": "ct",
 *	  "backend": "ct", ...}]}
 */
json_t *replay_list(struct journal *all, size_t n);

/* The one with this id: the same members, "decision" as reasons_decision() makes it,
 * "attributes" and "rules" as reasons_rules() does; or "untraced", why these are missing.
 * NULL if the id is not known, or if there is no memory.
 */
json_t *replay_one(struct journal *all, struct policy_store *policies, struct slice id);

#endif
