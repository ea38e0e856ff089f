/* SPDX-License-Identifier: MIT */
/* The commands. */
#include <stdio.h>
#include <string.h>

#include "cli/check.h"
#include "base/command.h"
#include "cli/explain.h"
#include "cli/probe.h"
#include "cli/pseudonym.h"
#include "serve/serve.h"
#include "top/top.h"
#include "cli/why.h"

struct command {
	const char *name;
	int (*run)(int argc, char **argv); /* argv[0] is the program */
};

static const struct command commands[] = {
	{"serve", serve_command},
	{"check", check_command},
	{"explain", explain_command},
	{"probe", probe_command},
	{"why", why_command},
	{"top", top_command},
	{"pseudonym", pseudonym_command},
};

static const char usage[] = "usage: dicom-spoa COMMAND [OPTION]...\n"
			    "       dicom-spoa COMMAND --help\n"
			    "\n"
			    "  serve      answer HAProxy's questions\n"
			    "  check      say what is wrong with a policy\n"
			    "  explain    say where a policy sends a file, and why\n"
			    "  probe      ask an archive what it accepts\n"
			    "  why        say where an association was sent, and why\n"
			    "  top        show what agents do at the moment\n"
			    "  pseudonym  print the name of a patient in the log\n"
			    "  --version  print the version\n"
			    "  --help     print this\n";

static int run(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		puts("dicom-spoa " DICOM_SPOA_VERSION);
		return EXIT_OK;
	}
	if (argc == 2 && strcmp(argv[1], "--help") == 0) {
		fputs(usage, stdout);
		return EXIT_OK;
	}
	for (size_t i = 0; argc >= 2 && i < sizeof(commands) / sizeof(commands[0]); i++)
		if (strcmp(argv[1], commands[i].name) == 0) {
			argv[1] = argv[0];
			return commands[i].run(argc - 1, argv + 1);
		}
	fputs(usage, stderr);
	return EXIT_USAGE;
}

int main(int argc, char **argv)
{
	return command_end(run(argc, argv));
}
