/* SPDX-License-Identifier: MIT */
/* escape.h - bytes from the network as they stand in logs and labels. */
#ifndef BASE_ESCAPE_H
#define BASE_ESCAPE_H

#include "base/bytes.h"

enum { ESCAPE_MOST = 4 }; /* bytes that one can become */

/* Append <bytes>; what is no printable ASCII, a quote or a backslash becomes \xHH. */
void escape_write(struct writer *out, struct slice bytes);

#endif
