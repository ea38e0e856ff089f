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

static const struct policy_fact *get(const char *name)
{
	for (size_t i = 0; i < f.policy->nattributes; i++)
		if (strcmp(f.policy->attributes[i]->name, name) == 0)
			return facts_get(&f, f.policy->attributes[i]);
	fail_msg("%s", name);
	return NULL;
}

static void check(const char *name, enum policy_fact_state state, const char *expected)
{
	const struct policy_fact *fact = get(name);

	if (fact->state != state || !is_text(fact->text, expected))
		fail_msg("%s: %d, %.*s instead of %d, %s", name, fact->state,
			 (int)fact->text.len, (const char *)fact->text.ptr, state,
			 expected);
}

static void data_set(const char *elements, bool cut)
{
	facts_elements_data_set(&f.elements, edge(sample(elements)), DATASET_IMPLICIT_LE,
				cut);
	facts_reset(&f);
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
	check("CalledAETitle", POLICY_PRESENT, "ARCHIVE");
	check("SOPClassUID", POLICY_ONE_OF, CT "\\" MR);
	check("Modality", POLICY_UNKNOWN, "");
	data_set("0800 6000 <'CT'> 4000 7502 <FEFF 00E0 <0800 5000 <'A1'>>>", false);
	check("Modality", POLICY_PRESENT, "CT");
	check("InstitutionName", POLICY_ABSENT, "");
	check(NUMBER, POLICY_PRESENT, "A1");
}

/* An answer stays, whatever else is asked, until all answers are forgotten. */
static void test_kept(void **state)
{
	const struct policy_fact *modality = get("Modality"),
				 *classes = get("SOPClassUID");
	struct policy_fact before = *classes;

	facts_elements_data_set(&f.elements, sample("0800 6000 <'CT'>"),
				DATASET_IMPLICIT_LE, false);
	assert_ptr_equal(get("Modality"), modality);
	check("Modality", POLICY_UNKNOWN, "");
	assert_ptr_equal(get("SOPClassUID"), classes);
	assert_ptr_equal(get("SOPClassUID")->text.ptr, before.text.ptr);
	facts_reset(&f);
	check("Modality", POLICY_PRESENT, "CT");
	check("SOPClassUID", POLICY_ONE_OF, CT "\\" MR);
}

/* The memory for texts is used again: otherwise some 2,500 rounds would fill it. */
static void test_room(void **state)
{
	for (int i = 0; i < 10000; i++) {
		facts_reset(&f);
		check("SOPClassUID", POLICY_ONE_OF, CT "\\" MR);
	}
}

/* Nothing more will come: what is not known by now is absent, what has come is all. */
static void test_final(void **state)
{
	data_set("0800 6000 <'CT'> 4000 7502 FF000000 FEFF 00E0 <0800 5000 <'A1'>>"
		 " FEFF 00E0 50000000 'is cut'",
		 true);
	check("SOPClassUID", POLICY_ONE_OF, CT "\\" MR);
	check(NUMBER, POLICY_AT_LEAST, "A1");
	f.final = true;
	facts_reset(&f);
	check("CalledAETitle", POLICY_PRESENT, "ARCHIVE");
	check("SOPClassUID", POLICY_ABSENT, ""); /* no message: of no class */
	check("Modality", POLICY_PRESENT, "CT");
	check(NUMBER, POLICY_PRESENT, "A1");
	data_set("0800 6000 FF000000 'CT'", true);
	check("Modality", POLICY_ABSENT, "");
	/* and the next association begins anew */
	assert_true(facts_begin(&f, policy));
	assert_false(f.final);
	check("Modality", POLICY_UNKNOWN, "");
	check("SOPClassUID", POLICY_ONE_OF, CT "\\" MR);
}

/* facts_begin() forgets the message before, and whether a regular expression gave up. */
static void test_begin(void **state)
{
	const struct dimse_message message = {.command_whole = true,
					      .sop_class = slice_str(MR)};

	f.association.message = &message;
	f.association.transfer_syntax = slice_str("1.2.840.10008.1.2");
	f.scratch->too_hard = true;
	check("SOPClassUID", POLICY_PRESENT, MR);
	assert_true(facts_begin(&f, policy));
	assert_null(f.association.message);
	assert_int_equal(f.association.transfer_syntax.len, 0);
	assert_false(f.scratch->too_hard);
	check("SOPClassUID", POLICY_ONE_OF, CT "\\" MR);
	check("CalledAETitle", POLICY_PRESENT, "ARCHIVE"); /* that one stays */
}

/* Policies that name more attributes and fewer, in turn */
static void test_policies(void **state)
{
	struct policy *few = policy_of(
		quoted("{'rules': [{'name': 'r', 'backend': 'b', 'key': 'PatientID'}]}"));

	for (int i = 0; i < 3; i++) {
		assert_true(facts_begin(&f, few));
		check("PatientID", POLICY_UNKNOWN, "");
		assert_true(facts_begin(&f, policy));
		for (size_t k = 0; k < policy->nattributes; k++)
			(void)facts_get(&f, policy->attributes[k]);
		check("Modality", POLICY_UNKNOWN, "");
	}
	policy_free(few);
}

/* As the evaluator sees it */
static void test_view(void **state)
{
	struct policy_facts view;

	f.now = 1234567890;
	view = facts_view(&f);
	assert_int_equal(view.now, 1234567890);
	assert_ptr_equal(view.scratch, f.scratch);
	assert_null(view.assume);
	for (size_t i = 0; i < policy->nattributes; i++)
		assert_ptr_equal(view.get(view.context, policy->attributes[i]),
				 facts_get(&f, policy->attributes[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_sources, start, stop),
		cmocka_unit_test_setup_teardown(test_kept, start, stop),
		cmocka_unit_test_setup_teardown(test_room, start, stop),
		cmocka_unit_test_setup_teardown(test_final, start, stop),
		cmocka_unit_test_setup_teardown(test_begin, start, stop),
		cmocka_unit_test_setup_teardown(test_policies, start, stop),
		cmocka_unit_test_setup_teardown(test_view, start, stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
