/* SPDX-License-Identifier: MIT */
#include "build.h"
#include "nearest.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { PLACE_TEXT = 400, MESSAGE_TEXT = 1400 };

struct build_block {
	struct build_block *next;
	void *thing; /* another one's, or NULL */
	void (*release)(void *thing);
	max_align_t bytes[];
};

/*** what is wrong ***/

/* What is missing has no place; then it is that of the nearest thing around it. */
struct place build_place(const struct build *b, enum place_end end)
{
	size_t n = b->depth < BUILD_MAX_DEPTH ? b->depth : BUILD_MAX_DEPTH;
	struct place at = {0};

	while (!place_find(b->json, b->steps, n, end, &at)) {
		if (n-- == 0)
			return (struct place){0};
		end = PLACE_VALUE;
	}
	return at;
}

/* rules[0].if.Modality */
static void describe(const struct build *b, char *text, size_t size)
{
	size_t len = 0;

	snprintf(text, size, "document");
	for (size_t i = 0; i < b->depth && i < BUILD_MAX_DEPTH && len < size; i++) {
		const struct place_step *step = &b->steps[i];
		int n = step->member ? snprintf(text + len, size - len, "%s%s",
						i > 0 ? "." : "", step->member)
				     : snprintf(text + len, size - len, "[%zu]",
						step->index);

		len += n > 0 ? (size_t)n : 0;
	}
}

/* The place is looked for only if it will be shown: it costs a walk over the text. */
static void fail(struct build *b, enum place_end end, const char *message)
{
	struct place at = {0};
	char place[PLACE_TEXT];

	b->failed = true;
	describe(b, place, sizeof(place));
	if (b->report->n < REPORT_MAX)
		at = build_place(b, end);
	report_add(b->report, false, b->path, at, "%s: %s", place, message);
}

void build_fail(struct build *b, const char *format, ...)
{
	char message[MESSAGE_TEXT];
	va_list ap;

	va_start(ap, format);
	vsnprintf(message, sizeof(message), format, ap);
	va_end(ap);
	fail(b, PLACE_VALUE, message);
}

void build_fail_name(struct build *b, const char *format, ...)
{
	char message[MESSAGE_TEXT];
	va_list ap;

	va_start(ap, format);
	vsnprintf(message, sizeof(message), format, ap);
	va_end(ap);
	fail(b, PLACE_NAME, message);
}

void build_expected(struct build *b, const json_t *found, const char *expected)
{
	static const char *const kinds[] = {
		[JSON_OBJECT] = "an object", [JSON_ARRAY] = "a list",
		[JSON_STRING] = "a string",  [JSON_INTEGER] = "a number",
		[JSON_REAL] = "a number",    [JSON_TRUE] = "true",
		[JSON_FALSE] = "false",      [JSON_NULL] = "null"};

	if (json_is_string(found))
		build_fail(b, "expected %s, found \"%s\"", expected,
			   json_string_value(found));
	else
		build_fail(b, "expected %s, found %s", expected,
			   found ? kinds[json_typeof(found)] : "nothing");
}

static void step(struct build *b, struct place_step to)
{
	if (b->depth < BUILD_MAX_DEPTH)
		b->steps[b->depth] = to;
	b->depth++;
}

void build_enter(struct build *b, const char *name)
{
	step(b, (struct place_step){.member = name});
}

void build_enter_element(struct build *b, size_t index)
{
	step(b, (struct place_step){.index = index});
}

void build_leave(struct build *b)
{
	b->depth--;
}

/*** memory ***/

static struct build_block *new_block(struct build *b, size_t size)
{
	struct build_block *block = calloc(1, sizeof(*block) + size);

	if (!block) {
		build_fail(b, "out of memory");
		return NULL;
	}
	block->next = b->blocks;
	b->blocks = block;
	return block;
}

void *build_take(struct build *b, size_t count, size_t size)
{
	struct build_block *block = new_block(b, count > 0 ? count * size : 1);

	return block ? block->bytes : NULL;
}

const char *build_text(struct build *b, const char *text)
{
	size_t size = strlen(text) + 1;
	char *copy = build_take(b, size, 1);

	return copy ? memcpy(copy, text, size) : NULL;
}

void build_own(struct build *b, void *thing, void (*release)(void *thing))
{
	struct build_block *block = new_block(b, 0);

	if (!block) {
		release(thing);
		return;
	}
	block->thing = thing;
	block->release = release;
}

void build_free(struct build_block *blocks)
{
	while (blocks) {
		struct build_block *next = blocks->next;

		if (blocks->release)
			blocks->release(blocks->thing);
		free(blocks);
		blocks = next;
	}
}

/* It doubles whenever its size is a power of two. */
void *build_grow(struct build *b, void *array, size_t n, size_t size)
{
	void *grown;

	if (n & (n - 1))
		return array;
	grown = reallocarray(array, n ? 2 * n : 1, size);
	if (!grown)
		build_fail(b, "out of memory");
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

static void fail_unknown(struct build *b, const char *name, const char *names)
{
	char words[512], *rest, *word;
	struct nearest n;

	snprintf(words, sizeof(words), "%s", names);
	nearest_begin(&n, name);
	for (word = strtok_r(words, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
		nearest_offer(&n, word);
	if (nearest_result(&n))
		build_fail_name(b,
				"unknown member \"%s\", did you mean \"%s\"? Allowed: %s",
				name, nearest_result(&n), names);
	else
		build_fail_name(b, "unknown member \"%s\"; allowed: %s", name, names);
}

void build_members(struct build *b, json_t *object, const char *names)
{
	const char *name;
	json_t *value;

	json_object_foreach(object, name, value)
	{
		build_enter(b, name);
		if (!is_listed(names, name))
			fail_unknown(b, name, names);
		build_leave(b);
	}
}

const char *build_string(struct build *b, json_t *object, const char *name)
{
	json_t *value = json_object_get(object, name);

	if (!value)
		return NULL;
	if (json_is_string(value) && *json_string_value(value) != '\0')
		return build_text(b, json_string_value(value));
	build_enter(b, name);
	build_expected(b, value, "a string that is not empty");
	build_leave(b);
	return NULL;
}
