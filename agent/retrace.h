/* SPDX-License-Identifier: MIT */
/* retrace.h - a decision of the past, with the reasons for it, as JSON.
 *
 * The rules are tried again on what decisions.h has kept, with the policy of then, as long
 * as policies.h has it.  No values are shown that may be a patient's (discretion.h).
 */
#ifndef RETRACE_H
#define RETRACE_H

#include <jansson.h>

#include "decisions.h"
#include "policies.h"

/* The last <n> of them, newest first.  A new reference; NULL if there is no memory.
 *
 *	{"decisions": [{"id": "6B0770D2-0000-5D6623", "time": "2026-11-25T23:31:35.123Z",
 *	  "client": "10.1.2.3", "calling_ae": "CT01", "verdict": "route", "rule": "ct",
 *	  "backend": "ct", ...}]}
 */
json_t *retrace_list(struct decisions *all, size_t n);

/* The one with this id: the same members, "decision" as trace_decision() makes it,
 * "attributes" and "rules" as trace_rules() does; or "untraced", why these are missing.
 * NULL if the id is not known, or if there is no memory.
 */
json_t *retrace_one(struct decisions *all, struct policies *policies, struct slice id);

#endif
