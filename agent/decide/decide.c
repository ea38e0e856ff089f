/* SPDX-License-Identifier: MIT */
/* The verdict: docs/contract.md says what each variable means to HAProxy. */
#include "decide/decide.h"
#include "decide/count.h"
#include "decide/answer.h"
#include "policy/failover.h"
#include "facts/first_message.h"
#include "metrics/metrics.h"
#include "decide/candidates.h"
#include "decide/question.h"
#include "policy/ruling.h"
#include "spop/data.h"

#include <stdlib.h>
#include <time.h>

enum { PDU_SIZE = 128 * 1024 }; /* of an RQ for the archive, and of an AC */

struct decide {
	struct policy_store *policies;
	struct facts facts; /* facts.policy is held from one message to the next */
	struct pdu_associate rq, ac;
	struct promise plan;
	struct failover down;
	enum metric counted; /* what the answer is counted as */
	struct first_message first;
	uint8_t pdu[PDU_SIZE];
};

struct decide *decide_new(struct policy_store *policies)
{
	struct decide *d = calloc(1, sizeof(*d));

	if (!d)
		return NULL;
	d->policies = policies;
	d->facts.association.rq = &d->rq;
	if (facts_init(&d->facts))
		return d;
	decide_free(d);
	return NULL;
}

void decide_free(struct decide *d)
{
	if (!d)
		return;
	decide_release(d);
	facts_clear(&d->facts);
	free(d);
}

/*** answers ***/

/* Without it the answer is a refusal. */
static void set_verdict(struct decide *d, const struct question *q, const char *verdict,
			enum metric counted)
{
	answer_text(q->ack, "verdict", verdict);
	d->counted = counted;
}

/* By the policy, or since no pool of the outcome is up: the SCU may then try again later.
 * One that has its AC cannot be rejected any more.
 */
static void refuse(const struct question *q, const struct policy_outcome *o)
{
	const struct rejection congestion = {2, 3, 1};
	char text[FAILOVER_TEXT] = "refused by the policy";

	metrics_decision(o->rule, NULL,
			 o->pools ? METRICS_UNREACHABLE : METRICS_REJECTED);
	if (o->pools)
		failover_text(o->pools, text);
	if (q->ac.len > 0)
		answer_abort(q->ack, text, PDU_ABORT_NOT_SPECIFIED);
	else
		answer_reject(q->ack, o->pools ? congestion : o->rejection, text);
	answer_text(q->ack, "rule", o->rule);
}

/* The archive gets what was promised to the SCU, or what the SCU sent. */
static void set_request(struct decide *d, const struct question *q,
			const struct policy_outcome *o)
{
	struct writer pdu = writer_of(d->pdu, sizeof(d->pdu));

	promise_write_rq(&d->rq, &d->plan, &pdu);
	promise_rename(&pdu, o->called_ae, o->calling_ae);
	answer_pdu(q->ack, "request", &pdu);
}

/* The pool that gets what the data set does not decide, and the rest of that outcome. */
static void set_fallback(struct decide *d, const struct question *q,
			 const struct policy_outcome *o)
{
	const struct policy_pool *pool = failover_pool(o->pools, &d->down);

	if (o->pools && !pool)
		pool = &o->pools->list[0];
	answer_outcome(q->ack, &d->facts, o, pool);
	set_request(d, q, o);
}

/*** associate ***/

/* Parse the RQ at the head of the buffer; <stream> is then behind it. */
static bool read_request(struct decide *d, const struct question *q,
			 struct reader *stream)
{
	struct pdu pdu;

	*stream = reader_of(q->rq, true);
	if (q->rq.len == 0 || q->rq.ptr[0] != PDU_ASSOCIATE_RQ) {
		answer_stranger(q->ack, q->rq);
		return false;
	}
	if (!pdu_next(stream, &pdu) || pdu.body.cut) {
		metrics_add(METRIC_BROKEN_RQ_TOO_LONG, 1);
		answer_reject(q->ack, (struct rejection){2, 3, 2},
			      "the A-ASSOCIATE-RQ is longer than HAProxy's buffer "
			      "(tune.bufsize)");
		return false;
	}
	if (pdu_parse_associate(pdu.body, PDU_ASSOCIATE_RQ, &d->rq) != READ_OK) {
		answer_broken(q->ack, METRIC_BROKEN_RQ, d->rq.error,
			      PDU_ABORT_INVALID_PARAMETER);
		return false;
	}
	spop_set_var_int(q->ack, "rqlen", PDU_HEADER + (int64_t)pdu.length);
	answer_plain(q->ack, "calling_ae", d->rq.calling_ae_title);
	answer_plain(q->ack, "called_ae", d->rq.called_ae_title);
	return true;
}

/* The association alone decides: it is passed through as it is. */
static void pass_through(struct decide *d, const struct question *q, size_t rqlen,
			 const struct policy_outcome *o)
{
	struct writer pdu = writer_of(d->pdu, sizeof(d->pdu));

	const struct policy_pool *pool = failover_pool(o->pools, &d->down);

	if (!pool) {
		refuse(q, o);
		return;
	}
	count_passed(&d->rq, o->rule, pool->name);
	set_verdict(d, q, "route", METRIC_ASSOCIATE_ROUTE);
	answer_outcome(q->ack, &d->facts, o, pool);
	if (d->rq.ncontexts > 0)
		answer_uid(q->ack, "sop_class", d->rq.contexts[0].abstract_syntax);
	if (!o->called_ae && !o->calling_ae)
		return;
	writer_bytes(&pdu, slice_head(q->rq, rqlen));
	promise_rename(&pdu, o->called_ae, o->calling_ae);
	answer_pdu(q->ack, "request", &pdu);
}

static void accept_early(struct decide *d, const struct question *q, size_t rqlen,
			 const struct policy_outcome *o)
{
	struct writer pdu = writer_of(d->pdu, sizeof(d->pdu));

	set_verdict(d, q, "accept", METRIC_ASSOCIATE_ACCEPT);
	set_fallback(d, q, o);
	promise_write_ac(&d->rq, &d->plan, &pdu);
	answer_pdu(q->ack, "reply", &pdu);
	spop_set_var_int(q->ack, "need", (int64_t)rqlen + PDU_ABORT_SIZE);
	spop_set_var_int(q->ack, "accepted", count_now());
}

static void associate(struct decide *d, const struct question *q)
{
	struct policy_facts view = facts_view(&d->facts);
	const struct policy_outcome *o;
	enum promise_obstacle obstacle;
	struct rejection why;
	struct candidates p;
	struct reader stream;
	size_t rqlen;

	if (!read_request(d, q, &stream))
		return;
	metrics_association(d->rq.calling_ae_title);
	rqlen = q->rq.len - reader_left(&stream);
	o = ruling_decide(d->facts.policy, &view);
	if (o) {
		pass_through(d, q, rqlen, o);
		return;
	}
	p = candidates_plan(&d->facts, &d->rq, q->learned, &d->down, &d->plan);
	obstacle = promise_finish(&d->rq, &d->plan);
	if (obstacle) {
		count_obstacle(obstacle);
		pass_through(d, q, rqlen, p.fallback);
		return;
	}
	if (promise_refuses(&d->rq, &why)) {
		answer_reject(q->ack, why,
			      why.reason == 2 && why.source == 1
				      ? "unknown application context"
				      : "no common protocol version");
		return;
	}
	if (p.stranded && !d->facts.policy->accepts_while_down) {
		refuse(q, p.stranded);
		return;
	}
	accept_early(d, q, rqlen, p.fallback);
}

/*** dataset ***/

static void ask_for_more(struct decide *d, const struct question *q, size_t need)
{
	set_verdict(d, q, "more", METRIC_DATASET_MORE);
	set_fallback(d, q, candidates_fallback(&d->facts));
	spop_set_var_int(q->ack, "need", (int64_t)need);
}

static void splice(struct decide *d, const struct question *q,
		   const struct policy_outcome *o)
{
	const struct policy_pool *pool = failover_pool(o->pools, &d->down);

	if (!pool) {
		refuse(q, o);
		return;
	}
	count_spliced(&d->facts.association, o->rule, pool->name);
	set_verdict(d, q, "route", METRIC_DATASET_ROUTE);
	answer_outcome(q->ack, &d->facts, o, pool);
	set_request(d, q, o);
}

/* What of the first message can be used.  False if the answer has been given. */
static bool read_message(struct decide *d, const struct question *q, struct reader stream)
{
	first_message_read(&d->first, stream);
	if (d->first.is.end == DIMSE_ERROR) {
		answer_broken(q->ack, METRIC_BROKEN_MESSAGE, d->first.is.error,
			      (enum pdu_abort_reason)d->first.is.abort_reason);
		return false;
	}
	if (d->first.is.end == DIMSE_ABORT) {
		metrics_add(METRIC_ABORTED_BY_SCU, 1);
		answer_text(q->ack, "verdict", "reject");
		answer_text(q->ack, "error",
			    "the SCU has aborted before its first data set");
		return false;
	}
	if (!d->first.is.command_whole)
		return true;
	d->facts.association.message = &d->first.is;
	d->facts.association.transfer_syntax =
		promise_syntax(&d->rq, &d->plan, d->first.is.context_id);
	answer_uid(q->ack, "sop_class", d->first.is.sop_class);
	answer_uid(q->ack, "transfer_syntax", d->facts.association.transfer_syntax);
	if (d->facts.association.transfer_syntax.len == 0) {
		answer_broken(q->ack, METRIC_BROKEN_CONTEXT,
			      "message on a presentation context that was not accepted",
			      PDU_ABORT_INVALID_PARAMETER);
		return false;
	}
	return true;
}

static bool recall(struct decide *d, const struct question *q)
{
	struct reader stream = reader_of(q->ac, false);
	struct pdu pdu;

	if (!pdu_next(&stream, &pdu) || pdu.type != PDU_ASSOCIATE_AC ||
	    pdu_parse_associate(pdu.body, PDU_ASSOCIATE_AC, &d->ac) != READ_OK) {
		answer_broken(q->ack, METRIC_BROKEN_AC,
			      "HAProxy has not sent the A-ASSOCIATE-AC back",
			      PDU_ABORT_NOT_SPECIFIED);
		return false;
	}
	promise_recall(&d->rq, &d->ac, &d->plan);
	return true;
}

/* All that has come.  False if the answer has been given. */
static bool read_dataset(struct decide *d, const struct question *q,
			 struct reader *stream, bool *sound)
{
	*sound = true;
	if (!read_request(d, q, stream) || !recall(d, q) || !read_message(d, q, *stream))
		return false;
	if (d->first.is.command_whole)
		facts_elements_command(&d->facts.elements, d->first.is.command);
	if (d->first.is.command_whole && d->first.is.has_data_set)
		*sound = first_message_data(&d->first,
					    d->facts.association.transfer_syntax,
					    &d->facts.elements);
	return true;
}

static void dataset(struct decide *d, const struct question *q)
{
	struct policy_facts view = facts_view(&d->facts);
	const struct policy_outcome *o;
	struct reader stream;
	bool sound;

	if (!read_dataset(d, q, &stream, &sound))
		return;
	o = ruling_decide(d->facts.policy, &view);
	if (!o && d->first.is.end == DIMSE_PARTIAL) {
		ask_for_more(d, q, q->rq.len - reader_left(&stream) + d->first.is.need);
		return;
	}
	count_data(&d->first.is, q->accepted);
	if (!o)
		count_undecided(&d->first.is);
	splice(d, q, o ? o : candidates_fallback(&d->facts));
	if (!sound || d->facts.elements.data_set.ds.bytes.state == READ_BAD) {
		metrics_add(METRIC_BROKEN_DATA_SET, 1);
		answer_text(q->ack, "error", "the data set cannot be read");
	}
}

/*** the door ***/

/* With the policy with which the association began, or the one that is in force. */
static bool begin(struct decide *d, const struct question *q)
{
	const struct policy *policy = policy_store_hold(d->policies, q->policy);

	d->facts.association.connection = q->connection;
	d->facts.now = q->began > 0 ? q->began : time(NULL);
	if (!facts_begin(&d->facts, policy)) {
		policy_store_release(d->policies, policy);
		answer_text(q->ack, "error", "the agent is out of memory");
		return false;
	}
	answer_text(q->ack, "policy", policy->id);
	spop_set_var_int(q->ack, "began", d->facts.now);
	return true;
}

void decide_release(struct decide *d)
{
	if (d->facts.policy)
		policy_store_release(d->policies, d->facts.policy);
	d->facts.policy = NULL;
}

void decide_message(struct decide *d, struct slice name, struct reader args,
		    unsigned nargs, struct writer *ack)
{
	struct question q;
	bool first = slice_equal(name, slice_str("associate"));
	int64_t start = count_clock();

	if (!first && !slice_equal(name, slice_str("dataset")))
		return;
	decide_release(d);
	q = question_read(args, nargs, ack);
	failover_read(&d->down, q.down);
	if (!begin(d, &q))
		return;
	d->counted = first ? METRIC_ASSOCIATE_REJECT : METRIC_DATASET_REJECT;
	if (first)
		associate(d, &q);
	else
		dataset(d, &q);
	spop_set_var_int(ack, "decision_us", count_answer(d->counted, start));
}

bool decide_again(struct decide *d, struct slice name, struct reader args, unsigned nargs,
		  struct slice policy, int64_t began)
{
	struct writer unheard = {0};
	struct question q = question_read(args, nargs, &unheard);
	struct reader stream;
	bool sound;

	decide_release(d);
	q.policy = policy;
	q.began = began;
	if (!begin(d, &q) || !slice_equal(policy, slice_str(d->facts.policy->id)))
		return false;
	return slice_equal(name, slice_str("associate"))
		       ? read_request(d, &q, &stream)
		       : read_dataset(d, &q, &stream, &sound);
}

struct facts *decide_facts(struct decide *d)
{
	return &d->facts;
}
