/* SPDX-License-Identifier: MIT */
#include "policy/fact.h"

const struct policy_fact fact_unknown = {POLICY_UNKNOWN, {0}};
const struct policy_fact fact_absent = {POLICY_ABSENT, {0}};

/* Its text is told apart by where it is. */
static const uint8_t nothing;
const struct policy_fact fact_too_large = {POLICY_UNKNOWN, {&nothing, 0}};

bool fact_is_too_large(const struct policy_fact *fact)
{
	return fact->text.ptr == &nothing;
}

struct policy_fact fact_present(struct slice text)
{
	/* with a NULL pointer policy_next_value() would find no value at all */
	return (struct policy_fact){POLICY_PRESENT, text.ptr ? text : slice_of("", 0)};
}

struct policy_fact fact_written(struct writer *text, size_t start,
				enum policy_fact_state state)
{
	if (text->failed) {
		text->failed = false;
		text->len = start;
		return fact_too_large;
	}
	return (struct policy_fact){state,
				    slice_of(text->buf + start, text->len - start)};
}
