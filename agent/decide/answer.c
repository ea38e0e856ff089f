/* SPDX-License-Identifier: MIT */
#include "decide/answer.h"
#include "base/escape.h"
#include "dicom/dict.h"

enum { SHOWN = 64 }; /* bytes at most of an AE title (16) or UID (64), PS3.5 9.1 */

static struct spop_value text(const char *text)
{
	return (struct spop_value){.type = text ? SPOP_DATA_T_STR : SPOP_DATA_T_NULL,
				   .data = text ? slice_str(text) : (struct slice){0}};
}

static struct spop_value bytes(struct slice bytes)
{
	return (struct spop_value){.type = bytes.len > 0 ? SPOP_DATA_T_BIN
							 : SPOP_DATA_T_NULL,
				   .data = bytes};
}

static struct spop_value number(bool known, int64_t number)
{
	return (struct spop_value){.type = known ? SPOP_DATA_T_INT64 : SPOP_DATA_T_NULL,
				   .number = number};
}

static struct spop_value escaped(bool known, struct slice bytes,
				 uint8_t scratch[ANSWER_TEXT])
{
	struct writer w = writer_of(scratch, ANSWER_TEXT);

	escape_write(&w, ESCAPE_HEX, slice_head(bytes, SHOWN));
	return (struct spop_value){.type = known ? SPOP_DATA_T_STR : SPOP_DATA_T_NULL,
				   .data = writer_slice(&w)};
}

/* By its keyword, if it has one. */
static struct spop_value uid(struct slice uid, uint8_t scratch[ANSWER_TEXT])
{
	const struct dict_uid *known = dict_uid(uid);

	return known ? text(known->keyword) : escaped(uid.len > 0, uid, scratch);
}

/* Empty: the fallback is a refusal. */
static const char *backend(const struct verdict *v)
{
	if (v->kind <= VERDICT_REJECT)
		return NULL;
	return v->pool ? v->pool->name : "";
}

struct spop_value answer_value(const struct verdict *v, enum variable id,
			       uint8_t scratch[ANSWER_TEXT])
{
	switch (id) {
	case VARIABLE_CALLING_AE:
		return escaped(v->rqlen > 0, v->calling_ae, scratch);
	case VARIABLE_CALLED_AE:
		return escaped(v->rqlen > 0, v->called_ae, scratch);
	case VARIABLE_SOP_CLASS:
		return uid(v->sop_class, scratch);
	case VARIABLE_TRANSFER_SYNTAX:
		return uid(v->transfer_syntax, scratch);
	case VARIABLE_VERDICT:
		return text(verdict_word(v->kind));
	case VARIABLE_RULE:
		return text(v->outcome ? v->outcome->rule : NULL);
	case VARIABLE_BACKEND:
		return text(backend(v));
	case VARIABLE_POLICY:
		return text(v->policy ? v->policy->id : NULL);
	case VARIABLE_ERROR:
		return text(v->error);
	case VARIABLE_DECISION_US:
		return number(v->kind != VERDICT_NONE, v->took / 1000);
	case VARIABLE_RQLEN:
		return number(v->rqlen > 0, (int64_t)v->rqlen);
	case VARIABLE_NEED:
		return number(v->need > 0, (int64_t)v->need);
	case VARIABLE_REPLY:
		return bytes(v->reply);
	case VARIABLE_REQUEST:
		return bytes(v->request);
	case VARIABLE_BEGAN:
		return number(v->policy != NULL, v->began);
	case VARIABLE_ACCEPTED:
		return number(v->accepted > 0, v->accepted);
	case VARIABLE_KEY: /* answer_key() */
	case VARIABLE_COUNT:
		break;
	}
	return number(false, 0);
}

bool answer_key(const struct verdict *v, struct facts *f, struct writer *key)
{
	const struct policy_attributes *attributes = &v->outcome->key;
	bool any = false;

	for (size_t i = 0; i < attributes->n; i++) {
		const struct policy_fact *fact =
			facts_get(f, v->when, attributes->list[i]);
		struct slice rest = fact->text, value = {0};

		if (i > 0)
			writer_u8(key, '\\');
		if (fact->state == POLICY_PRESENT)
			(void)policy_next_value(attributes->list[i]->vr, &rest, &value);
		any |= value.len > 0;
		writer_bytes(key, slice_head(value, key->cap - key->len));
	}
	key->failed = false; /* what does not fit is cut */
	return any;
}

bool answer_export(const struct verdict *v, struct facts *f, size_t i,
		   struct writer *value)
{
	const struct policy_attribute *a = v->policy->exports[i].attribute;
	const struct policy_fact *fact = facts_get(f, v->when, a);
	struct slice rest = fact->text, one;

	if (fact->state != POLICY_PRESENT)
		return false;
	for (bool first = true; policy_next_value(a->vr, &rest, &one); first = false) {
		if (!first)
			writer_u8(value, '\\');
		writer_bytes(value, slice_head(one, value->cap - value->len));
	}
	value->failed = false; /* what does not fit is cut */
	return true;
}

static void write_exports(const struct verdict *v, struct facts *f, struct writer *ack)
{
	size_t left = ANSWER_VALUE;

	for (size_t i = 0; i < v->policy->nexports; i++) {
		uint8_t buf[ANSWER_VALUE];
		struct writer value = writer_of(buf, left);

		if (!answer_export(v, f, i, &value))
			continue;
		left -= value.len;
		spop_set_var_str(ack, v->policy->exports[i].variable,
				 writer_slice(&value));
	}
}

void answer_write(const struct verdict *v, struct facts *f, struct writer *ack)
{
	uint8_t scratch[ANSWER_TEXT], buf[ANSWER_VALUE];
	struct writer key = writer_of(buf, sizeof(buf));

	for (unsigned id = 0; id < VARIABLE_COUNT; id++) {
		struct spop_value value = answer_value(v, (enum variable)id, scratch);

		if (value.type != SPOP_DATA_T_NULL)
			spop_set_var(ack, variables[id].name, &value);
	}
	if (v->kind <= VERDICT_REJECT)
		return;
	if (answer_key(v, f, &key))
		spop_set_var_str(ack, variables[VARIABLE_KEY].name, writer_slice(&key));
	write_exports(v, f, ack);
}
