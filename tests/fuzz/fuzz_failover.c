/* SPDX-License-Identifier: MIT */
/* The names of what is down, as HAProxy sends them. */
#include <stdio.h>

#include "../unit/edge.h"
#include "check.h"
#include "policy/failover.h"

/* The same with the words put between spaces and looked for as text. */
static bool is_among(const char *text, const char *name)
{
	char word[8];

	snprintf(word, sizeof(word), " %s ", name);
	return strstr(text, word) != NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct policy_pool list[] = {
		{"ct", NULL}, {"c", NULL}, {"mr-1", NULL}};
	const struct policy_pools pools = {list, 3};
	const struct policy_pool *wanted = NULL;
	struct failover f = {0};
	char text[260];

	if (size > 256 || memchr(data, '\0', size))
		return 0;
	text[0] = ' ';
	memcpy(text + 1, data, size);
	memcpy(text + 1 + size, " ", 2);
	for (size_t i = 3; i-- > 0;)
		if (!is_among(text, list[i].name))
			wanted = &list[i];
	failover_read(&f, edge(slice_of(data, size)));
	CHECK(failover_pool(&pools, &f) == wanted);
	return 0;
}
