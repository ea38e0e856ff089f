/* SPDX-License-Identifier: MIT */
#include "archive/acceptance.h"

#include <stdlib.h>

static bool is_class(const struct dict_uid *u)
{
	return u->kind == DICT_STORAGE || u->kind == DICT_VERIFICATION;
}

static bool is_syntax(const struct dict_uid *u)
{
	struct slice uid = slice_str(u->uid);

	return dict_in_group("uncompressed", uid) || dict_in_group("compressed", uid);
}

/* The UIDs of the dictionary that are <wanted>; NULL: no memory. */
static const struct dict_uid **collect(bool (*wanted)(const struct dict_uid *), size_t *n)
{
	const struct dict_uid **list, *u;

	*n = 0;
	for (size_t i = 0; (u = dict_uid_at(i)); i++)
		*n += wanted(u);
	list = calloc(*n, sizeof(const struct dict_uid *));
	*n = 0;
	for (size_t i = 0; list && (u = dict_uid_at(i)); i++)
		if (wanted(u))
			list[(*n)++] = u;
	return list;
}

bool acceptance_init(struct acceptance *a)
{
	a->classes = collect(is_class, &a->nclasses);
	a->syntaxes = collect(is_syntax, &a->nsyntaxes);
	a->pairs = calloc(a->nclasses * a->nsyntaxes + 1, sizeof(bool));
	return a->classes && a->syntaxes && a->pairs;
}

void acceptance_clear(struct acceptance *a)
{
	free(a->classes);
	free(a->syntaxes);
	free(a->pairs);
}

static bool same(struct acceptance *a, size_t one, size_t other)
{
	return memcmp(acceptance_of(a, one, 0), acceptance_of(a, other, 0),
		      a->nsyntaxes * sizeof(bool)) == 0;
}

static bool has_any(struct acceptance *a, size_t class)
{
	for (size_t i = 0; i < a->nsyntaxes; i++)
		if (*acceptance_of(a, class, i))
			return true;
	return false;
}

/* True if no class before it has the same transfer syntaxes, and it has some. */
static bool is_first(struct acceptance *a, size_t class)
{
	if (!has_any(a, class))
		return false;
	for (size_t i = 0; i < class; i++)
		if (same(a, i, class))
			return false;
	return true;
}

static json_t *report_like(struct acceptance *a, size_t first)
{
	json_t *classes = json_array(), *syntaxes = json_array();

	for (size_t i = first; i < a->nclasses; i++)
		if (same(a, first, i))
			json_array_append_new(classes,
					      json_string(a->classes[i]->keyword));
	for (size_t i = 0; i < a->nsyntaxes; i++)
		if (*acceptance_of(a, first, i))
			json_array_append_new(syntaxes,
					      json_string(a->syntaxes[i]->keyword));
	return json_pack("{s:o, s:o}", "sop_classes", classes, "transfer_syntaxes",
			 syntaxes);
}

json_t *acceptance_report(struct acceptance *a)
{
	json_t *list = json_array();

	for (size_t i = 0; i < a->nclasses; i++)
		if (is_first(a, i))
			json_array_append_new(list, report_like(a, i));
	return list;
}
