/* SPDX-License-Identifier: MIT */
/* inflate.h - the beginning of a data set in Deflated Explicit VR LE (PS3.5 A.5). */
#ifndef DICOM_INFLATE_H
#define DICOM_INFLATE_H

#include "base/bytes.h"

/* zlib's state and window, so that inflating allocates nothing */
enum { INFLATE_ARENA = 64 * 1024 };

/* Inflate (RFC 1951) as much of <in> as there is and as <out> has room for, with
 * <arena>, INFLATE_ARENA bytes aligned for any type, as working memory.  <*cut>
 * says, on entry, whether <in> goes on behind what is there, and afterwards whether
 * the inflated bytes do.  False if <in> is not a deflated stream, or
 * one without its end though nothing is behind it.
 */
bool inflate_prefix(struct slice in, struct writer *out, void *arena,
		    bool *cut) MUST_CHECK;

#endif
