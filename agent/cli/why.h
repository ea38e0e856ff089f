/* SPDX-License-Identifier: MIT */
/* why.h - dicom-spoa why: what an agent has decided, and for what reasons. */
#ifndef CLI_WHY_H
#define CLI_WHY_H

/* Run the command; argv[0] is the program.  Returns an exit status (command.h). */
int why_command(int argc, char **argv);

#endif
