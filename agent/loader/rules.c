/* SPDX-License-Identifier: MIT */
#include "loader/rules.h"
#include "loader/condition.h"
#include "loader/outcome.h"

#include <stdlib.h>

enum { RULE_NAME_MAX = 128 }; /* bytes: it stands in each answer */

static const char default_name[] = "default";

/* It stands between quotes in HAProxy's log, as it is. */
static bool is_rule_name(const char *name)
{
	for (const char *c = name; *c; c++)
		if ((uint8_t)*c < ' ' || *c == 0x7f || *c == '"' || *c == '\\')
			return false;
	return strlen(name) <= RULE_NAME_MAX;
}

static const char *load_rule_name(struct builder *b, json_t *json)
{
	const char *name = builder_string(b, json, "name");

	if (!json_object_get(json, "name"))
		builder_fail(b, "a rule needs a \"name\": the log tells which one has "
				"matched");
	builder_enter(b, "name");
	if (name && !is_rule_name(name))
		builder_fail(b,
			     "a name has at most %d bytes, and no quote, backslash or "
			     "control character",
			     RULE_NAME_MAX);
	else if (name && strcmp(name, default_name) == 0)
		builder_fail(b,
			     "\"%s\" is what the log calls the outcome when no rule "
			     "matches",
			     name);
	builder_leave(b);
	return name;
}

static void load_rule(struct builder *b, json_t *json, struct policy *policy,
		      struct policy_rule *rule)
{
	json_t *condition = json_object_get(json, "if");

	if (!json_is_object(json)) {
		builder_expected(b, json, "an object, a rule");
		return;
	}
	builder_members(b, json, "name if " OUTCOME_MEMBERS);
	rule->outcome.rule = load_rule_name(b, json);
	outcome_load(b, json, policy, &rule->outcome);
	rule->condition.kind = POLICY_ALL;
	builder_enter(b, "if");
	if (condition)
		condition_load(b, condition, &rule->condition);
	builder_leave(b);
}

static int name_order(const void *left, const void *right)
{
	const struct policy_rule *const *a = left, *const *b = right;
	int order = strcmp((*a)->outcome.rule, (*b)->outcome.rule);

	return order != 0 ? order : (*a > *b) - (*a < *b);
}

static void check_names(struct builder *b, const struct policy_rule *rules, size_t n)
{
	const struct policy_rule **sorted = calloc(n + 1, sizeof(*sorted));
	size_t named = 0;

	if (!sorted)
		builder_fail(b, "out of memory");
	for (size_t i = 0; sorted && i < n; i++)
		if (rules[i].outcome.rule)
			sorted[named++] = &rules[i];
	if (named > 0)
		qsort(sorted, named, sizeof(*sorted), name_order);
	for (size_t i = 1; i < named; i++) {
		if (strcmp(sorted[i - 1]->outcome.rule, sorted[i]->outcome.rule) != 0)
			continue;
		builder_enter_element(b, (size_t)(sorted[i] - rules));
		builder_enter(b, "name");
		builder_fail(b, "two rules have the name \"%s\"",
			     sorted[i]->outcome.rule);
		builder_leave(b);
		builder_leave(b);
	}
	free(sorted);
}

void rules_load(struct builder *b, json_t *json, struct policy *policy)
{
	json_t *list = builder_list(b, json, 0, "a list of rules"), *rule;
	size_t n = json_array_size(list);
	struct policy_rule *rules = builder_take(b, n, sizeof(*rules));

	if (!rules)
		return;
	for (size_t i = 0; (rule = builder_element(b, list, i)); i++)
		load_rule(b, rule, policy, &rules[i]);
	check_names(b, rules, n);
	policy->rules = rules;
	policy->nrules = n;
}

void rules_load_default(struct builder *b, json_t *json, struct policy *policy)
{
	struct policy_outcome *o = &policy->otherwise;

	*o = (struct policy_outcome){.rule = default_name,
				     .rejection = rejection_of(REJECTION_NO_REASON)};
	if (!json)
		return;
	if (!json_is_object(json)) {
		builder_expected(b, json, "an object, an outcome");
		return;
	}
	builder_members(b, json, OUTCOME_MEMBERS);
	outcome_load(b, json, policy, o);
}
