/* SPDX-License-Identifier: MIT */
/* Words as they are mistyped in policies */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/suggest.h"

static const char *const words[] = {
	"Modality",
	"PatientID",
	"PatientName",
	"PatientSex",
	"StudyDate",
	"SeriesDate",
	"StudyID",
	"Rows",
	"Columns",
	"BodyPartExamined",
	"BodyPart",
	"backend",
	"name",
	"if",
	"any",
	"all",
	"ct",
	"mr",
	"InstitutionName",
	"InstitutionalDepartmentName",
};

static const char *nearest(const char *word)
{
	struct suggest n;

	suggest_begin(&n, word);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		suggest_offer(&n, words[i]);
	return n.best;
}

static void check(const char *word, const char *expected)
{
	const char *found = nearest(word);

	if (!found || strcmp(found, expected) != 0)
		fail_msg("%s: %s, expected %s", word, found ? found : "nothing",
			 expected);
}

static void test_mistyped_words(void **state)
{
	check("Modalty", "Modality");   /* left out */
	check("Modallity", "Modality"); /* added */
	check("Modalitx", "Modality");  /* changed */
	check("Modailty", "Modality");  /* swapped */
	check("PatientNmae", "PatientName");
	check("PatinetsName", "PatientName");
	check("BodyPartExamind", "BodyPartExamined");
	check("InstutionName", "InstitutionName");
	check("Institution_Name", "InstitutionName");
	check("bakcend", "backend");
	check("backends", "backend");
	check("Row", "Rows");
	check("nam", "name");
	check("ctt", "ct");
	check("Modality", "Modality");
}

/* The case of a whole word may be wrong, and another letter counts more. */
static void test_case(void **state)
{
	check("MODALITY", "Modality");
	check("modality", "Modality");
	check("INSTITUTIONALDEPARTMENTNAME", "InstitutionalDepartmentName");
	check("PATIENTID", "PatientID");
	check("IF", "if");
	check("CT", "ct");
	check("STUDYiD", "StudyID");
}

static void test_nothing_is_meant(void **state)
{
	static const char *const none[] = {
		"",         "x",       "xy", "xyz", "Manufacturer", "Modification",
		"zzzzzzzz", "Bxdxpxrx"};
	char longer[80] = "";

	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		if (nearest(none[i]))
			fail_msg("%s: %s", none[i], nearest(none[i]));
	memset(longer, 'a', 65);
	assert_null(nearest(longer));
}

static void test_offers(void **state)
{
	char word[80], candidate[80];
	struct suggest n;

	suggest_begin(&n, "abcd");
	assert_null(n.best);
	assert_string_equal(suggest_phrase(&n), "");
	suggest_offer(&n, "abxy");
	assert_string_equal(suggest_phrase(&n), ", did you mean \"abxy\"?");
	assert_string_equal(n.best, "abxy");
	suggest_offer(&n, "abyx"); /* no better */
	assert_string_equal(n.best, "abxy");
	suggest_offer(&n, "Abcx");
	assert_string_equal(n.best, "Abcx");
	suggest_offer(&n, "");
	assert_string_equal(n.best, "Abcx");

	memset(word, 'a', sizeof(word));
	memset(candidate, 'a', sizeof(candidate));
	word[64] = candidate[65] = '\0';
	suggest_begin(&n, word);
	suggest_offer(&n, candidate); /* too long */
	assert_null(n.best);
	candidate[64] = '\0';
	candidate[5] = candidate[63] = 'b';
	suggest_offer(&n, candidate);
	assert_ptr_equal(n.best, candidate);
	assert_int_equal(n.distance, 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mistyped_words),
		cmocka_unit_test(test_case),
		cmocka_unit_test(test_nothing_is_meant),
		cmocka_unit_test(test_offers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
