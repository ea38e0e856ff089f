/* SPDX-License-Identifier: MIT */
/* healthcheck.h - the command `dicom-spoa healthcheck`: a C-ECHO as HAProxy's tcp-check.
 */
#ifndef CLI_HEALTHCHECK_H
#define CLI_HEALTHCHECK_H

#include "base/command.h"

/* Run it with its arguments; argv[0] is the program.  Returns an exit_status. */
int healthcheck_command(int argc, char **argv);

#endif
