/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#ifndef RDP_ETH_H
#define RDP_ETH_H

/** Frames from and to a queue of an Ethernet device. */

#include <stdbool.h>
#include <stdint.h>

#include "rdp/rdp.h"

struct rdp_eth {
	uint16_t port_id;
	uint16_t queue;
	bool prepare; /**< the device wants rte_eth_tx_prepare() for its offloads */
};

/** The seam for @p eth, which must outlive the endpoint. */
struct rdp_io rdp_eth_io(struct rdp_eth *eth);

uint16_t rdp_eth_rx_burst(void *ctx, struct rte_mbuf **mbufs, uint16_t n);
uint16_t rdp_eth_tx_burst(void *ctx, struct rte_mbuf **mbufs, uint16_t n);

#endif /* RDP_ETH_H */
