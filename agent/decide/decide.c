/* SPDX-License-Identifier: MIT */
/* docs/contract.md says what each verdict means to HAProxy. */
#include "decide/decide.h"
#include "decide/candidates.h"
#include "decide/foreign.h"
#include "decide/memory.h"
#include "policy/ruling.h"

/*** refusals ***/

static void reject(struct decide *d, struct verdict *v, enum rejection_id why,
		   const char *error)
{
	struct writer pdu = writer_of(d->reply, sizeof(d->reply));

	verdict_reject(v, &pdu, rejection_of(why), error);
}

/* What cannot be read ends the association. */
static void fail(struct decide *d, struct verdict *v, enum verdict_fault fault,
		 const char *error, enum pdu_abort_reason reason)
{
	struct writer pdu = writer_of(d->reply, sizeof(d->reply));

	v->fault = fault;
	verdict_abort(v, &pdu, reason, error);
}

/* By the policy, or since no pool of the outcome is up: the SCU may then try again later.
 * One that has its AC cannot be rejected any more.
 */
static void refuse(struct decide *d, const struct question *q, struct verdict *v,
		   const struct policy_outcome *o)
{
	struct writer pdu = writer_of(d->reply, sizeof(d->reply));
	const char *error = "refused by the policy";

	v->outcome = o;
	if (o->pools) {
		failover_text(o->pools, d->error);
		error = d->error;
	}
	if (q->ac.len > 0)
		verdict_abort(v, &pdu, PDU_ABORT_NOT_SPECIFIED, error);
	else
		verdict_reject(v, &pdu,
			       o->pools ? rejection_of(REJECTION_CONGESTION)
					: o->rejection,
			       error);
}

/*** routes ***/

/* False if it is refused: by the policy, or since no pool of the outcome is up. */
static bool route(struct decide *d, const struct question *q, struct verdict *v,
		  const struct policy_outcome *o)
{
	v->outcome = o;
	v->pool = failover_pool(o->pools, &d->down);
	if (v->pool)
		v->kind = VERDICT_ROUTE;
	else
		refuse(d, q, v, o);
	return v->pool != NULL;
}

static void set_request(struct verdict *v, struct writer *pdu)
{
	pdu_set_ae_titles(pdu, v->outcome->called_ae, v->outcome->calling_ae);
	v->request = writer_slice(pdu);
}

/* The archive gets what was promised to the SCU. */
static void set_narrowed_request(struct decide *d, struct verdict *v)
{
	struct writer pdu = writer_of(d->request, sizeof(d->request));

	promise_write_rq(&d->rq, &d->promise, &pdu);
	set_request(v, &pdu);
}

/* The outcome that is used if HAProxy asks no more. */
static void set_fallback(struct decide *d, struct verdict *v,
			 const struct policy_outcome *o)
{
	v->outcome = o;
	v->pool = failover_pool(o->pools, &d->down);
	if (o->pools && !v->pool)
		v->pool = &o->pools->list[0];
	set_narrowed_request(d, v);
}

/* The cause in words; a refusal has words of its own. */
static void tell_cause(struct decide *d, struct verdict *v)
{
	struct writer w = writer_of((uint8_t *)d->error, sizeof(d->error) - 1);
	bool named =
		cause_is_of_promise(v->cause) && d->promise.culprit < d->rq.ncontexts;

	if (!cause_is_told(v->cause) || v->error)
		return;
	cause_write(&w, v->cause, named ? &d->rq.contexts[d->promise.culprit] : NULL);
	d->error[w.len] = '\0';
	v->error = d->error;
}

/*** associate ***/

/* Parse the RQ at the head of the buffer; <stream> is then behind it. */
static bool read_request(struct decide *d, const struct question *q, struct verdict *v,
			 struct reader *stream)
{
	struct pdu pdu;

	*stream = reader_of(q->rq, true);
	if (q->rq.len == 0 || q->rq.ptr[0] != PDU_ASSOCIATE_RQ) {
		struct foreign f = foreign_find(q->rq);

		fail(d, v, f.fault, f.words, f.reason);
		return false;
	}
	if (!pdu_next(stream, &pdu) || pdu.body.cut) {
		v->fault = FAULT_RQ_TOO_LONG;
		reject(d, v, REJECTION_LOCAL_LIMIT,
		       "the A-ASSOCIATE-RQ is longer than HAProxy's buffer "
		       "(tune.bufsize)");
		return false;
	}
	if (pdu_parse_associate(pdu.body, PDU_ASSOCIATE_RQ, &d->rq) != READ_OK) {
		fail(d, v, FAULT_RQ, d->rq.error, PDU_ABORT_INVALID_PARAMETER);
		return false;
	}
	v->rqlen = PDU_HEADER + (size_t)pdu.length;
	v->calling_ae = d->rq.calling_ae_title;
	v->called_ae = d->rq.called_ae_title;
	return true;
}

/* The association alone decides: it is passed through as it is. */
static void pass_through(struct decide *d, const struct question *q, struct verdict *v,
			 const struct policy_outcome *o)
{
	struct writer pdu = writer_of(d->request, sizeof(d->request));

	if (!route(d, q, v, o))
		return;
	if (d->rq.ncontexts > 0)
		v->sop_class = d->rq.contexts[0].abstract_syntax;
	if (!o->called_ae && !o->calling_ae)
		return;
	writer_bytes(&pdu, slice_head(q->rq, v->rqlen));
	set_request(v, &pdu);
}

static void accept_early(struct decide *d, const struct question *q, struct verdict *v,
			 const struct policy_outcome *fallback)
{
	struct writer pdu = writer_of(d->reply, sizeof(d->reply));

	v->kind = VERDICT_ACCEPT;
	set_fallback(d, v, fallback);
	promise_write_ac(&d->rq, &d->promise, &pdu);
	v->reply = writer_slice(&pdu);
	v->need = v->rqlen + PDU_ABORT_SIZE;
	v->accepted = q->now;
}

/* The data set has a say, if something can be promised that lets it come. */
static void splice(struct decide *d, const struct question *q, struct verdict *v)
{
	struct candidates c =
		candidates_find(&d->facts, &d->rq, q->learned, &d->down, &d->promise);
	struct rejection why;

	v->when = c.when;
	if (!promise_finish(&d->rq, &d->promise, &v->cause)) {
		pass_through(d, q, v, c.fallback);
		tell_cause(d, v);
	} else if (promise_refuses(&d->rq, &why)) {
		reject(d, v, rejection_find(&why),
		       rejection_find(&why) == REJECTION_APPLICATION_CONTEXT
			       ? "unknown application context"
			       : "no common protocol version");
	} else if (c.stranded && !(c.reachable && d->facts.policy->accepts_while_down)) {
		v->when = FACTS_SO_FAR; /* no data is asked for, but it may still come */
		refuse(d, q, v, c.stranded);
	} else {
		accept_early(d, q, v, c.fallback);
	}
}

static void associate(struct decide *d, const struct question *q, struct verdict *v)
{
	struct policy_facts view = facts_view(&d->facts, FACTS_SO_FAR);
	const struct policy_outcome *o;
	struct reader stream;

	if (!read_request(d, q, v, &stream))
		return;
	o = ruling_decide(d->facts.policy, &view);
	if (o)
		pass_through(d, q, v, o);
	else
		splice(d, q, v);
}

/*** dataset ***/

static bool recall_promise(struct decide *d, const struct question *q, struct verdict *v)
{
	struct reader stream = reader_of(q->ac, false);
	struct pdu pdu;

	if (!pdu_next(&stream, &pdu) || pdu.type != PDU_ASSOCIATE_AC ||
	    pdu_parse_associate(pdu.body, PDU_ASSOCIATE_AC, &d->ac) != READ_OK) {
		fail(d, v, FAULT_AC, "HAProxy has not sent the A-ASSOCIATE-AC back",
		     PDU_ABORT_NOT_SPECIFIED);
		return false;
	}
	promise_recall(&d->rq, &d->ac, &d->promise);
	return true;
}

/* Its command set, which names SOP class and presentation context. */
static bool read_command(struct decide *d, struct verdict *v)
{
	d->facts.association.message = &d->first.is;
	d->facts.association.transfer_syntax =
		promise_syntax(&d->rq, &d->promise, d->first.is.context_id);
	v->sop_class = d->first.is.sop_class;
	v->transfer_syntax = d->facts.association.transfer_syntax;
	if (v->transfer_syntax.len > 0)
		return true;
	fail(d, v, FAULT_CONTEXT,
	     "message on a presentation context that was not accepted",
	     PDU_ABORT_INVALID_PARAMETER);
	return false;
}

/* What of the first message can be used.  False if it ends the association. */
static bool read_message(struct decide *d, struct verdict *v, struct reader stream)
{
	first_message_read(&d->first, stream);
	if (d->first.is.end == DIMSE_ERROR) {
		fail(d, v, FAULT_MESSAGE, d->first.is.error,
		     (enum pdu_abort_reason)d->first.is.abort_reason);
		return false;
	}
	if (d->first.is.end == DIMSE_ABORT) {
		v->kind = VERDICT_REJECT;
		v->aborted_by_scu = true;
		v->error = "the SCU has aborted before its first data set";
		return false;
	}
	return !d->first.is.command_whole || read_command(d, v);
}

static void read_data_set(struct decide *d)
{
	struct facts_elements *elements = &d->facts.elements;

	if (!d->first.is.command_whole)
		return;
	facts_elements_command(elements, d->first.is.command);
	if (d->first.is.has_data_set &&
	    !first_message_data(&d->first, d->facts.association.transfer_syntax,
				elements))
		elements->broken = true;
}

/* Once data has begun to come, it is looked at before an archive gets it. */
static const struct policy_outcome *fall_back(struct decide *d, struct verdict *v)
{
	const struct dimse_message *message = &d->first.is;
	bool data = message->command_whole && message->has_data_set;

	return candidates_fallback(&d->facts, data ? FACTS_SO_FAR : FACTS_UNSURE,
				   &v->when);
}

/* More can come: HAProxy asks again.  If it cannot, since its buffer is full, this was
 * all of the data set that is looked at.
 */
static void ask_for_more(struct decide *d, struct verdict *v, size_t need)
{
	v->kind = VERDICT_MORE;
	v->need = need;
	set_fallback(d, v,
		     need > QUESTION_RQ_MOST
			     ? fall_back(d, v)
			     : candidates_fallback(&d->facts, FACTS_UNSURE, &v->when));
}

static enum cause cause_of(const struct decide *d)
{
	const struct dimse_message *message = &d->first.is;

	if (!message->command_whole)
		return CAUSE_RELEASED;
	if (!message->has_data_set)
		return CAUSE_NO_DATA_SET;
	if (facts_elements_broken(&d->facts.elements))
		return CAUSE_UNREADABLE;
	return d->facts.scratch->too_large ? CAUSE_TOO_LARGE : CAUSE_TOO_LONG;
}

/* True if more of the data set may decide. */
static bool goes_on(const struct decide *d)
{
	const struct dimse_message *message = &d->first.is;

	if (message->end != DIMSE_PARTIAL || facts_elements_broken(&d->facts.elements))
		return false;
	return !d->facts.scratch->too_large || message->data.len < DATASET_HEAD;
}

/* Another agent's clock may be ahead of this one. */
static void measure(const struct decide *d, const struct question *q, struct verdict *v)
{
	const struct dimse_message *m = &d->first.is;
	int64_t waited = q->now - q->accepted;

	v->decided_on_data = true;
	v->waited = q->accepted <= 0 ? -1 : waited > 0 ? waited : 0;
	v->data_set_bytes =
		m->command_whole && m->has_data_set ? (int64_t)m->data.len : -1;
}

/* What was wrong with what has come, though it may have been routed all the same. */
static void note_fault(struct decide *d, struct verdict *v)
{
	const struct facts_elements *elements = &d->facts.elements;
	bool broken = facts_elements_broken(elements);
	struct writer w = writer_of((uint8_t *)d->error, sizeof(d->error) - 1);

	if (broken)
		v->fault = FAULT_DATA_SET;
	if (v->kind == VERDICT_REJECT && !v->outcome->pools &&
	    v->cause >= CAUSE_TOO_LONG) {
		writer_bytes(&w, slice_str(cause_words(v->cause)));
		writer_bytes(&w, slice_str(", and a rule that refuses could match"));
		d->error[w.len] = '\0';
		v->error = d->error;
	} else if (broken) {
		v->error = cause_words(CAUSE_UNREADABLE);
	} else if (v->cause == CAUSE_NONE && !v->error) {
		v->error = elements->data_set.ds.odd;
	}
	tell_cause(d, v);
}

static void dataset(struct decide *d, const struct question *q, struct verdict *v)
{
	struct policy_facts view = facts_view(&d->facts, FACTS_SO_FAR);
	const struct policy_outcome *o;
	struct reader stream;

	if (!read_request(d, q, v, &stream) || !recall_promise(d, q, v) ||
	    !read_message(d, v, stream))
		return;
	read_data_set(d);
	o = ruling_decide(d->facts.policy, &view);
	if (!o && goes_on(d)) {
		ask_for_more(d, v, q->rq.len - reader_left(&stream) + d->first.is.need);
		return;
	}
	measure(d, q, v);
	if (!o) {
		v->cause = cause_of(d);
		o = fall_back(d, v);
	}
	if (route(d, q, v, o))
		set_narrowed_request(d, v);
	note_fault(d, v);
}

/*** both ***/

/* With the policy with which the association began, or the one that is in force. */
static bool begin(struct decide *d, const struct question *q, struct verdict *v)
{
	const struct policy *policy = policy_store_hold(d->policies, q->policy);

	d->facts.association.connection = q->connection;
	d->facts.now = q->began > 0 ? q->began : q->now / 1000000;
	if (!facts_begin(&d->facts, policy)) {
		policy_store_release(d->policies, policy);
		v->error = "the agent is out of memory";
		return false;
	}
	v->policy = policy;
	v->began = d->facts.now;
	return true;
}

void decide(struct decide *d, const struct question *q, struct verdict *v)
{
	*v = (struct verdict){.associate = q->kind == QUESTION_ASSOCIATE};
	decide_release(d);
	failover_read(&d->down, q->down);
	if (!begin(d, q, v))
		return;
	if (v->associate)
		associate(d, q, v);
	else
		dataset(d, q, v);
	if (v->kind > VERDICT_REJECT && !v->error && d->facts.scratch->too_hard)
		v->error = "a regular expression of the policy took too long: no match";
}
