/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/*
 * Two-choice hash index: a key may live in either of two buckets of eight slots and goes to the
 * emptier one. Every operation looks at two cache lines, whatever the load. At half load a
 * full pair of buckets does not happen in practice; when it does the insert says -ENOSPC. The
 * hash is keyed by a seed from the root zone, so that peers cannot aim at one bucket.
 */

#ifndef MEM_INDEX_H
#define MEM_INDEX_H

#include "mem_layout.h"

struct mem_index {
	struct mem_bucket *buckets;
	uint32_t mask;
};

#define MEM_INDEX_NONE UINT32_MAX

/* Does value val have the key? */
typedef bool (*mem_index_eq)(const void *ctx, uint32_t val, const void *key);

uint64_t mem_hash(uint64_t seed, const void *key, size_t len);
/* Buckets for n values at no more than half load. */
uint32_t mem_index_buckets(uint32_t n);
uint32_t mem_index_find(const struct mem_index *ix, uint64_t hash, mem_index_eq eq, const void *ctx,
	const void *key);
bool mem_index_room(const struct mem_index *ix, uint64_t hash);
int mem_index_add(struct mem_index *ix, uint64_t hash, uint32_t val);
void mem_index_del(struct mem_index *ix, uint64_t hash, uint32_t val);
void mem_index_reset(struct mem_index *ix);

#endif /* MEM_INDEX_H */
