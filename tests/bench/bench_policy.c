/* SPDX-License-Identifier: MIT */
/* What a decision costs with 10 to 10,000 rules: the table of docs/policy.md, "Speed".
 *
 * Status 1 if 10,000 rules that have an index take more than 5 times as long as 10, for
 * some position of the rule that matches.  The peer is to try one rule after the other.
 */
#include <malloc.h>
#include <time.h>

#include "messages.h"
#include "policy/ruling.h"

enum {
	SIZES = 4,
	ROUNDS = 21,        /* medians are of so many */
	SAMPLE_NS = 100000, /* a sample takes so long at least */
	AT_A_TIME = 8,      /* decisions between two looks at the clock */
	TURNS = 1024,       /* questions that are asked in turn */
	BOUND = 5
};

static const size_t sizes[SIZES] = {10, 100, 1000, 10000};

/*** what is measured ***/

enum measure { ASSOCIATE, DATASET, RULE_ASSOCIATE, RULE_DATASET, ONE_BY_ONE, MEASURES };

static const char *const measures[MEASURES] = {"`associate`", "`dataset`",
					       "`associate`, the rule",
					       "`dataset`, the rule", "one by one"};

/* A policy at work */
struct subject {
	struct policy_store *policies;
	const struct policy *policy;
	struct decide *d;
	struct policy_fact *facts;                        /* of each attribute */
	struct policy_fact *title, *modality, *body_part; /* NULL: no rule asks */
	struct policy_facts view;
	struct asked questions[POSITIONS - 1], turns[TURNS];
	size_t turn;
};

static const struct policy_fact *get(void *context, const struct policy_attribute *a)
{
	return &((const struct subject *)context)->facts[a->index];
}

static struct policy_fact *fact_named(const struct subject *s, const char *name)
{
	for (size_t i = 0; i < s->policy->nattributes; i++)
		if (strcmp(s->policy->attributes[i]->name, name) == 0)
			return &s->facts[s->policy->attributes[i]->index];
	return NULL;
}

static void tell(struct policy_fact *fact, const char *text, bool known)
{
	if (fact)
		*fact = (struct policy_fact){known ? POLICY_PRESENT : POLICY_UNKNOWN,
					     slice_of(text, known ? WIDTH : 0)};
}

static void tell_all(struct subject *s, const struct asked *q, bool data)
{
	tell(s->title, q->title, true);
	tell(s->modality, q->modality, data);
	tell(s->body_part, q->body_part, data);
}

static const struct policy_outcome *try_each(const struct subject *s)
{
	for (size_t i = 0; i < s->policy->nrules; i++)
		if (policy_test(&s->policy->rules[i].condition, &s->view) == POLICY_YES)
			return &s->policy->rules[i].outcome;
	return &s->policy->otherwise;
}

static void measure_message(struct subject *s, struct message *m, const struct asked *q,
			    struct writer *ack)
{
	fill_in(m, q);
	ask_message(s->d, m->name, slice_of(m->bytes, m->len), 9, ack);
	decide_release(s->d);
}

/* A decision; if the rule alone is decided, the result, else <ack>. */
static const struct policy_outcome *measure_once(struct subject *s, enum measure what,
						 const struct asked *q,
						 struct writer *ack)
{
	if (what == ASSOCIATE || what == DATASET) {
		measure_message(s, what == ASSOCIATE ? &associate : &dataset, q, ack);
		return NULL;
	}
	tell_all(s, q, what != RULE_ASSOCIATE);
	return what == ONE_BY_ONE ? try_each(s) : ruling_decide(s->policy, &s->view);
}

static const struct asked *next_question(struct subject *s, enum position at)
{
	return at == IN_TURN ? &s->turns[s->turn++ % TURNS] : &s->questions[at];
}

/* Wrong answers are not worth being measured. */
static void check(struct subject *s, const struct asked *q)
{
	static struct heard h;
	struct writer ack = writer_of(h.bytes, sizeof(h.bytes));

	measure_once(s, DATASET, q, &ack);
	heard_read(&h, writer_slice(&ack));
	if (!is_text(h.rule, q->rule) || !is_text(h.verdict, "route") ||
	    strcmp(measure_once(s, RULE_DATASET, q, NULL)->rule, q->rule) != 0 ||
	    strcmp(measure_once(s, ONE_BY_ONE, q, NULL)->rule, q->rule) != 0) {
		fprintf(stderr, "expected %s, got %.*s\n", q->rule, (int)h.rule.len,
			(const char *)h.rule.ptr);
		abort();
	}
}

static struct subject *subject_new(enum shape shape, size_t n)
{
	struct subject *s = calloc(1, sizeof(*s));
	char *json = write_policy(shape, n);

	if (!s)
		abort();
	s->policies = policy_store_of(json);
	free(json);
	s->d = decide_new(s->policies);
	s->policy = policy_store_hold(s->policies, (struct slice){0});
	s->facts = calloc(s->policy->nattributes, sizeof(*s->facts));
	if (!s->d || !s->facts)
		abort();
	s->title = fact_named(s, "CallingAETitle");
	s->modality = fact_named(s, "Modality");
	s->body_part = fact_named(s, "BodyPartExamined");
	s->view = (struct policy_facts){
		.get = get, .context = s, .scratch = policy_scratch_new()};
	for (size_t i = 0; i < TURNS; i++)
		s->turns[i] = question_at(shape, IN_TURN, i, n);
	for (enum position at = 0; at < IN_TURN; at++) {
		s->questions[at] = question_at(shape, at, 0, n);
		check(s, &s->questions[at]);
	}
	return s;
}

static void subject_free(struct subject *s)
{
	policy_store_release(s->policies, s->policy);
	decide_free(s->d);
	policy_store_free(s->policies);
	policy_scratch_free(s->view.scratch);
	free(s->facts);
	free(s);
}

/*** measuring ***/

static double now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* Nanoseconds of one decision */
static double take_sample(struct subject *s, enum measure what, enum position at)
{
	static uint8_t bytes[1 << 16];
	double start = now_ns(), end;
	size_t n = 0;

	do {
		for (size_t i = 0; i < AT_A_TIME; i++) {
			struct writer ack = writer_of(bytes, sizeof(bytes));

			measure_once(s, what, next_question(s, at), &ack);
		}
		n += AT_A_TIME;
		end = now_ns();
	} while (end - start < SAMPLE_NS);
	return (end - start) / (double)n;
}

static int double_order(const void *left, const void *right)
{
	const double *a = left, *b = right;

	return (*a > *b) - (*a < *b);
}

static double median(double *samples)
{
	qsort(samples, ROUNDS, sizeof(*samples), double_order);
	return samples[ROUNDS / 2];
}

/* Samples of one shape, and then the medians */
struct figures {
	double samples[MEASURES][POSITIONS][SIZES][ROUNDS];
	double medians[MEASURES][POSITIONS][SIZES];
};

/* Sizes take turns, so that a busy moment hits them alike. */
static void measure_shape(enum shape shape, struct figures *f)
{
	struct subject *subjects[SIZES];

	for (size_t i = 0; i < SIZES; i++)
		subjects[i] = subject_new(shape, sizes[i]);
	for (size_t round = 0; round < ROUNDS; round++)
		for (enum measure what = 0; what < MEASURES; what++)
			for (enum position at = 0; at < POSITIONS; at++)
				for (size_t i = 0; i < SIZES; i++)
					f->samples[what][at][i][round] =
						take_sample(subjects[i], what, at);
	for (enum measure what = 0; what < MEASURES; what++)
		for (enum position at = 0; at < POSITIONS; at++)
			for (size_t i = 0; i < SIZES; i++)
				f->medians[what][at][i] = median(f->samples[what][at][i]);
	for (size_t i = 0; i < SIZES; i++)
		subject_free(subjects[i]);
}

static double ratio(const struct figures *f, enum measure what, enum position at)
{
	return f->medians[what][at][SIZES - 1] / f->medians[what][at][0];
}

static enum position worst_position(const struct figures *f, enum measure what)
{
	enum position worst = IN_TURN;

	for (enum position at = 0; at < POSITIONS; at++)
		if (ratio(f, what, at) > ratio(f, what, worst))
			worst = at;
	return worst;
}

static void print_all(enum shape shape, const struct figures *f)
{
	for (enum measure what = 0; what < MEASURES; what++) {
		enum position worst = worst_position(f, what);

		printf("| %s | %s |", what == 0 ? shapes[shape].name : "",
		       measures[what]);
		for (size_t i = 0; i < SIZES; i++)
			printf(" %.2f |", f->medians[what][IN_TURN][i] / 1000);
		printf(" %.1f | %.1f (%s) |\n", ratio(f, what, IN_TURN),
		       ratio(f, what, worst), positions[worst]);
	}
}

/* The table of docs/policy.md */
static void print_short(enum shape shape, const struct figures *f)
{
	printf("| %s |", shapes[shape].name);
	for (enum measure what = ASSOCIATE; what <= DATASET; what++)
		printf(" %.1f | %.1f | %.1f |", f->medians[what][IN_TURN][0] / 1000,
		       f->medians[what][IN_TURN][SIZES - 1] / 1000,
		       ratio(f, what, worst_position(f, what)));
	printf(" %.0f |\n", f->medians[ONE_BY_ONE][IN_TURN][SIZES - 1] / 1000);
}

static bool is_bound(enum shape shape, const struct figures *f)
{
	return !shapes[shape].bound ||
	       (ratio(f, ASSOCIATE, worst_position(f, ASSOCIATE)) <= BOUND &&
		ratio(f, DATASET, worst_position(f, DATASET)) <= BOUND);
}

/* Of reading a policy and building its index */
static void print_loading(enum shape shape)
{
	printf("| %s |", shapes[shape].name);
	for (size_t i = 0; i < SIZES; i++) {
		char *json = write_policy(shape, sizes[i]);
		size_t before = mallinfo2().uordblks + mallinfo2().hblkhd;
		double start = now_ns();
		struct policy *policy = policy_of(json);
		double took = now_ns() - start;
		size_t after = mallinfo2().uordblks + mallinfo2().hblkhd;

		printf(" %.1f ms, %zu KiB |", took / 1e6, (after - before) / 1024);
		policy_free(policy);
		free(json);
	}
	printf("\n");
}

int main(void)
{
	static struct figures figures[SHAPES];
	bool ok = true;

	write_messages();
	printf("Microseconds of one decision, medians of %d rounds; the rules that match "
	       "come in turn.\n\n"
	       "| rules | what | 10 | 100 | 1,000 | 10,000 | ratio | worst ratio |\n"
	       "| --- | --- | --: | --: | --: | --: | --: | --- |\n",
	       ROUNDS);
	for (enum shape shape = 0; shape < SHAPES; shape++) {
		measure_shape(shape, &figures[shape]);
		print_all(shape, &figures[shape]);
		ok = ok && is_bound(shape, &figures[shape]);
	}
	printf("\nLoading, and the memory that the policy keeps.\n\n"
	       "| rules | 10 | 100 | 1,000 | 10,000 |\n"
	       "| --- | --: | --: | --: | --: |\n");
	for (enum shape shape = 0; shape < SHAPES; shape++)
		print_loading(shape);
	printf("\nIn short; the ratio is the worst of all positions of the rule that "
	       "matches.\n\n"
	       "| 10,000 rules | `associate`: 10 rules | 10,000 | ratio | `dataset`: 10 "
	       "rules | 10,000 | ratio | one by one |\n"
	       "| --- | --: | --: | --: | --: | --: | --: | --: |\n");
	for (enum shape shape = 0; shape < SHAPES; shape++)
		print_short(shape, &figures[shape]);
	printf("\n10,000 rules that have an index decide within %d times of what 10 "
	       "take: "
	       "%s\n",
	       BOUND, ok ? "yes" : "NO");
	return ok ? 0 : 1;
}
