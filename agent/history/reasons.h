/* SPDX-License-Identifier: MIT */
/* reasons.h - a decision with the reasons for it, as JSON. */
#ifndef HISTORY_REASONS_H
#define HISTORY_REASONS_H

#include <jansson.h>

#include "facts/facts.h"

/* Whether values are shown that may be a patient's (discretion.h); if not, they are
 * "***", and so is what they are compared with.
 */
enum reasons_values { REASONS_ALL, REASONS_DISCREET };

/* What the rule named <rule> has done with <backend>, NULL if no pool was to be had; a
 * new reference, NULL if there is no such rule.
 *
 *	{"rule": "ct", "backend": "ct"}
 *	{"rule": "strangers", "reject": {"reason": "no-reason-given", "result":
 *"permanent"}}
 */
json_t *reasons_decision(const struct policy *policy, const char *rule,
			 const char *backend);

/* The rules up to the one named <rule>, each with what its condition found.  A new
 * reference; NULL if there is no memory.
 *
 *	[{"name": "ct", "matches": "no", "because": [
 *		{"attribute": "Modality", "test": "CT", "values": ["MR"], "result":
 *"no"}]}]
 */
json_t *reasons_rules(struct facts *facts, enum reasons_values shown, const char *rule);

/* All that has been asked: {"Modality": ["CT"], ...} */
json_t *reasons_attributes(struct facts *facts, enum reasons_values shown);

#endif
