/* SPDX-License-Identifier: MIT */
/* An association as HAProxy relays it: two bytes say how long the first part of the
 * buffer is that is sent as `associate`, the rest is the stream.  If the verdict is
 * accept, the conversation goes on from one `need` to the next.
 */
#include "../unit/ask.h"
#include "../unit/policy_of.h"
#include "../unit/quoted.h"
#include "../unit/sample.h"
#include "check.h"

static const char rules[] =
	"{'negotiate': {'transfer_syntaxes': ['1.2.840.10008.1.2', '1.2.840.10008.1.2.1',"
	"  '1.2.840.10008.1.2.2', '1.2.840.10008.1.2.1.99']},"
	" 'lists': {'l': ['CT', 'M*', 'X']}, 'export': {'x_type': 'ImageType', 'x_user': "
	"'UserIdentity'},"
	" 'rules': ["
	" {'name': '1', 'if': {'CallingAETitle': 'R*'}, 'reject': 'no-reason-given'},"
	" {'name': '2', 'if': {'CalledAETitle': 'OLD'}, 'backend': 'a', 'called_ae': "
	"'X', 'calling_ae': 'Z'},"
	" {'name': '3', 'if': {'TransferSyntaxUID': '1.2.840.10008.1.2.2',"
	"   'Modality': {'present': true}}, 'backend': 'b'},"
	" {'name': '4', 'if': {'Modality': 'C?', 'not': {'InstitutionName': '*ü*'}},"
	"   'backend': 'c', 'key': ['PatientID', '(0029,ACME,01)']},"
	" {'name': '5', 'if': {'Rows': {'from': 256, 'to': 512}}, 'backend': 'd', 'key': "
	"'SOPClassUID'},"
	" {'name': '6', 'if': {'Modality': 'XX'}, 'reject': 'temporary-congestion'},"
	" {'name': '7', 'if': {'MoveDestination': 'A*'}, 'backend': 'e', 'called_ae': "
	"'Y'},"
	" {'name': '8', 'if': {'RequestAttributesSequence.AccessionNumber': {'regex': "
	"'^(A|B)+$',"
	"   'ignore_case': true}}, 'backend': 'f', 'key': "
	"'RequestAttributesSequence[1].AccessionNumber'},"
	" {'name': '9', 'if': {'(0029,ACME,02).(0029,ACME,03)': {'in': 'l'}}, 'backend': "
	"'g'},"
	" {'name': '10', 'if': {'StudyDate': {'newer_than': '5 years'}, 'PatientAge': "
	"{'to': '17Y'},"
	"   'sample': {'percent': 50, 'by': 'StudyInstanceUID'}}, 'backend': 'h'},"
	" {'name': '11', 'if': {'UserIdentity': 'u*', 'Command': 'C-STORE'}, 'backend': "
	"'i'},"
	" {'name': '12', 'if': {'PatientName': {'empty': true}}, 'backend': 'j'}],"
	" 'default': {'backend': 'general', 'key': 'PatientName'}}";

static void check_pdu(struct slice pdu, enum pdu_type type, struct pdu_associate *a)
{
	struct reader stream = reader_of(pdu, false);
	struct pdu got;

	CHECK(pdu_next(&stream, &got) && reader_done(&stream));
	CHECK(got.type == type);
	CHECK(pdu_parse_associate(got.body, type, a) == READ_OK);
}

static bool is_pool(const struct heard *h)
{
	return h->backend.len > 0 && h->rule.len > 0;
}

/* While data is missing, rule 6 may be the one that decides if no more comes: Modality is
 * known to be XX, what the rules before it ask for is not known yet.  Then the fallback
 * refuses and has no pool (docs/contract.md, `backend`).
 */
static bool is_fallback(const struct heard *h)
{
	return is_text(h->rule, "6") ? h->backend.len == 0 : is_pool(h);
}

static void check_reject(const struct heard *h)
{
	CHECK(h->error.len > 0 && h->need == -1);
	CHECK(h->reply.len == 0 || h->reply.len == PDU_ABORT_SIZE);
	CHECK(h->reply.len == 0 || h->reply.ptr[0] == PDU_ASSOCIATE_RJ ||
	      h->reply.ptr[0] == PDU_ABORT);
}

static void check_accept(const struct heard *h, struct slice in)
{
	static struct pdu_associate rq, ac;
	unsigned accepted = 0;

	check_pdu(slice_head(in, (size_t)h->rqlen), PDU_ASSOCIATE_RQ, &rq);
	check_pdu(h->reply, PDU_ASSOCIATE_AC, &ac);
	CHECK(ac.ncontexts == rq.ncontexts && slice_equal(ac.fixed, rq.fixed));
	for (unsigned i = 0; i < ac.ncontexts; i++) {
		CHECK(ac.contexts[i].id == rq.contexts[i].id);
		accepted += ac.contexts[i].result == PDU_ACCEPTANCE;
	}
	check_pdu(h->request, PDU_ASSOCIATE_RQ, &rq);
	CHECK(rq.ncontexts == accepted && accepted > 0);
	CHECK(h->request.len <= (size_t)h->rqlen);
}

/* Only a refusal by the policy has a rule. */
static bool is_broken(const struct heard *h)
{
	return is_text(h->verdict, "reject") ? h->rule.len == 0 : h->error.len > 0;
}

/* What was decided on a beginning is what all of it decides, unless that is broken. */
static void check_early(struct decide *d, const struct told *told,
			const struct heard *early)
{
	static struct heard late;

	ask_told(d, "dataset", told, &late);
	if (is_broken(&late) || is_broken(early))
		return;
	CHECK(slice_equal(late.verdict, early->verdict));
	CHECK(slice_equal(late.backend, early->backend));
	CHECK(slice_equal(late.key, early->key));
	CHECK(late.nexports == early->nexports);
	for (unsigned i = 0; i < late.nexports; i++)
		CHECK(slice_equal(late.exports[i].value, early->exports[i].value));
	CHECK(slice_equal(late.request, early->request));
}

/* From need to need, as long as there are bytes. */
static void follow(struct decide *d, const struct heard *first, struct slice in)
{
	static struct heard h;
	static struct pdu_associate rq;
	struct told told = {.ac = first->reply,
			    .policy = first->policy,
			    .began = first->began,
			    .accepted = first->accepted};
	int64_t need = first->need;

	while (need <= (int64_t)in.len) {
		told.rq = slice_of(in.ptr, (size_t)need);
		ask_told(d, "dataset", &told, &h);
		told.rq = in;
		CHECK(h.decision_us >= 0 && h.began == first->began);
		CHECK(slice_equal(h.policy, first->policy));
		if (is_text(h.verdict, "reject")) {
			CHECK(h.error.len > 0 && h.request.len == 0);
			check_reject(&h);
			check_early(d, &told, &h);
			return;
		}
		CHECK(h.rqlen == first->rqlen);
		check_pdu(h.request, PDU_ASSOCIATE_RQ, &rq);
		CHECK(h.request.len <= (size_t)h.rqlen);
		if (is_text(h.verdict, "route")) {
			CHECK(is_pool(&h));
			check_early(d, &told, &h);
			return;
		}
		CHECK(is_text(h.verdict, "more") && is_fallback(&h) && h.need > need);
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
		d = decide_new(policy_store_of(quoted(rules)));
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
		CHECK(is_text(h.verdict, "reject") && h.reply.len == PDU_ABORT_SIZE);
		check_reject(&h);
	}
	return 0;
}
