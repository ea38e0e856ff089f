/* SPDX-License-Identifier: MIT */
/* capture.h - the bytes that an SCU sends: as they were captured, or as it would send a
 * file.
 */
#ifndef CAPTURE_H
#define CAPTURE_H

#include "cursor.h"

/* The head of a file that is to be read: more than HAProxy's buffer holds. */
enum { CAPTURE_FILE_HEAD = 160 * 1024, CAPTURE_SIZE = 256 * 1024 };

/* Who sends; NULL: as in the capture, or nothing. */
struct capture_scu {
	const char *calling_ae, *called_ae;
	const char *user; /* user name of a user identity (PS3.7 D.3.3.7) */
};

/* Write the A-ASSOCIATE-RQ and the first message to <out>: of a Part 10 file (PS3.10 7.1)
 * a C-STORE-RQ with its data set, of a capture, which begins with an A-ASSOCIATE-RQ, what
 * is there.  <file> is its head, <whole> says that it is all.  Returns NULL, or why the
 * file is neither (static text).
 */
const char *capture_stream(struct slice file, bool whole, const struct capture_scu *scu,
			   struct writer *out);

#endif
