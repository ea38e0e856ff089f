/* SPDX-License-Identifier: MIT */
#include "base/command.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OPTIONS_MAX = 24, HELP = OPTIONS_MAX };

int command_misused(const char *usage, const char *format, ...)
{
	va_list ap;

	fputs("dicom-spoa: ", stderr);
	va_start(ap, format);
	vfprintf(stderr, format, ap);
	va_end(ap);
	fprintf(stderr, "\n%s", usage);
	return EXIT_USAGE;
}

static bool read_number(const struct command_option *o, const char *value)
{
	unsigned long number;
	char *end;

	errno = 0;
	number = strtoul(value, &end, o->octal ? 8 : 10);
	*o->number = (unsigned)number;
	return errno == 0 && *value >= '0' && *value <= '9' && *end == '\0' &&
	       number >= o->min && number <= o->max;
}

static bool read_value(const struct command_option *o, const char *value)
{
	if (o->flag)
		*o->flag = true;
	if (o->text)
		*o->text = value;
	if (o->texts && o->texts->n == COMMAND_TEXTS)
		return false;
	if (o->texts)
		o->texts->list[o->texts->n++] = value;
	return (!o->number || read_number(o, value)) && (!o->is || o->is(value)) &&
	       (!o->read || o->read(value, o->to));
}

static int misread(const char *usage, const struct command_option *o, const char *value)
{
	char numbers[64];

	snprintf(numbers, sizeof(numbers),
		 o->octal ? "an octal number from %o to %o" : "a number from %u to %u",
		 o->min, o->max);
	return command_misused(usage, "--%s %s: expected %s", o->name, value,
			       o->number     ? numbers
			       : o->expected ? o->expected
					     : "fewer of this option");
}

static void getopt_table(const struct command_option *options, struct option *table)
{
	size_t n = 0;

	for (; n < OPTIONS_MAX && options[n].name; n++)
		table[n] = (struct option){
			options[n].name,
			options[n].flag ? no_argument : required_argument, NULL, (int)n};
	table[n] = (struct option){"help", no_argument, NULL, HELP};
	table[n + 1] = (struct option){NULL, 0, NULL, 0};
}

char **command_arguments(int argc, char **argv, const char *usage,
			 const struct command_option *options, int nargs, int *status)
{
	struct option table[OPTIONS_MAX + 2];
	int i;

	getopt_table(options, table);
	*status = EXIT_USAGE;
	optind = 0; /* glibc: begin anew */
	while ((i = getopt_long(argc, argv, "", table, NULL)) != -1) {
		if (i == HELP)
			*status = EXIT_OK;
		if (i == HELP || i == '?') {
			fputs(usage, i == HELP ? stdout : stderr);
			return NULL;
		}
		if (!read_value(&options[i], optarg)) {
			misread(usage, &options[i], optarg);
			return NULL;
		}
	}
	if (nargs < 0 || argc - optind == nargs)
		return argv + optind;
	if (argc - optind > nargs)
		command_misused(usage, "%s: unexpected", argv[optind + nargs]);
	else
		fputs(usage, stderr);
	return NULL;
}

int command_end(int status)
{
	const bool lost = ferror(stdout);

	errno = EIO;
	if (fflush(stdout) == 0 && !lost)
		return status;
	fprintf(stderr, "dicom-spoa: standard output: %s\n", strerror(errno));
	return status == EXIT_OK ? EXIT_CONFIGURATION : status;
}
