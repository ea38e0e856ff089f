/* SPDX-License-Identifier: MIT */
/* trace.h - a decision with the reasons for it, as JSON. */
#ifndef TRACE_H
#define TRACE_H

#include <jansson.h>

#include "facts.h"

/* Whether values are shown that may be a patient's (discretion.h); if not, they are "***",
 * and so is what they are compared with.
 */
enum trace_values { TRACE_ALL, TRACE_DISCREET };

/* What the rule named <rule> has done with <backend>, NULL if no pool was to be had; a
 * new reference, NULL if there is no such rule.
 *
 *	{"rule": "ct", "backend": "ct"}
 *	{"rule": "strangers", "reject": {"reason": "no-reason-given", "result": "permanent"}}
 */
json_t *trace_decision(const struct policy *policy, const char *rule,
		       const char *backend);

/* The rules up to the one named <rule>, each with what its condition found.  A new
 * reference; NULL if there is no memory.
 *
 *	[{"name": "ct", "matches": "no", "because": [
 *		{"attribute": "Modality", "test": "CT", "values": ["MR"], "result": "no"}]}]
 */
json_t *trace_rules(struct facts *facts, enum trace_values shown, const char *rule);

/* All that has been asked: {"Modality": ["CT"], ...} */
json_t *trace_attributes(struct facts *facts, enum trace_values shown);

#endif
