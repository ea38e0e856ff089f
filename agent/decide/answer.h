/* SPDX-License-Identifier: MIT */
/* answer.h - the variables that make up an answer to HAProxy: docs/contract.md. */
#ifndef DECIDE_ANSWER_H
#define DECIDE_ANSWER_H

#include "facts/facts.h"
#include "metrics/metrics.h"
#include "dicom/pdu.h"

/* Set a variable to text of our own. */
void answer_text(struct writer *ack, const char *name, const char *text);

enum { ANSWER_PLAIN_MAX = 64 }; /* bytes of an AE title (16) or UID, PS3.5 9.1 */

/* Set a variable to text from the network, for the log: the first ANSWER_PLAIN_MAX bytes
 * of it; what is no printable ASCII, a quote or a backslash as \xHH.
 */
void answer_plain(struct writer *ack, const char *name, struct slice text);

/* The same with the keyword of a UID, or the UID itself if it has none. */
void answer_uid(struct writer *ack, const char *name, struct slice uid);

/* Set a variable to the PDU that has been written to <pdu>. */
void answer_pdu(struct writer *ack, const char *name, const struct writer *pdu);

/* Verdict reject, with an A-ABORT (PS3.8 9.3.8) or an A-ASSOCIATE-RJ (9.3.4) for the
 * SCU, and why in words for the log.
 */
void answer_abort(struct writer *ack, const char *error, enum pdu_abort_reason reason);
void answer_reject(struct writer *ack, struct rejection why, const char *error);

/* An A-ABORT for what cannot be read, which is counted as <kind>. */
void answer_broken(struct writer *ack, enum metric kind, const char *error,
		   enum pdu_abort_reason reason);

/* The same for what is no A-ASSOCIATE-RQ: says what has come instead. */
void answer_stranger(struct writer *ack, struct slice bytes);

/* Rule, key and exports of an outcome, with the values that <f> has, and that one of its
 * pools which is chosen; NULL: a fallback that is a refusal.
 */
void answer_outcome(struct writer *ack, struct facts *f, const struct policy_outcome *o,
		    const struct policy_pool *pool);

#endif
