/* SPDX-License-Identifier: MIT */
/* probe.h - the command `dicom-spoa probe`: what an archive accepts. */
#ifndef CLI_PROBE_H
#define CLI_PROBE_H

#include "base/command.h"

/* Run it with its arguments; argv[0] is the program.  Returns an exit_status. */
int probe_command(int argc, char **argv);

#endif
