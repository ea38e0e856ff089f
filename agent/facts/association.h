/* SPDX-License-Identifier: MIT */
/* association.h - facts about an association: of its A-ASSOCIATE-RQ (PS3.8 9.3.2), of the
 * connection that carries it, and of its first message.
 */
#ifndef FACTS_ASSOCIATION_H
#define FACTS_ASSOCIATION_H

#include "dicom/dimse.h"
#include "policy/policy.h"

/* What HAProxy has sent about the connection; a member that it has not sent is empty, and
 * <port> is -1.
 */
struct facts_connection {
	struct slice address;                  /* 4 or 16 bytes, as in an IP header */
	int64_t port;                          /* of HAProxy */
	struct slice server_name, client_name; /* TLS: SNI, CN of the certificate */
};

/* All of it is borrowed. */
struct facts_association {
	const struct pdu_associate *rq;
	struct facts_connection connection;
	const struct dimse_message *message; /* the first; NULL: nothing has come */
	struct slice transfer_syntax;        /* UID, of its context; empty: not known */
};

/* The fact about an attribute whose source is POLICY_ASSOCIATION.  Its text is borrowed
 * from <known> or was written to <text>.  Before the first message has come its SOP
 * class, transfer syntax and command are POLICY_ONE_OF those that the A-ASSOCIATE-RQ
 * proposes.
 */
struct policy_fact facts_association_get(const struct facts_association *known,
					 const struct policy_attribute *attribute,
					 struct unicode_scratch *unicode,
					 struct writer *text);

#endif
