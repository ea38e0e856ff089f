/* SPDX-License-Identifier: MIT */
/* healthcheck.h - the command `dicom-spoa healthcheck`: a C-ECHO as HAProxy's tcp-check.
 */
#ifndef HEALTHCHECK_H
#define HEALTHCHECK_H

#include "command.h"

/* Run it with its arguments; argv[0] is the program.  Returns an exit_status. */
int healthcheck_command(int argc, char **argv);

#endif
