/* SPDX-License-Identifier: MIT */
/* rejection.h - why an association is rejected: result, source and reason of an
 * A-ASSOCIATE-RJ (PS3.8 9.3.4), in numbers and in words.
 */
#ifndef DICOM_REJECTION_H
#define DICOM_REJECTION_H

#include "base/bytes.h"

/* The table of PS3.8 9.3.4.  Columns: name in the code, usual result, source, reason,
 * name in policies and metrics, text in logs.
 */
#define REJECTIONS(ROW)                                                                  \
	ROW(NO_REASON, 1, 1, 1, "no-reason-given", "no reason given")                    \
	ROW(APPLICATION_CONTEXT, 1, 1, 2, "application-context-name-not-supported",      \
	    "application context name not supported")                                    \
	ROW(CALLING_AE, 1, 1, 3, "calling-ae-title-not-recognized",                      \
	    "calling AE title not recognized")                                           \
	ROW(CALLED_AE, 1, 1, 7, "called-ae-title-not-recognized",                        \
	    "called AE title not recognized")                                            \
	ROW(PROVIDER, 1, 2, 1, "provider-no-reason-given",                               \
	    "no reason given by the service provider")                                   \
	ROW(PROTOCOL_VERSION, 1, 2, 2, "protocol-version-not-supported",                 \
	    "protocol version not supported")                                            \
	ROW(CONGESTION, 2, 3, 1, "temporary-congestion", "temporary congestion")         \
	ROW(LOCAL_LIMIT, 2, 3, 2, "local-limit-exceeded", "local limit exceeded")

#define REJECTION_ID(id, result, source, reason, name, words) REJECTION_##id,
enum rejection_id { REJECTIONS(REJECTION_ID) REJECTION_COUNT };

enum { REJECTION_PERMANENT = 1, REJECTION_TRANSIENT = 2 };

struct rejection {
	uint8_t result; /* REJECTION_PERMANENT or _TRANSIENT; 0: there is no rejection */
	uint8_t source; /* 1 service-user, 2 provider (ACSE), 3 provider (presentation) */
	uint8_t reason;
};

/* A row of the table, with its usual result. */
struct rejection rejection_of(enum rejection_id id);

/* The row with the source and reason of <why>; its result does not matter.
 * REJECTION_COUNT if the standard has no such reason.
 */
enum rejection_id rejection_find(const struct rejection *why);

/* The name of a row in policies and metrics; static. */
const char *rejection_name(enum rejection_id id);

/* The text of <why> in logs; static.  There is one also for reasons that the standard
 * does not have.
 */
const char *rejection_words(const struct rejection *why);

#endif
