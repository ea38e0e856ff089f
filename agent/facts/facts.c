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
}

static bool take_room(struct facts *f, size_t n)
{
	struct facts_known *known = calloc(n, sizeof(*known));

	if (!known)
		return false;
	free(f->known);
	f->known = known;
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
	f->scratch->too_hard = false;
	f->scratch->too_large = false;
	memset(f->known, 0, policy->nattributes * sizeof(*f->known));
	f->text = writer_of(f->bytes, sizeof(f->bytes));
	return true;
}

static struct policy_fact find(struct facts *f, const struct policy_attribute *a)
{
	if (a->source == POLICY_ASSOCIATION)
		return facts_association_get(&f->association, a, &f->scratch->unicode,
					     &f->text);
	return facts_elements_get(&f->elements, a, f->scratch, &f->text);
}

static const struct facts_known *look_up(struct facts *f,
					 const struct policy_attribute *a)
{
	struct facts_known *known = &f->known[a->index];

	if (known->asked)
		return known;
	known->asked = true;
	known->so_far = known->final = find(f, a);
	f->scratch->too_large |= fact_is_too_large(&known->so_far);
	if (known->final.state == POLICY_AT_LEAST)
		known->final.state = POLICY_PRESENT;
	else if (known->final.state != POLICY_PRESENT)
		known->final = fact_absent;
	return known;
}

bool facts_asked(const struct facts *f, const struct policy_attribute *a)
{
	return f->known[a->index].asked;
}

static const struct policy_fact *get_so_far(void *context,
					    const struct policy_attribute *a)
{
	return &look_up(context, a)->so_far;
}

static const struct policy_fact *get_final(void *context,
					   const struct policy_attribute *a)
{
	return &look_up(context, a)->final;
}

static const struct policy_fact *get_unsure(void *context,
					    const struct policy_attribute *a)
{
	const struct facts_known *known = look_up(context, a);

	return fact_is_too_large(&known->so_far) ? &known->so_far : &known->final;
}

const struct policy_fact *facts_get(struct facts *f, enum facts_time when,
				    const struct policy_attribute *a)
{
	return facts_view(f, when).get(f, a);
}

/* The policy_assume of FACTS_FINAL: a value that is too large for a test does not pass.
 */
static enum policy_tri assume_no(void *assumptions, const struct policy_node *node,
				 const struct policy_fact *fact,
				 const struct policy_facts *facts)
{
	(void)assumptions;
	(void)node;
	(void)fact;
	(void)facts;
	return POLICY_NO;
}

struct policy_facts facts_view(struct facts *f, enum facts_time when)
{
	static const struct policy_facts views[] = {
		[FACTS_SO_FAR] = {.get = get_so_far},
		[FACTS_FINAL] = {.get = get_final, .assume = assume_no},
		[FACTS_UNSURE] = {.get = get_unsure},
	};

	return (struct policy_facts){.get = views[when].get,
				     .assume = views[when].assume,
				     .context = f,
				     .now = f->now,
				     .scratch = f->scratch};
}
