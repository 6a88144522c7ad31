/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/*
 * Ownership of ranges. A range falls into runs, each of granules with the same owners. What becomes
 * of them is planned first, so that a change is made as a whole or not at all; the map then only
 * has to be written.
 */

#include "mem_priv.h"

#define PLAN_SETS 16

/* Which set becomes which. The plan holds a reference to each new one. */
struct plan {
	enum mem_own_how how;
	uint16_t nodes, from_set; /* as mem_own_change() was given */
	uint32_t n;
	uint32_t runs;
	uint16_t old[PLAN_SETS], now[PLAN_SETS];
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
plan_find(const struct plan *p, uint16_t old)
{
	uint32_t i = 0;

	while (i < p->n && p->old[i] != old)
		i++;
	return i;
}

static int
plan_run(struct mem *m, struct plan *p, uint16_t old)
{
	uint32_t i = plan_find(p, old);
	int ret;

	if (++p->runs > MEM_OWN_RUNS && (p->how == MEM_OWN_ADD || p->how == MEM_OWN_DROP))
		return -EMSGSIZE;
	if (i < p->n)
		return 0;
	/* Where all become the same, no matter what they were, the first of them stands for all. */
	if (p->how == MEM_OWN_SET && p->n > 0)
		return old == MEM_SET_FREE ? -ESTALE : 0;
	if (i == PLAN_SETS)
		return -EMSGSIZE;
	ret = plan_set(m, p, old, &p->now[i]);
	if (ret != 0)
		return ret;
	p->old[i] = old;
	p->n++;
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
	for (uint32_t i = 0; i < p->n; i++)
		mem_set_release(m, p->now[i]);
}

static void
plan_apply(struct mem *m, const struct plan *p, uint64_t addr, uint64_t len)
{
	struct mem_spot s;
	uint64_t run;
	uint16_t old;

	for (; len > 0 && mem_own_run(m, addr, len, &old, &run) == 0; addr += run, len -= run) {
		mem_locate(m, addr, &s);
		mem_map_set(m, &s, (uint32_t)(run >> s.p->granule_log),
			p->how == MEM_OWN_SET ? p->nodes : p->now[plan_find(p, old)]);
	}
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
