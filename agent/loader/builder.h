/* SPDX-License-Identifier: MIT */
/* builder.h - a policy that is being loaded: its memory, its attributes, and its errors.
 *
 * Whoever reads a part of the document calls builder_enter() before and builder_leave()
 * after it, so that an error can be shown with its line.  Loading goes on after an error:
 * all of them are reported.
 */
#ifndef LOADER_BUILDER_H
#define LOADER_BUILDER_H

#include <jansson.h>

#include "policy/memory.h"
#include "loader/report.h"

enum { BUILDER_MAX_DEPTH = 256 }; /* of members and elements in each other */

/* A member of "lists", which conditions name. */
struct builder_list {
	const char *name;
	const char *file;          /* path; NULL: the values are in the policy itself */
	const char *const *values; /* from the file; <n>, as the next */
	const unsigned *lines;     /* their lines in the file, from 1 */
	json_t *json;              /* the values in the policy */
	size_t n;
	bool used;
};

/* A list compiled for the attributes of one VR.  One of UIDs can have groups, whose
 * meaning depends on the attribute: it is compiled for that attribute alone.
 */
struct builder_set {
	const struct builder_list *list;
	const struct policy_attribute *attribute;
	bool fold;
	const struct policy_set *set;
};

/* A member of "pools". */
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
	struct builder_pool *pools; /* in <memory> */
	size_t npools;
	json_t *listed; /* {"[NAME, ...]": index in <lists_of_pools>} */
	const struct policy_pools **lists_of_pools; /* malloc'ed; policy->npools */
	const struct capability *usual; /* of pools that "pools" does not describe */
	const json_t *probed;           /* answers of archives by their key, or NULL */
	struct archive *archives;       /* malloc'ed; policy->narchives */
	struct unicode_scratch *unicode;
	struct report *report;
	bool failed;
};

/* Report an error of the value that was entered last, or of its name. */
void builder_fail(struct builder *b, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void builder_fail_name(struct builder *b, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Report that <expected> was expected, and what was <found> instead; NULL: nothing. */
void builder_expected(struct builder *b, const json_t *found, const char *expected);

/* Enter a member or an element of the value that was entered last, and leave it again.
 * <name> must last until then.
 */
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

/* Where in the document the value that was entered last stands; if it is not there, the
 * nearest value around it.
 */
struct json_place builder_place(const struct builder *b, enum json_place_end end);

/* Zeroed memory for <count> things of <size> bytes, or a copy of a text; the policy owns
 * it.  NULL if there is no memory, which is reported.
 */
void *builder_take(struct builder *b, size_t count, size_t size);
const char *builder_text(struct builder *b, const char *text);

/* Hand <thing> over to the policy, with which it is released. */
void builder_own(struct builder *b, void *thing, void (*release)(void *thing));

/* <array>, malloc'ed, with <n> elements of <size> bytes and room for one more.  It
 * doubles, so it must have been made by this function, or be NULL.  NULL if there is no
 * memory, which is reported; <array> is then as it was.
 */
void *builder_grow(struct builder *b, void *array, size_t n, size_t size);

/* Report every member of <object> that is not in <names>, words separated by spaces. */
void builder_members(struct builder *b, json_t *object, const char *names);

/* The string member <name>, copied as by builder_text(); NULL if it is not there.
 * Anything but a string that is not empty is an error, and gives NULL.
 */
const char *builder_string(struct builder *b, json_t *object, const char *name);

/* The same; what is not an AE title is an error too. */
const char *builder_ae_title(struct builder *b, json_t *object, const char *name);

#endif
