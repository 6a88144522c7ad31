/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/*
 * Ownership of ranges. A range falls into runs, each of granules with the same owners. What becomes
 * of them is planned first, so that a change is made as a whole or not at all; the map then only
 * has to be written. The plan lies beside it meanwhile, for whoever adopts the pool.
 */

#include "mem_priv.h"

/* The plan holds a reference to each new set. */
struct plan {
	enum mem_own_how how;
	uint16_t nodes, from_set; /* as mem_own_change() was given */
	uint32_t runs;
	struct mem_change change;
};

int
mem_own_run(const struct mem *m, uint64_t addr, uint64_t len, uint16_t *set, uint64_t *run)
{
	struct mem_spot s;
	uint64_t n;
	int ret = mem_locate(m, addr, &s);

	if (ret != 0)
		return ret;
	n = len >> s.p->granule_log;
	if (((addr | len) & ((1u << s.p->granule_log) - 1)) != 0 || n == 0)
		return -EINVAL;
	n = RTE_MIN(n, (uint64_t)s.x->nb_granules - s.g);
	*set = mem_map_get(&s);
	*run = (uint64_t)mem_map_run(&s, (uint32_t)n, *set) << s.p->granule_log;
	return 0;
}

/* With the nodes, or without them. */
static int
set_combine(struct mem *m, uint16_t old, uint16_t nodes, bool with, uint16_t *now)
{
	uint64_t a[MEM_NODES_MAX / 64], b[MEM_NODES_MAX / 64];

	mem_set_bitmap(m, old, a, RTE_DIM(a));
	mem_set_bitmap(m, nodes, b, RTE_DIM(b));
	for (uint32_t i = 0; i < RTE_DIM(a); i++)
		a[i] = with ? a[i] | b[i] : a[i] & ~b[i];
	return mem_set_intern(m, a, RTE_DIM(a), now);
}

static int
plan_set(struct mem *m, const struct plan *p, uint16_t old, uint16_t *now)
{
	if (old == MEM_SET_FREE)
		return -ESTALE;
	switch (p->how) {
	case MEM_OWN_ADD:
		return set_combine(m, old, p->nodes, true, now);
	case MEM_OWN_DROP:
		return set_combine(m, old, p->nodes, false, now);
	case MEM_OWN_MOVE:
		if (old != p->from_set)
			return -EPERM;
		break;
	case MEM_OWN_SET:
		break;
	}
	*now = p->nodes;
	return mem_set_hold(m, p->nodes);
}

static uint32_t
change_find(const struct mem_change *c, uint16_t old)
{
	uint32_t i = 0;

	while (i < c->n && c->old[i] != old)
		i++;
	return i;
}

/* What becomes of it; what is not to be changed has been, already. */
static uint16_t
change_of(const struct mem_change *c, uint16_t old)
{
	uint32_t i = change_find(c, old);

	if (c->n == 0)
		return c->now[0];
	return i < c->n ? c->now[i] : old;
}

static int
plan_run(struct mem *m, struct plan *p, uint16_t old)
{
	struct mem_change *c = &p->change;
	uint32_t i = change_find(c, old);
	int ret;

	if (++p->runs > MEM_OWN_RUNS && (p->how == MEM_OWN_ADD || p->how == MEM_OWN_DROP))
		return -EMSGSIZE;
	if (i < c->n)
		return 0;
	/* Where all become the same, no matter what they were, the first of them stands for all. */
	if (p->how == MEM_OWN_SET && c->n > 0)
		return old == MEM_SET_FREE ? -ESTALE : 0;
	if (i == MEM_CHANGE_SETS)
		return -EMSGSIZE;
	ret = plan_set(m, p, old, &c->now[i]);
	if (ret != 0)
		return ret;
	c->old[i] = old;
	c->n++;
	return 0;
}

static int
plan_make(struct mem *m, struct plan *p, uint64_t addr, uint64_t len)
{
	uint64_t run = 0;
	uint16_t old = MEM_SET_FREE;
	int ret = 0;

	for (; len > 0 && ret == 0; addr += run, len -= run) {
		ret = mem_own_run(m, addr, len, &old, &run);
		if (ret != 0)
			/* The first granule lies in the pool: what follows does not. */
			return ret == -ENOENT && p->runs > 0 ? -EFAULT : ret;
		ret = plan_run(m, p, old);
	}
	return ret;
}

static void
plan_drop(struct mem *m, const struct plan *p)
{
	for (uint32_t i = 0; i < p->change.n; i++)
		mem_set_release(m, p->change.now[i]);
}

static int
change_write(struct mem *m, const struct mem_change *c)
{
	uint64_t addr = c->addr, len = c->len, run;
	struct mem_spot s;
	uint16_t old;
	int ret;

	for (; len > 0; addr += run, len -= run) {
		ret = mem_own_run(m, addr, len, &old, &run);
		if (ret != 0)
			return ret;
		if (old == MEM_SET_FREE)
			return -ESTALE;
		mem_locate(m, addr, &s);
		mem_map_set(m, &s, (uint32_t)(run >> s.p->granule_log), change_of(c, old));
	}
	return 0;
}

static void
plan_apply(struct mem *m, struct plan *p, uint64_t addr, uint64_t len)
{
	struct mem_change *kept = &mem_pool_get(m, mem_addr_pool(addr))->hdr->change;
	struct mem_change c = p->change;

	c.addr = addr;
	c.len = len;
	if (p->how == MEM_OWN_SET) {
		c.n = 0;
		c.now[0] = p->nodes;
	}
	*kept = c;
	__atomic_store_n(&kept->going, 1, __ATOMIC_RELEASE);
	mem_order();
	change_write(m, &c);
	__atomic_store_n(&kept->going, 0, __ATOMIC_RELEASE);
}

static bool
change_sound(const struct mem *m, const struct mem_pool *p, const struct mem_change *c)
{
	if (c->n > MEM_CHANGE_SETS || mem_addr_pool(c->addr) != p->id)
		return false;
	for (uint32_t i = 0; i < RTE_MAX(c->n, 1u); i++)
		if (c->now[i] == MEM_SET_FREE || !mem_set_usable(m, c->now[i]))
			return false;
	return true;
}

int
mem_own_resume(struct mem *m, const struct mem_pool *p)
{
	struct mem_change *c = &p->hdr->change;

	if (c->going == 0)
		return 0;
	if (!change_sound(m, p, c) || change_write(m, c) != 0)
		return -EBADMSG;
	__atomic_store_n(&c->going, 0, __ATOMIC_RELEASE);
	return 0;
}

int
mem_own_change_runs(struct mem *m, uint64_t addr, uint64_t len, enum mem_own_how how,
	uint16_t nodes, uint16_t from, uint32_t *runs)
{
	struct plan p = {.how = how, .nodes = nodes, .from_set = from};
	int ret;

	*runs = 0;
	if (nodes == MEM_SET_FREE || !mem_set_usable(m, nodes) || len == 0)
		return -EINVAL;
	ret = plan_make(m, &p, addr, len);
	if (ret == 0)
		plan_apply(m, &p, addr, len);
	plan_drop(m, &p);
	*runs = p.runs;
	return ret;
}

int
mem_own_change(struct mem *m, uint64_t addr, uint64_t len, enum mem_own_how how, uint16_t nodes,
	uint16_t from)
{
	uint32_t runs;

	return mem_own_change_runs(m, addr, len, how, nodes, from, &runs);
}

int
mem_own_set(struct mem *m, uint64_t addr, uint64_t len, uint16_t set)
{
	return mem_own_change(m, addr, len, MEM_OWN_SET, set, MEM_SET_FREE);
}
