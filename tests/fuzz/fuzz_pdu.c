/* SPDX-License-Identifier: MIT */
/* The body of an A-ASSOCIATE-RQ or -AC; the first byte says which. */
#include "check.h"
#include "dicom/pdu.h"

static void check_contexts(const struct pdu_associate *a, bool rq, struct slice in)
{
	CHECK(a->ncontexts <= PDU_MAX_CONTEXTS);
	for (unsigned i = 0; i < a->ncontexts; i++) {
		struct reader list = a->contexts[i].transfer_syntaxes;
		struct slice uid;

		CHECK(a->contexts[i].id & 1);
		CHECK(!rq || a->contexts[i].abstract_syntax.len > 0);
		check_inside(a->contexts[i].abstract_syntax, in);
		while (pdu_next_transfer_syntax(&list, &uid))
			check_inside(uid, in);
		CHECK(list.state == READ_OK);
		for (unsigned k = 0; k < i; k++)
			CHECK(a->contexts[k].id != a->contexts[i].id);
	}
}

static void check_associate(const struct pdu_associate *a, bool rq, struct slice in)
{
	struct reader user = a->user_items, body;
	uint8_t type;

	check_inside(a->fixed, in);
	check_inside(a->called_ae_title, in);
	check_inside(a->calling_ae_title, in);
	CHECK(a->called_ae_title.len <= PDU_AE_TITLE &&
	      a->calling_ae_title.len <= PDU_AE_TITLE);
	check_inside(a->application_context, in);
	check_inside(a->implementation_class_uid, in);
	check_inside(a->implementation_version_name, in);
	check_contexts(a, rq, in);
	while (pdu_next_item(&user, &type, &body))
		check_inside(reader_rest(&body), in);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct pdu_associate whole, cut;
	enum pdu_type type;
	enum read_state state;
	struct slice in;

	if (size < 1)
		return 0;
	type = data[0] & 1 ? PDU_ASSOCIATE_RQ : PDU_ASSOCIATE_AC;
	in = slice_of(data + 1, size - 1);
	state = pdu_parse_associate(reader_of(in, false), type, &whole);
	CHECK(state == READ_OK || state == READ_BAD);
	CHECK((state == READ_BAD) == (whole.error != NULL));
	check_associate(&whole, type == PDU_ASSOCIATE_RQ, in);
	/* What is wrong and not a length is wrong whether or not more will come. */
	state = pdu_parse_associate(reader_of(in, true), type, &cut);
	CHECK(state == READ_MORE || state == READ_BAD);
	CHECK((state == READ_BAD) == (cut.error != NULL));
	CHECK(!cut.error || whole.error);
	CHECK(cut.ncontexts <= whole.ncontexts || whole.error);
	check_associate(&cut, type == PDU_ASSOCIATE_RQ, in);
	return 0;
}
