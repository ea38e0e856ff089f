/* SPDX-License-Identifier: MIT */
/* builder.h - a policy while it is being built: its memory, its attributes, and what is
 * wrong with it.
 *
 * Whoever walks the document says where it goes (builder_enter(), builder_leave()), so
 * that a mistake can be shown with its line.  Loading goes on after one: all are wanted.
 */
#ifndef LOADER_BUILDER_H
#define LOADER_BUILDER_H

#include <jansson.h>

#include "policy/memory.h"
#include "loader/report.h"

enum { BUILDER_MAX_DEPTH = 256 }; /* of a place */

/* A list of values that conditions name. */
struct builder_list {
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
struct builder_set {
	const struct builder_list *list;
	const struct policy_attribute *attribute;
	bool fold;
	const struct policy_set *set;
};

struct builder_pool {
	const char *name;
	const struct capability *accepts;
	bool used;
};

struct builder {
	const char *path;
	struct slice json; /* the text */
	struct json_place_step steps[BUILDER_MAX_DEPTH];
	size_t depth;
	struct policy_memory *memory;         /* becomes the policy's */
	struct policy_attribute **attributes; /* malloc'ed, as the next two are */
	size_t nattributes;
	struct builder_set *sets;
	size_t nsets;
	struct builder_list *lists; /* in <memory> */
	size_t nlists;
	struct builder_pool *pools; /* in <memory>: what "pools" tells */
	size_t npools;
	json_t *listed; /* the numbers of policy->pools by their names */
	const struct policy_pools **lists_of_pools; /* malloc'ed; policy->npools */
	const struct capability *usual;
	const json_t *probed;     /* answers of archives by their key, or NULL */
	struct archive *archives; /* malloc'ed; policy->narchives */
	struct unicode_scratch *unicode;
	struct report *report;
	bool failed;
};

/* Say what is wrong with the value at the place, or with its name. */
void builder_fail(struct builder *b, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void builder_fail_name(struct builder *b, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* The same, of what was <expected>, with what was found instead. */
void builder_expected(struct builder *b, const json_t *found, const char *expected);

/* Step into a member or an element; and out again.  <name> must live until then. */
void builder_enter(struct builder *b, const char *name);
void builder_enter_element(struct builder *b, size_t index);
void builder_leave(struct builder *b);

/* <json> if it is a list of at least <least> elements; else NULL, which is an error. */
json_t *builder_list(struct builder *b, json_t *json, size_t least, const char *expected);

/* For loops: step into element <i> of <list> and return it; NULL behind the last one,
 * outside of the list again.  What is no list is one element, in its own place; NULL has
 * none.  A loop must not be left before its end.
 */
json_t *builder_element(struct builder *b, json_t *list, size_t i);

/* How many elements that gives. */
size_t builder_count(const json_t *list);

/* The place now. */
struct json_place builder_place(const struct builder *b, enum json_place_end end);

/* Zeroed memory, or a copy of a text, that is the policy's.  NULL if there is none,
 * which is then an error.
 */
void *builder_take(struct builder *b, size_t count, size_t size);
const char *builder_text(struct builder *b, const char *text);

/* Let <thing> be released with the policy. */
void builder_own(struct builder *b, void *thing, void (*release)(void *thing));

/* A malloc'ed array of <n> elements with room for one more; NULL is an error, and the
 * old one stays.
 */
void *builder_grow(struct builder *b, void *array, size_t n, size_t size);

/* Every member of <object> must be one of <names>, a list separated by spaces. */
void builder_members(struct builder *b, json_t *object, const char *names);

/* A string member that is not empty, copied; NULL if it is not there, or wrong. */
const char *builder_string(struct builder *b, json_t *object, const char *name);

/* The same; what is not an AE title is an error too. */
const char *builder_ae_title(struct builder *b, json_t *object, const char *name);

#endif
