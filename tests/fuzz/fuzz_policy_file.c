/* SPDX-License-Identifier: MIT */
/* A policy file, or if the first byte is 0 what grow.h makes of the others.  One that is
 * taken can be evaluated, early as late, with its index as without; one that is not has
 * errors that name the file.
 */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "check.h"
#include "grow.h"
#include "loader/policy_file.h"
#include "policy/equal.h"
#include "policy/ruling.h"

static char folder[] = "/tmp/fuzz-policy-XXXXXX", path[64], list[64];
static uint32_t seed;

static unsigned choose(unsigned n)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 16) % n;
}

/*** what has been compiled ***/

static void check_attributes(const struct policy *p)
{
	size_t elements = p->ncommand + p->nplain + p->nprivate;

	CHECK(p->character_set >= p->ncommand &&
	      p->character_set < p->ncommand + p->nplain);
	CHECK(p->elements[p->character_set].tag == 0x00080005);
	for (size_t i = 0; i < elements; i++) {
		const struct policy_element *e = &p->elements[i];

		CHECK((e->creator != NULL) == (i >= p->ncommand + p->nplain));
		CHECK((e->tag >> 16 == 0) == (i < p->ncommand));
		CHECK(i == 0 || e->creator || e->tag > e[-1].tag);
	}
	for (size_t i = 0; i < p->nattributes; i++) {
		const struct policy_attribute *a = p->attributes[i];

		CHECK(a->index == i && a->name && strlen(a->vr) == 2);
		CHECK((a->npath == 0) == (a->source == POLICY_ASSOCIATION));
		if (a->npath > 0)
			CHECK(a->element < elements &&
			      p->elements[a->element].tag == a->path[0].tag);
	}
}

static void check_outcome(const struct policy *p, const struct policy_outcome *o)
{
	CHECK(o->rule);
	CHECK(o->pools || o->rejection.result);
	for (size_t i = 0; i < o->key.n; i++)
		CHECK(o->pools && p->attributes[o->key.list[i]->index] == o->key.list[i]);
	CHECK(!o->called_ae || (o->pools && strlen(o->called_ae) <= PDU_AE_TITLE));
	CHECK(!o->calling_ae || (o->pools && strlen(o->calling_ae) <= PDU_AE_TITLE));
}

static void check_policy(const struct policy *p)
{
	CHECK(strlen(p->id) == POLICY_ID_SIZE - 1 && p->index);
	check_attributes(p);
	for (size_t i = 0; i < p->nrules; i++)
		check_outcome(p, &p->rules[i].outcome);
	check_outcome(p, &p->otherwise);
	for (size_t i = 0; i < p->nexports; i++)
		CHECK(p->exports[i].variable && p->exports[i].attribute);
	CHECK(p->usual && p->usual->nrows > 0 && p->usual->maximum_length >= 4096);
}

/*** what it decides ***/

enum { ATTRIBUTES = 64 };

/* What the attributes will be, and what is known of it. */
static struct policy_fact whole[ATTRIBUTES], known[ATTRIBUTES];

static const struct policy_fact *look_up(void *context, const struct policy_attribute *a)
{
	const struct policy_fact *table = context;

	CHECK(a->index < ATTRIBUTES);
	return &table[a->index];
}

static void draw_whole(struct policy_fact *fact)
{
	static const char *const texts[] = {"",
					    "CT",
					    "MR \\CT",
					    "A\\B\\C",
					    "1.2.840.10008.5.1.4.1.1.2",
					    "512",
					    "20200229",
					    "105959",
					    "045Y",
					    "20201231235959+0100",
					    "10.1.2.3",
					    "fe80::1",
					    "A^B=C^D=",
					    "M\u00fcller",
					    "ab\\x "};

	fact->state = choose(4) ? POLICY_PRESENT : POLICY_ABSENT;
	fact->text = fact->state == POLICY_PRESENT
			     ? slice_str(texts[choose(sizeof(texts) / sizeof(texts[0]))])
			     : (struct slice){0};
}

/* Something that is true of <fact>, but may not be all. */
static struct policy_fact draw_known(const struct policy_attribute *a,
				     const struct policy_fact *fact)
{
	struct slice rest = fact->text, value;

	switch (choose(4)) {
	case 0:
		return (struct policy_fact){POLICY_UNKNOWN, {0}};
	case 1:
		if (fact->state == POLICY_PRESENT &&
		    policy_next_value(a->vr, &rest, &value))
			return (struct policy_fact){POLICY_AT_LEAST, value};
		return (struct policy_fact){POLICY_UNKNOWN, {0}};
	case 2:
		/* one of several: only what has one value can turn out to be it */
		if (fact->state == POLICY_PRESENT &&
		    slice_equal(fact->text, slice_str("CT")))
			return (struct policy_fact){POLICY_ONE_OF,
						    policy_separator(a->vr) == '\\'
							    ? slice_str("CT\\MR")
							    : slice_str("CT\x1EMR")};
		return (struct policy_fact){POLICY_UNKNOWN, {0}};
	default:
		return *fact;
	}
}

static const struct policy_outcome *first_that_matches(const struct policy *p,
						       const struct policy_facts *facts)
{
	for (size_t i = 0; i < p->nrules; i++) {
		enum policy_tri truth = policy_test(&p->rules[i].condition, facts);

		CHECK(truth != POLICY_MAYBE);
		if (truth == POLICY_YES)
			return &p->rules[i].outcome;
	}
	return &p->otherwise;
}

static void check_evaluation(const struct policy *p, struct policy_scratch *scratch)
{
	const struct policy_facts all = {
		.get = look_up, .context = whole, .now = 1795608000, .scratch = scratch};
	struct policy_facts some = all;

	some.context = known;
	if (p->nattributes > ATTRIBUTES)
		return;
	for (int round = 0; round < 8; round++) {
		const struct policy_outcome *late, *early;

		for (size_t i = 0; i < p->nattributes; i++) {
			draw_whole(&whole[i]);
			known[i] = draw_known(p->attributes[i], &whole[i]);
		}
		late = ruling_decide(p, &all);
		early = ruling_decide(p, &some);
		CHECK(late && policy_equal_outcome(late, first_that_matches(p, &all)));
		CHECK(!early || policy_equal_outcome(early, late));
	}
}

/*** the file ***/

static void remove_folder(void)
{
	unlink(path);
	unlink(list);
	rmdir(folder);
}

static void put(const char *name, const void *bytes, size_t size)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	CHECK(fd >= 0 && write(fd, bytes, size) == (ssize_t)size && close(fd) == 0);
}

static void make_folder(void)
{
	static const char values[] = "1.2.3\n# no\n\r\n 5* \nCTImageStorage\n";

	CHECK(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/policy.json", folder);
	snprintf(list, sizeof(list), "%s/list", folder);
	put(list, values, strlen(values));
	atexit(remove_folder);
}

static void check_report(const struct report *report, bool taken)
{
	CHECK(taken == (report->errors == 0));
	CHECK(report->n > 0 || taken);
	for (size_t i = 0; i < report->n; i++) {
		const char *text = report->entries[i].text;

		CHECK(strncmp(text, folder, strlen(folder)) == 0);
		CHECK(strstr(text,
			     report->entries[i].warning ? ": warning: " : ": error: "));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct report report;
	static struct policy_scratch *scratch;
	struct slice text = slice_of(data, size);
	struct files files = {0};
	struct policy *p;

	if (!scratch) {
		make_folder();
		scratch = policy_scratch_new();
		CHECK(scratch);
	}
	if (size > 0 && data[0] == 0)
		text = grow_policy(slice_of(data + 1, size - 1));
	else if (memmem(data, size, "/dev", 4) || memmem(data, size, "\\", 1))
		return 0; /* a device could be named, and read for ever */
	put(path, text.ptr, text.len);
	p = policy_file_load(path, &report, &files, NULL);
	check_report(&report, p != NULL);
	CHECK(files.n > 0 && strcmp(files.list[0].path, path) == 0);
	if (p) {
		seed = (uint32_t)size * 2654435761u + (size > 0 ? data[size / 2] : 0);
		check_policy(p);
		check_evaluation(p, scratch);
	}
	policy_free(p);
	report_clear(&report);
	files_forget(&files);
	return 0;
}
