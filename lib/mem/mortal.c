/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/* Allocations that end with their owners: a mark on the first granule of each. */

#include "mem_priv.h"

int
mem_mortal_next(const struct mem *m, uint64_t addr, struct mem_alloc_info *info)
{
	struct mem_spot s;
	int ret = mem_spot_from(m, addr, &s);

	if (ret != 0)
		return ret;
	s.g = s.g < s.x->nb_granules ? hbm_next(&s.x->starts, s.x->mortal, s.g) : HBM_NONE;
	if (s.g != HBM_NONE) {
		mem_describe(m, &s, info);
		return 0;
	}
	s.g = s.x->nb_granules;
	info->addr = mem_spot_addr(&s);
	return -EAGAIN;
}
