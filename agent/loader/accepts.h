/* SPDX-License-Identifier: MIT */
/* accepts.h - lists of SOP classes and transfer syntaxes -> capabilities.
 *
 * A capability is the policy's, as all that is built; NULL is an error of b's.
 */
#ifndef LOADER_ACCEPTS_H
#define LOADER_ACCEPTS_H

#include "loader/builder.h"

/* Compile the member "accepts" of a pool:
 *
 *	[{"sop_classes": [...], "transfer_syntaxes": [...]}, ...]
 *
 * The policy owns what is returned, here and below; NULL if there is no memory, which is
 * reported.
 */
const struct capability *accepts_load(struct builder *b, json_t *accepts,
				      uint32_t maximum_length);

/* Compile the members "transfer_syntaxes" and "abstract_syntaxes" of "negotiate", which
 * may be NULL: all storage SOP classes, Verification, and the abstract syntaxes.
 */
const struct capability *accepts_load_usual(struct builder *b, json_t *negotiate,
					    uint32_t maximum_length);

/* What both <x> and <y> accept. */
const struct capability *accepts_load_common(struct builder *b,
					     const struct capability *x,
					     const struct capability *y);

#endif
