/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#ifndef BENCH_LOCKS_H
#define BENCH_LOCKS_H

/**
 * @file
 * Locks that workloads want, reserved at the memory node for the length of a run. They have names,
 * bench.NODE.NUMBER, by which a run finds those of one that was killed.
 */

#include "bench.h"

/** Longest wait for a lock: a killed run's pass on earlier. */
#define LOCK_WAIT_US (10 * UINT64_C(1000000))

/** @param[out] id of @p n locks. @return 0, or negative after a line; then none is reserved. */
int locks_reserve(struct bench *b, const char *kind, uint32_t n, uint32_t *id);

/** Give them back; nobody has them. */
void locks_unreserve(struct bench *b, uint32_t n, const uint32_t *id);

#endif /* BENCH_LOCKS_H */
