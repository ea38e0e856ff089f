/* SPDX-License-Identifier: MIT */
#include "condition.h"
#include "dict.h"

#include <stdio.h>
#include <stdlib.h>

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
	/* What the dictionary does not know is compared as text, unless the data set says
	 * its VR. */
	memcpy(a->vr, known ? known->vr : "LO", sizeof(a->vr));
	a->source = a->tag >> 16 == 0 ? POLICY_COMMAND : POLICY_DATA_SET;
	return true;
}

/* Keyword, (gggg,eeee) or one of the association's names -> attribute */
static bool resolve(struct build *b, const char *name, struct policy_attribute *a)
{
	size_t known = sizeof(association_attributes) / sizeof(association_attributes[0]);

	for (size_t i = 0; i < known; i++)
		if (strcmp(name, association_attributes[i].name) == 0) {
			*a = association_attributes[i];
			return true;
		}
	a->name = name;
	if (!resolve_tag(name, a)) {
		build_fail(b,
			   "\"%s\" is not an attribute: expected a keyword of the DICOM "
			   "dictionary (Modality), (gggg,eeee), or CallingAETitle and "
			   "the like",
			   name);
		return false;
	}
	if (a->tag >> 16 == 2)
		build_fail(b,
			   "%s is in the header of files, which no association carries",
			   name);
	return !b->failed;
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
size_t condition_attribute(struct build *b, const char *name)
{
	struct policy_attribute a = {0}, *found;

	if (!resolve(b, name, &a))
		return 0;
	if (b->adding) {
		a.name = build_text(b, a.name);
		b->attributes[b->nattributes++] = a;
		return 0;
	}
	found = bsearch(&a, b->attributes, b->nattributes, sizeof(a), compare);
	return found ? (size_t)(found - b->attributes) : 0;
}

bool condition_is_bulk(const char *vr)
{
	return vr[0] == 'O' || strcmp(vr, "UN") == 0 || strcmp(vr, "SQ") == 0;
}

/*** conditions: both passes walk the same way, the first only notes attributes ***/

/* UIDs may be written as keywords; patterns and numbers stay. */
const char *condition_value(struct build *b, json_t *json, const char *vr)
{
	char number[24];
	const char *text = json_string_value(json), *uid;

	if (json_is_integer(json)) {
		snprintf(number, sizeof(number), "%lld",
			 (long long)json_integer_value(json));
		return build_text(b, number);
	}
	if (!text) {
		build_fail(b, "expected a string or a whole number");
		return NULL;
	}
	if (strcmp(vr, "UI") != 0 || text[strspn(text, "0123456789.*?")] == '\0')
		return build_text(b, text);
	uid = dict_uid_by_keyword(slice_str(text));
	if (!uid)
		build_fail(b, "\"%s\" is neither a UID nor the keyword of one", text);
	return uid;
}

static void load_match(struct build *b, json_t *json, struct policy_node *node)
{
	const char *vr = b->attributes[node->attribute].vr;
	size_t n = json_is_array(json) ? json_array_size(json) : 1;
	const char **values = build_take(b, n, sizeof(*values));

	if (n == 0)
		build_fail(b, "an empty list can match nothing");
	if (!b->adding && condition_is_bulk(vr))
		build_fail(b,
			   "an attribute of VR %s has no value to compare; only "
			   "{\"present\": ...}",
			   vr);
	for (size_t i = 0; i < n && !b->failed; i++)
		values[i] = condition_value(
			b, json_is_array(json) ? json_array_get(json, i) : json,
			b->adding ? "" : vr);
	node->kind = POLICY_MATCH;
	node->values = values;
	node->nvalues = n;
}

static void load_presence(struct build *b, json_t *json, struct policy_node *node)
{
	json_t *present = json_object_get(json, "present");
	struct policy_node *child = build_take(b, 1, sizeof(*child));

	build_members(b, json, "present");
	if (!json_is_boolean(present))
		build_fail(b, "expected {\"present\": true} or {\"present\": false}");
	if (b->failed)
		return;
	*child = (struct policy_node){.kind = POLICY_IS_THERE,
				      .attribute = node->attribute};
	if (json_is_true(present))
		*node = *child;
	else
		*node = (struct policy_node){
			.kind = POLICY_NOT, .children = child, .nchildren = 1};
}

static void load_list(struct build *b, json_t *json, struct policy_node *node)
{
	size_t n = json_array_size(json);
	struct policy_node *children = build_take(b, n, sizeof(*children));

	if (!json_is_array(json) || n == 0)
		build_fail(b, "expected a list of conditions");
	for (size_t i = 0; i < n && !b->failed; i++) {
		size_t at = build_enter(b, "[%zu]", i);

		condition_load(b, json_array_get(json, i), &children[i]);
		build_leave(b, at);
	}
	node->children = children;
	node->nchildren = n;
}

static void load_member(struct build *b, const char *name, json_t *json,
			struct policy_node *node)
{
	struct policy_node *child;

	if (strcmp(name, "all") == 0 || strcmp(name, "any") == 0) {
		node->kind = name[1] == 'l' ? POLICY_ALL : POLICY_ANY;
		load_list(b, json, node);
	} else if (strcmp(name, "not") == 0) {
		child = build_take(b, 1, sizeof(*child));
		if (child)
			condition_load(b, json, child);
		node->kind = POLICY_NOT;
		node->children = child;
		node->nchildren = 1;
	} else {
		node->attribute = condition_attribute(b, name);
		if (b->failed)
			return;
		if (json_is_object(json))
			load_presence(b, json, node);
		else
			load_match(b, json, node);
	}
}

/* An object: all of its members */
void condition_load(struct build *b, json_t *json, struct policy_node *node)
{
	size_t n = json_object_size(json), i = 0;
	struct policy_node *children = build_take(b, n, sizeof(*children));
	const char *name;
	json_t *value;

	if (!json_is_object(json))
		build_fail(b, "expected an object of conditions");
	if (b->failed)
		return;
	json_object_foreach(json, name, value)
	{
		size_t at = build_enter(b, ".%s", name);

		if (!b->failed)
			load_member(b, name, value, &children[i++]);
		build_leave(b, at);
	}
	*node = (struct policy_node){
		.kind = POLICY_ALL, .children = children, .nchildren = n};
}

void condition_sort(struct build *b)
{
	size_t n = 0;

	qsort(b->attributes, b->nattributes, sizeof(*b->attributes), compare);
	for (size_t i = 0; i < b->nattributes; i++)
		if (n == 0 || compare(&b->attributes[n - 1], &b->attributes[i]) != 0)
			b->attributes[n++] = b->attributes[i];
	b->nattributes = n;
}
