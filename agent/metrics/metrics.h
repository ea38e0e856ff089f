/* SPDX-License-Identifier: MIT */
/* metrics.h - what the process tells Prometheus about itself: docs/metrics.md.
 *
 * Numbers are process-wide; any thread may change any of them, mostly at the price of
 * relaxed atomic additions.  Labels stand here, or are AE titles, names of the policy,
 * and keywords of the dictionary: what identifies a patient is never passed to this
 * module.
 */
#ifndef METRICS_METRICS_H
#define METRICS_METRICS_H

#include "dicom/rejection.h"

/* Each family of metrics with type, name and help, as Prometheus sees them, and its time
 * series with their names in the code and labels.  One more is one line.  Rejections have
 * the rows of their own table, for which <SERIES>_REJECTION is called.
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
	FAMILY("counter", "dicom_spoa_answers_total",                                    \
	       "Answers to HAProxy, by message and verdict.")                            \
	SERIES(ASSOCIATE_ROUTE, "message=\"associate\",verdict=\"route\"")               \
	SERIES(ASSOCIATE_ACCEPT, "message=\"associate\",verdict=\"accept\"")             \
	SERIES(ASSOCIATE_REJECT, "message=\"associate\",verdict=\"reject\"")             \
	SERIES(DATASET_ROUTE, "message=\"dataset\",verdict=\"route\"")                   \
	SERIES(DATASET_REJECT, "message=\"dataset\",verdict=\"reject\"")                 \
	SERIES(DATASET_MORE, "message=\"dataset\",verdict=\"more\"")                     \
	FAMILY("counter", "dicom_spoa_refusals_total",                                   \
	       "Associations refused or aborted, by what the SCU was sent.")             \
	REJECTIONS(SERIES##_REJECTION)                                                   \
	SERIES(ABORT_NOT_SPECIFIED, METRICS_ABORT("reason-not-specified"))               \
	SERIES(ABORT_UNRECOGNIZED, METRICS_ABORT("unrecognized-pdu"))                    \
	SERIES(ABORT_UNEXPECTED, METRICS_ABORT("unexpected-pdu"))                        \
	SERIES(ABORT_INVALID, METRICS_ABORT("invalid-pdu-parameter-value"))              \
	FAMILY("counter", "dicom_spoa_aborted_by_scu_total",                             \
	       "Associations that the SCU aborted before its data set had decided.")     \
	SERIES(ABORTED_BY_SCU, "")                                                       \
	FAMILY("counter", "dicom_spoa_parse_errors_total",                               \
	       "What could not be read, by kind.")                                       \
	SERIES(BROKEN_TLS, "kind=\"tls\"")                                               \
	SERIES(BROKEN_HTTP, "kind=\"http\"")                                             \
	SERIES(BROKEN_SSH, "kind=\"ssh\"")                                               \
	SERIES(BROKEN_PROXY, "kind=\"proxy_protocol\"")                                  \
	SERIES(BROKEN_OTHER_PDU, "kind=\"other_pdu\"")                                   \
	SERIES(BROKEN_NOT_DICOM, "kind=\"not_dicom\"")                                   \
	SERIES(BROKEN_RQ_TOO_LONG, "kind=\"request_too_long\"")                          \
	SERIES(BROKEN_RQ, "kind=\"request\"")                                            \
	SERIES(BROKEN_AC, "kind=\"promise\"")                                            \
	SERIES(BROKEN_MESSAGE, "kind=\"message\"")                                       \
	SERIES(BROKEN_CONTEXT, "kind=\"context_not_accepted\"")                          \
	SERIES(BROKEN_DATA_SET, "kind=\"data_set\"")                                     \
	FAMILY("gauge", "dicom_spoa_spop_connections", "Open connections of HAProxy.")   \
	SERIES(SPOP_CONNECTIONS, "")                                                     \
	FAMILY("counter", "dicom_spoa_spop_connections_total",                           \
	       "Connections of HAProxy that were accepted.")                             \
	SERIES(SPOP_CONNECTIONS_TOTAL, "")                                               \
	FAMILY("counter", "dicom_spoa_spop_connections_closed_total",                    \
	       "Connections of HAProxy that have ended, by reason.")                     \
	SERIES(SPOP_CLOSED_CHECK, "reason=\"health_check\"")                             \
	SERIES(SPOP_CLOSED_DISCONNECT, "reason=\"disconnected\"")                        \
	SERIES(SPOP_CLOSED_ERROR, "reason=\"haproxy_error\"")                            \
	SERIES(SPOP_CLOSED_BY_PEER, "reason=\"closed_by_peer\"")                         \
	SERIES(SPOP_CLOSED_REFUSED, "reason=\"refused\"")                                \
	SERIES(SPOP_CLOSED_NO_HELLO, "reason=\"no_hello\"")                              \
	SERIES(SPOP_CLOSED_AGENT_ENDS, "reason=\"agent_ends\"")                          \
	FAMILY("counter", "dicom_spoa_spop_frames_total",                                \
	       "SPOP frames received and sent, by type.")                                \
	SERIES(SPOP_HAPROXY_HELLO, "type=\"HAPROXY-HELLO\"")                             \
	SERIES(SPOP_HAPROXY_DISCONNECT, "type=\"HAPROXY-DISCONNECT\"")                   \
	SERIES(SPOP_NOTIFY, "type=\"NOTIFY\"")                                           \
	SERIES(SPOP_OTHER, "type=\"other\"")                                             \
	SERIES(SPOP_AGENT_HELLO, "type=\"AGENT-HELLO\"")                                 \
	SERIES(SPOP_AGENT_DISCONNECT, "type=\"AGENT-DISCONNECT\"")                       \
	SERIES(SPOP_ACK, "type=\"ACK\"")

#define METRICS_RJ(reason)    "pdu=\"A-ASSOCIATE-RJ\",reason=\"" reason "\""
#define METRICS_ABORT(reason) "pdu=\"A-ABORT\",reason=\"" reason "\""

#define METRICS_NOTHING(type, name, help)
#define METRICS_ID(id, labels)                                        METRIC_##id,
#define METRICS_ID_REJECTION(id, result, source, reason, name, words) METRIC_REJECT_##id,

enum metric { METRICS(METRICS_NOTHING, METRICS_ID) METRIC_COUNT };

/* Histograms, by what they observe */
enum metrics_spread {
	METRICS_ASSOCIATE_TIME, /* ns that an answer took */
	METRICS_DATASET_TIME,
	METRICS_DATA_SET_BYTES, /* of a data set that had come when it decided */
	METRICS_DATA_SET_WAIT,  /* us from the A-ASSOCIATE-AC until then */
	METRICS_SPREADS
};

enum metrics_outcome {
	METRICS_PASSED,      /* the association alone has decided */
	METRICS_SPLICED,     /* the SCU was accepted before its pool was known */
	METRICS_REJECTED,    /* as the policy says */
	METRICS_UNREACHABLE, /* no pool of the outcome is up */
	METRICS_OUTCOMES
};

/* Longer label values are cut. */
enum { METRICS_FILE_MAX = 256, METRICS_REASON_MAX = 512 }; /* bytes */

/* Once, at the start of the process and before anything else here. */
void metrics_begin(const char *version);

/* Add <n>, which may be negative for a gauge. */
void metrics_add(enum metric m, int64_t n);

void metrics_observe(enum metrics_spread s, int64_t value);

/* An association has begun; its calling AE title may be any bytes, without padding. */
void metrics_association(struct slice calling_ae);

/* It was decided without what the policy asked for, for this reason. */
void metrics_fallback(struct slice calling_ae, const char *reason);

/* Where an association goes is decided; <pool> is NULL if it is refused. */
void metrics_decision(const char *rule, const char *pool, enum metrics_outcome outcome);

/* What it begins with: UIDs without padding, empty if they are not known. */
void metrics_content(struct slice sop_class, struct slice transfer_syntax);

/* An archive, by its name, has been probed; or is not probed any more. */
void metrics_probe(const char *archive, bool answered);
void metrics_probe_ends(const char *archive);

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
