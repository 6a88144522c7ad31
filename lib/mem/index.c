/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <errno.h>
#include <string.h>

#include "index.h"

static uint64_t
mix(uint64_t h)
{
	h ^= h >> 32;
	h *= UINT64_C(0xd6e8feb86659fd93);
	h ^= h >> 32;
	h *= UINT64_C(0xd6e8feb86659fd93);
	return h ^ h >> 32;
}

uint64_t
mem_hash(uint64_t seed, const void *key, size_t len)
{
	const uint8_t *p = key;
	uint64_t h = seed ^ len, w;

	for (; len >= 8; len -= 8, p += 8) {
		memcpy(&w, p, 8);
		h = mix(h ^ w) + seed;
	}
	w = 0;
	memcpy(&w, p, len);
	return mix(h ^ w);
}

uint32_t
mem_index_buckets(uint32_t n)
{
	uint32_t b = 1;

	while (b * MEM_SLOTS < 2 * n)
		b *= 2;
	return b;
}

static uint32_t
tag_of(uint64_t hash)
{
	return (uint32_t)(hash >> 24) | 1;
}

static struct mem_bucket *
bucket_of(const struct mem_index *ix, uint64_t hash, int choice)
{
	return &ix->buckets[(choice ? hash >> 32 : hash) & ix->mask];
}

static int
bucket_free_slots(const struct mem_bucket *b)
{
	int i, n = 0;

	for (i = 0; i < MEM_SLOTS; i++)
		n += b->tag[i] == 0;
	return n;
}

uint32_t
mem_index_find(const struct mem_index *ix, uint64_t hash, mem_index_eq eq, const void *ctx,
	const void *key)
{
	const struct mem_bucket *b;
	int c, i;

	for (c = 0; c < 2; c++) {
		b = bucket_of(ix, hash, c);
		for (i = 0; i < MEM_SLOTS; i++)
			if (b->tag[i] == tag_of(hash) && eq(ctx, b->val[i], key))
				return b->val[i];
	}
	return MEM_INDEX_NONE;
}

bool
mem_index_room(const struct mem_index *ix, uint64_t hash)
{
	return bucket_free_slots(bucket_of(ix, hash, 0)) != 0 ||
	       bucket_free_slots(bucket_of(ix, hash, 1)) != 0;
}

int
mem_index_add(struct mem_index *ix, uint64_t hash, uint32_t val)
{
	struct mem_bucket *b = bucket_of(ix, hash, 0), *other = bucket_of(ix, hash, 1);
	int i;

	if (bucket_free_slots(other) > bucket_free_slots(b))
		b = other;
	for (i = 0; i < MEM_SLOTS; i++) {
		if (b->tag[i] == 0) {
			b->val[i] = val;
			b->tag[i] = tag_of(hash);
			return 0;
		}
	}
	return -ENOSPC;
}

void
mem_index_del(struct mem_index *ix, uint64_t hash, uint32_t val)
{
	struct mem_bucket *b;
	int c, i;

	for (c = 0; c < 2; c++) {
		b = bucket_of(ix, hash, c);
		for (i = 0; i < MEM_SLOTS; i++) {
			if (b->tag[i] == tag_of(hash) && b->val[i] == val) {
				b->tag[i] = 0;
				return;
			}
		}
	}
}

void
mem_index_reset(struct mem_index *ix)
{
	memset(ix->buckets, 0, ((size_t)ix->mask + 1) * sizeof(*ix->buckets));
}
