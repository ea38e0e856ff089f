/* SPDX-License-Identifier: MIT */
/* Whole conversations, cut at each byte: docs/contract.md */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <zlib.h>

#include "talk.h"
#include "dicom/pdu.h"

#define FIXED        "0001 0000 'ARCHIVE         ' 'CT_SCANNER_1    ' 00*32 "
#define CONTEXT_NAME "10 00 ['1.2.840.10008.3.1.1.1']"
#define USER         "50 00 [51 00 [00004000] 52 00 ['1.2.3.4']]"
#define RQ(contexts) "01 00 {" FIXED CONTEXT_NAME contexts USER "}"

static const char rules[] =
	"{\"negotiate\": {\"transfer_syntaxes\": [\"1.2.840.10008.1.2\", "
	"\"1.2.840.10008.1.2.1\","
	"  \"1.2.840.10008.1.2.2\", \"1.2.840.10008.1.2.1.99\", "
	"\"1.2.840.10008.1.2.4.50\"]},"
	" \"rules\": ["
	" {\"name\": \"finds\", \"if\": {\"ProposedSOPClassUID\": "
	"\"1.2.840.10008.5.1.4.1.2.*\"},"
	"  \"backend\": \"query\"},"
	" {\"name\": \"rogue\", \"if\": {\"CallingAETitle\": \"ROGUE\"},"
	"  \"reject\": \"calling-ae-title-not-recognized\"},"
	" {\"name\": \"old\", \"if\": {\"CallingAETitle\": \"OLD\"}, \"backend\": "
	"\"old\","
	"  \"called_ae\": \"OLDPACS\"},"
	" {\"name\": \"mr\", \"if\": {\"Modality\": \"MR\"}, \"backend\": \"mr\"},"
	" {\"name\": \"bad\", \"if\": {\"Modality\": \"XX\"}, \"reject\": "
	"\"no-reason-given\"},"
	" {\"name\": \"ct\", \"if\": {\"Modality\": \"CT\", \"InstitutionName\": "
	"\"M\u00fcll?r*\","
	"   \"Rows\": 512}, \"backend\": \"ct\", \"key\": \"PatientID\", \"called_ae\": "
	"\"CTPACS\"}],"
	" \"default\": {\"backend\": \"general\"}}";

/* The same data set in each encoding; the wanted attributes end with Rows. */
static const char explicit_le[] =
	"0800 0500 'CS' 0A00 'ISO_IR 100' 0800 6000 'CS' 0200 'CT'"
	"0800 8000 'LO' 0800 'M' FC 'ller 1' 0800 4011 'SQ' 0000 FFFFFFFF"
	"FEFF 00E0 FFFFFFFF 0800 5011 'UI' 0400 '1.2' 00 FEFF 0DE0 00000000 FEFF DDE0 "
	"00000000"
	"0900 1010 'OB' 0000 <00*40 > 1000 2000 'LO' 0400 'ID7 ' 2800 1000 'US' 0200 0002"
	"E07F 1000 'OW' 0000 <01*60 >";
static const char implicit_le[] =
	"0800 0500 <'ISO_IR 100'> 0800 6000 <'CT'> 0800 8000 <'M' FC 'ller 1'>"
	"0800 4011 FFFFFFFF FEFF 00E0 <0800 5011 <'1.2' 00>> FEFF DDE0 00000000"
	"0900 1010 <00*40 > 1000 2000 <'ID7 '> 2800 1000 <0002> E07F 1000 <01*60 >";
static const char explicit_be[] =
	"0008 0005 'CS' 000A 'ISO_IR 100' 0008 0060 'CS' 0002 'CT'"
	"0008 0080 'LO' 0008 'M' FC 'ller 1' 0008 1140 'SQ' 0000 00000000"
	"0010 0020 'LO' 0004 'ID7 ' 0028 0010 'US' 0002 0200 7FE0 0010 'OW' 0000 {01*60 "
	"}";
static const char unknown_be[] = /* UN is little endian wherever it is (PS3.5 6.2.2) */
	"0008 0005 'CS' 000A 'ISO_IR 100' 0008 0060 'CS' 0002 'CT'"
	"0008 0080 'UN' 0000 {'M' FC 'ller 1'} 0010 0020 'LO' 0004 'ID7 '"
	"0028 0010 'UN' 0000 {0002} 7FE0 0010 'OW' 0000 {01*60 }";

static const struct {
	const char *uid, *data;
	bool deflated;
} syntaxes[] = {
	{"1.2.840.10008.1.2", implicit_le, false},
	{"1.2.840.10008.1.2.1", explicit_le, false},
	{"1.2.840.10008.1.2.2", explicit_be, false},
	{"1.2.840.10008.1.2.2", unknown_be, false},
	{"1.2.840.10008.1.2.4.50", explicit_le, false},
	{"1.2.840.10008.1.2.1.99", explicit_le, true},
};

static struct policy_store *policies;
static struct decide *d;
static struct heard accepted, h;

static struct slice deflated(struct slice in)
{
	static uint8_t out[4096];
	z_stream z = {.next_out = out, .avail_out = sizeof(out)};

	deflateInit2(&z, 9, Z_DEFLATED, -MAX_WBITS, 8, 0);
	z.next_in = (z_const Bytef *)(uintptr_t)in.ptr;
	z.avail_in = (uInt)in.len;
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	deflateEnd(&z);
	return slice_of(out, sizeof(out) - z.avail_out);
}

/* PDUs of the message's data set on context 1, each with at most <most> bytes of it */
static void write_data(struct writer *w, struct slice data, size_t most)
{
	do {
		struct slice part = slice_head(data, most);

		data = slice_of(data.ptr + part.len, data.len - part.len);
		sample_write(w, "04 00");
		writer_be32(w, (uint32_t)part.len + 6);
		writer_be32(w, (uint32_t)part.len + 2);
		writer_u8(w, 1);
		writer_u8(w, data.len == 0 ? 2 : 0);
		writer_bytes(w, part);
	} while (data.len > 0);
}

static void check_request(struct slice original)
{
	struct reader stream = reader_of(h.request, false);
	static struct pdu_associate rq;
	struct pdu pdu;

	assert_true(h.request.len <= original.len && h.request.len > 0);
	assert_true(pdu_next(&stream, &pdu) && reader_done(&stream));
	assert_int_equal(pdu_parse_associate(pdu.body, PDU_ASSOCIATE_RQ, &rq), READ_OK);
	assert_int_equal(rq.ncontexts, 1);
}

static void check_route(struct slice rq, const char *uid)
{
	assert_true(is_text(h.verdict, "route"));
	assert_true(is_text(h.rule, "ct"));
	assert_true(is_text(h.backend, "ct"));
	assert_true(is_text(h.key, "ID7"));
	assert_true(is_text(h.sop_class, "CTImageStorage"));
	assert_true(h.transfer_syntax.len > 0);
	assert_memory_equal(h.request.ptr + 10, "CTPACS          ", 16);
	check_request(rq);
	assert_int_equal(h.need, -1);
	assert_int_equal(h.reply.len, 0);
	assert_int_equal(h.error.len, 0);
}

static size_t open_association(struct writer *w, const char *contexts)
{
	char text[1024];
	size_t len;

	snprintf(text, sizeof(text), "01 00 {" FIXED CONTEXT_NAME "%s" USER "}",
		 contexts);
	sample_write(w, text);
	len = w->len;
	ask(d, "associate", edge(writer_slice(w)), (struct slice){0}, &accepted);
	if (!is_text(accepted.verdict, "accept"))
		fail_msg("%.*s", (int)accepted.error.len,
			 (const char *)accepted.error.ptr);
	assert_true(is_text(accepted.backend, "general") &&
		    is_text(accepted.rule, "default"));
	assert_true(is_text(accepted.calling_ae, "CT_SCANNER_1"));
	assert_true(is_text(accepted.called_ae, "ARCHIVE"));
	assert_int_equal(accepted.key.len, 0);
	assert_int_equal(accepted.rqlen, len);
	assert_in_range(accepted.need, len + 1, len + 10);
	assert_memory_equal(accepted.reply.ptr + 10, w->buf + 10,
			    64); /* bytes 11 to 74 */
	return len;
}

/* Every prefix: more, and then not more than there will be; or the final decision. */
static void check_prefixes(struct slice all, size_t rqlen, const char *uid)
{
	bool decided = false;

	for (size_t len = rqlen; len <= all.len; len++) {
		ask(d, "dataset", edge(slice_of(all.ptr, len)), accepted.reply, &h);
		assert_int_equal(h.rqlen, rqlen);
		if (is_text(h.verdict, "more")) {
			assert_false(decided);
			assert_true(h.need > (int64_t)len && h.need <= (int64_t)all.len);
			assert_true(is_text(h.rule, "default"));
			assert_true(is_text(h.backend, "general"));
			check_request(slice_of(all.ptr, rqlen));
			continue;
		}
		check_route(slice_of(all.ptr, rqlen), uid);
		decided = true;
	}
	assert_true(decided);
	/* and as HAProxy does it, from one need to the next */
	for (size_t len = (size_t)accepted.need, n = 0;; len = (size_t)h.need, n++) {
		assert_true(len <= all.len && n < 100);
		ask(d, "dataset", edge(slice_of(all.ptr, len)), accepted.reply, &h);
		if (!is_text(h.verdict, "more"))
			break;
	}
	check_route(slice_of(all.ptr, rqlen), uid);
}

static void test_conversations(void **state)
{
	static uint8_t bytes[1 << 16];
	static const size_t most[] = {5, 100, 10000};

	for (size_t i = 0; i < sizeof(syntaxes) / sizeof(syntaxes[0]); i++)
		for (size_t k = 0; k < 3; k++) {
			struct writer w = writer_of(bytes, sizeof(bytes));
			struct slice data = sample(syntaxes[i].data);
			char contexts[256];
			size_t rqlen;

			snprintf(contexts, sizeof(contexts),
				 "20 00 [01 00 00 00" CT "40 00 ['%s']]",
				 syntaxes[i].uid);
			rqlen = open_association(&w, contexts);
			sample_write(&w, "04 00 {{01 03" STORE_RQ "}}");
			write_data(&w, syntaxes[i].deflated ? deflated(data) : data,
				   most[k]);
			check_prefixes(writer_slice(&w), rqlen, syntaxes[i].uid);
		}
}

#define STORE_CONTEXT "20 00 [01 00 00 00" CT EXPLICIT IMPLICIT "]"
#define ECHO_CONTEXT  "20 00 [03 00 00 00" ECHO IMPLICIT "]"
#define LE(elements)  "04 00 {{01 03" STORE_RQ "}} 04 00 {{01 02" elements "}}"

/* What comes after the AC, and what becomes of it */
static void test_after_accept(void **state)
{
	static const struct {
		const char *stream, *verdict, *rule, *reply;
	} cases[] = {
		{"04 00 {{03 03" ECHO_RQ "}}", "route", "default", ""},
		{"05 00 {00*4 }", "route", "default", ""},
		{"07 00 {00*4 }", "reject", "", ""},
		{LE("0800 6000 'CS' 0200 'MR'"), "route", "mr", ""},
		{LE("0800 6000 'CS' 0200 'XX'"), "reject", "bad",
		 "07 00 00000004 00 00 02 00"},
		{LE("0800 6000 'CS' 0200 'CT'"), "route", "default", ""},
		{LE(""), "route", "default", ""},
		/* cannot be read: perhaps it is what a rule refuses */
		{LE("0800 6000 'CS' 0900 'CT'"), "reject", "bad",
		 "07 00 00000004 00 00 02 00"},
		{LE("0800 6000 'CS' 0200 'CT' 0800 8000 'LO' 0900 'x'"), "route",
		 "default", ""},
		{"04 00 {{03 03" STORE_RQ "} {03 00 00}}", "more", "default", ""},
		/* a context that was not accepted, and none that was proposed */
		{"04 00 {{05 03" STORE_RQ "}}", "reject", "",
		 "07 00 00000004 00 00 02 06"},
		{"04 00 {{07 03" STORE_RQ "}}", "reject", "",
		 "07 00 00000004 00 00 02 06"},
		{"04 00 {{01 02 00}}", "reject", "", "07 00 00000004 00 00 02 06"},
		{"04 00 {{01}}", "reject", "", "07 00 00000004 00 00 02 06"},
		{RQ(STORE_CONTEXT), "reject", "", "07 00 00000004 00 00 02 02"},
		{"02 00 {00}", "reject", "", "07 00 00000004 00 00 02 02"},
		{"'GET / HTTP/1.1'", "reject", "", "07 00 00000004 00 00 02 01"},
	};
	uint8_t bytes[4096];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct writer w = writer_of(bytes, sizeof(bytes));

		open_association(&w, STORE_CONTEXT ECHO_CONTEXT
				 "20 00 [05 00 00 00" CT
				 "40 00 ['1.2.840.10008.1.2.4.90']]");
		sample_write(&w, cases[i].stream);
		ask(d, "dataset", edge(writer_slice(&w)), accepted.reply, &h);
		if (!is_text(h.verdict, cases[i].verdict) ||
		    !is_text(h.rule, cases[i].rule) ||
		    !slice_equal(h.reply, sample(cases[i].reply)))
			fail_msg("%.*s by %.*s: %s", (int)h.verdict.len,
				 (const char *)h.verdict.ptr, (int)h.rule.len,
				 (const char *)h.rule.ptr, cases[i].stream);
		assert_int_equal(h.error.len > 0,
				 is_text(h.verdict, "reject") ||
					 strstr(cases[i].stream, "0900 'x'") ||
					 strstr(cases[i].stream, ECHO_RQ));
		assert_true(h.decision_us >= 0);
		/* without the AC, or with something else, nothing can be said */
		ask(d, "dataset", edge(writer_slice(&w)), (struct slice){0}, &h);
		assert_true(is_text(h.verdict, "reject") && h.reply.len == 10);
		ask(d, "dataset", edge(writer_slice(&w)), sample(RQ(STORE_CONTEXT)), &h);
		assert_true(is_text(h.verdict, "reject") && h.reply.len == 10);
	}
}

#define FROM(ae, contexts)                                                               \
	"01 00 {0001 0000 'ARCHIVE         '" ae "00*32 " CONTEXT_NAME contexts USER "}"

static void test_association_alone(void **state)
{
	static const struct {
		const char *rq, *verdict, *backend, *reply;
	} cases[] = {
		{RQ("20 00 [01 00 00 00" FIND EXPLICIT "]"), "route", "query", ""},
		{RQ(ECHO_CONTEXT), "route", "general", ""},
		{RQ("20 00 [01 00 00 00" CT "40 00 ['1.2.840.10008.1.2.4.90']]"), "route",
		 "general", ""},
		{FROM("'ROGUE           '", STORE_CONTEXT), "reject", "",
		 "03 00 00000004 00 01 01 03"},
		{FROM("'OLD             '", STORE_CONTEXT), "route", "old", ""},
		{FROM("'ROGUE' 00*11 ", ""), "reject", "", "03 00 00000004 00 01 01 03"},
		/* what would be accepted, had it the right version and application */
		{"01 00 {0002 0000 20*32 00*32 " CONTEXT_NAME STORE_CONTEXT USER "}",
		 "reject", "", "03 00 00000004 00 01 02 02"},
		{"01 00 {0001 0000 20*32 00*32 " STORE_CONTEXT USER "}", "reject", "",
		 "03 00 00000004 00 01 01 02"},
		/* no RQ: PS3.8 9.3.8, unrecognized 1, unexpected 2, invalid value 6 */
		{"", "reject", "", "07 00 00000004 00 00 02 01"},
		{"00", "reject", "", "07 00 00000004 00 00 02 01"},
		{"'GET / HTTP/1.1' 0D0A", "reject", "", "07 00 00000004 00 00 02 01"},
		{"16 03 01 02 00 01", "reject", "", "07 00 00000004 00 00 02 01"},
		{"04 00 {{01 03 00}}", "reject", "", "07 00 00000004 00 00 02 02"},
		{"05 00 {00*4 }", "reject", "", "07 00 00000004 00 00 02 02"},
		{"01 00 {00}", "reject", "", "07 00 00000004 00 00 02 06"},
		{RQ("20 00 [02 00 00 00" CT EXPLICIT "]"), "reject", "",
		 "07 00 00000004 00 00 02 06"},
		{RQ("20 00 0200 01 00 00 00"), "reject", "",
		 "07 00 00000004 00 00 02 06"},
		/* the buffer is full, or the RQ does not go on */
		{"01", "reject", "", "03 00 00000004 00 02 03 02"},
		{"01 00 000000CC 0001", "reject", "", "03 00 00000004 00 02 03 02"},
		{"01 00 FFFFFFFF 0001", "reject", "", "03 00 00000004 00 02 03 02"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct slice rq = sample(cases[i].rq);

		ask(d, "associate", edge(rq), (struct slice){0}, &h);
		if (!is_text(h.verdict, cases[i].verdict) ||
		    !is_text(h.backend, cases[i].backend) ||
		    !slice_equal(h.reply, sample(cases[i].reply)))
			fail_msg("%.*s: %s", (int)h.verdict.len,
				 (const char *)h.verdict.ptr, cases[i].rq);
		assert_int_equal(h.error.len > 0, is_text(h.verdict, "reject") ||
							  strstr(cases[i].rq, "4.90"));
		assert_int_equal(h.need, -1);
		assert_int_equal(h.request.len, is_text(h.backend, "old") ? rq.len : 0);
	}
}

static void test_every_prefix_of_an_rq(void **state)
{
	struct slice rq = sample(RQ(STORE_CONTEXT));

	for (size_t len = 1; len < rq.len; len++) {
		ask(d, "associate", edge(slice_of(rq.ptr, len)), (struct slice){0}, &h);
		assert_true(slice_equal(h.reply, sample("03 00 00000004 00 02 03 02")));
	}
}

static void test_other_messages(void **state)
{
	ask(d, "weather", sample(RQ(STORE_CONTEXT)), (struct slice){0}, &h);
	assert_int_equal(h.variables, 0);
}

static int start(void **state)
{
	policies = policy_store_of(rules);
	d = decide_new(policies);
	return d ? 0 : -1;
}

static int stop(void **state)
{
	decide_free(d);
	decide_free(NULL);
	policy_store_free(policies);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_conversations),
		cmocka_unit_test(test_after_accept),
		cmocka_unit_test(test_association_alone),
		cmocka_unit_test(test_every_prefix_of_an_rq),
		cmocka_unit_test(test_other_messages),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
