/* SPDX-License-Identifier: MIT */
/* serve.h - the command `dicom-spoa serve`. */
#ifndef SERVE_H
#define SERVE_H

/* Exit statuses of all commands. */
enum exit_status {
	EXIT_OK = 0,
	EXIT_CONFIGURATION = 1, /* said on stderr: file or address, what was expected */
	EXIT_USAGE = 2          /* the same, and the usage */
};

/* Run it with its arguments; argv[0] is the program.  Returns an exit_status. */
int serve_command(int argc, char **argv);

#endif
