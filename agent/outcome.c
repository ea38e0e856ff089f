/* SPDX-License-Identifier: MIT */
#include "outcome.h"
#include "attribute.h"
#include "nearest.h"
#include "pool.h"

#include <stdio.h>

/*** refusals ***/

/* PS3.8 9.3.4, in the standard's words */
static const struct {
	const char *name;
	struct ul_rejection why;
} rejections[] = {
	{"no-reason-given", {1, 1, 1}},
	{"application-context-name-not-supported", {1, 1, 2}},
	{"calling-ae-title-not-recognized", {1, 1, 3}},
	{"called-ae-title-not-recognized", {1, 1, 7}},
	{"provider-no-reason-given", {1, 2, 1}},
	{"protocol-version-not-supported", {1, 2, 2}},
	{"temporary-congestion", {2, 3, 1}},
	{"local-limit-exceeded", {2, 3, 2}},
};

enum { REJECTIONS = sizeof(rejections) / sizeof(rejections[0]) };

const char *outcome_rejection_name(const struct ul_rejection *why)
{
	for (size_t i = 0; i < REJECTIONS; i++)
		if (rejections[i].why.source == why->source &&
		    rejections[i].why.reason == why->reason)
			return rejections[i].name;
	return NULL;
}

static void load_reason(struct build *b, const char *name, struct ul_rejection *why)
{
	char allowed[320] = "";
	struct nearest n;

	nearest_begin(&n, name);
	for (size_t i = 0; i < REJECTIONS; i++) {
		if (strcmp(name, rejections[i].name) == 0) {
			*why = rejections[i].why;
			return;
		}
		nearest_offer(&n, rejections[i].name);
		strcat(allowed, i ? ", " : "");
		strcat(allowed, rejections[i].name);
	}
	build_fail(b, "\"%s\" is no reason to reject%s%s%s; expected one of: %s", name,
		   nearest_result(&n) ? ", did you mean \"" : "",
		   nearest_result(&n) ? nearest_result(&n) : "",
		   nearest_result(&n) ? "\"?" : "", allowed);
}

static void load_result(struct build *b, const char *name, struct ul_rejection *why)
{
	if (strcmp(name, "permanent") == 0)
		why->result = 1;
	else if (strcmp(name, "transient") == 0)
		why->result = 2;
	else
		build_fail(b, "expected \"permanent\" or \"transient\", found \"%s\"",
			   name);
}

/*** names ***/

static const char *load_ae_title(struct build *b, json_t *json, const char *member)
{
	const char *name = build_string(b, json, member);

	build_enter(b, member);
	if (name && !ul_is_ae_title(name))
		build_fail(b, "\"%s\" is not an AE title: 1 to 16 characters", name);
	build_leave(b);
	return name;
}

/*** outcomes ***/

static void load_pools(struct build *b, json_t *json, struct policy *policy,
		       struct policy_outcome *o)
{
	json_t *key = json_object_get(json, "key");

	build_enter(b, "backend");
	o->pools = pool_list(b, json_object_get(json, "backend"), policy);
	build_leave(b);
	o->called_ae = load_ae_title(b, json, "called_ae");
	o->calling_ae = load_ae_title(b, json, "calling_ae");
	build_enter(b, "key");
	if (key)
		o->key = attribute_list(b, key);
	build_leave(b);
	build_enter(b, "result");
	if (json_object_get(json, "result"))
		build_fail_name(b, "\"result\" means nothing without \"reject\"");
	build_leave(b);
}

static void load_rejection(struct build *b, json_t *json, const char *reason,
			   struct policy_outcome *o)
{
	static const char *const pool_members[] = {"key", "called_ae", "calling_ae"};
	const char *result = build_string(b, json, "result");

	build_enter(b, "reject");
	load_reason(b, reason, &o->rejection);
	build_leave(b);
	build_enter(b, "result");
	if (result)
		load_result(b, result, &o->rejection);
	build_leave(b);
	for (size_t i = 0; i < sizeof(pool_members) / sizeof(pool_members[0]); i++) {
		build_enter(b, pool_members[i]);
		if (json_object_get(json, pool_members[i]))
			build_fail_name(b, "\"%s\" means nothing to what is rejected",
					pool_members[i]);
		build_leave(b);
	}
}

void outcome_load(struct build *b, json_t *json, struct policy *policy,
		  struct policy_outcome *o)
{
	const char *reject = build_string(b, json, "reject");
	bool pools = json_object_get(json, "backend");

	if (pools == (json_object_get(json, "reject") != NULL))
		build_fail(b, "expected either \"backend\" or \"reject\"");
	else if (reject)
		load_rejection(b, json, reject, o);
	else if (pools)
		load_pools(b, json, policy, o);
}
