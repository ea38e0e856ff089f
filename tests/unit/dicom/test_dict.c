/* SPDX-License-Identifier: MIT */
/* PS3.6: tags and UIDs that everybody knows */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "dicom/dict.h"
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

/* In order, each found again by both its names */
static void test_every_attribute(void **state)
{
	const struct dict_attribute *a, *before = NULL;
	size_t n = 0;

	for (; (a = dict_attribute_at(n)); n++, before = a) {
		assert_ptr_equal(dict_attribute(slice_str(a->keyword)), a);
		assert_int_equal(dict_attribute_by_tag(a->tag)->tag, a->tag);
		assert_true(!before || strcmp(before->keyword, a->keyword) < 0);
	}
	assert_true(n > 4000);
	assert_null(dict_attribute_at(SIZE_MAX));
	assert_null(dict_attribute_by_tag(UINT32_MAX));
}

static void test_private_attributes(void **state)
{
	static const struct {
		uint16_t group;
		const char *creator;
		uint8_t element;
		const char *vr;
	} known[] = {
		{0x0043, "GEMS_PARM_01", 0x39, "IS"},
		{0x0029, "SIEMENS CSA HEADER", 0x10, "OB"},
		{0x2001, "Philips Imaging DD 001", 0x03, "FL"},
		{0x0009, "MERGE TECHNOLOGIES, INC.", 0x00, "OB"}, /* a comma inside */
		{0x0019, "1.2.840.113681", 0x10, "ST"}, /* the first of the file */
		/* ranges of groups */
		{0x7001, "DLX_ANNOT_01", 0x04, "ST"},
		{0x7003, "DLX_ANNOT_01", 0x04, "ST"},
		{0x70FF, "DLX_ANNOT_01", 0x07, "IS"},
		{0x6021, "PAPYRUS 3.0", 0xC0, "SQ"},
		{0x6001, "PAPYRUS 3.0", 0x00, "IS"},
		/* fixed elements, of the first block */
		{0x0025, "CMR42 CIRCLECVI", 0x10, "LO"},
		{0x0019, "PHILIPS MR/PART", 0x00, "DS"},
		{0x7FE1, "GEMS_Ultrasound_MovieGroup_001", 0x60, "OW"},
	};
	static const struct {
		uint16_t group;
		const char *creator;
		uint8_t element;
	} unknown[] = {
		{0x0029, "SIEMENS CSA HEADER", 0xFF},
		{0x002B, "SIEMENS CSA HEADER", 0x10},
		{0x0029, "SIEMENS CSA HEADE", 0x10},
		{0x0029, "SIEMENS CSA HEADERS", 0x10},
		{0x0029, "siemens csa header", 0x10},
		{0x7002, "DLX_ANNOT_01", 0x04},
		{0x6FFF, "DLX_ANNOT_01", 0x04},
		{0x7101, "DLX_ANNOT_01", 0x04},
		{0x0019, "", 0x0C},
		{0x0019, "~", 0x0C},
		/* 12C0: its block is not the first */
		{0x0019, "PHILIPS MR/PART", 0xC0},
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		struct slice creator = edge(slice_str(known[i].creator));
		const char *vr =
			dict_private_vr(known[i].group, creator, known[i].element);

		if (!vr || strcmp(vr, known[i].vr) != 0)
			fail_msg("%04X %s %02X: %s", known[i].group, known[i].creator,
				 known[i].element, vr ? vr : "unknown");
	}
	for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++)
		assert_null(dict_private_vr(unknown[i].group,
					    edge(slice_str(unknown[i].creator)),
					    unknown[i].element));
	assert_null(dict_private_vr(0x0019, (struct slice){0}, 0x0C));
}

/* The table as it was generated: each row is found, at both ends of its groups. */
static void test_every_private_attribute(void **state)
{
	static const struct {
		const char *creator;
		uint16_t first, last;
		uint8_t element;
		char vr[3];
	} rows[] = {
#include "dict_private.inc"
	};
	size_t n = sizeof(rows) / sizeof(rows[0]);

	assert_true(n > 2000);
	for (size_t i = 0; i < n; i++) {
		struct slice creator = slice_str(rows[i].creator);

		assert_string_equal(
			dict_private_vr(rows[i].first, creator, rows[i].element),
			rows[i].vr);
		assert_string_equal(
			dict_private_vr(rows[i].last, creator, rows[i].element),
			rows[i].vr);
	}
}

static void test_every_uid(void **state)
{
	const struct dict_uid *u;
	size_t n = 0;

	for (; (u = dict_uid_at(n)); n++)
		assert_ptr_equal(dict_uid(slice_str(u->uid)), u);
	assert_true(n > 300);
	assert_null(dict_uid_at(SIZE_MAX));
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
		{"1.2.840.10008.1.3.10", NULL,
		 DICT_OTHER}, /* media directory: no C-STORE */
		{"1.2.840.10008.1.20.1", NULL, DICT_OTHER}, /* storage commitment */
		{"1.2.840.10008.5.1.4.1.2.2.1", NULL, DICT_OTHER}, /* query */
		{"1.2.840.10008.5.1.4.31", NULL, DICT_OTHER},      /* worklist */
		{"1.2.840.10008.3.1.2.3.3", NULL, DICT_OTHER},     /* MPPS */
		{"1.2.840.10008.15.0.3.16", NULL,
		 DICT_OTHER}, /* an LDAP attribute, dicomTransferSyntax */
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
		{"StudyRootQueryRetrieveInformationModelFind",
		 "1.2.840.10008.5.1.4.1.2.2.1"},
		{"StudyRootQueryRetrieveInformationModelFIND",
		 "1.2.840.10008.5.1.4.1.2.2.1"},
		{"PatientRootQueryRetrieveInformationModelMove",
		 "1.2.840.10008.5.1.4.1.2.1.2"},
		{"ModalityWorklistInformationModelFind", "1.2.840.10008.5.1.4.31"},
		{"UltrasoundImageStorage", "1.2.840.10008.5.1.4.1.1.6.1"},
		{"UltrasoundImageStorageRetired", "1.2.840.10008.5.1.4.1.1.6"},
		{"NuclearMedicineImageStorage", "1.2.840.10008.5.1.4.1.1.20"},
		{"VLImageStorage", "1.2.840.10008.5.1.4.1.1.77.1"}, /* nobody else's */
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

/* What is printed of a UID can be read again; LDAP's differ in case alone. */
static void test_keywords_lead_back(void **state)
{
	const struct dict_uid *u;

	for (size_t i = 0; (u = dict_uid_at(i)); i++) {
		const char *uid = dict_uid_by_keyword(slice_str(u->keyword));

		if (u->kind != DICT_OTHER && (!uid || strcmp(uid, u->uid) != 0))
			fail_msg("%s %s is %s", u->uid, u->keyword,
				 uid ? uid : "unknown");
	}
}

static void test_groups(void **state)
{
	static const struct {
		const char *group;
		const char *in;
		const char *out;
	} known[] = {
		{"storage",
		 "5.1.4.1.1.2 5.1.4.1.1.104.1 5.1.4.1.1.1.1.1 5.1.4.1.1.77.1.5.4 "
		 "5.1.4.34.7 5.1.4.38.1",
		 "1.1 1.3.10 5.1.4.1.1 5.1.4.1.1.200.4 5.1.4.1.1.201.2 5.1.4.1.2.2.1 "
		 "5.1.4.31"},
		/* newer than the dictionary */
		{"storage", "5.1.4.1.1.999.9 5.1.4.1.1.201.1", "5.1.4.2.1.2 5.1.4.1.11"},
		{"verification", "1.1", "1.10 1.1.1 1.2"},
		{"query-retrieve",
		 "5.1.4.1.2.1.1 5.1.4.1.2.2.3 5.1.4.1.2.4.2 5.1.4.1.2.5.3 5.1.4.1.2.9.1",
		 "5.1.4.31 5.1.4.1.1.2 5.1.4.1.2 5.1.4.38.2"},
		{"worklist", "5.1.4.31", "5.1.4.32 5.1.4.32.1 5.1.4.3 5.1.4.31.1"},
		{"mpps", "3.1.2.3.3 3.1.2.3.4 3.1.2.3.5", "3.1.2.5.1 3.1.2.1.1"},
		{"storage-commitment", "1.20.1 1.20.2", "1.20.1.1 1.20 1.2"},
		{"print",
		 "5.1.1.1 5.1.1.2 5.1.1.4.1 5.1.1.9 5.1.1.16.376 5.1.1.18 5.1.1.23",
		 "5.1.1.29 5.1.1.33 5.1.1.40 5.1.1.17 5.1.1.90"},
		{"uncompressed", "1.2 1.2.1 1.2.2 1.2.1.98",
		 "1.2.1.99 1.2.5 1.2.4.50 1.1 1.20.1"},
		{"compressed",
		 "1.2.1.99 1.2.5 1.2.4.50 1.2.4.203 1.2.8.1 1.2.4.108 1.2.9",
		 "1.2 1.2.1 1.2.2 1.2.1.98 1.2.6.1 1.2.7.3 1.1"},
		{"lossless",
		 "1.2.1.99 1.2.5 1.2.4.57 1.2.4.70 1.2.4.80 1.2.4.90 1.2.4.92 1.2.4.110 "
		 "1.2.4.201 1.2.4.202",
		 "1.2 1.2.1 1.2.4.50 1.2.4.81 1.2.4.91 1.2.4.93 1.2.4.94 1.2.4.203 "
		 "1.2.9"},
		{"lossy",
		 "1.2.4.50 1.2.4.51 1.2.4.81 1.2.4.91 1.2.4.93 1.2.4.94 1.2.4.100 "
		 "1.2.4.100.1 1.2.4.102 1.2.4.107 1.2.4.112 1.2.4.203 1.2.9",
		 "1.2 1.2.1.98 1.2.1.99 1.2.5 1.2.4.70 1.2.4.90 1.2.4.202 1.2.7.1"},
	};
	char uid[64], list[200];

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		for (int in = 0; in < 2; in++) {
			snprintf(list, sizeof(list), "%s",
				 in ? known[i].in : known[i].out);
			for (char *s = strtok(list, " "); s; s = strtok(NULL, " ")) {
				snprintf(uid, sizeof(uid), "1.2.840.10008.%s", s);
				if (dict_in_group(known[i].group, edge(slice_str(uid))) !=
				    in)
					fail_msg("%s %s %s", uid, in ? "is not" : "is",
						 known[i].group);
			}
		}
}

/* Every UID of the dictionary: what its groups are, taken together. */
static void test_groups_together(void **state)
{
	static const char *const transfer[] = {"uncompressed", "compressed", "lossless",
					       "lossy"};
	const struct dict_uid *u;
	const char *name;

	for (size_t i = 0; (u = dict_uid_at(i)); i++) {
		struct slice uid = slice_str(u->uid);
		bool in[4], classes = false;

		for (size_t k = 0; k < 4; k++)
			in[k] = dict_in_group(transfer[k], uid);
		for (size_t k = 0; (name = dict_group_name(k)); k++)
			if (!dict_group_is_transfer(name))
				classes = classes || dict_in_group(name, uid);
		assert_false(in[0] && in[1]);
		assert_int_equal(in[1], in[2] + in[3]);
		/* the dictionary has a private one too */
		if (u->kind == DICT_TRANSFER_SYNTAX &&
		    strncmp(u->uid, "1.2.840.10008.", 14) == 0)
			assert_int_equal(in[0] || in[1],
					 !strstr(u->uid, ".10008.1.2.6.") &&
						 !strstr(u->uid, ".10008.1.2.7."));
		else
			assert_false(in[0] || in[1]);
		if (u->kind == DICT_STORAGE || u->kind == DICT_VERIFICATION)
			assert_true(classes);
		else if (u->kind == DICT_TRANSFER_SYNTAX)
			assert_false(classes);
	}
	for (size_t k = 0; (name = dict_group_name(k)); k++) {
		assert_int_equal(dict_group_is_transfer(name),
				 strcmp(name, "uncompressed") == 0 ||
					 strcmp(name, "compressed") == 0 ||
					 strncmp(name, "loss", 4) == 0);
		assert_false(dict_in_group(name, (struct slice){0}));
		assert_false(dict_in_group(name, slice_str("1.2.840.113619.4.2")));
	}
	assert_null(dict_group_name(SIZE_MAX));
	assert_false(dict_group_is_transfer("other"));
	assert_false(dict_in_group("other", slice_str("1.2.840.10008.1.1")));
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
		cmocka_unit_test(test_every_attribute),
		cmocka_unit_test(test_private_attributes),
		cmocka_unit_test(test_every_private_attribute),
		cmocka_unit_test(test_uids),
		cmocka_unit_test(test_every_uid),
		cmocka_unit_test(test_keywords_of_uids),
		cmocka_unit_test(test_keywords_lead_back),
		cmocka_unit_test(test_groups),
		cmocka_unit_test(test_groups_together),
		cmocka_unit_test(test_zeros_inside),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
