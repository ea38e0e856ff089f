/* SPDX-License-Identifier: MIT */
/* hash.h - a hash that is the same in every agent, whatever its version.
 *
 * FNV-1a over 64 bits.  It chooses the studies of a sample and names policies: it may
 * never change.  Not for secrets.
 */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include "base/bytes.h"

enum { HASH_STEP = 0x1B3 };
static const uint64_t HASH_START = 0xCBF29CE484222325U;

/* Continue <hash>, HASH_START at first, with <bytes>. */
static inline uint64_t hash_bytes(uint64_t hash, struct slice bytes)
{
	for (size_t i = 0; i < bytes.len; i++)
		hash = (hash ^ bytes.ptr[i]) * ((uint64_t)HASH_STEP | (uint64_t)1 << 40);
	return hash;
}

/* Mix all bits (the finalizer of MurmurHash3): FNV-1a of texts that differ only in their
 * last digit differs in few bits.
 */
static inline uint64_t hash_spread(uint64_t hash)
{
	hash ^= hash >> 33;
	hash *= 0xFF51AFD7ED558CCDU;
	hash ^= hash >> 33;
	hash *= 0xC4CEB9FE1A85EC53U;
	return hash ^ hash >> 33;
}

#endif
