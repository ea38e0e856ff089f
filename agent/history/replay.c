/* SPDX-License-Identifier: MIT */
#include "history/replay.h"
#include "base/clock.h"
#include "base/escape.h"
#include "decide/decide.h"
#include "history/reasons.h"

#include <stdio.h>
#include <stdlib.h>

/* <bytes> as they are if they are UTF-8, else with the printable ASCII of them. */
static json_t *text_of(struct slice bytes)
{
	json_t *json = json_stringn((const char *)bytes.ptr, bytes.len);
	char text[1024];
	struct writer w = writer_of(text, sizeof(text));

	if (json)
		return json;
	escape_replace(&w, slice_head(bytes, sizeof(text)));
	return json_stringn(text, w.len);
}

static json_t *time_of(int64_t ms)
{
	char text[CLOCK_TEXT];

	clock_text(ms, text);
	return json_string(text);
}

static json_t *client_of(const struct journal_entry *one)
{
	struct slice from = journal_question(one).connection.address;
	struct ip_address a = {.bytes = {[10] = 0xff, [11] = 0xff}};
	uint8_t text[64];
	struct writer out = writer_of(text, sizeof(text));

	if (from.len == 4)
		memcpy(a.bytes + 12, from.ptr, 4);
	else if (from.len == sizeof(a.bytes))
		memcpy(a.bytes, from.ptr, sizeof(a.bytes));
	else
		return NULL;
	ip_write(&a, &out);
	return text_of(writer_slice(&out));
}

static void set_variables(json_t *entry, const struct journal_entry *one)
{
	for (unsigned id = 0; id < VARIABLE_COUNT; id++) {
		struct slice text = journal_text(one, (enum variable)id);

		if (text.len == 0)
			continue;
		json_object_set_new(
			entry, variables[id].name,
			variables[id].type == VARIABLE_NUMBER
				? json_integer(journal_number(one, (enum variable)id))
				: text_of(text));
	}
}

static json_t *entry_of(const struct journal_entry *one)
{
	json_t *entry = json_object(), *client = client_of(one);

	json_object_set_new(entry, "id", text_of(journal_id(one)));
	json_object_set_new(entry, "time", time_of(one->began_ms));
	json_object_set_new(entry, "answered", time_of(one->ended_ms));
	json_object_set_new(entry, "questions", json_integer(one->questions));
	if (client)
		json_object_set_new(entry, "client", client);
	set_variables(entry, one);
	json_object_set_new(
		entry, "data_set",
		json_string(reasons_data_set((enum cause)one->cause, !one->associate)));
	json_object_set_new(entry, "bytes", json_integer((json_int_t)one->needed));
	return entry;
}

json_t *replay_list(struct journal *all, size_t n)
{
	struct journal_entry *one = malloc(sizeof(*one));
	json_t *list = json_array();
	uint64_t number = UINT64_MAX;

	while (one && n-- > 0 && journal_before(all, number, one)) {
		json_array_append_new(list, entry_of(one));
		number = one->number;
	}
	free(one);
	return json_pack("{s:o}", "decisions", list);
}

/*** the reasons ***/

/* The same verdict, if enough was kept for it. */
static bool is_verdict_of(const struct journal_entry *one, const struct verdict *v)
{
	struct slice pool = journal_text(one, VARIABLE_BACKEND);

	return v->outcome &&
	       slice_equal(journal_text(one, VARIABLE_RULE),
			   slice_str(v->outcome->rule)) &&
	       slice_equal(pool, slice_str(v->pool ? v->pool->name : ""));
}

/* NULL, or why they cannot be told. */
static const char *set_reasons(json_t *entry, const struct journal_entry *one,
			       struct decide *d)
{
	struct question q = journal_question(one);
	struct facts *f = decide_facts(d);
	struct verdict v;

	decide(d, &q, &v);
	if (!v.policy)
		return v.error;
	if (!slice_equal(q.policy, slice_str(v.policy->id)))
		return "the policy is no longer in force";
	if (q.rq.len < one->rqlen)
		return "the A-ASSOCIATE-RQ was too long to be kept";
	if (!is_verdict_of(one, &v))
		return "too little of the data was kept";
	json_object_set_new(entry, "decision", reasons_decision(&v));
	json_object_set_new(entry, "attributes",
			    reasons_attributes(&v, f, REASONS_DISCREET));
	json_object_set_new(entry, "rules", reasons_rules(&v, f, REASONS_DISCREET));
	return NULL;
}

static void set_trace(json_t *entry, const struct journal_entry *one,
		      struct policy_store *policies)
{
	struct decide *d;
	const char *why;

	if (journal_text(one, VARIABLE_RULE).len == 0) {
		json_object_set_new(entry, "untraced",
				    json_string("no rule was asked for"));
		return;
	}
	d = decide_new(policies);
	why = d ? set_reasons(entry, one, d) : "out of memory";
	if (why)
		json_object_set_new(entry, "untraced", json_string(why));
	decide_free(d);
}

json_t *replay_one(struct journal *all, struct policy_store *policies, struct slice id)
{
	struct journal_entry *one = malloc(sizeof(*one));
	json_t *entry = NULL;

	if (one && journal_find(all, id, one)) {
		entry = entry_of(one);
		set_trace(entry, one, policies);
	}
	free(one);
	return entry;
}
