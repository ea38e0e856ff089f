/* SPDX-License-Identifier: MIT */
#include "cli/explain_text.h"
#include "dicom/dict.h"

#include <stdio.h>
#include <stdlib.h>

static const char *text_of(const json_t *object, const char *name)
{
	return json_string_value(json_object_get(object, name));
}

/* Values are somebody else's: JSON has an escape for what would move a terminal's cursor.
 */
static void print_json(const json_t *json)
{
	char *text = json_dumps(json, JSON_ENCODE_ANY | JSON_COMPACT);

	fputs(text ? text : "?", stdout);
	free(text);
}

/* UIDs with their names */
static void print_value(const json_t *value)
{
	const struct dict_uid *known = dict_uid(slice_str(json_string_value(value)));

	print_json(value);
	if (known)
		printf(" (%s)", known->keyword);
}

static void print_values(const json_t *values, const char *state)
{
	const json_t *value;
	size_t i;

	if (!json_is_array(values)) {
		printf(" is %s", state);
		return;
	}
	printf(" %s ", strcmp(state, "present") == 0 ? "=" : state);
	json_array_foreach(values, i, value)
	{
		if (i > 0)
			printf(", ");
		print_value(value);
	}
}

static void print_reasons(const json_t *reasons, int depth);

static void print_nested(const char *word, const json_t *inner, int depth)
{
	const json_t *condition;
	size_t i;

	printf("%s of:\n", word);
	json_array_foreach(inner, i, condition)
	{
		if (json_is_array(condition))
			print_reasons(condition, depth + 1);
	}
	if (strcmp(word, "not") == 0)
		print_reasons(inner, depth + 1);
}

static void print_reason(const json_t *reason, int depth)
{
	static const char *const groups[] = {"all", "any", "not"};
	const char *attribute = text_of(reason, "attribute");

	printf("%*s%-8s", 4 * depth, "", text_of(reason, "result"));
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
		if (json_object_get(reason, groups[i])) {
			print_nested(groups[i], json_object_get(reason, groups[i]),
				     depth);
			return;
		}
	if (attribute) {
		fputs(attribute, stdout);
		print_values(json_object_get(reason, "values"), text_of(reason, "state"));
		printf("; wanted: ");
		print_json(json_object_get(reason, "test"));
	} else if (json_object_get(reason, "sample")) {
		printf("sample ");
		print_json(json_object_get(reason, "sample"));
		printf(" of ");
		print_json(json_object_get(reason, "values"));
	} else {
		printf("schedule ");
		print_json(json_object_get(reason, "schedule"));
	}
	putchar('\n');
}

static void print_reasons(const json_t *reasons, int depth)
{
	const json_t *reason;
	size_t i;

	json_array_foreach(reasons, i, reason)
	{
		print_reason(reason, depth);
	}
}

static void print_member(const char *name, const json_t *value)
{
	printf("    %s ", name);
	print_json(value);
	putchar('\n');
}

static void print_decision(const json_t *decision)
{
	static const char *const details[] = {"key", "called_ae", "calling_ae"};
	const json_t *reject = json_object_get(decision, "reject");

	if (reject)
		printf("refused by rule \"%s\": %s, %s\n", text_of(decision, "rule"),
		       text_of(reject, "reason"), text_of(reject, "result"));
	else
		printf("pool %s by rule \"%s\"\n", text_of(decision, "backend"),
		       text_of(decision, "rule"));
	for (size_t i = 0; i < sizeof(details) / sizeof(details[0]); i++)
		if (json_object_get(decision, details[i]))
			print_member(details[i], json_object_get(decision, details[i]));
}

static void print_rules(const json_t *rules)
{
	const json_t *rule;
	size_t i;

	json_array_foreach(rules, i, rule)
	{
		const char *matches = text_of(rule, "matches");

		printf("\nrule \"%s\" %s\n", text_of(rule, "name"),
		       strcmp(matches, "yes") == 0  ? "matches"
		       : strcmp(matches, "no") == 0 ? "does not match"
						    : "may match or not");
		print_reasons(json_object_get(rule, "because"), 1);
	}
}

void explain_text_print(const json_t *report)
{
	const json_t *attributes = json_object_get(report, "attributes");
	json_t *exports = json_object_get(report, "export"), *value;
	const char *name;

	print_decision(json_object_get(report, "decision"));
	if (strcmp(text_of(report, "data_set"), "needed") == 0)
		printf("    the data set was needed: %lld bytes of it\n",
		       (long long)json_integer_value(json_object_get(report, "bytes")));
	else
		printf("    the data set was %s\n", text_of(report, "data_set"));
	printf("    attributes read: %zu\n", json_object_size(attributes));
	json_object_foreach(exports, name, value)
	{
		printf("    txn.dicom.%s ", name);
		print_json(value);
		putchar('\n');
	}
	if (text_of(report, "error"))
		printf("    %s\n", text_of(report, "error"));
	print_rules(json_object_get(report, "rules"));
}
