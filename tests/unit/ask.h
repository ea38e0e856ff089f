/* SPDX-License-Identifier: MIT */
/* ask.h - decide as HAProxy sees it: a message out, variables back (docs/contract.md). */
#ifndef ASK_H
#define ASK_H

#include <stdlib.h>

#include "decide.h"
#include "spop.h"

/* Absent: empty, or -1. */
struct heard {
	struct slice verdict, backend, rule, key, reply, request, error;
	struct slice calling_ae, called_ae, sop_class, transfer_syntax;
	int64_t rqlen, need, decision_us;
	unsigned variables;
	uint8_t bytes[1 << 18];
};

static inline void heard_number(struct heard *h, struct slice name, int64_t number)
{
	const struct {
		const char *name;
		int64_t *to;
	} known[] = {{"rqlen", &h->rqlen},
		     {"need", &h->need},
		     {"decision_us", &h->decision_us}};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (slice_equal(name, slice_str(known[i].name))) {
			*known[i].to = number;
			return;
		}
	abort();
}

static inline void heard_bytes(struct heard *h, struct slice name,
			       const struct spop_value *value)
{
	const struct {
		const char *name;
		struct slice *to;
		bool binary;
	} known[] = {{"verdict", &h->verdict, false},
		     {"backend", &h->backend, false},
		     {"rule", &h->rule, false},
		     {"key", &h->key, false},
		     {"error", &h->error, false},
		     {"calling_ae", &h->calling_ae, false},
		     {"called_ae", &h->called_ae, false},
		     {"sop_class", &h->sop_class, false},
		     {"transfer_syntax", &h->transfer_syntax, false},
		     {"reply", &h->reply, true},
		     {"request", &h->request, true}};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (slice_equal(name, slice_str(known[i].name))) {
			if ((value->type == SPOP_DATA_T_BIN) != known[i].binary)
				abort();
			*known[i].to = value->data;
			return;
		}
	abort();
}

/* The actions of an ACK (SPOE.txt 3.4): all set a variable of the transaction. */
static inline void heard_read(struct heard *h, struct slice ack)
{
	struct reader r = reader_of(ack, false);
	struct spop_value value;

	while (reader_left(&r) > 0) {
		struct slice name;

		if (reader_u8(&r) != 1 || reader_u8(&r) != 3 || reader_u8(&r) != 2)
			abort();
		name = spop_bytes_read(&r);
		if (!spop_value_read(&r, &value))
			abort();
		h->variables++;
		if (value.type == SPOP_DATA_T_INT64)
			heard_number(h, name, value.number);
		else
			heard_bytes(h, name, &value);
	}
}

/* Ask <d>; the answer's slices point into <h>. */
static inline void ask(struct decide *d, const char *message, struct slice rq,
		       struct slice ac, struct heard *h)
{
	static uint8_t question[1 << 18];
	struct writer w = writer_of(question, sizeof(question)), ack;

	spop_bytes_write(&w, slice_str("rq"));
	spop_value_write(&w, &(struct spop_value){.type = SPOP_DATA_T_BIN, .data = rq});
	spop_bytes_write(&w, slice_str("dport"));
	spop_value_write(&w, &(struct spop_value){.type = SPOP_DATA_T_INT64, .number = 104});
	spop_bytes_write(&w, slice_str("ac"));
	spop_value_write(&w, &(struct spop_value){.type = ac.ptr ? SPOP_DATA_T_BIN
								 : SPOP_DATA_T_NULL,
						  .data = ac});
	memset(h, 0, offsetof(struct heard, bytes));
	h->rqlen = h->need = h->decision_us = -1;
	ack = writer_of(h->bytes, sizeof(h->bytes));
	decide_message(d, slice_str(message), reader_of(writer_slice(&w), false), 3, &ack);
	if (!writer_ok(&w) || !writer_ok(&ack))
		abort();
	heard_read(h, writer_slice(&ack));
}

#endif
