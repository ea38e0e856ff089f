/* SPDX-License-Identifier: MIT */
#include "loader/outcome.h"
#include "loader/attribute.h"
#include "base/suggest.h"
#include "loader/pools.h"

#include <stdio.h>

/*** refusals ***/

static void load_reason(struct builder *b, const char *name, struct rejection *why)
{
	char allowed[320] = "";
	struct suggest n;

	suggest_begin(&n, name);
	for (unsigned i = 0; i < REJECTION_COUNT; i++) {
		const char *known = rejection_name((enum rejection_id)i);

		if (strcmp(name, known) == 0) {
			*why = rejection_of((enum rejection_id)i);
			return;
		}
		suggest_offer(&n, known);
		strcat(allowed, i ? ", " : "");
		strcat(allowed, known);
	}
	builder_fail(b, "\"%s\" is no reason to reject%s; expected one of: %s", name,
		     suggest_phrase(&n), allowed);
}

static void load_result(struct builder *b, const char *name, struct rejection *why)
{
	if (strcmp(name, "permanent") == 0)
		why->result = REJECTION_PERMANENT;
	else if (strcmp(name, "transient") == 0)
		why->result = REJECTION_TRANSIENT;
	else
		builder_fail(b, "expected \"permanent\" or \"transient\", found \"%s\"",
			     name);
}

/*** outcomes ***/

static void load_pools(struct builder *b, json_t *json, struct policy *policy,
		       struct policy_outcome *o)
{
	json_t *key = json_object_get(json, "key");

	builder_enter(b, "backend");
	o->pools = pools_list(b, json_object_get(json, "backend"), policy);
	builder_leave(b);
	o->called_ae = builder_ae_title(b, json, "called_ae");
	o->calling_ae = builder_ae_title(b, json, "calling_ae");
	builder_enter(b, "key");
	if (key)
		o->key = attribute_list(b, key);
	builder_leave(b);
	builder_enter(b, "result");
	if (json_object_get(json, "result"))
		builder_fail_name(b, "\"result\" means nothing without \"reject\"");
	builder_leave(b);
}

static void load_rejection(struct builder *b, json_t *json, const char *reason,
			   struct policy_outcome *o)
{
	static const char *const pool_members[] = {"key", "called_ae", "calling_ae"};
	const char *result = builder_string(b, json, "result");

	builder_enter(b, "reject");
	load_reason(b, reason, &o->rejection);
	builder_leave(b);
	builder_enter(b, "result");
	if (result)
		load_result(b, result, &o->rejection);
	builder_leave(b);
	for (size_t i = 0; i < sizeof(pool_members) / sizeof(pool_members[0]); i++) {
		builder_enter(b, pool_members[i]);
		if (json_object_get(json, pool_members[i]))
			builder_fail_name(b, "\"%s\" means nothing to what is rejected",
					  pool_members[i]);
		builder_leave(b);
	}
}

void outcome_load(struct builder *b, json_t *json, struct policy *policy,
		  struct policy_outcome *o)
{
	const char *reject = builder_string(b, json, "reject");
	bool pools = json_object_get(json, "backend");

	if (pools == (json_object_get(json, "reject") != NULL))
		builder_fail(b, "expected either \"backend\" or \"reject\"");
	else if (reject)
		load_rejection(b, json, reject, o);
	else if (pools)
		load_pools(b, json, policy, o);
}
