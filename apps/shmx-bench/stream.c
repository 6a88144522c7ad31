/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <rte_cycles.h>

#include "stream.h"

#define COST_LOOPS 1000000

void
stream_init(
	struct stream *s, const struct region *region, uint64_t size, int pattern, uint64_t seed)
{
	s->state = seed * UINT64_C(0x9e3779b97f4a7c15) | 1;
	s->base = region->base;
	s->stride = RTE_ALIGN_CEIL(size, 8);
	s->chunks = RTE_MIN(RTE_MAX(region->len / s->stride, 1u), UINT32_MAX);
	s->next = 0;
	s->sequential = pattern == PATTERN_SEQUENTIAL;
}

double
stream_cost_ns(const struct stream *s)
{
	struct stream copy = *s;
	volatile shmx_addr_t sink;
	uint64_t start = rte_rdtsc();

	for (int i = 0; i < COST_LOOPS; i++)
		sink = stream_next(&copy);
	(void)sink;
	return (double)(rte_rdtsc() - start) * 1e9 / (double)rte_get_tsc_hz() / COST_LOOPS;
}
