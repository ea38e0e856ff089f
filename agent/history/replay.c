/* SPDX-License-Identifier: MIT */
#include "history/replay.h"
#include "decide/decide.h"
#include "decide/candidates.h"
#include "policy/ruling.h"
#include "history/reasons.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* What is neither UTF-8 nor printable ASCII is replaced. */
static json_t *text_of(struct slice bytes)
{
	json_t *json = json_stringn((const char *)bytes.ptr, bytes.len);
	char text[1024];
	size_t n = bytes.len < sizeof(text) ? bytes.len : sizeof(text);

	if (json)
		return json;
	for (size_t i = 0; i < n; i++)
		text[i] = (char)(bytes.ptr[i] >= ' ' && bytes.ptr[i] < 0x7f ? bytes.ptr[i]
									    : '?');
	return json_stringn(text, n);
}

/* RFC 3339, UTC */
static json_t *time_of(int64_t ms)
{
	char seconds[32] = "", text[48];
	time_t s = (time_t)(ms / 1000);
	struct tm utc;

	if (gmtime_r(&s, &utc))
		strftime(seconds, sizeof(seconds), "%Y-%m-%dT%H:%M:%S", &utc);
	snprintf(text, sizeof(text), "%s.%03dZ", seconds, (int)(ms % 1000));
	return json_string(text);
}

static json_t *client_of(const struct journal_entry *one)
{
	struct reader args = journal_args(one);
	struct spop_value value;
	struct slice name;

	for (unsigned i = 0; i < one->nargs && spop_arg_next(&args, &name, &value); i++)
		if (slice_equal(name, slice_str("src")) && value.data.len > 0) {
			struct ip_address a = {.bytes = {[10] = 0xff, [11] = 0xff}};
			uint8_t text[64];
			struct writer out = writer_of(text, sizeof(text));

			if (value.data.len == 4)
				memcpy(a.bytes + 12, value.data.ptr, 4);
			else if (value.data.len == sizeof(a.bytes))
				memcpy(a.bytes, value.data.ptr, sizeof(a.bytes));
			ip_write(&a, &out);
			return text_of(writer_slice(&out));
		}
	return NULL;
}

static void set_variables(json_t *entry, const struct journal_entry *one)
{
	static const char *const names[] = {
		"calling_ae", "called_ae", "sop_class", "transfer_syntax", "verdict",
		"rule",       "backend",   "policy",    "error",           "decision_us"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct spop_value value = journal_variable(one, names[i]);

		if (value.type == SPOP_DATA_T_STR)
			json_object_set_new(entry, names[i], text_of(value.data));
		else if (value.type == SPOP_DATA_T_INT64)
			json_object_set_new(entry, names[i], json_integer(value.number));
	}
}

static json_t *entry_of(const struct journal_entry *one)
{
	json_t *entry = json_object(), *client = client_of(one);

	json_object_set_new(entry, "id", text_of(journal_id(one)));
	json_object_set_new(entry, "time", time_of(one->began_ms));
	json_object_set_new(entry, "answered", time_of(one->ended_ms));
	json_object_set_new(entry, "questions", json_integer(one->messages));
	if (client)
		json_object_set_new(entry, "client", client);
	set_variables(entry, one);
	json_object_set_new(entry, "data_set",
			    json_string(one->first ? "not needed" : "needed"));
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

/* Variables hold no zeros: rule and policy are this agent's own. */
static const char *c_text(const json_t *entry, const char *name)
{
	const char *text = json_string_value(json_object_get(entry, name));

	return text ? text : "";
}

static bool leads_to(const struct policy_outcome *o, const char *rule)
{
	return o && strcmp(o->rule, rule) == 0;
}

/* As the answer has been found: with what is known, or as the fallback.  A refusal since
 * the pools of some rule are down is neither; nothing more is known then.
 */
static bool settle(struct facts *f, const char *rule, bool first)
{
	struct policy_facts view = facts_view(f);

	if (leads_to(ruling_decide(f->policy, &view), rule) ||
	    leads_to(candidates_fallback(f), rule))
		return true;
	facts_reset(f);
	f->final = false;
	return first;
}

/* NULL, or why they cannot be told. */
static const char *set_reasons(json_t *entry, const struct journal_entry *one,
			       struct decide *d)
{
	const char *rule = c_text(entry, "rule"), *backend = c_text(entry, "backend");
	struct facts *f = decide_facts(d);
	json_t *decision;

	if (!decide_again(d, slice_str(one->first ? "associate" : "dataset"),
			  journal_args(one), one->nargs,
			  slice_str(c_text(entry, "policy")),
			  journal_variable(one, "began").number))
		return f->policy && strcmp(f->policy->id, c_text(entry, "policy")) == 0
			       ? "the A-ASSOCIATE-RQ was too long to be kept"
			       : "the policy is no longer in force";
	if (!settle(f, rule, one->first))
		return "too little of the data was kept";
	decision = reasons_decision(f->policy, rule, *backend ? backend : NULL);
	if (!decision)
		return "the policy has no such rule";
	json_object_set_new(entry, "decision", decision);
	json_object_set_new(entry, "attributes", reasons_attributes(f, REASONS_DISCREET));
	json_object_set_new(entry, "rules", reasons_rules(f, REASONS_DISCREET, rule));
	return NULL;
}

static void set_trace(json_t *entry, const struct journal_entry *one,
		      struct policy_store *policies)
{
	struct decide *d;
	const char *why;

	if (!json_object_get(entry, "rule")) {
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
