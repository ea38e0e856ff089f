/* SPDX-License-Identifier: MIT */
/* PS3.8 9.3.2 and 9.3.3, PS3.7 annex D */
#include "negotiate.h"
#include "dict.h"

static const char implicit_vr_le[] = "1.2.840.10008.1.2";

enum {
	CALLED_AE_AT = 10, /* offset in the whole PDU */
	CALLING_AE_AT = 26,
	UID_MAX = 64 /* bytes, PS3.5 9.1 */
};

static bool listed(struct slice uid, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (slice_equal(uid, slice_str(list[i])))
			return true;
	return false;
}

static bool can_promise(struct slice abstract_syntax,
			const struct policy_negotiation *may)
{
	const struct dict_uid *known = dict_uid(abstract_syntax);

	return (known &&
		(known->kind == DICT_STORAGE || known->kind == DICT_VERIFICATION)) ||
	       listed(abstract_syntax, may->abstract_syntaxes, may->nabstract_syntaxes);
}

/* A private SOP class is nobody's service that we know of; it is refused in the AC,
 * and does not keep the rest from being spliced.
 */
static bool is_private(struct slice abstract_syntax)
{
	return !slice_equal(slice_head(abstract_syntax, 14), slice_str("1.2.840.10008."));
}

static bool is_verification(struct slice abstract_syntax)
{
	const struct dict_uid *known = dict_uid(abstract_syntax);

	return known && known->kind == DICT_VERIFICATION;
}

/* True if the context is accepted. */
static bool choose(const struct ul_context *c, const struct policy_negotiation *may,
		   struct negotiate_plan *plan, unsigned i)
{
	struct reader list = c->transfer_syntaxes;
	struct slice uid;

	plan->contexts[i].result = UL_TRANSFER_SYNTAXES_NOT_SUPPORTED;
	while (ul_next_transfer_syntax(&list, &uid))
		if (listed(uid, may->transfer_syntaxes, may->ntransfer_syntaxes)) {
			plan->contexts[i].result = UL_ACCEPTANCE;
			plan->contexts[i].transfer_syntax = uid;
			plan->accepted++;
			return true;
		}
	return false;
}

const char *negotiate_plan(const struct ul_associate *rq,
			   const struct policy_negotiation *may,
			   struct negotiate_plan *plan)
{
	bool data_sets = false;

	plan->accepted = 0;
	if (rq->scp_role)
		return "the SCU proposes to be an SCP";
	if (rq->user_identity_response)
		return "the SCU wants its user identity confirmed";
	for (unsigned i = 0; i < rq->ncontexts; i++) {
		const struct ul_context *c = &rq->contexts[i];

		if (can_promise(c->abstract_syntax, may))
			data_sets |= choose(c, may, plan, i) &&
				     !is_verification(c->abstract_syntax);
		else if (is_private(c->abstract_syntax))
			plan->contexts[i].result = UL_ABSTRACT_SYNTAX_NOT_SUPPORTED;
		else
			return "the SCU proposes another service than storage";
	}
	return data_sets ? NULL : "no context that could be promised carries data sets";
}

void negotiate_recall(const struct ul_associate *rq, const struct ul_associate *ac,
		      struct negotiate_plan *plan)
{
	plan->accepted = 0;
	for (unsigned i = 0; i < rq->ncontexts; i++) {
		plan->contexts[i].result = UL_NO_REASON;
		for (unsigned k = 0; k < ac->ncontexts; k++) {
			struct reader list = ac->contexts[k].transfer_syntaxes;

			if (ac->contexts[k].id != rq->contexts[i].id)
				continue;
			plan->contexts[i].result = ac->contexts[k].result;
			if (ac->contexts[k].result == UL_ACCEPTANCE &&
			    ul_next_transfer_syntax(&list,
						    &plan->contexts[i].transfer_syntax))
				plan->accepted++;
			else if (ac->contexts[k].result == UL_ACCEPTANCE)
				plan->contexts[i].result = UL_NO_REASON;
		}
	}
}

bool negotiate_refuses(const struct ul_associate *rq, struct ul_rejection *why)
{
	if (!(rq->protocol_version & 1)) {
		*why = (struct ul_rejection){1, 2, 2};
		return true;
	}
	if (!slice_equal(rq->application_context, slice_str(UL_APPLICATION_CONTEXT))) {
		*why = (struct ul_rejection){1, 1, 2};
		return true;
	}
	return false;
}

void negotiate_write_ac(const struct ul_associate *rq, const struct negotiate_plan *plan,
			uint32_t maximum_length, struct writer *w)
{
	size_t pdu = ul_begin_associate(w, UL_ASSOCIATE_AC, rq->fixed,
					rq->application_context),
	       item;

	for (unsigned i = 0; i < rq->ncontexts; i++) {
		struct slice uid = plan->contexts[i].transfer_syntax;
		struct reader proposed = rq->contexts[i].transfer_syntaxes;

		/* Not significant if the context is refused, but peers want to see one.
		 * Not one of kilobytes: AC and RQ must fit into one answer.
		 */
		if (plan->contexts[i].result != UL_ACCEPTANCE &&
		    (!ul_next_transfer_syntax(&proposed, &uid) || uid.len > UID_MAX))
			uid = slice_str(implicit_vr_le);
		item = ul_begin_context(w, UL_ITEM_PRESENTATION_CONTEXT_AC,
					rq->contexts[i].id, plan->contexts[i].result);
		ul_write_item(w, UL_ITEM_TRANSFER_SYNTAX, uid);
		ul_end_item(w, item);
	}
	item = ul_begin_user_information(w, maximum_length);
	ul_write_item(w, UL_ITEM_IMPLEMENTATION_VERSION_NAME,
		      slice_str(UL_IMPLEMENTATION_VERSION_NAME));
	ul_end_item(w, item);
	ul_end_pdu(w, pdu);
}

/* What the AC has not answered is declined, and must not be offered to the archive, nor
 * what nobody here knows, which the AC has ignored (PS3.8 D.2).  Common extended
 * negotiation has no answer (PS3.7 D.3.3.6), nor has an identity that does not ask
 * for one (D.3.3.7).
 */
static bool passed_on(uint8_t type)
{
	return type == UL_ITEM_MAXIMUM_LENGTH ||
	       type == UL_ITEM_IMPLEMENTATION_CLASS_UID ||
	       type == UL_ITEM_IMPLEMENTATION_VERSION_NAME ||
	       type == UL_ITEM_COMMON_EXTENDED_NEGOTIATION ||
	       type == UL_ITEM_USER_IDENTITY_RQ;
}

void negotiate_write_rq(const struct ul_associate *rq, const struct negotiate_plan *plan,
			struct writer *w)
{
	size_t pdu = ul_begin_associate(w, UL_ASSOCIATE_RQ, rq->fixed,
					rq->application_context),
	       item;
	struct reader user = rq->user_items, body;
	uint8_t type;

	for (unsigned i = 0; i < rq->ncontexts; i++) {
		if (plan->contexts[i].result != UL_ACCEPTANCE)
			continue;
		item = ul_begin_context(w, UL_ITEM_PRESENTATION_CONTEXT_RQ,
					rq->contexts[i].id, 0);
		ul_write_item(w, UL_ITEM_ABSTRACT_SYNTAX,
			      rq->contexts[i].abstract_syntax);
		ul_write_item(w, UL_ITEM_TRANSFER_SYNTAX,
			      plan->contexts[i].transfer_syntax);
		ul_end_item(w, item);
	}
	if (user.pos) { /* the SCU has sent one: it must not become longer */
		item = ul_begin_item(w, UL_ITEM_USER_INFORMATION);
		while (ul_next_item(&user, &type, &body))
			if (passed_on(type))
				ul_write_item(w, type, reader_rest(&body));
		ul_end_item(w, item);
	}
	ul_end_pdu(w, pdu);
}

void negotiate_rename(struct writer *pdu, const char *called_ae, const char *calling_ae)
{
	struct writer w;

	if (pdu->failed || pdu->len < CALLING_AE_AT + UL_AE_TITLE)
		return;
	w = writer_of(pdu->buf + CALLED_AE_AT, UL_AE_TITLE);
	if (called_ae)
		ul_write_ae_title(&w, called_ae);
	w = writer_of(pdu->buf + CALLING_AE_AT, UL_AE_TITLE);
	if (calling_ae)
		ul_write_ae_title(&w, calling_ae);
}
