/* SPDX-License-Identifier: MIT */
/* Evaluation of one condition.  It recurses as deep as conditions nest, which
 * loader/condition.c limits.
 */
#include "policy/policy.h"
#include "base/hash.h"
#include "base/wildcard.h"
#include "dicom/dict.h"

#include <stdlib.h>
#include <time.h>

static enum policy_tri from_bool(bool truth)
{
	return truth ? POLICY_YES : POLICY_NO;
}

struct policy_scratch *policy_scratch_new(void)
{
	struct policy_scratch *scratch = calloc(1, sizeof(*scratch));

	if (scratch && !(scratch->regex = regex_scratch_new())) {
		free(scratch);
		return NULL;
	}
	return scratch;
}

void policy_scratch_free(struct policy_scratch *scratch)
{
	if (scratch)
		regex_scratch_free(scratch->regex);
	free(scratch);
}

/*** one value ***/

int policy_slice_order(const void *left, const void *right)
{
	const struct slice *a = left, *b = right;

	return slice_order(*a, *b);
}

int policy_number_order(const void *left, const void *right)
{
	const double *a = left, *b = right;

	return (*a > *b) - (*a < *b);
}

static bool in_networks(const struct policy_set *set, struct slice value)
{
	struct ip_address address;

	if (set->nnetworks == 0 || !ip_parse(value, &address))
		return false;
	for (size_t i = 0; i < set->nnetworks; i++)
		if (ip_network_contains(&set->networks[i], &address))
			return true;
	return false;
}

static bool in_numbers(const struct policy_set *set, const char *vr, struct slice value)
{
	double number;

	return set->nnumbers > 0 && value_number(value_kind(vr), value, &number) &&
	       bsearch(&number, set->numbers, set->nnumbers, sizeof(number),
		       policy_number_order);
}

static bool in_set(const struct policy_set *set, const char *vr, struct slice value,
		   const struct policy_facts *facts)
{
	struct policy_scratch *s = facts->scratch;
	struct slice text = value;

	if (set->fold) {
		struct writer out = writer_of(s->folded, sizeof(s->folded));

		if (!unicode_fold(&s->unicode, value, &out)) {
			s->unfolded = true;
			return false;
		}
		text = writer_slice(&out);
	}
	if (set->nliterals > 0 && bsearch(&text, set->literals, set->nliterals,
					  sizeof(text), policy_slice_order))
		return true;
	for (size_t i = 0; i < set->npatterns; i++)
		if (wildcard_matches(set->patterns[i], text))
			return true;
	for (size_t i = 0; i < set->ngroups; i++)
		if (dict_in_group(set->groups[i], text))
			return true;
	return in_numbers(set, vr, value) || in_networks(set, value);
}

static bool in_range(const struct policy_range *r, struct slice value, int64_t now)
{
	double number;

	return value_number(r->kind, value, &number) &&
	       (!r->has_from || number >= r->from) && (!r->has_to || number <= r->to) &&
	       (!r->has_older || number < value_before(r->kind, r->older, now)) &&
	       (!r->has_newer || number >= value_before(r->kind, r->newer, now));
}

static bool in_one_of(const struct policy_match *m, const char *vr, struct slice value,
		      const struct policy_facts *facts)
{
	for (size_t i = 0; i < m->nin; i++)
		if (in_set(m->in[i], vr, value, facts))
			return true;
	return m->nin == 0;
}

static bool satisfies_regex(const struct regex *regex, struct slice value,
			    const struct policy_facts *facts)
{
	enum regex_result result = regex_match(regex, facts->scratch->regex, value);

	facts->scratch->too_hard |= result == REGEX_TOO_HARD;
	return result == REGEX_YES;
}

static bool satisfies(const struct policy_match *m, const char *vr, struct slice value,
		      const struct policy_facts *facts)
{
	return (!m->is || in_set(m->is, vr, value, facts)) &&
	       in_one_of(m, vr, value, facts) &&
	       (!m->range || in_range(m->range, value, facts->now)) &&
	       (!m->regex || satisfies_regex(m->regex, value, facts));
}

static struct slice without_tail(struct slice s, uint8_t byte)
{
	while (s.len > 0 && s.ptr[s.len - 1] == byte)
		s.len--;
	return s;
}

/* A name passes as a whole, or by one of its component groups: alphabetic, ideographic,
 * phonetic (PS3.5 6.2.1.1).  Empty components at the end (^) and empty groups (=) do not
 * count.
 */
static bool name_satisfies(const struct policy_match *m, struct slice name,
			   const struct policy_facts *facts)
{
	if (satisfies(m, "PN", without_tail(without_tail(name, '='), '^'), facts))
		return true;
	if (name.len == 0 || !memchr(name.ptr, '=', name.len))
		return false;
	while (name.len > 0) {
		const uint8_t *end = memchr(name.ptr, '=', name.len);
		struct slice group =
			slice_head(name, end ? (size_t)(end - name.ptr) : name.len);

		if (satisfies(m, "PN", without_tail(group, '^'), facts))
			return true;
		name = end ? slice_of(end + 1, name.len - group.len - 1)
			   : (struct slice){0};
	}
	return false;
}

bool policy_value_matches(const struct policy_match *match,
			  const struct policy_attribute *attribute, struct slice value,
			  const struct policy_facts *facts)
{
	if (dict_vr_is(attribute->vr, "PN"))
		return name_satisfies(match, value, facts);
	return satisfies(match, attribute->vr, value, facts);
}

bool policy_is_bulk(const struct policy_attribute *attribute)
{
	return attribute->vr[0] == 'O' || dict_vr_is(attribute->vr, "UN SQ");
}

uint8_t policy_separator(const char *vr)
{
	return dict_vr_is(vr, "ST LT UT UR") ? 0x1E : '\\';
}

bool policy_next_value(const char *vr, struct slice *text, struct slice *value)
{
	const uint8_t *end = NULL;

	if (!text->ptr)
		return false;
	if (text->len > 0)
		end = memchr(text->ptr, policy_separator(vr), text->len);
	*value = slice_head(*text, end ? (size_t)(end - text->ptr) : text->len);
	*text = end ? slice_of(end + 1, text->len - value->len - 1) : (struct slice){0};
	*value = dict_vr_is(vr, "ST LT UT") ? slice_trim_end(*value) : slice_trim(*value);
	return true;
}

/*** conditions ***/

bool policy_is_literal(const struct policy_match *m)
{
	return m->is && !m->is->fold && m->nin == 0 && !m->regex && !m->range &&
	       m->is->npatterns + m->is->nnumbers + m->is->nnetworks + m->is->ngroups ==
		       0;
}

/* The result of a test that the facts do not settle. */
static enum policy_tri unknown(const struct policy_node *node,
			       const struct policy_fact *fact,
			       const struct policy_facts *facts)
{
	return facts->assume ? facts->assume(facts->assumptions, node, fact, facts)
			     : POLICY_MAYBE;
}

static enum policy_tri test_match(const struct policy_node *node,
				  const struct policy_fact *fact,
				  const struct policy_facts *facts)
{
	struct slice text = fact->text, value;
	bool any = false, all = true;

	if (fact->state == POLICY_ABSENT)
		return POLICY_NO;
	facts->scratch->unfolded = false;
	while (fact->state != POLICY_UNKNOWN &&
	       policy_next_value(node->attribute->vr, &text, &value)) {
		bool hit =
			policy_value_matches(node->match, node->attribute, value, facts);

		any |= hit;
		all &= hit;
	}
	if (any && (all || fact->state != POLICY_ONE_OF))
		return POLICY_YES;
	facts->scratch->too_large |= facts->scratch->unfolded;
	if (!facts->scratch->unfolded &&
	    (fact->state == POLICY_PRESENT || (fact->state == POLICY_ONE_OF && !any)))
		return POLICY_NO;
	return unknown(node, fact, facts);
}

static enum policy_tri test_empty(const struct policy_node *node,
				  const struct policy_fact *fact,
				  const struct policy_facts *facts)
{
	struct slice text = fact->text, value;

	if (fact->state == POLICY_ABSENT)
		return POLICY_NO;
	while (fact->state != POLICY_UNKNOWN &&
	       policy_next_value(node->attribute->vr, &text, &value))
		if (value.len > 0)
			return POLICY_NO;
	if (fact->state == POLICY_PRESENT || fact->state == POLICY_ONE_OF)
		return POLICY_YES;
	return unknown(node, fact, facts);
}

static enum policy_tri test_there(const struct policy_node *node,
				  const struct policy_fact *fact,
				  const struct policy_facts *facts)
{
	if (fact->state != POLICY_UNKNOWN)
		return from_bool(fact->state != POLICY_ABSENT);
	return unknown(node, fact, facts);
}

bool policy_known(const struct policy_attributes *attributes,
		  const struct policy_facts *facts)
{
	for (size_t i = 0; i < attributes->n; i++) {
		const struct policy_fact *fact =
			facts->get(facts->context, attributes->list[i]);

		if (fact->state != POLICY_PRESENT && fact->state != POLICY_ABSENT)
			return false;
	}
	return true;
}

/* Hashes the first value of each attribute.  If none has a value the result is NO. */
static enum policy_tri test_sample(const struct policy_node *node,
				   const struct policy_facts *facts)
{
	const struct policy_sample *sample = node->sample;
	uint64_t hash = HASH_START;
	bool any = false;

	if (!policy_known(&sample->by, facts))
		return unknown(node, NULL, facts);
	for (size_t i = 0; i < sample->by.n; i++) {
		const struct policy_attribute *a = sample->by.list[i];
		struct slice text = facts->get(facts->context, a)->text, value = {0};

		if (policy_next_value(a->vr, &text, &value))
			any |= value.len > 0;
		hash = hash_bytes(hash_bytes(hash, value), slice_str("\\"));
	}
	return from_bool(any && hash_spread(hash) >> 32 < sample->threshold);
}

static bool on_schedule(const struct policy_schedule *s, int64_t now)
{
	time_t t = (time_t)now;
	unsigned minute, day;
	struct tm local;

	if (!localtime_r(&t, &local))
		return false;
	minute = (unsigned)(local.tm_hour * 60 + local.tm_min);
	day = (unsigned)local.tm_wday;
	if (s->from < s->to && (minute < s->from || minute >= s->to))
		return false;
	if (s->from > s->to && minute < s->from) {
		if (minute >= s->to)
			return false;
		day = (day + 6) % 7; /* after midnight: it began the day before */
	}
	return s->weekdays >> day & 1;
}

static enum policy_tri test_children(const struct policy_node *node,
				     const struct policy_facts *facts)
{
	enum policy_tri settles = from_bool(node->kind == POLICY_ANY);
	enum policy_tri result = from_bool(node->kind == POLICY_ALL);

	for (size_t i = 0; i < node->nchildren; i++) {
		enum policy_tri child = policy_test(&node->children[i], facts);

		if (child == settles)
			return settles;
		if (child == POLICY_MAYBE)
			result = POLICY_MAYBE;
	}
	return result;
}

static enum policy_tri negate(enum policy_tri truth)
{
	return truth == POLICY_MAYBE ? truth : from_bool(truth == POLICY_NO);
}

enum policy_tri policy_test(const struct policy_node *node,
			    const struct policy_facts *facts)
{
	switch (node->kind) {
	case POLICY_ALL:
	case POLICY_ANY:
		return test_children(node, facts);
	case POLICY_NOT:
		return negate(policy_test(node->children, facts));
	case POLICY_MATCH:
		return test_match(node, facts->get(facts->context, node->attribute),
				  facts);
	case POLICY_IS_THERE:
		return test_there(node, facts->get(facts->context, node->attribute),
				  facts);
	case POLICY_IS_EMPTY:
		return test_empty(node, facts->get(facts->context, node->attribute),
				  facts);
	case POLICY_SAMPLE:
		return test_sample(node, facts);
	case POLICY_SCHEDULE:
		return from_bool(on_schedule(node->schedule, facts->now));
	}
	return POLICY_NO;
}
