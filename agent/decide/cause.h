/* SPDX-License-Identifier: MIT */
/* cause.h - why an association is decided without what the policy asked for. */
#ifndef DECIDE_CAUSE_H
#define DECIDE_CAUSE_H

/* With all but CAUSE_NONE the outcome is the fallback: what is unknown is taken as
 * absent. The first four say why nothing can be promised to the SCU, so that no data set
 * comes before the archive is chosen.  In the order of their metrics.
 */
enum cause {
	CAUSE_NONE,          /* as the policy says */
	CAUSE_SCP_ROLE,      /* the SCU proposes the SCP role (PS3.7 D.3.3.4) */
	CAUSE_USER_IDENTITY, /* it requests a response to its user identity (D.3.3.7) */
	CAUSE_OTHER_SERVICE, /* it proposes a service that only the archive can answer for
			      */
	CAUSE_NO_CONTEXT,    /* no presentation context with data sets can be accepted */
	CAUSE_RELEASED,      /* the SCU has released the association without a message */
	CAUSE_NO_DATA_SET, /* the first message has no data set: C-ECHO-RQ, for example */
	CAUSE_TOO_LONG     /* the deciding attribute lies behind HAProxy's buffer */
};

#endif
