/* SPDX-License-Identifier: MIT */
#include "trace.h"
#include "attribute.h"

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

static const char *const states[] = {
	[POLICY_UNKNOWN] = "unknown", [POLICY_ABSENT] = "absent",
	[POLICY_PRESENT] = "present", [POLICY_ONE_OF] = "one of",
	[POLICY_AT_LEAST] = "at least"};

/* The values of an attribute; null if it is absent or not known. */
static json_t *values_of(struct facts *f, const struct policy_attribute *a)
{
	const struct policy_fact *fact = facts_get(f, a);
	struct slice text = fact->text, value;
	json_t *list;

	if (fact->state == POLICY_ABSENT || fact->state == POLICY_UNKNOWN ||
	    attribute_is_bulk(a))
		return json_null();
	list = json_array();
	while (policy_next_value(a->vr, &text, &value))
		json_array_append_new(list, text_of(f, value));
	return list;
}

json_t *trace_attributes(struct facts *f)
{
	const struct policy *p = f->policy;
	json_t *all = json_object();

	for (size_t i = 0; i < p->nattributes; i++)
		if (f->asked[i])
			json_object_set_new(all, p->attributes[i]->name,
					    values_of(f, p->attributes[i]));
	return all;
}

static json_t *trace_object(struct facts *f, json_t *json,
			    const struct policy_node *node);

/* An attribute: its node may be wrapped, as that of {"present": false} is. */
static const struct policy_attribute *attribute_of(const struct policy_node *node)
{
	while (!node->attribute && node->nchildren > 0)
		node = node->children;
	return node->attribute;
}

static json_t *trace_test(struct facts *f, json_t *json, const struct policy_node *node)
{
	const struct policy_attribute *a = attribute_of(node);

	return json_pack("{s:s, s:O, s:o, s:s}", "attribute", a->name, "test", json,
			 "values", values_of(f, a), "state",
			 states[facts_get(f, a)->state]);
}

static json_t *trace_list(struct facts *f, json_t *json, const struct policy_node *node)
{
	json_t *list = json_array();

	for (size_t i = 0; i < node->nchildren; i++)
		json_array_append_new(list, trace_object(f, json_array_get(json, i),
							 &node->children[i]));
	return list;
}

static json_t *trace_sample(struct facts *f, json_t *json, const struct policy_node *node)
{
	json_t *values = json_object();

	for (size_t i = 0; i < node->sample->by.n; i++) {
		const struct policy_attribute *a = node->sample->by.list[i];

		json_object_set_new(values, a->name, values_of(f, a));
	}
	return json_pack("{s:O, s:o}", "sample", json, "values", values);
}

static json_t *trace_member(struct facts *f, const char *name, json_t *json,
			    const struct policy_node *node)
{
	const struct policy_facts view = facts_view(f);
	enum policy_tri result = policy_test(node, &view);
	json_t *entry;

	if (strcmp(name, "all") == 0 || strcmp(name, "any") == 0)
		entry = json_pack("{s:o}", name, trace_list(f, json, node));
	else if (strcmp(name, "not") == 0)
		entry = json_pack("{s:o}", name, trace_object(f, json, node->children));
	else if (strcmp(name, "sample") == 0)
		entry = trace_sample(f, json, node);
	else if (strcmp(name, "schedule") == 0)
		entry = json_pack("{s:O}", name, json);
	else
		entry = trace_test(f, json, node);
	json_object_set_new(entry, "result", json_string(results[result]));
	return entry;
}

/* The members of a condition and the children of its node are in the same order. */
static json_t *trace_object(struct facts *f, json_t *json, const struct policy_node *node)
{
	json_t *list = json_array(), *value;
	const char *name;
	size_t i = 0;

	json_object_foreach(json, name, value)
	{
		if (i == node->nchildren)
			break;
		json_array_append_new(list,
				      trace_member(f, name, value, &node->children[i++]));
	}
	return list;
}

json_t *trace_rules(struct facts *f, json_t *rules, const char *rule)
{
	const struct policy_facts view = facts_view(f);
	json_t *list = json_array();

	for (size_t i = 0; i < f->policy->nrules; i++) {
		const struct policy_rule *r = &f->policy->rules[i];
		json_t *condition = json_object_get(json_array_get(rules, i), "if");
		enum policy_tri matches = policy_test(&r->condition, &view);

		json_array_append_new(
			list, json_pack("{s:s, s:s, s:o}", "name", r->outcome.rule,
					"matches", results[matches], "because",
					trace_object(f, condition, &r->condition)));
		if (strcmp(r->outcome.rule, rule) == 0)
			break;
	}
	return list;
}
