/* SPDX-License-Identifier: MIT */
/* PS3.6: tags and UIDs that everybody knows */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "dict.h"
#include "edge.h"
#include "sample.h"

static void test_attributes(void **state)
{
	static const struct dict_attribute known[] = {
		{"SpecificCharacterSet", 0x00080005, "CS"},
		{"Modality", 0x00080060, "CS"},
		{"PatientID", 0x00100020, "LO"},
		{"PatientName", 0x00100010, "PN"},
		{"BodyPartExamined", 0x00180015, "CS"},
		{"StudyInstanceUID", 0x0020000D, "UI"},
		{"Rows", 0x00280010, "US"},
		{"PixelData", 0x7FE00010, "OW"},
		{"CommandField", 0x00000100, "US"},
		{"MoveDestination", 0x00000600, "AE"},
		{"RequestAttributesSequence", 0x00400275, "SQ"},
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		struct slice name = slice_str(known[i].keyword);
		const struct dict_attribute *a = dict_attribute(edge(name));

		assert_non_null(a);
		assert_string_equal(a->keyword, known[i].keyword);
		assert_int_equal(a->tag, known[i].tag);
		assert_string_equal(a->vr, known[i].vr);
		assert_int_equal(dict_attribute_by_tag(known[i].tag)->tag, known[i].tag);
		/* no prefix, and nothing longer, is taken for it */
		assert_null(dict_attribute(edge(slice_head(name, name.len - 1))));
	}
	assert_null(dict_attribute(slice_str("ModalityX")));
	assert_null(dict_attribute(slice_str("modality")));
	assert_null(dict_attribute((struct slice){0}));
	assert_null(dict_attribute_by_tag(0x00090010));
}

static void test_uids(void **state)
{
	static const struct dict_uid known[] = {
		{"1.2.840.10008.1.1", "Verification", DICT_VERIFICATION},
		{"1.2.840.10008.5.1.4.1.1.2", "CTImageStorage", DICT_STORAGE},
		{"1.2.840.10008.5.1.4.1.1.4", "MRImageStorage", DICT_STORAGE},
		{"1.2.840.10008.5.1.4.1.1.1.1", "DigitalXRayImageStorageForPresentation",
		 DICT_STORAGE},
		{"1.2.840.10008.5.1.4.1.1.66", "RawDataStorage", DICT_STORAGE},
		{"1.2.840.10008.5.1.4.1.1.481.3", "RTStructureSetStorage", DICT_STORAGE},
		{"1.2.840.10008.5.1.4.1.1.104.1", "EncapsulatedPDFStorage", DICT_STORAGE},
		{"1.2.840.10008.5.1.4.1.1.88.33", "ComprehensiveSRStorage", DICT_STORAGE},
		{"1.2.840.10008.1.3.10", NULL, DICT_OTHER}, /* media directory: no C-STORE */
		{"1.2.840.10008.1.20.1", NULL, DICT_OTHER}, /* storage commitment */
		{"1.2.840.10008.5.1.4.1.2.2.1", NULL, DICT_OTHER}, /* query */
		{"1.2.840.10008.5.1.4.31", NULL, DICT_OTHER},      /* worklist */
		{"1.2.840.10008.3.1.2.3.3", NULL, DICT_OTHER},     /* MPPS */
		{"1.2.840.10008.1.2", "ImplicitVRLittleEndian", DICT_TRANSFER_SYNTAX},
		{"1.2.840.10008.1.2.1", "ExplicitVRLittleEndian", DICT_TRANSFER_SYNTAX},
		{"1.2.840.10008.1.2.2", "ExplicitVRBigEndian", DICT_TRANSFER_SYNTAX},
		{"1.2.840.10008.1.2.1.99", "DeflatedExplicitVRLittleEndian",
		 DICT_TRANSFER_SYNTAX},
		{"1.2.840.10008.1.2.5", "RLELossless", DICT_TRANSFER_SYNTAX},
		{"1.2.840.10008.1.2.4.50", "JPEGBaseline8Bit", DICT_TRANSFER_SYNTAX},
		{"1.2.840.10008.1.2.4.90", "JPEG2000Lossless", DICT_TRANSFER_SYNTAX},
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		const struct dict_uid *u = dict_uid(edge(slice_str(known[i].uid)));

		assert_non_null(u);
		assert_string_equal(u->uid, known[i].uid);
		assert_int_equal(u->kind, known[i].kind);
		if (known[i].keyword)
			assert_string_equal(u->keyword, known[i].keyword);
	}
	assert_null(dict_uid(slice_str("1.2.840.10008.5.1.4.1.1.")));
	assert_null(dict_uid(slice_str("1.2.840.10008.5.1.4.1.1.2.99")));
	assert_null(dict_uid((struct slice){0}));
}

static void test_keywords_of_uids(void **state)
{
	static const char *const known[][2] = {
		{"CTImageStorage", "1.2.840.10008.5.1.4.1.1.2"},
		{"ctimagestorage", "1.2.840.10008.5.1.4.1.1.2"},
		{"Verification", "1.2.840.10008.1.1"},
		{"ExplicitVRLittleEndian", "1.2.840.10008.1.2.1"},
		{"LittleEndianExplicit", "1.2.840.10008.1.2.1"}, /* DCMTK's */
		{"DeflatedExplicitVRLittleEndian", "1.2.840.10008.1.2.1.99"},
		{"JPEGLosslessSV1", "1.2.840.10008.1.2.4.70"},
		{"StudyRootQueryRetrieveInformationModelFind", "1.2.840.10008.5.1.4.1.2.2.1"},
		{"StudyRootQueryRetrieveInformationModelFIND", "1.2.840.10008.5.1.4.1.2.2.1"},
		{"PatientRootQueryRetrieveInformationModelMove",
		 "1.2.840.10008.5.1.4.1.2.1.2"},
		{"ModalityWorklistInformationModelFind", "1.2.840.10008.5.1.4.31"},
	};
	char longer[200];

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		const char *uid = dict_uid_by_keyword(edge(slice_str(known[i][0])));

		if (!uid || strcmp(uid, known[i][1]) != 0)
			fail_msg("%s is %s", known[i][0], uid ? uid : "unknown");
	}
	memset(longer, 'a', sizeof(longer));
	assert_null(dict_uid_by_keyword(slice_of(longer, sizeof(longer))));
	assert_null(dict_uid_by_keyword(slice_str("CTImage")));
	assert_null(dict_uid_by_keyword((struct slice){0}));
}

/* A peer may put anything into a UID, zeros too. */
static void test_zeros_inside(void **state)
{
	static uint8_t uid[200000] = "1.2.840.10008.1.1";

	for (size_t len = 18; len <= sizeof(uid); len += len < 100 ? 1 : 997)
		assert_null(dict_uid(slice_of(uid, len)));
	assert_null(dict_uid(sample("'1.2.840.10008.1.1' 00 '.1'")));
	assert_null(dict_attribute(sample("'Modality' 00 00")));
	assert_null(dict_uid_by_keyword(sample("'CTImageStorage' 00")));
	assert_null(dict_uid(slice_of("", 1)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_attributes),
		cmocka_unit_test(test_uids),
		cmocka_unit_test(test_keywords_of_uids),
		cmocka_unit_test(test_zeros_inside),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
