/* SPDX-License-Identifier: MIT */
/* reasons.h - a decision with the reasons for it, as JSON. */
#ifndef HISTORY_REASONS_H
#define HISTORY_REASONS_H

#include <jansson.h>

#include "decide/verdict.h"

/* Whether values are shown that may be a patient's (privacy.h); if not, they are
 * "***", and so is what they are compared with.
 */
enum reasons_values { REASONS_ALL, REASONS_DISCREET };

/* What was decided, which must have an outcome; a new reference.
 *
 *	{"rule": "ct", "backend": "ct"}
 *	{"rule": "strangers", "reject": {"reason": "no-reason-given", "result":
 *"permanent"}}
 */
json_t *reasons_decision(const struct verdict *v);

/* What became of the data set, in a word; static.  <asked>: it was asked for. */
const char *reasons_data_set(enum cause cause, bool asked);

/* The rules up to that of the verdict, each with what its condition found.  A new
 * reference; NULL if there is no memory.
 *
 *	[{"name": "ct", "matches": "no", "because": [
 *		{"attribute": "Modality", "test": "CT", "values": ["MR"], "result":
 *"no"}]}]
 */
json_t *reasons_rules(const struct verdict *v, struct facts *facts,
		      enum reasons_values shown);

/* All that has been asked: {"Modality": ["CT"], ...} */
json_t *reasons_attributes(const struct verdict *v, struct facts *facts,
			   enum reasons_values shown);

#endif
