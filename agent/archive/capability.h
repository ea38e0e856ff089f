/* SPDX-License-Identifier: MIT */
/* capability.h - what an archive, or every archive of a pool, accepts: SOP classes, each
 * with its transfer syntaxes, and the length of a PDU.
 */
#ifndef ARCHIVE_CAPABILITY_H
#define ARCHIVE_CAPABILITY_H

#include "base/bytes.h"

enum { CAPABILITY_SYNTAXES = 64 }; /* at most */

struct capability_row {
	struct slice sop_class; /* UID */
	uint64_t syntaxes;      /* a bit for each of capability.syntaxes */
};

struct capability {
	const struct capability_row *rows; /* sorted by capability_row_order() */
	size_t nrows;
	const struct slice *syntaxes; /* UIDs */
	size_t nsyntaxes;
	uint32_t maximum_length;     /* bytes of a P-DATA-TF PDU; 0: no limit */
	struct capability_row newer; /* storage classes that are newer than the
				      * dictionary; no syntaxes: they are not accepted */
};

/* The row of a SOP class, <newer> for one that is; NULL if it is not accepted. */
const struct capability_row *capability_row(const struct capability *c,
					    struct slice sop_class);

/* True if this pair is accepted in a presentation context. */
bool capability_accepts(const struct capability *c, const struct capability_row *row,
			struct slice transfer_syntax);

/* The smaller of two maximum lengths, where 0 means no limit. */
uint32_t capability_length(uint32_t a, uint32_t b);

int capability_row_order(const void *a, const void *b);

#endif
