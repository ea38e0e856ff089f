/* SPDX-License-Identifier: MIT */
/* probe_command.h - the command `dicom-spoa probe`: what an archive accepts. */
#ifndef PROBE_COMMAND_H
#define PROBE_COMMAND_H

#include "command.h"

/* Run it with its arguments; argv[0] is the program.  Returns an exit_status. */
int probe_command(int argc, char **argv);

#endif
