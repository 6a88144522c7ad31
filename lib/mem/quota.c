/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/*
 * Quotas. An allocation is charged to the node that made it until it is freed or changes its
 * length, whoever owns it. The node stands beside its first granule, in extents of pools with a
 * quota only, and is written before the allocation becomes live; what stands elsewhere is left
 * over. So the sums can be made anew from the allocations that are there, and adoption does so. A
 * chunk whose free began is nobody's any more, though its memory is not back yet.
 */

#include "mem_priv.h"

/* Whether a node may have so many bytes more. */
int
mem_quota_check(const struct mem *m, const struct mem_pool *p, uint16_t node, uint64_t len)
{
	uint64_t held;

	if (p->held == NULL || node == 0)
		return 0;
	if (node >= m->max_nodes)
		return -EINVAL;
	held = p->held[node];
	/* Both are whole granules: it does not matter that len is not rounded yet. */
	return held > p->hdr->quota || len > p->hdr->quota - held ? -EDQUOT : 0;
}

uint16_t
mem_charge_get(const struct mem_spot *s)
{
	return s->x->charge != NULL ? s->x->charge[s->g] : 0;
}

/* So many granules more, or less, are charged to whoever made the allocation that starts at s. */
void
mem_charge_add(const struct mem_spot *s, int64_t granules)
{
	if (s->x->charge != NULL)
		mem_stat_add(
			&s->p->held[s->x->charge[s->g]], (uint64_t)granules << s->p->granule_log);
}

void
mem_charge_set(const struct mem_spot *s, uint32_t n, uint16_t node)
{
	if (s->x->charge == NULL)
		return;
	s->x->charge[s->g] = node;
	mem_charge_add(s, n);
}

/* Whether everyone that an allocation of an extent may be charged to is a node. */
bool
mem_charge_valid(const struct mem *m, const struct mem_ext *x)
{
	uint32_t w;
	uint64_t starts;

	for (w = 0; x->charge != NULL && w < x->nb_granules / 64; w++)
		for (starts = x->start[w]; starts != 0; starts &= starts - 1)
			if (x->charge[w * 64 + (uint32_t)__builtin_ctzll(starts)] >= m->max_nodes)
				return false;
	return true;
}

uint64_t
mem_pool_held(const struct mem *m, uint16_t pool, uint16_t node)
{
	const struct mem_pool *p = mem_pool_live(m, pool);

	if (p == NULL || p->held == NULL || node >= MEM_NODES_MAX)
		return 0;
	return __atomic_load_n(&p->held[node], __ATOMIC_RELAXED);
}

uint16_t
mem_pool_holder(const struct mem *m, uint16_t pool, uint16_t from)
{
	const struct mem_pool *p = mem_pool_live(m, pool);

	if (p == NULL || p->held == NULL)
		return MEM_NODES_MAX;
	while (from < MEM_NODES_MAX && __atomic_load_n(&p->held[from], __ATOMIC_RELAXED) == 0)
		from++;
	return RTE_MIN(from, MEM_NODES_MAX);
}
