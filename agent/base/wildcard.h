/* SPDX-License-Identifier: MIT */
/* wildcard.h - patterns with * and ?, as in a query (PS3.4 C.2.2.2.4). */
#ifndef BASE_WILDCARD_H
#define BASE_WILDCARD_H

#include "base/bytes.h"

/* True if <pattern>, in which * stands for any characters and ? for one, matches the
 * whole of <text>; both UTF-8.
 */
bool wildcard_matches(const char *pattern, struct slice text);

#endif
