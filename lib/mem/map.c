/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/*
 * The ownership map. A block (2 MiB) has one entry; MEM_SET_MIXED in it sends the reader to the
 * entry of the granule. Granule entries of a uniform block are stale: they are written in full
 * before the block turns mixed. Readers are lock-free: each entry they see was true at some
 * moment since their last quiescent state, and that is all the check promises.
 *
 * The first granule of an allocation is claimed last and freed first, so that whoever adopts the
 * zones sees from it alone whether the allocation was complete.
 */

#include "mem_priv.h"

typedef uint64_t __attribute__((may_alias)) word_alias;

/* All entries are stored atomically; four at a time where alignment allows. */
static void
fill(uint16_t *e, uint32_t n, uint16_t set)
{
	uint64_t four = set * UINT64_C(0x0001000100010001);

	for (; n > 0 && ((uintptr_t)e & 7) != 0; e++, n--)
		__atomic_store_n(e, set, __ATOMIC_RELAXED);
	for (; n >= 4; e += 4, n -= 4)
		__atomic_store_n((word_alias *)e, four, __ATOMIC_RELAXED);
	for (; n > 0; e++, n--)
		__atomic_store_n(e, set, __ATOMIC_RELAXED);
}

/* How many of n entries are val, which the first one was when the caller read it. */
static uint32_t
run_len(const uint16_t *e, uint32_t n, uint16_t val)
{
	uint64_t four = val * UINT64_C(0x0001000100010001);
	uint32_t i = 1;

	for (; i < n && ((uintptr_t)(e + i) & 7) != 0; i++)
		if (__atomic_load_n(e + i, __ATOMIC_RELAXED) != val)
			return i;
	for (; i + 4 <= n; i += 4)
		if (__atomic_load_n((const word_alias *)(e + i), __ATOMIC_RELAXED) != four)
			break;
	while (i < n && __atomic_load_n(e + i, __ATOMIC_RELAXED) == val)
		i++;
	return i;
}

static void
count_runs(struct mem *m, const uint16_t *e, uint32_t n, int sign)
{
	uint32_t i, run;

	for (i = 0; i < n; i += run) {
		run = run_len(e + i, n - i, e[i]);
		mem_set_count(m, e[i], (int64_t)run * sign);
	}
}

/* From uniform to mixed, with the range [g, g + n) of the block already different. */
static void
split_block(const struct mem_pool *p, struct mem_ext *x, uint32_t b, uint32_t g, uint32_t n,
	uint16_t set)
{
	uint32_t bg = mem_block_granules(p);
	uint16_t *e = x->granule + (size_t)b * bg;
	uint32_t at = g - b * bg;

	fill(e, at, x->block[b]);
	fill(e + at, n, set);
	fill(e + at + n, bg - at - n, x->block[b]);
	__atomic_store_n(&x->block[b], MEM_SET_MIXED, __ATOMIC_RELEASE);
}

/* One block's part of a change. */
static void
set_block(struct mem *m, const struct mem_pool *p, struct mem_ext *x, uint32_t g, uint32_t n,
	uint16_t set)
{
	uint32_t bg = mem_block_granules(p), b = g / bg;
	uint16_t old = x->block[b];
	uint16_t *e = x->granule + g;

	if (old == MEM_SET_MIXED)
		count_runs(m, e, n, -1);
	else
		mem_set_count(m, old, -(int64_t)n);
	if (n == bg) {
		__atomic_store_n(&x->block[b], set, __ATOMIC_RELEASE);
	} else if (old != MEM_SET_MIXED) {
		if (old != set)
			split_block(p, x, b, g, n, set);
	} else if (set == MEM_SET_FREE) {
		__atomic_store_n(e, set, __ATOMIC_RELEASE);
		fill(e + 1, n - 1, set);
	} else {
		fill(e + 1, n - 1, set);
		__atomic_store_n(e, set, __ATOMIC_RELEASE);
	}
}

/* From one set to another, or to free: first block first. */
void
mem_map_set(struct mem *m, const struct mem_spot *s, uint32_t n, uint16_t set)
{
	uint32_t bg = mem_block_granules(s->p), g = s->g, end = s->g + n, part;

	mem_set_count(m, set, n);
	for (; g < end; g += part) {
		part = RTE_MIN(bg - g % bg, end - g);
		set_block(m, s->p, s->x, g, part, set);
		mem_order();
	}
}

/* From free to a set: last block first. */
void
mem_map_claim(struct mem *m, const struct mem_spot *s, uint32_t n, uint16_t set)
{
	uint32_t bg = mem_block_granules(s->p), end = s->g + n, part;

	mem_set_count(m, set, n);
	for (; end > s->g; end -= part) {
		part = RTE_MIN((end - 1) % bg + 1, end - s->g);
		set_block(m, s->p, s->x, end - part, part, set);
		mem_order();
	}
}

uint16_t
mem_map_get(const struct mem_spot *s)
{
	uint16_t set = s->x->block[s->g / mem_block_granules(s->p)];

	return set == MEM_SET_MIXED ? s->x->granule[s->g] : set;
}

/* How many of the n granules from s on belong to set, which the first one does. */
uint32_t
mem_map_run(const struct mem_spot *s, uint32_t n, uint16_t set)
{
	uint32_t bg = mem_block_granules(s->p), g = s->g, end = s->g + n, part, same;
	const uint16_t *e = s->x->granule;

	for (; g < end; g += part) {
		part = RTE_MIN(bg - g % bg, end - g);
		if (s->x->block[g / bg] == MEM_SET_MIXED)
			same = e[g] == set ? run_len(e + g, part, set) : 0;
		else
			same = s->x->block[g / bg] == set ? part : 0;
		if (same < part)
			return g + same - s->g;
	}
	return n;
}

static bool
runs_valid(const struct mem *m, const uint16_t *e, uint32_t n)
{
	uint32_t i;

	for (i = 0; i < n; i += run_len(e + i, n - i, e[i]))
		if (!mem_set_usable(m, e[i]))
			return false;
	return true;
}

/* Whether every set that the map of an extent names is one. */
bool
mem_map_valid(const struct mem *m, const struct mem_pool *p, const struct mem_ext *x)
{
	uint32_t bg = mem_block_granules(p), b;

	for (b = 0; b < x->nb_pages; b++) {
		if (x->block[b] == MEM_SET_MIXED ? !runs_valid(m, x->granule + (size_t)b * bg, bg)
						 : !mem_set_usable(m, x->block[b]))
			return false;
	}
	return true;
}

/* Adds or takes away the references of a whole extent. */
void
mem_map_count(struct mem *m, const struct mem_pool *p, const struct mem_ext *x, int sign)
{
	uint32_t bg = mem_block_granules(p), b;

	for (b = 0; b < x->nb_pages; b++) {
		if (x->block[b] == MEM_SET_MIXED)
			count_runs(m, x->granule + (size_t)b * bg, bg, sign);
		else
			mem_set_count(m, x->block[b], (int64_t)bg * sign);
	}
}

/* Which error byte-wise order finds first in a mixed block; 0 when node owns all of it. */
static int
check_granules(const struct mem *m, const uint16_t *e, uint32_t n, uint16_t node)
{
	uint32_t i, run;
	uint16_t set;

	for (i = 0; i < n; i += run) {
		set = __atomic_load_n(e + i, __ATOMIC_ACQUIRE);
		run = run_len(e + i, n - i, set);
		if (!mem_set_test(m, set, node))
			return set == MEM_SET_FREE ? -ESTALE : -EPERM;
	}
	return 0;
}

/* One page's part of a check. */
static int
check_page(const struct mem *m, const struct mem_page *page, uint32_t in, uint32_t len,
	uint32_t log, uint16_t node)
{
	uint16_t set = __atomic_load_n(page->block, __ATOMIC_ACQUIRE);
	uint32_t first = in >> log;

	if (set == MEM_SET_MIXED)
		return check_granules(
			m, page->granule + first, ((in + len - 1) >> log) - first + 1, node);
	if (mem_set_test(m, set, node))
		return 0;
	return set == MEM_SET_FREE ? -ESTALE : -EPERM;
}

static int
check_pages(const struct mem *m, const struct mem_page *page, uint32_t in, uint64_t len,
	uint32_t log, uint16_t node)
{
	uint32_t part;
	int err;

	for (; len > 0; len -= part, in = 0, page++) {
		part = (uint32_t)RTE_MIN(len, (uint64_t)MEM_PAGE_SIZE - in);
		err = check_page(m, page, in, part, log, node);
		if (err != 0)
			return err;
	}
	return 0;
}

void *
mem_access_slow(const struct mem *m, uint64_t addr, uint64_t len, uint16_t node, int *err)
{
	const struct mem_page *page = mem_page_of(m, addr);
	uint32_t in = (uint32_t)addr & (MEM_PAGE_SIZE - 1);
	uint8_t *va = NULL;

	if (page != NULL)
		va = __atomic_load_n(&page->va, __ATOMIC_ACQUIRE);
	if (len == 0)
		*err = -EINVAL;
	else if (mem_view_of(m, mem_addr_pool(addr)) == NULL)
		*err = -ENOENT;
	else if (va == NULL || len > ((uint64_t)page->left << MEM_PAGE_LOG) - in)
		*err = -EFAULT;
	else if (node >= m->max_nodes)
		*err = -EPERM;
	else
		*err = check_pages(m, page, in, len, mem_granule_log(m, addr), node);
	return *err == 0 ? va + in : NULL;
}

int
mem_own_check(const struct mem *m, uint64_t addr, uint64_t len, uint16_t node)
{
	int err;

	mem_access_slow(m, addr, len, node, &err);
	return err;
}

uint64_t
mem_own_bytes(const struct mem *m, uint64_t addr, uint64_t len)
{
	const struct mem_page *page = mem_page_of(m, addr);
	uint32_t in = (uint32_t)addr & (MEM_PAGE_SIZE - 1), left, part;
	uint64_t bytes = 0;

	if (page == NULL || page->va == NULL)
		return 0;
	for (left = page->left; len > 0 && left > 0; len -= part, in = 0, page++, left--) {
		part = (uint32_t)RTE_MIN(len, (uint64_t)MEM_PAGE_SIZE - in);
		bytes += *page->block == MEM_SET_MIXED
		                 ? (part >> mem_granule_log(m, addr)) * sizeof(*page->granule)
		                 : sizeof(uint64_t);
	}
	return bytes;
}
