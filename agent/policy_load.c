/* SPDX-License-Identifier: MIT */
/* The language is described in docs/policy.md. */
#include "policy_load.h"
#include "dict.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { DEFAULT_MAXIMUM_LENGTH = 16378, LEAST_MAXIMUM_LENGTH = 4096, MAX_PLACE = 200 };

static const char character_set[] = "SpecificCharacterSet";

/* Memory that lives and dies with the policy. */
struct block {
	struct block *next;
	max_align_t bytes[];
};

struct load {
	const char *path;
	char place[MAX_PLACE]; /* in the JSON document, for messages */
	struct block *blocks;
	struct policy_attribute *attributes;
	size_t nattributes;
	struct policy_error *error;
	bool failed;
};

/* The first error wins. */
static void __attribute__((format(printf, 2, 3)))
fail(struct load *l, const char *format, ...)
{
	va_list ap;
	int n;

	if (l->failed)
		return;
	l->failed = true;
	n = snprintf(l->error->text, sizeof(l->error->text), "%s: %s: ", l->path,
		     l->place);
	if (n < 0 || (size_t)n >= sizeof(l->error->text))
		return;
	va_start(ap, format);
	vsnprintf(l->error->text + n, sizeof(l->error->text) - (size_t)n, format, ap);
	va_end(ap);
}

/* Step into a member or an element; the return value is for leave(). */
static size_t __attribute__((format(printf, 2, 3)))
enter(struct load *l, const char *format, ...)
{
	size_t at = strlen(l->place);
	va_list ap;

	va_start(ap, format);
	vsnprintf(l->place + at, sizeof(l->place) - at, format, ap);
	va_end(ap);
	return at;
}

static void leave(struct load *l, size_t at)
{
	l->place[at] = '\0';
}

static void *take(struct load *l, size_t count, size_t size)
{
	struct block *b = calloc(1, sizeof(*b) + (count > 0 ? count * size : 1));

	if (!b) {
		fail(l, "out of memory");
		return NULL;
	}
	b->next = l->blocks;
	l->blocks = b;
	return b->bytes;
}

static const char *take_text(struct load *l, const char *text)
{
	size_t size = strlen(text) + 1;
	char *copy = take(l, size, 1);

	return copy ? memcpy(copy, text, size) : NULL;
}

static void free_blocks(struct block *b)
{
	while (b) {
		struct block *next = b->next;

		free(b);
		b = next;
	}
}

/* Every member of <object> must be one of <names>, a list separated by spaces. */
static void check_members(struct load *l, json_t *object, const char *names)
{
	const char *name;
	json_t *value;

	json_object_foreach(object, name, value)
	{
		size_t len = strlen(name);
		const char *at = strstr(names, name);

		if (!at || len == 0 || strchr(name, ' ') ||
		    (at != names && at[-1] != ' ') || (at[len] != ' ' && at[len] != '\0'))
			fail(l, "unknown member \"%s\"; allowed: %s", name, names);
	}
}

/*** attributes ***/

static const struct policy_attribute association_attributes[] = {
	{POLICY_ASSOCIATION, POLICY_CALLING_AE_TITLE, "AE", "CallingAETitle"},
	{POLICY_ASSOCIATION, POLICY_CALLED_AE_TITLE, "AE", "CalledAETitle"},
	{POLICY_ASSOCIATION, POLICY_SOP_CLASS_UID, "UI", "SOPClassUID"},
	{POLICY_ASSOCIATION, POLICY_PROPOSED_SOP_CLASS_UID, "UI", "ProposedSOPClassUID"},
	{POLICY_ASSOCIATION, POLICY_TRANSFER_SYNTAX_UID, "UI", "TransferSyntaxUID"},
	{POLICY_ASSOCIATION, POLICY_IMPLEMENTATION_CLASS_UID, "UI",
	 "ImplementationClassUID"},
	{POLICY_ASSOCIATION, POLICY_IMPLEMENTATION_VERSION_NAME, "SH",
	 "ImplementationVersionName"},
};

static bool resolve_tag(const char *name, struct policy_attribute *a)
{
	const struct dict_attribute *known;
	unsigned group, element;
	int end = 0;

	if (sscanf(name, "(%4x,%4x)%n", &group, &element, &end) == 2 && end == 11 &&
	    name[11] == '\0') {
		a->tag = (uint32_t)group << 16 | element;
		known = dict_attribute_by_tag(a->tag);
	} else {
		known = dict_attribute(slice_str(name));
		if (!known)
			return false;
		a->tag = known->tag;
	}
	memcpy(a->vr, known ? known->vr : "UN", sizeof(a->vr));
	a->source = a->tag >> 16 == 0 ? POLICY_COMMAND : POLICY_DATA_SET;
	return true;
}

/* Keyword, (gggg,eeee) or one of the association's names -> attribute */
static bool resolve(struct load *l, const char *name, struct policy_attribute *a)
{
	size_t known = sizeof(association_attributes) / sizeof(association_attributes[0]);

	for (size_t i = 0; i < known; i++)
		if (strcmp(name, association_attributes[i].name) == 0) {
			*a = association_attributes[i];
			return true;
		}
	a->name = name;
	if (!resolve_tag(name, a)) {
		fail(l,
		     "\"%s\" is not an attribute: expected a keyword of the DICOM "
		     "dictionary "
		     "(Modality), (gggg,eeee), or CallingAETitle and the like",
		     name);
		return false;
	}
	if (a->tag >> 16 == 2)
		fail(l, "%s is in the header of files, which no association carries",
		     name);
	return !l->failed;
}

static int compare(const void *left, const void *right)
{
	const struct policy_attribute *a = left, *b = right;

	if (a->source != b->source)
		return a->source < b->source ? -1 : 1;
	return a->tag < b->tag ? -1 : a->tag > b->tag;
}

/* The index of an attribute that the policy uses; it is added by the first pass
 * (room for it has been taken), found by the second.
 */
static size_t attribute_index(struct load *l, const char *name, bool adding)
{
	struct policy_attribute a = {0}, *found;

	if (!resolve(l, name, &a))
		return 0;
	if (adding) {
		a.name = take_text(l, a.name);
		l->attributes[l->nattributes++] = a;
		return 0;
	}
	found = bsearch(&a, l->attributes, l->nattributes, sizeof(a), compare);
	return found ? (size_t)(found - l->attributes) : 0;
}

static bool is_bulk(const char *vr)
{
	return strchr("OU", vr[0]) && strchr("BDFLVWN", vr[1]) && strcmp(vr, "UL") != 0 &&
	       strcmp(vr, "UV") != 0;
}

/*** conditions: both passes walk the same way, the first only notes attributes ***/

struct pass {
	struct load *load;
	bool adding;
};

static void load_condition(struct pass *p, json_t *json, struct policy_node *node);

/* UIDs may be written as keywords; patterns and numbers stay. */
static const char *load_value(struct load *l, json_t *json, const char *vr)
{
	char number[24];
	const char *text = json_string_value(json), *uid;

	if (json_is_integer(json)) {
		snprintf(number, sizeof(number), "%lld",
			 (long long)json_integer_value(json));
		return take_text(l, number);
	}
	if (!text) {
		fail(l, "expected a string or a whole number");
		return NULL;
	}
	if (strcmp(vr, "UI") != 0 || text[strspn(text, "0123456789.*?")] == '\0')
		return take_text(l, text);
	uid = dict_uid_by_keyword(slice_str(text));
	if (!uid)
		fail(l, "\"%s\" is neither a UID nor the keyword of one", text);
	return uid;
}

static void load_match(struct pass *p, json_t *json, struct policy_node *node)
{
	struct load *l = p->load;
	const char *vr = l->attributes[node->attribute].vr;
	size_t n = json_is_array(json) ? json_array_size(json) : 1;
	const char **values = take(l, n, sizeof(*values));

	if (n == 0)
		fail(l, "an empty list can match nothing");
	if (!p->adding && (strcmp(vr, "SQ") == 0 || is_bulk(vr)))
		fail(l,
		     "an attribute of VR %s has no value to compare; only {\"present\": "
		     "...}",
		     vr);
	for (size_t i = 0; i < n && !l->failed; i++)
		values[i] = load_value(
			l, json_is_array(json) ? json_array_get(json, i) : json,
			p->adding ? "" : vr);
	node->kind = POLICY_MATCH;
	node->values = values;
	node->nvalues = n;
}

static void load_presence(struct pass *p, json_t *json, struct policy_node *node)
{
	struct load *l = p->load;
	json_t *present = json_object_get(json, "present");
	struct policy_node *child = take(l, 1, sizeof(*child));

	check_members(l, json, "present");
	if (!json_is_boolean(present))
		fail(l, "expected {\"present\": true} or {\"present\": false}");
	if (l->failed)
		return;
	*child = (struct policy_node){.kind = POLICY_IS_THERE,
				      .attribute = node->attribute};
	if (json_is_true(present))
		*node = *child;
	else
		*node = (struct policy_node){
			.kind = POLICY_NOT, .children = child, .nchildren = 1};
}

static void load_list(struct pass *p, json_t *json, struct policy_node *node)
{
	struct load *l = p->load;
	size_t n = json_array_size(json);
	struct policy_node *children = take(l, n, sizeof(*children));

	if (!json_is_array(json) || n == 0)
		fail(l, "expected a list of conditions");
	for (size_t i = 0; i < n && !l->failed; i++) {
		size_t at = enter(l, "[%zu]", i);

		load_condition(p, json_array_get(json, i), &children[i]);
		leave(l, at);
	}
	node->children = children;
	node->nchildren = n;
}

static void load_member(struct pass *p, const char *name, json_t *json,
			struct policy_node *node)
{
	struct load *l = p->load;
	struct policy_node *child;

	if (strcmp(name, "all") == 0 || strcmp(name, "any") == 0) {
		node->kind = name[1] == 'l' ? POLICY_ALL : POLICY_ANY;
		load_list(p, json, node);
	} else if (strcmp(name, "not") == 0) {
		child = take(l, 1, sizeof(*child));
		if (child)
			load_condition(p, json, child);
		node->kind = POLICY_NOT;
		node->children = child;
		node->nchildren = 1;
	} else {
		node->attribute = attribute_index(l, name, p->adding);
		if (l->failed)
			return;
		if (json_is_object(json))
			load_presence(p, json, node);
		else
			load_match(p, json, node);
	}
}

/* An object: all of its members */
static void load_condition(struct pass *p, json_t *json, struct policy_node *node)
{
	struct load *l = p->load;
	size_t n = json_object_size(json), i = 0;
	struct policy_node *children = take(l, n, sizeof(*children));
	const char *name;
	json_t *value;

	if (!json_is_object(json))
		fail(l, "expected an object of conditions");
	if (l->failed)
		return;
	json_object_foreach(json, name, value)
	{
		size_t at = enter(l, ".%s", name);

		if (!l->failed)
			load_member(p, name, value, &children[i++]);
		leave(l, at);
	}
	*node = (struct policy_node){
		.kind = POLICY_ALL, .children = children, .nchildren = n};
}

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

static void load_rejection(struct load *l, const char *name, struct ul_rejection *why)
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
	fail(l, "\"%s\" is no reason to reject; expected one of: %s", name, allowed);
}

/* A string member, copied; NULL if it is not there. */
static const char *load_string(struct load *l, json_t *object, const char *name)
{
	json_t *value = json_object_get(object, name);

	if (!value)
		return NULL;
	if (!json_is_string(value) || *json_string_value(value) == '\0') {
		fail(l, "\"%s\" must be a string that is not empty", name);
		return NULL;
	}
	return take_text(l, json_string_value(value));
}

/* HAProxy's proxy names: letters, digits, - _ . : */
static bool backend_name(const char *name)
{
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

static void load_outcome(struct pass *p, json_t *json, struct policy_outcome *o)
{
	struct load *l = p->load;
	const char *reject = load_string(l, json, "reject");
	const char *key = load_string(l, json, "key");

	o->key = POLICY_NO_KEY;
	o->backend = load_string(l, json, "backend");
	o->called_ae = load_string(l, json, "called_ae");
	if (l->failed)
		return;
	if (!o->backend == !reject)
		fail(l, "expected either \"backend\" or \"reject\"");
	else if (reject && (key || o->called_ae))
		fail(l, "\"key\" and \"called_ae\" mean nothing to what is rejected");
	else if (o->backend && !backend_name(o->backend))
		fail(l, "\"%s\" cannot be the name of a backend of HAProxy", o->backend);
	else if (o->called_ae && !ae_title(o->called_ae))
		fail(l, "\"%s\" is not an AE title: 1 to 16 characters", o->called_ae);
	else if (reject)
		load_rejection(l, reject, &o->rejection);
	if (key && !l->failed) {
		size_t index = attribute_index(l, key, p->adding);

		if (!p->adding && !l->failed) {
			const char *vr = l->attributes[index].vr;

			if (strcmp(vr, "SQ") == 0 || is_bulk(vr))
				fail(l, "an attribute of VR %s cannot be a key", vr);
			o->key = index;
		}
	}
}

static void load_rule(struct pass *p, json_t *json, struct policy_rule *rule)
{
	struct load *l = p->load;
	json_t *condition = json_object_get(json, "if");

	if (!json_is_object(json)) {
		fail(l, "expected an object");
		return;
	}
	check_members(l, json, "name if backend reject key called_ae");
	rule->outcome.rule = load_string(l, json, "name");
	if (!l->failed && !rule->outcome.rule)
		fail(l, "a rule needs a \"name\": the log tells which one has matched");
	if (l->failed)
		return;
	enter(l, " \"%s\"", rule->outcome.rule);
	load_outcome(p, json, &rule->outcome);
	rule->condition.kind = POLICY_ALL;
	if (condition) {
		enter(l, " if");
		if (!l->failed)
			load_condition(p, condition, &rule->condition);
	}
}

static void load_default(struct pass *p, json_t *json, struct policy_outcome *o)
{
	*o = (struct policy_outcome){
		.rule = "default", .key = POLICY_NO_KEY, .rejection = {1, 1, 1}};
	if (!json)
		return;
	if (!json_is_object(json)) {
		fail(p->load, "expected an object");
		return;
	}
	check_members(p->load, json, "backend reject key called_ae");
	if (!p->load->failed)
		load_outcome(p, json, o);
}

/*** what may be promised ***/

static size_t load_uids(struct load *l, json_t *json, const char *const **uids)
{
	size_t n = json_array_size(json);
	const char **list = take(l, n, sizeof(*list));

	if (!json_is_array(json))
		fail(l, "expected a list of UIDs or their keywords");
	for (size_t i = 0; i < n && !l->failed; i++)
		list[i] = load_value(l, json_array_get(json, i), "UI");
	*uids = list;
	return n;
}

static void load_negotiation(struct load *l, json_t *json, struct policy_negotiation *n)
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
		fail(l, "expected an object");
	check_members(l, json, "transfer_syntaxes abstract_syntaxes maximum_length");
	if (transfer)
		n->ntransfer_syntaxes = load_uids(l, transfer, &n->transfer_syntaxes);
	if (abstract)
		n->nabstract_syntaxes = load_uids(l, abstract, &n->abstract_syntaxes);
	if (bytes < LEAST_MAXIMUM_LENGTH || bytes > UINT32_MAX)
		fail(l,
		     "\"maximum_length\" must be a number of bytes from %d to 4294967295",
		     LEAST_MAXIMUM_LENGTH);
}

/*** the document ***/

static void check_names(struct load *l, const struct policy_rule *rules, size_t n)
{
	for (size_t i = 0; i < n && !l->failed; i++)
		for (size_t k = 0; k < i; k++)
			if (strcmp(rules[i].outcome.rule, rules[k].outcome.rule) == 0) {
				enter(l, "rules[%zu]", i);
				fail(l, "two rules have the name \"%s\"",
				     rules[i].outcome.rule);
			}
}

static void load_pass(struct pass *p, json_t *root, struct policy_rule *rules,
		      struct policy *policy)
{
	struct load *l = p->load;
	json_t *list = json_object_get(root, "rules");

	for (size_t i = 0; i < policy->nrules && !l->failed; i++) {
		size_t at = enter(l, "rules[%zu]", i);

		load_rule(p, json_array_get(list, i), &rules[i]);
		leave(l, at);
	}
	if (!l->failed) {
		size_t at = enter(l, "default");

		load_default(p, json_object_get(root, "default"), &policy->otherwise);
		leave(l, at);
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

static void sort_attributes(struct load *l)
{
	size_t n = 0;

	qsort(l->attributes, l->nattributes, sizeof(*l->attributes), compare);
	for (size_t i = 0; i < l->nattributes; i++)
		if (n == 0 || compare(&l->attributes[n - 1], &l->attributes[i]) != 0)
			l->attributes[n++] = l->attributes[i];
	l->nattributes = n;
}

static void load_document(struct load *l, json_t *root, struct policy *policy)
{
	json_t *list = json_object_get(root, "rules");
	struct pass first = {l, true}, second = {l, false};
	struct policy_rule *rules;

	strcpy(l->place, "document");
	if (!json_is_object(root))
		fail(l, "expected an object with \"rules\"");
	check_members(l, root, "rules default negotiate");
	if (!l->failed && !json_is_array(list))
		fail(l, "expected a list \"rules\"");
	leave(l, 0);
	policy->nrules = json_array_size(list);
	rules = take(l, policy->nrules, sizeof(*rules));
	l->attributes = take(l, count_members(root) + 1, sizeof(*l->attributes));
	if (l->failed)
		return;
	load_pass(&first, root, rules, policy);
	attribute_index(l, character_set, true);
	sort_attributes(l);
	if (!l->failed)
		load_pass(&second, root, rules, policy);
	check_names(l, rules, policy->nrules);
	if (!l->failed) {
		enter(l, "negotiate");
		load_negotiation(l, json_object_get(root, "negotiate"),
				 &policy->negotiation);
	}
	policy->rules = rules;
	policy->attributes = l->attributes;
	policy->nattributes = l->nattributes;
	policy->character_set = attribute_index(l, character_set, false);
	for (size_t i = 0; i < l->nattributes; i++) {
		if (l->attributes[i].source < POLICY_COMMAND)
			policy->command_first = i + 1;
		if (l->attributes[i].source < POLICY_DATA_SET)
			policy->data_set_first = i + 1;
	}
}

struct policy *policy_load(const char *path, struct policy_error *error)
{
	struct load l = {.path = path, .error = error};
	json_error_t where;
	json_t *root = json_load_file(path, JSON_REJECT_DUPLICATES, &where);
	struct policy *policy = calloc(1, sizeof(*policy));

	error->text[0] = '\0';
	if (!policy)
		fail(&l, "out of memory");
	else if (!root && where.line < 0) /* jansson says nothing of missing memory */
		snprintf(error->text, sizeof(error->text), "%s: %s", path,
			 where.text[0] ? where.text : "out of memory");
	else if (!root)
		snprintf(error->text, sizeof(error->text), "%s:%d:%d: %s", path,
			 where.line, where.column, where.text);
	else
		load_document(&l, root, policy);
	json_decref(root);
	if (policy)
		policy->memory = l.blocks;
	if (error->text[0]) {
		policy_free(policy);
		return NULL;
	}
	return policy;
}

void policy_free(struct policy *policy)
{
	if (policy)
		free_blocks(policy->memory);
	free(policy);
}
