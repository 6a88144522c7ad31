/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#ifndef BENCH_FLOOD_H
#define BENCH_FLOOD_H

/**
 * @file
 * Handshakes of strangers, beside a workload: HELLO frames from addresses that nobody has, which
 * the memory node must not spend memory on, and little time.
 */

#include "bench.h"

struct flood;

/**
 * Of opt.flood frames a second. Asks for the memory node's Ethernet address on queue 0, which
 * nobody else polls meanwhile.
 * @return NULL after a line that says why.
 */
struct flood *flood_create(struct bench *b);
void flood_destroy(struct flood *f);

/** Send what is due; in every turn of the workload. */
void flood_turn(struct flood *f);

/** Frames that the port has taken. */
uint64_t flood_sent(const struct flood *f);

#endif /* BENCH_FLOOD_H */
