/* SPDX-License-Identifier: MIT */
/* explain.h - the command `dicom-spoa explain`: why a study goes where it goes. */
#ifndef CLI_EXPLAIN_H
#define CLI_EXPLAIN_H

#include "base/command.h"

/* Run it with its arguments; argv[0] is the program.  Returns an exit_status. */
int explain_command(int argc, char **argv);

#endif
