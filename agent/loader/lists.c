/* SPDX-License-Identifier: MIT */
#include "loader/lists.h"
#include "base/suggest.h"
#include "loader/values.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/*** lists ***/

static size_t count_lines(const char *text)
{
	size_t n = 1;

	for (; *text; text++)
		n += *text == '\n';
	return n;
}

static char *trimmed(char *line)
{
	char *end;

	line += strspn(line, " \t\r");
	end = line + strlen(line);
	while (end > line && strchr(" \t\r", end[-1]))
		*--end = '\0';
	return line;
}

static bool is_utf8(const char *text)
{
	json_t *string = json_string(text);

	json_decref(string);
	return string != NULL;
}

static void add_line(struct builder *b, struct builder_list *list, unsigned number,
		     const char *text, const char **values, unsigned *lines)
{
	if (!is_utf8(text)) {
		b->failed = true;
		report_add(b->report, false, list->file, (struct json_place){number, 1},
			   "the line is not UTF-8");
		return;
	}
	lines[list->n] = number;
	values[list->n++] = builder_text(b, text);
}

/* As HAProxy's files of patterns: a value in each line, # begins a comment line. */
static void split_lines(struct builder *b, struct builder_list *list, char *text)
{
	static const char mark[] =
		"\xEF\xBB\xBF"; /* byte order mark U+FEFF, which some editors write */
	size_t n = count_lines(text);
	const char **values = builder_take(b, n, sizeof(*values));
	unsigned *lines = builder_take(b, n, sizeof(*lines)), number = 0;

	list->values = values;
	list->lines = lines;
	text += strncmp(text, mark, strlen(mark)) == 0 ? strlen(mark) : 0;
	while (values && lines && text) {
		char *end = strchr(text, '\n');

		if (end)
			*end++ = '\0';
		text = trimmed(text);
		number++;
		if (*text != '\0' && *text != '#')
			add_line(b, list, number, text, values, lines);
		text = end;
	}
}

/* A path is relative to the policy's own directory. */
static char *beside(const char *policy, const char *path)
{
	const char *slash = strrchr(policy, '/');
	char *joined;

	if (*path == '/' || !slash)
		return strdup(path);
	if (asprintf(&joined, "%.*s%s", (int)(slash + 1 - policy), policy, path) < 0)
		return NULL;
	return joined;
}

static void load_file(struct builder *b, json_t *json, struct builder_list *list,
		      struct files *files)
{
	const char *name = builder_string(b, json, "file");
	char *path, *text;
	size_t len;
	int error;

	builder_members(b, json, "file");
	if (!name) {
		if (!json_object_get(json, "file"))
			builder_expected(b, json,
					 "a list of values, or {\"file\": PATH}");
		return;
	}
	path = beside(b->path, name);
	text = path ? files_read(files, path, &len) : NULL;
	error = errno;
	list->file = path ? builder_text(b, path) : NULL;
	builder_enter(b, "file");
	if (!text)
		builder_fail(b, "%s: cannot be read: %s", path ? path : name,
			     strerror(error));
	else if (strlen(text) != len)
		builder_fail(b, "%s: is no text: it has a zero in it", path);
	else
		split_lines(b, list, text);
	builder_leave(b);
	free(text);
	free(path);
}

static void load_values(struct builder *b, json_t *json, struct builder_list *list)
{
	json_t *value;

	list->json = json;
	list->n = json_array_size(json);
	for (size_t i = 0; (value = builder_element(b, json, i)); i++)
		if (!json_is_string(value) && !json_is_number(value))
			builder_expected(b, value, "a string or a number");
}

void lists_load(struct builder *b, json_t *json, struct files *files)
{
	const char *name;
	json_t *value;

	if (!json)
		return;
	if (!json_is_object(json)) {
		builder_expected(b, json, "an object with a list for each name");
		return;
	}
	b->lists = builder_take(b, json_object_size(json), sizeof(*b->lists));
	json_object_foreach(json, name, value)
	{
		struct builder_list *list;

		if (!b->lists)
			return;
		builder_enter(b, name);
		list = &b->lists[b->nlists++];
		list->name = builder_text(b, name);
		if (json_is_array(value))
			load_values(b, value, list);
		else
			load_file(b, value, list, files);
		builder_leave(b);
	}
}

/*** sets ***/

static void add_value(struct builder *b, const struct builder_list *list, size_t i,
		      struct policy_set *set, const struct policy_attribute *a)
{
	char why[VALUE_SET_WHY];
	json_t *value;

	if (list->file) {
		if (list->values[i] && !values_text(b, set, a, list->values[i], why)) {
			b->failed = true;
			report_add(b->report, false, list->file,
				   (struct json_place){list->lines[i], 1}, "for %s: %s",
				   a->name, why);
		}
		return;
	}
	value = json_array_get(list->json, i);
	if (json_is_string(value)
		    ? !values_text(b, set, a, json_string_value(value), why)
		    : json_is_number(value) && !values_number(b, set, a, value, why))
		builder_fail(b, "list \"%s\", value %zu: %s", list->name, i + 1, why);
}

static const struct policy_set *make_set(struct builder *b,
					 const struct builder_list *list,
					 const struct policy_attribute *a, bool fold)
{
	struct policy_set *set = values_new(b, list->n, fold);
	struct builder_set *sets = builder_grow(b, b->sets, b->nsets, sizeof(*sets));

	if (sets)
		b->sets = sets;
	if (!sets || !set)
		return NULL;
	for (size_t i = 0; i < list->n; i++)
		add_value(b, list, i, set, a);
	values_finish(set);
	set->name = list->name;
	sets[b->nsets++] = (struct builder_set){list, a, fold, set};
	return set;
}

static bool serves(const struct policy_attribute *made_for,
		   const struct policy_attribute *a)
{
	return made_for == a ||
	       (strcmp(a->vr, "UI") != 0 && strcmp(made_for->vr, a->vr) == 0);
}

static void fail_unknown(struct builder *b, const char *name)
{
	struct suggest n;

	suggest_begin(&n, name);
	for (size_t i = 0; i < b->nlists; i++)
		if (b->lists[i].name)
			suggest_offer(&n, b->lists[i].name);
	builder_fail(b, "there is no list \"%s\"%s", name,
		     n.best ? suggest_phrase(&n) : " in \"lists\"");
}

const struct policy_set *lists_set(struct builder *b, const char *name,
				   const struct policy_attribute *a, bool fold)
{
	struct builder_list *list = NULL;

	for (size_t i = 0; i < b->nlists && !list; i++)
		if (b->lists[i].name && strcmp(b->lists[i].name, name) == 0)
			list = &b->lists[i];
	if (!list) {
		fail_unknown(b, name);
		return NULL;
	}
	list->used = true;
	for (size_t i = 0; i < b->nsets; i++)
		if (b->sets[i].list == list && b->sets[i].fold == fold &&
		    serves(b->sets[i].attribute, a))
			return b->sets[i].set;
	return make_set(b, list, a, fold);
}
