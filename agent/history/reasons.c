/* SPDX-License-Identifier: MIT */
#include "history/reasons.h"
#include "history/privacy.h"

struct reasons {
	struct facts *facts;
	enum facts_time when; /* as the verdict was found */
	enum reasons_values shown;
};

static const char hidden[] = "***";

static bool is_hidden(const struct reasons *t, const struct policy_attribute *a)
{
	return t->shown == REASONS_DISCREET && !privacy_allows(a);
}

/* Bytes as text: what is no UTF-8 (a value cut by somebody) is replaced. */
static json_t *text_of(struct facts *f, struct slice value)
{
	uint8_t bytes[3 * 1024];
	struct writer w = writer_of(bytes, sizeof(bytes));

	if (!unicode_normalize(&f->scratch->unicode, slice_head(value, 1024), &w))
		return json_string("...");
	return json_stringn((const char *)bytes, w.len);
}

static const char *const results[] = {
	[POLICY_NO] = "no", [POLICY_YES] = "yes", [POLICY_MAYBE] = "unknown"};

static const char *const states[] = {[POLICY_UNKNOWN] = "unknown",
				     [POLICY_ABSENT] = "absent",
				     [POLICY_PRESENT] = "present",
				     [POLICY_ONE_OF] = "one of",
				     [POLICY_AT_LEAST] = "at least"};

/* The values of an attribute; null if it is absent or not known. */
static json_t *values_of(const struct reasons *t, const struct policy_attribute *a)
{
	const struct policy_fact *fact = facts_get(t->facts, t->when, a);
	struct slice text = fact->text, value;
	json_t *list;

	if (fact->state == POLICY_ABSENT || fact->state == POLICY_UNKNOWN ||
	    policy_is_bulk(a))
		return json_null();
	if (is_hidden(t, a))
		return json_pack("[s]", hidden);
	list = json_array();
	while (policy_next_value(a->vr, &text, &value))
		json_array_append_new(list, text_of(t->facts, value));
	return list;
}

/* What hidden values are compared with could tell them, but for ages and truths. */
static json_t *hide(json_t *test)
{
	json_t *copy, *value;
	const char *name;
	size_t i;

	if (json_is_boolean(test))
		return json_incref(test);
	if (json_is_array(test)) {
		copy = json_array();
		json_array_foreach(test, i, value)
		{
			json_array_append_new(copy, hide(value));
		}
		return copy;
	}
	if (!json_is_object(test))
		return json_string(hidden);
	copy = json_object();
	json_object_foreach(test, name, value)
	{
		if (strcmp(name, "older_than") == 0 || strcmp(name, "newer_than") == 0)
			json_object_set(copy, name, value);
		else
			json_object_set_new(copy, name, hide(value));
	}
	return copy;
}

json_t *reasons_attributes(const struct verdict *v, struct facts *f,
			   enum reasons_values shown)
{
	const struct reasons t = {f, v->when, shown};
	const struct policy *p = v->policy;
	json_t *all = json_object();

	for (size_t i = 0; i < p->nattributes; i++)
		if (facts_asked(f, p->attributes[i]))
			json_object_set_new(all, p->attributes[i]->name,
					    values_of(&t, p->attributes[i]));
	return all;
}

static json_t *reasons_object(const struct reasons *t, json_t *json,
			      const struct policy_node *node);

/* An attribute: its node may be wrapped, as that of {"present": false} is. */
static const struct policy_attribute *attribute_of(const struct policy_node *node)
{
	while (!node->attribute && node->nchildren > 0)
		node = node->children;
	return node->attribute;
}

static json_t *reasons_test(const struct reasons *t, json_t *json,
			    const struct policy_node *node)
{
	const struct policy_attribute *a = attribute_of(node);

	return json_pack("{s:s, s:o, s:o, s:s}", "attribute", a->name, "test",
			 is_hidden(t, a) ? hide(json) : json_incref(json), "values",
			 values_of(t, a), "state",
			 states[facts_get(t->facts, t->when, a)->state]);
}

static json_t *reasons_list(const struct reasons *t, json_t *json,
			    const struct policy_node *node)
{
	json_t *list = json_array();

	for (size_t i = 0; i < node->nchildren; i++)
		json_array_append_new(list, reasons_object(t, json_array_get(json, i),
							   &node->children[i]));
	return list;
}

static json_t *reasons_sample(const struct reasons *t, json_t *json,
			      const struct policy_node *node)
{
	json_t *values = json_object();

	for (size_t i = 0; i < node->sample->by.n; i++) {
		const struct policy_attribute *a = node->sample->by.list[i];

		json_object_set_new(values, a->name, values_of(t, a));
	}
	return json_pack("{s:O, s:o}", "sample", json, "values", values);
}

static json_t *reasons_member(const struct reasons *t, const char *name, json_t *json,
			      const struct policy_node *node)
{
	const struct policy_facts view = facts_view(t->facts, t->when);
	enum policy_tri result = policy_test(node, &view);
	json_t *entry;

	if (strcmp(name, "all") == 0 || strcmp(name, "any") == 0)
		entry = json_pack("{s:o}", name, reasons_list(t, json, node));
	else if (strcmp(name, "not") == 0)
		entry = json_pack("{s:o}", name, reasons_object(t, json, node->children));
	else if (strcmp(name, "sample") == 0)
		entry = reasons_sample(t, json, node);
	else if (strcmp(name, "schedule") == 0)
		entry = json_pack("{s:O}", name, json);
	else
		entry = reasons_test(t, json, node);
	json_object_set_new(entry, "result", json_string(results[result]));
	return entry;
}

/* The members of a condition and the children of its node are in the same order. */
static json_t *reasons_object(const struct reasons *t, json_t *json,
			      const struct policy_node *node)
{
	json_t *list = json_array(), *value;
	const char *name;
	size_t i = 0;

	json_object_foreach(json, name, value)
	{
		if (i == node->nchildren)
			break;
		json_array_append_new(
			list, reasons_member(t, name, value, &node->children[i++]));
	}
	return list;
}

static json_t *reasons_rule(const struct reasons *t, json_t *json,
			    const struct policy_rule *r)
{
	const struct policy_facts view = facts_view(t->facts, t->when);

	return json_pack("{s:s, s:s, s:o}", "name", r->outcome.rule, "matches",
			 results[policy_test(&r->condition, &view)], "because",
			 reasons_object(t, json_object_get(json, "if"), &r->condition));
}

json_t *reasons_rules(const struct verdict *v, struct facts *f, enum reasons_values shown)
{
	const struct reasons t = {f, v->when, shown};
	json_t *document = json_loads(v->policy->document, 0, NULL);
	json_t *rules = json_object_get(document, "rules"), *list = json_array();

	for (size_t i = 0; document && i < v->policy->nrules; i++) {
		const struct policy_rule *r = &v->policy->rules[i];

		json_array_append_new(list,
				      reasons_rule(&t, json_array_get(rules, i), r));
		if (&r->outcome == v->outcome)
			break;
	}
	json_decref(document);
	return list;
}

/*** outcomes ***/

static void set_text(json_t *object, const char *name, const char *text)
{
	if (text)
		json_object_set_new(object, name, json_string(text));
}

const char *reasons_data_set(enum cause cause, bool asked)
{
	if (cause_is_of_promise(cause))
		return "not asked for";
	return asked ? "needed" : "not needed";
}

json_t *reasons_decision(const struct verdict *v)
{
	const struct policy_outcome *o = v->outcome;
	struct rejection why =
		o->pools ? rejection_of(REJECTION_CONGESTION) : o->rejection;
	json_t *d = json_object();

	set_text(d, "rule", o->rule);
	set_text(d, "called_ae", o->called_ae);
	set_text(d, "calling_ae", o->calling_ae);
	if (v->pool)
		set_text(d, "backend", v->pool->name);
	else
		json_object_set_new(
			d, "reject",
			json_pack("{s:s, s:s}", "reason",
				  rejection_name(rejection_find(&why)), "result",
				  why.result == REJECTION_PERMANENT ? "permanent"
								    : "transient"));
	return d;
}
