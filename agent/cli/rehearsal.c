/* SPDX-License-Identifier: MIT */
#include "cli/rehearsal.h"
#include "base/clock.h"

static struct slice text_or_none(const char *text)
{
	return text ? slice_str(text) : (struct slice){0};
}

static void ask(struct rehearsal *r, enum question_kind kind, struct slice rq,
		struct slice ac)
{
	const struct question q = {
		.kind = kind,
		.rq = rq,
		.ac = ac,
		.down = text_or_none(r->down),
		.began = r->began,
		.now = clock_realtime_us(),
		.connection = {.address =
				       slice_of(r->from.bytes,
						r->has_from ? sizeof(r->from.bytes) : 0),
			       .port = r->port,
			       .server_name = text_or_none(r->server_name),
			       .client_name = text_or_none(r->client_name)},
	};

	decide(r->decide, &q, &r->verdict);
}

bool rehearsal_decided(const struct rehearsal *r)
{
	return r->verdict.kind != VERDICT_ACCEPT && r->verdict.kind != VERDICT_MORE;
}

/* The A-ASSOCIATE-RQ, or as much of it as HAProxy holds. */
static struct slice request_of(struct slice sent)
{
	struct reader stream = reader_of(sent, true);
	struct pdu rq;
	size_t len = sent.len;

	if (pdu_next(&stream, &rq) && !rq.body.cut)
		len -= reader_left(&stream);
	return slice_head(sent, len < REHEARSAL_RQ_MOST ? len : REHEARSAL_RQ_MOST);
}

/* Question by question, until there is a decision or no more of the data: as the rules of
 * dicom.cfg do.
 */
void rehearsal_run(struct rehearsal *r)
{
	struct slice rq = request_of(r->sent), ac;
	struct slice held = slice_head(r->sent, REHEARSAL_DATA_MOST);

	ask(r, QUESTION_ASSOCIATE, rq, (struct slice){0});
	if (r->verdict.kind != VERDICT_ACCEPT)
		return;
	r->needed_data = true;
	ac = slice_of(r->ac, r->verdict.reply.len);
	memcpy(r->ac, r->verdict.reply.ptr, ac.len); /* the next question overwrites it */
	while (!rehearsal_decided(r) && rq.len < held.len) {
		rq = slice_head(held, r->verdict.need);
		ask(r, QUESTION_DATASET, rq, ac);
	}
}
