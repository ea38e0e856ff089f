/* SPDX-License-Identifier: MIT */
/* command.h - what the commands of dicom-spoa have in common. */
#ifndef BASE_COMMAND_H
#define BASE_COMMAND_H

#ifndef DICOM_SPOA_VERSION
#define DICOM_SPOA_VERSION "0.1"
#endif

/* Exit statuses of all commands. */
enum exit_status {
	EXIT_OK = 0,
	EXIT_CONFIGURATION = 1, /* said on stderr: file or address, what was expected */
	EXIT_USAGE = 2          /* the same, and the usage */
};

#endif
