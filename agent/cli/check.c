/* SPDX-License-Identifier: MIT */
#include "cli/check.h"
#include "haproxy_cfg/config.h"
#include "base/suggest.h"
#include "loader/policy_file.h"
#include "policy/unreachable.h"

#include <stdio.h>
#include <stdlib.h>

struct check {
	const char *path;
	struct slice json; /* the policy's text, for places */
	struct report report;
	struct haproxy_config haproxy;
	bool has_haproxy;
};

static const char usage[] =
	"usage: dicom-spoa check POLICY [--haproxy FILE]...\n"
	"\n"
	"Prints everything that is wrong with a policy, as FILE:LINE:COLUMN.\n"
	"\n"
	"  --haproxy FILE   configuration of HAProxy, or a directory of it, whose\n"
	"                   pools are compared with the policy's; may be given\n"
	"                   several times, in the order of HAProxy's -f\n"
	"  --help           print this\n"
	"\n"
	"Status 0: it can be used, though there may be warnings.  Status 1: there\n"
	"are errors.  Status 2: bad usage.\n";

/*** places ***/

/* Of the value of <member> in rule <rule>, or in the default if it is SIZE_MAX. */
static struct json_place json_place_of(const struct check *c, size_t rule,
				       const char *member)
{
	const struct json_place_step in_rule[] = {
		{.member = "rules"}, {.index = rule}, {.member = member}};
	const struct json_place_step in_default[] = {{.member = "default"},
						     {.member = member}};
	struct json_place at;

	/* finding it reads the whole text */
	if (c->report.n == REPORT_MAX)
		return (struct json_place){0};
	if (rule == SIZE_MAX
		    ? json_place_find(c->json, in_default, 2, JSON_PLACE_VALUE, &at)
		    : json_place_find(c->json, in_rule, 3, JSON_PLACE_VALUE, &at))
		return at;
	return (struct json_place){0};
}

/*** rules ***/

static void check_reach(struct check *c, const struct policy *p)
{
	struct unreachable *reach = unreachable_new(p);

	for (size_t i = 0; reach && i < p->nrules; i++) {
		size_t above = unreachable_hidden_by(reach, i);

		if (above != SIZE_MAX)
			report_add(&c->report, true, c->path, json_place_of(c, i, "name"),
				   "rules[%zu]: \"%s\" is never reached: \"%s\" above it "
				   "matches all that it matches",
				   i, p->rules[i].outcome.rule,
				   p->rules[above].outcome.rule);
	}
	unreachable_free(reach);
}

/*** pools ***/

static const struct policy_outcome *outcome_at(const struct policy *p, size_t i)
{
	return i < p->nrules ? &p->rules[i].outcome : &p->otherwise;
}

static bool is_pool(const struct haproxy_section *s)
{
	return s->kind >= HAPROXY_BACKEND && !haproxy_fault(s);
}

static void refuse_pool(struct check *c, const struct policy *p, size_t i,
			const char *name)
{
	const struct haproxy_section *found = haproxy_config_find(&c->haproxy, name);
	struct json_place at = json_place_of(c, i < p->nrules ? i : SIZE_MAX, "backend");
	struct suggest n;

	if (found) {
		report_add(&c->report, false, c->path, at,
			   "\"%s\": the backend of that name %s (%s:%u)", name,
			   haproxy_fault(found), found->file, found->line);
		return;
	}
	suggest_begin(&n, name);
	for (const struct haproxy_section *s = c->haproxy.first; s; s = s->next)
		if (is_pool(s))
			suggest_offer(&n, s->name);
	report_add(&c->report, false, c->path, at,
		   "\"%s\": HAProxy's configuration has no backend of that name%s", name,
		   suggest_phrase(&n));
}

static void check_pools(struct check *c, const struct policy *p)
{
	for (size_t i = 0; i <= p->nrules; i++) {
		const struct policy_pools *pools = outcome_at(p, i)->pools;

		for (size_t k = 0; pools && k < pools->n; k++) {
			const char *name = pools->list[k].name;
			const struct haproxy_section *found =
				haproxy_config_find(&c->haproxy, name);

			if (!found || haproxy_fault(found))
				refuse_pool(c, p, i, name);
		}
	}
}

/* A study that takes several associations is kept together only by a rule with a key and
 * a pool that looks at it.
 */
static void check_affinity_to(struct check *c, const struct policy *p, size_t i,
			      const struct haproxy_section *pool)
{
	const struct policy_outcome *o = outcome_at(p, i);
	const enum haproxy_affinity by = haproxy_affinity(pool);
	const size_t rule = i < p->nrules ? i : SIZE_MAX;

	if (o->key.n > 0 && (by == HAPROXY_SPREADS || by == HAPROXY_BY_SCU))
		report_add(&c->report, true, c->path, json_place_of(c, rule, "key"),
			   "\"%s\": the pool \"%s\" (%s:%u) neither hashes the key nor "
			   "sticks to it, so it has no effect there; write in the pool: "
			   "balance hash var(txn.dicom.key)",
			   o->rule, pool->name, pool->file, pool->line);
	if (o->key.n == 0 && pool->servers > 1 &&
	    (by == HAPROXY_SPREADS || by == HAPROXY_BY_KEY))
		report_add(&c->report, true, c->path, json_place_of(c, rule, "backend"),
			   "\"%s\" has no key, so a study can be spread over the %u "
			   "servers of the pool \"%s\" (%s:%u); write: \"key\": "
			   "\"PatientID\"",
			   o->rule, pool->servers, pool->name, pool->file, pool->line);
}

static void check_affinity(struct check *c, const struct policy *p)
{
	for (size_t i = 0; i <= p->nrules; i++) {
		const struct policy_pools *pools = outcome_at(p, i)->pools;

		for (size_t k = 0; pools && k < pools->n; k++) {
			const struct haproxy_section *pool =
				haproxy_config_find(&c->haproxy, pools->list[k].name);

			if (pool && !haproxy_fault(pool))
				check_affinity_to(c, p, i, pool);
		}
	}
}

static bool is_used(const struct policy *p, const char *pool)
{
	for (size_t i = 0; i < p->npools; i++)
		for (size_t k = 0; k < p->pools[i]->n; k++)
			if (strcmp(p->pools[i]->list[k].name, pool) == 0)
				return true;
	return false;
}

static void warn_unchecked(struct check *c, const struct haproxy_section *s)
{
	report_add(&c->report, true, s->file, (struct json_place){s->line, 1},
		   "the pool \"%s\" has no DICOM check, so an archive that is down still "
		   "gets associations; write: %s %s from dicom-archives "
		   "(haproxy/pools.cfg)",
		   s->name, s->kind == HAPROXY_LISTEN ? "listen" : "backend", s->name);
}

static void check_backends(struct check *c, const struct policy *p)
{
	for (const struct haproxy_section *s = c->haproxy.first; s; s = s->next) {
		if (!is_pool(s))
			continue;
		if (is_used(p, s->name) && !haproxy_has_dicom_check(s))
			warn_unchecked(c, s);
		if (!is_used(p, s->name) && !haproxy_config_uses(&c->haproxy, s->name))
			report_add(&c->report, true, s->file,
				   (struct json_place){s->line, 1},
				   "no rule sends anything to the pool \"%s\"", s->name);
	}
}

/*** the command ***/

static bool read_haproxy(struct check *c, const char *path)
{
	char error[512];

	if (haproxy_config_read(&c->haproxy, path, error, sizeof(error)))
		return true;
	report_add(&c->report, false, NULL, (struct json_place){0}, "%s", error);
	return false;
}

static void check_policy(struct check *c)
{
	struct files files = {0}, again = {0};
	struct policy *policy = policy_file_load(c->path, &c->report, &files, NULL);
	size_t len = 0;
	char *text = policy ? files_read(&again, c->path, &len) : NULL;

	c->json = slice_of(text, len);
	if (policy)
		check_reach(c, policy);
	if (policy && c->has_haproxy) {
		check_pools(c, policy);
		check_backends(c, policy);
		check_affinity(c, policy);
	}
	free(text);
	policy_free(policy);
	files_forget(&files);
	files_forget(&again);
}

static void print_report(const struct report *r)
{
	for (size_t i = 0; i < r->n; i++)
		puts(r->entries[i].text);
	if (r->errors + r->warnings > r->n)
		printf("and %zu more\n", r->errors + r->warnings - r->n);
}

int check_command(int argc, char **argv)
{
	static struct check c;
	static struct command_texts haproxy;
	const struct command_option options[] = {{"haproxy", .texts = &haproxy},
						 {.name = NULL}};
	char **args;
	int status;

	args = command_arguments(argc, argv, usage, options, 1, &status);
	if (!args)
		return status;
	c.path = args[0];
	c.has_haproxy = haproxy.n > 0;
	for (size_t i = 0; i < haproxy.n && c.has_haproxy; i++)
		c.has_haproxy = read_haproxy(&c, haproxy.list[i]);
	check_policy(&c);
	print_report(&c.report);
	status = c.report.errors > 0 ? EXIT_CONFIGURATION : EXIT_OK;
	report_clear(&c.report);
	haproxy_config_free(&c.haproxy);
	return status;
}
