/* SPDX-License-Identifier: MIT */
/* build.h - a policy while it is being built: its memory, its attributes, its first
 * error. */
#ifndef BUILD_H
#define BUILD_H

#include <jansson.h>

#include "policy.h"

enum { BUILD_MAX_PLACE = 200 };

struct build_block;

struct build {
	const char *path;
	char place[BUILD_MAX_PLACE]; /* in the JSON document, for messages */
	struct build_block *blocks;  /* memory that lives and dies with the policy */
	struct policy_attribute *attributes;
	size_t nattributes;
	struct policy_error *error;
	bool failed;
	bool adding; /* the first of two passes: it only notes attributes */
};

/* Say what is wrong at the place; only the first error is kept. */
void build_fail(struct build *b, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Step into a member or an element; what is returned is for build_leave(). */
size_t build_enter(struct build *b, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void build_leave(struct build *b, size_t at);

/* Zeroed memory, or a copy of a text, that is the policy's.  NULL if there is none,
 * which is then the error.
 */
void *build_take(struct build *b, size_t count, size_t size);
const char *build_text(struct build *b, const char *text);

/* Release all memory of a policy. */
void build_free(struct build_block *blocks);

/* Every member of <object> must be one of <names>, a list separated by spaces. */
void build_members(struct build *b, json_t *object, const char *names);

/* A string member, copied; NULL if it is not there. */
const char *build_string(struct build *b, json_t *object, const char *name);

#endif
