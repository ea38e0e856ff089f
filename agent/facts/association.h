/* SPDX-License-Identifier: MIT */
/* association.h - the attributes of an association: of its A-ASSOCIATE-RQ (PS3.8
 * 9.3.2), of the connection below it, and of the message that it begins with.
 */
#ifndef FACTS_ASSOCIATION_H
#define FACTS_ASSOCIATION_H

#include "dicom/dimse.h"
#include "policy/policy.h"

/* What HAProxy tells of the connection; what it does not tell is empty, or -1. */
struct facts_connection {
	struct slice address;                  /* 4 or 16 bytes, as in an IP header */
	int64_t port;                          /* that the SCU has connected to */
	struct slice server_name, client_name; /* TLS: SNI, CN of the certificate */
};

/* All of it is borrowed. */
struct facts_association {
	const struct pdu_associate *rq;
	struct facts_connection connection;
	const struct dimse_message *message; /* NULL: nothing of it has come */
	struct slice transfer_syntax; /* of the message's context; empty: not known */
};

/* The fact of an attribute whose source is POLICY_ASSOCIATION.  It points into what is
 * <known>, or to what has been written to <text>.
 */
struct policy_fact facts_association_get(const struct facts_association *known,
					 const struct policy_attribute *attribute,
					 struct unicode_scratch *unicode,
					 struct writer *text);

#endif
