/* SPDX-License-Identifier: MIT */
/* PS3.8 9.3.2 and 9.3.3, PS3.7 annex D */
#include "decide/promise.h"
#include "dicom/dict.h"

/* Bytes that are promised where no archive has a limit: HAProxy's buffer */
enum { MAXIMUM_LENGTH = 131072 };

/* What a presentation context is for. */
enum service {
	STORAGE, /* of patients' instances (PS3.4 B) */
	VERIFICATION,
	QUERY_RETRIEVE,
	OTHER
};

/* A SOP class that is newer than the dictionary is where its arc says. */
static enum service service_of(struct slice abstract_syntax)
{
	if (dict_in_group("non-patient", abstract_syntax))
		return OTHER;
	if (dict_in_group("storage", abstract_syntax))
		return STORAGE;
	if (dict_in_group("verification", abstract_syntax))
		return VERIFICATION;
	return dict_in_group("query-retrieve", abstract_syntax) ? QUERY_RETRIEVE : OTHER;
}

void promise_begin(const struct pdu_associate *rq, struct promise *promise)
{
	promise->accepted = 0;
	promise->maximum_length = 0;
	promise->nseen = 0;
	for (unsigned i = 0; i < rq->ncontexts; i++) {
		promise->contexts[i].possible = UINT64_MAX;
		promise->contexts[i].known = promise->contexts[i].missing = false;
	}
}

/*** what has been learned ***/

static void learn_syntax(const struct pdu_associate *rq, struct slice abstract_syntax,
			 struct slice transfer_syntax, struct promise *promise)
{
	for (unsigned i = 0; i < rq->ncontexts; i++) {
		struct reader list = rq->contexts[i].transfer_syntaxes;
		struct slice uid;

		if (!slice_equal(rq->contexts[i].abstract_syntax, abstract_syntax))
			continue;
		for (unsigned k = 0;
		     k < PROMISE_SYNTAXES && pdu_next_transfer_syntax(&list, &uid); k++)
			if (slice_equal(uid, transfer_syntax))
				promise->contexts[i].possible &= ~((uint64_t)1 << k);
	}
}

static uint32_t number(struct slice text)
{
	uint64_t n = 0;

	for (size_t i = 0; i < text.len && n < UINT32_MAX; i++)
		n = text.ptr[i] >= '0' && text.ptr[i] <= '9'
			    ? 10 * n + (uint64_t)(text.ptr[i] - '0')
			    : 0;
	return n < UINT32_MAX ? (uint32_t)n : 0;
}

static void learn(const struct pdu_associate *rq, const char *pool, struct slice learned,
		  struct promise *promise)
{
	while (learned.len > 0) {
		struct slice entry = slice_part(&learned, ' ');
		struct slice name = slice_part(&entry, '|'),
			     what = slice_part(&entry, '|');

		if (pool && !slice_equal(name, slice_str(pool)))
			continue;
		if (slice_equal(what, slice_str("length")))
			promise->maximum_length =
				capability_length(promise->maximum_length, number(entry));
		else
			learn_syntax(rq, what, entry, promise);
	}
}

/*** what pools accept ***/

/* The bits of those transfer syntaxes of a context that are accepted. */
static uint64_t accepted_bits(const struct pdu_context *c,
			      const struct capability *accepts,
			      const struct capability_row *row)
{
	struct reader list = c->transfer_syntaxes;
	uint64_t bits = 0;
	struct slice uid;

	for (unsigned k = 0;
	     k < PROMISE_SYNTAXES && pdu_next_transfer_syntax(&list, &uid); k++)
		bits |= (uint64_t)capability_accepts(accepts, row, uid) << k;
	return bits;
}

static void narrow(const struct pdu_associate *rq, const struct capability *accepts,
		   struct promise *promise)
{
	for (unsigned i = 0; i < rq->ncontexts; i++) {
		const struct capability_row *row =
			capability_row(accepts, rq->contexts[i].abstract_syntax);

		promise->contexts[i].known |= row != NULL;
		promise->contexts[i].missing |= row == NULL;
		promise->contexts[i].possible &=
			row ? accepted_bits(&rq->contexts[i], accepts, row) : 0;
	}
	promise->maximum_length =
		capability_length(promise->maximum_length, accepts->maximum_length);
}

static bool same_pool(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

void promise_consider(const struct pdu_associate *rq, const char *pool,
		      const struct capability *accepts, struct slice learned,
		      struct promise *promise)
{
	bool narrowed = false;

	for (size_t i = 0; i < promise->nseen; i++) {
		if (promise->seen[i].accepts != accepts)
			continue;
		if (same_pool(promise->seen[i].pool, pool))
			return;
		narrowed = true;
	}
	if (promise->nseen < PROMISE_SEEN) {
		promise->seen[promise->nseen].pool = pool;
		promise->seen[promise->nseen++].accepts = accepts;
	}
	learn(rq, pool, learned, promise);
	if (!narrowed)
		narrow(rq, accepts, promise);
}

/* True if the context is accepted. */
static bool choose(const struct pdu_context *c, struct promise *promise, unsigned i)
{
	struct reader list = c->transfer_syntaxes;
	struct slice uid;

	promise->contexts[i].result = promise->contexts[i].missing
					      ? PDU_ABSTRACT_SYNTAX_NOT_SUPPORTED
					      : PDU_TRANSFER_SYNTAXES_NOT_SUPPORTED;
	for (unsigned k = 0;
	     k < PROMISE_SYNTAXES && pdu_next_transfer_syntax(&list, &uid); k++)
		if (promise->contexts[i].possible >> k & 1) {
			promise->contexts[i].result = PDU_ACCEPTANCE;
			promise->contexts[i].transfer_syntax = uid;
			promise->accepted++;
			return true;
		}
	return false;
}

/* The first context of a service; rq->ncontexts: there is none. */
static unsigned first_of(const struct pdu_associate *rq, enum service service)
{
	unsigned i = 0;

	while (i < rq->ncontexts &&
	       service_of(rq->contexts[i].abstract_syntax) != service)
		i++;
	return i;
}

/* Answers each context; true if one with data sets is accepted.  What is not storage and
 * no pool names is refused for itself, and does not keep the rest from being spliced.
 */
static bool answer_contexts(const struct pdu_associate *rq, struct promise *promise)
{
	bool data_sets = false;

	for (unsigned i = 0; i < rq->ncontexts; i++) {
		enum service service = service_of(rq->contexts[i].abstract_syntax);

		if (promise->contexts[i].known || service == STORAGE ||
		    service == VERIFICATION)
			data_sets |= choose(&rq->contexts[i], promise, i) &&
				     service != VERIFICATION;
		else
			promise->contexts[i].result = PDU_ABSTRACT_SYNTAX_NOT_SUPPORTED;
	}
	return data_sets;
}

/* Why nothing is promised, though something is proposed that has data sets. */
static enum cause find_cause(const struct pdu_associate *rq, struct promise *promise)
{
	unsigned storage = first_of(rq, STORAGE), i;

	for (i = 0; i < rq->ncontexts; i++)
		if (service_of(rq->contexts[i].abstract_syntax) != VERIFICATION)
			break;
	promise->culprit = storage < rq->ncontexts ? storage : i;
	if (i == rq->ncontexts)
		return CAUSE_NONE;
	return storage < rq->ncontexts ? CAUSE_NO_CONTEXT : CAUSE_OTHER_SERVICE;
}

bool promise_finish(const struct pdu_associate *rq, struct promise *promise,
		    enum cause *cause)
{
	*cause = CAUSE_NONE;
	promise->culprit = rq->ncontexts;
	if (promise->maximum_length == 0 || promise->maximum_length > MAXIMUM_LENGTH)
		promise->maximum_length = MAXIMUM_LENGTH;
	if (rq->user_identity_response) {
		*cause = CAUSE_USER_IDENTITY;
		return false;
	}
	promise->culprit = first_of(rq, QUERY_RETRIEVE);
	if (rq->scp_role && promise->culprit < rq->ncontexts) {
		*cause = CAUSE_SCP_ROLE;
		return false;
	}
	if (answer_contexts(rq, promise))
		return true;
	*cause = find_cause(rq, promise);
	return false;
}

void promise_recall(const struct pdu_associate *rq, const struct pdu_associate *ac,
		    struct promise *promise)
{
	promise->accepted = 0;
	for (unsigned i = 0; i < rq->ncontexts; i++) {
		promise->contexts[i].result = PDU_NO_REASON;
		for (unsigned k = 0; k < ac->ncontexts; k++) {
			struct reader list = ac->contexts[k].transfer_syntaxes;

			if (ac->contexts[k].id != rq->contexts[i].id)
				continue;
			promise->contexts[i].result = ac->contexts[k].result;
			if (ac->contexts[k].result == PDU_ACCEPTANCE &&
			    pdu_next_transfer_syntax(
				    &list, &promise->contexts[i].transfer_syntax))
				promise->accepted++;
			else if (ac->contexts[k].result == PDU_ACCEPTANCE)
				promise->contexts[i].result = PDU_NO_REASON;
		}
	}
}

struct slice promise_syntax(const struct pdu_associate *rq, const struct promise *promise,
			    uint8_t id)
{
	for (unsigned i = 0; i < rq->ncontexts; i++)
		if (rq->contexts[i].id == id &&
		    promise->contexts[i].result == PDU_ACCEPTANCE)
			return promise->contexts[i].transfer_syntax;
	return (struct slice){0};
}

bool promise_refuses(const struct pdu_associate *rq, struct rejection *why)
{
	if (!(rq->protocol_version & 1)) {
		*why = rejection_of(REJECTION_PROTOCOL_VERSION);
		return true;
	}
	if (!slice_equal(rq->application_context, slice_str(PDU_APPLICATION_CONTEXT))) {
		*why = rejection_of(REJECTION_APPLICATION_CONTEXT);
		return true;
	}
	return false;
}

void promise_write_ac(const struct pdu_associate *rq, const struct promise *promise,
		      struct writer *w)
{
	size_t pdu = pdu_begin_associate(w, PDU_ASSOCIATE_AC, rq->fixed,
					 rq->application_context);

	for (unsigned i = 0; i < rq->ncontexts; i++) {
		struct slice uid = promise->contexts[i].transfer_syntax;
		struct reader proposed = rq->contexts[i].transfer_syntaxes;

		/* not significant if the context is refused, but peers want to see one */
		if (promise->contexts[i].result != PDU_ACCEPTANCE &&
		    !pdu_next_transfer_syntax(&proposed, &uid))
			uid = slice_str(DICT_IMPLICIT_VR_LE);
		pdu_write_context(w, PDU_ITEM_PRESENTATION_CONTEXT_AC, rq->contexts[i].id,
				  promise->contexts[i].result, (struct slice){0}, uid);
	}
	pdu_write_user_information(w, promise->maximum_length);
	pdu_end(w, pdu);
}

/* What the AC has not answered is declined, and must not be offered to the archive, nor
 * what nobody here knows, which the AC has ignored (PS3.8 D.2).  Common extended
 * negotiation has no answer (PS3.7 D.3.3.6), nor has an identity that does not ask
 * for one (D.3.3.7).
 */
static bool passed_on(uint8_t type)
{
	return type == PDU_ITEM_MAXIMUM_LENGTH ||
	       type == PDU_ITEM_IMPLEMENTATION_CLASS_UID ||
	       type == PDU_ITEM_IMPLEMENTATION_VERSION_NAME ||
	       type == PDU_ITEM_COMMON_EXTENDED_NEGOTIATION ||
	       type == PDU_ITEM_USER_IDENTITY_RQ;
}

void promise_write_rq(const struct pdu_associate *rq, const struct promise *promise,
		      struct writer *w)
{
	size_t pdu = pdu_begin_associate(w, PDU_ASSOCIATE_RQ, rq->fixed,
					 rq->application_context),
	       item;
	struct reader user = rq->user_items, body;
	uint8_t type;

	for (unsigned i = 0; i < rq->ncontexts; i++) {
		if (promise->contexts[i].result != PDU_ACCEPTANCE)
			continue;
		pdu_write_context(w, PDU_ITEM_PRESENTATION_CONTEXT_RQ, rq->contexts[i].id,
				  0, rq->contexts[i].abstract_syntax,
				  promise->contexts[i].transfer_syntax);
	}
	if (user.pos) { /* the SCU has sent one: it must not become longer */
		item = pdu_begin_item(w, PDU_ITEM_USER_INFORMATION);
		while (pdu_next_item(&user, &type, &body))
			if (passed_on(type))
				pdu_write_item(w, type, reader_rest(&body));
		pdu_end_item(w, item);
	}
	pdu_end(w, pdu);
}
