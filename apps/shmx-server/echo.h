/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#ifndef SERVER_ECHO_H
#define SERVER_ECHO_H

/**
 * @file
 * The raw echo: frames of ethertype ECHO_ETHER_TYPE go back to their sender at once, with swapped
 * addresses. It is what the protocol is measured against, so it runs below the protocol, where
 * frames come in, as tight as an echo can be; the protocol pays one compare per burst for it.
 */

#include <stdint.h>

#include <rte_common.h>

#include "rdp/rdp.h"
#include "rdp/rdp_eth.h"

/** IEEE 802 "local experimental ethertype 1". */
#define ECHO_ETHER_TYPE 0x88B5

/** A queue pair; belongs to the worker that polls it. */
struct echo_queue {
	struct rdp_eth eth;  /**< first: it is the context of the transmit half, too */
	uint32_t work;       /**< frames echoed since echo_take_work() */
	uint64_t echoed;     /**< frames sent back; free-running, read by anyone */
	uint64_t echo_drops; /**< frames not sent back, the transmit ring being full; likewise */
} __rte_cache_aligned;

/** The seam through which the protocol sees the queue pair @p eth without its raw frames. */
struct rdp_io echo_io(struct echo_queue *q, const struct rdp_eth *eth);

/** How many frames were echoed since the last call: work that rdp_poll() does not count. */
static inline uint32_t
echo_take_work(struct echo_queue *q)
{
	uint32_t work = q->work;

	q->work = 0;
	return work;
}

#endif /* SERVER_ECHO_H */
