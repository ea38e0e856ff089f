/* SPDX-License-Identifier: MIT */
#include "serve/handler.h"
#include "base/log.h"

#include <stdlib.h>

struct handler {
	struct decide *decide;
	struct handler_shared shared;
};

void *handler_new(void *shared)
{
	const struct handler_shared *s = shared;
	struct handler *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	w->decide = decide_new(s->policies);
	w->shared = *s;
	if (w->decide)
		return w;
	free(w);
	return NULL;
}

void handler_free(void *worker)
{
	struct handler *w = worker;

	decide_free(w->decide);
	free(w);
}

/*** the log ***/

static const uint32_t PATIENT_ID = 0x00100020;

static void log_patient(struct log_line *line, struct facts *f,
			const struct pseudonym_key *key)
{
	uint8_t text[1024];
	struct writer w = writer_of(text, sizeof(text));
	char name[PSEUDONYM_SIZE];

	if (facts_elements_text(&f->elements, PATIENT_ID, &w) &&
	    pseudonym_of(key, &f->scratch->unicode, writer_slice(&w), name))
		log_text(line, "patient", name);
}

static struct slice argument(struct reader args, unsigned nargs, const char *name)
{
	struct spop_value value;
	struct slice is;

	while (nargs-- > 0 && spop_arg_next(&args, &is, &value))
		if (slice_equal(is, slice_str(name)))
			return value.data;
	return (struct slice){0};
}

/* What the answer has set; empty if it has not. */
static struct slice variable(struct slice answer, const char *name)
{
	struct reader r = reader_of(answer, false);
	struct spop_value value;
	struct slice is;

	while (spop_action_next(&r, &is, &value))
		if (slice_equal(is, slice_str(name)))
			return value.data;
	return (struct slice){0};
}

/* One event for each decision; what only asks for more is none. */
static void log_decision(struct handler *w, struct slice id, struct slice answer)
{
	static const char *const names[] = {"verdict", "rule", "backend"};
	struct slice verdict = variable(answer, names[0]);
	struct log_line line;

	if (!slice_equal(verdict, slice_str("route")) &&
	    !slice_equal(verdict, slice_str("reject")))
		return;
	log_begin(&line, LOG_INFO, "decision");
	log_bytes(&line, "id", id);
	log_patient(&line, decide_facts(w->decide), w->shared.patients);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (variable(answer, names[i]).len > 0)
			log_bytes(&line, names[i], variable(answer, names[i]));
	log_end(&line);
}

/*** messages ***/

void handler_on_message(void *worker, struct slice name, struct reader args,
			unsigned nargs, struct writer *ack)
{
	struct handler *w = worker;
	size_t before = ack->len;
	struct slice answer;

	decide_message(w->decide, name, args, nargs, ack);
	answer = slice_of(ack->buf + before, writer_ok(ack) ? ack->len - before : 0);
	if (w->shared.decisions && answer.len > 0)
		journal_note(w->shared.decisions, name, args, nargs, answer,
			     facts_elements_bytes(&decide_facts(w->decide)->elements));
	if (w->shared.patients && answer.len > 0)
		log_decision(w, argument(args, nargs, "id"), answer);
	decide_release(w->decide);
}
