/* SPDX-License-Identifier: MIT */
/* trace.h - a decision with the reasons for it, as JSON. */
#ifndef TRACE_H
#define TRACE_H

#include <jansson.h>

#include "facts.h"

/* The rules up to the one named <rule>, each with what its condition found; <rules> is
 * the list in the policy's document.  A new reference; NULL if there is no memory.
 *
 *	[{"name": "ct", "matches": "no", "because": [
 *		{"attribute": "Modality", "test": "CT", "values": ["MR"], "result": "no"}]}]
 */
json_t *trace_rules(struct facts *facts, json_t *rules, const char *rule);

/* All that has been asked: {"Modality": ["CT"], ...} */
json_t *trace_attributes(struct facts *facts);

#endif
