/* SPDX-License-Identifier: MIT */
/* elements.h - the attributes of the first message's command set (PS3.7 6.3) and
 * data set (PS3.5 7), as far as they have come.
 */
#ifndef FACTS_ELEMENTS_H
#define FACTS_ELEMENTS_H

#include "dicom/charset.h"
#include "dicom/dataset_scan.h"
#include "policy/policy.h"

struct facts_elements {
	const struct policy *policy;
	struct dataset_scan command, data_set;
	struct dataset whole;          /* the data set, as far as it has come */
	struct dataset_wanted *wanted; /* one for each of the policy's elements */
	size_t room;                   /* in it */
	struct charset *charset;
};

/* Owned by the caller, who has zeroed it.  False if there is no memory. */
bool facts_elements_init(struct facts_elements *e) MUST_CHECK;
void facts_elements_clear(struct facts_elements *e);

/* Begin with the elements of <policy>, of which nothing has come.  False if there is no
 * memory, which happens only with a policy larger than all before.
 */
bool facts_elements_begin(struct facts_elements *e,
			  const struct policy *policy) MUST_CHECK;

/* The command set and the data set, as far as they have come; <cut>: more will. */
void facts_elements_command(struct facts_elements *e, struct slice bytes);
void facts_elements_data_set(struct facts_elements *e, struct slice bytes,
			     enum dataset_encoding encoding, bool cut);

/* The fact of an attribute whose source is POLICY_COMMAND or POLICY_DATA_SET.  It points
 * into the bytes that have come, or to what has been written to <text>: a value that is
 * not encoded as values are compared.
 */
struct policy_fact facts_elements_get(struct facts_elements *e,
				      const struct policy_attribute *a,
				      struct policy_scratch *scratch,
				      struct writer *text);

/* Append the text of an element at the top level that no rule need have named, decoded.
 * False if it has not come.
 */
bool facts_elements_text(struct facts_elements *e, uint32_t tag,
			 struct writer *text) MUST_CHECK;

/* Bytes of the data set that were needed for what has been asked. */
size_t facts_elements_bytes(const struct facts_elements *e);

#endif
