/* SPDX-License-Identifier: MIT */
/* Lists of values, in the policy and in files (docs/policy.md, "Lists") */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "folder.h"
#include "loader/policy_file.h"
#include "quoted.h"

static struct folder folder;
static struct report report;
static struct policy_scratch *scratch;

/* Load the policy <json> from the folder. */
static struct policy *load(const char *json, struct files *files)
{
	struct policy *p;

	folder_write(&folder, "policy.json", quoted(json));
	report_clear(&report);
	p = policy_file_load(folder_path(&folder, "policy.json"), &report, files, NULL);
	return p;
}

static const struct policy_fact *the_fact(void *context, const struct policy_attribute *a)
{
	return context;
}

/* Rule <i> of <p>, whose attributes all have the value <text> */
static bool holds(const struct policy *p, size_t i, const char *text)
{
	struct policy_fact fact = {POLICY_PRESENT, slice_str(text)};
	const struct policy_facts facts = {
		.get = the_fact, .context = &fact, .scratch = scratch};

	return policy_test(&p->rules[i].condition, &facts) == POLICY_YES;
}

#define RULE(name, condition)                                                            \
	"{'name': '" name "', 'backend': 'b', 'if': {" condition "}}"
#define WITH_FILE(file)                                                                  \
	"{'rules': [" RULE(                                                              \
		"r", "'StationName': {'in': 'l'}") "],"                                  \
						   " 'lists': {'l': {'file': '" file     \
						   "'}}}"

static void test_lines(void **state)
{
	static const struct {
		const char *text;
		const char *values, *others; /* each one followed by | */
	} cases[] = {
		{"A\nB*\n", "A|B|BC|", "a|AB||"},
		{"A", "A|", "|"},
		{"\n\n  A  \n\tB\t\n", "A|B|", " |"},
		{"A\r\nB\r\n\r\n", "A|B|", "|"},
		{"# A\nB\n  # C\n#\n", "B|", "A|# A|C|# C||"},
		{"A B\nC#D\n", "A B|C#D|", "A|B|C|"},
		{"", "", "A||"},
		{"\n \n#", "", "#||"},
		{"R\u00f6?tgen", "R\u00f6ntgen|", "Rontgen|"},
		{"Ro\u0308ntgen", "R\u00f6ntgen|", ""}, /* composed, as values are */
		{"\xEF\xBB\xBF"
		 "A\nB\n",
		 "A|B|", ""},
		{"\xEF\xBB\xBF"
		 "#A\nB\n",
		 "B|", "A|#A|"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct files files = {0};
		struct policy *p;
		const char *values[] = {cases[i].values, cases[i].others};

		folder_write(&folder, "list", cases[i].text);
		p = load(WITH_FILE("list"), &files);
		assert_non_null(p);
		for (int other = 0; other < 2; other++) {
			char text[256], *at = text, *value;

			strcpy(text, values[other]);
			while ((value = strsep(&at, "|")) && at)
				if (holds(p, 0, value) == other)
					fail_msg("\"%s\" of list %zu", value, i);
		}
		policy_free(p);
		files_forget(&files);
	}
}

/* Where a file is looked for, and that it is watched whether it is there or not */
static void test_paths(void **state)
{
	struct files files = {0};
	char json[512];
	struct policy *p;

	assert_int_equal(mkdir(folder_path(&folder, "sub"), 0700), 0);
	folder_write(&folder, "sub/list", "A\n");
	p = load(WITH_FILE("sub/list"), &files);
	assert_non_null(p);
	assert_true(holds(p, 0, "A"));
	policy_free(p);
	assert_int_equal(files.n, 2);
	assert_string_equal(files.list[0].path, folder_path(&folder, "policy.json"));
	assert_string_equal(files.list[1].path, folder_path(&folder, "sub/list"));
	files_forget(&files);
	assert_int_equal(files.n, 0);
	/* absolute */
	snprintf(json, sizeof(json), WITH_FILE("%s"), folder_path(&folder, "sub/list"));
	p = load(json, &files);
	assert_non_null(p);
	policy_free(p);
	files_forget(&files);
	/* beside a policy that has no directory in its name */
	assert_int_equal(chdir(folder.path), 0);
	folder_write(&folder, "policy.json", quoted(WITH_FILE("sub/list")));
	p = policy_file_load("policy.json", &report, &files, NULL);
	assert_non_null(p);
	assert_string_equal(files.list[1].path, "sub/list");
	policy_free(p);
	files_forget(&files);
	assert_int_equal(chdir("/"), 0);
	assert_null(load(WITH_FILE("sub/none"), &files));
	assert_string_equal(files.list[1].path, folder_path(&folder, "sub/none"));
	files_forget(&files);
}

/* The errors without the folder's path, a line each */
static void check_errors(const char *errors)
{
	char found[4096] = "", line[1024];

	for (size_t i = 0; i < report.n; i++) {
		const char *entry = report.entries[i].text, *end;

		line[0] = '\0';
		while ((end = strstr(entry, folder.path))) {
			snprintf(line + strlen(line), sizeof(line) - strlen(line), "%.*s",
				 (int)(end - entry), entry);
			entry = end + strlen(folder.path) + 1;
		}
		snprintf(found + strlen(found), sizeof(found) - strlen(found), "%s%s\n",
			 line, entry);
	}
	assert_string_equal(found, quoted(errors));
}

static void test_what_is_wrong_with_files(void **state)
{
	struct files files = {0};

	assert_null(load(WITH_FILE("none"), &files));
	check_errors("policy.json:1:104: error: lists.l.file: none: cannot be read: No "
		     "such file or "
		     "directory\n");
	assert_null(load(WITH_FILE("."), &files));
	check_errors("policy.json:1:104: error: lists.l.file: .: cannot be read: Is a "
		     "directory\n");
	/* nobody writes to it: it would be waited for */
	assert_int_equal(mkfifo(folder_path(&folder, "pipe"), 0600), 0);
	assert_null(load(WITH_FILE("pipe"), &files));
	check_errors("policy.json:1:104: error: lists.l.file: pipe: cannot be read: "
		     "Operation not "
		     "supported\n");
	assert_null(load(WITH_FILE("/dev/zero"), &files));
	check_errors("policy.json:1:104: error: lists.l.file: /dev/zero: cannot be read: "
		     "Operation not "
		     "supported\n");
	folder_put(&folder, "list", "A\0B\n", 4);
	assert_null(load(WITH_FILE("list"), &files));
	check_errors("policy.json:1:104: error: lists.l.file: list: is no text: it has a "
		     "zero in it\n");
	folder_write(&folder, "list", "A\nB\n\nR\xF6ntgen\n");
	assert_null(load(WITH_FILE("list"), &files));
	check_errors("list:4:1: error: the line is not UTF-8\n");
	folder_write(&folder, "list", "A\n\n# x\n B\\C\nD\n");
	assert_null(load(WITH_FILE("list"), &files));
	check_errors("list:4:1: error: for StationName: 'B\\C' has a backslash, which "
		     "separates "
		     "values: each is compared by itself\n");
	folder_write(&folder, "list", "10.0.0.0/8\r\n10.0.0.1/8\r\nlocalhost");
	assert_null(load("{'rules': [" RULE(
				 "r", "'ClientAddress': {'in': 'l'}, "
				      "'SOPClassUID': {'in': 'l'}") "],"
								    " 'lists': {'l': "
								    "{'file': 'list'}}}",
			 &files));
	check_errors("list:1:1: error: for SOPClassUID: '10.0.0.0/8' is neither a UID "
		     "nor the keyword of "
		     "one\n"
		     "list:2:1: error: for ClientAddress: '10.0.0.1/8' has bits set "
		     "behind its prefix;"
		     " the network itself was expected\n"
		     "list:2:1: error: for SOPClassUID: '10.0.0.1/8' is neither a UID "
		     "nor the keyword of "
		     "one\n"
		     "list:3:1: error: for ClientAddress: 'localhost' is no address and "
		     "no network:"
		     " expected 10.1.2.3, 10.1.0.0/16 or 2001:db8::/32\n"
		     "list:3:1: error: for SOPClassUID: 'localhost' is neither a UID nor "
		     "the keyword of "
		     "one\n");
	files_forget(&files);
}

static void test_many_values(void **state)
{
	enum { VALUES = 2000 };
	static char text[VALUES * 16];
	struct files files = {0};
	struct policy *p;
	size_t len = 0;

	for (int i = 0; i < VALUES; i++)
		len += (size_t)sprintf(text + len, "W%d%s\n", i * 7919 % VALUES,
				       i % 100 ? "" : "*");
	folder_write(&folder, "list", text);
	p = load(WITH_FILE("list"), &files);
	assert_non_null(p);
	for (int i = 0; i < VALUES; i++) {
		char value[16];

		snprintf(value, sizeof(value), "W%d", i);
		assert_true(holds(p, 0, value));
	}
	assert_false(holds(p, 0, "W2x"));
	assert_false(holds(p, 0, "W"));
	assert_true(holds(p, 0, "W0x")); /* a pattern */
	policy_free(p);
	files_forget(&files);
}

/* A list is made into what each kind of attribute can be compared with. */
static void test_kinds(void **state)
{
	struct files files = {0};
	struct policy *p;

	folder_write(&folder, "list", "CTImageStorage\n1.2.3\n");
	p = load(
		"{'rules': [" RULE("1", "'SOPClassUID': {'in': 'l'}") "," RULE(
			"2",
			"'St"
			"ati"
			"onN"
			"ame"
			"': "
			"{'"
			"in'"
			": "
			"'l'"
			"}") "," RULE("3",
				      "'StationName': {'in': 'l', 'ignore_case': "
				      "true}") "," RULE("4",
							"'Modality': {'in': 'l'}, "
							"'StationName': {'in': "
							"['m', "
							"'l']}") "," RULE("5",
									  "'Rows': "
									  "{'in': "
									  "'m'}") "," RULE("6",
											   "'Station"
											   "Name': "
											   "{'in': "
											   "'m'}") "," RULE("7",
													    "'StationName': {'in': 'm'}") "," RULE("8",
																		   "'StudyDate': {'in': 'd'}") "," RULE("9",
																							"'PatientAge': {'in': 'd'}") "],"
																										     " 'lists': {'l': {'file': 'list'}, 'm': ['512', 512, 'x?'],"
																										     " 'd': ['2024-06-30', '6M']}}",
		&files);
	assert_non_null(p);
	assert_true(holds(p, 0, "1.2.840.10008.5.1.4.1.1.2") && holds(p, 0, "1.2.3"));
	assert_false(holds(p, 0, "CTImageStorage"));
	assert_true(holds(p, 1, "CTImageStorage") && !holds(p, 1, "CTIMAGESTORAGE"));
	assert_false(holds(p, 1, "1.2.840.10008.5.1.4.1.1.2"));
	assert_true(holds(p, 2, "CTIMAGESTORAGE"));
	assert_true(holds(p, 3, "1.2.3") && !holds(p, 3, "512"));
	/* as a number, and as text */
	assert_true(holds(p, 4, "0512") && holds(p, 4, "xy"));
	assert_true(holds(p, 5, "512") && !holds(p, 5, "0512"));
	/* as what they stand for */
	assert_true(holds(p, 4, "5.12e2") && holds(p, 7, "20240630"));
	assert_true(holds(p, 8, "006M") && !holds(p, 8, "006W"));
	/* made once for both */
	assert_ptr_equal(p->rules[5].condition.children[0].match->in[0],
			 p->rules[6].condition.children[0].match->in[0]);
	/* read once for all */
	assert_int_equal(files.n, 2);
	policy_free(p);
	files_forget(&files);
}

/* What a file says is part of what the policy is. */
static void test_id(void **state)
{
	struct files files = {0};
	char id[2][POLICY_ID_SIZE];

	for (int i = 0; i < 2; i++) {
		struct policy *p;

		folder_write(&folder, "list", i ? "A\n" : "B\n");
		p = load(WITH_FILE("list"), &files);
		strcpy(id[i], p->id);
		policy_free(p);
		files_forget(&files);
	}
	assert_string_not_equal(id[0], id[1]);
	/* a line moves from one file to the next */
	for (int i = 0; i < 2; i++) {
		struct policy *p;

		folder_write(&folder, "list", i ? "A\n" : "A\nB\n");
		folder_write(&folder, "more", i ? "B\nC\n" : "C\n");
		p = load("{'rules': [" RULE(
				 "r", "'StationName': {'in': 'l'}, 'Modality': {'in': "
				      "'m'}") "],"
					      " 'lists': {'l': {'file': 'list'}, 'm': "
					      "{'file': 'more'}}}",
			 &files);
		strcpy(id[i], p->id);
		policy_free(p);
		files_forget(&files);
	}
	assert_string_not_equal(id[0], id[1]);
}

static int set_up(void **state)
{
	folder_make(&folder);
	scratch = policy_scratch_new();
	return scratch ? 0 : -1;
}

static int tear_down(void **state)
{
	folder_remove(&folder);
	policy_scratch_free(scratch);
	report_clear(&report);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_paths),
		cmocka_unit_test(test_what_is_wrong_with_files),
		cmocka_unit_test(test_many_values),
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_id),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
