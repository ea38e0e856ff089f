/* SPDX-License-Identifier: MIT */
/* The language is described in docs/policy.md. */
#include "policy_load.h"
#include "attribute.h"
#include "condition.h"
#include "dict.h"
#include "hash.h"
#include "outcome.h"
#include "policy_index.h"
#include "value_set.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	DEFAULT_MAXIMUM_LENGTH = 16378,
	LEAST_MAXIMUM_LENGTH = 4096,
	RULE_NAME_MAX = 128, /* bytes: it stands in each answer */
	VARIABLE_MAX = 40    /* bytes, without HAProxy's prefix */
};

static const char default_name[] = "default";

/*** rules ***/

/* It stands between quotes in HAProxy's log, as it is. */
static bool is_rule_name(const char *name)
{
	for (const char *c = name; *c; c++)
		if ((uint8_t)*c < ' ' || *c == 0x7f || *c == '"' || *c == '\\')
			return false;
	return strlen(name) <= RULE_NAME_MAX;
}

static const char *load_rule_name(struct build *b, json_t *json)
{
	const char *name = build_string(b, json, "name");

	if (!json_object_get(json, "name"))
		build_fail(b, "a rule needs a \"name\": the log tells which one has "
			      "matched");
	build_enter(b, "name");
	if (name && !is_rule_name(name))
		build_fail(b,
			   "a name has at most %d bytes, and no quote, backslash or "
			   "control character",
			   RULE_NAME_MAX);
	else if (name && strcmp(name, default_name) == 0)
		build_fail(b, "\"%s\" is what the log calls the outcome when no rule "
			      "matches", name);
	build_leave(b);
	return name;
}

static void load_rule(struct build *b, json_t *json, struct policy_rule *rule)
{
	json_t *condition = json_object_get(json, "if");

	if (!json_is_object(json)) {
		build_expected(b, json, "an object, a rule");
		return;
	}
	build_members(b, json, "name if " OUTCOME_MEMBERS);
	rule->outcome.rule = load_rule_name(b, json);
	outcome_load(b, json, &rule->outcome);
	rule->condition.kind = POLICY_ALL;
	build_enter(b, "if");
	if (condition)
		condition_load(b, condition, &rule->condition);
	build_leave(b);
}

static int name_order(const void *left, const void *right)
{
	const struct policy_rule *const *a = left, *const *b = right;
	int order = strcmp((*a)->outcome.rule, (*b)->outcome.rule);

	return order != 0 ? order : (*a > *b) - (*a < *b);
}

static void check_names(struct build *b, const struct policy_rule *rules, size_t n)
{
	const struct policy_rule **sorted = calloc(n + 1, sizeof(*sorted));
	size_t named = 0;

	if (!sorted)
		build_fail(b, "out of memory");
	for (size_t i = 0; sorted && i < n; i++)
		if (rules[i].outcome.rule)
			sorted[named++] = &rules[i];
	if (named > 0)
		qsort(sorted, named, sizeof(*sorted), name_order);
	for (size_t i = 1; i < named; i++) {
		if (strcmp(sorted[i - 1]->outcome.rule, sorted[i]->outcome.rule) != 0)
			continue;
		build_enter_element(b, (size_t)(sorted[i] - rules));
		build_enter(b, "name");
		build_fail(b, "two rules have the name \"%s\"", sorted[i]->outcome.rule);
		build_leave(b);
		build_leave(b);
	}
	free(sorted);
}

static void load_rules(struct build *b, json_t *json, struct policy *policy)
{
	size_t n = json_array_size(json);
	struct policy_rule *rules = build_take(b, n, sizeof(*rules));

	if (!json_is_array(json))
		build_expected(b, json, "a list of rules");
	for (size_t i = 0; rules && i < n; i++) {
		build_enter_element(b, i);
		load_rule(b, json_array_get(json, i), &rules[i]);
		build_leave(b);
	}
	if (!rules)
		return;
	check_names(b, rules, n);
	policy->rules = rules;
	policy->nrules = n;
}

static void load_default(struct build *b, json_t *json, struct policy_outcome *o)
{
	*o = (struct policy_outcome){.rule = default_name, .rejection = {1, 1, 1}};
	if (!json)
		return;
	if (!json_is_object(json)) {
		build_expected(b, json, "an object, an outcome");
		return;
	}
	build_members(b, json, OUTCOME_MEMBERS);
	outcome_load(b, json, o);
}

/*** what may be promised ***/

/* A list of UIDs or keywords: transfer syntaxes, or what is none. */
static const char *load_uid(struct build *b, json_t *json, bool transfer)
{
	const char *text = json_string_value(json), *uid = text;
	const struct dict_uid *known;

	if (!text) {
		build_expected(b, json, "a UID or its keyword");
		return NULL;
	}
	if (text[strspn(text, "0123456789.")] != '\0')
		uid = dict_uid_by_keyword(slice_str(text));
	known = uid ? dict_uid(slice_str(uid)) : NULL;
	if (!uid)
		build_fail(b, "\"%s\" is neither a UID nor the keyword of one", text);
	else if (known && (known->kind == DICT_TRANSFER_SYNTAX) != transfer)
		build_fail(b, "%s is %s transfer syntax", known->keyword,
			   transfer ? "no" : "a");
	return uid ? build_text(b, uid) : NULL;
}

static size_t load_uids(struct build *b, json_t *json, bool transfer,
			const char *const **uids)
{
	size_t n = json_array_size(json);
	const char **list = build_take(b, n, sizeof(*list));

	if (!json_is_array(json) || (transfer && n == 0))
		build_expected(b, json, "a list of UIDs or their keywords");
	for (size_t i = 0; list && i < n; i++) {
		build_enter_element(b, i);
		list[i] = load_uid(b, json_array_get(json, i), transfer);
		build_leave(b);
	}
	*uids = list;
	return list ? n : 0;
}

static void load_maximum_length(struct build *b, json_t *json,
				struct policy_negotiation *n)
{
	json_int_t bytes = json ? json_integer_value(json) : DEFAULT_MAXIMUM_LENGTH;

	if (bytes < LEAST_MAXIMUM_LENGTH || bytes > UINT32_MAX)
		build_fail(b, "expected a number of bytes from %d to 4294967295",
			   LEAST_MAXIMUM_LENGTH);
	else
		n->maximum_length = (uint32_t)bytes;
}

static void load_negotiation(struct build *b, json_t *json, struct policy_negotiation *n)
{
	/* What every archive is expected to take (PS3.5 10.1) */
	static const char *const uncompressed[] = {"1.2.840.10008.1.2.1",
						   "1.2.840.10008.1.2"};
	json_t *transfer = json_object_get(json, "transfer_syntaxes");
	json_t *abstract = json_object_get(json, "abstract_syntaxes");

	*n = (struct policy_negotiation){.transfer_syntaxes = uncompressed,
					 .ntransfer_syntaxes = 2};
	if (json && !json_is_object(json))
		build_expected(b, json, "an object");
	build_members(b, json, "transfer_syntaxes abstract_syntaxes maximum_length");
	build_enter(b, "transfer_syntaxes");
	if (transfer)
		n->ntransfer_syntaxes =
			load_uids(b, transfer, true, &n->transfer_syntaxes);
	build_leave(b);
	build_enter(b, "abstract_syntaxes");
	if (abstract)
		n->nabstract_syntaxes =
			load_uids(b, abstract, false, &n->abstract_syntaxes);
	build_leave(b);
	build_enter(b, "maximum_length");
	load_maximum_length(b, json_object_get(json, "maximum_length"), n);
	build_leave(b);
}

/*** exports ***/

/* The contract's own variables (docs/contract.md), and dicom.cfg's and the Lua's */
static const char reserved[] =
	" verdict backend key rule rqlen need reply request policy began calling_ae "
	"called_ae sop_class transfer_syntax error decision_us answered wait_until length "
	"spoe_error promise close_at ";

static bool is_reserved(const char *name)
{
	const char *at = strstr(reserved, name);

	return at && at[-1] == ' ' && at[strlen(name)] == ' ';
}

static bool is_variable(const char *name)
{
	size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_");

	return name[len] == '\0' && len > 0 && len <= VARIABLE_MAX && *name >= 'a';
}

static void load_export(struct build *b, const char *name, json_t *json,
			struct policy_export *e)
{
	if (!is_variable(name))
		build_fail_name(b,
				"\"%s\" cannot be a variable: expected a letter, then "
				"letters, digits and _, in lower case, %d at most",
				name, VARIABLE_MAX);
	else if (is_reserved(name))
		build_fail_name(b, "txn.dicom.%s means something else already", name);
	e->variable = build_text(b, name);
	if (!json_is_string(json))
		build_expected(b, json, "the name of an attribute");
	else
		e->attribute = attribute_named(b, json_string_value(json), PLACE_VALUE);
	if (e->attribute && attribute_is_bulk(e->attribute))
		build_fail(b, "an attribute of VR %s has no value to use here",
			   e->attribute->vr);
}

static void load_exports(struct build *b, json_t *json, struct policy *policy)
{
	struct policy_export *exports =
		build_take(b, json_object_size(json), sizeof(*exports));
	const char *name;
	json_t *value;
	size_t n = 0;

	if (json && !json_is_object(json))
		build_expected(b, json, "an object: {\"modality\": \"Modality\"}");
	json_object_foreach(json, name, value)
	{
		if (!exports)
			return;
		build_enter(b, name);
		load_export(b, name, value, &exports[n++]);
		build_leave(b);
	}
	policy->exports = exports;
	policy->nexports = n;
}

/*** the document ***/

static void load_members(struct build *b, json_t *root, struct policy *policy,
			 struct lists_files *files)
{
	build_enter(b, "lists");
	lists_load(b, json_object_get(root, "lists"), files);
	build_leave(b);
	build_enter(b, "rules");
	load_rules(b, json_object_get(root, "rules"), policy);
	build_leave(b);
	build_enter(b, "default");
	load_default(b, json_object_get(root, "default"), &policy->otherwise);
	build_leave(b);
	build_enter(b, "export");
	load_exports(b, json_object_get(root, "export"), policy);
	build_leave(b);
	build_enter(b, "negotiate");
	load_negotiation(b, json_object_get(root, "negotiate"), &policy->negotiation);
	build_leave(b);
}

static void warn_unused(struct build *b)
{
	build_enter(b, "lists");
	for (size_t i = 0; i < b->nlists; i++) {
		if (b->lists[i].used || !b->lists[i].name)
			continue;
		build_enter(b, b->lists[i].name);
		report_add(b->report, true, b->path, build_place(b, PLACE_NAME),
			   "no rule uses the list \"%s\"", b->lists[i].name);
		build_leave(b);
	}
	build_leave(b);
}

static void load_document(struct build *b, json_t *root, struct policy *policy,
			  struct lists_files *files)
{
	const struct policy_attribute *character_set;
	json_t *schema = json_object_get(root, "$schema");

	if (!json_is_object(root)) {
		build_expected(b, root, "an object with \"rules\"");
		return;
	}
	build_members(b, root, "$schema rules default lists export negotiate");
	build_enter(b, "$schema");
	if (schema && !json_is_string(schema))
		build_expected(b, schema, "a string");
	build_leave(b);
	if (!json_object_get(root, "rules"))
		build_fail(b, "expected a list \"rules\"");
	else
		load_members(b, root, policy, files);
	character_set = attribute_named(b, "SpecificCharacterSet", PLACE_VALUE);
	if (b->failed || !character_set)
		return;
	attribute_finish(b, policy);
	policy->character_set = character_set->element;
	policy->nvaried = policy->nrules;
	while (policy->nvaried > 0 &&
	       policy_same_outcome(&policy->rules[policy->nvaried - 1].outcome,
				   &policy->otherwise))
		policy->nvaried--;
	policy->index = policy_index_build(b, policy->rules, policy->nrules);
	warn_unused(b);
}

static json_t *parse(struct build *b)
{
	json_error_t where;
	json_t *root = json_loadb((const char *)b->json.ptr, b->json.len,
				  JSON_REJECT_DUPLICATES, &where);

	if (root)
		return root;
	b->failed = true;
	report_add(b->report, false, b->path,
		   (struct place){where.line > 0 ? (unsigned)where.line : 0,
				  (unsigned)where.column},
		   "%s", where.text[0] ? where.text : "out of memory");
	return NULL;
}

/* With the text read and the memory there. */
static void build_policy(struct build *b, struct policy *policy,
			 struct lists_files *files)
{
	json_t *root = parse(b);

	if (root)
		load_document(b, root, policy, files);
	json_decref(root);
	snprintf(policy->id, sizeof(policy->id), "%016llx",
		 (unsigned long long)hash_spread(files->hash));
	free(b->attributes);
	free(b->sets);
}

struct policy *policy_load(const char *path, struct report *report,
			   struct lists_files *files)
{
	struct build b = {.path = path,
			  .report = report,
			  .unicode = malloc(sizeof(*b.unicode))};
	struct policy *policy = calloc(1, sizeof(*policy));
	size_t before = report->errors, len = 0;
	char *text;

	files->hash = HASH_START;
	text = lists_read_file(files, path, &len);
	if (!text)
		report_add(report, false, path, (struct place){0}, "cannot be read: %s",
			   strerror(errno));
	b.json = slice_of(text, len);
	if (text && policy && b.unicode)
		build_policy(&b, policy, files);
	else if (text)
		report_add(report, false, path, (struct place){0}, "out of memory");
	free(b.unicode);
	free(text);
	if (policy)
		policy->memory = b.blocks;
	if (report->errors == before)
		return policy;
	policy_free(policy);
	return NULL;
}

void policy_free(struct policy *policy)
{
	if (policy)
		build_free(policy->memory);
	free(policy);
}
