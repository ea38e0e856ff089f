/* SPDX-License-Identifier: MIT */
#include "loader/condition.h"
#include "loader/attribute.h"
#include "loader/test.h"

#include <stdio.h>

/* Of conditions within conditions, which are evaluated by recursion. */
enum { MAX_DEPTH = 32 };

static void load_at(struct builder *b, json_t *json, struct policy_node *node, int depth);

/*** sample ***/

static void load_sample(struct builder *b, json_t *json, struct policy_node *node)
{
	struct policy_sample *sample = builder_take(b, 1, sizeof(*sample));
	json_t *percent = json_object_get(json, "percent");
	json_t *by = json_object_get(json, "by");

	if (!json_is_object(json)) {
		builder_expected(b, json, "{\"percent\": 10, \"by\": \"PatientID\"}");
		return;
	}
	builder_members(b, json, "percent by");
	if (!sample)
		return;
	builder_enter(b, "percent");
	sample->percent = json_number_value(percent);
	if (!json_is_number(percent) || sample->percent < 0 || sample->percent > 100)
		builder_expected(b, percent, "a number from 0 to 100");
	else
		sample->threshold = (uint64_t)(sample->percent / 100 * 4294967296.0);
	builder_leave(b);
	builder_enter(b, "by");
	if (by)
		sample->by = attribute_list(b, by);
	else
		builder_expected(b, by, "the attribute whose value chooses, or a list");
	builder_leave(b);
	node->kind = POLICY_SAMPLE;
	node->sample = sample;
}

/*** schedule ***/

static bool load_hour(struct builder *b, json_t *json, const char *name,
		      unsigned *minutes)
{
	json_t *value = json_object_get(json, name);
	const char *text = json_string_value(value), *digits = "0123456789";
	unsigned hour = 24, minute = 60;

	if (!value)
		return false;
	builder_enter(b, name);
	if (text && strlen(text) == 5 && strspn(text, digits) == 2 && text[2] == ':' &&
	    strspn(text + 3, digits) == 2)
		sscanf(text, "%u:%u", &hour, &minute);
	if (hour > 23 || minute > 59)
		builder_expected(b, value, "a time of day, \"HH:MM\"");
	else
		*minutes = hour * 60 + minute;
	builder_leave(b);
	return true;
}

/* 0 is Sunday; -1 if it is none. */
static int weekday(const char *text)
{
	static const char days[] = "SunMonTueWedThuFriSat";

	for (int i = 0; i < 7; i++)
		if (strncmp(text, days + 3 * i, 3) == 0)
			return i;
	return -1;
}

static void load_day(struct builder *b, json_t *json, uint8_t *days)
{
	const char *text = json_string_value(json);
	size_t len = text ? strlen(text) : 0;
	int first = len >= 3 ? weekday(text) : -1;
	int last = len == 7 && text[3] == '-' ? weekday(text + 4) : len == 3 ? first : -1;

	if (first < 0 || last < 0) {
		builder_expected(b, json,
				 "a day or days of the week: \"Mon\", \"Mon-Fri\"");
		return;
	}
	for (int i = first; i != last; i = (i + 1) % 7)
		*days |= (uint8_t)(1 << i);
	*days |= (uint8_t)(1 << last);
}

static void load_days(struct builder *b, json_t *json, uint8_t *days)
{
	json_t *day;

	builder_enter(b, "weekdays");
	if (builder_count(json) == 0)
		builder_fail(b, "an empty list has no day");
	for (size_t i = 0; (day = builder_element(b, json, i)); i++)
		load_day(b, day, days);
	builder_leave(b);
}

static void load_schedule(struct builder *b, json_t *json, struct policy_node *node)
{
	struct policy_schedule *s = builder_take(b, 1, sizeof(*s));
	json_t *days = json_object_get(json, "weekdays");
	bool from, to;

	if (!json_is_object(json) || json_object_size(json) == 0) {
		builder_expected(b, json,
				 "an object with one or more of: from to weekdays");
		return;
	}
	builder_members(b, json, "from to weekdays");
	if (!s)
		return;
	from = load_hour(b, json, "from", &s->from);
	to = load_hour(b, json, "to", &s->to);
	if (from && to && s->from == s->to && !b->failed)
		builder_fail(b, "\"from\" and \"to\" are the same time of day");
	s->weekdays = 0x7F;
	if (days) {
		s->weekdays = 0;
		load_days(b, days, &s->weekdays);
	}
	node->kind = POLICY_SCHEDULE;
	node->schedule = s;
}

/*** conditions ***/

static void load_list(struct builder *b, json_t *json, struct policy_node *node,
		      int depth)
{
	json_t *list = builder_list(b, json, 1, "a list of conditions that is not empty");
	struct policy_node *children =
		builder_take(b, json_array_size(list), sizeof(*children));
	json_t *condition;

	if (!children)
		return;
	for (size_t i = 0; (condition = builder_element(b, list, i)); i++)
		load_at(b, condition, &children[i], depth);
	node->children = children;
	node->nchildren = json_array_size(list);
}

static void load_not(struct builder *b, json_t *json, struct policy_node *node, int depth)
{
	struct policy_node *child = builder_take(b, 1, sizeof(*child));

	if (!child)
		return;
	load_at(b, json, child, depth);
	node->kind = POLICY_NOT;
	node->children = child;
	node->nchildren = 1;
}

static void load_member(struct builder *b, const char *name, json_t *json,
			struct policy_node *node, int depth)
{
	if (strcmp(name, "all") == 0 || strcmp(name, "any") == 0) {
		node->kind = name[1] == 'l' ? POLICY_ALL : POLICY_ANY;
		load_list(b, json, node, depth + 1);
	} else if (strcmp(name, "not") == 0) {
		load_not(b, json, node, depth + 1);
	} else if (strcmp(name, "sample") == 0) {
		load_sample(b, json, node);
	} else if (strcmp(name, "schedule") == 0) {
		load_schedule(b, json, node);
	} else {
		node->attribute = attribute_named(b, name, JSON_PLACE_NAME);
		if (node->attribute)
			test_load(b, json, node);
	}
}

/* An object: all of its members */
static void load_at(struct builder *b, json_t *json, struct policy_node *node, int depth)
{
	size_t n = json_object_size(json), i = 0;
	struct policy_node *children = builder_take(b, n, sizeof(*children));
	const char *name;
	json_t *value;

	if (!json_is_object(json)) {
		builder_expected(b, json, "an object of conditions");
		return;
	}
	if (depth > MAX_DEPTH) {
		builder_fail(b, "conditions are nested more than %d deep", MAX_DEPTH);
		return;
	}
	json_object_foreach(json, name, value)
	{
		if (!children)
			return;
		builder_enter(b, name);
		load_member(b, name, value, &children[i++], depth);
		builder_leave(b);
	}
	*node = (struct policy_node){
		.kind = POLICY_ALL, .children = children, .nchildren = n};
}

void condition_load(struct builder *b, json_t *json, struct policy_node *node)
{
	load_at(b, json, node, 0);
}
