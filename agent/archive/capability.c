/* SPDX-License-Identifier: MIT */
#include "archive/capability.h"
#include "dicom/dict.h"

#include <stdlib.h>

int capability_row_order(const void *left, const void *right)
{
	const struct capability_row *a = left, *b = right;

	return slice_order(a->sop_class, b->sop_class);
}

const struct capability_row *capability_row(const struct capability *c,
					    struct slice sop_class)
{
	const struct capability_row wanted = {.sop_class = sop_class}, *row = NULL;

	if (c->nrows > 0)
		row = bsearch(&wanted, c->rows, c->nrows, sizeof(wanted),
			      capability_row_order);
	if (!row && c->newer.syntaxes && !dict_uid(sop_class) &&
	    dict_in_group("storage", sop_class))
		row = &c->newer;
	return row;
}

bool capability_accepts(const struct capability *c, const struct capability_row *row,
			struct slice transfer_syntax)
{
	for (size_t i = 0; i < c->nsyntaxes; i++)
		if (slice_equal(c->syntaxes[i], transfer_syntax))
			return row->syntaxes >> i & 1;
	return false;
}

uint32_t capability_length(uint32_t a, uint32_t b)
{
	return a == 0 ? b : b == 0 || a < b ? a : b;
}
