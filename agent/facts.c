/* SPDX-License-Identifier: MIT */
/* Attributes of the association (PS3.8), the command set (PS3.7) and the data set (PS3.5)
 */
#include "facts.h"
#include "dict.h"

/* For VRs whose text is in the Specific Character Set (PS3.5 6.1.2.2): what ends the
 * escapes (6.1.2.5.3).  NULL for the others.
 */
static const char *delimiters_of(const char *vr)
{
	if (dict_vr_is(vr, "PN"))
		return "\\^=";
	if (dict_vr_is(vr, "LO SH UC UN"))
		return "\\";
	return dict_vr_is(vr, "LT ST UT") ? "\r\n\f\t" : NULL;
}

static struct policy_fact present(struct slice text)
{
	return (struct policy_fact){POLICY_PRESENT, text};
}

/* Text written since <start>, or nothing known if it did not fit. */
static struct policy_fact written(struct facts *f, size_t start,
				  enum policy_fact_state state)
{
	if (!writer_ok(&f->text))
		return (struct policy_fact){POLICY_UNKNOWN, {0}};
	return (struct policy_fact){state, {f->text.buf + start, f->text.len - start}};
}

static void put_value(struct facts *f, size_t start, struct slice uid)
{
	if (f->text.len > start)
		writer_u8(&f->text, '\\');
	writer_bytes(&f->text, uid);
}

static struct policy_fact proposed_classes(struct facts *f, enum policy_fact_state state)
{
	size_t start = f->text.len;

	for (unsigned i = 0; i < f->rq->ncontexts; i++) {
		struct slice uid = f->rq->contexts[i].abstract_syntax;
		bool seen = false;

		for (unsigned k = 0; k < i && !seen; k++)
			seen = slice_equal(uid, f->rq->contexts[k].abstract_syntax);
		if (!seen)
			put_value(f, start, uid);
	}
	return written(f, start, state);
}

/* Every transfer syntax that a context proposes, each context's list once. */
static struct policy_fact proposed_syntaxes(struct facts *f)
{
	size_t start = f->text.len;

	for (unsigned i = 0; i < f->rq->ncontexts; i++) {
		struct reader list = f->rq->contexts[i].transfer_syntaxes;
		struct slice uid;

		if (i > 0 &&
		    slice_equal(
			    slice_of(list.pos, reader_left(&list)),
			    slice_of(f->rq->contexts[i - 1].transfer_syntaxes.pos,
				     reader_left(
					     &f->rq->contexts[i - 1].transfer_syntaxes))))
			continue;
		while (ul_next_transfer_syntax(&list, &uid))
			put_value(f, start, uid);
	}
	return written(f, start, POLICY_ONE_OF);
}

static struct policy_fact from_association(struct facts *f, enum policy_association which)
{
	const struct ul_associate *rq = f->rq;
	bool command = f->message && f->message->command_whole;

	switch (which) {
	case POLICY_CALLING_AE_TITLE:
		return present(rq->calling_ae_title);
	case POLICY_CALLED_AE_TITLE:
		return present(rq->called_ae_title);
	case POLICY_SOP_CLASS_UID:
		return command ? present(f->message->sop_class)
			       : proposed_classes(f, POLICY_ONE_OF);
	case POLICY_PROPOSED_SOP_CLASS_UID:
		return proposed_classes(f, POLICY_PRESENT);
	case POLICY_TRANSFER_SYNTAX_UID:
		return f->transfer_syntax.len > 0 ? present(f->transfer_syntax)
						  : proposed_syntaxes(f);
	case POLICY_IMPLEMENTATION_CLASS_UID:
		return present(rq->implementation_class_uid);
	case POLICY_IMPLEMENTATION_VERSION_NAME:
		return present(rq->implementation_version_name);
	}
	return (struct policy_fact){POLICY_ABSENT, {0}};
}

/* One value, or none: then it is no longer a question which. */
static struct policy_fact settle(const char *vr, struct policy_fact fact)
{
	struct slice rest = fact.text, value;

	if (fact.state == POLICY_ONE_OF && policy_next_value(vr, &rest, &value) &&
	    !policy_next_value(vr, &rest, &value))
		fact.state = POLICY_PRESENT;
	if (fact.state != POLICY_UNKNOWN && fact.text.len == 0 && !fact.text.ptr)
		fact.state = POLICY_ABSENT;
	return fact;
}

static struct policy_fact from_element(struct facts *f, const struct policy_attribute *a,
				       const struct dataset_wanted *w,
				       enum dataset_encoding encoding)
{
	bool un = strcmp(w->vr, "UN") == 0;
	const char *vr = w->vr[0] && !un ? w->vr : a->vr;
	const char *delimiters = delimiters_of(vr);
	size_t start = f->text.len;

	if (un) /* little endian in any transfer syntax (PS3.5 6.2.2 note) */
		encoding = DATASET_IMPLICIT_LE;
	if (w->state != DATASET_PRESENT)
		return (struct policy_fact){
			w->state == DATASET_ABSENT ? POLICY_ABSENT : POLICY_UNKNOWN, {0}};
	if (dataset_number_text(vr, w->value, encoding, &f->text))
		return written(f, start, POLICY_PRESENT);
	if (!delimiters || !writer_ok(&f->text))
		return present(w->value);
	if (!charset_decode(f->charset, f->wanted[f->policy->character_set].value,
			    delimiters, w->value, &f->text)) {
		/* longer than any value to be compared: as if it were not there */
		f->text.failed = false;
		f->text.len = start;
		return (struct policy_fact){POLICY_ABSENT, {0}};
	}
	return written(f, start, POLICY_PRESENT);
}

static struct policy_fact find(struct facts *f, size_t attribute)
{
	const struct policy_attribute *a = &f->policy->attributes[attribute];

	switch (a->source) {
	case POLICY_ASSOCIATION:
		return settle(a->vr,
			      from_association(f, (enum policy_association)a->tag));
	case POLICY_COMMAND:
		return from_element(f, a, &f->wanted[attribute], DATASET_IMPLICIT_LE);
	case POLICY_DATA_SET:
		break;
	}
	return from_element(f, a, &f->wanted[attribute], f->encoding);
}

void facts_clear(struct facts *f)
{
	for (size_t i = 0; i < f->policy->nattributes; i++)
		f->wanted[i] =
			(struct dataset_wanted){.tag = f->policy->attributes[i].tag};
	f->message = NULL;
	f->transfer_syntax = (struct slice){0};
	f->final = false;
	facts_reset(f);
}

void facts_reset(struct facts *f)
{
	memset(f->asked, 0, f->policy->nattributes * sizeof(*f->asked));
	f->text.len = 0;
	f->text.failed = false;
}

const struct policy_fact *facts_get(struct facts *f, size_t attribute)
{
	struct policy_fact *fact = &f->known[attribute];

	if (!f->asked[attribute]) {
		*fact = find(f, attribute);
		if (f->final && fact->state != POLICY_PRESENT)
			*fact = (struct policy_fact){POLICY_ABSENT, {0}};
		f->asked[attribute] = true;
	}
	return fact;
}

static const struct policy_fact *view(void *context, size_t attribute)
{
	return facts_get(context, attribute);
}

struct policy_facts facts_view(struct facts *f)
{
	return (struct policy_facts){view, f};
}
