/* SPDX-License-Identifier: MIT */
/* build.h - a policy while it is being built: its memory, its attributes, and what is
 * wrong with it.
 *
 * Whoever walks the document says where it goes (build_enter(), build_leave()), so that
 * a mistake can be shown with its line.  Loading goes on after one: all are wanted.
 */
#ifndef BUILD_H
#define BUILD_H

#include <jansson.h>

#include "policy.h"
#include "report.h"

enum { BUILD_MAX_DEPTH = 256 }; /* of a place */

struct build_block;

/* A list of values that conditions name. */
struct build_list {
	const char *name;
	const char *file;          /* NULL: it stands in the policy */
	const char *const *values; /* of a file */
	const unsigned *lines;     /* the same: where they stand */
	json_t *json;              /* of the policy */
	size_t n;
	bool used;
};

/* One that has been made into a set for attributes of one VR; groups of UIDs are for one
 * attribute alone.
 */
struct build_set {
	const struct build_list *list;
	const struct policy_attribute *attribute;
	bool fold;
	const struct policy_set *set;
};

struct build_pool {
	const char *name;
	const struct capability *accepts;
	bool used;
};

struct build {
	const char *path;
	struct slice json; /* the text */
	struct place_step steps[BUILD_MAX_DEPTH];
	size_t depth;
	struct build_block *blocks; /* memory that lives and dies with the policy */
	struct policy_attribute **attributes; /* malloc'ed, as the next two are */
	size_t nattributes;
	struct build_set *sets;
	size_t nsets;
	struct build_list *lists; /* in <blocks> */
	size_t nlists;
	struct build_pool *pools; /* in <blocks>: what "pools" tells */
	size_t npools;
	json_t *listed; /* the numbers of policy->pools by their names */
	const struct policy_pools **lists_of_pools; /* malloc'ed; policy->npools */
	const struct capability *usual;
	const json_t *probed; /* answers of archives by their key, or NULL */
	struct prober_archive *archives; /* malloc'ed; policy->narchives */
	struct unicode_scratch *unicode;
	struct report *report;
	bool failed;
};

/* Say what is wrong with the value at the place, or with its name. */
void build_fail(struct build *b, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void build_fail_name(struct build *b, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* The same, of what was <expected>, with what was found instead. */
void build_expected(struct build *b, const json_t *found, const char *expected);

/* Step into a member or an element; and out again.  <name> must live until then. */
void build_enter(struct build *b, const char *name);
void build_enter_element(struct build *b, size_t index);
void build_leave(struct build *b);

/* The place now. */
struct place build_place(const struct build *b, enum place_end end);

/* Zeroed memory, or a copy of a text, that is the policy's.  NULL if there is none,
 * which is then an error.
 */
void *build_take(struct build *b, size_t count, size_t size);
const char *build_text(struct build *b, const char *text);

/* Let <thing> be released with the policy. */
void build_own(struct build *b, void *thing, void (*release)(void *thing));

/* Release all memory of a policy. */
void build_free(struct build_block *blocks);

/* A malloc'ed array of <n> elements with room for one more; NULL is an error, and the
 * old one stays.
 */
void *build_grow(struct build *b, void *array, size_t n, size_t size);

/* Every member of <object> must be one of <names>, a list separated by spaces. */
void build_members(struct build *b, json_t *object, const char *names);

/* A string member that is not empty, copied; NULL if it is not there, or wrong. */
const char *build_string(struct build *b, json_t *object, const char *name);

#endif
