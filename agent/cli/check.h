/* SPDX-License-Identifier: MIT */
/* check.h - the command `dicom-spoa check`: all that is wrong with a policy. */
#ifndef CLI_CHECK_H
#define CLI_CHECK_H

#include "base/command.h"

/* Run it with its arguments; argv[0] is the program.  Returns an exit_status. */
int check_command(int argc, char **argv);

#endif
