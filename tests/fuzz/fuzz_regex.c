/* SPDX-License-Identifier: MIT */
/* Search: the first line is the pattern, the rest the text. */
#include "check.h"
#include "base/regex.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct regex_scratch *scratch;
	const uint8_t *line = size > 0 ? memchr(data, '\n', size) : NULL;
	struct regex_error error;
	struct regex *regex;
	struct slice text;
	char pattern[128];
	size_t len;

	if (!line || size > 4096 || (size_t)(line - data) >= sizeof(pattern))
		return 0;
	if (!scratch)
		scratch = regex_scratch_new();
	len = (size_t)(line - data);
	memcpy(pattern, data, len);
	pattern[len] = '\0';
	text = slice_of(line + 1, size - len - 1);
	regex = regex_new(pattern, size % 2, &error);
	if (regex)
		CHECK(regex_match(regex, scratch, text) ==
		      regex_match(regex, scratch, text));
	else
		CHECK(memchr(error.text, 0, sizeof(error.text)) && error.text[0] &&
		      error.offset <= len);
	regex_free(regex);
	return 0;
}
