/* SPDX-License-Identifier: MIT */
/* edge.h - input whose last byte is the last readable byte.
 *
 * One byte of over-read is a fault, with or without a sanitizer.
 */
#ifndef EDGE_H
#define EDGE_H

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/bytes.h"

/* A copy of <s> that ends at an unreadable page.  It stays valid until the next
 * call; <s> holds at most 256 KiB.
 */
static inline struct slice edge(struct slice s)
{
	enum { EDGE_AREA = 256 * 1024 };
	static uint8_t *area;
	uint8_t *copy;

	if (!area) {
		size_t page = (size_t)sysconf(_SC_PAGESIZE);

		area = mmap(NULL, EDGE_AREA + page, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (area == MAP_FAILED ||
		    mprotect(area + EDGE_AREA, page, PROT_NONE) != 0)
			abort();
	}
	if (s.len > EDGE_AREA)
		abort();
	copy = area + EDGE_AREA - s.len;
	if (s.len > 0)
		memcpy(copy, s.ptr, s.len);
	return slice_of(copy, s.len);
}

#endif
