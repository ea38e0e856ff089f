/* SPDX-License-Identifier: MIT */
/* An entry is written before a slot refers to it, with release and acquire between them.
 */
#include "metrics/labelled.h"
#include "metrics/text.h"
#include "base/hash.h"

/*** the table ***/

static bool is_same(const struct labelled_entry *e, struct slice key, uint32_t hash)
{
	return e->hash == hash && slice_equal(slice_of(e->key, e->len), key);
}

/* The entry, or NULL and the slot that would be its. */
static struct labelled_entry *find(struct labelled_table *t, struct slice key,
				   uint32_t hash, size_t *slot)
{
	for (*slot = hash % LABELLED_SLOTS;; *slot = (*slot + 1) % LABELLED_SLOTS) {
		uint32_t number =
			atomic_load_explicit(&t->slots[*slot], memory_order_acquire);

		if (number == 0)
			return NULL;
		if (is_same(&t->entries[number - 1], key, hash))
			return &t->entries[number - 1];
	}
}

/* The entry, which is made if there are fewer than <most>, and <spare> bytes are left;
 * else NULL.  Under the lock.
 */
static struct labelled_entry *insert(struct labelled_table *t, struct slice key,
				     uint32_t hash, size_t most, size_t spare)
{
	size_t n = atomic_load_explicit(&t->n, memory_order_relaxed), slot;
	struct labelled_entry *e = find(t, key, hash, &slot);

	if (e || n >= most || key.len + spare > LABELLED_TEXT - t->used)
		return e;
	e = &t->entries[n];
	e->key = t->text + t->used;
	e->len = (uint32_t)key.len;
	e->hash = hash;
	memcpy(t->text + t->used, key.ptr, key.len);
	t->used += key.len;
	atomic_store_explicit(&t->n, n + 1, memory_order_release);
	atomic_store_explicit(&t->slots[slot], (uint32_t)n + 1, memory_order_release);
	return e;
}

/* The key of these values; NULL if it is too long. */
static struct slice write_key(const struct labelled *t, const struct slice *values,
			      bool other, uint8_t bytes[LABELLED_KEY])
{
	struct writer w = writer_of(bytes, LABELLED_KEY);

	for (size_t i = 0; i < t->nlabels; i++) {
		if (i > 0)
			writer_u8(&w, 0);
		writer_bytes(&w, other && i < t->nlabels - t->kept ? slice_str("other")
								   : values[i]);
	}
	return slice_of(w.failed ? NULL : bytes, w.len);
}

static struct labelled_entry *entry(struct labelled *t, const struct slice *values,
				    bool other)
{
	uint8_t bytes[LABELLED_KEY];
	struct slice key = write_key(t, values, other, bytes);
	uint32_t hash = (uint32_t)hash_spread(hash_bytes(HASH_START, key));
	struct labelled_table *table = t->table;
	struct labelled_entry *e;
	size_t slot;

	if (!key.ptr)
		return NULL;
	e = find(table, key, hash, &slot);
	if (e || (!other && atomic_load_explicit(&table->full, memory_order_relaxed)))
		return e;
	pthread_mutex_lock(&t->lock);
	e = insert(table, key, hash, other ? t->most + LABELLED_OTHERS : t->most,
		   other ? 0 : (size_t)LABELLED_OTHERS * LABELLED_KEY);
	if (!e)
		atomic_store_explicit(&table->full, true, memory_order_relaxed);
	pthread_mutex_unlock(&t->lock);
	return e;
}

static struct labelled_entry *entry_or_other(struct labelled *t,
					     const struct slice *values)
{
	struct labelled_entry *e = entry(t, values, false);

	return e ? e : entry(t, values, true);
}

void labelled_add(struct labelled *t, const struct slice *values, int64_t n)
{
	struct labelled_entry *e = entry_or_other(t, values);

	if (e)
		atomic_fetch_add_explicit(&e->value, n, memory_order_relaxed);
}

void labelled_set(struct labelled *t, const struct slice *values, int64_t n)
{
	struct labelled_entry *e = entry_or_other(t, values);

	if (e)
		atomic_store_explicit(&e->value, n, memory_order_relaxed);
}

/*** the text ***/

static void render_entry(const struct labelled *t, const struct labelled_entry *e,
			 struct writer *out)
{
	int64_t value = atomic_load_explicit(&e->value, memory_order_relaxed);
	struct slice key = slice_of(e->key, e->len);
	uint8_t bytes[3 * LABELLED_KEY + 64];
	struct writer labels = writer_of(bytes, sizeof(bytes));

	if (t->gauge && value == 0)
		return;
	for (size_t i = 0; i < t->nlabels; i++) {
		const uint8_t *end = memchr(key.ptr, 0, key.len);
		size_t len = end ? (size_t)(end - key.ptr) : key.len;

		metrics_text_label(&labels, t->labels[i], slice_head(key, len));
		if (end)
			key = slice_of(end + 1, key.len - len - 1);
	}
	metrics_text_number(out, t->name, "", writer_slice(&labels), value);
}

void labelled_render(struct labelled *t, struct writer *out)
{
	size_t n = atomic_load_explicit(&t->table->n, memory_order_acquire);

	if (n == 0)
		return;
	metrics_text_head(out, t->name, t->gauge ? "gauge" : "counter", t->help);
	for (size_t i = 0; i < n; i++)
		render_entry(t, &t->table->entries[i], out);
}
