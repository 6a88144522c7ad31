/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#ifndef SERVER_ECHO_H
#define SERVER_ECHO_H

/**
 * @file
 * Frames in and out of one queue pair, and the raw echo: frames of ethertype ECHO_ETHER_TYPE go
 * back to their sender at once, with swapped addresses. It is what the protocol is measured
 * against, so it runs here, below the protocol, as tight as an echo can be; the protocol pays
 * one compare per burst for it.
 */

#include <stdbool.h>
#include <stdint.h>

#include <rte_common.h>

#include "rdp/rdp.h"

/** IEEE 802 "local experimental ethertype 1". */
#define ECHO_ETHER_TYPE 0x88B5

/** A queue pair of a port; belongs to the worker that polls it. */
struct echo_queue {
	uint16_t port_id;
	uint16_t queue;
	uint64_t echoed;     /**< frames sent back; free-running, read by anyone */
	uint64_t echo_drops; /**< frames not sent back, the transmit ring being full; likewise */
	uint64_t tx_refused; /**< frames the port would not take at all; likewise */
} __rte_cache_aligned;

/** Start to use a queue pair. @param tx_prepare the port has PORT_CAP_TX_PREPARE */
void echo_init(struct echo_queue *q, uint16_t port_id, uint16_t queue, bool tx_prepare,
	struct rdp_io *io);

#endif /* SERVER_ECHO_H */
