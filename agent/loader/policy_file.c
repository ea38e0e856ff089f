/* SPDX-License-Identifier: MIT */
/* The language is described in docs/policy.md. */
#include "loader/policy_file.h"
#include "loader/attribute.h"
#include "loader/lists.h"
#include "base/hash.h"
#include "loader/pools.h"
#include "loader/index.h"
#include "policy/equal.h"
#include "policy/variables.h"
#include "loader/rules.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { VARIABLE_MAX = 40 }; /* bytes, without HAProxy's prefix */

/*** exports ***/

static bool is_variable(const char *name)
{
	size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_");

	return name[len] == '\0' && len > 0 && len <= VARIABLE_MAX && *name >= 'a';
}

static void load_export(struct builder *b, const char *name, json_t *json,
			struct policy_export *e)
{
	if (!is_variable(name))
		builder_fail_name(b,
				  "\"%s\" cannot be a variable: expected a letter, then "
				  "letters, digits and _, in lower case, %d at most",
				  name, VARIABLE_MAX);
	else if (variable_is_reserved(name))
		builder_fail_name(b, "txn.dicom.%s means something else already", name);
	e->variable = builder_text(b, name);
	if (!json_is_string(json))
		builder_expected(b, json, "the name of an attribute");
	else
		e->attribute =
			attribute_named(b, json_string_value(json), JSON_PLACE_VALUE);
	if (e->attribute && policy_is_bulk(e->attribute))
		builder_fail(b, "an attribute of VR %s has no value to use here",
			     e->attribute->vr);
}

static void load_exports(struct builder *b, json_t *json, struct policy *policy)
{
	struct policy_export *exports =
		builder_take(b, json_object_size(json), sizeof(*exports));
	const char *name;
	json_t *value;
	size_t n = 0;

	if (json && !json_is_object(json))
		builder_expected(b, json, "an object: {\"modality\": \"Modality\"}");
	json_object_foreach(json, name, value)
	{
		if (!exports)
			return;
		builder_enter(b, name);
		load_export(b, name, value, &exports[n++]);
		builder_leave(b);
	}
	policy->exports = exports;
	policy->nexports = n;
}

/*** the document ***/

static void load_members(struct builder *b, json_t *root, struct policy *policy,
			 struct files *files)
{
	builder_enter(b, "lists");
	lists_load(b, json_object_get(root, "lists"), files);
	builder_leave(b);
	pools_load_all(b, json_object_get(root, "pools"),
		       json_object_get(root, "negotiate"), policy);
	builder_enter(b, "rules");
	rules_load(b, json_object_get(root, "rules"), policy);
	builder_leave(b);
	builder_enter(b, "default");
	rules_load_default(b, json_object_get(root, "default"), policy);
	builder_leave(b);
	builder_enter(b, "export");
	load_exports(b, json_object_get(root, "export"), policy);
	builder_leave(b);
}

static void warn_member(struct builder *b, const char *member, const char *name,
			const char *what)
{
	if (!name)
		return;
	builder_enter(b, member);
	builder_enter(b, name);
	report_add(b->report, true, b->path, builder_place(b, JSON_PLACE_NAME),
		   "%s.%s: %s", member, name, what);
	builder_leave(b);
	builder_leave(b);
}

static void warn_unused(struct builder *b)
{
	for (size_t i = 0; i < b->nlists; i++)
		if (!b->lists[i].used)
			warn_member(b, "lists", b->lists[i].name,
				    "no rule uses this list");
	for (size_t i = 0; i < b->npools; i++)
		if (!b->pools[i].used)
			warn_member(b, "pools", b->pools[i].name,
				    "no rule sends anything to this pool");
}

static void load_document(struct builder *b, json_t *root, struct policy *policy,
			  struct files *files)
{
	const struct policy_attribute *character_set;
	json_t *schema = json_object_get(root, "$schema");

	if (!json_is_object(root)) {
		builder_expected(b, root, "an object with \"rules\"");
		return;
	}
	builder_members(b, root, "$schema rules default lists export negotiate pools");
	builder_enter(b, "$schema");
	if (schema && !json_is_string(schema))
		builder_expected(b, schema, "a string");
	builder_leave(b);
	if (!json_object_get(root, "rules"))
		builder_fail(b, "expected a list \"rules\"");
	else
		load_members(b, root, policy, files);
	character_set = attribute_named(b, "SpecificCharacterSet", JSON_PLACE_VALUE);
	if (b->failed || !character_set)
		return;
	attribute_finish(b, policy);
	pools_finish(b, policy);
	policy->character_set = character_set->element;
	policy->nvaried = policy->nrules;
	while (policy->nvaried > 0 &&
	       policy_equal_outcome(&policy->rules[policy->nvaried - 1].outcome,
				    &policy->otherwise))
		policy->nvaried--;
	policy->nrefusing = policy->nrules;
	while (policy->nrefusing > 0 &&
	       policy->rules[policy->nrefusing - 1].outcome.pools)
		policy->nrefusing--;
	policy->index = index_build(b, policy->rules, policy->nrules);
	warn_unused(b);
}

static json_t *parse(struct builder *b)
{
	json_error_t where;
	json_t *root = json_loadb((const char *)b->json.ptr, b->json.len,
				  JSON_REJECT_DUPLICATES, &where);

	if (root)
		return root;
	b->failed = true;
	report_add(b->report, false, b->path,
		   (struct json_place){where.line > 0 ? (unsigned)where.line : 0,
				       (unsigned)where.column},
		   "%s", where.text[0] ? where.text : "out of memory");
	return NULL;
}

/* The id is a hash of all files and of the archives' answers. */
static void set_id(struct policy *policy, uint64_t hash, const json_t *probed)
{
	char *text = probed ? json_dumps(probed, JSON_COMPACT | JSON_SORT_KEYS) : NULL;

	if (text)
		hash = hash_bytes(hash, slice_str(text));
	free(text);
	snprintf(policy->id, sizeof(policy->id), "%016llx",
		 (unsigned long long)hash_spread(hash));
}

/* Parse the text and fill <policy> in. */
static void compile(struct builder *b, struct policy *policy, struct files *files)
{
	json_t *root = parse(b);

	if (root)
		load_document(b, root, policy, files);
	json_decref(root);
	set_id(policy, files->hash, b->probed);
	free(b->attributes);
	free(b->sets);
	free(b->archives);
	free(b->lists_of_pools);
	json_decref(b->listed);
}

struct policy *policy_file_load(const char *path, struct report *report,
				struct files *files, const json_t *probed)
{
	struct builder b = {.path = path,
			    .report = report,
			    .probed = probed,
			    .unicode = malloc(sizeof(*b.unicode))};
	struct policy *policy = calloc(1, sizeof(*policy));
	size_t before = report->errors, first = report->n, len = 0;
	char *text;

	files->hash = HASH_START;
	text = files_read(files, path, &len);
	if (!text)
		report_add(report, false, path, (struct json_place){0},
			   "cannot be read: %s", strerror(errno));
	b.json = slice_of(text, len);
	if (text && policy && b.unicode)
		compile(&b, policy, files);
	else if (text)
		report_add(report, false, path, (struct json_place){0}, "out of memory");
	report_sort(report, first);
	free(b.unicode);
	if (policy) {
		policy->memory = b.memory;
		policy->document = text;
	} else {
		free(text);
	}
	if (report->errors == before)
		return policy;
	policy_free(policy);
	return NULL;
}
