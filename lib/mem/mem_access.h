/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/*
 * The check in front of every get, put and atomic: translation and ownership in one step. It
 * reads only tables (a page entry of this process and the ownership map), never the memory
 * itself, so a caller can check a batch, prefetch what it got back, and execute afterwards.
 *
 * The answer holds until the calling worker's next quiescent state, not longer.
 */

#ifndef MEM_ACCESS_H
#define MEM_ACCESS_H

#include <rte_branch_prediction.h>
#include <rte_common.h>

#include "mem.h"

#define MEM_SET_MIXED 0xffff /* in a block entry: look at the granules */

/* One 2 MiB page of a pool as this process sees it. Home publishes it by storing va last. */
struct mem_page {
	uint8_t *va;       /* NULL: no memory here. Written by home (release) */
	uint16_t *block;   /* set id of the whole page, or MEM_SET_MIXED. Target: by home */
	uint16_t *granule; /* set id of each granule, valid when mixed. Target: by home */
	uint32_t left;     /* pages from this one to the end of the extent, itself included */
	uint16_t extent;   /* index of the extent */
	uint16_t pad;
};
_Static_assert(sizeof(struct mem_page) == 32, "two page entries share a cache line");

/* One pool. Written by control, and by home at destroy. */
struct mem_view {
	struct mem_page
		*pages; /* NULL: no pool. Stored last (release); the rest is constant then */
	uint32_t nb_pages;
	uint32_t granule_log;
};
_Static_assert(sizeof(struct mem_view) == 16, "four pools share a cache line");

/* What the check needs. Constant from mem_create() on; mem_priv.h has the rest. */
struct mem {
	struct mem_view *views; /* by pool id, from first_pool on */
	uint64_t *set_bits;     /* membership bitmaps, 1 << set_shift words each */
	uint32_t nb_views;
	uint16_t first_pool;
	uint16_t max_nodes;
	uint8_t set_shift;
	struct mem_priv *priv;
};

/* Everything the inline path does not answer: long ranges, many granules, and which error. */
void *mem_access_slow(const struct mem *m, uint64_t addr, uint64_t len, uint16_t node, int *err);

static inline bool
mem_set_test(const struct mem *m, uint32_t set, uint32_t node)
{
	return m->set_bits[(set << m->set_shift) + (node >> 6)] >> (node & 63) & 1;
}

/* Place of a pool in the tables; nb_views or more when it is not this memory's. */
static inline uint32_t
mem_pool_index(const struct mem *m, uint32_t pool)
{
	return pool - m->first_pool;
}

static inline const struct mem_page *
mem_page_of(const struct mem *m, uint64_t addr)
{
	uint32_t index = mem_pool_index(m, mem_addr_pool(addr));
	const struct mem_view *v = &m->views[index];
	const struct mem_page *pages;
	uint64_t pg = mem_addr_off(addr) >> MEM_PAGE_LOG;

	if (unlikely(index >= m->nb_views))
		return NULL;
	pages = __atomic_load_n(&v->pages, __ATOMIC_ACQUIRE);
	if (unlikely(pages == NULL || pg >= v->nb_pages))
		return NULL;
	return &pages[pg];
}

/* Of a pool that is there. */
static inline uint32_t
mem_granule_log(const struct mem *m, uint64_t addr)
{
	return m->views[mem_pool_index(m, mem_addr_pool(addr))].granule_log;
}

/*
 * May node touch [addr, addr + len)? Returns where it lies in this process, or NULL and *err:
 *   -EINVAL  len is 0
 *   -ENOENT  no such pool
 *   -EFAULT  outside the pool, or across extents
 *   -ESTALE  free memory
 *   -EPERM   not an owner
 * of the first offending byte. *err is not written on success.
 */
static inline void *
mem_access(const struct mem *m, uint64_t addr, uint32_t len, uint16_t node, int *err)
{
	const struct mem_page *page = mem_page_of(m, addr);
	uint32_t in = (uint32_t)addr & (MEM_PAGE_SIZE - 1);
	uint32_t set, first, last;
	uint8_t *va;

	/* len - 1 makes 0 the longest of all */
	if (unlikely(page == NULL || node >= m->max_nodes || len - 1 >= MEM_PAGE_SIZE - in))
		goto slow;
	va = __atomic_load_n(&page->va, __ATOMIC_ACQUIRE);
	if (unlikely(va == NULL))
		goto slow;
	set = __atomic_load_n(page->block, __ATOMIC_ACQUIRE);
	if (set == MEM_SET_MIXED) {
		uint32_t log = mem_granule_log(m, addr);

		first = in >> log;
		last = (in + len - 1) >> log;
		set = __atomic_load_n(&page->granule[first], __ATOMIC_ACQUIRE);
		/* two granules are the usual unaligned case; more take the other way */
		if (last != first && (last - first > 1 || __atomic_load_n(&page->granule[last],
								  __ATOMIC_ACQUIRE) != set))
			goto slow;
	}
	if (likely(mem_set_test(m, set, node)))
		return va + in;
slow:
	return mem_access_slow(m, addr, len, node, err);
}

/* Brings the map entries of addr closer, for a mem_access() some tens of nanoseconds later. */
static inline void
mem_prefetch(const struct mem *m, uint64_t addr)
{
	const struct mem_page *page = mem_page_of(m, addr);

	if (page == NULL || __atomic_load_n(&page->va, __ATOMIC_ACQUIRE) == NULL)
		return;
	__builtin_prefetch(page->block);
	__builtin_prefetch(
		&page->granule[((uint32_t)addr & (MEM_PAGE_SIZE - 1)) >> mem_granule_log(m, addr)]);
}

#endif /* MEM_ACCESS_H */
