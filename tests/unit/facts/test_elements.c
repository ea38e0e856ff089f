/* SPDX-License-Identifier: MIT */
/* The facts of command set and data set, one by one; how rules use them, in every
 * encoding, is in decide/test_decide_data_set.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "facts/elements.h"
#include "policy/memory.h"
#include "edge.h"
#include "policy_of.h"
#include "quoted.h"
#include "sample.h"

static struct policy *policy;
static struct policy_scratch *scratch;
static struct facts_elements e;
static uint8_t bytes[4096];
static struct writer text;

/* A policy whose rules name these attributes, "'A', 'B'"; nothing has come. */
static void begin(const char *names)
{
	char json[1024];

	snprintf(json, sizeof(json),
		 "{'rules': [{'name': 'r', 'backend': 'b', 'key': [%s]}]}", names);
	policy_free(policy);
	policy = policy_of(quoted(json));
	assert_true(facts_elements_begin(&e, policy));
	text = writer_of(bytes, sizeof(bytes));
}

static const struct policy_attribute *attribute(const char *name)
{
	for (size_t i = 0; i < policy->nattributes; i++)
		if (strcmp(policy->attributes[i]->name, name) == 0)
			return policy->attributes[i];
	fail_msg("%s", name);
	return NULL;
}

static struct policy_fact get(const char *name)
{
	return facts_elements_get(&e, attribute(name), scratch, &text);
}

static void check(const char *name, enum policy_fact_state state, const char *expected)
{
	struct policy_fact fact = get(name);

	if (fact.state != state || !is_text(fact.text, expected))
		fail_msg("%s: %d, %.*s instead of %d, %s", name, fact.state,
			 (int)fact.text.len, (const char *)fact.text.ptr, state,
			 expected);
}

static void data_set(const char *elements, enum dataset_encoding encoding)
{
	facts_elements_data_set(&e, edge(sample(elements)), encoding, false);
}

static int start(void **state)
{
	scratch = policy_scratch_new();
	return scratch && facts_elements_init(&e) ? 0 : -1;
}

static int stop(void **state)
{
	facts_elements_clear(&e);
	policy_scratch_free(scratch);
	policy_free(policy);
	return 0;
}

static void test_nothing(void **state)
{
	begin("'Priority', 'Modality', '(0029,ACME,01)'");
	check("Priority", POLICY_UNKNOWN, "");
	check("Modality", POLICY_UNKNOWN, "");
	check("(0029,ACME,01)", POLICY_UNKNOWN, "");
	assert_int_equal(facts_elements_bytes(&e), 0);
	assert_false(facts_elements_text(&e, 0x00080060, &text));
	/* one has come whole, of the other nothing */
	facts_elements_command(&e, edge(sample("0000 0007 <0200>")));
	check("Priority", POLICY_PRESENT, "2");
	check("Modality", POLICY_UNKNOWN, "");
	facts_elements_command(&e, (struct slice){0});
	check("Priority", POLICY_ABSENT, "");
	data_set("0800 6000 'CS' 0200 'CT'", DATASET_EXPLICIT_LE);
	check("Modality", POLICY_PRESENT, "CT");
	check("(0029,ACME,01)", POLICY_ABSENT, "");
	/* and of the next message nothing again */
	assert_true(facts_elements_begin(&e, policy));
	check("Priority", POLICY_UNKNOWN, "");
	check("Modality", POLICY_UNKNOWN, "");
}

/* As they stand there, or as the text that rules compare with */
static void test_values(void **state)
{
	begin("'ImageType', 'Modality', 'InstitutionName', 'PatientID', 'Rows',"
	      " 'PixelSpacing', 'StudyID', 'ImageComments'");
	data_set("0800 0500 'CS' 0A00 'ISO_IR 100' 0800 0800 'CS' 0E00 'ORIGINAL' 5C "
		 "'AXIAL'"
		 "0800 6000 'CS' 0000 0800 8000 'LO' 0600 'M' FC 'ller'"
		 "1000 2000 'LO' 0400 ' 7  ' 2000 0040 'LT' 0400 'a' 5C 'b '"
		 "2800 1000 'US' 0400 0002 0104",
		 DATASET_EXPLICIT_LE);
	check("ImageType", POLICY_PRESENT, "ORIGINAL\\AXIAL");
	check("Modality", POLICY_PRESENT, "");
	check("InstitutionName", POLICY_PRESENT, "M\u00fcller");
	check("PatientID", POLICY_PRESENT, " 7  ");
	check("ImageComments", POLICY_PRESENT, "a\\b ");
	check("Rows", POLICY_PRESENT, "512\\1025");
	check("PixelSpacing", POLICY_ABSENT, "");
	check("StudyID", POLICY_ABSENT, "");
	data_set("0028 0010 'US' 0002 0200", DATASET_EXPLICIT_BE);
	check("Rows", POLICY_PRESENT, "512");
	/* UN is little endian in all encodings (PS3.5 6.2.2 note) */
	data_set("0028 0010 'UN' 0000 00000002 0002", DATASET_EXPLICIT_BE);
	check("Rows", POLICY_PRESENT, "512");
	data_set("2800 1000 <0002>", DATASET_IMPLICIT_LE);
	check("Rows", POLICY_PRESENT, "512");
}

/* The data set as long as it is, cut behind each of its bytes: what is known stays. */
static void test_cut(void **state)
{
	const char *const elements = "0800 6000 'CS' 0200 'CT' 0800 8000 'LO' 0400 "
				     "'ABCD' 2800 1000 'US' 0200 0002"
				     "E07F 1000 'OW' 0000 0000 0800";
	/* bytes behind which each is known */
	static const struct {
		const char *name;
		enum policy_fact_state state;
		const char *text;
		size_t known;
	} facts[] = {
		{"Modality", POLICY_PRESENT, "CT", 10},
		{"StudyDescription", POLICY_ABSENT, "", 44}, /* pixel data behind it */
		{"InstitutionName", POLICY_PRESENT, "ABCD", 22},
		{"Rows", POLICY_PRESENT, "512", 32},
	};

	for (size_t len = 0; len <= 44; len++) {
		begin("'Modality', 'StudyDescription', 'InstitutionName', 'Rows'");
		facts_elements_data_set(&e, edge(slice_head(sample(elements), len)),
					DATASET_EXPLICIT_LE, true);
		for (size_t i = 0; i < 4; i++)
			if (len >= facts[i].known)
				check(facts[i].name, facts[i].state, facts[i].text);
			else
				check(facts[i].name, POLICY_UNKNOWN, "");
	}
}

/* An attribute costs no more bytes than it needs, in whatever order it is asked for. */
static void test_needed(void **state)
{
	begin("'Modality', 'InstitutionName'");
	data_set("0800 6000 'CS' 0200 'CT' 0800 8000 'LO' 0400 'ABCD' 2800 1000 'US' "
		 "0200 0002",
		 DATASET_EXPLICIT_LE);
	assert_int_equal(facts_elements_bytes(&e), 0);
	check("Modality", POLICY_PRESENT, "CT");
	assert_int_equal(facts_elements_bytes(&e), 10);
	check("InstitutionName", POLICY_PRESENT, "ABCD");
	assert_int_equal(facts_elements_bytes(&e), 22);
	check("Modality", POLICY_PRESENT, "CT");
	assert_int_equal(facts_elements_bytes(&e), 22);
}

#define STEP "RequestAttributesSequence"
#define ID   STEP ".ScheduledProcedureStepID"
#define CODE STEP ".ScheduledProtocolCodeSequence.CodeValue"

/* Of a sequence that is cut, those items that have come are known, and that there may be
 * more: unless the one that is asked for is among them.
 */
static void test_items(void **state)
{
	const char *const elements =
		"4000 7502 <FEFF 00E0 <4000 0900 <'S1'>> FEFF 00E0 <4000 0900 <'S2'>>"
		" FEFF 00E0 <>> 4000 0020 <'x '>";
	size_t first = 8 + 8 + 10, second = first + 8 + 10, end = second + 8;

	for (size_t len = 0; len <= end; len++) {
		begin("'" ID "', '" STEP "[1].ScheduledProcedureStepID', '" STEP
		      "[7].ScheduledProcedureStepID', '" CODE "'");
		facts_elements_data_set(&e, edge(slice_head(sample(elements), len)),
					DATASET_IMPLICIT_LE, true);
		if (len < first)
			check(ID, POLICY_UNKNOWN, "");
		else if (len < second)
			check(ID, POLICY_AT_LEAST, "S1");
		else if (len < end)
			check(ID, POLICY_AT_LEAST, "S1\\S2");
		else
			check(ID, POLICY_PRESENT, "S1\\S2");
		if (len < second)
			check(STEP "[1].ScheduledProcedureStepID", POLICY_UNKNOWN, "");
		else
			check(STEP "[1].ScheduledProcedureStepID", POLICY_PRESENT, "S2");
		check(STEP "[7].ScheduledProcedureStepID",
		      len < end ? POLICY_UNKNOWN : POLICY_ABSENT, "");
		check(CODE, len < end ? POLICY_UNKNOWN : POLICY_ABSENT, "");
	}
}

/* A text of its own in each item, in the character set of that item */
static void test_character_sets(void **state)
{
	begin("'PatientName', '" STEP ".ScheduledProcedureStepDescription'");
	data_set("0800 0500 <'ISO_IR 144'> 1000 1000 <B8 D2 '^A'>"
		 "4000 7502 <FEFF 00E0 <4000 0700 <'S' E4>>"
		 " FEFF 00E0 <0800 0500 <'ISO_IR 192'> 4000 0700 <'Hu' CC88 'fte'>>>",
		 DATASET_IMPLICIT_LE);
	check("PatientName", POLICY_PRESENT, "\u0418\u0432^A");
	check(STEP ".ScheduledProcedureStepDescription", POLICY_PRESENT,
	      "S\u0444\\H\u00fcfte");
}

/* Only SQ and UN have items (PS3.5 6.2). */
static void test_no_sequence(void **state)
{
	begin("'" ID "'");
	data_set("4000 7502 'LO' 1400 FEFF 00E0 <4000 0900 'SH' 0400 'S1  '>",
		 DATASET_EXPLICIT_LE);
	check(ID, POLICY_ABSENT, "");
	data_set("4000 7502 'SQ' 0000 <FEFF 00E0 <4000 0900 'SH' 0400 'S1  '>>",
		 DATASET_EXPLICIT_LE);
	check(ID, POLICY_PRESENT, "S1  ");
}

static void test_private(void **state)
{
	begin("'(0029,ACME,01)', '(0029,OTHER,01)', '(0029,NOBODY,01)', 'Rows'");
	data_set("2800 1000 <0100> 2900 1000 <'OTHER '> 2900 1100 <'ACME'>"
		 "2900 0110 <'of other'> 2900 0111 <'of acme '>",
		 DATASET_IMPLICIT_LE);
	check("(0029,ACME,01)", POLICY_PRESENT, "of acme ");
	check("(0029,OTHER,01)", POLICY_PRESENT, "of other");
	check("(0029,NOBODY,01)", POLICY_ABSENT, "");
	check("Rows", POLICY_PRESENT, "1");
}

/* What does not fit is unknown; other facts stay as they are. */
static void test_no_room(void **state)
{
	struct policy_fact rows;

	begin("'Rows', 'InstitutionName', 'StudyDescription', '" ID "'");
	data_set("0800 0500 <'ISO_IR 100'> 0800 8000 <'M' FC 'ller'> 0800 3010 <FC*39>"
		 "2800 1000 <0002> 4000 7502 <FEFF 00E0 <4000 0900 <'1'*40>>>",
		 DATASET_IMPLICIT_LE);
	text = writer_of(bytes, 32);
	rows = get("Rows");
	check("StudyDescription", POLICY_UNKNOWN, "");
	check(ID, POLICY_UNKNOWN, "");
	assert_int_equal(text.len, 3);
	check("InstitutionName", POLICY_PRESENT, "M\u00fcller");
	assert_true(is_text(rows.text, "512"));
}

/* Whatever the policy asks for: the text of an element that the log has use for */
static void test_text(void **state)
{
	begin("'Modality'");
	data_set("0800 0500 <'ISO_IR 100'> 0800 6000 <'CT'> 1000 2000 <'7' FC>",
		 DATASET_IMPLICIT_LE);
	assert_true(facts_elements_text(&e, 0x00100020, &text));
	assert_true(is_text(writer_slice(&text), "7\u00fc"));
	assert_false(facts_elements_text(&e, 0x00100010, &text));
	assert_int_equal(facts_elements_bytes(&e), 0); /* that is no rule's need */
	check("Modality", POLICY_PRESENT, "CT");
	for (size_t len = 0; len < 10; len++) {
		facts_elements_data_set(&e,
					edge(slice_head(sample("1000 2000 <'78'>"), len)),
					DATASET_IMPLICIT_LE, true);
		assert_false(facts_elements_text(&e, 0x00100020, &text));
	}
}

/* A policy with more elements after one with few, and the other way round */
static void test_policies(void **state)
{
	for (int i = 0; i < 3; i++) {
		begin("'Rows'");
		data_set("0800 6000 <'CT'> 2800 1000 <0002>", DATASET_IMPLICIT_LE);
		check("Rows", POLICY_PRESENT, "512");
		begin("'Rows', 'Columns', 'Modality', 'Priority', '(0029,ACME,01)', "
		      "'PatientID',"
		      "'PatientName', 'PatientBirthDate', 'PatientSex', 'StudyID'");
		check("Rows", POLICY_UNKNOWN, "");
		data_set("0800 6000 <'MR'> 2800 1000 <0001>", DATASET_IMPLICIT_LE);
		check("Modality", POLICY_PRESENT, "MR");
		check("Rows", POLICY_PRESENT, "256");
		check("PatientID", POLICY_ABSENT, "");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing),     cmocka_unit_test(test_values),
		cmocka_unit_test(test_cut),         cmocka_unit_test(test_needed),
		cmocka_unit_test(test_items),       cmocka_unit_test(test_character_sets),
		cmocka_unit_test(test_no_sequence), cmocka_unit_test(test_private),
		cmocka_unit_test(test_no_room),     cmocka_unit_test(test_text),
		cmocka_unit_test(test_policies),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
