/* SPDX-License-Identifier: MIT */
/* PS3.8 9.3.2 and 9.3.3
 *
 * First which SOP classes are accepted at all: each is proposed once, with every transfer
 * syntax.  Then each transfer syntax in associations of its own: of a presentation
 * context the archive chooses one, so only a context with one tells whether that is
 * accepted.  No association proposes an abstract syntax twice, as some archives look at
 * the first only.
 */
#include "archive/probe.h"
#include "archive/acceptance.h"
#include "base/escape.h"
#include "archive/scu.h"

#include <stdio.h>
#include <stdlib.h>

enum {
	RQ_MAX = 65535, /* bytes; there are archives with a buffer of 64 KB */
	RQ_TAIL = 256,  /* of it, for the user information */
	MAXIMUM_LENGTH = 16384,
	FEWEST = 4, /* contexts; an archive that refuses so few refuses all */
	PATIENCE = 20,
	PAUSE_MS = 250
};

struct probe {
	struct scu scu;
	struct acceptance found;
	const struct probe_target *target;
	unsigned most;     /* contexts that the archive has not yet refused */
	unsigned patience; /* how often to wait for an archive that is busy */
	bool answered;     /* one association at least */

	bool *classes;   /* accepted, with whatever transfer syntax */
	size_t *pending; /* classes that are still to be asked for */
	size_t npending;

	bool has_maximum_length;
	uint32_t maximum_length;
	char class_uid[65], version_name[17];
	bool items[256]; /* of the user information that have come, by type */

	struct pdu_associate ac;
	uint8_t rq[RQ_MAX];
};

/*** the A-ASSOCIATE-RQ ***/

static void write_context(const struct probe *p, unsigned i, size_t first, size_t n,
			  struct writer *w)
{
	const struct acceptance *a = &p->found;
	size_t item = pdu_begin_context(w, PDU_ITEM_PRESENTATION_CONTEXT_RQ,
					(uint8_t)(2 * i + 1), 0);

	pdu_write_item(w, PDU_ITEM_ABSTRACT_SYNTAX,
		       slice_str(a->classes[p->pending[i]]->uid));
	for (size_t k = first; k < first + n; k++)
		pdu_write_item(w, PDU_ITEM_TRANSFER_SYNTAX,
			       slice_str(a->syntaxes[k]->uid));
	pdu_end_item(w, item);
}

/* As many of the pending classes as fit.  Returns how many. */
static unsigned write_contexts(const struct probe *p, size_t first, size_t n,
			       struct writer *w)
{
	unsigned i;

	for (i = 0; i < p->npending && i < p->most; i++) {
		struct writer before = *w;

		write_context(p, i, first, n, w);
		if (writer_ok(w))
			continue;
		*w = before;
		break;
	}
	return i;
}

/* An RQ that proposes pending classes, each with the transfer syntaxes from <first> on.
 * Returns how many, so that context 2i + 1 is the pending class i.
 */
static unsigned write_request(struct probe *p, size_t first, size_t n, struct writer *w)
{
	const struct probe_target *t = p->target;
	size_t pdu;
	unsigned ncontexts;

	*w = writer_of(p->rq, sizeof(p->rq) - RQ_TAIL);
	pdu = pdu_begin_request(
		w, t->archive.called_ae ? t->archive.called_ae : ARCHIVE_CALLED_AE,
		t->archive.calling_ae ? t->archive.calling_ae : ARCHIVE_CALLING_AE);
	ncontexts = write_contexts(p, first, n, w);
	w->cap = sizeof(p->rq);
	pdu_write_user_information(w, MAXIMUM_LENGTH);
	pdu_end(w, pdu);
	return ncontexts;
}

/*** the A-ASSOCIATE-AC ***/

/* Copy a text of the peer as ASCII, which JSON can hold. */
static void copy_text(char *to, size_t size, struct slice from)
{
	struct writer w = writer_of(to, size - 1);

	escape_replace(&w, slice_head(from, size - 1));
	to[w.len] = '\0';
}

static void read_user_information(struct probe *p)
{
	struct reader items = p->ac.user_items, body;
	uint32_t length = p->ac.maximum_length;
	uint8_t type;

	while (pdu_next_item(&items, &type, &body))
		p->items[type] = true;
	if (p->ac.has_maximum_length && length > 0 &&
	    (p->maximum_length == 0 || length < p->maximum_length))
		p->maximum_length = length;
	p->has_maximum_length |= p->ac.has_maximum_length;
	if (!p->answered) {
		copy_text(p->class_uid, sizeof(p->class_uid),
			  p->ac.implementation_class_uid);
		copy_text(p->version_name, sizeof(p->version_name),
			  p->ac.implementation_version_name);
	}
	p->answered = true;
}

static const struct pdu_context *answer_to(const struct pdu_associate *ac, unsigned i)
{
	for (unsigned k = 0; k < ac->ncontexts; k++)
		if (ac->contexts[k].id == 2 * i + 1)
			return &ac->contexts[k];
	return NULL;
}

/* The result of a context.  No answer counts as PDU_NO_REASON: the archive may have had
 * no room for more contexts.
 */
static enum pdu_result result_of(const struct pdu_context *c)
{
	if (!c)
		return PDU_NO_REASON;
	return c->result <= PDU_TRANSFER_SYNTAXES_NOT_SUPPORTED
		       ? (enum pdu_result)c->result
		       : PDU_TRANSFER_SYNTAXES_NOT_SUPPORTED;
}

/* Note an acceptance, if it is of one of the transfer syntaxes that were proposed. */
static void accept(struct probe *p, size_t class, const struct pdu_context *c,
		   size_t first, size_t n)
{
	struct reader list = c->transfer_syntaxes;
	struct slice uid;

	if (!pdu_next_transfer_syntax(&list, &uid))
		return;
	for (size_t k = first; k < first + n; k++)
		if (slice_equal(uid, slice_str(p->found.syntaxes[k]->uid)))
			*acceptance_of(&p->found, class, k) = p->classes[class] = true;
}

/* Remove <asked> classes from the pending ones.  Classes that were refused without a
 * reason stay if others got a definite answer: an archive may have room for a few
 * contexts only.
 */
static void read_contexts(struct probe *p, unsigned asked, size_t first, size_t n)
{
	size_t unclear = 0;

	for (unsigned i = 0; i < asked; i++) {
		const struct pdu_context *c = answer_to(&p->ac, i);
		enum pdu_result result = result_of(c);

		if (result == PDU_ACCEPTANCE)
			accept(p, p->pending[i], c, first, n);
		else if (result == PDU_NO_REASON || result == PDU_USER_REJECTION)
			p->pending[unclear++] = p->pending[i];
	}
	if (unclear == asked)
		unclear = 0;
	memmove(p->pending + unclear, p->pending + asked,
		(p->npending - asked) * sizeof(p->pending[0]));
	p->npending = p->npending - asked + unclear;
}

/*** rounds ***/

/* True if the archive is to be asked again, perhaps with fewer contexts. */
static bool ask_again(struct probe *p, enum scu_result result, unsigned asked)
{
	if (result == SCU_BUSY && p->answered && p->patience > 0) {
		p->patience--;
		return scu_pause(&p->scu, PAUSE_MS);
	}
	if (result == SCU_REFUSED && asked > FEWEST) {
		p->most = asked / 4;
		return true;
	}
	return false;
}

/* Propose all pending classes with the transfer syntaxes from <first> on. */
static bool ask(struct probe *p, size_t first, size_t n)
{
	while (p->npending > 0) {
		struct writer rq;
		unsigned asked = write_request(p, first, n, &rq);
		enum scu_result result =
			scu_associate(&p->scu, writer_slice(&rq), &p->ac);

		if (result != SCU_ACCEPTED) {
			if (!ask_again(p, result, asked))
				return false;
			continue;
		}
		read_user_information(p);
		read_contexts(p, asked, first, n);
		if (!scu_release(&p->scu))
			return false;
	}
	return true;
}

static bool ask_for_classes(struct probe *p)
{
	for (size_t i = 0; i < p->found.nclasses; i++)
		p->pending[p->npending++] = i;
	return ask(p, 0, p->found.nsyntaxes);
}

static bool ask_for_pairs(struct probe *p)
{
	for (size_t k = 0; k < p->found.nsyntaxes; k++) {
		for (size_t i = 0; i < p->found.nclasses; i++)
			if (p->classes[i] && !*acceptance_of(&p->found, i, k))
				p->pending[p->npending++] = i;
		if (!ask(p, k, 1))
			return false;
	}
	return true;
}

/*** the answer ***/

static json_t *report_items(const struct probe *p)
{
	static const char *const names[256] = {
		[PDU_ITEM_ASYNC_OPERATIONS_WINDOW] = "asynchronous-operations-window",
		[PDU_ITEM_ROLE_SELECTION] = "role-selection",
		[PDU_ITEM_EXTENDED_NEGOTIATION] = "sop-class-extended-negotiation",
		[PDU_ITEM_COMMON_EXTENDED_NEGOTIATION] =
			"sop-class-common-extended-negotiation",
		[PDU_ITEM_USER_IDENTITY_AC] = "user-identity",
	};
	json_t *list = json_array();
	char number[8];

	for (unsigned i = 0; i < 256; i++) {
		if (!p->items[i] || i == PDU_ITEM_MAXIMUM_LENGTH ||
		    i == PDU_ITEM_IMPLEMENTATION_CLASS_UID ||
		    i == PDU_ITEM_IMPLEMENTATION_VERSION_NAME)
			continue;
		snprintf(number, sizeof(number), "%02XH", i);
		json_array_append_new(list, json_string(names[i] ? names[i] : number));
	}
	return list;
}

static json_t *report(struct probe *p)
{
	json_t *pool = json_object();

	json_object_set_new(pool, "accepts", acceptance_report(&p->found));
	if (p->has_maximum_length)
		json_object_set_new(pool, "maximum_length",
				    json_integer(p->maximum_length));
	if (p->class_uid[0])
		json_object_set_new(pool, "implementation_class_uid",
				    json_string(p->class_uid));
	if (p->version_name[0])
		json_object_set_new(pool, "implementation_version_name",
				    json_string(p->version_name));
	json_object_set_new(pool, "extended", report_items(p));
	return pool;
}

static bool prepare(struct probe *p, const struct probe_target *t)
{
	p->target = t;
	p->most = PDU_MAX_CONTEXTS;
	p->patience = PATIENCE;
	if (!acceptance_init(&p->found))
		return false;
	p->classes = calloc(p->found.nclasses + 1, sizeof(p->classes[0]));
	p->pending = calloc(p->found.nclasses + 1, sizeof(p->pending[0]));
	return p->classes && p->pending;
}

static json_t *run(struct probe *p, const atomic_bool *stop)
{
	json_t *pool = NULL;

	if (scu_open(&p->scu, p->target->archive.address, p->target->timeout_ms,
		     PROBE_MOST_MS, stop) &&
	    ask_for_classes(p) && ask_for_pairs(p))
		pool = report(p);
	scu_close(&p->scu);
	return pool;
}

json_t *probe_archive(const struct probe_target *t, char *error, size_t size,
		      const atomic_bool *stop)
{
	struct probe *p = calloc(1, sizeof(*p));
	json_t *pool = NULL;

	snprintf(error, size, "out of memory");
	if (!p)
		return NULL;
	if (prepare(p, t)) {
		pool = run(p, stop);
		snprintf(error, size, "%s", p->scu.error);
	}
	acceptance_clear(&p->found);
	free(p->classes);
	free(p->pending);
	free(p);
	return pool;
}
