/* SPDX-License-Identifier: MIT */
/* variables.h - the variables of an association in HAProxy, txn.dicom.NAME: the one list
 * of them (docs/contract.md).
 *
 * A policy cannot export an attribute under one of these names.
 */
#ifndef POLICY_VARIABLES_H
#define POLICY_VARIABLES_H

#include <stdbool.h>

enum variable_type { VARIABLE_TEXT, VARIABLE_BYTES, VARIABLE_NUMBER };

/* What else is true of a variable. */
enum {
	VARIABLE_SENT_BACK = 1, /* it is an argument of the second question */
	VARIABLE_SHOWN = 2      /* it is remembered, and shown by /decisions and why */
};

/* Those that the agent sets: a name in the code, the name, its type, and what else. */
#define VARIABLES(ROW)                                                                   \
	ROW(CALLING_AE, "calling_ae", TEXT, VARIABLE_SHOWN)                              \
	ROW(CALLED_AE, "called_ae", TEXT, VARIABLE_SHOWN)                                \
	ROW(SOP_CLASS, "sop_class", TEXT, VARIABLE_SHOWN)                                \
	ROW(TRANSFER_SYNTAX, "transfer_syntax", TEXT, VARIABLE_SHOWN)                    \
	ROW(VERDICT, "verdict", TEXT, VARIABLE_SHOWN)                                    \
	ROW(RULE, "rule", TEXT, VARIABLE_SHOWN)                                          \
	ROW(BACKEND, "backend", TEXT, VARIABLE_SHOWN)                                    \
	ROW(POLICY, "policy", TEXT, VARIABLE_SHOWN | VARIABLE_SENT_BACK)                 \
	ROW(ERROR, "error", TEXT, VARIABLE_SHOWN)                                        \
	ROW(DECISION_US, "decision_us", NUMBER, VARIABLE_SHOWN)                          \
	ROW(KEY, "key", TEXT, 0)                                                         \
	ROW(RQLEN, "rqlen", NUMBER, 0)                                                   \
	ROW(NEED, "need", NUMBER, 0)                                                     \
	ROW(REPLY, "reply", BYTES, 0)                                                    \
	ROW(REQUEST, "request", BYTES, 0)                                                \
	ROW(BEGAN, "began", NUMBER, VARIABLE_SENT_BACK)                                  \
	ROW(ACCEPTED, "accepted", NUMBER, VARIABLE_SENT_BACK)

/* Those that HAProxy's files and their Lua keep for themselves. */
#define VARIABLES_OF_HAPROXY                                                             \
	"agents", "asked", "by", "close_at", "digest", "ended", "head", "keyless",       \
		"last_by", "last_ended", "length", "limit", "no_agent", "pause_until",   \
		"phase", "promise", "room", "spoe_error", "studies", "wait_until"

#define VARIABLE_ID(id, name, type, flags) VARIABLE_##id,
enum variable { VARIABLES(VARIABLE_ID) VARIABLE_COUNT };

struct variable_row {
	const char *name; /* without HAProxy's prefix */
	enum variable_type type;
	unsigned flags; /* VARIABLE_SENT_BACK, VARIABLE_SHOWN */
};

/* By enum variable. */
extern const struct variable_row variables[VARIABLE_COUNT];

/* True if <name> is one of those above, the agent's or HAProxy's. */
bool variable_is_reserved(const char *name);

#endif
