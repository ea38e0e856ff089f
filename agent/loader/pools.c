/* SPDX-License-Identifier: MIT */
/* docs/splicing.md, "What each pool accepts" */
#include "loader/pools.h"
#include "loader/accepts.h"
#include "net/endpoint.h"
#include "archive/archive.h"

#include <stdlib.h>

enum {
	DEFAULT_MAXIMUM_LENGTH = 16378,
	LEAST_MAXIMUM_LENGTH = 4096,
	DEFAULT_PROBE_SECONDS = 600,
	LEAST_PROBE_SECONDS = 10,
	MOST_PROBE_SECONDS = 86400,
	NAME_MAX_BYTES = 128 /* an answer with all names must fit one frame */
};

static uint32_t load_length(struct builder *b, json_t *object, uint32_t unless,
			    bool may_be_none)
{
	json_t *json = json_object_get(object, "maximum_length");
	json_int_t bytes = json_integer_value(json);

	if (!json)
		return unless;
	builder_enter(b, "maximum_length");
	if (!json_is_integer(json) || bytes > UINT32_MAX ||
	    (bytes < LEAST_MAXIMUM_LENGTH && !(bytes == 0 && may_be_none)))
		builder_fail(b, "expected a number of bytes from %d to 4294967295%s",
			     LEAST_MAXIMUM_LENGTH, may_be_none ? ", or 0: no limit" : "");
	builder_leave(b);
	return (uint32_t)bytes;
}

/*** archives ***/

/* The key of its answers; NULL if something is wrong. */
static const char *load_archive(struct builder *b, json_t *json, struct archive *a)
{
	char key[ARCHIVE_KEY];
	struct endpoint e;

	if (!json_is_object(json)) {
		builder_expected(b, json, "{\"address\": \"HOST:PORT\"}");
		return NULL;
	}
	builder_members(b, json, "address called_ae calling_ae");
	a->address = builder_string(b, json, "address");
	if (!a->address || !endpoint_parse(a->address, &e) || !e.host[0]) {
		builder_enter(b, "address");
		builder_expected(b, json_object_get(json, "address"),
				 "HOST:PORT or [IPv6]:PORT");
		builder_leave(b);
		return NULL;
	}
	a->called_ae = builder_ae_title(b, json, "called_ae");
	a->calling_ae = builder_ae_title(b, json, "calling_ae");
	archive_key(a, key, sizeof(key));
	return builder_text(b, key);
}

static struct archive *add_archive(struct builder *b, struct policy *policy)
{
	struct archive *list =
		builder_grow(b, b->archives, policy->narchives, sizeof(*list));

	if (!list)
		return NULL;
	b->archives = list;
	list[policy->narchives] = (struct archive){0};
	return &list[policy->narchives++];
}

/* An answer has been written by probe.h as a part of a policy, and is read as one. */
static const struct capability *answer_of(struct builder *b, const char *key)
{
	const json_t *answer = key ? json_object_get(b->probed, key) : NULL;

	if (!json_is_object(answer))
		return NULL;
	return accepts_load(b, json_object_get(answer, "accepts"),
			    load_length(b, (json_t *)(uintptr_t)answer, 0, true));
}

/* What all of them accept; one that has never answered accepts <unless>. */
static const struct capability *load_archives(struct builder *b, json_t *json,
					      const struct capability *unless,
					      struct policy *policy)
{
	const struct capability *all = NULL;
	json_t *list, *value;

	builder_enter(b, "archives");
	list = builder_list(b, json, 1, "a list of archives");
	for (size_t i = 0; (value = builder_element(b, list, i)); i++) {
		struct archive *archive = add_archive(b, policy);
		const struct capability *one = NULL;

		if (archive)
			one = answer_of(b, load_archive(b, value, archive));
		one = one ? one : unless;
		all = all && one ? accepts_load_common(b, all, one) : one;
	}
	builder_leave(b);
	return all ? all : unless;
}

/*** pools ***/

/* What a probe has found beside, for people */
static void check_notes(struct builder *b, json_t *json)
{
	static const char *const names[] = {"implementation_class_uid",
					    "implementation_version_name"};
	json_t *extended = json_object_get(json, "extended"), *line;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		json_t *value = json_object_get(json, names[i]);

		builder_enter(b, names[i]);
		if (value && !json_is_string(value))
			builder_expected(b, value, "a string");
		builder_leave(b);
	}
	builder_enter(b, "extended");
	if (extended)
		extended = builder_list(b, extended, 0, "a list of strings");
	for (size_t i = 0; (line = builder_element(b, extended, i)); i++)
		if (!json_is_string(line))
			builder_expected(b, line, "a string");
	builder_leave(b);
}

static void load_pool(struct builder *b, json_t *json, struct builder_pool *pool,
		      struct policy *policy)
{
	json_t *accepts = json_object_get(json, "accepts");
	json_t *archives = json_object_get(json, "archives");
	uint32_t length;

	pool->accepts = b->usual;
	if (!json_is_object(json)) {
		builder_expected(b, json, "an object");
		return;
	}
	builder_members(b, json,
			"accepts maximum_length archives implementation_class_uid "
			"implementation_version_name extended");
	check_notes(b, json);
	length = load_length(b, json, DEFAULT_MAXIMUM_LENGTH, true);
	if (accepts)
		pool->accepts = accepts_load(b, accepts, length);
	else if (!archives)
		builder_fail(b, "expected \"accepts\", \"archives\", or both");
	if (archives && pool->accepts)
		pool->accepts = load_archives(b, archives, pool->accepts, policy);
}

static unsigned load_seconds(struct builder *b, json_t *json)
{
	json_int_t seconds = json ? json_integer_value(json) : DEFAULT_PROBE_SECONDS;

	builder_enter(b, "probe_seconds");
	if (seconds < LEAST_PROBE_SECONDS || seconds > MOST_PROBE_SECONDS)
		builder_fail(b, "expected a number of seconds from %d to %d",
			     LEAST_PROBE_SECONDS, MOST_PROBE_SECONDS);
	builder_leave(b);
	return (unsigned)seconds;
}

static bool load_while_down(struct builder *b, json_t *json)
{
	builder_enter(b, "accept_while_down");
	if (json && !json_is_boolean(json))
		builder_expected(b, json, "true or false");
	builder_leave(b);
	return !json_is_false(json);
}

static void load_usual(struct builder *b, json_t *json, struct policy *policy)
{
	builder_enter(b, "negotiate");
	if (json && !json_is_object(json))
		builder_expected(b, json, "an object");
	builder_members(
		b, json,
		"transfer_syntaxes abstract_syntaxes maximum_length probe_seconds "
		"accept_while_down");
	b->usual = policy->usual = accepts_load_usual(
		b, json, load_length(b, json, DEFAULT_MAXIMUM_LENGTH, false));
	policy->probe_seconds = load_seconds(b, json_object_get(json, "probe_seconds"));
	policy->accepts_while_down =
		load_while_down(b, json_object_get(json, "accept_while_down"));
	builder_leave(b);
}

void pools_load_all(struct builder *b, json_t *pools, json_t *negotiate,
		    struct policy *policy)
{
	struct archive *archives;
	const char *name;
	json_t *value;

	load_usual(b, negotiate, policy);
	builder_enter(b, "pools");
	if (pools && !json_is_object(pools))
		builder_expected(b, pools, "an object with a member for each pool");
	b->pools = builder_take(b, json_object_size(pools), sizeof(*b->pools));
	json_object_foreach(pools, name, value)
	{
		if (!b->pools)
			break;
		builder_enter(b, name);
		b->pools[b->npools].name = builder_text(b, name);
		load_pool(b, value, &b->pools[b->npools++], policy);
		builder_leave(b);
	}
	builder_leave(b);
	archives = builder_take(b, policy->narchives, sizeof(*archives));
	if (archives && policy->narchives > 0)
		memcpy(archives, b->archives, policy->narchives * sizeof(*archives));
	policy->archives = archives;
}

/*** the pools of outcomes ***/

/* What it accepts: the usual if "pools" does not name it. */
static const struct capability *accepts_of(struct builder *b, const char *name)
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

static void add_pool(struct builder *b, json_t *name, struct policy_pool *list,
		     struct policy_pools *pools)
{
	const char *text = json_string_value(name);

	if (!text || !*text)
		builder_expected(b, name, "a string that is not empty");
	else if (!is_backend(text))
		builder_fail(b, "\"%s\" cannot be the name of a backend of HAProxy",
			     text);
	else if (has_pool(pools, text))
		builder_fail(b, "\"%s\" has been named before", text);
	else if ((list[pools->n].name = builder_text(b, text)))
		list[pools->n++].accepts = accepts_of(b, text);
}

static const struct policy_pools *make_list(struct builder *b, json_t *names)
{
	size_t n = builder_count(names);
	struct policy_pools *pools = builder_take(b, 1, sizeof(*pools));
	struct policy_pool *list = builder_take(b, POLICY_POOLS, sizeof(*list));
	json_t *name;

	if (!pools || !list)
		return NULL;
	pools->list = list;
	if (n == 0 || n > POLICY_POOLS) {
		builder_fail(b, "expected 1 to %d pools, found %zu", POLICY_POOLS, n);
		return NULL;
	}
	for (size_t i = 0; (name = builder_element(b, names, i)); i++)
		add_pool(b, name, list, pools);
	return pools->n == n ? pools : NULL;
}

static void remember(struct builder *b, struct policy *policy, const char *key,
		     const struct policy_pools *pools)
{
	const struct policy_pools **all =
		builder_grow(b, b->lists_of_pools, policy->npools, sizeof(*all));

	if (!all)
		return;
	b->lists_of_pools = all;
	all[policy->npools] = pools;
	if (!b->listed)
		b->listed = json_object();
	json_object_set_new(b->listed, key, json_integer((json_int_t)policy->npools++));
}

const struct policy_pools *pools_list(struct builder *b, json_t *names,
				      struct policy *policy)
{
	json_t *list =
		json_is_array(names) ? json_incref(names) : json_pack("[O]", names);
	char *key = json_dumps(list, JSON_COMPACT);
	json_t *known = key ? json_object_get(b->listed, key) : NULL;
	const struct policy_pools *pools =
		known ? b->lists_of_pools[json_integer_value(known)]
		      : make_list(b, names);

	if (!key)
		builder_fail(b, "out of memory");
	else if (pools && !known)
		remember(b, policy, key, pools);
	free(key);
	json_decref(list);
	return pools;
}

/* True if a pool that is not named in "pools" is used. */
static bool has_usual(const struct builder *b, const struct policy *policy)
{
	for (size_t i = 0; i < policy->npools; i++)
		for (size_t k = 0; k < policy->pools[i]->n; k++)
			if (policy->pools[i]->list[k].accepts == b->usual)
				return true;
	return false;
}

static void list_pools(struct builder *b, struct policy *policy)
{
	const struct policy_pools **pools =
		builder_take(b, policy->npools, sizeof(const struct policy_pools *));

	if (pools && policy->npools > 0)
		memcpy(pools, b->lists_of_pools, policy->npools * sizeof(*pools));
	if (!pools)
		policy->npools = 0;
	policy->pools = pools;
}

/* A pool that is not named accepts the usual; the others stand in b->pools. */
void pools_finish(struct builder *b, struct policy *policy)
{
	const struct capability **list = builder_take(b, b->npools + 1, sizeof(*list));
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
