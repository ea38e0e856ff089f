/* SPDX-License-Identifier: MIT */
/* data.h - typed data of SPOP (SPOE.txt 3.1), and what is made of it: arguments of a
 * message (3.2.6) and actions of an ACK (3.4).  Names are those of HAProxy's spoe-t.h.
 *
 * Nothing is copied: the slices that are read point into the bytes of the reader.
 */
#ifndef SPOP_DATA_H
#define SPOP_DATA_H

#include "base/bytes.h"

/* SPOE.txt 3.1.  The type is in the low four bits of its byte and the flags are in the
 * high four, as in HAProxy's code; the drawing in SPOE.txt can be read either way.
 */
enum spop_data_type {
	SPOP_DATA_T_NULL = 0,
	SPOP_DATA_T_BOOL,
	SPOP_DATA_T_INT32,
	SPOP_DATA_T_UINT32,
	SPOP_DATA_T_INT64,
	SPOP_DATA_T_UINT64,
	SPOP_DATA_T_IPV4,
	SPOP_DATA_T_IPV6,
	SPOP_DATA_T_STR,
	SPOP_DATA_T_BIN,
	SPOP_DATA_TYPES
};

struct spop_value {
	enum spop_data_type type;
	int64_t number;    /* BOOL: 0 or 1; integers (UINT64: the same 64 bits) */
	struct slice data; /* STR, BIN: the bytes; IPV4, IPV6: 4 or 16, network order */
};

/* A variable-length integer of at most 10 bytes.  One of more than 64 bits sets READ_BAD.
 * Returns 0 on failure.
 */
uint64_t spop_varint_read(struct reader *r);
void spop_varint_write(struct writer *w, uint64_t v);

/* Bytes behind their varint length; empty on failure. */
struct slice spop_bytes_read(struct reader *r);
void spop_bytes_write(struct writer *w, struct slice s);

/* One typed value.  A reserved type, and a number that its type cannot hold, set
 * READ_BAD.  Returns false on failure; <value> then has the type NULL.
 */
bool MUST_CHECK spop_value_read(struct reader *r, struct spop_value *value);
void spop_value_write(struct writer *w, const struct spop_value *value);

/* The next argument of a message (3.2.6), or the next item of a HELLO or DISCONNECT
 * frame: a name and a value.  Returns false at the end of <args> and on failure;
 * args->state tells them apart.  In a cut window the end is a failure (READ_MORE).
 */
bool MUST_CHECK spop_arg_next(struct reader *args, struct slice *name,
			      struct spop_value *value);
void spop_arg_write(struct writer *w, struct slice name, const struct spop_value *value);

/* Append an action to an ACK (3.4): set the variable <name> in the scope txn.  HAProxy
 * puts its own prefix before <name>; with it, at most 63 characters.
 */
void spop_set_var(struct writer *ack, const char *name, const struct spop_value *value);
void spop_set_var_str(struct writer *ack, const char *name, struct slice text);

#endif
