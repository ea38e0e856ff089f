/* SPDX-License-Identifier: MIT */
#include "serve/handler.h"
#include "base/clock.h"
#include "base/log.h"
#include "decide/answer.h"
#include "decide/count.h"

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

/* One event for each decision; what only asks for more is none. */
static void log_decision(struct handler *w, const struct question *q,
			 const struct verdict *v)
{
	struct log_line line;

	if (v->kind != VERDICT_ROUTE && v->kind != VERDICT_REJECT)
		return;
	log_begin(&line, LOG_LEVEL_INFO, "decision");
	log_bytes(&line, "id", q->id);
	log_patient(&line, decide_facts(w->decide), w->shared.patients);
	log_text(&line, "verdict", verdict_word(v->kind));
	if (v->outcome)
		log_text(&line, "rule", v->outcome->rule);
	if (v->pool)
		log_text(&line, "backend", v->pool->name);
	log_end(&line);
}

/*** messages ***/

void handler_on_message(void *worker, struct slice name, struct reader args,
			unsigned nargs, struct writer *ack)
{
	struct handler *w = worker;
	struct question q = question_read(name, args, nargs);
	struct facts *f = decide_facts(w->decide);
	int64_t start = clock_monotonic_ns();
	struct verdict v;

	if (q.kind == QUESTION_NONE)
		return;
	q.now = clock_realtime_us();
	decide(w->decide, &q, &v);
	v.took = clock_monotonic_ns() - start;
	answer_write(&v, f, ack);
	count_verdict(&v);
	if (w->shared.decisions)
		journal_note(w->shared.decisions, &q, &v,
			     facts_elements_bytes(&f->elements));
	if (w->shared.patients)
		log_decision(w, &q, &v);
	decide_release(w->decide);
}
