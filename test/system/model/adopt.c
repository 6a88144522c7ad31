/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_common.h>
#include <rte_memory.h>

#include "mem/mem.h"
#include "mem/mem_access.h"
#include "nodes.h"

/*
 * The memory of a memory node that was killed, adopted by this process, which has the same zones as
 * an EAL secondary: everything against the model, from inside.
 */

#define WORDS    (MEM_NODES_MAX / 64)
#define TOLD_MAX 20

struct heritage {
	struct model m;
	struct mem *mem;
	uint64_t wrong;
};

static void
expect(struct heritage *h, const char *what, uint32_t pool, uint64_t at, uint64_t is,
	uint64_t should)
{
	if (is == should || h->wrong++ >= TOLD_MAX)
		return;
	printf("wrong after adoption: %s is %" PRId64 ", not %" PRId64 ": pool %s, granule %" PRIu64
	       "\n",
		what, (int64_t)is, (int64_t)should, h->m.pool[pool].name, at);
}

static uint64_t
addr_of(const struct heritage *h, uint32_t pool, uint64_t g)
{
	return mem_addr((uint16_t)h->m.pool[pool].id, g * h->m.pool[pool].granule);
}

static void
stat_agrees(struct heritage *h, uint32_t pool)
{
	const struct mpool *p = &h->m.pool[pool];
	uint64_t longest = (uint64_t)model_longest_free(p) * p->granule;
	struct mem_pool_stat st = {0};

	expect(h, "status of stat", pool, 0, (uint64_t)mem_pool_stat(h->mem, (uint16_t)p->id, &st),
		0);
	expect(h, "size", pool, 0, st.size, (uint64_t)p->nb * p->granule);
	expect(h, "used", pool, 0, st.used, (uint64_t)p->used * p->granule);
	expect(h, "free", pool, 0, st.free, (uint64_t)(p->nb - p->used) * p->granule);
	expect(h, "waiting to be cleared", pool, 0, st.zeroing, 0);
	expect(h, "allocations", pool, 0, st.nb_allocs, p->allocs);
	expect(h, "names", pool, 0, st.nb_names, p->names);
	expect(h, "extents", pool, 0, st.nb_extents, 1);
	if (st.largest_free > longest || st.largest_free < longest / 5 * 4)
		expect(h, "longest free piece", pool, 0, st.largest_free, longest);
}

/* The next allocation of the allocator, however many steps it takes to find it. */
static int
alloc_next(const struct heritage *h, uint64_t from, struct mem_alloc_info *info)
{
	int ret;

	while ((ret = mem_alloc_next(h->mem, from, info)) == -EAGAIN)
		from = info->addr;
	return ret;
}

/* The allocator's list of allocations is the model's. */
static void
allocs_agree(struct heritage *h, uint32_t pool)
{
	const struct mpool *p = &h->m.pool[pool];
	uint64_t from = addr_of(h, pool, 0);
	struct mem_alloc_info info;

	for (uint32_t g = 0, n; g < p->nb; g += n) {
		const struct alloc *a = &h->m.alloc[p->cell[g].alloc];
		char name[16] = "";

		n = p->cell[g].alloc != 0 ? a->n : 1;
		if (p->cell[g].alloc == 0)
			continue;
		if (a->name != 0)
			model_name(a->name, name);
		if (alloc_next(h, from, &info) != 0)
			info = (struct mem_alloc_info){0};
		expect(h, "address of the next allocation", pool, g, info.addr,
			addr_of(h, pool, g));
		expect(h, "its length", pool, g, info.len, (uint64_t)n * p->granule);
		expect(h, "whether its name differs", pool, g, strcmp(info.name, name) != 0, 0);
		from = addr_of(h, pool, g) + 1;
	}
	expect(h, "what comes behind the last one", pool, p->nb,
		(uint64_t)alloc_next(h, from, &info), (uint64_t)-ENOENT);
}

static void
bitmap_of(const struct model *m, uint32_t owners, uint64_t *bits)
{
	uint16_t ids[MEM_NODES_MAX];
	uint32_t n = model_ids(m, owners, ids, RTE_DIM(ids));

	memset(bits, 0, WORDS * sizeof(*bits));
	for (uint32_t i = 0; i < n; i++)
		bits[ids[i] / 64] |= UINT64_C(1) << (ids[i] % 64);
}

static void
map_agrees(struct heritage *h, uint32_t pool)
{
	const struct mpool *p = &h->m.pool[pool];
	uint64_t is[WORDS], should[WORDS], run;
	uint16_t set;

	for (uint32_t g = 0, n; g < p->nb; g += n) {
		n = model_run(p, g, p->nb - g);
		run = set = 0;
		mem_own_run(h->mem, addr_of(h, pool, g), (uint64_t)(p->nb - g) * p->granule, &set,
			&run);
		expect(h, "bytes with the same owners", pool, g, run, (uint64_t)n * p->granule);
		memset(is, 0xff, sizeof(is));
		mem_set_bitmap(h->mem, set, is, WORDS);
		is[0] &= ~UINT64_C(1);
		bitmap_of(&h->m, p->cell[g].owners, should);
		expect(h, "whether the owners differ", pool, g, memcmp(is, should, sizeof(is)) != 0,
			0);
	}
}

/* What each node may, granule by granule. */
static void
views_agree(struct heritage *h, uint32_t pool)
{
	const struct mpool *p = &h->m.pool[pool];

	for (uint32_t g = 0; g < p->nb; g++)
		for (unsigned int k = 0; k < NODES; k++) {
			int err = 0;

			mem_access(h->mem, addr_of(h, pool, g), p->granule, h->m.id[k], &err);
			expect(h, "what a node may", pool, g, (uint64_t)err,
				(uint64_t)model_access(
					&h->m, pool, (uint64_t)g * p->granule, p->granule, k));
		}
}

static void
contents_agree(struct heritage *h, uint32_t pool)
{
	const struct mpool *p = &h->m.pool[pool];
	uint8_t should[4096];

	for (uint32_t g = 0; g < p->nb; g++) {
		const void *is;
		int err;

		if (p->cell[g].alloc == 0)
			continue;
		is = mem_access(h->mem, addr_of(h, pool, g), p->granule, 0, &err);
		model_contents(&h->m, pool, g, should);
		expect(h, "whether contents differ", pool, g,
			is == NULL || memcmp(is, should, p->granule) != 0, 0);
	}
}

/* Back to what it was before anything was allocated, for the allocator does so node by node. */
static void
clear(struct heritage *h)
{
	for (uint32_t i = 0; i < h->m.nb_live; i++) {
		const struct alloc *a = &h->m.alloc[h->m.live[i]];
		const struct mpool *p = &h->m.pool[a->pool];
		uint32_t common = model_common(p, a->g, a->n) & OURS;
		uint16_t id = common != 0 ? h->m.id[__builtin_ctz(common)] : 0;

		expect(h, "status of free", a->pool, a->g,
			(uint64_t)mem_free(h->mem, addr_of(h, a->pool, a->g), id), 0);
	}
}

static void
empty(struct heritage *h, uint32_t pool)
{
	const struct mpool *p = &h->m.pool[pool];
	uint64_t size = (uint64_t)p->nb * p->granule;
	struct mem_pool_stat st = {0};

	while (mem_zero_step(h->mem, (uint16_t)p->id, UINT64_C(1) << 20) > 0)
		continue;
	mem_pool_stat(h->mem, (uint16_t)p->id, &st);
	expect(h, "used at the end", pool, 0, st.used, 0);
	expect(h, "free at the end", pool, 0, st.free, size);
	expect(h, "longest free piece at the end", pool, 0, st.largest_free, size);
	expect(h, "allocations at the end", pool, 0, st.nb_allocs, 0);
	expect(h, "names at the end", pool, 0, st.nb_names, 0);
}

static void
compare(struct heritage *h)
{
	/* Takes the ids of sets from whoever is not counted. */
	mem_set_reclaim_begin(h->mem);
	mem_set_reclaim_end(h->mem);
	for (uint32_t i = 0; i < POOLS; i++) {
		uint16_t id = 0;

		mem_pool_lookup(h->mem, h->m.pool[i].name, &id);
		expect(h, "pool id", i, 0, id, h->m.pool[i].id);
		stat_agrees(h, i);
		allocs_agree(h, i);
		map_agrees(h, i);
		views_agree(h, i);
		contents_agree(h, i);
	}
	printf("adopted after SIGKILL: %u allocations, their owners, contents and what each node "
	       "may %s\n",
		h->m.nb_live,
		h->wrong == 0 ? "agree with the model" : "do not agree with the model");
	clear(h);
	for (uint32_t i = 0; i < POOLS; i++)
		empty(h, i);
	printf("all freed: the pools are %s\n", h->wrong == 0 ? "empty" : "not as they were");
}

int
adopt(const char *path)
{
	static struct heritage h;
	const struct mem_conf conf = {.provider = mem_provider_memzone(SOCKET_ID_ANY)};
	int err = model_load(&h.m, path);

	if (err == 0)
		h.mem = mem_attach(&conf, MEM_ATTACH_ADOPT, &err);
	if (h.mem == NULL) {
		printf("cannot adopt: %s\n", strerror(-err));
		return 1;
	}
	compare(&h);
	mem_detach(h.mem);
	model_destroy(&h.m);
	return h.wrong != 0;
}
