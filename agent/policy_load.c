/* SPDX-License-Identifier: MIT */
/* The language is described in docs/policy.md. */
#include "policy_load.h"
#include "build.h"
#include "condition.h"
#include "dict.h"

#include <stdio.h>
#include <stdlib.h>

enum { DEFAULT_MAXIMUM_LENGTH = 16378, LEAST_MAXIMUM_LENGTH = 4096 };

static const char character_set[] = "SpecificCharacterSet";

/*** outcomes ***/

/* PS3.8 9.3.4, in the standard's words */
static const struct {
	const char *name;
	struct ul_rejection why;
} rejections[] = {
	{"no-reason-given", {1, 1, 1}},
	{"application-context-name-not-supported", {1, 1, 2}},
	{"calling-ae-title-not-recognized", {1, 1, 3}},
	{"called-ae-title-not-recognized", {1, 1, 7}},
	{"protocol-version-not-supported", {1, 2, 2}},
	{"temporary-congestion", {2, 3, 1}},
	{"local-limit-exceeded", {2, 3, 2}},
};

static void load_rejection(struct build *b, const char *name, struct ul_rejection *why)
{
	size_t n = sizeof(rejections) / sizeof(rejections[0]);
	char allowed[256] = "";

	for (size_t i = 0; i < n; i++) {
		if (strcmp(name, rejections[i].name) == 0) {
			*why = rejections[i].why;
			return;
		}
		strcat(allowed, i ? ", " : "");
		strcat(allowed, rejections[i].name);
	}
	build_fail(b, "\"%s\" is no reason to reject; expected one of: %s", name,
		   allowed);
}

enum { NAME_MAX_BYTES = 128 }; /* an answer with both names must fit one frame */

/* It stands between quotes in HAProxy's log, as it is. */
static bool rule_name(const char *name)
{
	for (const char *c = name; *c; c++)
		if ((uint8_t)*c < ' ' || *c == 0x7f || *c == '"' || *c == '\\')
			return false;
	return strlen(name) <= NAME_MAX_BYTES;
}

/* HAProxy's proxy names: letters, digits, - _ . : */
static bool backend_name(const char *name)
{
	if (strlen(name) > NAME_MAX_BYTES)
		return false;
	for (; *name; name++)
		if (!strchr("-_.:", *name) && !(*name >= '0' && *name <= '9') &&
		    !((*name | 32) >= 'a' && (*name | 32) <= 'z'))
			return false;
	return true;
}

/* AE (PS3.5 6.2): up to 16 characters of the default repertoire, no backslash, no
 * control characters
 */
static bool ae_title(const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < len; i++)
		if (name[i] < ' ' || name[i] > '~' || name[i] == '\\')
			return false;
	return len <= UL_AE_TITLE && strspn(name, " ") < len;
}

static void load_outcome(struct build *b, json_t *json, struct policy_outcome *o)
{
	const char *reject = build_string(b, json, "reject");
	const char *key = build_string(b, json, "key");

	o->key = POLICY_NO_KEY;
	o->backend = build_string(b, json, "backend");
	o->called_ae = build_string(b, json, "called_ae");
	if (b->failed)
		return;
	if (!o->backend == !reject)
		build_fail(b, "expected either \"backend\" or \"reject\"");
	else if (reject && (key || o->called_ae))
		build_fail(b,
			   "\"key\" and \"called_ae\" mean nothing to what is rejected");
	else if (o->backend && !backend_name(o->backend))
		build_fail(b, "\"%s\" cannot be the name of a backend of HAProxy",
			   o->backend);
	else if (o->called_ae && !ae_title(o->called_ae))
		build_fail(b, "\"%s\" is not an AE title: 1 to 16 characters",
			   o->called_ae);
	else if (reject)
		load_rejection(b, reject, &o->rejection);
	if (key && !b->failed) {
		size_t index = condition_attribute(b, key);

		if (!b->adding && !b->failed) {
			const char *vr = b->attributes[index].vr;

			if (condition_is_bulk(vr))
				build_fail(b, "an attribute of VR %s cannot be a key",
					   vr);
			o->key = index;
		}
	}
}

static void load_rule(struct build *b, json_t *json, struct policy_rule *rule)
{
	json_t *condition = json_object_get(json, "if");

	if (!json_is_object(json)) {
		build_fail(b, "expected an object");
		return;
	}
	build_members(b, json, "name if backend reject key called_ae");
	rule->outcome.rule = build_string(b, json, "name");
	if (!b->failed && !rule->outcome.rule)
		build_fail(
			b,
			"a rule needs a \"name\": the log tells which one has matched");
	if (!b->failed && !rule_name(rule->outcome.rule))
		build_fail(b,
			   "the \"name\" of a rule has at most %d bytes, and no quote, "
			   "backslash or control character",
			   NAME_MAX_BYTES);
	if (b->failed)
		return;
	build_enter(b, " \"%s\"", rule->outcome.rule);
	load_outcome(b, json, &rule->outcome);
	rule->condition.kind = POLICY_ALL;
	if (condition) {
		build_enter(b, " if");
		if (!b->failed)
			condition_load(b, condition, &rule->condition);
	}
}

static void load_default(struct build *b, json_t *json, struct policy_outcome *o)
{
	*o = (struct policy_outcome){
		.rule = "default", .key = POLICY_NO_KEY, .rejection = {1, 1, 1}};
	if (!json)
		return;
	if (!json_is_object(json)) {
		build_fail(b, "expected an object");
		return;
	}
	build_members(b, json, "backend reject key called_ae");
	if (!b->failed)
		load_outcome(b, json, o);
}

/*** what may be promised ***/

/* A list of UIDs or keywords: transfer syntaxes, or what is none. */
static size_t load_uids(struct build *b, json_t *json, bool transfer,
			const char *const **uids)
{
	size_t n = json_array_size(json);
	const char **list = build_take(b, n, sizeof(*list));

	if (!json_is_array(json) || (transfer && n == 0))
		build_fail(b, "expected a list of UIDs or their keywords");
	for (size_t i = 0; i < n && !b->failed; i++) {
		const struct dict_uid *known;

		list[i] = condition_value(b, json_array_get(json, i), "UI");
		if (!list[i])
			break;
		known = dict_uid(slice_str(list[i]));
		if (list[i][strspn(list[i], "0123456789.")] != '\0')
			build_fail(b, "\"%s\" is not a UID; wildcards mean nothing here",
				   list[i]);
		else if (known && (known->kind == DICT_TRANSFER_SYNTAX) != transfer)
			build_fail(b, "%s is %s transfer syntax", known->keyword,
				   transfer ? "no" : "a");
	}
	*uids = list;
	return n;
}

static void load_negotiation(struct build *b, json_t *json, struct policy_negotiation *n)
{
	/* What every archive is expected to take (PS3.5 10.1) */
	static const char *const uncompressed[] = {"1.2.840.10008.1.2.1",
						   "1.2.840.10008.1.2"};
	json_t *transfer = json_object_get(json, "transfer_syntaxes");
	json_t *abstract = json_object_get(json, "abstract_syntaxes");
	json_t *length = json_object_get(json, "maximum_length");
	json_int_t bytes = length ? json_integer_value(length) : DEFAULT_MAXIMUM_LENGTH;

	*n = (struct policy_negotiation){.transfer_syntaxes = uncompressed,
					 .ntransfer_syntaxes = 2,
					 .maximum_length = (uint32_t)bytes};
	if (json && !json_is_object(json))
		build_fail(b, "expected an object");
	build_members(b, json, "transfer_syntaxes abstract_syntaxes maximum_length");
	if (transfer)
		n->ntransfer_syntaxes =
			load_uids(b, transfer, true, &n->transfer_syntaxes);
	if (abstract)
		n->nabstract_syntaxes =
			load_uids(b, abstract, false, &n->abstract_syntaxes);
	if (bytes < LEAST_MAXIMUM_LENGTH || bytes > UINT32_MAX)
		build_fail(b,
			   "\"maximum_length\" must be a number of bytes from %d to "
			   "4294967295",
			   LEAST_MAXIMUM_LENGTH);
}

/*** the document ***/

static void check_names(struct build *b, const struct policy_rule *rules, size_t n)
{
	for (size_t i = 0; i < n && !b->failed; i++)
		for (size_t k = 0; k < i; k++)
			if (strcmp(rules[i].outcome.rule, rules[k].outcome.rule) == 0) {
				build_enter(b, "rules[%zu]", i);
				build_fail(b, "two rules have the name \"%s\"",
					   rules[i].outcome.rule);
			}
}

static void load_pass(struct build *b, json_t *root, struct policy_rule *rules,
		      struct policy *policy)
{
	json_t *list = json_object_get(root, "rules");

	for (size_t i = 0; i < policy->nrules && !b->failed; i++) {
		size_t at = build_enter(b, "rules[%zu]", i);

		load_rule(b, json_array_get(list, i), &rules[i]);
		build_leave(b, at);
	}
	if (!b->failed) {
		size_t at = build_enter(b, "default");

		load_default(b, json_object_get(root, "default"), &policy->otherwise);
		build_leave(b, at);
	}
}

/* How many attributes the document can name at most. */
static size_t count_members(json_t *json)
{
	size_t n = 1, i;
	const char *name;
	json_t *value;

	json_object_foreach(json, name, value) n += count_members(value);
	json_array_foreach(json, i, value) n += count_members(value);
	return n;
}

static void load_document(struct build *b, json_t *root, struct policy *policy)
{
	json_t *list = json_object_get(root, "rules");
	struct policy_rule *rules;

	strcpy(b->place, "document");
	if (!json_is_object(root))
		build_fail(b, "expected an object with \"rules\"");
	build_members(b, root, "rules default negotiate");
	if (!b->failed && !json_is_array(list))
		build_fail(b, "expected a list \"rules\"");
	build_leave(b, 0);
	policy->nrules = json_array_size(list);
	rules = build_take(b, policy->nrules, sizeof(*rules));
	b->attributes = build_take(b, count_members(root) + 1, sizeof(*b->attributes));
	if (b->failed)
		return;
	b->adding = true;
	load_pass(b, root, rules, policy);
	condition_attribute(b, character_set);
	condition_sort(b);
	b->adding = false;
	if (!b->failed)
		load_pass(b, root, rules, policy);
	check_names(b, rules, policy->nrules);
	if (!b->failed) {
		build_enter(b, "negotiate");
		load_negotiation(b, json_object_get(root, "negotiate"),
				 &policy->negotiation);
	}
	policy->rules = rules;
	policy->attributes = b->attributes;
	policy->nattributes = b->nattributes;
	policy->character_set = condition_attribute(b, character_set);
	for (size_t i = 0; i < b->nattributes; i++) {
		if (b->attributes[i].source < POLICY_COMMAND)
			policy->command_first = i + 1;
		if (b->attributes[i].source < POLICY_DATA_SET)
			policy->data_set_first = i + 1;
	}
}

struct policy *policy_load(const char *path, struct policy_error *error)
{
	struct build b = {.path = path, .error = error};
	json_error_t where;
	json_t *root = json_load_file(path, JSON_REJECT_DUPLICATES, &where);
	struct policy *policy = calloc(1, sizeof(*policy));

	error->text[0] = '\0';
	if (!policy)
		build_fail(&b, "out of memory");
	else if (!root && where.line < 0) /* jansson says nothing of missing memory */
		snprintf(error->text, sizeof(error->text), "%s: %s", path,
			 where.text[0] ? where.text : "out of memory");
	else if (!root)
		snprintf(error->text, sizeof(error->text), "%s:%d:%d: %s", path,
			 where.line, where.column, where.text);
	else
		load_document(&b, root, policy);
	json_decref(root);
	if (policy)
		policy->memory = b.blocks;
	if (error->text[0]) {
		policy_free(policy);
		return NULL;
	}
	return policy;
}

void policy_free(struct policy *policy)
{
	if (policy)
		build_free(policy->memory);
	free(policy);
}
