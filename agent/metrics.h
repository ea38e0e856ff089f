/* SPDX-License-Identifier: MIT */
/* metrics.h - what the process tells Prometheus about itself: docs/metrics.md.
 *
 * Numbers are process-wide; any thread may change any of them, at the price of one
 * relaxed atomic addition.  Labels stand in METRICS or come from the policy: what
 * identifies a patient is never handed to this room.
 */
#ifndef METRICS_H
#define METRICS_H

#include "cursor.h"

/* Each family of metrics with type, name and help, as Prometheus sees them, and its time
 * series with their names in the code and labels.  One more is one line.
 */
#define METRICS(FAMILY, SERIES)                                                          \
	FAMILY("gauge", "dicom_spoa_policy_rules", "Rules of the policy in force.")      \
	SERIES(POLICY_RULES, "")                                                         \
	FAMILY("counter", "dicom_spoa_policy_loads_total",                               \
	       "Attempts to load the policy, by result.")                                \
	SERIES(POLICY_LOADED, "result=\"loaded\"")                                       \
	SERIES(POLICY_REFUSED, "result=\"refused\"")                                     \
	FAMILY("gauge", "dicom_spoa_policy_last_load_successful",                        \
	       "Whether the last attempt to load the policy succeeded.")                 \
	SERIES(POLICY_LAST_LOAD_SUCCESSFUL, "")                                          \
	FAMILY("gauge", "dicom_spoa_policy_last_load_timestamp_seconds",                 \
	       "When the last attempt to load the policy was made.")                     \
	SERIES(POLICY_LAST_LOAD, "")                                                     \
	FAMILY("gauge", "dicom_spoa_policy_last_success_timestamp_seconds",              \
	       "When the policy in force was loaded.")                                   \
	SERIES(POLICY_LAST_SUCCESS, "")                                                  \
	FAMILY("gauge", "dicom_spoa_policy_last_load_errors",                            \
	       "Errors that the last attempt to load the policy found.")                 \
	SERIES(POLICY_LAST_LOAD_ERRORS, "")                                              \
	FAMILY("counter", "dicom_spoa_decisions_total",                                  \
	       "Answers to HAProxy, by message and verdict.")                            \
	SERIES(ASSOCIATE_ROUTE, "message=\"associate\",verdict=\"route\"")               \
	SERIES(ASSOCIATE_ACCEPT, "message=\"associate\",verdict=\"accept\"")             \
	SERIES(ASSOCIATE_REJECT, "message=\"associate\",verdict=\"reject\"")             \
	SERIES(DATASET_ROUTE, "message=\"dataset\",verdict=\"route\"")                   \
	SERIES(DATASET_REJECT, "message=\"dataset\",verdict=\"reject\"")                 \
	SERIES(DATASET_MORE, "message=\"dataset\",verdict=\"more\"")                     \
	FAMILY("gauge", "dicom_spoa_spop_connections", "Open connections of HAProxy.")   \
	SERIES(SPOP_CONNECTIONS, "")                                                     \
	FAMILY("counter", "dicom_spoa_spop_connections_total",                           \
	       "Connections of HAProxy that were accepted.")                             \
	SERIES(SPOP_CONNECTIONS_TOTAL, "")

#define METRICS_NOTHING(type, name, help)
#define METRICS_ID(id, labels) METRIC_##id,

enum metric { METRICS(METRICS_NOTHING, METRICS_ID) METRIC_COUNT };

/* Longer label values are cut. */
enum { METRICS_FILE_MAX = 256, METRICS_REASON_MAX = 512 }; /* bytes */

/* Once, at the start of the process and before anything else here. */
void metrics_begin(const char *version);

/* Add <n>, which may be negative for a gauge. */
void metrics_add(enum metric m, int64_t n);

/* The policy <id> with so many rules has been put in force. */
void metrics_policy_loaded(const char *id, size_t rules);

/* The policy has been refused for so many errors, of which this is the first.  Bytes that
 * are not UTF-8 become U+FFFD; a <line> of 0 is not known.
 */
void metrics_policy_refused(size_t errors, struct slice file, unsigned line,
			    struct slice reason);

/* Append all of them to <out> in Prometheus' text exposition format 0.0.4.  False if they
 * do not fit; what was written is then of no use.
 */
bool metrics_render(struct writer *out) MUST_CHECK;

#endif
