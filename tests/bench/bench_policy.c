/* SPDX-License-Identifier: MIT */
/* What a decision costs with 10 to 10,000 rules: the table of docs/policy.md, "Speed".
 *
 * Status 1 if 10,000 rules that have an index take more than 5 times as long as 10, for
 * some position of the rule that matches.  The peer is to try one rule after the other.
 */
#include <malloc.h>
#include <time.h>

#include "ask.h"
#include "form.h"
#include "policy_index.h"
#include "policy_of.h"
#include "ruling.h"
#include "sample.h"

enum {
	SIZES = 4,
	ROUNDS = 21,        /* medians are of so many */
	SAMPLE_NS = 100000, /* a sample takes so long at least */
	AT_A_TIME = 8,      /* decisions between two looks at the clock */
	TURNS = 1024,       /* questions that are asked in turn */
	LIST = 2000,        /* AE titles of the list */
	WIDTH = 16,         /* of AE titles, and of CS */
	BOUND = 5
};

static const size_t sizes[SIZES] = {10, 100, 1000, 10000};

/*** policies ***/

enum shape { TITLES, FEW_EACH, SQUARE, ONE_TITLE, BODY_PARTS, WILDCARDS, LISTED, SHAPES };

static const struct {
	const char *name;
	bool bound;
} shapes[SHAPES] = {
	[TITLES] = {"10,000 AE titles, 1 modality", true},
	[FEW_EACH] = {"2,000 AE titles, 5 modalities each", true},
	[SQUARE] = {"100 AE titles, 100 modalities each", true},
	[ONE_TITLE] = {"1 AE title, 10,000 modalities", true},
	[BODY_PARTS] = {"100 modalities, 100 body parts each", true},
	[LISTED] = {"a list of 2,000 AE titles, 10,000 modalities", false},
	[WILDCARDS] = {"10,000 AE titles with wildcards", false},
};

/* Where the matching rule stands.  NO_RULE: an AE title that has rules, another modality;
 * STRANGER: not even that.
 */
enum position { FIRST, MIDDLE, LAST, NO_RULE, STRANGER, IN_TURN, POSITIONS };

static const char *const positions[POSITIONS] = {"first",   "middle",   "last",
						 "default", "stranger", "in turn"};

/* What an association has; <rule> is its name, or "default". */
struct question {
	char title[WIDTH], modality[WIDTH], body_part[WIDTH];
	char rule[WIDTH];
};

/* Rules that have their first attribute's value in common */
static size_t group_size(enum shape shape, size_t n)
{
	size_t root = 1;

	while (root * root < n)
		root++;
	switch (shape) {
	case FEW_EACH:
		return 5;
	case SQUARE:
	case BODY_PARTS:
		return root;
	case ONE_TITLE:
	case LISTED:
		return n;
	default:
		return 1;
	}
}

/* PREFIX_N, padded */
static void put_name(char *to, const char *prefix, size_t n)
{
	char text[WIDTH + 24];
	int len = snprintf(text, sizeof(text), "%s%zu", prefix, n);

	memset(to, ' ', WIDTH);
	memcpy(to, text, len < WIDTH ? (size_t)len : WIDTH);
}

static struct question question_for(enum shape shape, size_t rule, size_t n)
{
	size_t size = group_size(shape, n), group = rule / size, member = rule % size;
	struct question q;

	put_name(q.title, "AE_", shape == LISTED ? member % LIST : group);
	put_name(q.modality, "M_", shape == BODY_PARTS ? group : member);
	put_name(q.body_part, "B_", member);
	snprintf(q.rule, sizeof(q.rule), "r%zu", rule);
	return q;
}

static struct question question_at(enum shape shape, enum position at, size_t turn,
				   size_t n)
{
	const size_t rules[POSITIONS] = {0, n / 2, n - 1, n / 2, n / 2, turn * 7919 % n};
	struct question q = question_for(shape, rules[at], n);

	if (at != NO_RULE && at != STRANGER)
		return q;
	put_name(q.modality, "NONE_", 0);
	put_name(q.body_part, "NONE_", 0);
	if (at == STRANGER)
		put_name(q.title, "STRANGER_", 0);
	strcpy(q.rule, "default");
	return q;
}

static int trimmed(const char *name)
{
	int len = WIDTH;

	while (len > 0 && name[len - 1] == ' ')
		len--;
	return len;
}

static void write_rule(FILE *f, enum shape shape, size_t i, size_t n)
{
	struct question q = question_for(shape, i, n);

	fprintf(f, "%s\n{\"name\": \"%s\", \"if\": {", i > 0 ? "," : "", q.rule);
	if (shape == LISTED)
		fprintf(f, "\"CallingAETitle\": {\"in\": \"titles\"}, ");
	else if (shape == WILDCARDS)
		fprintf(f, "\"CallingAETitle\": \"?%.*s\", ", trimmed(q.title) - 1,
			q.title + 1);
	else if (shape != BODY_PARTS)
		fprintf(f, "\"CallingAETitle\": \"%.*s\", ", trimmed(q.title), q.title);
	fprintf(f, "\"Modality\": \"%.*s\"", trimmed(q.modality), q.modality);
	if (shape == BODY_PARTS)
		fprintf(f, ", \"BodyPartExamined\": \"%.*s\"", trimmed(q.body_part),
			q.body_part);
	fprintf(f, "}, \"backend\": \"pool_%zu\"}", i % 10);
}

/* Malloc'ed */
static char *write_policy(enum shape shape, size_t n)
{
	char *text;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	if (!f)
		abort();
	fprintf(f, "{\"rules\": [");
	for (size_t i = 0; i < n; i++)
		write_rule(f, shape, i, n);
	fprintf(f, "],\n\"default\": {\"backend\": \"general\"}");
	for (size_t i = 0; shape == LISTED && i < LIST; i++)
		fprintf(f, "%s\"AE_%zu\"", i > 0 ? ", " : ",\n\"lists\": {\"titles\": [",
			i);
	fprintf(f, "%s}", shape == LISTED ? "]}" : "");
	if (fclose(f) != 0)
		abort();
	return text;
}

/*** what HAProxy asks ***/

#define TITLE_HERE     "CALLING AE TITLE"
#define MODALITY_HERE  "MODALITY IS HERE"
#define BODY_PART_HERE "BODY PART IS IT "

/* Two contexts for CT, one for Verification, as a scanner proposes them */
static const char request[] =
	"01 00 {0001 0000 'ARCHIVE         ' '" TITLE_HERE "' 00*32 "
	"10 00 ['1.2.840.10008.3.1.1.1']"
	"20 00 [01 00 00 00 30 00 ['1.2.840.10008.5.1.4.1.1.2'] 40 00 "
	"['1.2.840.10008.1.2.1']"
	" 40 00 ['1.2.840.10008.1.2']]"
	"20 00 [03 00 00 00 30 00 ['1.2.840.10008.5.1.4.1.1.7'] 40 00 "
	"['1.2.840.10008.1.2.1']"
	" 40 00 ['1.2.840.10008.1.2']]"
	"20 00 [05 00 00 00 30 00 ['1.2.840.10008.1.1'] 40 00 ['1.2.840.10008.1.2']]"
	"50 00 [51 00 [00004000] 52 00 ['1.3.12.2.1107.5.1.4'] 55 00 "
	"['SIEMENS_S7VC20']]}";

static const char store[] =
	"04 00 {{01 03 0000 0000 <7E000000> 0000 0200 <'1.2.840.10008.5.1.4.1.1.2' 00>"
	" 0000 0001 <0100> 0000 1001 <0700> 0000 0007 <0000> 0000 0008 <0100>"
	" 0000 0010 <'1.3.12.2.1107.5.1.4.60073.300000060911'>}}";

static const struct {
	uint32_t tag;
	const char *vr, *value;
} image[] = {
	{0x00080005, "CS", "ISO_IR 100"},
	{0x00080008, "CS", "ORIGINAL\\PRIMARY\\AXIAL\\CT_SOM5 SPI "},
	{0x00080016, "UI", "1.2.840.10008.5.1.4.1.1.2"},
	{0x00080018, "UI", "1.3.12.2.1107.5.1.4.60073.300000060911"},
	{0x00080020, "DA", "20261125"},
	{0x00080021, "DA", "20261125"},
	{0x00080023, "DA", "20261125"},
	{0x00080030, "TM", "193003.578000 "},
	{0x00080050, "SH", "A4711 "},
	{0x00080060, "CS", MODALITY_HERE},
	{0x00080070, "LO", "SIEMENS "},
	{0x00080080, "LO", "Spital Nord "},
	{0x00080090, "PN", "Wer^Auch^Immer"},
	{0x00081010, "SH", "CT60073 "},
	{0x00081030, "LO", "Thorax^Routine"},
	{0x0008103E, "LO", "Thorax 5.0 B31f "},
	{0x00081090, "LO", "Sensation 64"},
	{0x00100010, "PN", "Muster^Maria"},
	{0x00100020, "LO", "PID4711 "},
	{0x00100030, "DA", "19600201"},
	{0x00100040, "CS", "F "},
	{0x00101010, "AS", "066Y"},
	{0x00180015, "CS", BODY_PART_HERE},
	{0x00180050, "DS", "5 "},
	{0x00180060, "DS", "120 "},
	{0x00181000, "LO", "60073 "},
	{0x00181020, "LO", "syngo CT 2007C"},
	{0x00181030, "LO", "ThoraxRoutine "},
	{0x00181210, "SH", "B31f"},
	{0x00185100, "CS", "HFS "},
	{0x0020000D, "UI", "1.3.12.2.1107.5.1.4.60073.300000060910"},
	{0x0020000E, "UI", "1.3.12.2.1107.5.1.4.60073.300000060912"},
	{0x00200010, "SH", "4711"},
	{0x00200011, "IS", "2 "},
	{0x00200013, "IS", "17"},
	{0x00280002, "US", "\1"},
	{0x00280010, "US", "\2\2"},
	{0x00280011, "US", "\2\2"},
};

/* The first PDU of a CT image: its attributes and a few of its pixels */
static void write_image(struct writer *w)
{
	enum { OF_PIXELS = 15 * 1024 };
	const struct form f = {DATASET_EXPLICIT_LE, false};
	size_t pdu, pdv;

	sample_write(w, "04 00 00000000");
	pdu = w->len;
	sample_write(w, "00000000 01 00");
	pdv = w->len - 2;
	for (size_t i = 0; i < sizeof(image) / sizeof(image[0]); i++) {
		char value[80];

		snprintf(value, sizeof(value), "%s%s", image[i].value,
			 strlen(image[i].value) % 2 == 0 ? "" : " ");
		put(w, f, image[i].tag, image[i].vr, value);
	}
	sample_write(w, "E07F 1000 'OW' 0000 00000800");
	for (size_t i = 0; i < OF_PIXELS; i++)
		writer_u8(w, (uint8_t)(i * 37));
	writer_patch_be32(w, pdv - 4);
	writer_patch_be32(w, pdu - 4);
}

/* A message's arguments, with the places where questions differ */
struct message {
	const char *name;
	uint8_t bytes[1 << 16];
	size_t len;
	uint8_t *title, *modality, *body_part; /* NULL: it has none */
};

static struct message associate = {.name = "associate"}, dataset = {.name = "dataset"};

static void write_message(struct message *m, struct slice rq, const struct heard *h)
{
	static const uint8_t source[] = {10, 1, 2, 3};
	struct writer w = writer_of(m->bytes, sizeof(m->bytes));

	tell_bytes(&w, "rq", rq, SPOP_DATA_T_BIN);
	tell_bytes(&w, "src", slice_of(source, 4), SPOP_DATA_T_IPV4);
	tell_number(&w, "dport", 104);
	tell_bytes(&w, "server_name", (struct slice){0}, SPOP_DATA_T_STR);
	tell_bytes(&w, "client_name", (struct slice){0}, SPOP_DATA_T_STR);
	tell_bytes(&w, "ac", h->reply, SPOP_DATA_T_BIN);
	tell_bytes(&w, "policy", h->policy, SPOP_DATA_T_STR);
	tell_number(&w, "began", h->began);
	if (!writer_ok(&w))
		abort();
	m->len = w.len;
	m->title = memmem(m->bytes, m->len, TITLE_HERE, WIDTH);
	m->modality = memmem(m->bytes, m->len, MODALITY_HERE, WIDTH);
	m->body_part = memmem(m->bytes, m->len, BODY_PART_HERE, WIDTH);
}

static void fill_in(struct message *m, const struct question *q)
{
	memcpy(m->title, q->title, WIDTH);
	if (!m->modality)
		return;
	memcpy(m->modality, q->modality, WIDTH);
	memcpy(m->body_part, q->body_part, WIDTH);
}

/* Both messages, with the AC that the agent makes of the first one */
static void write_messages(void)
{
	static const char json[] =
		"{\"rules\": [{\"name\": \"ct\", \"if\": {\"Modality\": \"CT\"},"
		" \"backend\": \"ct\"}], \"default\": {\"backend\": \"general\"}}";
	static struct heard h;
	static uint8_t bytes[1 << 15];
	struct writer w = writer_of(bytes, sizeof(bytes));
	struct policies *policies = policies_of(json);
	struct decide *d = decide_new(policies);
	const struct heard nothing = {0};

	sample_write(&w, request);
	write_message(&associate, writer_slice(&w), &nothing);
	ask(d, "associate", writer_slice(&w), (struct slice){0}, &h);
	if (!is_text(h.verdict, "accept"))
		abort();
	h.policy = (struct slice){0}; /* another one's */
	sample_write(&w, store);
	write_image(&w);
	write_message(&dataset, writer_slice(&w), &h);
	decide_free(d);
	policies_free(policies);
}

/*** what is measured ***/

enum measure { ASSOCIATE, DATASET, RULE_ASSOCIATE, RULE_DATASET, ONE_BY_ONE, MEASURES };

static const char *const measures[MEASURES] = {
	"`associate`", "`dataset`", "`associate`, the rule", "`dataset`, the rule",
	"`dataset`, rule by rule"};

/* A policy at work */
struct subject {
	struct policies *policies;
	const struct policy *policy;
	struct decide *d;
	struct policy_fact *facts;                        /* of each attribute */
	struct policy_fact *title, *modality, *body_part; /* NULL: no rule asks */
	struct policy_facts view;
	struct question questions[POSITIONS - 1], turns[TURNS];
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

static void tell_all(struct subject *s, const struct question *q, bool data)
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

static void ask_message(struct subject *s, struct message *m, const struct question *q,
			struct writer *ack)
{
	fill_in(m, q);
	decide_message(s->d, slice_str(m->name),
		       reader_of(slice_of(m->bytes, m->len), false), 8, ack);
	decide_release(s->d);
}

/* A decision; if the rule alone is decided, the result, else <ack>. */
static const struct policy_outcome *measure_once(struct subject *s, enum measure what,
						 const struct question *q,
						 struct writer *ack)
{
	if (what == ASSOCIATE || what == DATASET) {
		ask_message(s, what == ASSOCIATE ? &associate : &dataset, q, ack);
		return NULL;
	}
	tell_all(s, q, what != RULE_ASSOCIATE);
	return what == ONE_BY_ONE ? try_each(s) : ruling_decide(s->policy, &s->view);
}

static const struct question *next_question(struct subject *s, enum position at)
{
	return at == IN_TURN ? &s->turns[s->turn++ % TURNS] : &s->questions[at];
}

/* Wrong answers are not worth being measured. */
static void check(struct subject *s, const struct question *q)
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
	s->policies = policies_of(json);
	free(json);
	s->d = decide_new(s->policies);
	s->policy = policies_hold(s->policies, (struct slice){0});
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
	policies_release(s->policies, s->policy);
	decide_free(s->d);
	policies_free(s->policies);
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

/* False if the bound is broken. */
static bool print_figures(enum shape shape, const struct figures *f)
{
	bool ok = true;

	for (enum measure what = 0; what < MEASURES; what++) {
		enum position worst = worst_position(f, what);

		printf("| %s | %s |", what == 0 ? shapes[shape].name : "",
		       measures[what]);
		for (size_t i = 0; i < SIZES; i++)
			printf(" %.2f |", f->medians[what][IN_TURN][i] / 1000);
		printf(" %.1f | %.1f (%s) |\n", ratio(f, what, IN_TURN),
		       ratio(f, what, worst), positions[worst]);
		if (shapes[shape].bound && (what == ASSOCIATE || what == DATASET))
			ok = ok && ratio(f, what, worst) <= BOUND;
	}
	return ok;
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
	static struct figures figures;
	bool ok = true;

	write_messages();
	printf("Microseconds of one decision, medians of %d rounds; rules are asked for "
	       "in "
	       "turn.\n\n"
	       "| rules | what | 10 | 100 | 1,000 | 10,000 | ratio | worst ratio |\n"
	       "| --- | --- | --: | --: | --: | --: | --: | --- |\n",
	       ROUNDS);
	for (enum shape shape = 0; shape < SHAPES; shape++) {
		measure_shape(shape, &figures);
		ok = print_figures(shape, &figures) && ok;
	}
	printf("\nLoading, and the memory that the policy keeps.\n\n"
	       "| rules | 10 | 100 | 1,000 | 10,000 |\n"
	       "| --- | --: | --: | --: | --: |\n");
	for (enum shape shape = 0; shape < SHAPES; shape++)
		print_loading(shape);
	printf("\n10,000 rules that have an index decide within %d times of what 10 "
	       "take: "
	       "%s\n",
	       BOUND, ok ? "yes" : "NO");
	return ok ? 0 : 1;
}
