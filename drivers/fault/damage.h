/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#ifndef FAULT_DAMAGE_H
#define FAULT_DAMAGE_H

/**
 * @file
 * Damage to the bytes of a frame. The frame has to be one's own and tell no lies: whoever gets it
 * must be able to find the damage by its checksums, as on a wire.
 */

#include <stdint.h>

#include <rte_mbuf.h>

/** A frame nobody else holds: a copy of all bytes in one mbuf. @return NULL without an mbuf. */
struct rte_mbuf *damage_copy(const struct rte_mbuf *m);

/**
 * Make a frame ready to be damaged: @p m itself where nobody else holds it, otherwise a copy, and
 * then the reference to @p m is given up. Checksums that were left to a port are complete, and no
 * flag says any more that one is to be computed, or was found good.
 * @return NULL without an mbuf: @p m stays as it is.
 */
struct rte_mbuf *damage_own(struct rte_mbuf *m);

/** Flip 1 to @p max_bits different bits anywhere. @p choice: any number, decides which. */
void damage_flip(struct rte_mbuf *m, uint64_t choice, uint32_t max_bits);

/** Cut to @p min up to its length - 1 bytes; a frame that is no longer than @p min stays. */
void damage_truncate(struct rte_mbuf *m, uint64_t choice, uint32_t min);

#endif /* FAULT_DAMAGE_H */
