/* SPDX-License-Identifier: MIT */
#include "decide/answer.h"
#include "dicom/dict.h"
#include "base/escape.h"
#include "spop/data.h"

enum { VALUE_SIZE = 1024 }; /* of a key, or of all exports: they must fit one frame */

void answer_text(struct writer *ack, const char *name, const char *text)
{
	spop_set_var_str(ack, name, slice_str(text));
}

/* HAProxy writes a variable into its log as it is, so nothing that could end the line, or
 * the quotes around a value, may be in one that comes from the network.
 */
void answer_plain(struct writer *ack, const char *name, struct slice text)
{
	uint8_t buf[ESCAPE_MOST * ANSWER_PLAIN_MAX];
	struct writer w = writer_of(buf, sizeof(buf));

	escape_write(&w, slice_head(text, ANSWER_PLAIN_MAX));
	spop_set_var_str(ack, name, writer_slice(&w));
}

void answer_uid(struct writer *ack, const char *name, struct slice uid)
{
	const struct dict_uid *known = dict_uid(uid);

	if (known)
		answer_text(ack, name, known->keyword);
	else
		answer_plain(ack, name, uid);
}

void answer_pdu(struct writer *ack, const char *name, const struct writer *pdu)
{
	spop_set_var_bin(ack, name, writer_slice(pdu));
}

static void refuse(struct writer *ack, const struct writer *pdu, const char *error)
{
	answer_text(ack, "verdict", "reject");
	answer_pdu(ack, "reply", pdu);
	answer_text(ack, "error", error);
}

void answer_abort(struct writer *ack, const char *error, enum pdu_abort_reason reason)
{
	uint8_t buf[PDU_ABORT_SIZE];
	struct writer pdu = writer_of(buf, sizeof(buf));

	pdu_write_abort(&pdu, reason);
	metrics_add(reason == PDU_ABORT_UNRECOGNIZED_PDU    ? METRIC_ABORT_UNRECOGNIZED
		    : reason == PDU_ABORT_UNEXPECTED_PDU    ? METRIC_ABORT_UNEXPECTED
		    : reason == PDU_ABORT_INVALID_PARAMETER ? METRIC_ABORT_INVALID
							    : METRIC_ABORT_NOT_SPECIFIED,
		    1);
	refuse(ack, &pdu, error);
}

void answer_broken(struct writer *ack, enum metric kind, const char *error,
		   enum pdu_abort_reason reason)
{
	metrics_add(kind, 1);
	answer_abort(ack, error, reason);
}

void answer_reject(struct writer *ack, struct rejection why, const char *error)
{
	uint8_t buf[PDU_ABORT_SIZE];
	struct writer pdu = writer_of(buf, sizeof(buf));

	pdu_write_reject(&pdu, why);
	metrics_add((enum metric)(METRIC_REJECT_NO_REASON + rejection_find(&why)), 1);
	refuse(ack, &pdu, error);
}

/* What knocks at a DICOM port: the first bytes, and their name */
static const struct {
	const char *head;
	size_t len;
	const char *error;
	enum metric kind;
} strangers[] = {
	{"\x16\x03", 2, "TLS handshake instead of an association", METRIC_BROKEN_TLS},
	{"GET ", 4, "HTTP request instead of an association", METRIC_BROKEN_HTTP},
	{"POST ", 5, "HTTP request instead of an association", METRIC_BROKEN_HTTP},
	{"HEAD ", 5, "HTTP request instead of an association", METRIC_BROKEN_HTTP},
	{"PUT ", 4, "HTTP request instead of an association", METRIC_BROKEN_HTTP},
	{"OPTIONS ", 8, "HTTP request instead of an association", METRIC_BROKEN_HTTP},
	{"PRI * ", 6, "HTTP/2 preface instead of an association", METRIC_BROKEN_HTTP},
	{"SSH-", 4, "SSH banner instead of an association", METRIC_BROKEN_SSH},
	{"PROXY ", 6, "PROXY protocol header instead of an association",
	 METRIC_BROKEN_PROXY},
	{"\r\n\r\n", 4, "PROXY protocol header instead of an association",
	 METRIC_BROKEN_PROXY},
};

void answer_stranger(struct writer *ack, struct slice bytes)
{
	uint8_t type = bytes.len > 0 ? bytes.ptr[0] : 0;

	for (size_t i = 0; i < sizeof(strangers) / sizeof(strangers[0]); i++)
		if (slice_equal(slice_head(bytes, strangers[i].len),
				slice_of(strangers[i].head, strangers[i].len))) {
			answer_broken(ack, strangers[i].kind, strangers[i].error,
				      PDU_ABORT_UNRECOGNIZED_PDU);
			return;
		}
	if (type > PDU_ASSOCIATE_RQ && type <= PDU_ABORT)
		answer_broken(ack, METRIC_BROKEN_OTHER_PDU,
			      "another PDU instead of an A-ASSOCIATE-RQ",
			      PDU_ABORT_UNEXPECTED_PDU);
	else
		answer_broken(ack, METRIC_BROKEN_NOT_DICOM, "not a DICOM PDU",
			      PDU_ABORT_UNRECOGNIZED_PDU);
}

/*** outcomes ***/

/* The first value of each attribute; none if none has one. */
static void set_key(struct writer *ack, struct facts *f,
		    const struct policy_attributes *attributes)
{
	uint8_t bytes[VALUE_SIZE];
	struct writer key = writer_of(bytes, sizeof(bytes));
	bool any = false;

	for (size_t i = 0; i < attributes->n; i++) {
		const struct policy_fact *fact = facts_get(f, attributes->list[i]);
		struct slice rest = fact->text, value = {0};

		if (i > 0)
			writer_u8(&key, '\\');
		if (fact->state == POLICY_PRESENT)
			(void)policy_next_value(attributes->list[i]->vr, &rest, &value);
		any |= value.len > 0;
		writer_bytes(&key, slice_head(value, key.cap - key.len));
	}
	if (any)
		spop_set_var_str(ack, "key", slice_of(bytes, key.len));
}

static void set_exports(struct writer *ack, struct facts *f)
{
	const struct policy *p = f->policy;
	size_t left = VALUE_SIZE;

	for (size_t i = 0; i < p->nexports; i++) {
		const struct policy_fact *fact = facts_get(f, p->exports[i].attribute);
		uint8_t bytes[VALUE_SIZE];
		struct writer out = writer_of(bytes, left);
		struct slice rest = fact->text, value;

		if (fact->state != POLICY_PRESENT)
			continue;
		for (bool first = true;
		     policy_next_value(p->exports[i].attribute->vr, &rest, &value);
		     first = false) {
			if (!first)
				writer_u8(&out, '\\');
			writer_bytes(&out, slice_head(value, out.cap - out.len));
		}
		left -= out.len;
		spop_set_var_str(ack, p->exports[i].variable, slice_of(bytes, out.len));
	}
}

void answer_outcome(struct writer *ack, struct facts *f, const struct policy_outcome *o,
		    const struct policy_pool *pool)
{
	answer_text(ack, "rule", o->rule);
	answer_text(ack, "backend", pool ? pool->name : "");
	set_key(ack, f, &o->key);
	set_exports(ack, f);
	if (f->scratch->too_hard)
		answer_text(ack, "error",
			    "a regular expression of the policy took too long: no match");
}
