/* SPDX-License-Identifier: MIT */
/* shapes.h - policies of any size, and questions of which the answer is known. */
#ifndef SHAPES_H
#define SHAPES_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	LIST = 2000, /* AE titles of the list */
	WIDTH = 16   /* of AE titles, and of CS */
};

enum shape { TITLES, FEW_EACH, SQUARE, ONE_TITLE, BODY_PARTS, WILDCARDS, LISTED, SHAPES };

static const struct {
	const char *name;
	bool bound;
} shapes[SHAPES] = {
	[TITLES] = {"10,000 AE titles, 1 modality", true},
	[FEW_EACH] = {"2,000 AE titles, 5 modalities each", true},
	[SQUARE] = {"100 AE titles, 100 modalities each", true},
	[ONE_TITLE] = {"1 AE title, 10,000 modalities", true},
	[BODY_PARTS] = {"100 modalities, 100 body parts each", true},
	[LISTED] = {"a list of 2,000 AE titles, 10,000 modalities", false},
	[WILDCARDS] = {"10,000 AE titles with wildcards", false},
};

/* Where the matching rule stands.  NO_RULE: an AE title that has rules, another modality;
 * STRANGER: not even that.
 */
enum position { FIRST, MIDDLE, LAST, NO_RULE, STRANGER, IN_TURN, POSITIONS };

static const char *const positions[POSITIONS] = {"first",   "middle",   "last",
						 "default", "stranger", "in turn"};

/* What an association has; <rule> is its name, or "default". */
struct asked {
	char title[WIDTH], modality[WIDTH], body_part[WIDTH];
	char rule[WIDTH];
};

/* Rules that have their first attribute's value in common */
static inline size_t group_size(enum shape shape, size_t n)
{
	size_t root = 1;

	while (root * root < n)
		root++;
	switch (shape) {
	case FEW_EACH:
		return 5;
	case SQUARE:
	case BODY_PARTS:
		return root;
	case ONE_TITLE:
	case LISTED:
		return n;
	default:
		return 1;
	}
}

/* PREFIX_N, padded */
static inline void put_name(char *to, const char *prefix, size_t n)
{
	char text[WIDTH + 24];
	int len = snprintf(text, sizeof(text), "%s%zu", prefix, n);

	memset(to, ' ', WIDTH);
	memcpy(to, text, len < WIDTH ? (size_t)len : WIDTH);
}

static inline struct asked question_for(enum shape shape, size_t rule, size_t n)
{
	size_t size = group_size(shape, n), group = rule / size, member = rule % size;
	struct asked q;

	put_name(q.title, "AE_", shape == LISTED ? member % LIST : group);
	put_name(q.modality, "M_", shape == BODY_PARTS ? group : member);
	put_name(q.body_part, "B_", member);
	snprintf(q.rule, sizeof(q.rule), "r%zu", rule);
	return q;
}

static inline struct asked question_at(enum shape shape, enum position at, size_t turn,
				       size_t n)
{
	const size_t rules[POSITIONS] = {0, n / 2, n - 1, n / 2, n / 2, turn * 7919 % n};
	struct asked q = question_for(shape, rules[at], n);

	if (at != NO_RULE && at != STRANGER)
		return q;
	put_name(q.modality, "NONE_", 0);
	put_name(q.body_part, "NONE_", 0);
	if (at == STRANGER)
		put_name(q.title, "STRANGER_", 0);
	strcpy(q.rule, "default");
	return q;
}

static inline int trimmed(const char *name)
{
	int len = WIDTH;

	while (len > 0 && name[len - 1] == ' ')
		len--;
	return len;
}

static inline void write_rule(FILE *f, enum shape shape, size_t i, size_t n)
{
	struct asked q = question_for(shape, i, n);

	fprintf(f, "%s\n{\"name\": \"%s\", \"if\": {", i > 0 ? "," : "", q.rule);
	if (shape == LISTED)
		fprintf(f, "\"CallingAETitle\": {\"in\": \"titles\"}, ");
	else if (shape == WILDCARDS)
		fprintf(f, "\"CallingAETitle\": \"?%.*s\", ", trimmed(q.title) - 1,
			q.title + 1);
	else if (shape != BODY_PARTS)
		fprintf(f, "\"CallingAETitle\": \"%.*s\", ", trimmed(q.title), q.title);
	fprintf(f, "\"Modality\": \"%.*s\"", trimmed(q.modality), q.modality);
	if (shape == BODY_PARTS)
		fprintf(f, ", \"BodyPartExamined\": \"%.*s\"", trimmed(q.body_part),
			q.body_part);
	fprintf(f, "}, \"backend\": \"pool_%zu\"}", i % 10);
}

/* Malloc'ed */
static inline char *write_policy(enum shape shape, size_t n)
{
	char *text;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	if (!f)
		abort();
	fprintf(f, "{\"rules\": [");
	for (size_t i = 0; i < n; i++)
		write_rule(f, shape, i, n);
	fprintf(f, "],\n\"default\": {\"backend\": \"general\"}");
	for (size_t i = 0; shape == LISTED && i < LIST; i++)
		fprintf(f, "%s\"AE_%zu\"", i > 0 ? ", " : ",\n\"lists\": {\"titles\": [",
			i);
	fprintf(f, "%s}", shape == LISTED ? "]}" : "");
	if (fclose(f) != 0)
		abort();
	return text;
}

#endif
