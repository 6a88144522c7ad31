/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#ifndef RDP_HANDOVER_H
#define RDP_HANDOVER_H

/**
 * @file
 * Endpoints that share the queues of a port and an address: which of them a session belongs to is
 * told by its index on the wire, and a frame that reaches another one is handed over through a
 * ring. It is not lost but when that ring is full, which is counted.
 */

#include <stdint.h>

#include <rte_ring.h>

#define HANDOVER_MAX  64   /**< endpoints of a port */
#define HANDOVER_RING 1024 /**< frames waiting for one of them */

/** Made before the endpoints and freed after them; constant in between, but for the rings. */
struct handover {
	uint16_t nb;
	uint16_t stride;        /**< indices of an endpoint: those from its number times this on */
	uint64_t cookie_key[2]; /**< a CONNECT may reach another one than the HELLO did */
	struct rte_ring *ring[HANDOVER_MAX]; /**< to each: any worker writes, its own reads */
};

/** For @p nb endpoints with up to @p stride sessions each. Slow. @return NULL with rte_errno. */
struct handover *handover_create(uint16_t nb, uint16_t stride, int socket_id);

/** Frees frames that still wait, too. NULL is allowed. */
void handover_free(struct handover *h);

#endif /* RDP_HANDOVER_H */
