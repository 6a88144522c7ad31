/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <rte_ethdev.h>

#include "rdp/rdp_eth.h"

uint16_t
rdp_eth_rx_burst(void *ctx, struct rte_mbuf **mbufs, uint16_t n)
{
	const struct rdp_eth *eth = ctx;

	return rte_eth_rx_burst(eth->port_id, eth->queue, mbufs, n);
}

uint16_t
rdp_eth_tx_burst(void *ctx, struct rte_mbuf **mbufs, uint16_t n)
{
	const struct rdp_eth *eth = ctx;

	if (eth->prepare) {
		uint16_t ready = rte_eth_tx_prepare(eth->port_id, eth->queue, mbufs, n);

		/* The port will never take the first one: to leave it would stop the queue. What
		 * was in it is sent again, and in the end the peer is reported down. */
		if (ready == 0 && n > 0) {
			rte_pktmbuf_free(mbufs[0]);
			return 1;
		}
		n = ready;
	}
	return rte_eth_tx_burst(eth->port_id, eth->queue, mbufs, n);
}

struct rdp_io
rdp_eth_io(struct rdp_eth *eth)
{
	return (struct rdp_io){
		.ctx = eth, .rx_burst = rdp_eth_rx_burst, .tx_burst = rdp_eth_tx_burst};
}
