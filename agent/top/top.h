/* SPDX-License-Identifier: MIT */
/* top.h - dicom-spoa top: what agents do at the moment, on a terminal. */
#ifndef TOP_TOP_H
#define TOP_TOP_H

/* Run the command; argv[0] is the program.  Returns an exit status (command.h). */
int top_command(int argc, char **argv);

#endif
