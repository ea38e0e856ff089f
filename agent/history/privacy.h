/* SPDX-License-Identifier: MIT */
/* privacy.h - whose values may be shown outside: those that are no patient's. */
#ifndef HISTORY_PRIVACY_H
#define HISTORY_PRIVACY_H

#include "policy/policy.h"

/* True for the attributes of the association, and for a few of the message that say what
 * the object is or where it was made.  All others count as a patient's.
 */
bool privacy_allows(const struct policy_attribute *a);

#endif
