/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#ifndef BENCH_RESOLVE_H
#define BENCH_RESOLVE_H

#include <stdint.h>

#include <rte_ether.h>
#include <rte_mempool.h>

struct options;

/**
 * Ask on the link for the Ethernet address on the way to the memory node of @p o, on queue 0, which
 * nobody else polls meanwhile. Broadcast when nobody answers: between memory ports that does as
 * well.
 */
void resolve(uint16_t port_id, struct rte_mempool *pool, const struct options *o,
	struct rte_ether_addr *addr);

#endif /* BENCH_RESOLVE_H */
