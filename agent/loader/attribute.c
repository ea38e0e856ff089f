/* SPDX-License-Identifier: MIT */
#include "loader/attribute.h"
#include "dicom/dict.h"
#include "base/suggest.h"

#include <stdio.h>
#include <stdlib.h>

enum { MAX_STEPS = 16 };

static const struct policy_attribute association_attributes[] = {
	{.tag = POLICY_CALLING_AE_TITLE, .vr = "AE", .name = "CallingAETitle"},
	{.tag = POLICY_CALLED_AE_TITLE, .vr = "AE", .name = "CalledAETitle"},
	{.tag = POLICY_SOP_CLASS_UID, .vr = "UI", .name = "SOPClassUID"},
	{.tag = POLICY_PROPOSED_SOP_CLASS_UID, .vr = "UI", .name = "ProposedSOPClassUID"},
	{.tag = POLICY_TRANSFER_SYNTAX_UID, .vr = "UI", .name = "TransferSyntaxUID"},
	{.tag = POLICY_IMPLEMENTATION_CLASS_UID,
	 .vr = "UI",
	 .name = "ImplementationClassUID"},
	{.tag = POLICY_IMPLEMENTATION_VERSION_NAME,
	 .vr = "SH",
	 .name = "ImplementationVersionName"},
	/* UT, in which a backslash is a letter: DOMAIN\user */
	{.tag = POLICY_USER_IDENTITY, .vr = "UT", .name = "UserIdentity"},
	{.tag = POLICY_CLIENT_ADDRESS, .vr = POLICY_VR_ADDRESS, .name = "ClientAddress"},
	{.tag = POLICY_DESTINATION_PORT, .vr = "US", .name = "DestinationPort"},
	{.tag = POLICY_TLS_SERVER_NAME, .vr = "LO", .name = "TLSServerName"},
	{.tag = POLICY_TLS_CLIENT_NAME, .vr = "UT", .name = "TLSClientName"},
	{.tag = POLICY_FIRST_COMMAND, .vr = "CS", .name = "Command"},
};

enum { ASSOCIATION = sizeof(association_attributes) / sizeof(association_attributes[0]) };

/* A name that is being read */
struct reading {
	struct builder *b;
	const char *name;        /* all of it */
	enum json_place_end end; /* what an error is about */
	const char *at;          /* what is still to be read of it */
	struct policy_attribute attribute;
	struct policy_step steps[MAX_STEPS];
};

static bool fail(struct reading *r, const char *what)
{
	if (r->end == JSON_PLACE_NAME)
		builder_fail_name(r->b, "\"%s\": %s", r->name, what);
	else
		builder_fail(r->b, "\"%s\": %s", r->name, what);
	return false;
}

static bool fail_unknown(struct reading *r, const char *word)
{
	/* what may stand in an attribute's place in a condition */
	static const char *const words[] = {"all", "any", "not", "sample", "schedule"};
	const struct dict_attribute *known;
	char text[300];
	struct suggest n;

	suggest_begin(&n, word);
	for (size_t i = 0; i < ASSOCIATION; i++)
		suggest_offer(&n, association_attributes[i].name);
	for (size_t i = 0; (known = dict_attribute_at(i)); i++)
		suggest_offer(&n, known->keyword);
	for (size_t i = 0;
	     r->end == JSON_PLACE_NAME && i < sizeof(words) / sizeof(*words); i++)
		suggest_offer(&n, words[i]);
	snprintf(text, sizeof(text), "not an attribute%s",
		 n.best ? suggest_phrase(&n)
			: ": expected a keyword of the DICOM dictionary (Modality), "
			  "(gggg,eeee), (gggg,CREATOR,ee), or CallingAETitle and the "
			  "like");
	return fail(r, text);
}

/*** one step ***/

/* Exactly <digits> hexadecimal ones, and then <after>. */
static bool read_hex(const char *text, size_t digits, char after, uint32_t *number)
{
	if (strspn(text, "0123456789abcdefABCDEF") != digits || text[digits] != after)
		return false;
	*number = (uint32_t)strtoul(text, NULL, 16);
	return true;
}

/* Between the parentheses: gggg,eeee or gggg,CREATOR,ee */
static bool read_tag(struct reading *r, const char *inside, struct policy_step *step)
{
	const char *first = strchr(inside, ','), *last = strrchr(inside, ',');
	uint32_t group, element;
	char *creator;
	size_t len;

	if (!first || !read_hex(inside, 4, ',', &group) ||
	    !read_hex(last + 1, first == last ? 4 : 2, '\0', &element))
		return fail(r, "expected (gggg,eeee) or (gggg,CREATOR,ee)");
	step->tag = group << 16 | element;
	if (first == last)
		return true;
	if (!(group & 1))
		return fail(r, "private attributes have odd groups");
	first++;
	if (last - first > 1 && *first == '"' && last[-1] == '"') {
		first++;
		last--;
	}
	len = (size_t)(last - first);
	creator = builder_take(r->b, len + 1, 1);
	if (!creator)
		return false;
	memcpy(creator, first, len);
	step->creator = creator;
	return len > 0 || fail(r, "a private attribute needs its creator");
}

static const char *vr_of(const struct policy_step *step)
{
	const struct dict_attribute *known;
	const char *vr;

	if (step->creator)
		vr = dict_private_vr((uint16_t)(step->tag >> 16),
				     slice_str(step->creator), (uint8_t)step->tag);
	else
		vr = (known = dict_attribute_by_tag(step->tag)) ? known->vr : NULL;
	/* What the dictionary does not know is compared as text, unless the data set says
	 * its VR. */
	return vr ? vr : "LO";
}

/* DCMTK marks keywords that the standard has retired. */
static const struct dict_attribute *keyword(const char *word)
{
	const struct dict_attribute *known = dict_attribute(slice_str(word));
	char retired[300];

	snprintf(retired, sizeof(retired), "RETIRED_%s", word);
	return known ? known : dict_attribute(slice_str(retired));
}

static bool read_step(struct reading *r, struct policy_step *step)
{
	const struct dict_attribute *known;
	char word[256];
	size_t len = *r->at == '(' ? strcspn(r->at, ")") : strcspn(r->at, ".[");

	*step = (struct policy_step){.item = POLICY_ANY_ITEM};
	if (len >= sizeof(word))
		return fail(r, "too long");
	memcpy(word, r->at, len);
	word[len] = '\0';
	r->at += len;
	if (*word == '(') {
		if (*r->at != ')')
			return fail(r, "a parenthesis is not closed");
		r->at++;
		return read_tag(r, word + 1, step);
	}
	known = keyword(word);
	if (!known)
		return fail_unknown(r, word);
	step->tag = known->tag;
	return true;
}

/* [N] behind a sequence */
static bool read_item(struct reading *r, struct policy_step *step)
{
	unsigned item;
	int end = 0;

	if (*r->at != '[')
		return true;
	if (sscanf(r->at, "[%4u]%n", &item, &end) != 1 || end == 0 || r->at[1] < '0' ||
	    r->at[1] > '9')
		return fail(r, "expected the number of an item, from 0: Sequence[0]");
	step->item = item;
	r->at += end;
	return true;
}

static bool is_sequence(const struct policy_step *step)
{
	const char *vr = vr_of(step);

	return dict_vr_is(vr, "SQ UN") ||
	       (!step->creator && !dict_attribute_by_tag(step->tag)) ||
	       (step->creator && strcmp(vr, "LO") == 0);
}

static bool read_path(struct reading *r)
{
	struct policy_attribute *a = &r->attribute;
	bool more;

	do {
		struct policy_step *step = &r->steps[a->npath];

		if (a->npath == MAX_STEPS)
			return fail(r, "too many steps");
		if (!read_step(r, step) || !read_item(r, step))
			return false;
		a->npath++;
		more = *r->at == '.';
		if (!more && *r->at != '\0')
			return fail(r, "expected a dot and the next attribute");
		if (!more && step->item != POLICY_ANY_ITEM)
			return fail(r,
				    "an item alone is no attribute: expected a dot and "
				    "an attribute");
		if (more && !is_sequence(step))
			return fail(r, "only what is in a sequence (VR SQ) has a path");
		r->at += more;
	} while (more);
	memcpy(a->vr, vr_of(&r->steps[a->npath - 1]), sizeof(a->vr));
	a->path = r->steps;
	a->source = r->steps[0].tag >> 16 == 0 ? POLICY_COMMAND : POLICY_DATA_SET;
	if (r->steps[0].tag >> 16 == 2)
		return fail(r, "is in the header of files, which no association carries");
	return true;
}

static bool resolve(struct reading *r)
{
	for (size_t i = 0; i < ASSOCIATION; i++)
		if (strcmp(r->name, association_attributes[i].name) == 0) {
			r->attribute = association_attributes[i];
			return true;
		}
	return read_path(r);
}

/*** all of them ***/

static bool same_creator(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static bool same(const struct policy_attribute *a, const struct policy_attribute *b)
{
	if (a->source != b->source || a->tag != b->tag || a->npath != b->npath)
		return false;
	for (size_t i = 0; i < a->npath; i++)
		if (a->path[i].tag != b->path[i].tag ||
		    a->path[i].item != b->path[i].item ||
		    !same_creator(a->path[i].creator, b->path[i].creator))
			return false;
	return true;
}

static const struct policy_attribute *add(struct builder *b, const struct reading *r)
{
	struct policy_attribute *a = builder_take(b, 1, sizeof(*a));
	struct policy_step *path = builder_take(b, r->attribute.npath, sizeof(*path));
	struct policy_attribute **list = builder_grow(b, b->attributes, b->nattributes,
						      sizeof(struct policy_attribute *));

	if (list)
		b->attributes = list;
	if (!a || !path || !list)
		return NULL;
	*a = r->attribute;
	memcpy(path, r->steps, a->npath * sizeof(*path));
	a->path = path;
	a->name = builder_text(b, r->name);
	a->index = b->nattributes;
	if (a->name)
		list[b->nattributes++] = a;
	return a->name ? a : NULL;
}

const struct policy_attribute *attribute_named(struct builder *b, const char *name,
					       enum json_place_end end)
{
	struct reading r = {.b = b, .name = name, .end = end, .at = name};

	/* most are written alike */
	for (size_t i = 0; i < b->nattributes; i++)
		if (strcmp(b->attributes[i]->name, name) == 0)
			return b->attributes[i];
	if (!resolve(&r))
		return NULL;
	for (size_t i = 0; i < b->nattributes; i++)
		if (same(b->attributes[i], &r.attribute))
			return b->attributes[i];
	return add(b, &r);
}

struct policy_attributes attribute_list(struct builder *b, json_t *json)
{
	size_t n = builder_count(json);
	const struct policy_attribute **list = builder_take(b, n, sizeof(*list));
	json_t *name;

	for (size_t i = 0; (name = builder_element(b, json, i)); i++) {
		const struct policy_attribute *a = NULL;

		if (json_is_string(name))
			a = attribute_named(b, json_string_value(name), JSON_PLACE_VALUE);
		else
			builder_expected(b, name, "the name of an attribute");
		if (a && policy_is_bulk(a))
			builder_fail(b, "an attribute of VR %s has no value to use here",
				     a->vr);
		if (list)
			list[i] = a;
	}
	if (n == 0)
		builder_fail(b, "an empty list names no attribute");
	return (struct policy_attributes){list, b->failed || !list ? 0 : n};
}

/*** the elements where they are found ***/

/* Those of the command set have the lowest tags; private ones come last. */
static int element_order(const void *left, const void *right)
{
	const struct policy_element *a = left, *b = right;

	if (!a->creator != !b->creator)
		return a->creator ? 1 : -1;
	if (a->tag != b->tag)
		return a->tag < b->tag ? -1 : 1;
	return a->creator ? strcmp(a->creator, b->creator) : 0;
}

static void count_element(struct policy *p, const struct policy_element *e)
{
	if (e->creator)
		p->nprivate++;
	else if (e->tag >> 16 == 0)
		p->ncommand++;
	else
		p->nplain++;
}

static struct policy_element element_of(const struct policy_attribute *a)
{
	return (struct policy_element){a->path[0].tag, a->path[0].creator};
}

void attribute_finish(struct builder *b, struct policy *policy)
{
	struct policy_element *e = builder_take(b, b->nattributes, sizeof(*e));
	struct policy_attribute **list = builder_take(b, b->nattributes, sizeof(*list));
	size_t all = 0, n = 0;

	if (!e || !list)
		return;
	for (size_t i = 0; i < b->nattributes; i++)
		if (b->attributes[i]->source != POLICY_ASSOCIATION)
			e[all++] = element_of(b->attributes[i]);
	qsort(e, all, sizeof(*e), element_order);
	for (size_t i = 0; i < all; i++)
		if (n == 0 || element_order(&e[n - 1], &e[i]) != 0) {
			e[n++] = e[i];
			count_element(policy, &e[i]);
		}
	for (size_t i = 0; i < b->nattributes; i++) {
		struct policy_attribute *a = list[i] = b->attributes[i];
		struct policy_element wanted = {0}, *found;

		if (a->source == POLICY_ASSOCIATION)
			continue;
		wanted = element_of(a);
		found = bsearch(&wanted, e, n, sizeof(*e), element_order);
		a->element = (size_t)(found - e);
	}
	policy->elements = e;
	policy->attributes = (const struct policy_attribute *const *)list;
	policy->nattributes = b->nattributes;
}
