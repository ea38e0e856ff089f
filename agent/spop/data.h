/* SPDX-License-Identifier: MIT */
/* data.h - the typed data of SPOP: numbers, strings, addresses (SPOE.txt 3.1).
 *
 * Reading borrows: slices point into the bytes that were read.
 */
#ifndef SPOP_DATA_H
#define SPOP_DATA_H

#include "base/bytes.h"

/* SPOE.txt 3.1.  The type is in the low four bits of its byte, the flags in the
 * high four: HAProxy's code decides here, the drawing in the text is read so.
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
	int64_t number; /* BOOL: 0 or 1; integers (UINT64: the same 64 bits) */
	struct slice
		data; /* STR and BIN: the bytes; IPV4 and IPV6: 4 or 16, network order */
};

/* A variable-length integer: at most 10 bytes; more than 64 bits is READ_BAD. */
uint64_t spop_varint_read(struct reader *r);
void spop_varint_write(struct writer *w, uint64_t v);

/* Bytes behind their varint length; empty on failure. */
struct slice spop_bytes_read(struct reader *r);
void spop_bytes_write(struct writer *w, struct slice s);

/* One typed value.  A reserved type, and a number that its type cannot hold, is
 * READ_BAD.  False on failure; <value> is then NULL-typed.
 */
bool MUST_CHECK spop_value_read(struct reader *r, struct spop_value *value);
void spop_value_write(struct writer *w, const struct spop_value *value);

#endif
