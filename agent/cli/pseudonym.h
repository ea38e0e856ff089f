/* SPDX-License-Identifier: MIT */
/* pseudonym.h - the command `dicom-spoa pseudonym`: a patient's name in the log. */
#ifndef CLI_PSEUDONYM_H
#define CLI_PSEUDONYM_H

#include "base/command.h"

/* Run it with its arguments; argv[0] is the program.  Returns an exit_status. */
int pseudonym_command(int argc, char **argv);

#endif
