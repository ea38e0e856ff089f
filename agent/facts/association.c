/* SPDX-License-Identifier: MIT */
#include "facts/association.h"
#include "dicom/dict.h"
#include "policy/fact.h"

static struct policy_fact if_any(struct slice text)
{
	return text.len > 0 ? fact_present(text) : fact_absent;
}

static void put_value(struct writer *text, size_t start, struct slice value)
{
	if (text->len > start)
		writer_u8(text, '\\');
	writer_bytes(text, value);
}

/* A name from HAProxy or the user identity, in UTF-8: normalized (NFC). */
static struct policy_fact name_of(struct slice utf8, struct unicode_scratch *unicode,
				  struct writer *text)
{
	size_t start = text->len;

	if (!unicode_normalize(unicode, utf8, text))
		text->failed = true;
	return fact_written(text, start, POLICY_PRESENT);
}

static struct policy_fact proposed_classes(const struct pdu_associate *rq,
					   struct writer *text,
					   enum policy_fact_state state)
{
	size_t start = text->len;

	for (unsigned i = 0; i < rq->ncontexts; i++) {
		struct slice uid = rq->contexts[i].abstract_syntax;
		bool seen = false;

		for (unsigned k = 0; k < i && !seen; k++)
			seen = slice_equal(uid, rq->contexts[k].abstract_syntax);
		if (!seen)
			put_value(text, start, uid);
	}
	return fact_written(text, start, state);
}

static struct slice list_of(const struct pdu_context *context)
{
	return slice_of(context->transfer_syntaxes.pos,
			reader_left(&context->transfer_syntaxes));
}

/* All transfer syntaxes that are proposed; a list that the next context repeats is taken
 * once.
 */
static struct policy_fact proposed_syntaxes(const struct pdu_associate *rq,
					    struct writer *text)
{
	size_t start = text->len;

	for (unsigned i = 0; i < rq->ncontexts; i++) {
		const struct pdu_context *c = &rq->contexts[i];
		struct reader list = c->transfer_syntaxes;
		struct slice uid;

		if (i > 0 && slice_equal(list_of(c), list_of(c - 1)))
			continue;
		while (pdu_next_transfer_syntax(&list, &uid))
			put_value(text, start, uid);
	}
	return fact_written(text, start, POLICY_ONE_OF);
}

/* The requests that an SCU of a SOP class can begin with (PS3.4), or NULL */
static const char *commands_of(struct slice uid)
{
	static const struct {
		const char *group;
		uint8_t last; /* digit of the UID, or 0 */
		const char *commands;
	} known[] = {
		{"storage", 0, "C-STORE"},
		{"verification", 0, "C-ECHO"},
		{"query-retrieve", '1', "C-FIND"},
		{"query-retrieve", '2', "C-MOVE"},
		{"query-retrieve", '3', "C-GET"},
		{"worklist", 0, "C-FIND"},
		{"mpps", '3', "N-CREATE\\N-SET"},
		{"mpps", '4', "N-GET"},
		{"mpps", '5', "N-EVENT-REPORT"},
		{"storage-commitment", 0, "N-ACTION\\N-EVENT-REPORT"},
	};

	for (size_t i = 0; uid.len > 0 && i < sizeof(known) / sizeof(known[0]); i++)
		if ((!known[i].last || known[i].last == uid.ptr[uid.len - 1]) &&
		    dict_in_group(known[i].group, uid))
			return known[i].commands;
	return NULL;
}

static struct policy_fact proposed_commands(const struct pdu_associate *rq,
					    struct writer *text)
{
	const char *seen[16];
	size_t start = text->len, n = 0;

	for (unsigned i = 0; i < rq->ncontexts; i++) {
		const char *commands = commands_of(rq->contexts[i].abstract_syntax);
		size_t k = 0;

		if (!commands)
			return fact_unknown;
		while (k < n && seen[k] != commands)
			k++;
		if (k < n)
			continue;
		seen[n++] = commands; /* commands_of() has fewer than 16 texts */
		put_value(text, start, slice_str(commands));
	}
	return fact_written(text, start, POLICY_ONE_OF);
}

static struct policy_fact first_command(const struct facts_association *known,
					struct writer *text)
{
	const char *name;
	uint16_t field;

	if (!known->message || !known->message->command_whole)
		return proposed_commands(known->rq, text);
	for (size_t i = 0; (name = dimse_request(i, &field)); i++)
		if (field == known->message->command_field)
			return fact_present(slice_str(name));
	return fact_absent;
}

static struct policy_fact client_address(struct slice raw, struct writer *text)
{
	struct ip_address a = {.bytes = {[10] = 0xFF, [11] = 0xFF}};
	size_t start = text->len;

	if (raw.len != 4 && raw.len != 16)
		return fact_absent;
	memcpy(a.bytes + sizeof(a.bytes) - raw.len, raw.ptr, raw.len);
	ip_write(&a, text);
	return fact_written(text, start, POLICY_PRESENT);
}

static struct policy_fact destination_port(int64_t port, struct writer *text)
{
	size_t start = text->len;

	if (port < 0 || port > UINT16_MAX)
		return fact_absent;
	for (int64_t unit = 10000; unit > 0; unit /= 10)
		if (port >= unit || unit == 1)
			writer_u8(text, (uint8_t)('0' + port / unit % 10));
	return fact_written(text, start, POLICY_PRESENT);
}

static struct policy_fact find(const struct facts_association *known,
			       enum policy_association which,
			       struct unicode_scratch *unicode, struct writer *text)
{
	const struct pdu_associate *rq = known->rq;
	const struct facts_connection *from = &known->connection;
	bool command = known->message && known->message->command_whole;

	switch (which) {
	case POLICY_CALLING_AE_TITLE:
		return fact_present(rq->calling_ae_title);
	case POLICY_CALLED_AE_TITLE:
		return fact_present(rq->called_ae_title);
	case POLICY_SOP_CLASS_UID:
		return command ? if_any(known->message->sop_class)
			       : proposed_classes(rq, text, POLICY_ONE_OF);
	case POLICY_PROPOSED_SOP_CLASS_UID:
		return proposed_classes(rq, text, POLICY_PRESENT);
	case POLICY_TRANSFER_SYNTAX_UID:
		return known->transfer_syntax.len > 0
			       ? fact_present(known->transfer_syntax)
			       : proposed_syntaxes(rq, text);
	case POLICY_IMPLEMENTATION_CLASS_UID:
		return if_any(rq->implementation_class_uid);
	case POLICY_IMPLEMENTATION_VERSION_NAME:
		return if_any(rq->implementation_version_name);
	case POLICY_USER_IDENTITY:
		return rq->user_identity ? name_of(rq->user_name, unicode, text)
					 : fact_absent;
	case POLICY_CLIENT_ADDRESS:
		return client_address(from->address, text);
	case POLICY_DESTINATION_PORT:
		return destination_port(from->port, text);
	case POLICY_TLS_SERVER_NAME:
		return if_any(from->server_name);
	case POLICY_TLS_CLIENT_NAME:
		return from->client_name.len > 0
			       ? name_of(from->client_name, unicode, text)
			       : fact_absent;
	case POLICY_FIRST_COMMAND:
		return first_command(known, text);
	}
	return fact_absent;
}

/* A POLICY_ONE_OF with one value is POLICY_PRESENT, with none POLICY_ABSENT. */
static struct policy_fact settle(const char *vr, struct policy_fact fact)
{
	struct slice rest = fact.text, value;

	if (fact.state != POLICY_ONE_OF)
		return fact;
	if (fact.text.len == 0)
		return fact_absent;
	if (policy_next_value(vr, &rest, &value) && !policy_next_value(vr, &rest, &value))
		fact.state = POLICY_PRESENT;
	return fact;
}

struct policy_fact facts_association_get(const struct facts_association *known,
					 const struct policy_attribute *attribute,
					 struct unicode_scratch *unicode,
					 struct writer *text)
{
	enum policy_association which = (enum policy_association)attribute->tag;

	return settle(attribute->vr, find(known, which, unicode, text));
}
