/* SPDX-License-Identifier: MIT */
/* The table of the contract's variables agrees with everybody else who names them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/variables.h"

/* A file of the repository, where the tests are run. */
static char *read_file(const char *path)
{
	FILE *file = fopen(path, "rb");
	char *text = calloc(1, 256 * 1024);

	if (!file)
		fail_msg("%s cannot be read", path);
	assert_in_range(fread(text, 1, 256 * 1024 - 1, file), 1, 256 * 1024 - 2);
	fclose(file);
	return text;
}

/* Is <name> a word of <line>? */
static bool has_word(const char *line, size_t len, const char *name)
{
	size_t n = strlen(name);

	for (size_t i = 0; i + n <= len; i++)
		if (strncmp(line + i, name, n) == 0 && (i == 0 || line[i - 1] == ' ') &&
		    (i + n == len || line[i + n] == ' '))
			return true;
	return false;
}

/* HAProxy refuses a variable of the agent that is not registered. */
static void test_they_are_registered(void **state)
{
	char *text = read_file("haproxy/dicom.spoe.conf");
	size_t words = 0, found = 0;

	for (char *at = text; (at = strstr(at, "register-var-names"));) {
		size_t len = strcspn(at, "\n");

		for (size_t i = 0; i < len; i++)
			words += at[i] == ' ';
		for (size_t i = 0; i < VARIABLE_COUNT; i++)
			found += has_word(at, len, variables[i].name);
		at += len;
	}
	assert_int_equal(found, VARIABLE_COUNT); /* each once */
	assert_int_equal(words, VARIABLE_COUNT); /* and nothing else */
	free(text);
}

static void test_they_are_sent_back(void **state)
{
	char *text = read_file("haproxy/dicom.spoe.conf");
	char *dataset = strstr(text, "spoe-message dataset");

	assert_non_null(dataset);
	*strstr(dataset, "spoe-group") = '\0';
	for (size_t i = 0; i < VARIABLE_COUNT; i++) {
		char argument[64];

		snprintf(argument, sizeof(argument), " %s=var(txn.dicom.%s)",
			 variables[i].name, variables[i].name);
		if (!strstr(dataset, argument) !=
		    !(variables[i].flags & VARIABLE_SENT_BACK))
			fail_msg("%s", argument);
	}
	free(text);
}

/* A row of docs/contract.md, with the type: | `verdict` | str | ... */
static void test_they_are_documented(void **state)
{
	static const char *const types[] = {[VARIABLE_TEXT] = "str",
					    [VARIABLE_BYTES] = "bin",
					    [VARIABLE_NUMBER] = "int"};
	char *text = read_file("docs/contract.md");

	for (size_t i = 0; i < VARIABLE_COUNT; i++) {
		char name[64], type[64];
		const char *at = text;
		bool found = false;

		snprintf(name, sizeof(name), "`%s`", variables[i].name);
		snprintf(type, sizeof(type), " | %s | ", types[variables[i].type]);
		for (; !found && (at = strstr(at, "\n| `")); at++) {
			size_t cell = strcspn(at + 3, "|"), row = strcspn(at + 1, "\n");
			const char *is = strstr(at, name), *of = strstr(at, type);

			found = is && is < at + 3 + cell && of && of < at + 1 + row;
		}
		if (!found)
			fail_msg("docs/contract.md has no row for %s%s", name, type);
	}
	free(text);
}

/* Every variable that HAProxy's files and their Lua name is reserved, and no other name
 * is. */
static void test_of_haproxy(void **state)
{
	static const char *const of_haproxy[] = {VARIABLES_OF_HAPROXY};
	static const char *const files[] = {
		"haproxy/dicom.cfg",          "haproxy/pools.cfg",
		"haproxy/scaling/sticky.cfg", "lua/dicom/channel.lua",
		"lua/dicom/checks.lua",       "lua/dicom/counters.lua",
		"lua/dicom/endings.lua",      "lua/dicom/rules.lua",
		"lua/dicom/splice.lua",       "lua/dicom/studies.lua"};
	static const char *const before[] = {"txn.dicom.", "get(txn, \"", "set(txn, \""};
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz_";
	bool used[sizeof(of_haproxy) / sizeof(of_haproxy[0])] = {false};

	for (size_t f = 0; f < sizeof(files) / sizeof(files[0]); f++) {
		char *text = read_file(files[f]);

		for (size_t k = 0; k < sizeof(before) / sizeof(before[0]); k++)
			for (const char *at = text; (at = strstr(at, before[k]));) {
				char name[64];

				at += strlen(before[k]);
				snprintf(name, sizeof(name), "%.*s",
					 (int)strspn(at, letters), at);
				/* one that is composed ends with _ or is empty */
				if (*name && name[strlen(name) - 1] != '_' &&
				    !variable_is_reserved(name))
					fail_msg("%s: %s", files[f], name);
			}
		for (size_t i = 0; i < sizeof(used) / sizeof(used[0]); i++)
			used[i] |= strstr(text, of_haproxy[i]) ||
				   strncmp(of_haproxy[i], "last_", 5) == 0;
		free(text);
	}
	for (size_t i = 0; i < sizeof(used) / sizeof(used[0]); i++)
		if (!used[i])
			fail_msg("nobody uses %s", of_haproxy[i]);
}

static void test_reserved_names(void **state)
{
	static const char *const of_haproxy[] = {VARIABLES_OF_HAPROXY};

	for (size_t i = 0; i < VARIABLE_COUNT; i++)
		assert_true(variable_is_reserved(variables[i].name));
	for (size_t i = 0; i < sizeof(of_haproxy) / sizeof(of_haproxy[0]); i++)
		assert_true(variable_is_reserved(of_haproxy[i]));
	assert_false(variable_is_reserved("modality"));
	assert_false(variable_is_reserved("verdic"));
	assert_false(variable_is_reserved("verdicts"));
	assert_false(variable_is_reserved(""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_they_are_registered),
		cmocka_unit_test(test_they_are_sent_back),
		cmocka_unit_test(test_they_are_documented),
		cmocka_unit_test(test_of_haproxy),
		cmocka_unit_test(test_reserved_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
