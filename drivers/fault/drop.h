/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#ifndef FAULT_DROP_H
#define FAULT_DROP_H

/**
 * @file
 * Lose frames on purpose: a random fraction of what a queue receives and of what it transmits,
 * from a seed, so that a run can be repeated. Works on any port, below everything that polls it.
 */

#include <stdint.h>

struct drop;

/** Written by the thread that polls the queue; read by anyone. */
struct drop_stats {
	uint64_t rx_seen, rx_dropped;
	uint64_t tx_seen, tx_dropped;
	uint64_t tx_spared; /**< would have been dropped, but there was no mbuf to stand in */
};

/**
 * Begin to drop on the queue pair @p queue of the port. Slow; nobody polls the queue meanwhile.
 *
 * A dropped frame that was to be transmitted is replaced by a minimal frame of EtherType
 * DROP_ETHER_TYPE that nobody listens to: a transmit callback cannot shorten the burst, because
 * the caller would take the frames behind the shortened count for unsent and send them again.
 *
 * @param rx_fraction, tx_fraction  0 (none) to 1 (all)
 * @param seed  any number; the same seed drops the same places of the frame sequence
 * @param drop  set on success only; the caller's until drop_remove()
 * @return 0, -EINVAL, -ENOMEM, or what ethdev said.
 */
int drop_install(uint16_t port_id, uint16_t queue, double rx_fraction, double tx_fraction,
	uint64_t seed, struct drop **drop);

/** Stop dropping. Slow; nobody polls the queue meanwhile. NULL is allowed. */
void drop_remove(struct drop *drop);

/** The counters so far; of NULL: zeros. */
void drop_stats(const struct drop *drop, struct drop_stats *stats);

/** Of the frames that stand in for dropped ones: second local experimental type of IEEE 802. */
#define DROP_ETHER_TYPE 0x88b6

#endif /* FAULT_DROP_H */
