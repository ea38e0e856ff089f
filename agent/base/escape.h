/* SPDX-License-Identifier: MIT */
/* escape.h - bytes from the network as printable ASCII, for logs, labels and reports. */
#ifndef BASE_ESCAPE_H
#define BASE_ESCAPE_H

#include "base/bytes.h"

/* What becomes of a byte that is not printable ASCII, of a quote and of a backslash */
enum escape_style {
	ESCAPE_HEX,  /* \xHH for all of them */
	ESCAPE_TEXT, /* \" and \\; \xHH for the others */
	ESCAPE_JSON  /* \" and \\; \u00HH for control characters; \\xHH for other bytes:
		      * the inside of a string of RFC 8259 */
};

enum { ESCAPE_MOST = 4 }; /* bytes that one can become with ESCAPE_HEX */

/* Append <bytes> to <out>, escaped. */
void escape_write(struct writer *out, enum escape_style style, struct slice bytes);

/* Append <bytes> to <out>, with '?' for each byte that is not printable ASCII. */
void escape_replace(struct writer *out, struct slice bytes);

#endif
