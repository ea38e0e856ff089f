/* SPDX-License-Identifier: MIT */
/* docs/splicing.md, "What each pool accepts" */
#include "pool.h"
#include "capability_load.h"
#include "endpoint.h"
#include "prober.h"

#include <stdlib.h>

enum {
	DEFAULT_MAXIMUM_LENGTH = 16378,
	LEAST_MAXIMUM_LENGTH = 4096,
	DEFAULT_PROBE_SECONDS = 600,
	LEAST_PROBE_SECONDS = 10,
	MOST_PROBE_SECONDS = 86400,
	NAME_MAX_BYTES = 128 /* an answer with all names must fit one frame */
};

static uint32_t load_length(struct build *b, json_t *object, uint32_t unless,
			    bool may_be_none)
{
	json_t *json = json_object_get(object, "maximum_length");
	json_int_t bytes = json_integer_value(json);

	if (!json)
		return unless;
	build_enter(b, "maximum_length");
	if (!json_is_integer(json) || bytes > UINT32_MAX ||
	    (bytes < LEAST_MAXIMUM_LENGTH && !(bytes == 0 && may_be_none)))
		build_fail(b, "expected a number of bytes from %d to 4294967295%s",
			   LEAST_MAXIMUM_LENGTH, may_be_none ? ", or 0: no limit" : "");
	build_leave(b);
	return (uint32_t)bytes;
}

/*** archives ***/

static const char *load_ae(struct build *b, json_t *json, const char *name)
{
	const char *text = build_string(b, json, name);

	if (text && strlen(text) > UL_AE_TITLE) {
		build_enter(b, name);
		build_fail(b, "\"%s\" is not an AE title: 1 to 16 characters", text);
		build_leave(b);
	}
	return text;
}

/* The key of its answers; NULL if something is wrong. */
static const char *load_archive(struct build *b, json_t *json, struct prober_archive *a)
{
	char key[PROBER_KEY];
	struct endpoint e;

	if (!json_is_object(json)) {
		build_expected(b, json, "{\"address\": \"HOST:PORT\"}");
		return NULL;
	}
	build_members(b, json, "address called_ae calling_ae");
	a->address = build_string(b, json, "address");
	if (!a->address || !endpoint_parse(a->address, &e) || !e.host[0]) {
		build_enter(b, "address");
		build_expected(b, json_object_get(json, "address"),
			       "HOST:PORT or [IPv6]:PORT");
		build_leave(b);
		return NULL;
	}
	a->called_ae = load_ae(b, json, "called_ae");
	a->calling_ae = load_ae(b, json, "calling_ae");
	prober_key(a, key, sizeof(key));
	return build_text(b, key);
}

static struct prober_archive *add_archive(struct build *b, struct policy *policy)
{
	struct prober_archive *list =
		build_grow(b, b->archives, policy->narchives, sizeof(*list));

	if (!list)
		return NULL;
	b->archives = list;
	list[policy->narchives] = (struct prober_archive){0};
	return &list[policy->narchives++];
}

/* An answer has been written by probe.h as a part of a policy, and is read as one. */
static const struct capability *answer_of(struct build *b, const char *key)
{
	const json_t *answer = key ? json_object_get(b->probed, key) : NULL;

	if (!json_is_object(answer))
		return NULL;
	return capability_load(b, json_object_get(answer, "accepts"),
			       load_length(b, (json_t *)(uintptr_t)answer, 0, true));
}

/* What all of them accept; one that has never answered accepts <unless>. */
static const struct capability *load_archives(struct build *b, json_t *json,
					      const struct capability *unless,
					      struct policy *policy)
{
	const struct capability *all = NULL;

	build_enter(b, "archives");
	if (!json_is_array(json) || json_array_size(json) == 0)
		build_expected(b, json, "a list of archives");
	for (size_t i = 0; i < json_array_size(json); i++) {
		struct prober_archive *archive = add_archive(b, policy);
		const struct capability *one = unless;

		build_enter_element(b, i);
		if (archive)
			one = answer_of(
				b, load_archive(b, json_array_get(json, i), archive));
		one = one ? one : unless;
		all = all && one ? capability_load_common(b, all, one) : one;
		build_leave(b);
	}
	build_leave(b);
	return all ? all : unless;
}

/*** pools ***/

/* What a probe has found beside, for people */
static void check_notes(struct build *b, json_t *json)
{
	static const char *const names[] = {"implementation_class_uid",
					    "implementation_version_name"};
	json_t *extended = json_object_get(json, "extended");

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		json_t *value = json_object_get(json, names[i]);

		build_enter(b, names[i]);
		if (value && !json_is_string(value))
			build_expected(b, value, "a string");
		build_leave(b);
	}
	build_enter(b, "extended");
	if (extended && !json_is_array(extended))
		build_expected(b, extended, "a list of strings");
	for (size_t i = 0; i < json_array_size(extended); i++) {
		build_enter_element(b, i);
		if (!json_is_string(json_array_get(extended, i)))
			build_expected(b, json_array_get(extended, i), "a string");
		build_leave(b);
	}
	build_leave(b);
}

static void load_pool(struct build *b, json_t *json, struct build_pool *pool,
		      struct policy *policy)
{
	json_t *accepts = json_object_get(json, "accepts");
	json_t *archives = json_object_get(json, "archives");
	uint32_t length;

	pool->accepts = b->usual;
	if (!json_is_object(json)) {
		build_expected(b, json, "an object");
		return;
	}
	build_members(b, json,
		      "accepts maximum_length archives implementation_class_uid "
		      "implementation_version_name extended");
	check_notes(b, json);
	length = load_length(b, json, DEFAULT_MAXIMUM_LENGTH, true);
	if (accepts)
		pool->accepts = capability_load(b, accepts, length);
	else if (!archives)
		build_fail(b, "expected \"accepts\", \"archives\", or both");
	if (archives && pool->accepts)
		pool->accepts = load_archives(b, archives, pool->accepts, policy);
}

static unsigned load_seconds(struct build *b, json_t *json)
{
	json_int_t seconds = json ? json_integer_value(json) : DEFAULT_PROBE_SECONDS;

	build_enter(b, "probe_seconds");
	if (seconds < LEAST_PROBE_SECONDS || seconds > MOST_PROBE_SECONDS)
		build_fail(b, "expected a number of seconds from %d to %d",
			   LEAST_PROBE_SECONDS, MOST_PROBE_SECONDS);
	build_leave(b);
	return (unsigned)seconds;
}

static bool load_while_down(struct build *b, json_t *json)
{
	build_enter(b, "accept_while_down");
	if (json && !json_is_boolean(json))
		build_expected(b, json, "true or false");
	build_leave(b);
	return json_is_true(json);
}

static void load_usual(struct build *b, json_t *json, struct policy *policy)
{
	build_enter(b, "negotiate");
	if (json && !json_is_object(json))
		build_expected(b, json, "an object");
	build_members(b, json,
		      "transfer_syntaxes abstract_syntaxes maximum_length probe_seconds "
		      "accept_while_down");
	b->usual = policy->usual = capability_load_usual(
		b, json, load_length(b, json, DEFAULT_MAXIMUM_LENGTH, false));
	policy->probe_seconds = load_seconds(b, json_object_get(json, "probe_seconds"));
	policy->accepts_while_down =
		load_while_down(b, json_object_get(json, "accept_while_down"));
	build_leave(b);
}

void pool_load_all(struct build *b, json_t *pools, json_t *negotiate,
		   struct policy *policy)
{
	struct prober_archive *archives;
	const char *name;
	json_t *value;

	load_usual(b, negotiate, policy);
	build_enter(b, "pools");
	if (pools && !json_is_object(pools))
		build_expected(b, pools, "an object with a member for each pool");
	b->pools = build_take(b, json_object_size(pools), sizeof(*b->pools));
	json_object_foreach(pools, name, value)
	{
		if (!b->pools)
			break;
		build_enter(b, name);
		b->pools[b->npools].name = build_text(b, name);
		load_pool(b, value, &b->pools[b->npools++], policy);
		build_leave(b);
	}
	build_leave(b);
	archives = build_take(b, policy->narchives, sizeof(*archives));
	if (archives && policy->narchives > 0)
		memcpy(archives, b->archives, policy->narchives * sizeof(*archives));
	policy->archives = archives;
}

/*** the pools of outcomes ***/

/* What it accepts: the usual if "pools" does not name it. */
static const struct capability *accepts_of(struct build *b, const char *name)
{
	for (size_t i = 0; i < b->npools; i++)
		if (b->pools[i].name && strcmp(b->pools[i].name, name) == 0) {
			b->pools[i].used = true;
			return b->pools[i].accepts;
		}
	return b->usual;
}

/* HAProxy's proxy names: letters, digits, - _ . : */
static bool is_backend(const char *name)
{
	if (strlen(name) > NAME_MAX_BYTES)
		return false;
	for (; *name; name++)
		if (!strchr("-_.:", *name) && !(*name >= '0' && *name <= '9') &&
		    !((*name | 32) >= 'a' && (*name | 32) <= 'z'))
			return false;
	return true;
}

static bool has_pool(const struct policy_pools *pools, const char *name)
{
	for (size_t i = 0; i < pools->n; i++)
		if (strcmp(pools->list[i].name, name) == 0)
			return true;
	return false;
}

static void add_pool(struct build *b, json_t *name, struct policy_pool *list,
		     struct policy_pools *pools)
{
	const char *text = json_string_value(name);

	if (!text || !*text)
		build_expected(b, name, "a string that is not empty");
	else if (!is_backend(text))
		build_fail(b, "\"%s\" cannot be the name of a backend of HAProxy", text);
	else if (has_pool(pools, text))
		build_fail(b, "\"%s\" has been named before", text);
	else if ((list[pools->n].name = build_text(b, text)))
		list[pools->n++].accepts = accepts_of(b, text);
}

static const struct policy_pools *make_list(struct build *b, json_t *names)
{
	size_t n = json_is_array(names) ? json_array_size(names) : 1;
	struct policy_pools *pools = build_take(b, 1, sizeof(*pools));
	struct policy_pool *list = build_take(b, POLICY_POOLS, sizeof(*list));

	if (!pools || !list)
		return NULL;
	pools->list = list;
	if (!json_is_array(names))
		add_pool(b, names, list, pools);
	else if (n == 0 || n > POLICY_POOLS)
		build_fail(b, "expected 1 to %d pools, found %zu", POLICY_POOLS, n);
	for (size_t i = 0; json_is_array(names) && i < n && n <= POLICY_POOLS; i++) {
		build_enter_element(b, i);
		add_pool(b, json_array_get(names, i), list, pools);
		build_leave(b);
	}
	return pools->n == n ? pools : NULL;
}

static void remember(struct build *b, struct policy *policy, const char *key,
		     const struct policy_pools *pools)
{
	const struct policy_pools **all =
		build_grow(b, b->lists_of_pools, policy->npools, sizeof(*all));

	if (!all)
		return;
	b->lists_of_pools = all;
	all[policy->npools] = pools;
	if (!b->listed)
		b->listed = json_object();
	json_object_set_new(b->listed, key, json_integer((json_int_t)policy->npools++));
}

const struct policy_pools *pool_list(struct build *b, json_t *names,
				     struct policy *policy)
{
	json_t *list = json_is_array(names) ? json_incref(names) : json_pack("[O]", names);
	char *key = json_dumps(list, JSON_COMPACT);
	json_t *known = key ? json_object_get(b->listed, key) : NULL;
	const struct policy_pools *pools =
		known ? b->lists_of_pools[json_integer_value(known)]
		      : make_list(b, names);

	if (!key)
		build_fail(b, "out of memory");
	else if (pools && !known)
		remember(b, policy, key, pools);
	free(key);
	json_decref(list);
	return pools;
}

/* True if a pool that is not named in "pools" is used. */
static bool has_usual(const struct build *b, const struct policy *policy)
{
	for (size_t i = 0; i < policy->npools; i++)
		for (size_t k = 0; k < policy->pools[i]->n; k++)
			if (policy->pools[i]->list[k].accepts == b->usual)
				return true;
	return false;
}

static void list_pools(struct build *b, struct policy *policy)
{
	const struct policy_pools **pools =
		build_take(b, policy->npools, sizeof(const struct policy_pools *));

	if (pools && policy->npools > 0)
		memcpy(pools, b->lists_of_pools, policy->npools * sizeof(*pools));
	if (!pools)
		policy->npools = 0;
	policy->pools = pools;
}

/* A pool that is not named accepts the usual; the others stand in b->pools. */
void pool_finish(struct build *b, struct policy *policy)
{
	const struct capability **list = build_take(b, b->npools + 1, sizeof(*list));
	bool usual;

	list_pools(b, policy);
	usual = has_usual(b, policy);
	for (size_t i = 0; list && i < b->npools; i++)
		if (b->pools[i].used && b->pools[i].accepts)
			list[policy->naccepts++] = b->pools[i].accepts;
	/* where all is refused, there is something to promise all the same */
	if (list && (usual || policy->naccepts == 0))
		list[policy->naccepts++] = b->usual;
	policy->accepts = list;
}
