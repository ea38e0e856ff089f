/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/command.h"

struct all {
	bool flag;
	const char *text;
	struct command_texts texts;
	unsigned number, octal;
	char letter;
};

static bool is_short(const char *value)
{
	return strlen(value) < 4;
}

static bool read_letter(const char *value, void *to)
{
	*(char *)to = value[0];
	return value[0] != '\0' && value[1] == '\0';
}

/* What is said on stderr lies in <said> then. */
static char said[1024];

static int read_all(struct all *a, const char *const *words, int nargs, char ***args)
{
	const struct command_option options[] = {
		{"flag", .flag = &a->flag},
		{"text", .text = &a->text, .is = is_short, .expected = "three letters"},
		{"texts", .texts = &a->texts},
		{"number", .number = &a->number, .min = 1, .max = 65535},
		{"octal", .number = &a->octal, .max = 0777, .octal = true},
		{"letter", .read = read_letter, .to = &a->letter, .expected = "a letter"},
		{NULL},
	};
	FILE *out = tmpfile(), *before = stderr;
	static char *argv[2 * COMMAND_TEXTS + 8];
	int argc = 0, status = -1;

	for (; words[argc]; argc++)
		argv[argc] = (char *)(uintptr_t)words[argc];
	argv[argc] = NULL;
	assert_non_null(out);
	stderr = out;
	*args = command_arguments(argc, argv, "the usage\n", options, nargs, &status);
	stderr = before;
	rewind(out);
	said[fread(said, 1, sizeof(said) - 1, out)] = '\0';
	fclose(out);
	return *args ? EXIT_OK : status;
}

#define WORDS(...)                                                                       \
	(const char *const[])                                                            \
	{                                                                                \
		"agent", __VA_ARGS__, NULL                                               \
	}

static void test_values(void **state)
{
	struct all a = {.number = 7};
	char **args;

	assert_int_equal(
		read_all(&a,
			 WORDS("--text", "abc", "one", "--texts=x", "--flag", "--texts",
			       "y", "--octal", "660", "two", "--letter", "l"),
			 2, &args),
		EXIT_OK);
	assert_string_equal(args[0], "one");
	assert_string_equal(args[1], "two");
	assert_null(args[2]);
	assert_true(a.flag);
	assert_string_equal(a.text, "abc");
	assert_int_equal(a.texts.n, 2);
	assert_string_equal(a.texts.list[0], "x");
	assert_string_equal(a.texts.list[1], "y");
	assert_int_equal(a.number, 7);
	assert_int_equal(a.octal, 0660);
	assert_int_equal(a.letter, 'l');
	assert_string_equal(said, "");
}

static void test_numbers(void **state)
{
	static const char *const right[] = {"1", "104", "0104", "65535"};
	static const char *const wrong[] = {
		"",   "0",   "65536", "-1",         "+1",
		" 1", "1 ",  "104.7", "1e2",        "0x68",
		"x",  "1,5", "٣",     "4294967297", "99999999999999999999999"};
	struct all a = {0};
	char **args;

	for (size_t i = 0; i < sizeof(right) / sizeof(right[0]); i++)
		if (read_all(&a, WORDS("--number", right[i]), 0, &args) != EXIT_OK)
			fail_msg("%s", right[i]);
	assert_int_equal(a.number, 65535);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		if (read_all(&a, WORDS("--number", wrong[i]), 0, &args) != EXIT_USAGE)
			fail_msg("%s", wrong[i]);
		assert_non_null(strstr(said, "expected a number from 1 to 65535\n"));
	}
	assert_int_equal(read_all(&a, WORDS("--octal", "668"), 0, &args), EXIT_USAGE);
	assert_string_equal(said, "dicom-spoa: --octal 668: expected an octal number "
				  "from 0 to 777\nthe usage\n");
}

static void test_mistakes(void **state)
{
	struct all a = {0};
	const char *words[2 * COMMAND_TEXTS + 4] = {"agent"};
	char **args;

	assert_int_equal(read_all(&a, WORDS("--text", "abcd"), 0, &args), EXIT_USAGE);
	assert_string_equal(said, "dicom-spoa: --text abcd: expected three letters\n"
				  "the usage\n");
	assert_int_equal(read_all(&a, WORDS("--letter", "ab"), 0, &args), EXIT_USAGE);
	assert_string_equal(said, "dicom-spoa: --letter ab: expected a letter\n"
				  "the usage\n");
	assert_int_equal(read_all(&a, WORDS("--colour"), 0, &args), EXIT_USAGE);
	assert_int_equal(read_all(&a, WORDS("--flag=yes"), 0, &args), EXIT_USAGE);
	assert_int_equal(read_all(&a, WORDS("--text"), 0, &args), EXIT_USAGE);
	assert_int_equal(read_all(&a, WORDS("one"), 2, &args), EXIT_USAGE);
	assert_string_equal(said, "the usage\n");
	assert_int_equal(read_all(&a, WORDS("one", "two"), 1, &args), EXIT_USAGE);
	assert_string_equal(said, "dicom-spoa: two: unexpected\nthe usage\n");
	assert_int_equal(read_all(&a, WORDS("one", "two", "three"), -1, &args), EXIT_OK);
	assert_int_equal(read_all(&a, WORDS("--", "--flag"), 1, &args), EXIT_OK);
	assert_string_equal(args[0], "--flag");

	for (size_t i = 1; i <= 2 * COMMAND_TEXTS + 2; i++)
		words[i] = "--texts=x";
	assert_int_equal(read_all(&a, words, 0, &args), EXIT_USAGE);
	assert_string_equal(said, "dicom-spoa: --texts x: expected fewer of this "
				  "option\nthe usage\n");
	assert_int_equal(a.texts.n, COMMAND_TEXTS);
}

static void test_help(void **state)
{
	struct all a = {0};
	char **args;

	assert_int_equal(read_all(&a, WORDS("--help", "--colour"), 2, &args), EXIT_OK);
	assert_null(args);
	assert_string_equal(said, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_mistakes),
		cmocka_unit_test(test_help),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
