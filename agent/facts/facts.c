/* SPDX-License-Identifier: MIT */
#include "facts/facts.h"
#include "policy/fact.h"

#include <stdlib.h>

bool facts_init(struct facts *f)
{
	f->scratch = policy_scratch_new();
	return facts_elements_init(&f->elements) && f->scratch;
}

void facts_clear(struct facts *f)
{
	facts_elements_clear(&f->elements);
	policy_scratch_free(f->scratch);
	free(f->known);
	free(f->asked);
}

static bool take_room(struct facts *f, size_t n)
{
	struct policy_fact *known = calloc(n, sizeof(*known));
	bool *asked = calloc(n, sizeof(*asked));

	if (!known || !asked) {
		free(known);
		free(asked);
		return false;
	}
	free(f->known);
	free(f->asked);
	f->known = known;
	f->asked = asked;
	f->room = n;
	return true;
}

bool facts_begin(struct facts *f, const struct policy *policy)
{
	if (policy->nattributes > f->room && !take_room(f, policy->nattributes))
		return false;
	if (!facts_elements_begin(&f->elements, policy))
		return false;
	f->policy = policy;
	f->association.message = NULL;
	f->association.transfer_syntax = (struct slice){0};
	f->final = false;
	f->scratch->too_hard = false;
	facts_reset(f);
	return true;
}

void facts_reset(struct facts *f)
{
	memset(f->asked, 0, f->policy->nattributes * sizeof(*f->asked));
	f->text = writer_of(f->bytes, sizeof(f->bytes));
}

static struct policy_fact find(struct facts *f, const struct policy_attribute *a)
{
	if (a->source == POLICY_ASSOCIATION)
		return facts_association_get(&f->association, a, &f->scratch->unicode,
					     &f->text);
	return facts_elements_get(&f->elements, a, f->scratch, &f->text);
}

const struct policy_fact *facts_get(struct facts *f, const struct policy_attribute *a)
{
	struct policy_fact *fact = &f->known[a->index];

	if (f->asked[a->index])
		return fact;
	*fact = find(f, a);
	if (f->final && fact->state == POLICY_AT_LEAST)
		fact->state = POLICY_PRESENT;
	if (f->final && fact->state != POLICY_PRESENT)
		*fact = fact_absent;
	f->asked[a->index] = true;
	return fact;
}

static const struct policy_fact *view(void *context, const struct policy_attribute *a)
{
	return facts_get(context, a);
}

struct policy_facts facts_view(struct facts *f)
{
	return (struct policy_facts){
		.get = view, .context = f, .now = f->now, .scratch = f->scratch};
}
