/* SPDX-License-Identifier: MIT */
/* Attributes of the association (PS3.8), the command set (PS3.7) and the data set (PS3.5)
 */
#include "facts.h"
#include "dict.h"

#include <stdlib.h>

static const uint32_t SPECIFIC_CHARACTER_SET = 0x00080005;

static const struct policy_fact ABSENT = {POLICY_ABSENT, {0}};

/*** text ***/

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
	/* an empty text is a value, no text is none */
	return (struct policy_fact){POLICY_PRESENT,
				    text.ptr ? text : slice_of("", 0)};
}

static struct policy_fact if_any(struct slice text)
{
	return text.len > 0 ? present(text) : ABSENT;
}

/* Text written since <start>.  What did not fit is longer than any value to be compared:
 * as if it were not there.
 */
static struct policy_fact written(struct facts *f, size_t start,
				  enum policy_fact_state state)
{
	if (f->text.failed) {
		f->text.failed = false;
		f->text.len = start;
		return ABSENT;
	}
	return (struct policy_fact){
		state, slice_of(f->text.buf + start, f->text.len - start)};
}

static void put_value(struct facts *f, size_t start, struct slice value)
{
	if (f->text.len > start)
		writer_u8(&f->text, '\\');
	writer_bytes(&f->text, value);
}

/*** the association ***/

/* A name in UTF-8, however its letters are composed */
static struct policy_fact name_of(struct facts *f, struct slice utf8)
{
	size_t start = f->text.len;

	if (!unicode_normalize(&f->scratch->unicode, utf8, &f->text))
		f->text.failed = true;
	return written(f, start, POLICY_PRESENT);
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

/* The requests that an SCU of a SOP class can begin with (PS3.4), or NULL */
static const char *commands_of(struct slice uid)
{
	static const struct {
		const char *group;
		uint8_t last; /* digit of the UID, or 0 */
		const char *commands;
	} known[] = {
		{"storage", 0, "C-STORE"},
		{"verification", 0, "C-ECHO"},
		{"query-retrieve", '1', "C-FIND"},
		{"query-retrieve", '2', "C-MOVE"},
		{"query-retrieve", '3', "C-GET"},
		{"worklist", 0, "C-FIND"},
		{"mpps", '3', "N-CREATE\\N-SET"},
		{"mpps", '4', "N-GET"},
		{"mpps", '5', "N-EVENT-REPORT"},
		{"storage-commitment", 0, "N-ACTION\\N-EVENT-REPORT"},
	};

	for (size_t i = 0; uid.len > 0 && i < sizeof(known) / sizeof(known[0]); i++)
		if ((!known[i].last || known[i].last == uid.ptr[uid.len - 1]) &&
		    dict_in_group(known[i].group, uid))
			return known[i].commands;
	return NULL;
}

static struct policy_fact proposed_commands(struct facts *f)
{
	const char *seen[16];
	size_t start = f->text.len, n = 0;

	for (unsigned i = 0; i < f->rq->ncontexts; i++) {
		const char *commands = commands_of(f->rq->contexts[i].abstract_syntax);
		size_t k = 0;

		if (!commands)
			return (struct policy_fact){POLICY_UNKNOWN, {0}};
		while (k < n && seen[k] != commands)
			k++;
		if (k < n)
			continue;
		seen[n++] = commands; /* there are fewer texts than room */
		put_value(f, start, slice_str(commands));
	}
	return written(f, start, POLICY_ONE_OF);
}

static struct policy_fact first_command(struct facts *f)
{
	static const struct {
		uint16_t field;
		const char *name;
	} names[] = {
		{0x0001, "C-STORE"},	    {0x0010, "C-GET"},	  {0x0020, "C-FIND"},
		{0x0021, "C-MOVE"},	    {0x0030, "C-ECHO"},	  {0x0100, "N-EVENT-REPORT"},
		{0x0110, "N-GET"},	    {0x0120, "N-SET"},	  {0x0130, "N-ACTION"},
		{0x0140, "N-CREATE"},	    {0x0150, "N-DELETE"},
	};

	if (!f->message || !f->message->command_whole)
		return proposed_commands(f);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].field == f->message->command_field)
			return present(slice_str(names[i].name));
	return ABSENT;
}

static struct policy_fact client_address(struct facts *f)
{
	struct slice raw = f->connection.address;
	struct address a = {.bytes = {[10] = 0xFF, [11] = 0xFF}};
	size_t start = f->text.len;

	if (raw.len != 4 && raw.len != 16)
		return ABSENT;
	memcpy(a.bytes + sizeof(a.bytes) - raw.len, raw.ptr, raw.len);
	address_write(&a, &f->text);
	return written(f, start, POLICY_PRESENT);
}

static struct policy_fact destination_port(struct facts *f)
{
	size_t start = f->text.len;
	int64_t port = f->connection.port;

	if (port < 0 || port > UINT16_MAX)
		return ABSENT;
	for (int64_t unit = 10000; unit > 0; unit /= 10)
		if (port >= unit || unit == 1)
			writer_u8(&f->text, (uint8_t)('0' + port / unit % 10));
	return written(f, start, POLICY_PRESENT);
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
		return command ? if_any(f->message->sop_class)
			       : proposed_classes(f, POLICY_ONE_OF);
	case POLICY_PROPOSED_SOP_CLASS_UID:
		return proposed_classes(f, POLICY_PRESENT);
	case POLICY_TRANSFER_SYNTAX_UID:
		return f->transfer_syntax.len > 0 ? present(f->transfer_syntax)
						  : proposed_syntaxes(f);
	case POLICY_IMPLEMENTATION_CLASS_UID:
		return if_any(rq->implementation_class_uid);
	case POLICY_IMPLEMENTATION_VERSION_NAME:
		return if_any(rq->implementation_version_name);
	case POLICY_USER_IDENTITY:
		return rq->user_identity ? name_of(f, rq->user_name) : ABSENT;
	case POLICY_CLIENT_ADDRESS:
		return client_address(f);
	case POLICY_DESTINATION_PORT:
		return destination_port(f);
	case POLICY_TLS_SERVER_NAME:
		return if_any(f->connection.server_name);
	case POLICY_TLS_CLIENT_NAME:
		return f->connection.client_name.len > 0
			       ? name_of(f, f->connection.client_name)
			       : ABSENT;
	case POLICY_FIRST_COMMAND:
		return first_command(f);
	}
	return ABSENT;
}

/* One value, or none: then it is no longer a question which. */
static struct policy_fact settle(const char *vr, struct policy_fact fact)
{
	struct slice rest = fact.text, value;

	if (fact.state != POLICY_ONE_OF)
		return fact;
	if (fact.text.len == 0)
		return ABSENT;
	if (policy_next_value(vr, &rest, &value) && !policy_next_value(vr, &rest, &value))
		fact.state = POLICY_PRESENT;
	return fact;
}

/*** command set and data set ***/

static bool is_plain(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.ptr[i] >= 0x80 || s.ptr[i] == 0x1B)
			return false;
	return true;
}

/* Values of one attribute while they are gathered. */
struct gathering {
	struct facts *f;
	const struct policy_attribute *attribute;
	size_t start;  /* in f->text */
	size_t values; /* elements that were found */
	bool cut;      /* and there may be more */
};

/* Decoded and normalized, to f->text. */
static void put_decoded(struct facts *f, struct slice character_set,
			const char *delimiters, struct slice raw)
{
	struct policy_scratch *s = f->scratch;
	struct writer decoded = writer_of(s->folded, sizeof(s->folded));

	if (!charset_decode(f->charset, character_set, delimiters, raw, &decoded) ||
	    !unicode_normalize(&s->unicode, writer_slice(&decoded), &f->text))
		f->text.failed = true;
}

/* Add the value of an element; the first one need not be copied if it needs no decoding:
 * it is returned.
 */
static struct slice put_element(struct gathering *g, const struct dataset_wanted *w,
				enum dataset_encoding encoding,
				struct slice character_set)
{
	struct facts *f = g->f;
	bool un = strcmp(w->vr, "UN") == 0;
	const char *vr = w->vr[0] && !un ? w->vr : g->attribute->vr;
	const char *delimiters = delimiters_of(vr);

	if (un) /* little endian in any transfer syntax (PS3.5 6.2.2 note) */
		encoding = DATASET_IMPLICIT_LE;
	if (g->values++ > 0)
		writer_u8(&f->text, policy_separator(g->attribute->vr));
	if (dataset_number_text(vr, w->value, encoding, &f->text))
		return (struct slice){0};
	if (delimiters && !is_plain(w->value)) {
		put_decoded(f, character_set, delimiters, w->value);
		return (struct slice){0};
	}
	if (g->attribute->npath == 1)
		return present(w->value).text;
	writer_bytes(&f->text, w->value);
	return (struct slice){0};
}

static void gather_items(struct gathering *g, const struct dataset_wanted *sequence,
			 enum dataset_encoding encoding, struct slice character_set,
			 size_t step);

/* The element of step <step> in one item.  Specific Character Set may be set anew there
 * (PS3.3 C.12.1.1.2).
 */
static void gather_item(struct gathering *g, const struct dataset *item,
			struct slice character_set, size_t step)
{
	const struct policy_step *wanted = &g->attribute->path[step];
	struct dataset_wanted w[2] = {{.tag = SPECIFIC_CHARACTER_SET},
				      {.tag = wanted->tag, .creator = wanted->creator}};
	size_t first = wanted->creator || wanted->tag > SPECIFIC_CHARACTER_SET ? 0 : 1;
	struct dataset_scan scan;

	dataset_scan_begin(&scan, *item, w + first, wanted->creator ? 1 : 2 - first,
			   wanted->creator ? 1 : 0);
	dataset_find(&scan, 1 - first);
	if (first == 0 && w[0].state == DATASET_PRESENT)
		character_set = w[0].value;
	if (w[1].state == DATASET_UNKNOWN)
		g->cut = true;
	else if (w[1].state != DATASET_ABSENT && step + 1 < g->attribute->npath)
		gather_items(g, &w[1], item->encoding, character_set, step + 1);
	else if (w[1].state == DATASET_CUT)
		g->cut = true;
	else if (w[1].state == DATASET_PRESENT)
		put_element(g, &w[1], item->encoding, character_set);
}

static void gather_items(struct gathering *g, const struct dataset_wanted *sequence,
			 enum dataset_encoding encoding, struct slice character_set,
			 size_t step)
{
	struct dataset_items items = dataset_items_of(sequence, encoding);
	size_t wanted = g->attribute->path[step - 1].item;
	struct dataset item;

	if (sequence->vr[0] && !dict_vr_is(sequence->vr, "SQ UN"))
		return;
	for (size_t i = 0; dataset_next_item(&items, &item); i++) {
		if (wanted == POLICY_ANY_ITEM || wanted == i)
			gather_item(g, &item, character_set, step);
		if (wanted == i)
			return;
	}
	g->cut |= items.bytes.state == READ_MORE;
}

static struct policy_fact gathered(const struct gathering *g)
{
	if (g->values == 0)
		return g->cut ? (struct policy_fact){POLICY_UNKNOWN, {0}} : ABSENT;
	return written(g->f, g->start, g->cut ? POLICY_AT_LEAST : POLICY_PRESENT);
}

static struct policy_fact from_elements(struct facts *f, const struct policy_attribute *a,
					struct dataset_scan *scan)
{
	struct gathering g = {.f = f, .attribute = a, .start = f->text.len};
	const struct policy *p = f->policy;
	size_t first = scan == &f->data_set ? p->ncommand : 0;
	const struct dataset_wanted *w;
	struct slice character_set = {0}, whole;

	if (!scan->wanted) /* nothing of it has come */
		return (struct policy_fact){POLICY_UNKNOWN, {0}};
	w = dataset_find(scan, a->element - first);
	if (scan == &f->data_set)
		character_set = f->wanted[p->character_set].value;
	if (w->state == DATASET_ABSENT)
		return ABSENT;
	if (w->state == DATASET_UNKNOWN || (w->state == DATASET_CUT && a->npath == 1))
		return (struct policy_fact){POLICY_UNKNOWN, {0}};
	if (a->npath > 1) {
		gather_items(&g, w, scan->ds.encoding, character_set, 1);
		return gathered(&g);
	}
	whole = put_element(&g, w, scan->ds.encoding, character_set);
	return whole.ptr ? present(whole) : written(f, g.start, POLICY_PRESENT);
}

/*** all of them ***/

bool facts_init(struct facts *f)
{
	f->charset = charset_new();
	f->scratch = policy_scratch_new();
	return f->charset && f->scratch;
}

void facts_clear(struct facts *f)
{
	charset_free(f->charset);
	policy_scratch_free(f->scratch);
	free(f->wanted);
	free(f->known);
	free(f->asked);
}

static bool take_room(struct facts *f, size_t n)
{
	struct dataset_wanted *wanted = calloc(n, sizeof(*wanted));
	struct policy_fact *known = calloc(n, sizeof(*known));
	bool *asked = calloc(n, sizeof(*asked));

	if (!wanted || !known || !asked) {
		free(wanted);
		free(known);
		free(asked);
		return false;
	}
	free(f->wanted);
	free(f->known);
	free(f->asked);
	f->wanted = wanted;
	f->known = known;
	f->asked = asked;
	f->room = n;
	return true;
}

bool facts_begin(struct facts *f, const struct policy *policy)
{
	/* there are no more elements than attributes */
	if (policy->nattributes > f->room && !take_room(f, policy->nattributes))
		return false;
	f->policy = policy;
	for (size_t i = 0; i < policy->ncommand + policy->nplain + policy->nprivate; i++)
		f->wanted[i] =
			(struct dataset_wanted){.tag = policy->elements[i].tag,
						.creator = policy->elements[i].creator};
	f->command = f->data_set = (struct dataset_scan){0};
	f->message = NULL;
	f->transfer_syntax = (struct slice){0};
	f->final = false;
	f->scratch->too_hard = false;
	facts_reset(f);
	return true;
}

void facts_command(struct facts *f, struct slice bytes)
{
	const struct dataset ds = {reader_of(bytes, false), DATASET_IMPLICIT_LE};

	dataset_scan_begin(&f->command, ds, f->wanted, f->policy->ncommand, 0);
}

void facts_data_set(struct facts *f, struct slice bytes, enum dataset_encoding encoding,
		    bool cut)
{
	const struct dataset ds = {reader_of(bytes, cut), encoding};

	dataset_scan_begin(&f->data_set, ds, f->wanted + f->policy->ncommand,
			   f->policy->nplain, f->policy->nprivate);
}

void facts_reset(struct facts *f)
{
	memset(f->asked, 0, f->policy->nattributes * sizeof(*f->asked));
	f->text = writer_of(f->bytes, sizeof(f->bytes));
}

static struct policy_fact find(struct facts *f, const struct policy_attribute *a)
{
	switch (a->source) {
	case POLICY_ASSOCIATION:
		return settle(a->vr,
			      from_association(f, (enum policy_association)a->tag));
	case POLICY_COMMAND:
		return from_elements(f, a, &f->command);
	case POLICY_DATA_SET:
		break;
	}
	return from_elements(f, a, &f->data_set);
}

const struct policy_fact *facts_get(struct facts *f, const struct policy_attribute *a)
{
	struct policy_fact *fact = &f->known[a->index];

	if (f->asked[a->index])
		return fact;
	*fact = find(f, a);
	if (f->final && fact->state == POLICY_AT_LEAST)
		fact->state = POLICY_PRESENT;
	if (f->final && fact->state != POLICY_PRESENT)
		*fact = ABSENT;
	f->asked[a->index] = true;
	return fact;
}

static const struct policy_fact *view(void *context, const struct policy_attribute *a)
{
	return facts_get(context, a);
}

struct policy_facts facts_view(struct facts *f)
{
	return (struct policy_facts){
		.get = view, .context = f, .now = f->now, .scratch = f->scratch};
}

size_t facts_data_set_bytes(const struct facts *f)
{
	return f->data_set.wanted ? dataset_scan_bytes(&f->data_set) : 0;
}
