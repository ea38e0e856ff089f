/* SPDX-License-Identifier: MIT */
#include "cli/rehearsal.h"
#include "spop/data.h"
#include "dicom/pdu.h"

static void put_bytes(struct writer *w, const char *name, enum spop_data_type type,
		      struct slice bytes)
{
	const struct spop_value value = {.type = bytes.ptr ? type : SPOP_DATA_T_NULL,
					 .data = bytes};

	spop_arg_write(w, slice_str(name), &value);
}

static void put_number(struct writer *w, const char *name, int64_t number)
{
	const struct spop_value value = {.type = number < 0 ? SPOP_DATA_T_NULL
							    : SPOP_DATA_T_INT64,
					 .number = number};

	spop_arg_write(w, slice_str(name), &value);
}

static struct slice text_or_none(const char *text)
{
	return text ? slice_str(text) : (struct slice){0};
}

enum { ARGUMENTS = 8 };

static struct reader write_question(struct rehearsal *iv, size_t len)
{
	struct writer w = writer_of(iv->question, sizeof(iv->question));

	put_bytes(&w, "rq", SPOP_DATA_T_BIN, slice_head(iv->sent, len));
	put_bytes(&w, "ac", SPOP_DATA_T_BIN,
		  iv->ac_len > 0 ? slice_of(iv->ac, iv->ac_len) : (struct slice){0});
	put_bytes(&w, "src", SPOP_DATA_T_IPV6,
		  iv->has_from ? slice_of(iv->from.bytes, sizeof(iv->from.bytes))
			       : (struct slice){0});
	put_number(&w, "dport", iv->port);
	put_number(&w, "began", iv->began);
	put_bytes(&w, "server_name", SPOP_DATA_T_STR, text_or_none(iv->server_name));
	put_bytes(&w, "client_name", SPOP_DATA_T_STR, text_or_none(iv->client_name));
	put_bytes(&w, "down", SPOP_DATA_T_STR, text_or_none(iv->down));
	return reader_of(writer_slice(&w), false);
}

/* The actions of an ACK (SPOE.txt 3.4): all set a variable */
static void read_answer(struct rehearsal *iv, struct slice answer)
{
	struct reader r = reader_of(answer, false);
	struct spop_value value;
	struct slice name;

	json_decref(iv->variables);
	iv->variables = json_object();
	while (spop_action_next(&r, &name, &value)) {
		if (value.type == SPOP_DATA_T_STR)
			json_object_setn_new(iv->variables, (const char *)name.ptr,
					     name.len,
					     json_stringn((const char *)value.data.ptr,
							  value.data.len));
		else if (slice_equal(name, slice_str("reply")))
			iv->reply = value.data;
		else if (slice_equal(name, slice_str("need")))
			iv->need = value.number;
	}
}

static void ask(struct rehearsal *iv, const char *message, size_t len)
{
	struct writer ack = writer_of(iv->answer, sizeof(iv->answer));
	struct reader args = write_question(iv, len);

	iv->need = 0;
	iv->reply = (struct slice){0};
	decide_message(iv->decide, slice_str(message), args, ARGUMENTS, &ack);
	read_answer(iv, writer_slice(&ack));
}

const char *rehearsal_text(const struct rehearsal *iv, const char *name)
{
	const char *text = json_string_value(json_object_get(iv->variables, name));

	return text ? text : "";
}

static bool verdict_is(const struct rehearsal *iv, const char *verdict)
{
	return strcmp(rehearsal_text(iv, "verdict"), verdict) == 0;
}

bool rehearsal_decided(const struct rehearsal *iv)
{
	return !verdict_is(iv, "accept") && !verdict_is(iv, "more");
}

/* Round by round, until there is a decision or no more of the data: as dicom.cfg does. */
void rehearsal_hold(struct rehearsal *iv)
{
	struct reader stream = reader_of(iv->sent, true);
	struct pdu rq;
	size_t len = iv->sent.len;

	if (pdu_next(&stream, &rq) && !rq.body.cut)
		len -= reader_left(&stream);
	ask(iv, "associate", len);
	if (!verdict_is(iv, "accept"))
		return;
	iv->needed_data = true;
	iv->ac_len = iv->reply.len;
	memcpy(iv->ac, iv->reply.ptr, iv->reply.len);
	while (!rehearsal_decided(iv) && len < iv->sent.len) {
		len = (size_t)iv->need > iv->sent.len ? iv->sent.len : (size_t)iv->need;
		ask(iv, "dataset", len);
	}
}

void rehearsal_clear(struct rehearsal *iv)
{
	json_decref(iv->variables);
	iv->variables = NULL;
}
