/* SPDX-License-Identifier: MIT */
/* capability_load.h - lists of SOP classes and transfer syntaxes -> capabilities.
 *
 * A capability is the policy's, as all that is built; NULL is an error of b's.
 */
#ifndef CAPABILITY_LOAD_H
#define CAPABILITY_LOAD_H

#include "build.h"

/* The member "accepts" of the object at the place:
 *
 *	[{"sop_classes": [...], "transfer_syntaxes": [...]}, ...]
 */
const struct capability *capability_load(struct build *b, json_t *accepts,
					 uint32_t maximum_length);

/* The members "transfer_syntaxes" and "abstract_syntaxes" of <negotiate>, the object at
 * the place or NULL: storage and verification, and those beside them.
 */
const struct capability *capability_load_usual(struct build *b, json_t *negotiate,
					       uint32_t maximum_length);

/* What both accept. */
const struct capability *capability_load_common(struct build *b,
						const struct capability *x,
						const struct capability *y);

#endif
