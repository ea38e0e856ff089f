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
	const char *addresses[LISTENER_MAX];
	size_t naddresses;
	mode_t socket_mode;
	size_t decisions;     /* to be remembered; 0: none */
	const char *patients; /* file of the key for their pseudonyms; NULL: not logged */
	struct server_config server;
};

/* Read them over what <o> has.  True with <status> set if there is nothing to be done:
 * the usage has been printed, for --help or with what was wrong before it.  The log level
 * is set at once.
 */
bool serve_options_end(int argc, char **argv, struct serve_options *o,
		       enum exit_status *status);

#endif
