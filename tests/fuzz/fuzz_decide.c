/* SPDX-License-Identifier: MIT */
/* An association as HAProxy relays it: two bytes say how long the first part of the
 * buffer is that is sent as `associate`, the rest is the stream.  If the verdict is
 * accept, the conversation goes on from one `need` to the next.
 */
#include "../unit/ask.h"
#include "../unit/policy_of.h"
#include "../unit/sample.h"
#include "check.h"

static const char rules[] =
	"{\"negotiate\": {\"transfer_syntaxes\": [\"1.2.840.10008.1.2\", \"1.2.840.10008.1.2.1\","
	"  \"1.2.840.10008.1.2.2\", \"1.2.840.10008.1.2.1.99\"]}, \"rules\": ["
	" {\"name\": \"1\", \"if\": {\"CallingAETitle\": \"R*\"}, \"reject\": \"no-reason-given\"},"
	" {\"name\": \"2\", \"if\": {\"CalledAETitle\": \"OLD\"}, \"backend\": \"a\", \"called_ae\": \"X\"},"
	" {\"name\": \"3\", \"if\": {\"TransferSyntaxUID\": \"1.2.840.10008.1.2.2\","
	"   \"Modality\": {\"present\": true}}, \"backend\": \"b\"},"
	" {\"name\": \"4\", \"if\": {\"Modality\": \"C?\", \"not\": {\"InstitutionName\": \"*\u00fc*\"}},"
	"   \"backend\": \"c\", \"key\": \"PatientID\"},"
	" {\"name\": \"5\", \"if\": {\"Rows\": [512, 256]}, \"backend\": \"d\", \"key\": \"SOPClassUID\"},"
	" {\"name\": \"6\", \"if\": {\"Modality\": \"XX\"}, \"reject\": \"temporary-congestion\"},"
	" {\"name\": \"7\", \"if\": {\"MoveDestination\": \"A*\"}, \"backend\": \"e\", \"called_ae\": \"Y\"}],"
	" \"default\": {\"backend\": \"general\", \"key\": \"PatientName\"}}";

static void check_pdu(struct slice pdu, enum ul_pdu_type type, struct ul_associate *a)
{
	struct reader stream = reader_of(pdu, false);
	struct ul_pdu got;

	CHECK(ul_next_pdu(&stream, &got) && reader_done(&stream));
	CHECK(got.type == type);
	CHECK(ul_parse_associate(got.body, type, a) == READ_OK);
}

static bool is_pool(const struct heard *h)
{
	return h->backend.len > 0 && h->rule.len > 0;
}

static void check_reject(const struct heard *h)
{
	CHECK(h->error.len > 0 && h->need == -1);
	CHECK(h->reply.len == 0 || h->reply.len == UL_ABORT_SIZE);
	CHECK(h->reply.len == 0 || h->reply.ptr[0] == UL_ASSOCIATE_RJ ||
	      h->reply.ptr[0] == UL_ABORT);
}

static void check_accept(const struct heard *h, struct slice in)
{
	static struct ul_associate rq, ac;
	unsigned accepted = 0;

	check_pdu(slice_head(in, (size_t)h->rqlen), UL_ASSOCIATE_RQ, &rq);
	check_pdu(h->reply, UL_ASSOCIATE_AC, &ac);
	CHECK(ac.ncontexts == rq.ncontexts && slice_equal(ac.fixed, rq.fixed));
	for (unsigned i = 0; i < ac.ncontexts; i++) {
		CHECK(ac.contexts[i].id == rq.contexts[i].id);
		accepted += ac.contexts[i].result == UL_ACCEPTANCE;
	}
	check_pdu(h->request, UL_ASSOCIATE_RQ, &rq);
	CHECK(rq.ncontexts == accepted && accepted > 0);
	CHECK(h->request.len <= (size_t)h->rqlen);
}

/* From need to need, as long as there are bytes. */
static void follow(struct decide *d, const struct heard *first, struct slice in)
{
	static struct heard h;
	static struct ul_associate rq;
	int64_t need = first->need;

	while (need <= (int64_t)in.len) {
		ask(d, "dataset", slice_of(in.ptr, (size_t)need), first->reply, &h);
		CHECK(h.decision_us >= 0);
		if (is_text(h.verdict, "reject")) {
			CHECK(h.error.len > 0 && h.request.len == 0);
			check_reject(&h);
			return;
		}
		CHECK(h.rqlen == first->rqlen && is_pool(&h));
		check_pdu(h.request, UL_ASSOCIATE_RQ, &rq);
		CHECK(h.request.len <= (size_t)h.rqlen);
		if (is_text(h.verdict, "route"))
			return;
		CHECK(is_text(h.verdict, "more") && h.need > need);
		need = h.need;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct decide *d;
	static struct heard h;
	struct slice in, rq;

	if (size < 2 || size > 16384)
		return 0;
	if (!d)
		d = decide_new(policy_of(rules));
	in = slice_of(data + 2, size - 2);
	rq = slice_head(in, (size_t)(data[0] << 8 | data[1]));
	ask(d, "associate", rq, (struct slice){0}, &h);
	if (is_text(h.verdict, "route")) {
		CHECK(is_pool(&h) && h.reply.len == 0 && h.need == -1);
		CHECK(h.request.len == 0 || h.request.len == (size_t)h.rqlen);
	} else if (is_text(h.verdict, "accept")) {
		CHECK(is_pool(&h) && h.need > h.rqlen);
		check_accept(&h, in);
		follow(d, &h, in);
	} else {
		CHECK(is_text(h.verdict, "reject") && h.reply.len == UL_ABORT_SIZE);
		check_reject(&h);
	}
	return 0;
}
