/* SPDX-License-Identifier: MIT */
/* discretion.h - whose values may be shown outside: those that are no patient's. */
#ifndef DISCRETION_H
#define DISCRETION_H

#include "policy.h"

/* True for the attributes of the association, and for a few of the message that say what
 * the object is or where it was made.  All others count as a patient's.
 */
bool discretion_allows(const struct policy_attribute *a);

#endif
