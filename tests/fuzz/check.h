/* SPDX-License-Identifier: MIT */
/* check.h - what every fuzz target asserts with. */
#ifndef CHECK_H
#define CHECK_H

#include <stdlib.h>

#include "base/bytes.h"

#define CHECK(condition)                                                                 \
	do {                                                                             \
		if (!(condition))                                                        \
			abort();                                                         \
	} while (0)

/* A slice that was handed out lies inside the bytes that were given. */
static inline void check_inside(struct slice part, struct slice all)
{
	CHECK(part.len == 0 || (part.ptr >= all.ptr && part.len <= all.len &&
				(size_t)(part.ptr - all.ptr) <= all.len - part.len));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
