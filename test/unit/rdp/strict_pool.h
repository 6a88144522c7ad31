/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#ifndef STRICT_POOL_H
#define STRICT_POOL_H

/**
 * A pool of mbufs that notices what is done to them wrongly: freed twice, written to after they
 * were freed; under AddressSanitizer and valgrind, touched at all after that, or behind their end.
 */

#include <rte_mbuf.h>

/** @return a pool of exactly @p n mbufs; NULL without memory. */
struct rte_mempool *strict_pool_create(const char *name, unsigned int n, uint16_t data_room);

/** Give the pool back. @return how many of its mbufs are missing. */
unsigned int strict_pool_free(struct rte_mempool *pool);

/** From now on pools given back are handed out again: making one takes longer than many a test. */
void strict_pool_reuse(void);

/** Mistakes seen since the program started. */
unsigned int strict_pool_mistakes(void);

/** Nobody may touch the room behind the data of @p m any more, nor behind its first @p least bytes:
 * as many as what it becomes may have (under either). */
void strict_pool_seal(struct rte_mbuf *m, uint16_t least);

#endif /* STRICT_POOL_H */
