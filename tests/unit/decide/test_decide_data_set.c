/* SPDX-License-Identifier: MIT */
/* What is known of the data set: private attributes, sequences, texts, however little of
 * it has come, in any encoding (docs/policy.md, "Attributes").
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "form.h"
#include "talk.h"

static struct talk t;

static const char *syntax_of(struct form f)
{
	switch (f.encoding) {
	case DATASET_IMPLICIT_LE:
		return "1.2.840.10008.1.2";
	case DATASET_EXPLICIT_BE:
		return "1.2.840.10008.1.2.2";
	case DATASET_EXPLICIT_LE:
		break;
	}
	return "1.2.840.10008.1.2.1";
}

/*** a data set with all of it ***/

static void put_codes(struct writer *w, struct form f, const char *first,
		      const char *second)
{
	size_t sequence = begin(w, f, 0x00400008, "SQ"), item = begin_item(w, f);

	put(w, f, 0x00080100, "SH", first);
	end_item(w, f, item);
	item = begin_item(w, f);
	put(w, f, 0x00080100, "SH", second);
	end_item(w, f, item);
	end_sequence(w, f, sequence, "SQ");
}

/* Three items; the second one has its own character set, the third one none of anything.
 */
static void put_requests(struct writer *w, struct form f)
{
	size_t sequence = begin(w, f, 0x00400275, "SQ"), item = begin_item(w, f);

	put(w, f, 0x00400007, "LO",
	    "Sch\xE4"
	    "del"); /* as the data set: ISO_IR 100 */
	put_codes(w, f, "C1", "C2");
	put(w, f, 0x00400009, "SH", "STEP1 ");
	put(w, f, 0x0040A160, "UT", "a\\b");
	end_item(w, f, item);
	item = begin_item(w, f);
	put(w, f, 0x00080005, "CS", "ISO_IR 192");
	put(w, f, 0x00400007, "LO",
	    "Hu\xCC\x88"
	    "fte"); /* UTF-8, decomposed */
	put_codes(w, f, "C3", "C1");
	put(w, f, 0x00400009, "SH", "STEP2 ");
	put(w, f, 0x0040A160, "UT", " c");
	end_item(w, f, item);
	end_item(w, f, begin_item(w, f));
	end_sequence(w, f, sequence, "SQ");
}

static void put_private(struct writer *w, struct form f)
{
	struct form inner = within(f, "UN");
	size_t sequence, item;

	put(w, f, 0x00290010, "LO", "OTHER ");
	put(w, f, 0x00290011, "LO", "ACME");
	put(w, f, 0x00291008, "CS", "no");
	put(w, f, 0x00291108, "CS", "X1\\X2 ");
	put(w, f, 0x00291109, "UN", "Text");
	sequence = begin(w, f, 0x00291110, "UN");
	item = begin_item(w, inner);
	put(w, inner, 0x00100020, "LO", "INNER ");
	put(w, inner, 0x00290010, "LO", "ACME");
	put(w, inner, 0x00291001, "LO", "deep");
	end_item(w, inner, item);
	end_sequence(w, f, sequence, "UN");
}

static struct slice data_set(struct form f)
{
	static uint8_t bytes[1 << 14];
	struct writer w = writer_of(bytes, sizeof(bytes));

	put(&w, f, 0x00080005, "CS", "ISO_IR 100");
	put(&w, f, 0x00080008, "CS", "ORIGINAL\\AXIAL");
	put(&w, f, 0x00080060, "CS", "CT");
	put(&w, f, 0x00080080, "LO", "M\xFCller");
	put(&w, f, 0x00090010, "LO", "FIRST ");
	put(&w, f, 0x00091001, "LO", "f ");
	put_private(&w, f);
	put_requests(&w, f);
	put(&w, f, 0x7FE00010, "OW", "pixels");
	assert_true(writer_ok(&w));
	return writer_slice(&w);
}

#define STEP "RequestAttributesSequence"

static const struct {
	const char *condition;
	bool holds;
} conditions[] = {
	{"'InstitutionName': 'M\u00fcller'", true},
	{"'(0009,FIRST,01)': 'f'", true},
	{"'(0009,FIRST,02)': {'present': false}", true},
	{"'(0029,ACME,08)': 'X2'", true},
	{"'(0029,\\\"ACME\\\",08)': 'X1'", true},
	{"'(0029,ACME,08)': 'no'", false},
	{"'(0029,OTHER,08)': 'no'", true},
	{"'(0029,NOBODY,08)': {'present': false}", true},
	{"'(0029,ACME,09)': 'Text'", true},
	{"'(0029,ACME,10)': {'present': true}", true},
	{"'(0029,ACME,10).PatientID': 'INNER'", true},
	{"'(0029,ACME,10).(0029,ACME,01)': 'deep'", true},
	{"'(0029,ACME,10).(0029,OTHER,01)': {'present': false}", true},
	{"'(0029,ACME,08).PatientID': {'present': false}",
	 true}, /* no sequence after all */
	{"'" STEP "': {'present': true}", true},
	{"'" STEP ".ScheduledProcedureStepID': 'STEP2'", true},
	{"'" STEP ".ScheduledProcedureStepID': ['STEP3', 'STEP1']", true},
	{"'" STEP "[1].ScheduledProcedureStepID': 'STEP2'", true},
	{"'" STEP "[0].ScheduledProcedureStepID': 'STEP2'", false},
	{"'" STEP "[2].ScheduledProcedureStepID': {'present': false}", true},
	{"'" STEP "[7].ScheduledProcedureStepID': {'present': false}", true},
	{"'" STEP ".ScheduledProcedureStepDescription': 'Sch\u00e4del'", true},
	{"'" STEP ".ScheduledProcedureStepDescription': 'H\u00fcfte'", true},
	{"'" STEP "[0].ScheduledProcedureStepDescription': 'H\u00fcfte'", false},
	{"'" STEP ".TextValue': 'a\\\\b'", true},
	{"'" STEP ".TextValue': ' c'", true},
	{"'" STEP ".TextValue': ['a', 'b', 'c', 'a\\\\b\\\\ c']", false},
	{"'" STEP ".ScheduledProtocolCodeSequence.CodeValue': 'C3'", true},
	{"'" STEP "[0].ScheduledProtocolCodeSequence.CodeValue': 'C3'", false},
	{"'" STEP ".ScheduledProtocolCodeSequence[1].CodeValue': 'C1'", true},
	{"'" STEP "[0].ScheduledProtocolCodeSequence[1].CodeValue': 'C1'", false},
	{"'" STEP "[1].ScheduledProtocolCodeSequence[1].CodeValue': 'C1'", true},
	{"'" STEP ".ScheduledProtocolCodeSequence.CodeMeaning': {'present': false}",
	 true},
	{"'ReferencedStudySequence.ReferencedSOPInstanceUID': {'present': false}", true},
	{"'ImageType': {'is': '*L', 'regex': '^A'}", true},
	{"'not': {'" STEP ".ScheduledProcedureStepID': 'STEP2'}", false},
};

static void open_association(const char *uid)
{
	char context[256];

	snprintf(context, sizeof(context), "20 00 [01 00 00 00" CT "40 00 ['%s']]", uid);
	if (!is_text(talk_associate(&t, context, "")->verdict, "accept"))
		fail_msg("%.*s", (int)t.heard.error.len, (const char *)t.heard.error.ptr);
	sample_write(&t.stream, "04 00 {{01 03" STORE_RQ "}}");
}

/* One PDV with all of the data set */
static void write_data(struct slice data)
{
	writer_be16(&t.stream, 0x0400);
	writer_be32(&t.stream, (uint32_t)data.len + 6);
	writer_be32(&t.stream, (uint32_t)data.len + 2);
	writer_be16(&t.stream, 0x0102);
	writer_bytes(&t.stream, data);
}

static void begin_with(const char *condition)
{
	static char json[1024];

	snprintf(json, sizeof(json),
		 "{'rules': [{'name': 'r', 'if': {%s}, 'backend': 'yes'}], 'default': "
		 "{'backend': 'no'},"
		 " 'negotiate': {'transfer_syntaxes': ['1.2.840.10008.1.2', "
		 "'1.2.840.10008.1.2.1',"
		 " '1.2.840.10008.1.2.2']}}",
		 condition);
	talk_begin(&t, json);
}

/* From the command set on, cut at each byte, or only where HAProxy would ask: what is
 * decided once stays.
 */
static void check_cut(const char *condition, bool holds, struct form f, bool each_byte)
{
	size_t start = t.stream.len, decided = 0, len = start;

	write_data(data_set(f));
	while (len <= t.stream.len) {
		const struct heard *h = talk_ask(&t, "dataset", len);
		bool route = is_text(h->verdict, "route");

		if (!route &&
		    (decided || !is_text(h->verdict, "more") || h->need <= (int64_t)len ||
		     h->need > (int64_t)t.stream.len))
			fail_msg("%s: %.*s after %zu bytes", condition,
				 (int)h->verdict.len, (const char *)h->verdict.ptr,
				 len - start);
		if (route && !is_text(h->backend, holds ? "yes" : "no"))
			fail_msg("%s, encoding %d: to %.*s after %zu bytes", condition,
				 f.encoding, (int)h->backend.len,
				 (const char *)h->backend.ptr, len - start);
		assert_int_equal(h->error.len, 0);
		decided += route;
		len = each_byte || route ? len + 1 : (size_t)h->need;
	}
	/* there may be a tag behind the pixels, few as they are */
	assert_true(decided > 0);
}

static void test_each_condition(void **state)
{
	for (size_t i = 0; i < sizeof(conditions) / sizeof(conditions[0]); i++) {
		begin_with(conditions[i].condition);
		for (size_t f = 0; f < FORMS; f++) {
			open_association(syntax_of(forms[f]));
			check_cut(conditions[i].condition, conditions[i].holds, forms[f],
				  (i + f) % 3 == 0);
		}
		talk_end(&t);
	}
}

/* A value of a key, from wherever it comes */
static void test_keys(void **state)
{
	static const struct {
		const char *key, *value;
	} cases[] = {
		{"'" STEP ".ScheduledProcedureStepID'", "STEP1"},
		{"'" STEP "[1].ScheduledProcedureStepDescription'", "H\u00fcfte"},
		{"['(0029,ACME,08)', 'Modality', '(0029,ACME,10).(0029,ACME,01)']",
		 "X1\\CT\\deep"},
		{"'InstitutionName'", "M\u00fcller"},
		{"['" STEP "[7].PatientID', 'StationName']", ""},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		for (size_t f = 0; f < FORMS; f++) {
			char json[512];
			struct heard *h;

			snprintf(json, sizeof(json),
				 "{'rules': [{'name': 'r', 'backend': 'b', 'key': %s}], "
				 "'negotiate':"
				 " {'transfer_syntaxes': ['%s']}}",
				 cases[i].key, syntax_of(forms[f]));
			talk_begin(&t, json);
			open_association(syntax_of(forms[f]));
			write_data(data_set(forms[f]));
			h = talk_ask(&t, "dataset", t.stream.len);
			assert_true(is_text(h->verdict, "route"));
			if (!is_text(h->key, cases[i].value))
				fail_msg("%s: %.*s", cases[i].key, (int)h->key.len,
					 (const char *)h->key.ptr);
			talk_end(&t);
		}
}

/* A data set that ends or breaks within a sequence: what was not found is unknown. */
static void test_broken(void **state)
{
	static const struct {
		const char *elements, *backend;
		bool error;
	} cases[] = {
		{"4000 7502 'SQ' 0000 <FEFF 00E0 <4000 0900 'SH' 0200 'S1'>>", "yes",
		 false},
		{"4000 7502 'SQ' 0000 FFFFFFFF FEFF 00E0 <4000 0900 'SH' 0200 'S1'>",
		 "no", true},
		{"4000 7502 'SQ' 0000 FFFFFFFF FEFF 00E0 FFFFFFFF 4000 0900 'SH' 0200 "
		 "'S1'",
		 "no", true},
		{"4000 7502 'SQ' 0000 <FEFF 00E0 <4000 0900 'SH' 0900 'S1'>>", "no",
		 true},
		{"4000 7502 'SQ' 0000 <FEFF 00E0 0C000000 4000 0900>", "no", true},
		{"4000 7502 'SQ' 0000 <4000 0900 'SH' 0200 'S1'>", "no", true},
		{"4000 7502 'LO' 0200 'S1'", "no", false},
		{"4000 7502 'SQ' 0000 FFFF0000 'S1'", "no", true},
		{"4000 7502 'SQ' 0000 00000000", "no", false},
	};

	begin_with("'" STEP ".ScheduledProcedureStepID': 'S1'");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char stream[512];
		const struct heard *h;

		snprintf(stream, sizeof(stream), "04 00 {{01 02 %s}}", cases[i].elements);
		open_association("1.2.840.10008.1.2.1");
		h = talk_send(&t, stream);
		if (!is_text(h->verdict, "route") ||
		    !is_text(h->backend, cases[i].backend))
			fail_msg("%.*s: %s", (int)h->backend.len,
				 (const char *)h->backend.ptr, cases[i].elements);
		assert_int_equal(h->error.len > 0, cases[i].error);
	}
	talk_end(&t);
}

/* Items within items, as deep as a data set cares to */
static void test_deep_sequences(void **state)
{
	enum { DEPTH = 16 };
	char condition[1024] = "'";
	const struct form f = {DATASET_EXPLICIT_LE, true};
	size_t at[2 * DEPTH];
	static uint8_t bytes[4096];
	struct writer w = writer_of(bytes, sizeof(bytes));

	for (int i = 0; i < DEPTH - 1; i++) {
		strcat(condition, "ConceptCodeSequence.");
		at[2 * i] = begin(&w, f, 0x0040A168, "SQ");
		at[2 * i + 1] = begin_item(&w, f);
	}
	strcat(condition, "CodeValue': 'x'");
	put(&w, f, 0x00080100, "SH", "x ");
	for (int i = DEPTH - 2; i >= 0; i--) {
		end_item(&w, f, at[2 * i + 1]);
		end_sequence(&w, f, at[2 * i], "SQ");
	}
	begin_with(condition);
	open_association("1.2.840.10008.1.2.1");
	write_data(writer_slice(&w));
	talk_ask(&t, "dataset", t.stream.len);
	assert_true(is_text(t.heard.backend, "yes"));
	talk_end(&t);
}

/* Text that is the same to a reader is the same. */
static void test_unicode(void **state)
{
	static const struct {
		const char *element, *backend;
	} cases[] = {
		{"0800 0500 'CS' 0A00 'ISO_IR 192' 0800 8000 'LO' 0800 'Mu' CC88 'ller'",
		 "yes"},
		{"0800 0500 'CS' 0A00 'ISO_IR 192' 0800 8000 'LO' 0800 'M' C3BC 'ller '",
		 "yes"},
		{"0800 0500 'CS' 0A00 'ISO_IR 100' 0800 8000 'LO' 0600 'M' FC 'ller'",
		 "yes"},
		{"0800 8000 'LO' 0600 'Muller'", "no"},
		{"0800 0500 'CS' 0A00 'ISO_IR 192' 0800 8000 'LO' 0600 'M' FC 'ller'",
		 "no"},
		/* the dictionary's VR, where the data set has none that says anything */
		{"0800 0500 'CS' 0A00 'ISO_IR 100' 0800 8000 'UN' 0000 <'M' FC 'ller'>",
		 "yes"},
	};

	begin_with("'InstitutionName': 'M\u00fcller'");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char stream[256];

		snprintf(stream, sizeof(stream), "04 00 {{01 02 %s}}", cases[i].element);
		open_association("1.2.840.10008.1.2.1");
		if (!is_text(talk_send(&t, stream)->backend, cases[i].backend))
			fail_msg("%s", cases[i].element);
	}
	talk_end(&t);
}

/* A pattern that gives up does not match, and the log says so. */
static void test_regex_too_hard(void **state)
{
	const struct heard *h;

	begin_with("'PatientComments': {'regex': '(a+)+$'}");
	open_association("1.2.840.10008.1.2.1");
	h = talk_send(&t, "04 00 {{01 02 1000 0040 'LT' 409C 'a'*39999 '!'}}");
	assert_true(is_text(h->verdict, "route") && is_text(h->backend, "no"));
	assert_true(is_text(
		h->error, "a regular expression of the policy took too long: no match"));
	/* which is forgotten */
	open_association("1.2.840.10008.1.2.1");
	h = talk_send(&t, "04 00 {{01 02 1000 0040 'LT' 0400 'aaaa'}}");
	assert_true(is_text(h->backend, "yes"));
	assert_int_equal(h->error.len, 0);
	talk_end(&t);
}

/*** no more is read than is needed ***/

static size_t bytes_for(const char *modality)
{
	char stream[512];

	open_association("1.2.840.10008.1.2.1");
	snprintf(stream, sizeof(stream),
		 "04 00 {{01 02 0800 6000 'CS' 0200 '%s' 0900 1010 'OB' 0000 <00*30000 >"
		 " 2800 1000 'US' 0200 0002 2800 5010 'DS' 0200 '40' E07F 1000 'OW' 0000 "
		 "<00*20000 >}}",
		 modality);
	assert_true(is_text(talk_send(&t, stream)->verdict, "route"));
	assert_true(is_text(t.heard.backend, modality));
	return facts_elements_bytes(&decide_facts(t.d)->elements);
}

static void test_laziness(void **state)
{
	talk_begin(&t, "{'rules': ["
		       "{'name': '1', 'if': {'Modality': 'CT'}, 'backend': 'CT'},"
		       "{'name': '2', 'if': {'Modality': 'MR', 'WindowCenter': {'from': "
		       "1}}, 'backend': 'MR'},"
		       "{'name': '3', 'if': {'Modality': 'US', 'PixelData': {'present': "
		       "true}}, 'backend': 'US'},"
		       "{'name': '4', 'if': {'(7FE1,ACME,01)': 'x'}, 'backend': 'x'}],"
		       "'default': {'backend': 'OT'}}");
	assert_in_range(bytes_for("CT"), 10, 20);
	assert_in_range(bytes_for("MR"), 30000, 30100);
	assert_in_range(bytes_for("US"), 30000, 50100);
	assert_in_range(bytes_for("OT"), 50000, 50100);
	talk_end(&t);
	/* and nothing at all if the association decides */
	talk_begin(&t, "{'rules': [{'name': 'r', 'if': {'Command': 'C-STORE', "
		       "'CallingAETitle': 'X'},"
		       " 'backend': 'x'}, {'name': '2', 'if': {'MoveDestination': 'x'}, "
		       "'backend': 'y'}],"
		       " 'default': {'backend': 'CT'}}");
	assert_int_equal(bytes_for("CT"), 0);
	talk_end(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_condition),
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_broken),
		cmocka_unit_test(test_deep_sequences),
		cmocka_unit_test(test_unicode),
		cmocka_unit_test(test_regex_too_hard),
		cmocka_unit_test(test_laziness),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
