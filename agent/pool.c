/* SPDX-License-Identifier: MIT */
/* docs/splicing.md, "What each pool accepts" */
#include "pool.h"
#include "dict.h"
#include "endpoint.h"
#include "prober.h"

#include <stdio.h>
#include <stdlib.h>

enum {
	DEFAULT_MAXIMUM_LENGTH = 16378,
	LEAST_MAXIMUM_LENGTH = 4096,
	DEFAULT_PROBE_SECONDS = 600,
	LEAST_PROBE_SECONDS = 10,
	MOST_PROBE_SECONDS = 86400
};

/* What every archive is expected to take (PS3.5 10.1) */
static const char *const uncompressed[] = {"1.2.840.10008.1.2.1", "1.2.840.10008.1.2"};

/* A capability while it is being built */
struct drawing {
	struct build *b;
	struct capability_row *rows; /* malloc'ed */
	size_t nrows;
	struct slice *syntaxes; /* CAPABILITY_SYNTAXES */
	size_t nsyntaxes;
	bool failed;
};

/*** names ***/

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

/*** drawing ***/

static struct drawing begin(struct build *b)
{
	struct drawing d = {.b = b};

	d.syntaxes = build_take(b, CAPABILITY_SYNTAXES, sizeof(*d.syntaxes));
	d.failed = !d.syntaxes;
	return d;
}

/* The bit of a transfer syntax; 0 is an error. */
static uint64_t bit_of(struct drawing *d, struct slice uid)
{
	size_t i = 0;

	if (d->failed)
		return 0;
	while (i < d->nsyntaxes && !slice_equal(d->syntaxes[i], uid))
		i++;
	if (i == CAPABILITY_SYNTAXES) {
		build_fail(d->b, "more than %d transfer syntaxes", CAPABILITY_SYNTAXES);
		return 0;
	}
	if (i == d->nsyntaxes)
		d->syntaxes[d->nsyntaxes++] = uid;
	return (uint64_t)1 << i;
}

static void add_row(struct drawing *d, struct slice sop_class, uint64_t syntaxes)
{
	struct capability_row *rows;

	if (d->failed)
		return;
	rows = build_grow(d->b, d->rows, d->nrows, sizeof(*rows));
	d->failed = !rows;
	if (!rows)
		return;
	d->rows = rows;
	rows[d->nrows++] = (struct capability_row){sop_class, syntaxes};
}

/* Sorted, each class once. */
static const struct capability *finish(struct drawing *d, uint32_t maximum_length)
{
	struct capability *c = build_take(d->b, 1, sizeof(*c));
	struct capability_row *rows = build_take(d->b, d->nrows, sizeof(*rows));
	size_t n = 0;

	if (!c || !rows || d->failed) {
		free(d->rows);
		return NULL;
	}
	if (d->nrows > 0)
		qsort(d->rows, d->nrows, sizeof(*rows), capability_row_order);
	for (size_t i = 0; i < d->nrows; i++) {
		if (n > 0 && slice_equal(rows[n - 1].sop_class, d->rows[i].sop_class))
			rows[n - 1].syntaxes |= d->rows[i].syntaxes;
		else
			rows[n++] = d->rows[i];
	}
	free(d->rows);
	*c = (struct capability){rows, n, d->syntaxes, d->nsyntaxes, maximum_length};
	return c;
}

/* Storage and Verification: what can be promised at all (PS3.4 A, B) */
static void add_promised(struct drawing *d, uint64_t syntaxes)
{
	const struct dict_uid *known;

	for (size_t i = 0; (known = dict_uid_at(i)); i++)
		if (known->kind == DICT_STORAGE || known->kind == DICT_VERIFICATION)
			add_row(d, slice_str(known->uid), syntaxes);
}

/*** members ***/

static uint32_t load_length(struct build *b, json_t *object, uint32_t unless,
			    bool may_be_none)
{
	json_t *json = json_object_get(object, "maximum_length");
	json_int_t bytes = json_integer_value(json);

	if (!json)
		return unless;
	build_enter(b, "maximum_length");
	if (!json_is_integer(json) || bytes > UINT32_MAX ||
	    (bytes < LEAST_MAXIMUM_LENGTH && !(bytes == 0 && may_be_none)))
		build_fail(b, "expected a number of bytes from %d to 4294967295%s",
			   LEAST_MAXIMUM_LENGTH, may_be_none ? ", or 0: no limit" : "");
	build_leave(b);
	return (uint32_t)bytes;
}

static uint64_t load_syntaxes(struct drawing *d, json_t *json)
{
	uint64_t bits = 0;

	build_enter(d->b, "transfer_syntaxes");
	if (!json_is_array(json) || json_array_size(json) == 0)
		build_expected(d->b, json, "a list of UIDs or their keywords");
	for (size_t i = 0; i < json_array_size(json); i++) {
		const char *uid;

		build_enter_element(d->b, i);
		uid = load_uid(d->b, json_array_get(json, i), true);
		if (uid)
			bits |= bit_of(d, slice_str(uid));
		build_leave(d->b);
	}
	build_leave(d->b);
	return bits;
}

static void load_group(struct drawing *d, const char *name, uint64_t bits)
{
	const struct dict_uid *known;

	if (!dict_group_name(0) || dict_group_is_transfer(name))
		build_fail(d->b, "\"@%s\" is no group of SOP classes", name);
	for (size_t i = 0; (known = dict_uid_at(i)); i++)
		if (dict_in_group(name, slice_str(known->uid)))
			add_row(d, slice_str(known->uid), bits);
}

static bool is_group(const char *name)
{
	const char *known;

	for (size_t i = 0; (known = dict_group_name(i)); i++)
		if (strcmp(known, name) == 0)
			return true;
	return false;
}

static void load_class(struct drawing *d, json_t *json, uint64_t bits)
{
	const char *text = json_string_value(json), *uid;

	if (text && *text == '@' && !is_group(text + 1))
		build_fail(d->b, "there is no group \"%s\"", text);
	else if (text && *text == '@')
		load_group(d, text + 1, bits);
	else if ((uid = load_uid(d->b, json, false)))
		add_row(d, slice_str(uid), bits);
}

static void load_classes(struct drawing *d, const char *name, json_t *json, uint64_t bits)
{
	build_enter(d->b, name);
	if (!json_is_array(json))
		build_expected(d->b, json, "a list of UIDs or their keywords");
	for (size_t i = 0; i < json_array_size(json); i++) {
		build_enter_element(d->b, i);
		load_class(d, json_array_get(json, i), bits);
		build_leave(d->b);
	}
	build_leave(d->b);
}

/* [{"sop_classes": [...], "transfer_syntaxes": [...]}, ...] */
static const struct capability *load_accepts(struct build *b, json_t *json,
					     uint32_t maximum_length)
{
	struct drawing d = begin(b);

	build_enter(b, "accepts");
	if (!json_is_array(json))
		build_expected(b, json, "a list of SOP classes with transfer syntaxes");
	for (size_t i = 0; i < json_array_size(json); i++) {
		json_t *entry = json_array_get(json, i);

		build_enter_element(b, i);
		if (json_is_object(entry)) {
			build_members(b, entry, "sop_classes transfer_syntaxes");
			load_classes(
				&d, "sop_classes", json_object_get(entry, "sop_classes"),
				load_syntaxes(&d, json_object_get(entry,
								  "transfer_syntaxes")));
		} else {
			build_expected(b, entry, "an object");
		}
		build_leave(b);
	}
	build_leave(b);
	return finish(&d, maximum_length);
}

/*** all of several archives ***/

static const struct capability *both(struct build *b, const struct capability *x,
				     const struct capability *y)
{
	struct drawing d = begin(b);

	for (size_t i = 0; i < x->nrows; i++) {
		const struct capability_row *row = &x->rows[i];
		const struct capability_row *other = capability_row(y, row->sop_class);
		uint64_t bits = 0;

		for (size_t k = 0; other && k < x->nsyntaxes; k++)
			if (row->syntaxes >> k & 1 &&
			    capability_accepts(y, other, x->syntaxes[k]))
				bits |= bit_of(&d, x->syntaxes[k]);
		if (bits)
			add_row(&d, row->sop_class, bits);
	}
	return finish(&d, capability_length(x->maximum_length, y->maximum_length));
}

/*** archives ***/

static const char *load_ae(struct build *b, json_t *json, const char *name)
{
	const char *text = build_string(b, json, name);

	if (text && strlen(text) > UL_AE_TITLE) {
		build_enter(b, name);
		build_fail(b, "\"%s\" is not an AE title: 1 to 16 characters", text);
		build_leave(b);
	}
	return text;
}

/* The key of its answers; NULL if something is wrong. */
static const char *load_archive(struct build *b, json_t *json, struct prober_archive *a)
{
	char key[PROBER_KEY];
	struct endpoint e;

	if (!json_is_object(json)) {
		build_expected(b, json, "{\"address\": \"HOST:PORT\"}");
		return NULL;
	}
	build_members(b, json, "address called_ae calling_ae");
	a->address = build_string(b, json, "address");
	if (!a->address || !endpoint_parse(a->address, &e) || !e.host[0]) {
		build_enter(b, "address");
		build_expected(b, json_object_get(json, "address"),
			       "HOST:PORT or [IPv6]:PORT");
		build_leave(b);
		return NULL;
	}
	a->called_ae = load_ae(b, json, "called_ae");
	a->calling_ae = load_ae(b, json, "calling_ae");
	prober_key(a, key, sizeof(key));
	return build_text(b, key);
}

static struct prober_archive *add_archive(struct build *b, struct policy *policy)
{
	struct prober_archive *list = build_grow(b, b->archives, policy->narchives,
						 sizeof(*list));

	if (!list)
		return NULL;
	b->archives = list;
	list[policy->narchives] = (struct prober_archive){0};
	return &list[policy->narchives++];
}

/* An answer has been written by us: it is read like a part of the policy, but what is
 * wrong in it is no error of the policy's.
 */
static const struct capability *answer_of(struct build *b, const char *key)
{
	const json_t *answer = key ? json_object_get(b->probed, key) : NULL;

	if (!json_is_object(answer))
		return NULL;
	return load_accepts(b, json_object_get(answer, "accepts"),
			    load_length(b, (json_t *)(uintptr_t)answer, 0, true));
}

/* What all of them accept; one that has never answered accepts <unless>. */
static const struct capability *load_archives(struct build *b, json_t *json,
					      const struct capability *unless,
					      struct policy *policy)
{
	const struct capability *all = NULL;

	build_enter(b, "archives");
	if (!json_is_array(json) || json_array_size(json) == 0)
		build_expected(b, json, "a list of archives");
	for (size_t i = 0; i < json_array_size(json); i++) {
		struct prober_archive *archive = add_archive(b, policy);
		const struct capability *one = unless;

		build_enter_element(b, i);
		if (archive)
			one = answer_of(b, load_archive(b, json_array_get(json, i),
							archive));
		one = one ? one : unless;
		all = all && one ? both(b, all, one) : one;
		build_leave(b);
	}
	build_leave(b);
	return all ? all : unless;
}

/*** pools ***/

/* What a probe has found beside, for people */
static void check_notes(struct build *b, json_t *json)
{
	static const char *const names[] = {"implementation_class_uid",
					    "implementation_version_name"};
	json_t *extended = json_object_get(json, "extended");

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		json_t *value = json_object_get(json, names[i]);

		build_enter(b, names[i]);
		if (value && !json_is_string(value))
			build_expected(b, value, "a string");
		build_leave(b);
	}
	build_enter(b, "extended");
	if (extended && !json_is_array(extended))
		build_expected(b, extended, "a list of strings");
	for (size_t i = 0; i < json_array_size(extended); i++) {
		build_enter_element(b, i);
		if (!json_is_string(json_array_get(extended, i)))
			build_expected(b, json_array_get(extended, i), "a string");
		build_leave(b);
	}
	build_leave(b);
}

static void load_pool(struct build *b, json_t *json, struct build_pool *pool,
		      struct policy *policy)
{
	json_t *accepts = json_object_get(json, "accepts");
	json_t *archives = json_object_get(json, "archives");
	uint32_t length;

	pool->accepts = b->usual;
	if (!json_is_object(json)) {
		build_expected(b, json, "an object");
		return;
	}
	build_members(b, json,
		      "accepts maximum_length archives implementation_class_uid "
		      "implementation_version_name extended");
	check_notes(b, json);
	length = load_length(b, json, DEFAULT_MAXIMUM_LENGTH, true);
	if (accepts)
		pool->accepts = load_accepts(b, accepts, length);
	else if (!archives)
		build_fail(b, "expected \"accepts\", \"archives\", or both");
	if (archives && pool->accepts)
		pool->accepts =
			load_archives(b, archives, pool->accepts, policy);
}

static unsigned load_seconds(struct build *b, json_t *json)
{
	json_int_t seconds = json ? json_integer_value(json) : DEFAULT_PROBE_SECONDS;

	build_enter(b, "probe_seconds");
	if (seconds < LEAST_PROBE_SECONDS || seconds > MOST_PROBE_SECONDS)
		build_fail(b, "expected a number of seconds from %d to %d",
			   LEAST_PROBE_SECONDS, MOST_PROBE_SECONDS);
	build_leave(b);
	return (unsigned)seconds;
}

static void load_usual(struct build *b, json_t *json, struct policy *policy)
{
	struct drawing d = begin(b);
	json_t *transfer = json_object_get(json, "transfer_syntaxes");
	json_t *abstract = json_object_get(json, "abstract_syntaxes");
	uint64_t bits;

	build_enter(b, "negotiate");
	if (json && !json_is_object(json))
		build_expected(b, json, "an object");
	build_members(b, json,
		      "transfer_syntaxes abstract_syntaxes maximum_length probe_seconds");
	bits = transfer ? load_syntaxes(&d, transfer)
			: bit_of(&d, slice_str(uncompressed[0])) |
				  bit_of(&d, slice_str(uncompressed[1]));
	add_promised(&d, bits);
	if (abstract)
		load_classes(&d, "abstract_syntaxes", abstract, bits);
	b->usual = policy->usual = finish(
		&d, load_length(b, json, DEFAULT_MAXIMUM_LENGTH, false));
	policy->probe_seconds = load_seconds(b, json_object_get(json, "probe_seconds"));
	build_leave(b);
}

void pool_load_all(struct build *b, json_t *pools, json_t *negotiate,
		   struct policy *policy)
{
	struct prober_archive *archives;
	const char *name;
	json_t *value;

	load_usual(b, negotiate, policy);
	build_enter(b, "pools");
	if (pools && !json_is_object(pools))
		build_expected(b, pools, "an object with a member for each pool");
	b->pools = build_take(b, json_object_size(pools), sizeof(*b->pools));
	json_object_foreach(pools, name, value)
	{
		if (!b->pools)
			break;
		build_enter(b, name);
		b->pools[b->npools].name = build_text(b, name);
		load_pool(b, value, &b->pools[b->npools++], policy);
		build_leave(b);
	}
	build_leave(b);
	archives = build_take(b, policy->narchives, sizeof(*archives));
	if (archives && policy->narchives > 0)
		memcpy(archives, b->archives, policy->narchives * sizeof(*archives));
	policy->archives = archives;
}

const struct capability *pool_accepts(struct build *b, const char *name)
{
	for (size_t i = 0; i < b->npools; i++)
		if (b->pools[i].name && strcmp(b->pools[i].name, name) == 0) {
			b->pools[i].used = true;
			return b->pools[i].accepts;
		}
	return b->usual;
}
