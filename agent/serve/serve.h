/* SPDX-License-Identifier: MIT */
/* serve.h - the command `dicom-spoa serve`. */
#ifndef SERVE_SERVE_H
#define SERVE_SERVE_H

#include "base/command.h"

/* Run it with its arguments; argv[0] is the program.  Returns an exit_status. */
int serve_command(int argc, char **argv);

#endif
