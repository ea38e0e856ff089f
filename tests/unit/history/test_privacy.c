/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "dicom/dict.h"
#include "history/privacy.h"
#include "policy/memory.h"
#include "policy_of.h"
#include "quoted.h"

static bool allows(const char *name)
{
	char json[512];
	struct policy *policy;
	const struct policy_attribute *a = NULL;
	bool allowed;

	snprintf(json, sizeof(json),
		 "{'rules': [{'name': 'r', 'backend': 'b', 'key': '%s'}]}", name);
	policy = policy_of(quoted(json));
	for (size_t i = 0; i < policy->nattributes; i++)
		if (strcmp(policy->attributes[i]->name, name) == 0)
			a = policy->attributes[i];
	assert_non_null(a);
	allowed = privacy_allows(a);
	policy_free(policy);
	return allowed;
}

static void test_shown(void **state)
{
	static const char *const shown[] = {
		"CallingAETitle", "CalledAETitle",     "ClientAddress",
		"UserIdentity",   "TLSClientName",     "SOPClassUID",
		"Command",        "Priority",          "Modality",
		"(0008,0060)",    "StationName",       "BodyPartExamined",
		"ImageType",      "QueryRetrieveLevel"};

	for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++)
		if (!allows(shown[i]))
			fail_msg("%s", shown[i]);
}

/* What names a patient, a person, a study or a time (PS3.15 table E.1-1), and what nobody
 * can know: private elements, whatever is in a sequence
 */
static void test_not_shown(void **state)
{
	static const char *const hidden[] = {
		"PatientName",
		"PatientID",
		"PatientBirthDate",
		"OtherPatientIDs",
		"AccessionNumber",
		"StudyInstanceUID",
		"SOPInstanceUID",
		"AffectedSOPInstanceUID",
		"StudyDate",
		"StudyDescription",
		"InstitutionName",
		"ReferringPhysicianName",
		"OperatorsName",
		"MoveDestination",
		"(0029,ACME,60)",
		"(0009,ACME,10)",
		"(0009,0060)",
		"RequestAttributesSequence.AccessionNumber",
		/* allowed at the top level, not of somebody else's object */
		"ReferencedSeriesSequence.Modality",
		"RequestAttributesSequence[0].(0008,0060)",
	};

	for (size_t i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++)
		if (allows(hidden[i]))
			fail_msg("%s", hidden[i]);
}

/* Whatever the dictionary has of groups that are all about a patient, or a visit */
static void test_groups(void **state)
{
	const struct dict_attribute *a;

	for (size_t i = 0; (a = dict_attribute_at(i)); i++) {
		const struct policy_step step = {.tag = a->tag};
		const struct policy_attribute attribute = {
			.source = POLICY_DATA_SET, .path = &step, .npath = 1};
		uint32_t group = a->tag >> 16;

		if (group == 0x0010 || group == 0x0032 || group == 0x0038 ||
		    group == 0x0040 || group == 0x0020 || strcmp(a->vr, "PN") == 0 ||
		    strcmp(a->vr, "DA") == 0 || strcmp(a->vr, "SQ") == 0)
			assert_false(privacy_allows(&attribute));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shown),
		cmocka_unit_test(test_not_shown),
		cmocka_unit_test(test_groups),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
