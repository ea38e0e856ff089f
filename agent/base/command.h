/* SPDX-License-Identifier: MIT */
/* command.h - what the commands of dicom-spoa have in common: the version, exit statuses,
 * and how options are read.
 */
#ifndef BASE_COMMAND_H
#define BASE_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

#ifndef DICOM_SPOA_VERSION
#define DICOM_SPOA_VERSION "0.1"
#endif

/* Where `serve` exports metrics and decisions, and `why` and `top` ask for them. */
#define COMMAND_AGENT "127.0.0.1:8405"

/* Exit statuses of all commands. */
enum exit_status {
	EXIT_OK = 0,
	EXIT_CONFIGURATION =
		1,     /* said on stderr: which file, address or value is wrong */
	EXIT_USAGE = 2 /* the command line is wrong; stderr says why */
};

/* The values of an option that may be given several times. */
enum { COMMAND_TEXTS = 64 };
struct command_texts {
	const char *list[COMMAND_TEXTS];
	size_t n;
};

/* An option.  One of <flag> to <read> says what becomes of its value; the text of it is
 * argv's.  --help needs no entry.
 */
struct command_option {
	const char *name; /* without "--"; NULL ends a table */

	bool *flag; /* set to true; the option has no value */
	const char **text;
	struct command_texts *texts;
	unsigned *number; /* from <min> to <max>, digits only: of base 8 if <octal> */
	bool (*read)(const char *value, void *to);

	void *to;
	unsigned min, max;
	bool octal;
	bool (*is)(const char *value); /* what a text must be; NULL: anything */
	const char *expected;          /* for the message if <is> or <read> is false */
};

/* Read the options of a command; argv[0] is the program.  Returns its arguments that are
 * no options, which are <nargs>, or any number if that is negative, and a NULL.  NULL if
 * the command is to end with *status: --help was given and <usage> is on stdout, or it is
 * on stderr behind a line that says what is wrong.
 */
char **command_arguments(int argc, char **argv, const char *usage,
			 const struct command_option *options, int nargs, int *status);

/* Say what is wrong with the arguments, and the usage; returns EXIT_USAGE. */
int command_misused(const char *usage, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* The exit status of a command that returned <status>: what it has printed must have been
 * written.  A full disk is an error, which is said on stderr.
 */
int command_end(int status);

#endif
