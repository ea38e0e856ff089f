/* SPDX-License-Identifier: MIT */
#include "decide/count.h"
#include "metrics/metrics.h"

_Static_assert(METRIC_BROKEN_DATA_SET - METRIC_BROKEN_TLS == FAULT_DATA_SET - FAULT_TLS,
	       "faults and their metrics are in the same order");

static void add(unsigned metric)
{
	metrics_add((enum metric)metric, 1);
}

static enum metric answer_of(const struct verdict *v)
{
	switch (v->kind) {
	case VERDICT_ROUTE:
		return v->associate ? METRIC_ASSOCIATE_ROUTE : METRIC_DATASET_ROUTE;
	case VERDICT_ACCEPT:
		return METRIC_ASSOCIATE_ACCEPT;
	case VERDICT_MORE:
		return METRIC_DATASET_MORE;
	default:
		return v->associate ? METRIC_ASSOCIATE_REJECT : METRIC_DATASET_REJECT;
	}
}

static enum metric abort_of(enum pdu_abort_reason reason)
{
	switch (reason) {
	case PDU_ABORT_UNRECOGNIZED_PDU:
		return METRIC_ABORT_UNRECOGNIZED;
	case PDU_ABORT_UNEXPECTED_PDU:
		return METRIC_ABORT_UNEXPECTED;
	case PDU_ABORT_INVALID_PARAMETER:
		return METRIC_ABORT_INVALID;
	default:
		return METRIC_ABORT_NOT_SPECIFIED;
	}
}

/* What was wrong, or missing, and what the SCU was sent for that. */
static void count_refusal(const struct verdict *v)
{
	if (v->cause != CAUSE_NONE)
		metrics_fallback(v->calling_ae, cause_name(v->cause));
	if (v->fault != FAULT_NONE)
		add(METRIC_BROKEN_TLS + v->fault - FAULT_TLS);
	if (v->rejection.result > 0)
		add(METRIC_REJECT_NO_REASON + rejection_find(&v->rejection));
	if (v->aborts)
		add(abort_of(v->abort_reason));
	if (v->aborted_by_scu)
		add(METRIC_ABORTED_BY_SCU);
}

static void count_data(const struct verdict *v)
{
	if (v->decided_on_data && v->waited >= 0)
		metrics_observe(METRICS_DATA_SET_WAIT, v->waited);
	if (v->decided_on_data && v->data_set_bytes >= 0)
		metrics_observe(METRICS_DATA_SET_BYTES, v->data_set_bytes);
}

/* Where the association goes; a fallback that may still change is no decision. */
static void count_outcome(const struct verdict *v)
{
	if (v->kind == VERDICT_ROUTE) {
		metrics_decision(v->outcome->rule, v->pool->name,
				 v->associate ? METRICS_PASSED : METRICS_SPLICED);
		if (v->sop_class.len > 0 || v->transfer_syntax.len > 0)
			metrics_content(v->sop_class, v->transfer_syntax);
	} else if (v->kind == VERDICT_REJECT && v->outcome) {
		metrics_decision(v->outcome->rule, NULL,
				 verdict_unreachable(v) ? METRICS_UNREACHABLE
							: METRICS_REJECTED);
	}
}

void count_verdict(const struct verdict *v)
{
	if (v->kind == VERDICT_NONE)
		return;
	metrics_add(answer_of(v), 1);
	metrics_observe(v->associate ? METRICS_ASSOCIATE_TIME : METRICS_DATASET_TIME,
			v->took);
	if (v->associate && v->rqlen > 0)
		metrics_association(v->calling_ae);
	count_refusal(v);
	count_data(v);
	count_outcome(v);
}
