/* SPDX-License-Identifier: MIT */
/* pseudonym_command.h - the command `dicom-spoa pseudonym`: a patient's name in the log. */
#ifndef PSEUDONYM_COMMAND_H
#define PSEUDONYM_COMMAND_H

#include "command.h"

/* Run it with its arguments; argv[0] is the program.  Returns an exit_status. */
int pseudonym_command(int argc, char **argv);

#endif
