/* SPDX-License-Identifier: MIT */
/* scu_bytes.h - what an SCU sends on an association, for `explain`: the bytes of a
 * capture, or those with which a file would be sent.
 */
#ifndef CLI_SCU_BYTES_H
#define CLI_SCU_BYTES_H

#include "base/bytes.h"

/* Bytes to read of a file, which are more than HAProxy holds back; and room for the
 * output. */
enum { SCU_BYTES_FILE_HEAD = 160 * 1024, SCU_BYTES_SIZE = 256 * 1024 };

/* The SCU.  A NULL stands for what the capture has, or for nothing. */
struct scu_bytes_sender {
	const char *calling_ae, *called_ae;
	const char *user; /* user name of a user identity (PS3.7 D.3.3.7) */
};

/* Write the A-ASSOCIATE-RQ and the first message to <out>: of a Part 10 file (PS3.10 7.1)
 * a C-STORE-RQ with its data set, of a capture, which begins with an A-ASSOCIATE-RQ, what
 * is there.  <file> is its head, <whole> says that it is all.  Returns NULL, or why the
 * file is neither (static text).
 */
const char *scu_bytes_write(struct slice file, bool whole,
			    const struct scu_bytes_sender *scu, struct writer *out);

#endif
