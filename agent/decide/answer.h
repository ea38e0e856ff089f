/* SPDX-License-Identifier: MIT */
/* answer.h - a verdict as the variables that HAProxy gets: docs/contract.md. */
#ifndef DECIDE_ANSWER_H
#define DECIDE_ANSWER_H

#include "decide/verdict.h"
#include "policy/variables.h"
#include "spop/data.h"

enum {
	ANSWER_TEXT = 256,  /* bytes of an escaped AE title or UID */
	ANSWER_VALUE = 1024 /* of a key, or of all exports: they must fit one frame */
};

/* The value of a variable, but for VARIABLE_KEY; NULL-typed if it is not set.  What comes
 * from the network is escaped into <scratch>, since HAProxy writes variables into its log
 * as they are.
 */
struct spop_value answer_value(const struct verdict *v, enum variable id,
			       uint8_t scratch[ANSWER_TEXT]);

/* Write the key of the outcome to <key>, of ANSWER_VALUE bytes: the first value of each
 * of its attributes.  False if none has one.  It may be a patient's.
 */
bool answer_key(const struct verdict *v, struct facts *f, struct writer *key);

/* Write the values of export number <i> of the policy to <value>, cut to what fits. False
 * if the attribute has none.
 */
bool answer_export(const struct verdict *v, struct facts *f, size_t i,
		   struct writer *value);

/* Write all variables of a verdict as actions of an ACK (SPOE.txt 3.2.7). */
void answer_write(const struct verdict *v, struct facts *f, struct writer *ack);

#endif
