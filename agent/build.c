/* SPDX-License-Identifier: MIT */
#include "build.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

struct build_block {
	struct build_block *next;
	max_align_t bytes[];
};

void build_fail(struct build *b, const char *format, ...)
{
	va_list ap;
	int n;

	if (b->failed)
		return;
	b->failed = true;
	n = snprintf(b->error->text, sizeof(b->error->text), "%s: %s: ", b->path,
		     b->place);
	if (n < 0 || (size_t)n >= sizeof(b->error->text))
		return;
	va_start(ap, format);
	vsnprintf(b->error->text + n, sizeof(b->error->text) - (size_t)n, format, ap);
	va_end(ap);
}

size_t build_enter(struct build *b, const char *format, ...)
{
	size_t at = strlen(b->place);
	va_list ap;

	va_start(ap, format);
	vsnprintf(b->place + at, sizeof(b->place) - at, format, ap);
	va_end(ap);
	return at;
}

void build_leave(struct build *b, size_t at)
{
	b->place[at] = '\0';
}

void *build_take(struct build *b, size_t count, size_t size)
{
	struct build_block *block =
		calloc(1, sizeof(*block) + (count > 0 ? count * size : 1));

	if (!block) {
		build_fail(b, "out of memory");
		return NULL;
	}
	block->next = b->blocks;
	b->blocks = block;
	return block->bytes;
}

const char *build_text(struct build *b, const char *text)
{
	size_t size = strlen(text) + 1;
	char *copy = build_take(b, size, 1);

	return copy ? memcpy(copy, text, size) : NULL;
}

void build_free(struct build_block *blocks)
{
	while (blocks) {
		struct build_block *next = blocks->next;

		free(blocks);
		blocks = next;
	}
}

void build_members(struct build *b, json_t *object, const char *names)
{
	const char *name;
	json_t *value;

	json_object_foreach(object, name, value)
	{
		size_t len = strlen(name);
		const char *at = strstr(names, name);

		if (!at || len == 0 || strchr(name, ' ') ||
		    (at != names && at[-1] != ' ') || (at[len] != ' ' && at[len] != '\0'))
			build_fail(b, "unknown member \"%s\"; allowed: %s", name, names);
	}
}

const char *build_string(struct build *b, json_t *object, const char *name)
{
	json_t *value = json_object_get(object, name);

	if (!value)
		return NULL;
	if (!json_is_string(value) || *json_string_value(value) == '\0') {
		build_fail(b, "\"%s\" must be a string that is not empty", name);
		return NULL;
	}
	return build_text(b, json_string_value(value));
}
