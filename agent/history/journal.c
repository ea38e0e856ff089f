/* SPDX-License-Identifier: MIT */
#include "history/journal.h"
#include "base/clock.h"
#include "base/hash.h"
#include "decide/answer.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>

_Static_assert(sizeof(struct journal_entry) <= (size_t)32 * 1024, "as journal.h says");

static const uint32_t NOBODY = UINT32_MAX;

/* A ring: number i is in slot i % n.  Those with the same hash are in a list. */
struct journal {
	pthread_mutex_t lock;
	size_t n, nheads;
	uint64_t last; /* number that was given */
	uint32_t *heads;
	struct journal_entry *slots;
};

struct journal *journal_new(size_t n)
{
	struct journal *all = calloc(1, sizeof(*all));
	size_t nheads = 2 * n;

	if (!all)
		return NULL;
	all->n = n;
	all->nheads = nheads;
	all->heads = calloc(nheads, sizeof(*all->heads));
	all->slots = mmap(NULL, n * sizeof(*all->slots), PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	pthread_mutex_init(&all->lock, NULL);
	if (!all->heads || all->slots == MAP_FAILED) {
		journal_free(all);
		return NULL;
	}
	madvise(all->slots, n * sizeof(*all->slots), MADV_DONTDUMP);
	for (size_t i = 0; i < nheads; i++)
		all->heads[i] = NOBODY;
	return all;
}

void journal_free(struct journal *all)
{
	if (!all)
		return;
	if (all->slots != MAP_FAILED)
		munmap(all->slots, all->n * sizeof(*all->slots));
	pthread_mutex_destroy(&all->lock);
	free(all->heads);
	free(all);
}

/*** slots; the lock is held ***/

static uint32_t *head_of(struct journal *all, struct slice id)
{
	return &all->heads[hash_spread(hash_bytes(HASH_START, id)) % all->nheads];
}

static struct journal_entry *look_up(struct journal *all, struct slice id)
{
	for (uint32_t i = *head_of(all, id); i != NOBODY; i = all->slots[i].next)
		if (slice_equal(journal_id(&all->slots[i]), id))
			return &all->slots[i];
	return NULL;
}

static void forget(struct journal *all, uint32_t slot)
{
	uint32_t *at = head_of(all, journal_id(&all->slots[slot]));

	while (*at != slot)
		at = &all->slots[*at].next;
	*at = all->slots[slot].next;
}

static struct journal_entry *take_slot(struct journal *all, struct slice id)
{
	uint32_t slot = (uint32_t)(++all->last % all->n);
	struct journal_entry *one = &all->slots[slot];
	uint32_t *head = head_of(all, id);

	if (one->number > 0)
		forget(all, slot);
	one->number = all->last;
	one->questions = 0;
	one->next = *head;
	*head = slot;
	memcpy(one->bytes, id.ptr, id.len);
	one->id_len = (uint32_t)id.len;
	return one;
}

/*** notes ***/

/* A variable or an argument: its number, the length of its value, and that. */
enum { RECORD_HEAD = 5, ARGUMENT = 0x80 /* added to the number of an argument */ };

/* Of a value too long for the room that is left as much as fits. */
static void put(struct writer *w, unsigned what, struct slice value)
{
	if (value.len == 0 || w->cap - w->len <= RECORD_HEAD)
		return;
	value = slice_head(value, w->cap - w->len - RECORD_HEAD);
	writer_u8(w, (uint8_t)what);
	writer_be32(w, (uint32_t)value.len);
	writer_bytes(w, value);
}

/* Not the key nor what is exported, which may be a patient's, and no PDUs. */
static void put_verdict(const struct verdict *v, struct writer *w)
{
	for (unsigned id = 0; id < VARIABLE_COUNT; id++) {
		uint8_t scratch[ANSWER_TEXT];
		struct spop_value value = answer_value(v, (enum variable)id, scratch);

		if (!(variables[id].flags & VARIABLE_SHOWN))
			continue;
		if (value.type == SPOP_DATA_T_INT64)
			value.data = slice_of(&value.number, sizeof(value.number));
		put(w, id, value.data);
	}
}

/* What the rules could ask for.  Small PDUs have a header for a few bytes each. */
static void put_question(const struct question *q, size_t head, struct writer *w)
{
	struct question copy = *q;

	for (unsigned i = 0; i < QUESTION_ARGUMENTS; i++) {
		const struct question_argument *a = &question_arguments[i];

		if (a->keep == QUESTION_KEEP_NOTHING)
			continue;
		if (a->number)
			put(w, ARGUMENT | i,
			    slice_of(question_number(&copy, a), sizeof(int64_t)));
		else
			put(w, ARGUMENT | i,
			    slice_head(*question_slice(&copy, a),
				       a->keep == QUESTION_KEEP_HEAD ? head : SIZE_MAX));
	}
}

void journal_note(struct journal *all, const struct question *q, const struct verdict *v,
		  size_t needed)
{
	struct journal_entry *one;
	struct writer w;

	if (q->id.len == 0 || q->id.len > JOURNAL_ID)
		return;
	pthread_mutex_lock(&all->lock);
	one = look_up(all, q->id);
	if (!one) {
		one = take_slot(all, q->id);
		one->began_ms = clock_realtime_us() / 1000;
	}
	one->ended_ms = clock_realtime_us() / 1000;
	one->questions++;
	one->needed = needed;
	one->began = v->began;
	one->rqlen = (uint32_t)v->rqlen;
	one->associate = v->associate;
	one->cause = (uint8_t)v->cause;
	w = writer_of(one->bytes, sizeof(one->bytes));
	w.len = one->id_len;
	put_verdict(v, &w);
	put_question(q, v->rqlen + 2 * needed + JOURNAL_SLACK, &w);
	one->len = (uint32_t)w.len;
	pthread_mutex_unlock(&all->lock);
}

/*** looking back ***/

static void copy(const struct journal_entry *one, struct journal_entry *out)
{
	memcpy(out, one, offsetof(struct journal_entry, bytes) + one->len);
}

bool journal_before(struct journal *all, uint64_t number, struct journal_entry *out)
{
	bool found;

	pthread_mutex_lock(&all->lock);
	if (number > all->last + 1)
		number = all->last + 1;
	found = number > 1 && all->last - (number - 1) < all->n;
	if (found)
		copy(&all->slots[(number - 1) % all->n], out);
	pthread_mutex_unlock(&all->lock);
	return found;
}

bool journal_find(struct journal *all, struct slice id, struct journal_entry *out)
{
	struct journal_entry *one;

	pthread_mutex_lock(&all->lock);
	one = look_up(all, id);
	if (one)
		copy(one, out);
	pthread_mutex_unlock(&all->lock);
	return one != NULL;
}

struct slice journal_id(const struct journal_entry *one)
{
	return slice_of(one->bytes, one->id_len);
}

/* The next variable or argument. */
static bool next_record(struct reader *r, unsigned *what, struct slice *value)
{
	*what = reader_u8(r);
	*value = reader_slice(r, reader_be32(r));
	return r->state == READ_OK;
}

static struct reader records_of(const struct journal_entry *one)
{
	return reader_of(slice_of(one->bytes + one->id_len, one->len - one->id_len),
			 false);
}

struct question journal_question(const struct journal_entry *one)
{
	struct question q = {.kind = one->associate ? QUESTION_ASSOCIATE
						    : QUESTION_DATASET,
			     .policy = journal_text(one, VARIABLE_POLICY),
			     .began = one->began,
			     .connection.port = -1};
	struct reader r = records_of(one);
	struct slice value;
	unsigned what;

	while (next_record(&r, &what, &value)) {
		const struct question_argument *a;

		if (what < ARGUMENT)
			continue;
		a = &question_arguments[what - ARGUMENT];
		if (a->number && value.len == sizeof(int64_t))
			memcpy(question_number(&q, a), value.ptr, sizeof(int64_t));
		else if (!a->number)
			*question_slice(&q, a) = value;
	}
	return q;
}

struct slice journal_text(const struct journal_entry *one, enum variable id)
{
	struct reader r = records_of(one);
	struct slice value;
	unsigned what;

	while (next_record(&r, &what, &value))
		if (what == id)
			return value;
	return (struct slice){0};
}

int64_t journal_number(const struct journal_entry *one, enum variable id)
{
	struct slice value = journal_text(one, id);
	int64_t number = -1;

	if (value.len == sizeof(number))
		memcpy(&number, value.ptr, sizeof(number));
	return number;
}
