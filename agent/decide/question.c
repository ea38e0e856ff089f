/* SPDX-License-Identifier: MIT */
#include "decide/question.h"
#include "spop/data.h"

static void read_bytes(struct question *q, struct slice name, struct slice bytes)
{
	const struct {
		const char *name;
		struct slice *to;
	} known[] = {{"rq", &q->rq},
		     {"ac", &q->ac},
		     {"policy", &q->policy},
		     {"learned", &q->learned},
		     {"down", &q->down},
		     {"src", &q->connection.address},
		     {"server_name", &q->connection.server_name},
		     {"client_name", &q->connection.client_name}};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (slice_equal(name, slice_str(known[i].name)))
			*known[i].to = bytes;
}

struct question question_read(struct reader args, unsigned nargs, struct writer *ack)
{
	struct question q = {.connection.port = -1, .ack = ack};
	struct slice name;
	struct spop_value value;

	while (nargs-- > 0 && spop_arg_next(&args, &name, &value)) {
		if (value.data.len > 0)
			read_bytes(&q, name, value.data);
		else if (value.type == SPOP_DATA_T_NULL)
			continue; /* HAProxy does not know it */
		else if (slice_equal(name, slice_str("dport")))
			q.connection.port = value.number;
		else if (slice_equal(name, slice_str("began")))
			q.began = value.number;
		else if (slice_equal(name, slice_str("accepted")))
			q.accepted = value.number;
	}
	return q;
}
