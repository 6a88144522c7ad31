/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/*
 * Allocations that are under way to other owners: a mark on the first granule of each. Who frees
 * them when they have arrived is known to the process alone, so whoever adopts them frees them.
 */

#include "mem_priv.h"

int
mem_sent_set(struct mem *m, uint64_t addr, bool sent)
{
	struct mem_spot s;
	int ret = mem_live_at(m, addr, &s);

	if (ret != 0)
		return ret;
	/* Adoption is to see it behind what the caller did, and in front of what it does next. */
	mem_order();
	if (sent)
		hbm_set(&s.x->starts, s.x->sent, s.g);
	else
		mem_mark_clear(&s, s.x->sent);
	mem_order();
	return 0;
}

static int
free_in(struct mem *m, struct mem_pool *p, struct mem_ext *x)
{
	struct mem_spot s = {.p = p, .x = x};
	int ret = 0;

	while (ret == 0 && (s.g = hbm_next(&x->starts, x->sent, 0)) != HBM_NONE)
		ret = mem_free(m, mem_spot_addr(&s), 0);
	return ret;
}

int
mem_sent_free(struct mem *m, struct mem_pool *p)
{
	int ret = 0;

	for (uint32_t i = 0; i < MEM_EXTENTS && ret == 0; i++)
		if (p->ext[i].hdr != NULL)
			ret = free_in(m, p, &p->ext[i]);
	return ret;
}
