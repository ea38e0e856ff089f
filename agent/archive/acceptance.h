/* SPDX-License-Identifier: MIT */
/* acceptance.h - which SOP classes an archive accepts with which transfer syntaxes. */
#ifndef ARCHIVE_ACCEPTANCE_H
#define ARCHIVE_ACCEPTANCE_H

#include <jansson.h>

#include "dicom/dict.h"

/* All pairs of the dictionary: storage SOP classes and Verification, and transfer
 * syntaxes of data sets, both in the order of their UIDs.
 */
struct acceptance {
	const struct dict_uid **classes, **syntaxes;
	size_t nclasses, nsyntaxes;
	bool *pairs; /* [class * nsyntaxes + syntax]: is accepted */
};

/* Nothing is accepted yet.  False: no memory; acceptance_clear() in either case. */
bool acceptance_init(struct acceptance *a) MUST_CHECK;
void acceptance_clear(struct acceptance *a);

static inline bool *acceptance_of(struct acceptance *a, size_t class, size_t syntax)
{
	return &a->pairs[class * a->nsyntaxes + syntax];
}

/* What is accepted, as the member "accepts" of a policy's pool: keywords of SOP classes,
 * grouped by the transfer syntaxes that they have in common.  NULL: no memory.
 */
json_t *acceptance_report(struct acceptance *a);

#endif
