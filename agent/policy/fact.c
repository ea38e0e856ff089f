/* SPDX-License-Identifier: MIT */
#include "policy/fact.h"

const struct policy_fact fact_unknown = {POLICY_UNKNOWN, {0}};
const struct policy_fact fact_absent = {POLICY_ABSENT, {0}};

struct policy_fact fact_present(struct slice text)
{
	/* an empty text is a value, no text is none */
	return (struct policy_fact){POLICY_PRESENT, text.ptr ? text : slice_of("", 0)};
}

struct policy_fact fact_written(struct writer *text, size_t start,
				enum policy_fact_state state)
{
	if (text->failed) {
		text->failed = false;
		text->len = start;
		return fact_absent;
	}
	return (struct policy_fact){state,
				    slice_of(text->buf + start, text->len - start)};
}
