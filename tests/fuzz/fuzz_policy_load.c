/* SPDX-License-Identifier: MIT */
/* A policy file.  One that is taken can be evaluated; one that is not has an error that
 * names the file.
 */
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "check.h"
#include "policy_load.h"

struct table {
	const struct policy *policy;
	struct policy_fact fact;
};

static const struct policy_fact *look_up(void *context, size_t attribute)
{
	struct table *t = context;

	CHECK(attribute < t->policy->nattributes);
	return &t->fact;
}

static void check_outcome(const struct policy *p, const struct policy_outcome *o)
{
	CHECK(o->rule);
	CHECK(o->backend || o->rejection.result);
	CHECK(o->key == POLICY_NO_KEY || o->key < p->nattributes);
	CHECK(!o->called_ae || (o->backend && strlen(o->called_ae) <= UL_AE_TITLE));
}

static void check_policy(const struct policy *p)
{
	CHECK(p->character_set < p->nattributes);
	CHECK(p->attributes[p->character_set].tag == 0x00080005);
	CHECK(p->command_first <= p->data_set_first && p->data_set_first <= p->nattributes);
	for (size_t i = 0; i < p->nattributes; i++) {
		const struct policy_attribute *a = &p->attributes[i];

		CHECK(a->source == (i < p->command_first    ? POLICY_ASSOCIATION
				    : i < p->data_set_first ? POLICY_COMMAND
							    : POLICY_DATA_SET));
		CHECK(i == 0 || a->source != a[-1].source || a->tag > a[-1].tag);
		CHECK(a->name && strlen(a->vr) == 2);
	}
	for (size_t i = 0; i < p->nrules; i++)
		check_outcome(p, &p->rules[i].outcome);
	check_outcome(p, &p->otherwise);
	for (size_t i = 0; i < p->negotiation.ntransfer_syntaxes; i++)
		CHECK(p->negotiation.transfer_syntaxes[i]);
	for (size_t i = 0; i < p->negotiation.nabstract_syntaxes; i++)
		CHECK(p->negotiation.abstract_syntaxes[i]);
	CHECK(p->negotiation.maximum_length >= 4096);
}

static void check_evaluation(const struct policy *p)
{
	static const char *const texts[] = {"", "CT", "1.2.840.10008.5.1.4.1.1.2", "A\\B\\C"};
	struct table t = {p, {POLICY_ABSENT, {0}}};
	const struct policy_facts facts = {look_up, &t};
	const struct policy_outcome *early, *late;

	t.fact.state = POLICY_UNKNOWN;
	early = policy_decide(p, &facts);
	t.fact.state = POLICY_ABSENT;
	late = policy_decide(p, &facts);
	CHECK(late && (!early || early == late));
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		t.fact = (struct policy_fact){POLICY_PRESENT, slice_str(texts[i])};
		late = policy_decide(p, &facts);
		CHECK(late && (!early || early == late));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int fd = -1;
	static char path[64];
	struct policy_error error;
	struct policy *p;

	if (fd < 0) {
		fd = memfd_create("policy", 0);
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	}
	CHECK(ftruncate(fd, 0) == 0 && pwrite(fd, data, size, 0) == (ssize_t)size);
	p = policy_load(path, &error);
	if (p) {
		check_policy(p);
		check_evaluation(p);
	} else {
		CHECK(strncmp(error.text, path, strlen(path)) == 0);
		CHECK(strlen(error.text) > strlen(path) + 2);
	}
	policy_free(p);
	return 0;
}
