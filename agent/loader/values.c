/* SPDX-License-Identifier: MIT */
#include "loader/values.h"
#include "dicom/dict.h"
#include "dicom/dimse.h"
#include "base/suggest.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { VALUE_MAX = 4096 }; /* bytes */

/* The arrays of a set are const for everybody but this file, which has allocated them. */
static void *writable(const void *array)
{
	return (void *)(uintptr_t)array;
}

struct policy_set *values_new(struct builder *b, size_t n, bool fold)
{
	struct policy_set *set = builder_take(b, 1, sizeof(*set));

	if (!set)
		return NULL;
	set->fold = fold;
	set->literals = builder_take(b, n, sizeof(*set->literals));
	set->patterns = builder_take(b, n, sizeof(*set->patterns));
	set->numbers = builder_take(b, n, sizeof(*set->numbers));
	set->networks = builder_take(b, n, sizeof(*set->networks));
	set->groups = builder_take(b, n, sizeof(*set->groups));
	return set->literals && set->patterns && set->numbers && set->networks &&
			       set->groups
		       ? set
		       : NULL;
}

__attribute__((format(printf, 2, 3))) static bool refuse(char *why, const char *format,
							 ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(why, VALUE_SET_WHY, format, ap);
	va_end(ap);
	return false;
}

/* Without what policy_next_value() takes off a value. */
static struct slice without_padding(const char *vr, struct slice text)
{
	return dict_vr_is(vr, "ST LT UT") ? slice_trim_end(text) : slice_trim(text);
}

/* In the form in which values are compared: NFC, or folded; of person names without the
 * empty components at the end.
 */
static const char *canonical(struct builder *b, const struct policy_set *set,
			     const char *vr, const char *text)
{
	uint8_t bytes[VALUE_MAX];
	struct writer out = writer_of(bytes, sizeof(bytes));
	struct slice in = without_padding(vr, slice_str(text));
	char *copy;

	while (strcmp(vr, "PN") == 0 && in.len > 0 && strchr("^=", in.ptr[in.len - 1]))
		in.len--;
	if (!(set->fold ? unicode_fold(b->unicode, in, &out)
			: unicode_normalize(b->unicode, in, &out)))
		return NULL;
	copy = builder_take(b, out.len + 1, 1);
	return copy ? memcpy(copy, bytes, out.len) : NULL;
}

static bool add_text(struct builder *b, struct policy_set *set, const char *vr,
		     const char *text, char *why)
{
	const char *copy = canonical(b, set, vr, text);

	if (!copy)
		return refuse(why, "a value has at most %d bytes", VALUE_MAX);
	if (copy[strcspn(copy, "*?")] != '\0') {
		const char **patterns = writable(set->patterns);

		patterns[set->npatterns++] = copy;
	} else {
		struct slice *literals = writable(set->literals);

		literals[set->nliterals++] = slice_str(copy);
	}
	return true;
}

/*** UIDs ***/

static bool add_group(struct policy_set *set, const struct policy_attribute *a,
		      const char *name, char *why)
{
	const char **groups = writable(set->groups), *known;
	char allowed[VALUE_SET_WHY] = "";
	bool transfer =
		a->source == POLICY_ASSOCIATION && a->tag == POLICY_TRANSFER_SYNTAX_UID;

	for (size_t i = 0; (known = dict_group_name(i)); i++) {
		size_t len = strlen(allowed);

		if (a->source == POLICY_ASSOCIATION &&
		    dict_group_is_transfer(known) != transfer)
			continue;
		if (strcmp(known, name) == 0) {
			groups[set->ngroups++] = known;
			return true;
		}
		snprintf(allowed + len, sizeof(allowed) - len, " @%s", known);
	}
	return refuse(why, "there is no group \"@%s\" for %s; expected one of:%.180s",
		      name, a->name, allowed);
}

static bool refuse_uid(const char *text, char *why)
{
	const struct dict_uid *known;
	struct suggest n;

	suggest_begin(&n, text);
	for (size_t i = 0; (known = dict_uid_at(i)); i++)
		suggest_offer(&n, known->keyword);
	return refuse(why, "\"%.64s\" is neither a UID nor the keyword of one%s", text,
		      suggest_phrase(&n));
}

static bool add_uid(struct builder *b, struct policy_set *set,
		    const struct policy_attribute *a, const char *text, char *why)
{
	const char *uid = text;

	if (*text == '@')
		return add_group(set, a, text + 1, why);
	if (text[strspn(text, "0123456789.*?")] != '\0')
		uid = dict_uid_by_keyword(slice_str(text));
	return uid ? add_text(b, set, "UI", uid, why) : refuse_uid(text, why);
}

/*** all kinds ***/

static bool add_network(struct policy_set *set, const char *text, char *why)
{
	struct ip_network *networks = writable(set->networks);
	struct ip_network *n = &networks[set->nnetworks];

	if (!ip_network_parse(text, n))
		return refuse(why,
			      "\"%.64s\" is no address and no network: expected "
			      "10.1.2.3, 10.1.0.0/16 or 2001:db8::/32",
			      text);
	if (!ip_network_exact(n))
		return refuse(why,
			      "\"%.64s\" has bits set behind its prefix; the network "
			      "itself was expected",
			      text);
	set->nnetworks++;
	return true;
}

/* A value that has an order is compared as what it stands for: 0512 is 512, and
 * 2024-06-30 is 20240630.
 */
static bool add_number(struct policy_set *set, enum value_kind kind, const char *text)
{
	double *numbers = writable(set->numbers);

	if (!value_number(kind, slice_str(text), &numbers[set->nnumbers]))
		return false;
	set->nnumbers++;
	return true;
}

/* What the first message can be (PS3.7 9.1, 10.1) */
static bool is_command(const char *text, char *why)
{
	struct suggest n;
	const char *name;
	uint16_t field;

	suggest_begin(&n, text);
	for (size_t i = 0; (name = dimse_request(i, &field)); i++) {
		if (strcmp(name, text) == 0)
			return true;
		suggest_offer(&n, name);
	}
	return refuse(why, "\"%.64s\" is no command%s; expected C-STORE, C-FIND ...",
		      text, suggest_phrase(&n));
}

bool values_text(struct builder *b, struct policy_set *set,
		 const struct policy_attribute *a, const char *text,
		 char why[static VALUE_SET_WHY])
{
	enum value_kind kind = value_kind(a->vr);

	if (strcmp(a->vr, POLICY_VR_ADDRESS) == 0)
		return add_network(set, text, why);
	if (strcmp(a->vr, "UI") == 0)
		return add_uid(b, set, a, text, why);
	if (strchr(text, '\\') && !dict_vr_is(a->vr, "ST LT UT UR"))
		return refuse(why,
			      "\"%.64s\" has a backslash, which separates values: each "
			      "is compared by itself",
			      text);
	if (add_number(set, kind, text))
		return true;
	if (strcmp(a->vr, "AE") == 0 && strlen(text) > PDU_AE_TITLE &&
	    !strpbrk(text, "*?"))
		return refuse(why,
			      "\"%.64s\" has more than %d characters, no AE title has",
			      text, PDU_AE_TITLE);
	if (a->source == POLICY_ASSOCIATION && a->tag == POLICY_FIRST_COMMAND &&
	    !set->fold && !strpbrk(text, "*?"))
		return is_command(text, why) && add_text(b, set, a->vr, text, why);
	if (kind == VALUE_NUMBER && *text != '\0' && !strpbrk(text, "*?"))
		return refuse(why, "\"%.64s\" is no number, as %s has", text, a->name);
	return add_text(b, set, a->vr, text, why);
}

bool values_number(struct builder *b, struct policy_set *set,
		   const struct policy_attribute *a, json_t *number,
		   char why[static VALUE_SET_WHY])
{
	double *numbers = writable(set->numbers);
	char text[24];

	if (value_kind(a->vr) == VALUE_NUMBER) {
		numbers[set->nnumbers++] = json_number_value(number);
		return true;
	}
	if (!json_is_integer(number))
		return refuse(why, "%s is compared as text: expected a string", a->name);
	snprintf(text, sizeof(text), "%lld", (long long)json_integer_value(number));
	return values_text(b, set, a, text, why);
}

void values_finish(struct policy_set *set)
{
	qsort(writable(set->literals), set->nliterals, sizeof(*set->literals),
	      policy_slice_order);
	qsort(writable(set->numbers), set->nnumbers, sizeof(*set->numbers),
	      policy_number_order);
}
