/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/*
 * What a pool should do by itself. Watermarks are of bytes that are in no allocation; those that
 * wait to be zeroed count as free, for they will be. All from single words that home keeps.
 */

#include "mem_priv.h"

static uint64_t
size_of(const struct mem_pool_hdr *h)
{
	return __atomic_load_n(&h->size_bytes, __ATOMIC_RELAXED);
}

/* Words of before and after a change may come together: never less than nothing. */
static uint64_t
free_of(const struct mem_pool_hdr *h)
{
	uint64_t zeroing = __atomic_load_n(&h->zeroing, __ATOMIC_RELAXED);
	uint64_t used = __atomic_load_n(&h->used, __ATOMIC_RELAXED);
	uint64_t size = size_of(h);

	used -= RTE_MIN(zeroing, used);
	return size - RTE_MIN(used, size);
}

bool
mem_extent_coming(const struct mem *m, uint16_t pool)
{
	const struct mem_pool *p = mem_pool_live(m, pool);
	uint32_t i;

	for (i = 0; p != NULL && i < MEM_EXTENTS; i++)
		if (__atomic_load_n(&p->hdr->extents[i].state, __ATOMIC_ACQUIRE) ==
			MEM_STATE_MAKING)
			return true;
	return false;
}

uint64_t
mem_pool_growth(const struct mem *m, uint16_t pool, uint64_t len)
{
	const struct mem_pool *p = mem_pool_live(m, pool);
	uint64_t size, room, most;

	if (p == NULL || p->hdr->grow_by == 0 || len > p->hdr->max_size)
		return 0;
	size = size_of(p->hdr);
	most = mem_ext_most(p->granule_log);
	room = RTE_MIN(most, p->hdr->max_size - RTE_MIN(size, p->hdr->max_size));
	len = RTE_ALIGN_CEIL(len, (uint64_t)MEM_PAGE_SIZE);
	return len > room ? 0 : RTE_MAX(len, RTE_MIN(p->hdr->grow_by, room));
}

/* What may go: neither the initial size, nor what a pool has free when it has just grown. */
static uint64_t
surplus(const struct mem_pool_hdr *h, uint64_t free)
{
	uint64_t keep = h->grow_below + h->grow_by, size = size_of(h);

	if (free <= keep || size <= h->min_size)
		return 0;
	return RTE_MIN(free - keep, size - h->min_size);
}

enum mem_want
mem_pool_wants(const struct mem *m, uint16_t pool, uint64_t *len)
{
	const struct mem_pool *p = mem_pool_live(m, pool);
	uint64_t free;

	if (p == NULL)
		return MEM_WANT_NOTHING;
	free = free_of(p->hdr);
	if (free < p->hdr->grow_below && !mem_extent_coming(m, pool)) {
		*len = mem_pool_growth(m, pool, 0);
		return *len >= MEM_PAGE_SIZE ? MEM_WANT_GROW : MEM_WANT_NOTHING;
	}
	if (p->hdr->shrink_above == 0 || free <= p->hdr->shrink_above)
		return MEM_WANT_NOTHING;
	*len = surplus(p->hdr, free);
	return *len >= MEM_PAGE_SIZE ? MEM_WANT_SHRINK : MEM_WANT_NOTHING;
}
