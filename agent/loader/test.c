/* SPDX-License-Identifier: MIT */
#include "loader/test.h"
#include "loader/attribute.h"
#include "loader/lists.h"
#include "loader/values.h"

static void release_regex(void *thing)
{
	regex_free(thing);
}

/*** what a value is compared with ***/

static void load_value(struct builder *b, json_t *json, struct policy_set *set,
		       const struct policy_attribute *a)
{
	char why[VALUE_SET_WHY];

	if (!json_is_string(json) && !json_is_number(json))
		builder_expected(b, json, "a string or a number");
	else if (json_is_string(json)
			 ? !values_text(b, set, a, json_string_value(json), why)
			 : !values_number(b, set, a, json, why))
		builder_fail(b, "%s", why);
}

static const struct policy_set *load_set(struct builder *b, json_t *json,
					 const struct policy_attribute *a, bool fold)
{
	size_t n = builder_count(json);
	struct policy_set *set = values_new(b, n, fold);
	json_t *value;

	if (!set)
		return NULL;
	if (n == 0)
		builder_fail(b, "an empty list can match nothing");
	for (size_t i = 0; (value = builder_element(b, json, i)); i++)
		load_value(b, value, set, a);
	values_finish(set);
	return set;
}

static void load_in(struct builder *b, json_t *json, const struct policy_attribute *a,
		    bool fold, struct policy_match *match)
{
	size_t n = builder_count(json);
	const struct policy_set **in = builder_take(b, n, sizeof(*in));
	json_t *name;

	if (n == 0)
		builder_fail(b, "an empty list names no list");
	if (!in)
		return;
	for (size_t i = 0; (name = builder_element(b, json, i)); i++)
		if (json_is_string(name))
			in[i] = lists_set(b, json_string_value(name), a, fold);
		else
			builder_expected(b, name, "the name of a list in \"lists\"");
	match->in = in;
	match->nin = n;
}

static void load_regex(struct builder *b, json_t *json, bool fold,
		       struct policy_match *match)
{
	struct regex_error error;
	struct regex *regex;

	if (!json_is_string(json)) {
		builder_expected(b, json, "a regular expression (a string)");
		return;
	}
	regex = regex_new(json_string_value(json), fold, &error);
	if (!regex) {
		builder_fail(b, "not a regular expression: %s at character %zu",
			     error.text, error.offset + 1);
		return;
	}
	builder_own(b, regex, release_regex);
	match->regex = regex;
	match->regex_text = builder_text(b, json_string_value(json));
	match->ignore_case = fold;
}

/*** ranges ***/

static const char *const bound_forms[] = {
	[VALUE_NUMBER] = "a number",
	[VALUE_DATE] = "a date: YYYYMMDD or YYYY-MM-DD",
	[VALUE_TIME] = "a time: HHMMSS or HH:MM:SS",
	[VALUE_DATE_TIME] = "a date and time: YYYYMMDDHHMMSS or YYYY-MM-DDTHH:MM:SS",
	[VALUE_AGE] = "an age: 018M, 45Y"};

static bool load_bound(struct builder *b, json_t *json, enum value_kind kind, bool upper,
		       double *bound)
{
	if (json_is_number(json) && kind == VALUE_NUMBER)
		*bound = json_number_value(json);
	else if (!json_is_string(json) ||
		 !value_bound(kind, json_string_value(json), upper, bound)) {
		builder_expected(b, json, bound_forms[kind]);
		return false;
	}
	return true;
}

static bool load_span(struct builder *b, json_t *json, enum value_kind kind,
		      struct value_span *span)
{
	if (kind != VALUE_DATE && kind != VALUE_DATE_TIME)
		builder_fail(b, "only dates (VR DA, DT) have an age");
	else if (!json_is_string(json) ||
		 !value_span_parse(json_string_value(json), span))
		builder_expected(b, json, "a span of time: \"5 years\", \"30 days\"");
	else
		return true;
	return false;
}

static void load_range_member(struct builder *b, const char *name, json_t *json,
			      struct policy_range *r)
{
	if (r->kind == VALUE_TEXT)
		builder_fail_name(b,
				  "\"%s\" needs an attribute that is a number, a date, a "
				  "time or an age",
				  name);
	else if (strcmp(name, "from") == 0)
		r->has_from = load_bound(b, json, r->kind, false, &r->from);
	else if (strcmp(name, "to") == 0)
		r->has_to = load_bound(b, json, r->kind, true, &r->to);
	else if (strcmp(name, "older_than") == 0)
		r->has_older = load_span(b, json, r->kind, &r->older);
	else
		r->has_newer = load_span(b, json, r->kind, &r->newer);
}

/*** the object ***/

/* {"present": ...} or {"empty": ...}, which stand alone */
static void load_state(struct builder *b, json_t *json, const char *name,
		       struct policy_node *node)
{
	json_t *value = json_object_get(json, name);
	struct policy_node *child = builder_take(b, 1, sizeof(*child));
	bool there = strcmp(name, "present") == 0;

	if (json_object_size(json) > 1)
		builder_fail(b, "\"%s\" stands alone", name);
	builder_enter(b, name);
	if (!json_is_boolean(value))
		builder_expected(b, value, "true or false");
	builder_leave(b);
	if (!child)
		return;
	*child = (struct policy_node){.kind = there ? POLICY_IS_THERE : POLICY_IS_EMPTY,
				      .attribute = node->attribute};
	if (json_is_true(value)) {
		*node = *child;
		return;
	}
	*node = (struct policy_node){
		.kind = POLICY_NOT, .children = child, .nchildren = 1};
	if (there)
		return;
	/* "empty": false says that it is there with a value */
	child = builder_take(b, 2, sizeof(*child));
	if (!child)
		return;
	child[0] = (struct policy_node){.kind = POLICY_IS_THERE,
					.attribute = node->children->attribute};
	child[1] = *node;
	*node = (struct policy_node){
		.kind = POLICY_ALL, .children = child, .nchildren = 2};
}

static void load_member(struct builder *b, const char *name, json_t *json, bool fold,
			const struct policy_attribute *a, struct policy_match *match,
			struct policy_range *range)
{
	if (strcmp(name, "is") == 0) {
		match->is = load_set(b, json, a, fold);
	} else if (strcmp(name, "in") == 0) {
		load_in(b, json, a, fold, match);
	} else if (strcmp(name, "regex") == 0) {
		load_regex(b, json, fold, match);
	} else if (strcmp(name, "ignore_case") == 0) {
		if (!json_is_boolean(json))
			builder_expected(b, json, "true or false");
	} else {
		load_range_member(b, name, json, range);
		match->range = range;
	}
}

static const char members[] =
	"is in regex from to older_than newer_than ignore_case present empty";

static void load_object(struct builder *b, json_t *json, struct policy_node *node,
			struct policy_match *match)
{
	bool fold = json_is_true(json_object_get(json, "ignore_case"));
	struct policy_range *range = builder_take(b, 1, sizeof(*range));
	size_t before = b->report->errors;
	const char *name;
	json_t *value;

	builder_members(b, json, members);
	if (!range || b->report->errors > before)
		return;
	range->kind = value_kind(node->attribute->vr);
	json_object_foreach(json, name, value)
	{
		builder_enter(b, name);
		load_member(b, name, value, fold, node->attribute, match, range);
		builder_leave(b);
	}
	if (range->has_from && range->has_to && range->from > range->to)
		builder_fail(b, "\"from\" is behind \"to\": nothing can match");
	if (!match->is && !match->in && !match->regex && !match->range &&
	    b->report->errors == before)
		builder_fail(b, "expected a test, with one or more of: %s", members);
	else if (fold && !match->is && !match->in && !match->regex)
		builder_fail(b, "\"ignore_case\" needs one of: is in regex");
}

static void load_match(struct builder *b, json_t *json, struct policy_node *node)
{
	struct policy_match *match = builder_take(b, 1, sizeof(*match));

	if (!match)
		return;
	node->kind = POLICY_MATCH;
	node->match = match;
	if (policy_is_bulk(node->attribute))
		builder_fail(b,
			     "an attribute of VR %s has no value to compare; only "
			     "{\"present\": ...} and {\"empty\": ...}",
			     node->attribute->vr);
	else if (json_is_object(json))
		load_object(b, json, node, match);
	else
		match->is = load_set(b, json, node->attribute, false);
}

void test_load(struct builder *b, json_t *json, struct policy_node *node)
{
	if (json_object_get(json, "present"))
		load_state(b, json, "present", node);
	else if (json_object_get(json, "empty"))
		load_state(b, json, "empty", node);
	else
		load_match(b, json, node);
}
