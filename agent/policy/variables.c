/* SPDX-License-Identifier: MIT */
#include "policy/variables.h"

#include <stddef.h>
#include <string.h>

#define VARIABLE_ROW(id, name, type, flags) {name, VARIABLE_##type, flags},

const struct variable_row variables[VARIABLE_COUNT] = {VARIABLES(VARIABLE_ROW)};

bool variable_is_reserved(const char *name)
{
	static const char *const of_haproxy[] = {VARIABLES_OF_HAPROXY};

	for (size_t i = 0; i < VARIABLE_COUNT; i++)
		if (strcmp(name, variables[i].name) == 0)
			return true;
	for (size_t i = 0; i < sizeof(of_haproxy) / sizeof(of_haproxy[0]); i++)
		if (strcmp(name, of_haproxy[i]) == 0)
			return true;
	return false;
}
