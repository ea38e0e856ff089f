/* SPDX-License-Identifier: MIT */
#include "decide/question.h"
#include "spop/data.h"

#define SLICE(name, member, keep)                                                        \
	{                                                                                \
		name, offsetof(struct question, member), false, keep                     \
	}
#define NUMBER(name, member, keep)                                                       \
	{                                                                                \
		name, offsetof(struct question, member), true, keep                      \
	}

/* The request buffer comes last, so that it gets the room that is left. */
const struct question_argument question_arguments[QUESTION_ARGUMENTS] = {
	SLICE("id", id, QUESTION_KEEP_NOTHING),
	SLICE("policy", policy, QUESTION_KEEP_NOTHING),
	NUMBER("began", began, QUESTION_KEEP_NOTHING),
	NUMBER("accepted", accepted, QUESTION_KEEP_NOTHING),
	NUMBER("dport", connection.port, QUESTION_KEEP_ALL),
	SLICE("src", connection.address, QUESTION_KEEP_ALL),
	SLICE("server_name", connection.server_name, QUESTION_KEEP_ALL),
	SLICE("client_name", connection.client_name, QUESTION_KEEP_ALL),
	SLICE("down", down, QUESTION_KEEP_ALL),
	SLICE("learned", learned, QUESTION_KEEP_ALL),
	SLICE("ac", ac, QUESTION_KEEP_ALL),
	SLICE("rq", rq, QUESTION_KEEP_HEAD),
};

static bool is_integer(enum spop_data_type type)
{
	return type >= SPOP_DATA_T_INT32 && type <= SPOP_DATA_T_UINT64;
}

static void set(struct question *q, struct slice name, const struct spop_value *value)
{
	for (size_t i = 0; i < QUESTION_ARGUMENTS; i++) {
		const struct question_argument *a = &question_arguments[i];

		if (!slice_equal(name, slice_str(a->name)))
			continue;
		if (a->number && is_integer(value->type))
			*question_number(q, a) = value->number;
		else if (!a->number)
			*question_slice(q, a) = value->data;
		return;
	}
}

static enum question_kind kind_of(struct slice name)
{
	if (slice_equal(name, slice_str("associate")))
		return QUESTION_ASSOCIATE;
	return slice_equal(name, slice_str("dataset")) ? QUESTION_DATASET : QUESTION_NONE;
}

struct question question_read(struct slice name, struct reader args, unsigned nargs)
{
	struct question q = {.kind = kind_of(name), .connection.port = -1};
	struct spop_value value;

	while (nargs-- > 0 && spop_arg_next(&args, &name, &value))
		if (value.type != SPOP_DATA_T_NULL) /* else HAProxy does not know it */
			set(&q, name, &value);
	return q;
}
