/* SPDX-License-Identifier: MIT */
#include "loader/builder.h"
#include "base/suggest.h"
#include "dicom/pdu.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { JSON_PLACE_TEXT = 400, MESSAGE_TEXT = 1400 };

/*** what is wrong ***/

/* What is missing has no place; then it is that of the nearest thing around it. */
struct json_place builder_place(const struct builder *b, enum json_place_end end)
{
	size_t n = b->depth < BUILDER_MAX_DEPTH ? b->depth : BUILDER_MAX_DEPTH;
	struct json_place at = {0};

	while (!json_place_find(b->json, b->steps, n, end, &at)) {
		if (n-- == 0)
			return (struct json_place){0};
		end = JSON_PLACE_VALUE;
	}
	return at;
}

/* rules[0].if.Modality */
static void describe(const struct builder *b, char *text, size_t size)
{
	size_t len = 0;

	snprintf(text, size, "document");
	for (size_t i = 0; i < b->depth && i < BUILDER_MAX_DEPTH && len < size; i++) {
		const struct json_place_step *step = &b->steps[i];
		int n = step->member
				? snprintf(text + len, size - len, "%s%s",
					   i > 0 ? "." : "", step->member)
				: snprintf(text + len, size - len, "[%zu]", step->index);

		len += n > 0 ? (size_t)n : 0;
	}
}

/* The place is looked for only if it will be shown: it costs a walk over the text. */
static void fail(struct builder *b, enum json_place_end end, const char *message)
{
	struct json_place at = {0};
	char place[JSON_PLACE_TEXT];

	b->failed = true;
	describe(b, place, sizeof(place));
	if (b->report->n < REPORT_MAX)
		at = builder_place(b, end);
	report_add(b->report, false, b->path, at, "%s: %s", place, message);
}

void builder_fail(struct builder *b, const char *format, ...)
{
	char message[MESSAGE_TEXT];
	va_list ap;

	va_start(ap, format);
	vsnprintf(message, sizeof(message), format, ap);
	va_end(ap);
	fail(b, JSON_PLACE_VALUE, message);
}

void builder_fail_name(struct builder *b, const char *format, ...)
{
	char message[MESSAGE_TEXT];
	va_list ap;

	va_start(ap, format);
	vsnprintf(message, sizeof(message), format, ap);
	va_end(ap);
	fail(b, JSON_PLACE_NAME, message);
}

void builder_expected(struct builder *b, const json_t *found, const char *expected)
{
	static const char *const kinds[] = {
		[JSON_OBJECT] = "an object", [JSON_ARRAY] = "a list",
		[JSON_STRING] = "a string",  [JSON_INTEGER] = "a number",
		[JSON_REAL] = "a number",    [JSON_TRUE] = "true",
		[JSON_FALSE] = "false",      [JSON_NULL] = "null"};

	if (json_is_string(found))
		builder_fail(b, "expected %s, found \"%s\"", expected,
			     json_string_value(found));
	else
		builder_fail(b, "expected %s, found %s", expected,
			     found ? kinds[json_typeof(found)] : "nothing");
}

static void step(struct builder *b, struct json_place_step to)
{
	if (b->depth < BUILDER_MAX_DEPTH)
		b->steps[b->depth] = to;
	b->depth++;
}

void builder_enter(struct builder *b, const char *name)
{
	step(b, (struct json_place_step){.member = name});
}

void builder_enter_element(struct builder *b, size_t index)
{
	step(b, (struct json_place_step){.index = index});
}

void builder_leave(struct builder *b)
{
	b->depth--;
}

/*** lists ***/

json_t *builder_list(struct builder *b, json_t *json, size_t least, const char *expected)
{
	if (json_is_array(json) && json_array_size(json) >= least)
		return json;
	builder_expected(b, json, expected);
	return NULL;
}

json_t *builder_element(struct builder *b, json_t *list, size_t i)
{
	if (!json_is_array(list))
		return i == 0 ? list : NULL;
	if (i > 0)
		builder_leave(b);
	if (i == json_array_size(list))
		return NULL;
	builder_enter_element(b, i);
	return json_array_get(list, i);
}

size_t builder_count(const json_t *list)
{
	return json_is_array(list) ? json_array_size(list) : 1;
}

/*** memory ***/

void *builder_take(struct builder *b, size_t count, size_t size)
{
	void *bytes = policy_memory_take(&b->memory, count > 0 ? count * size : 1);

	if (!bytes)
		builder_fail(b, "out of memory");
	return bytes;
}

const char *builder_text(struct builder *b, const char *text)
{
	size_t size = strlen(text) + 1;
	char *copy = builder_take(b, size, 1);

	return copy ? memcpy(copy, text, size) : NULL;
}

void builder_own(struct builder *b, void *thing, void (*release)(void *thing))
{
	if (policy_memory_own(&b->memory, thing, release))
		return;
	release(thing);
	builder_fail(b, "out of memory");
}

/* It doubles whenever its size is a power of two. */
void *builder_grow(struct builder *b, void *array, size_t n, size_t size)
{
	void *grown;

	if (n & (n - 1))
		return array;
	grown = reallocarray(array, n ? 2 * n : 1, size);
	if (!grown)
		builder_fail(b, "out of memory");
	return grown;
}

/*** members ***/

static bool is_listed(const char *names, const char *name)
{
	size_t len = strlen(name);

	for (const char *at = names; at; at = strchr(at, ' ')) {
		at += *at == ' ';
		if (strncmp(at, name, len) == 0 && (at[len] == ' ' || at[len] == '\0'))
			return len > 0 && !strchr(name, ' ');
	}
	return false;
}

static void fail_unknown(struct builder *b, const char *name, const char *names)
{
	char words[512], *rest, *word;
	struct suggest n;

	snprintf(words, sizeof(words), "%s", names);
	suggest_begin(&n, name);
	for (word = strtok_r(words, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
		suggest_offer(&n, word);
	builder_fail_name(b, "unknown member \"%s\"%s%s: %s", name, suggest_phrase(&n),
			  n.best ? " Allowed" : "; allowed", names);
}

void builder_members(struct builder *b, json_t *object, const char *names)
{
	const char *name;
	json_t *value;

	json_object_foreach(object, name, value)
	{
		builder_enter(b, name);
		if (!is_listed(names, name))
			fail_unknown(b, name, names);
		builder_leave(b);
	}
}

const char *builder_string(struct builder *b, json_t *object, const char *name)
{
	json_t *value = json_object_get(object, name);

	if (!value)
		return NULL;
	if (json_is_string(value) && *json_string_value(value) != '\0')
		return builder_text(b, json_string_value(value));
	builder_enter(b, name);
	builder_expected(b, value, "a string that is not empty");
	builder_leave(b);
	return NULL;
}

const char *builder_ae_title(struct builder *b, json_t *object, const char *name)
{
	const char *title = builder_string(b, object, name);

	builder_enter(b, name);
	if (title && !pdu_is_ae_title(title))
		builder_fail(b, "\"%s\" is not an AE title: expected " PDU_AE_TITLE_FORM,
			     title);
	builder_leave(b);
	return title;
}
