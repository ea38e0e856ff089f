/* SPDX-License-Identifier: MIT */
#include "policy/store.h"
#include "base/clock.h"
#include "policy/memory.h"

#include <pthread.h>
#include <stdlib.h>

struct kept {
	struct kept *older;
	struct policy *policy;
	unsigned held;       /* policy_store_hold() without a release */
	int64_t replaced_ms; /* when it was replaced; clock_monotonic_ms() */
};

struct policy_store {
	pthread_mutex_t lock;
	struct kept *newest; /* in force; never NULL */
};

/* Unlink the expired policies, and return them as a list. */
static struct kept *take_expired(struct policy_store *all)
{
	int64_t now = clock_monotonic_ms();
	struct kept *out = NULL;
	size_t n = 0;

	for (struct kept **at = &all->newest->older; *at;) {
		struct kept *k = *at;
		bool young = now - k->replaced_ms < POLICY_STORE_KEEP_MS;

		if (k->held > 0 || (young && n < POLICY_STORE_KEEP)) {
			at = &k->older;
			n++;
			continue;
		}
		*at = k->older;
		k->older = out;
		out = k;
	}
	return out;
}

static void free_list(struct kept *k)
{
	while (k) {
		struct kept *older = k->older;

		policy_free(k->policy);
		free(k);
		k = older;
	}
}

struct policy_store *policy_store_new(struct policy *first)
{
	struct policy_store *all = calloc(1, sizeof(*all));
	struct kept *k = calloc(1, sizeof(*k));

	if (!all || !k) {
		free(all);
		free(k);
		return NULL;
	}
	pthread_mutex_init(&all->lock, NULL);
	k->policy = first;
	all->newest = k;
	return all;
}

void policy_store_free(struct policy_store *all)
{
	if (!all)
		return;
	free_list(all->newest);
	pthread_mutex_destroy(&all->lock);
	free(all);
}

bool policy_store_replace(struct policy_store *all, struct policy *next)
{
	struct kept *k;

	/* without the lock: only this thread writes <newest> */
	if (strcmp(all->newest->policy->id, next->id) == 0) {
		policy_free(next);
		return true;
	}
	k = calloc(1, sizeof(*k));
	if (!k)
		return false;
	k->policy = next;
	pthread_mutex_lock(&all->lock);
	all->newest->replaced_ms = clock_monotonic_ms();
	k->older = all->newest;
	all->newest = k;
	pthread_mutex_unlock(&all->lock);
	policy_store_expire(all);
	return true;
}

/* Frees without the lock, since a large policy takes milliseconds. */
void policy_store_expire(struct policy_store *all)
{
	struct kept *gone;

	pthread_mutex_lock(&all->lock);
	gone = take_expired(all);
	pthread_mutex_unlock(&all->lock);
	free_list(gone);
}

const struct policy *policy_store_hold(struct policy_store *all, struct slice id)
{
	struct kept *k;

	pthread_mutex_lock(&all->lock);
	for (k = all->newest; k; k = k->older)
		if (id.len == 0 || slice_equal(id, slice_str(k->policy->id)))
			break;
	if (!k)
		k = all->newest;
	k->held++;
	pthread_mutex_unlock(&all->lock);
	return k->policy;
}

void policy_store_release(struct policy_store *all, const struct policy *policy)
{
	pthread_mutex_lock(&all->lock);
	for (struct kept *k = all->newest; k; k = k->older)
		if (k->policy == policy)
			k->held--;
	pthread_mutex_unlock(&all->lock);
}
