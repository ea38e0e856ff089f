/* SPDX-License-Identifier: MIT */
/* report.h - the errors and warnings of a policy, with their places. */
#ifndef LOADER_REPORT_H
#define LOADER_REPORT_H

#include "base/bytes.h"
#include "loader/json_place.h"

enum { REPORT_MAX = 200 }; /* entries that are kept; all are counted */

struct report_entry {
	char *text;     /* FILE:LINE:COLUMN: error: what was found, what is allowed */
	size_t file;    /* bytes of FILE; 0: there is none */
	size_t message; /* where in <text> it is said what was found */
	struct json_place at; /* line 0: not known */
	bool warning;
};

/* Zeroed, it is empty. */
struct report {
	struct report_entry entries[REPORT_MAX];
	size_t n;
	size_t errors, warnings; /* also those that were not kept */
};

/* Add an error or a <warning>.  at.line is 0 if the place is not known, <file> NULL if it
 * is not about a file.
 */
void report_add(struct report *r, bool warning, const char *file, struct json_place at,
		const char *format, ...) __attribute__((format(printf, 5, 6)));

/* The first error, NULL if none was kept; its file and what was found, borrowed. */
const struct report_entry *report_first_error(const struct report *r);
struct slice report_file(const struct report_entry *entry);
struct slice report_message(const struct report_entry *entry);

/* Put the entries from number <from> on into the order of their places, file by file. */
void report_sort(struct report *r, size_t from);

/* Release the texts; the report is empty then. */
void report_clear(struct report *r);

#endif
