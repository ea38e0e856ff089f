/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "facts/facts.h"
#include "policy/memory.h"
#include "edge.h"
#include "policy_of.h"
#include "quoted.h"
#include "sample.h"

static const char json[] =
	"{'rules': [{'name': 'r', 'backend': 'b', 'key': ['CalledAETitle', 'SOPClassUID',"
	" 'Modality', 'InstitutionName', 'RequestAttributesSequence.AccessionNumber']}]}";

#define NUMBER "RequestAttributesSequence.AccessionNumber"
#define CT     "1.2.840.10008.5.1.4.1.1.2"
#define MR     "1.2.840.10008.5.1.4.1.1.4"

static struct policy *policy;
static struct pdu_associate rq;
static struct facts f;

static const struct policy_attribute *attribute(const char *name)
{
	for (size_t i = 0; i < f.policy->nattributes; i++)
		if (strcmp(f.policy->attributes[i]->name, name) == 0)
			return f.policy->attributes[i];
	fail_msg("%s", name);
	return NULL;
}

static void check(enum facts_time when, const char *name, enum policy_fact_state state,
		  const char *expected)
{
	const struct policy_fact *fact = facts_get(&f, when, attribute(name));

	if (fact->state != state || !is_text(fact->text, expected))
		fail_msg("%s: %d, %.*s instead of %d, %s", name, fact->state,
			 (int)fact->text.len, (const char *)fact->text.ptr, state,
			 expected);
}

static void data_set(const char *elements, bool cut)
{
	assert_true(facts_begin(&f, policy));
	facts_elements_data_set(&f.elements, edge(sample(elements)), DATASET_IMPLICIT_LE,
				cut);
}

/* Two SOP classes, and no message yet */
static int start(void **state)
{
	struct reader body = reader_of(
		sample("0001 0000 'ARCHIVE         ' 'CT1             ' 00*32"
		       " 10 00 ['1.2.840.10008.3.1.1.1']"
		       " 20 00 [01000000 30 00 ['" CT "'] 40 00 ['1.2.840.10008.1.2']]"
		       " 20 00 [03000000 30 00 ['" MR "'] 40 00 ['1.2.840.10008.1.2']]"
		       " 50 00 [51 00 [00004000]]"),
		false);

	policy = policy_of(quoted(json));
	memset(&f, 0, sizeof(f));
	f.association.rq = &rq;
	return pdu_parse_associate(body, PDU_ASSOCIATE_RQ, &rq) == READ_OK &&
			       facts_init(&f) && facts_begin(&f, policy)
		       ? 0
		       : -1;
}

static int stop(void **state)
{
	facts_clear(&f);
	policy_free(policy);
	return 0;
}

static void test_sources(void **state)
{
	check(FACTS_SO_FAR, "CalledAETitle", POLICY_PRESENT, "ARCHIVE");
	check(FACTS_SO_FAR, "SOPClassUID", POLICY_ONE_OF, CT "\\" MR);
	check(FACTS_SO_FAR, "Modality", POLICY_UNKNOWN, "");
	data_set("0800 6000 <'CT'> 4000 7502 <FEFF 00E0 <0800 5000 <'A1'>>>", false);
	check(FACTS_SO_FAR, "Modality", POLICY_PRESENT, "CT");
	check(FACTS_SO_FAR, "InstitutionName", POLICY_ABSENT, "");
	check(FACTS_SO_FAR, NUMBER, POLICY_PRESENT, "A1");
}

/* If nothing more comes, what is not known is absent, and what has come is all; to ask in
 * one way does not change what the other way gives.
 */
static void test_final(void **state)
{
	for (int first = 0; first < 2; first++) {
		data_set(
			"0800 6000 <'CT'> 4000 7502 FF000000 FEFF 00E0 <0800 5000 <'A1'>>"
			" FEFF 00E0 50000000 'is cut'",
			true);
		for (int i = 0; i < 2; i++) {
			enum facts_time when = i == first ? FACTS_SO_FAR : FACTS_FINAL;
			bool final = when == FACTS_FINAL;

			check(when, "CalledAETitle", POLICY_PRESENT, "ARCHIVE");
			check(when, "Modality", POLICY_PRESENT, "CT");
			/* no message: of no class */
			check(when, "SOPClassUID", final ? POLICY_ABSENT : POLICY_ONE_OF,
			      final ? "" : CT "\\" MR);
			check(when, NUMBER, final ? POLICY_PRESENT : POLICY_AT_LEAST,
			      "A1");
		}
	}
	data_set("0800 6000 FF000000 'CT'", true);
	check(FACTS_FINAL, "Modality", POLICY_ABSENT, "");
	check(FACTS_SO_FAR, "Modality", POLICY_UNKNOWN, "");
}

/* An answer stays, whatever comes and whatever else is asked, until the next decision. */
static void test_kept(void **state)
{
	const struct policy_attribute *modality = attribute("Modality"),
				      *classes = attribute("SOPClassUID");
	const struct policy_fact *fact;
	const uint8_t *text;

	assert_false(facts_asked(&f, modality));
	check(FACTS_SO_FAR, "Modality", POLICY_UNKNOWN, "");
	assert_true(facts_asked(&f, modality));
	assert_false(facts_asked(&f, classes));
	fact = facts_get(&f, FACTS_SO_FAR, classes);
	text = fact->text.ptr;
	facts_elements_data_set(&f.elements, sample("0800 6000 <'CT'>"),
				DATASET_IMPLICIT_LE, false);
	check(FACTS_SO_FAR, "Modality", POLICY_UNKNOWN, "");
	check(FACTS_FINAL, "Modality", POLICY_ABSENT, "");
	assert_ptr_equal(facts_get(&f, FACTS_SO_FAR, classes), fact);
	assert_ptr_equal(fact->text.ptr, text);
	data_set("0800 6000 <'CT'>", false);
	assert_false(facts_asked(&f, modality));
	check(FACTS_FINAL, "Modality", POLICY_PRESENT, "CT");
	assert_true(facts_asked(&f, modality));
}

/* The memory for texts is used again: otherwise some 2,500 rounds would fill it. */
static void test_room(void **state)
{
	for (int i = 0; i < 10000; i++) {
		assert_true(facts_begin(&f, policy));
		check(FACTS_SO_FAR, "SOPClassUID", POLICY_ONE_OF, CT "\\" MR);
	}
}

/* facts_begin() forgets the message before, and whether a regular expression gave up. */
static void test_begin(void **state)
{
	const struct dimse_message message = {.command_whole = true,
					      .sop_class = slice_str(MR)};

	f.association.message = &message;
	f.association.transfer_syntax = slice_str("1.2.840.10008.1.2");
	f.scratch->too_hard = true;
	check(FACTS_SO_FAR, "SOPClassUID", POLICY_PRESENT, MR);
	assert_true(facts_begin(&f, policy));
	assert_null(f.association.message);
	assert_int_equal(f.association.transfer_syntax.len, 0);
	assert_false(f.scratch->too_hard);
	check(FACTS_SO_FAR, "SOPClassUID", POLICY_ONE_OF, CT "\\" MR);
	check(FACTS_SO_FAR, "CalledAETitle", POLICY_PRESENT, "ARCHIVE"); /* that stays */
}

/* Policies that name more attributes and fewer, in turn */
static void test_policies(void **state)
{
	struct policy *many = policy_of(
		quoted("{'rules': [{'name': 'r', 'backend': 'b', 'key': ['PatientID',"
		       " 'PatientName', 'StudyID', 'Rows', 'Columns', 'PatientSex',"
		       " 'Modality', 'StationName', 'Command', 'CallingAETitle']}]}"));

	for (int i = 0; i < 3; i++) {
		assert_true(facts_begin(&f, many));
		for (size_t k = 0; k < many->nattributes; k++)
			(void)facts_get(&f, FACTS_FINAL, many->attributes[k]);
		check(FACTS_SO_FAR, "PatientID", POLICY_UNKNOWN, "");
		assert_true(facts_begin(&f, policy));
		check(FACTS_SO_FAR, "Modality", POLICY_UNKNOWN, "");
	}
	policy_free(many);
}

/* As the evaluation sees it */
static void test_view(void **state)
{
	static const enum facts_time ways[] = {FACTS_SO_FAR, FACTS_FINAL};

	f.now = 1234567890;
	for (size_t w = 0; w < 2; w++) {
		struct policy_facts view = facts_view(&f, ways[w]);

		assert_int_equal(view.now, 1234567890);
		assert_ptr_equal(view.scratch, f.scratch);
		assert_int_equal(view.assume != NULL, ways[w] == FACTS_FINAL);
		for (size_t i = 0; i < policy->nattributes; i++)
			assert_ptr_equal(view.get(view.context, policy->attributes[i]),
					 facts_get(&f, ways[w], policy->attributes[i]));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_sources, start, stop),
		cmocka_unit_test_setup_teardown(test_final, start, stop),
		cmocka_unit_test_setup_teardown(test_kept, start, stop),
		cmocka_unit_test_setup_teardown(test_room, start, stop),
		cmocka_unit_test_setup_teardown(test_begin, start, stop),
		cmocka_unit_test_setup_teardown(test_policies, start, stop),
		cmocka_unit_test_setup_teardown(test_view, start, stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
