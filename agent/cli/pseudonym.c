/* SPDX-License-Identifier: MIT */
#include "cli/pseudonym.h"
#include "history/pseudonym.h"

#include <getopt.h>
#include <stdio.h>

static void print_usage(FILE *out)
{
	fputs("usage: dicom-spoa pseudonym --key FILE [PATIENTID]...\n"
	      "\n"
	      "Prints the pseudonym of each Patient ID, as serve --log-patients FILE "
	      "logs it.\n"
	      "Without one they are read from stdin, one a line: arguments can be seen "
	      "by all\n"
	      "users of a machine, and stay in the history of a shell.\n"
	      "\n"
	      "Status 1: the key or an ID cannot be used.  Status 2: bad usage.\n",
	      out);
}

static bool print(const struct pseudonym_key *key, struct slice patient_id)
{
	static struct unicode_scratch scratch;
	char name[PSEUDONYM_SIZE];

	if (pseudonym_of(key, &scratch, patient_id, name))
		return puts(name) != EOF;
	fputs("dicom-spoa: expected a Patient ID\n", stderr);
	return false;
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
	static const struct option options[] = {
		{"key", required_argument, NULL, 'k'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	static struct pseudonym_key key;
	const char *path = NULL, *why;
	bool ok = true;
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c != 'k') {
			print_usage(c == 'h' ? stdout : stderr);
			return c == 'h' ? EXIT_OK : EXIT_USAGE;
		}
		path = optarg;
	}
	if (!path) {
		print_usage(stderr);
		return EXIT_USAGE;
	}
	why = pseudonym_read_key(path, &key);
	if (why) {
		fprintf(stderr, "dicom-spoa: %s: %s\n", path, why);
		return EXIT_CONFIGURATION;
	}
	if (optind == argc)
		ok = print_lines(&key);
	for (int i = optind; i < argc; i++)
		ok &= print(&key, slice_str(argv[i]));
	return ok ? EXIT_OK : EXIT_CONFIGURATION;
}
