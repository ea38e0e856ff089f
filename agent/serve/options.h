/* SPDX-License-Identifier: MIT */
/* options.h - the arguments of dicom-spoa serve. */
#ifndef SERVE_OPTIONS_H
#define SERVE_OPTIONS_H

#include "base/command.h"
#include "spop/server.h"

struct serve_options {
	const char *policy;
	const char *user;
	const char *metrics; /* NULL: not given */
	struct command_texts addresses;
	unsigned socket_mode;
	unsigned decisions;   /* to be remembered; 0: none */
	const char *patients; /* file of the key for their pseudonyms; NULL: not logged */
	struct server_config server;
};

/* Read them over the defaults in <o>.  False with *status set if there is nothing to be
 * served: --help, or something is wrong with them.  What is said of the log holds at
 * once.
 */
bool serve_options_read(int argc, char **argv, struct serve_options *o, int *status);

#endif
