/* SPDX-License-Identifier: MIT */
#include "cli/pseudonym.h"
#include "history/pseudonym.h"

#include <stdio.h>

static const char usage[] =
	"usage: dicom-spoa pseudonym --key FILE [PATIENTID]...\n"
	"\n"
	"Prints the pseudonym of each Patient ID, as serve --log-patients FILE logs it.\n"
	"Without one they are read from stdin, one a line: arguments can be seen by all\n"
	"users of a machine, and stay in the history of a shell.\n"
	"\n"
	"Status 1: the key or an ID cannot be used.  Status 2: bad usage.\n";

static bool print(const struct pseudonym_key *key, struct slice patient_id)
{
	static struct unicode_scratch scratch;
	char name[PSEUDONYM_SIZE];

	if (!pseudonym_of(key, &scratch, patient_id, name)) {
		fputs("dicom-spoa: expected a Patient ID\n", stderr);
		return false;
	}
	puts(name);
	return true;
}

static bool print_lines(const struct pseudonym_key *key)
{
	char line[1024];
	bool ok = true;

	while (fgets(line, sizeof(line), stdin)) {
		line[strcspn(line, "\r\n")] = '\0';
		ok &= print(key, slice_str(line));
	}
	return ok;
}

int pseudonym_command(int argc, char **argv)
{
	static struct pseudonym_key key;
	const char *path = NULL, *why;
	const struct command_option options[] = {{"key", .text = &path}, {.name = NULL}};
	int status;
	char **args = command_arguments(argc, argv, usage, options, -1, &status);
	bool ok = true;

	if (!args)
		return status;
	if (!path)
		return command_misused(usage, "--key is needed");
	why = pseudonym_read_key(path, &key);
	if (why) {
		fprintf(stderr, "dicom-spoa: %s: %s\n", path, why);
		return EXIT_CONFIGURATION;
	}
	if (!*args)
		ok = print_lines(&key);
	for (; *args; args++)
		ok &= print(&key, slice_str(*args));
	return ok ? EXIT_OK : EXIT_CONFIGURATION;
}
