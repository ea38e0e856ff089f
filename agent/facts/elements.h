/* SPDX-License-Identifier: MIT */
/* elements.h - facts about the first message's command set (PS3.7 6.3) and data set
 * (PS3.5 7), as far as they have come.
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
	struct dataset_wanted *wanted; /* one for each of policy->elements */
	size_t room;                   /* elements allocated in <wanted> */
	bool broken;                   /* a sequence that was looked into is */
	struct charset *charset;
};

/* <e> is owned by the caller and zeroed.  False if there is no memory. */
bool facts_elements_init(struct facts_elements *e) MUST_CHECK;
void facts_elements_clear(struct facts_elements *e);

/* Begin a decision with <policy>: nothing has come.  False if there is no memory, which
 * can happen only if <policy> has more elements than every policy before.
 */
bool facts_elements_begin(struct facts_elements *e,
			  const struct policy *policy) MUST_CHECK;

/* Set the command set, which must be whole, and the data set, as far as it has come;
 * <cut>: more will follow.  <bytes> are borrowed.
 */
void facts_elements_command(struct facts_elements *e, struct slice bytes);
void facts_elements_data_set(struct facts_elements *e, struct slice bytes,
			     enum dataset_encoding encoding, bool cut);

/* The fact about an attribute whose source is POLICY_COMMAND or POLICY_DATA_SET.  Its
 * text is borrowed from the bytes that have come; if it had to be decoded or put together
 * it was written to <text>.
 */
struct policy_fact facts_elements_get(struct facts_elements *e,
				      const struct policy_attribute *a,
				      struct policy_scratch *scratch,
				      struct writer *text);

/* Append the text of any element at the top level of the data set, decoded to UTF-8.  The
 * policy need not name it.  False if it is absent or has not come.
 */
bool facts_elements_text(struct facts_elements *e, uint32_t tag,
			 struct writer *text) MUST_CHECK;

/* True if what was asked for cannot be known, since the data set cannot be read up to its
 * end.  <e>->data_set.ds.odd says what could be read though it is not as PS3.5 wants it.
 */
bool facts_elements_broken(const struct facts_elements *e);

/* Bytes of the data set that were read for the facts asked for so far. */
size_t facts_elements_bytes(const struct facts_elements *e);

#endif
