/* SPDX-License-Identifier: MIT */
/* The dictionary's pairs, and how they are told */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "archive/acceptance.h"

static size_t find(const struct dict_uid **list, size_t n, const char *keyword)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(list[i]->keyword, keyword) == 0)
			return i;
	fail_msg("%s is not there", keyword);
	return 0;
}

static void accept(struct acceptance *a, const char *class, const char *syntax)
{
	*acceptance_of(a, find(a->classes, a->nclasses, class),
		       find(a->syntaxes, a->nsyntaxes, syntax)) = true;
}

static void check(struct acceptance *a, const char *expected)
{
	json_t *list = acceptance_report(a);
	char *text = json_dumps(list, JSON_COMPACT);

	assert_string_equal(text, expected);
	free(text);
	json_decref(list);
}

static void test_pairs(void **state)
{
	struct acceptance a;

	assert_true(acceptance_init(&a));
	assert_true(a.nclasses > 150 && a.nsyntaxes > 35);
	for (size_t i = 1; i < a.nclasses; i++)
		assert_true(strcmp(a.classes[i - 1]->uid, a.classes[i]->uid) < 0);
	for (size_t i = 1; i < a.nsyntaxes; i++)
		assert_true(strcmp(a.syntaxes[i - 1]->uid, a.syntaxes[i]->uid) < 0);
	for (size_t i = 0; i < a.nsyntaxes; i++)
		assert_int_equal(a.syntaxes[i]->kind, DICT_TRANSFER_SYNTAX);
	/* what an SCP that looks at the first one only must know */
	assert_string_equal(a.syntaxes[0]->uid, "1.2.840.10008.1.2");
	acceptance_clear(&a);
}

static void test_groups(void **state)
{
	struct acceptance a;

	assert_true(acceptance_init(&a));
	check(&a, "[]");
	accept(&a, "MRImageStorage", "RLELossless");
	accept(&a, "Verification", "ImplicitVRLittleEndian");
	accept(&a, "CTImageStorage", "ExplicitVRLittleEndian");
	accept(&a, "CTImageStorage", "ImplicitVRLittleEndian");
	check(&a, "[{\"sop_classes\":[\"Verification\"],"
		  "\"transfer_syntaxes\":[\"ImplicitVRLittleEndian\"]},"
		  "{\"sop_classes\":[\"CTImageStorage\"],"
		  "\"transfer_syntaxes\":[\"ImplicitVRLittleEndian\","
		  "\"ExplicitVRLittleEndian\"]},"
		  "{\"sop_classes\":[\"MRImageStorage\"],\"transfer_syntaxes\":["
		  "\"RLELossless\"]}]");
	*acceptance_of(&a, find(a.classes, a.nclasses, "MRImageStorage"),
		       find(a.syntaxes, a.nsyntaxes, "RLELossless")) = false;
	accept(&a, "MRImageStorage", "ImplicitVRLittleEndian");
	check(&a, "[{\"sop_classes\":[\"Verification\",\"MRImageStorage\"],"
		  "\"transfer_syntaxes\":[\"ImplicitVRLittleEndian\"]},"
		  "{\"sop_classes\":[\"CTImageStorage\"],"
		  "\"transfer_syntaxes\":[\"ImplicitVRLittleEndian\","
		  "\"ExplicitVRLittleEndian\"]}]");
	acceptance_clear(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pairs),
		cmocka_unit_test(test_groups),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
