/* SPDX-License-Identifier: MIT */
/* files.h - the files that HAProxy's option -f stands for (management.txt 3). */
#ifndef HAPROXY_CFG_FILES_H
#define HAPROXY_CFG_FILES_H

#include "base/bytes.h"

/* Call <visit> with <path> or, if that is a directory, with each of its files whose name
 * ends with .cfg and does not begin with a dot, in the order of bytes.  False as soon as
 * <visit> is, or with an <error> if the directory cannot be read.
 */
bool haproxy_files(const char *path, bool (*visit)(void *context, const char *file),
		   void *context, char *error, size_t size) MUST_CHECK;

#endif
