/* SPDX-License-Identifier: MIT */
/* PS3.8 9.3.4 */
#include "dicom/rejection.h"

#define REJECTION_ROW(id, result, source, reason, name, words)                           \
	{{result, source, reason}, name, words},

static const struct {
	struct rejection why;
	const char *name, *words;
} rows[] = {REJECTIONS(REJECTION_ROW)};

struct rejection rejection_of(enum rejection_id id)
{
	return rows[id].why;
}

enum rejection_id rejection_find(const struct rejection *why)
{
	unsigned i = 0;

	while (i < REJECTION_COUNT &&
	       (rows[i].why.source != why->source || rows[i].why.reason != why->reason))
		i++;
	return (enum rejection_id)i;
}

const char *rejection_name(enum rejection_id id)
{
	return rows[id].name;
}

const char *rejection_words(const struct rejection *why)
{
	enum rejection_id id = rejection_find(why);

	return id < REJECTION_COUNT ? rows[id].words
				    : "a reason that DICOM does not know";
}
