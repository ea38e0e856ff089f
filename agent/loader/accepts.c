/* SPDX-License-Identifier: MIT */
#include "loader/accepts.h"
#include "dicom/dict.h"

#include <stdlib.h>

/* What every archive is expected to accept (PS3.5 10.1) */
static const char *const uncompressed[] = {DICT_EXPLICIT_VR_LE, DICT_IMPLICIT_VR_LE};

/*** a capability that is being built ***/

struct draft {
	struct builder *b;
	struct capability_row *rows; /* malloc'ed */
	size_t nrows;
	struct slice *syntaxes; /* CAPABILITY_SYNTAXES */
	size_t nsyntaxes;
	uint64_t
		newer; /* syntaxes of storage classes that the dictionary does not know */
	bool failed;
};

static struct draft begin(struct builder *b)
{
	struct draft d = {.b = b};

	d.syntaxes = builder_take(b, CAPABILITY_SYNTAXES, sizeof(*d.syntaxes));
	d.failed = !d.syntaxes;
	return d;
}

/* The bit of a transfer syntax; 0 is an error. */
static uint64_t bit_of(struct draft *d, struct slice uid)
{
	size_t i = 0;

	if (d->failed)
		return 0;
	while (i < d->nsyntaxes && !slice_equal(d->syntaxes[i], uid))
		i++;
	if (i == CAPABILITY_SYNTAXES) {
		builder_fail(d->b, "more than %d transfer syntaxes", CAPABILITY_SYNTAXES);
		return 0;
	}
	if (i == d->nsyntaxes)
		d->syntaxes[d->nsyntaxes++] = uid;
	return (uint64_t)1 << i;
}

static void add_row(struct draft *d, struct slice sop_class, uint64_t syntaxes)
{
	struct capability_row *rows;

	if (d->failed)
		return;
	rows = builder_grow(d->b, d->rows, d->nrows, sizeof(*rows));
	d->failed = !rows;
	if (!rows)
		return;
	d->rows = rows;
	rows[d->nrows++] = (struct capability_row){sop_class, syntaxes};
}

/* The capability: its rows sorted, each SOP class once. */
static const struct capability *finish(struct draft *d, uint32_t maximum_length)
{
	struct capability *c = builder_take(d->b, 1, sizeof(*c));
	struct capability_row *rows = builder_take(d->b, d->nrows, sizeof(*rows));
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
	*c = (struct capability){rows,           n,
				 d->syntaxes,    d->nsyntaxes,
				 maximum_length, {.syntaxes = d->newer}};
	return c;
}

/*** members ***/

static const char *load_uid(struct builder *b, json_t *json, bool transfer)
{
	const char *text = json_string_value(json), *uid = text;
	const struct dict_uid *known;

	if (!text) {
		builder_expected(b, json, "a UID or its keyword");
		return NULL;
	}
	if (text[strspn(text, "0123456789.")] != '\0')
		uid = dict_uid_by_keyword(slice_str(text));
	known = uid ? dict_uid(slice_str(uid)) : NULL;
	if (!uid)
		builder_fail(b, "\"%s\" is neither a UID nor the keyword of one", text);
	else if (known && (known->kind == DICT_TRANSFER_SYNTAX) != transfer)
		builder_fail(b, "%s is %s transfer syntax", known->keyword,
			     transfer ? "no" : "a");
	return uid ? builder_text(b, uid) : NULL;
}

static uint64_t load_syntaxes(struct draft *d, json_t *json)
{
	json_t *list, *value;
	uint64_t bits = 0;

	builder_enter(d->b, "transfer_syntaxes");
	list = builder_list(d->b, json, 1, "a list of UIDs or their keywords");
	for (size_t i = 0; (value = builder_element(d->b, list, i)); i++) {
		const char *uid = load_uid(d->b, value, true);

		if (uid)
			bits |= bit_of(d, slice_str(uid));
	}
	builder_leave(d->b);
	return bits;
}

static void load_group(struct draft *d, const char *name, uint64_t bits)
{
	const struct dict_uid *known;

	if (dict_group_is_transfer(name))
		builder_fail(d->b, "\"@%s\" is no group of SOP classes", name);
	for (size_t i = 0; (known = dict_uid_at(i)); i++)
		if (dict_in_group(name, slice_str(known->uid)))
			add_row(d, slice_str(known->uid), bits);
	if (strcmp(name, "storage") == 0)
		d->newer |= bits;
}

static bool is_group(const char *name)
{
	const char *known;

	for (size_t i = 0; (known = dict_group_name(i)); i++)
		if (strcmp(known, name) == 0)
			return true;
	return false;
}

static void load_class(struct draft *d, json_t *json, uint64_t bits)
{
	const char *text = json_string_value(json), *uid;

	if (text && *text == '@' && !is_group(text + 1))
		builder_fail(d->b, "there is no group \"%s\"", text);
	else if (text && *text == '@')
		load_group(d, text + 1, bits);
	else if ((uid = load_uid(d->b, json, false)))
		add_row(d, slice_str(uid), bits);
}

static void load_classes(struct draft *d, const char *name, json_t *json, uint64_t bits)
{
	json_t *list, *value;

	builder_enter(d->b, name);
	list = builder_list(d->b, json, 0, "a list of UIDs or their keywords");
	for (size_t i = 0; (value = builder_element(d->b, list, i)); i++)
		load_class(d, value, bits);
	builder_leave(d->b);
}

const struct capability *accepts_load(struct builder *b, json_t *json,
				      uint32_t maximum_length)
{
	struct draft d = begin(b);
	json_t *list, *entry;
	uint64_t bits;

	builder_enter(b, "accepts");
	list = builder_list(b, json, 0, "a list of SOP classes with transfer syntaxes");
	for (size_t i = 0; (entry = builder_element(b, list, i)); i++) {
		if (!json_is_object(entry)) {
			builder_expected(b, entry, "an object");
			continue;
		}
		builder_members(b, entry, "sop_classes transfer_syntaxes");
		bits = load_syntaxes(&d, json_object_get(entry, "transfer_syntaxes"));
		load_classes(&d, "sop_classes", json_object_get(entry, "sop_classes"),
			     bits);
	}
	builder_leave(b);
	return finish(&d, maximum_length);
}

/* Storage of patients' instances, and Verification: what can be promised without being
 * named (PS3.4 A, B).
 */
static void add_promised(struct draft *d, uint64_t syntaxes)
{
	const struct dict_uid *known;

	for (size_t i = 0; (known = dict_uid_at(i)); i++)
		if ((known->kind == DICT_STORAGE || known->kind == DICT_VERIFICATION) &&
		    !dict_in_group("non-patient", slice_str(known->uid)))
			add_row(d, slice_str(known->uid), syntaxes);
	d->newer |= syntaxes;
}

const struct capability *accepts_load_usual(struct builder *b, json_t *negotiate,
					    uint32_t maximum_length)
{
	struct draft d = begin(b);
	json_t *transfer = json_object_get(negotiate, "transfer_syntaxes");
	json_t *abstract = json_object_get(negotiate, "abstract_syntaxes");
	uint64_t bits;

	bits = transfer ? load_syntaxes(&d, transfer)
			: bit_of(&d, slice_str(uncompressed[0])) |
				  bit_of(&d, slice_str(uncompressed[1]));
	add_promised(&d, bits);
	if (abstract)
		load_classes(&d, "abstract_syntaxes", abstract, bits);
	return finish(&d, maximum_length);
}

/* The transfer syntaxes that both rows have. */
static uint64_t common_syntaxes(struct draft *d, const struct capability *x,
				const struct capability_row *of_x,
				const struct capability *y,
				const struct capability_row *of_y)
{
	uint64_t bits = 0;

	for (size_t k = 0; of_y && k < x->nsyntaxes; k++)
		if (of_x->syntaxes >> k & 1 &&
		    capability_accepts(y, of_y, x->syntaxes[k]))
			bits |= bit_of(d, x->syntaxes[k]);
	return bits;
}

const struct capability *accepts_load_common(struct builder *b,
					     const struct capability *x,
					     const struct capability *y)
{
	struct draft d = begin(b);

	for (size_t i = 0; i < x->nrows; i++) {
		const struct capability_row *row = &x->rows[i];
		uint64_t bits =
			common_syntaxes(&d, x, row, y, capability_row(y, row->sop_class));

		if (bits)
			add_row(&d, row->sop_class, bits);
	}
	d.newer = common_syntaxes(&d, x, &x->newer, y, &y->newer);
	return finish(&d, capability_length(x->maximum_length, y->maximum_length));
}
