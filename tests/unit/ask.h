/* SPDX-License-Identifier: MIT */
/* ask.h - decide as HAProxy sees it: a message out, variables back (docs/contract.md).
 *
 * Variables that a policy exports begin with x_ here, so that others are noticed.
 */
#ifndef ASK_H
#define ASK_H

#include <stdlib.h>

#include "base/clock.h"
#include "decide/answer.h"
#include "decide/count.h"
#include "decide/decide.h"
#include "spop/data.h"

enum { HEARD_EXPORTS = 8 };

/* Absent: empty, or -1. */
struct heard {
	struct slice verdict, backend, rule, key, reply, request, error;
	struct slice calling_ae, called_ae, sop_class, transfer_syntax, policy;
	int64_t rqlen, need, decision_us, began, accepted;
	struct {
		struct slice name, value;
	} exports[HEARD_EXPORTS];
	unsigned nexports, variables;
	uint8_t bytes[1 << 18];
};

/* The arguments of a message; what is empty or 0 is sent as HAProxy sends what it has
 * not. */
struct told {
	struct slice rq, ac, policy;
	int64_t began, accepted;
	struct slice src; /* 4 or 16 bytes */
	int64_t dport;
	struct slice server_name, client_name, down;
};

static inline void heard_number(struct heard *h, struct slice name, int64_t number)
{
	const struct {
		const char *name;
		int64_t *to;
	} known[] = {{"rqlen", &h->rqlen},
		     {"need", &h->need},
		     {"began", &h->began},
		     {"accepted", &h->accepted},
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
		     {"policy", &h->policy, false},
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
	if (!slice_equal(slice_head(name, 2), slice_str("x_")) ||
	    value->type != SPOP_DATA_T_STR || h->nexports == HEARD_EXPORTS)
		abort();
	h->exports[h->nexports].name = name;
	h->exports[h->nexports++].value = value->data;
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

static inline void tell_bytes(struct writer *w, const char *name, struct slice data,
			      enum spop_data_type type)
{
	const struct spop_value value = {.type = data.ptr ? type : SPOP_DATA_T_NULL,
					 .data = data};

	spop_bytes_write(w, slice_str(name));
	spop_value_write(w, &value);
}

static inline void tell_number(struct writer *w, const char *name, int64_t number)
{
	const struct spop_value value = {
		.type = number ? SPOP_DATA_T_INT64 : SPOP_DATA_T_NULL, .number = number};

	spop_bytes_write(w, slice_str(name));
	spop_value_write(w, &value);
}

/* What the agent does with a message (serve/handler.c). */
static inline void ask_message(struct decide *d, const char *message, struct slice args,
			       unsigned nargs, struct writer *ack)
{
	struct question q =
		question_read(slice_str(message), reader_of(args, false), nargs);
	struct verdict v;

	if (q.kind == QUESTION_NONE)
		return;
	q.now = clock_realtime_us();
	decide(d, &q, &v);
	v.took = 0;
	answer_write(&v, decide_facts(d), ack);
	count_verdict(&v);
}

/* Ask <d>; the answer's slices point into <h>. */
static inline void ask_told(struct decide *d, const char *message,
			    const struct told *told, struct heard *h)
{
	static uint8_t question[1 << 18];
	struct writer w = writer_of(question, sizeof(question)), ack;

	tell_bytes(&w, "rq", told->rq, SPOP_DATA_T_BIN);
	tell_bytes(&w, "src", told->src,
		   told->src.len == 4 ? SPOP_DATA_T_IPV4 : SPOP_DATA_T_IPV6);
	tell_number(&w, "dport", told->dport);
	tell_bytes(&w, "server_name", told->server_name, SPOP_DATA_T_STR);
	tell_bytes(&w, "client_name", told->client_name, SPOP_DATA_T_STR);
	tell_bytes(&w, "down", told->down, SPOP_DATA_T_STR);
	tell_bytes(&w, "ac", told->ac, SPOP_DATA_T_BIN);
	tell_bytes(&w, "policy", told->policy, SPOP_DATA_T_STR);
	tell_number(&w, "began", told->began);
	tell_number(&w, "accepted", told->accepted);
	memset(h, 0, offsetof(struct heard, bytes));
	h->rqlen = h->need = h->decision_us = h->began = h->accepted = -1;
	ack = writer_of(h->bytes, sizeof(h->bytes));
	ask_message(d, message, writer_slice(&w), 10, &ack);
	if (!writer_ok(&w) || !writer_ok(&ack))
		abort();
	heard_read(h, writer_slice(&ack));
}

/* The same, of a connection of which nothing else is known. */
static inline void ask(struct decide *d, const char *message, struct slice rq,
		       struct slice ac, struct heard *h)
{
	const struct told told = {.rq = rq, .ac = ac, .dport = 104};

	ask_told(d, message, &told, h);
}

#endif
