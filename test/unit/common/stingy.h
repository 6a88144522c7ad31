/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#ifndef STINGY_H
#define STINGY_H

/**
 * Any pool of mbufs, made short for a while: it hands out one at a time, keeps no cache, and
 * refuses when the test says so.
 */

#include <stdint.h>

#include <rte_mempool.h>

/** The @p from-th request (1: the next) and those after it are refused, @p n in all. */
void stingy_begin(struct rte_mempool *pool, uint64_t from, uint64_t n);

/** The pool is as it was. @return how often it was asked for an mbuf. */
uint64_t stingy_end(struct rte_mempool *pool);

#endif /* STINGY_H */
