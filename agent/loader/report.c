/* SPDX-License-Identifier: MIT */
#include "loader/report.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { TEXT_MAX = 2048 };

static int put_place(char *text, size_t size, const char *file, struct json_place at)
{
	if (!file)
		return 0;
	if (at.line == 0)
		return snprintf(text, size, "%s: ", file);
	return snprintf(text, size, "%s:%u:%u: ", file, at.line, at.column);
}

void report_add(struct report *r, bool warning, const char *file, struct json_place at,
		const char *format, ...)
{
	struct report_entry *entry;
	char text[TEXT_MAX];
	size_t len;
	va_list ap;
	int n;

	r->errors += !warning;
	r->warnings += warning;
	if (r->n == REPORT_MAX)
		return;
	n = put_place(text, sizeof(text), file, at);
	len = n < 0 ? 0 : (size_t)n < sizeof(text) ? (size_t)n : sizeof(text) - 1;
	n = snprintf(text + len, sizeof(text) - len,
		     "%s: ", warning ? "warning" : "error");
	if (n > 0 && (size_t)n < sizeof(text) - len) {
		len += (size_t)n;
		va_start(ap, format);
		vsnprintf(text + len, sizeof(text) - len, format, ap);
		va_end(ap);
	}
	entry = &r->entries[r->n];
	*entry = (struct report_entry){.text = strdup(text),
				       .file = file ? strnlen(file, len) : 0,
				       .message = len,
				       .at = at,
				       .warning = warning};
	if (entry->text)
		r->n++;
}

const struct report_entry *report_first_error(const struct report *r)
{
	for (size_t i = 0; i < r->n; i++)
		if (!r->entries[i].warning)
			return &r->entries[i];
	return NULL;
}

struct slice report_file(const struct report_entry *entry)
{
	return slice_of(entry->text, entry->file);
}

struct slice report_message(const struct report_entry *entry)
{
	return slice_str(entry->text + entry->message);
}

static bool is_before(const struct report_entry *a, const struct report_entry *b)
{
	int order = slice_order(report_file(a), report_file(b));

	if (order != 0)
		return order < 0;
	if (a->at.line != b->at.line)
		return a->at.line < b->at.line;
	return a->at.column < b->at.column;
}

/* Few, mostly in order, and equal ones stay as they are. */
void report_sort(struct report *r, size_t from)
{
	for (size_t i = from; i < r->n; i++)
		for (size_t k = i;
		     k > from && is_before(&r->entries[k], &r->entries[k - 1]); k--) {
			struct report_entry swap = r->entries[k];

			r->entries[k] = r->entries[k - 1];
			r->entries[k - 1] = swap;
		}
}

void report_clear(struct report *r)
{
	for (size_t i = 0; i < r->n; i++)
		free(r->entries[i].text);
	*r = (struct report){0};
}
