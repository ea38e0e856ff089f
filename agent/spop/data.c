/* SPDX-License-Identifier: MIT */
/* SPOE.txt 3.1, 3.2.6, 3.4 */
#include "spop/data.h"

enum { DATA_T_MASK = 0x0f, DATA_FL_TRUE = 0x10 };

/* SPOE.txt 3.4: an action, the number of its arguments, a scope */
enum { ACT_SET_VAR = 1, SET_VAR_ARGS = 3, SCOPE_TXN = 2 };

uint64_t spop_varint_read(struct reader *r)
{
	uint64_t v = reader_u8(r);
	unsigned shift = 4;
	uint8_t byte;

	if (v < 240)
		return v;
	/* The groups are added, not or-ed: each length starts where the one before
	 * ends.  At a shift of 60 only 15 can still be added, so a tenth byte is the
	 * last and the shift never reaches 64.
	 */
	do {
		byte = reader_u8(r);
		if (r->state != READ_OK)
			return 0;
		if (byte > (UINT64_MAX - v) >> shift) {
			reader_fail(r);
			return 0;
		}
		v += (uint64_t)byte << shift;
		shift += 7;
	} while (byte >= 128);
	return v;
}

void spop_varint_write(struct writer *w, uint64_t v)
{
	if (v < 240) {
		writer_u8(w, (uint8_t)v);
		return;
	}
	writer_u8(w, (uint8_t)(v | 240));
	v = (v - 240) >> 4;
	while (v >= 128) {
		writer_u8(w, (uint8_t)(v | 128));
		v = (v - 128) >> 7;
	}
	writer_u8(w, (uint8_t)v);
}

struct slice spop_bytes_read(struct reader *r)
{
	uint64_t len = spop_varint_read(r);

	/* On a machine of 32 bits a longer length is as wrong as it is here. */
	return reader_slice(r, len > SIZE_MAX ? SIZE_MAX : (size_t)len);
}

void spop_bytes_write(struct writer *w, struct slice s)
{
	spop_varint_write(w, s.len);
	writer_bytes(w, s);
}

/* HAProxy writes a signed number as the 64 bits of its value, sign included. */
static int64_t read_number(struct reader *r, enum spop_data_type type)
{
	int64_t v = (int64_t)spop_varint_read(r);

	if ((type == SPOP_DATA_T_INT32 && (v < INT32_MIN || v > INT32_MAX)) ||
	    (type == SPOP_DATA_T_UINT32 && (v < 0 || v > UINT32_MAX)))
		reader_fail(r);
	return v;
}

bool spop_value_read(struct reader *r, struct spop_value *value)
{
	uint8_t head = reader_u8(r);
	enum spop_data_type type = head & DATA_T_MASK;

	*value = (struct spop_value){.type = type};
	switch (type) {
	case SPOP_DATA_T_NULL:
		break;
	case SPOP_DATA_T_BOOL:
		value->number = (head & DATA_FL_TRUE) != 0;
		break;
	case SPOP_DATA_T_INT32:
	case SPOP_DATA_T_UINT32:
	case SPOP_DATA_T_INT64:
	case SPOP_DATA_T_UINT64:
		value->number = read_number(r, type);
		break;
	case SPOP_DATA_T_IPV4:
		value->data = reader_slice(r, 4);
		break;
	case SPOP_DATA_T_IPV6:
		value->data = reader_slice(r, 16);
		break;
	case SPOP_DATA_T_STR:
	case SPOP_DATA_T_BIN:
		value->data = spop_bytes_read(r);
		break;
	case SPOP_DATA_TYPES:
	default:
		reader_fail(r);
	}
	if (r->state != READ_OK)
		*value = (struct spop_value){.type = SPOP_DATA_T_NULL};
	return r->state == READ_OK;
}

void spop_value_write(struct writer *w, const struct spop_value *value)
{
	bool truth = value->type == SPOP_DATA_T_BOOL && value->number != 0;

	writer_u8(w, (uint8_t)(value->type | (truth ? DATA_FL_TRUE : 0)));
	switch (value->type) {
	case SPOP_DATA_T_INT32:
	case SPOP_DATA_T_UINT32:
	case SPOP_DATA_T_INT64:
	case SPOP_DATA_T_UINT64:
		spop_varint_write(w, (uint64_t)value->number);
		break;
	case SPOP_DATA_T_IPV4:
	case SPOP_DATA_T_IPV6:
		writer_bytes(w, value->data);
		break;
	case SPOP_DATA_T_STR:
	case SPOP_DATA_T_BIN:
		spop_bytes_write(w, value->data);
		break;
	case SPOP_DATA_T_NULL:
	case SPOP_DATA_T_BOOL:
	case SPOP_DATA_TYPES:
	default:
		break;
	}
}

bool spop_arg_next(struct reader *args, struct slice *name, struct spop_value *value)
{
	/* A cut window has no end yet: what comes next is read, and is missing. */
	if (args->state != READ_OK || (!args->cut && reader_done(args)))
		return false;
	*name = spop_bytes_read(args);
	return spop_value_read(args, value);
}

void spop_arg_write(struct writer *w, struct slice name, const struct spop_value *value)
{
	spop_bytes_write(w, name);
	spop_value_write(w, value);
}

void spop_set_var(struct writer *ack, const char *name, const struct spop_value *value)
{
	writer_u8(ack, ACT_SET_VAR);
	writer_u8(ack, SET_VAR_ARGS);
	writer_u8(ack, SCOPE_TXN);
	spop_arg_write(ack, slice_str(name), value);
}

void spop_set_var_str(struct writer *ack, const char *name, struct slice text)
{
	spop_set_var(ack, name,
		     &(struct spop_value){.type = SPOP_DATA_T_STR, .data = text});
}
