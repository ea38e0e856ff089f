/* SPDX-License-Identifier: MIT */
/* plain.h - bytes from the network as they stand in logs and labels. */
#ifndef PLAIN_H
#define PLAIN_H

#include "cursor.h"

enum { PLAIN_MOST = 4 }; /* bytes that one can become */

/* Append <bytes>; what is no printable ASCII, a quote or a backslash becomes \xHH. */
void plain_write(struct writer *out, struct slice bytes);

#endif
