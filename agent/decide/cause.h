/* SPDX-License-Identifier: MIT */
/* cause.h - why an association is decided without what the policy asked for: the outcome
 * is then the fallback, with everything unknown taken as absent.
 */
#ifndef DECIDE_CAUSE_H
#define DECIDE_CAUSE_H

#include "dicom/pdu.h"

/* A name in the code, its name in metrics, what the log says, and whether an instance may
 * have gone elsewhere than the policy wants.
 */
#define CAUSES(ROW)                                                                      \
	/* nothing can be promised to the SCU, so no data set comes before the archive   \
	 * is chosen: it wants to retrieve on this association (PS3.7 D.3.3.4) */        \
	ROW(SCP_ROLE, "scp_role", "the SCP role is proposed beside", true)               \
	/* it wants the archive's response to its user identity (PS3.7 D.3.3.7) */       \
	ROW(USER_IDENTITY, "user_identity",                                              \
	    "the archive's response to the user identity is requested", true)            \
	/* nothing is proposed that stores */                                            \
	ROW(OTHER_SERVICE, "other_service", "only other services are proposed:", true)   \
	/* no pool that is left takes what is proposed */                                \
	ROW(NO_CONTEXT, "no_context", "nothing that is proposed can be promised:", true) \
	/* a data set was asked for, and none can come any more */                       \
	ROW(RELEASED, "released", "the association was released without a message",      \
	    false)                                                                       \
	ROW(NO_DATA_SET, "no_data_set", "the first message has no data set", true)       \
	ROW(TOO_LONG, "too_long",                                                        \
	    "what decides lies behind all that HAProxy's buffer holds", true)            \
	ROW(TOO_LARGE, "too_large", "a value that decides is too large", true)           \
	ROW(UNREADABLE, "unreadable", "the data set cannot be read", true)

#define CAUSE_ID(id, name, words, told) CAUSE_##id,
enum cause { CAUSE_NONE, CAUSES(CAUSE_ID) CAUSE_COUNT };

/* Its name in metrics; static. */
const char *cause_name(enum cause cause);

/* What the log says of it, which for some goes on with a presentation context; static. */
const char *cause_words(enum cause cause);

/* True if the log says it: not if no instance can be at the wrong archive for it. */
bool cause_is_told(enum cause cause);

/* Write the sentence for the log, with the presentation context that is the cause; NULL:
 * none is.  At most 400 bytes.
 */
void cause_write(struct writer *w, enum cause cause, const struct pdu_context *context);

/* True if the data set was not asked for, since nothing could be promised. */
static inline bool cause_is_of_promise(enum cause cause)
{
	return cause != CAUSE_NONE && cause <= CAUSE_NO_CONTEXT;
}

#endif
