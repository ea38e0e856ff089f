/* SPDX-License-Identifier: MIT */
/* accepts.h - lists of SOP classes and transfer syntaxes -> capabilities.
 *
 * A capability is the policy's, as all that is built; NULL is an error of b's.
 */
#ifndef LOADER_ACCEPTS_H
#define LOADER_ACCEPTS_H

#include "loader/builder.h"

/* The member "accepts" of the object at the place:
 *
 *	[{"sop_classes": [...], "transfer_syntaxes": [...]}, ...]
 */
const struct capability *accepts_load(struct builder *b, json_t *accepts,
				      uint32_t maximum_length);

/* The members "transfer_syntaxes" and "abstract_syntaxes" of <negotiate>, the object at
 * the place or NULL: storage and verification, and those beside them.
 */
const struct capability *accepts_load_usual(struct builder *b, json_t *negotiate,
					    uint32_t maximum_length);

/* What both accept. */
const struct capability *accepts_load_common(struct builder *b,
					     const struct capability *x,
					     const struct capability *y);

#endif
