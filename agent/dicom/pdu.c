/* SPDX-License-Identifier: MIT */
/* PS3.8 section 9.3, PDU structure */
#include "dicom/pdu.h"

enum { CALLED_AE_AT = 10, CALLING_AE_AT = 26 }; /* offsets in the whole PDU */

enum { UID_MAX = 64 }; /* bytes of a UID, with its padding (PS3.5 9.1) */

struct slice pdu_trim(struct slice s)
{
	while (s.len > 0 && s.ptr[s.len - 1] <= ' ')
		s.len--;
	return slice_trim(s);
}

bool pdu_next(struct reader *stream, struct pdu *pdu)
{
	pdu->type = reader_u8(stream);
	reader_bytes(stream, 1);
	pdu->length = reader_be32(stream);
	if (stream->state != READ_OK)
		return false;
	pdu->body = reader_window(stream, pdu->length);
	return stream->state == READ_OK;
}

bool pdu_next_item(struct reader *items, uint8_t *type, struct reader *body)
{
	if (items->state != READ_OK || reader_left(items) == 0) {
		if (items->cut && items->state == READ_OK)
			items->state = READ_MORE;
		return false;
	}
	*type = reader_u8(items);
	reader_bytes(items, 1);
	*body = reader_window(items, reader_be16(items));
	return items->state == READ_OK;
}

bool pdu_next_transfer_syntax(struct reader *items, struct slice *uid)
{
	uint8_t type;
	struct reader body;

	while (pdu_next_item(items, &type, &body)) {
		if (type != PDU_ITEM_TRANSFER_SYNTAX)
			continue;
		*uid = pdu_trim(reader_rest(&body));
		return true;
	}
	return false;
}

bool pdu_next_pdv(struct reader *body, struct pdv *pdv)
{
	struct reader value;
	uint8_t control;

	if (body->state != READ_OK || reader_left(body) == 0) {
		if (body->cut && body->state == READ_OK)
			body->state = READ_MORE;
		return false;
	}
	value = reader_window(body, reader_be32(body));
	pdv->context_id = reader_u8(&value);
	control = reader_u8(&value);
	if (body->state == READ_OK && value.state != READ_OK)
		body->state = value.state;
	if (body->state != READ_OK)
		return false;
	pdv->command = control & PDV_COMMAND;
	pdv->last = control & PDV_LAST;
	pdv->whole = !value.cut;
	pdv->data = reader_rest(&value);
	return true;
}

static const char *parse_context(struct reader body, bool rq, struct pdu_associate *a)
{
	struct pdu_context *c = &a->contexts[a->ncontexts];
	struct reader sub, items;
	bool too_long = false;
	uint8_t type;

	*c = (struct pdu_context){0};
	c->id = reader_u8(&body);
	reader_bytes(&body, 1);
	c->result = reader_u8(&body);
	reader_bytes(&body, 1);
	c->transfer_syntaxes = items = body;
	if (body.state == READ_BAD)
		return "presentation context item is too short";
	if (body.state == READ_MORE)
		return NULL;
	while (pdu_next_item(&items, &type, &sub)) {
		if (type == PDU_ITEM_ABSTRACT_SYNTAX || type == PDU_ITEM_TRANSFER_SYNTAX)
			too_long |= reader_left(&sub) > UID_MAX;
		if (type == PDU_ITEM_ABSTRACT_SYNTAX)
			c->abstract_syntax = pdu_trim(reader_rest(&sub));
	}
	if (items.state == READ_BAD)
		return "length of a presentation context's sub-item is wrong";
	if (items.state == READ_MORE)
		return NULL;
	if (rq && too_long)
		return "a UID of a presentation context has more than 64 bytes";
	if (!(c->id & 1))
		return "presentation context id is even";
	if (rq && c->abstract_syntax.len == 0)
		return "presentation context has no abstract syntax";
	for (unsigned i = 0; i < a->ncontexts; i++)
		if (a->contexts[i].id == c->id)
			return "presentation context id is used twice";
	a->ncontexts++;
	return NULL;
}

/* SCP/SCU role selection (PS3.7 D.3.3.4): UID length, UID, SCU role, SCP role */
static const char *parse_role(struct reader body, struct pdu_associate *a)
{
	reader_bytes(&body, reader_be16(&body));
	reader_bytes(&body, 1);
	if (reader_u8(&body) == 1)
		a->scp_role = true;
	return body.state == READ_BAD ? "role selection item is too short" : NULL;
}

/* User identity (PS3.7 D.3.3.7): type, positive response requested, fields.  Types 1 and
 * 2 begin with a user name, the others are tickets and tokens.
 */
static const char *parse_identity(struct reader body, struct pdu_associate *a)
{
	uint8_t type = reader_u8(&body);
	struct reader name;

	a->user_identity = true;
	/* of any, should several come */
	a->user_identity_response |= reader_u8(&body) != 0;
	name = body;
	if (type == 1 || type == 2)
		a->user_name = reader_slice(&name, reader_be16(&name));
	return body.state == READ_BAD ? "user identity item is too short" : NULL;
}

static const char *parse_user_item(uint8_t type, struct reader body,
				   struct pdu_associate *a)
{
	switch (type) {
	case PDU_ITEM_MAXIMUM_LENGTH:
		a->maximum_length = reader_be32(&body);
		a->has_maximum_length = body.state == READ_OK;
		return body.state == READ_BAD ? "maximum length item is too short" : NULL;
	case PDU_ITEM_IMPLEMENTATION_CLASS_UID:
		a->implementation_class_uid = pdu_trim(reader_rest(&body));
		return NULL;
	case PDU_ITEM_IMPLEMENTATION_VERSION_NAME:
		a->implementation_version_name = pdu_trim(reader_rest(&body));
		return NULL;
	case PDU_ITEM_ROLE_SELECTION:
		return parse_role(body, a);
	case PDU_ITEM_USER_IDENTITY_RQ:
		return parse_identity(body, a);
	default:
		return NULL;
	}
}

static const char *parse_user_information(struct reader body, struct pdu_associate *a)
{
	const char *error = NULL;
	struct reader sub;
	uint8_t type;

	a->user_items = body;
	while (!error && pdu_next_item(&body, &type, &sub))
		error = parse_user_item(type, sub, a);
	if (!error && body.state == READ_BAD)
		error = "length of a user information sub-item is wrong";
	return error;
}

static const char *parse_item(uint8_t type, struct reader body, bool rq,
			      struct pdu_associate *a)
{
	switch (type) {
	case PDU_ITEM_APPLICATION_CONTEXT:
		a->application_context = pdu_trim(reader_rest(&body));
		return NULL;
	case PDU_ITEM_PRESENTATION_CONTEXT_RQ:
	case PDU_ITEM_PRESENTATION_CONTEXT_AC:
		if (rq != (type == PDU_ITEM_PRESENTATION_CONTEXT_RQ))
			return NULL;
		if (a->ncontexts == PDU_MAX_CONTEXTS)
			return "more than 128 presentation contexts";
		return parse_context(body, rq, a);
	case PDU_ITEM_USER_INFORMATION:
		return parse_user_information(body, a);
	default:
		return NULL;
	}
}

enum read_state pdu_parse_associate(struct reader body, enum pdu_type type,
				    struct pdu_associate *a)
{
	struct reader sub;
	uint8_t item;

	a->ncontexts = 0;
	memset(a, 0, offsetof(struct pdu_associate, contexts));
	memset(&a->ncontexts, 0, sizeof(*a) - offsetof(struct pdu_associate, ncontexts));
	a->protocol_version = reader_be16(&body);
	reader_bytes(&body, 2);
	a->called_ae_title = reader_slice(&body, PDU_AE_TITLE);
	a->calling_ae_title = reader_slice(&body, PDU_AE_TITLE);
	reader_bytes(&body, 32);
	if (body.state == READ_OK)
		a->fixed = slice_of(a->called_ae_title.ptr, 64);
	a->called_ae_title = pdu_trim(a->called_ae_title);
	a->calling_ae_title = pdu_trim(a->calling_ae_title);
	if (body.state == READ_BAD)
		a->error = "association PDU is too short";
	while (!a->error && pdu_next_item(&body, &item, &sub))
		a->error = parse_item(item, sub, type == PDU_ASSOCIATE_RQ, a);
	if (!a->error && body.state == READ_BAD)
		a->error = "length of an item is wrong";
	if (!a->error && type == PDU_ASSOCIATE_RQ &&
	    (a->application_context.len > UID_MAX ||
	     a->implementation_class_uid.len > UID_MAX))
		a->error = "a UID has more than 64 bytes";
	if (!a->error && body.state == READ_OK && body.cut)
		return READ_MORE;
	return a->error ? READ_BAD : body.state;
}

size_t pdu_begin_item(struct writer *w, uint8_t type)
{
	size_t at;

	writer_u8(w, type);
	writer_u8(w, 0);
	at = w->len;
	writer_be16(w, 0);
	return at;
}

void pdu_end_item(struct writer *w, size_t at)
{
	writer_patch_be16(w, at);
}

void pdu_write_item(struct writer *w, uint8_t type, struct slice body)
{
	size_t at = pdu_begin_item(w, type);

	writer_bytes(w, body);
	pdu_end_item(w, at);
}

size_t pdu_begin_associate(struct writer *w, enum pdu_type type, struct slice fixed,
			   struct slice application_context)
{
	size_t at;

	writer_u8(w, (uint8_t)type);
	writer_u8(w, 0);
	at = w->len;
	writer_be32(w, 0);
	writer_be16(w, 1); /* protocol version */
	writer_be16(w, 0);
	writer_bytes(w, fixed);
	pdu_write_item(w, PDU_ITEM_APPLICATION_CONTEXT, application_context);
	return at;
}

void pdu_end(struct writer *w, size_t at)
{
	writer_patch_be32(w, at);
}

static void write_ae_title(struct writer *w, const char *name)
{
	struct slice title = slice_head(slice_str(name ? name : ""), PDU_AE_TITLE);

	writer_bytes(w, title);
	for (size_t i = title.len; i < PDU_AE_TITLE; i++)
		writer_u8(w, ' ');
}

size_t pdu_begin_request(struct writer *w, const char *called_ae, const char *calling_ae)
{
	uint8_t fixed[2 * PDU_AE_TITLE + 32] = {0}; /* the rest is reserved */
	struct writer titles = writer_of(fixed, sizeof(fixed));

	write_ae_title(&titles, called_ae);
	write_ae_title(&titles, calling_ae);
	return pdu_begin_associate(w, PDU_ASSOCIATE_RQ, slice_of(fixed, sizeof(fixed)),
				   slice_str(PDU_APPLICATION_CONTEXT));
}

size_t pdu_begin_context(struct writer *w, enum pdu_item type, uint8_t id, uint8_t result)
{
	size_t at = pdu_begin_item(w, (uint8_t)type);

	writer_u8(w, id);
	writer_u8(w, 0);
	writer_u8(w, result);
	writer_u8(w, 0);
	return at;
}

size_t pdu_begin_user_information(struct writer *w, uint32_t maximum_length)
{
	size_t at = pdu_begin_item(w, PDU_ITEM_USER_INFORMATION);
	size_t sub = pdu_begin_item(w, PDU_ITEM_MAXIMUM_LENGTH);

	writer_be32(w, maximum_length);
	pdu_end_item(w, sub);
	pdu_write_item(w, PDU_ITEM_IMPLEMENTATION_CLASS_UID,
		       slice_str(PDU_IMPLEMENTATION_CLASS_UID));
	return at;
}

void pdu_write_context(struct writer *w, enum pdu_item type, uint8_t id, uint8_t result,
		       struct slice abstract_syntax, struct slice transfer_syntax)
{
	size_t at = pdu_begin_context(w, type, id, result);

	if (type == PDU_ITEM_PRESENTATION_CONTEXT_RQ)
		pdu_write_item(w, PDU_ITEM_ABSTRACT_SYNTAX, abstract_syntax);
	pdu_write_item(w, PDU_ITEM_TRANSFER_SYNTAX, transfer_syntax);
	pdu_end_item(w, at);
}

void pdu_write_user_information(struct writer *w, uint32_t maximum_length)
{
	size_t at = pdu_begin_user_information(w, maximum_length);

	pdu_write_item(w, PDU_ITEM_IMPLEMENTATION_VERSION_NAME,
		       slice_str(PDU_IMPLEMENTATION_VERSION_NAME));
	pdu_end_item(w, at);
}

void pdu_set_ae_titles(struct writer *rq, const char *called_ae, const char *calling_ae)
{
	struct writer w;

	if (rq->failed || rq->len < CALLING_AE_AT + PDU_AE_TITLE)
		return;
	w = writer_of(rq->buf + CALLED_AE_AT, PDU_AE_TITLE);
	if (called_ae)
		write_ae_title(&w, called_ae);
	w = writer_of(rq->buf + CALLING_AE_AT, PDU_AE_TITLE);
	if (calling_ae)
		write_ae_title(&w, calling_ae);
}

bool pdu_is_ae_title(const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < len; i++)
		if (name[i] < ' ' || name[i] > '~' || name[i] == '\\')
			return false;
	return len <= PDU_AE_TITLE && strspn(name, " ") < len;
}

size_t pdu_begin_p_data(struct writer *w)
{
	size_t at;

	writer_u8(w, PDU_P_DATA_TF);
	writer_u8(w, 0);
	at = w->len;
	writer_be32(w, 0);
	return at;
}

size_t pdu_begin_pdv(struct writer *w, uint8_t context_id, uint8_t control)
{
	size_t at = w->len;

	writer_be32(w, 0);
	writer_u8(w, context_id);
	writer_u8(w, control);
	return at;
}

static void write_four(struct writer *w, uint8_t type, const uint8_t bytes[4])
{
	writer_u8(w, type);
	writer_u8(w, 0);
	writer_be32(w, 4);
	writer_bytes(w, slice_of(bytes, 4));
}

void pdu_write_release(struct writer *w, enum pdu_type type)
{
	write_four(w, (uint8_t)type, (const uint8_t[]){0, 0, 0, 0});
}

void pdu_write_reject(struct writer *w, struct rejection why)
{
	write_four(w, PDU_ASSOCIATE_RJ,
		   (const uint8_t[]){0, why.result, why.source, why.reason});
}

void pdu_write_abort(struct writer *w, enum pdu_abort_reason reason)
{
	write_four(w, PDU_ABORT, (const uint8_t[]){0, 0, 2, (uint8_t)reason});
}
