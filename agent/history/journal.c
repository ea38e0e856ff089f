/* SPDX-License-Identifier: MIT */
#include "history/journal.h"
#include "base/hash.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

_Static_assert(sizeof(struct journal_entry) <= (size_t)32 * 1024, "as decisions.h says");

static const uint32_t NOBODY = UINT32_MAX;

enum { ARG_HEAD = 32 }; /* bytes at most, of an argument's name and type */

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
	one->messages = 0;
	one->next = *head;
	*head = slot;
	memcpy(one->bytes, id.ptr, id.len);
	one->id_len = (uint32_t)id.len;
	return one;
}

/*** notes ***/

static bool is_one_of(struct slice name, const char *const *names)
{
	while (*names && !slice_equal(name, slice_str(*names)))
		names++;
	return *names != NULL;
}

/* Not the key nor what is exported, which may be a patient's, and no PDUs. */
static void note_answer(struct journal_entry *one, struct slice answer, struct writer *w)
{
	static const char *const kept[] = {
		"verdict",    "backend",     "rule",      "policy",          "began",
		"calling_ae", "called_ae",   "sop_class", "transfer_syntax", "error",
		"rqlen",      "decision_us", NULL};
	struct reader r = reader_of(answer, false);
	size_t before = w->len;
	struct spop_value value;
	struct slice name;

	one->variables = 0;
	while (spop_action_next(&r, &name, &value))
		if (is_one_of(name, kept)) {
			spop_arg_write(w, name, &value);
			one->variables++;
		}
	one->answer_len = (uint32_t)(w->len - before);
}

/* Of a value too long for the room that is left as much as fits. */
static void put_args(struct journal_entry *one, struct reader args, unsigned nargs,
		     const char *const *names, size_t most, struct writer *w)
{
	struct spop_value value;
	struct slice name;

	while (nargs-- > 0 && spop_arg_next(&args, &name, &value))
		if (is_one_of(name, names) && w->cap - w->len > ARG_HEAD) {
			value.data = slice_head(value.data, most);
			value.data = slice_head(value.data, w->cap - w->len - ARG_HEAD);
			spop_arg_write(w, name, &value);
			one->nargs++;
		}
}

/* What the rules could ask for. */
static void note_args(struct journal_entry *one, struct reader args, unsigned nargs,
		      struct writer *w)
{
	static const char *const small[] = {"src", "dport", "server_name", "client_name",
					    NULL};
	static const char *const ac[] = {"ac", NULL}, *const rq[] = {"rq", NULL};
	/* small PDUs have a header for a few bytes each */
	size_t most = (size_t)journal_variable(one, "rqlen").number + 2 * one->needed +
		      JOURNAL_SLACK;
	size_t before = w->len;

	one->nargs = 0;
	put_args(one, args, nargs, small, JOURNAL_SLACK, w);
	put_args(one, args, nargs, ac, SIZE_MAX, w);
	put_args(one, args, nargs, rq, most, w);
	one->args_len = (uint32_t)(w->len - before);
}

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static struct slice find_id(struct reader args, unsigned nargs)
{
	struct spop_value value;
	struct slice name;

	while (nargs-- > 0 && spop_arg_next(&args, &name, &value))
		if (slice_equal(name, slice_str("id")))
			return value.data;
	return (struct slice){0};
}

void journal_note(struct journal *all, struct slice name, struct reader args,
		  unsigned nargs, struct slice answer, size_t needed)
{
	struct slice id = find_id(args, nargs);
	struct journal_entry *one;
	struct writer w;

	if (id.len == 0 || id.len > JOURNAL_ID)
		return;
	pthread_mutex_lock(&all->lock);
	one = look_up(all, id);
	if (!one) {
		one = take_slot(all, id);
		one->began_ms = now_ms();
	}
	one->ended_ms = now_ms();
	one->messages++;
	one->needed = needed;
	one->first = slice_equal(name, slice_str("associate"));
	w = writer_of(one->bytes, sizeof(one->bytes));
	w.len = one->id_len;
	note_answer(one, answer, &w);
	note_args(one, args, nargs, &w);
	pthread_mutex_unlock(&all->lock);
}

/*** looking back ***/

static void copy(const struct journal_entry *one, struct journal_entry *out)
{
	memcpy(out, one,
	       offsetof(struct journal_entry, bytes) + one->id_len + one->answer_len +
		       one->args_len);
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

struct reader journal_args(const struct journal_entry *one)
{
	return reader_of(
		slice_of(one->bytes + one->id_len + one->answer_len, one->args_len),
		false);
}

/* One that is set twice has its last value. */
struct spop_value journal_variable(const struct journal_entry *one, const char *name)
{
	struct reader r =
		reader_of(slice_of(one->bytes + one->id_len, one->answer_len), false);
	struct spop_value value, last = {0};
	struct slice is;

	for (unsigned i = 0; i < one->variables && spop_arg_next(&r, &is, &value); i++)
		if (slice_equal(is, slice_str(name)))
			last = value;
	return last;
}
