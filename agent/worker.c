/* SPDX-License-Identifier: MIT */
#include "worker.h"

#include <stdlib.h>

struct worker {
	struct decide *decide;
	struct decisions *decisions;
};

void *worker_new(void *shared)
{
	const struct worker_shared *s = shared;
	struct worker *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	w->decide = decide_new(s->policies);
	w->decisions = s->decisions;
	if (w->decide)
		return w;
	free(w);
	return NULL;
}

void worker_free(void *worker)
{
	struct worker *w = worker;

	decide_free(w->decide);
	free(w);
}

void worker_on_message(void *worker, struct slice name, struct reader args,
		       unsigned nargs, struct writer *ack)
{
	struct worker *w = worker;
	size_t before = ack->len;

	decide_message(w->decide, name, args, nargs, ack);
	if (w->decisions && writer_ok(ack) && ack->len > before)
		decisions_note(w->decisions, name, args, nargs,
			       slice_of(ack->buf + before, ack->len - before),
			       facts_elements_bytes(&decide_facts(w->decide)->elements));
	decide_release(w->decide);
}
