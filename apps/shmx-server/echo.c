/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <rte_branch_prediction.h>
#include <rte_ethdev.h>
#include <rte_ether.h>
#include <rte_mbuf.h>

#include "echo.h"

#define ECHO_BURST 64 /* more are not asked for at a time */
/* Bursts echoed in a row before the worker's other queues and timers get their turn. */
#define ECHO_ROUNDS 16

static inline bool
is_raw(const struct rte_mbuf *m)
{
	return rte_pktmbuf_mtod(m, const struct rte_ether_hdr *)->ether_type ==
	       RTE_BE16(ECHO_ETHER_TYPE);
}

static inline void
swap_addresses(struct rte_mbuf *m)
{
	struct rte_ether_hdr *eth = rte_pktmbuf_mtod(m, struct rte_ether_hdr *);
	struct rte_ether_addr src = eth->src_addr;

	eth->src_addr = eth->dst_addr;
	eth->dst_addr = src;
}

/* Send the raw frames of a burst back; the others stay in mbufs. Returns how many those are. */
static uint16_t
echo_burst(struct echo_queue *q, struct rte_mbuf **mbufs, uint16_t n)
{
	struct rte_mbuf *raw[ECHO_BURST];
	uint16_t nb_raw = 0, nb_others = 0, sent;

	for (uint16_t i = 0; i < n; i++) {
		struct rte_mbuf *m = mbufs[i];

		if (unlikely(!is_raw(m))) {
			mbufs[nb_others++] = m;
			continue;
		}
		swap_addresses(m);
		raw[nb_raw++] = m;
	}
	sent = rte_eth_tx_burst(q->eth.port_id, q->eth.queue, raw, nb_raw);
	q->echoed += sent;
	q->work += nb_raw;
	if (unlikely(sent < nb_raw)) {
		q->echo_drops += nb_raw - sent;
		rte_pktmbuf_free_bulk(&raw[sent], nb_raw - sent);
	}
	return nb_others;
}

/* As long as nothing but raw frames comes, nobody else has to be asked. */
static __rte_noinline uint16_t
echo_run(struct echo_queue *q, struct rte_mbuf **mbufs, uint16_t got, uint16_t n)
{
	uint16_t others;

	for (int round = 0; round < ECHO_ROUNDS; round++) {
		others = echo_burst(q, mbufs, got);
		if (others != 0)
			return others;
		got = rte_eth_rx_burst(q->eth.port_id, q->eth.queue, mbufs, n);
		if (got == 0 || !is_raw(mbufs[0]))
			return got;
	}
	return echo_burst(q, mbufs, got);
}

static uint16_t
rx_burst(void *ctx, struct rte_mbuf **mbufs, uint16_t n)
{
	struct echo_queue *q = ctx;
	uint16_t got;

	n = RTE_MIN(n, ECHO_BURST);
	got = rte_eth_rx_burst(q->eth.port_id, q->eth.queue, mbufs, n);
	if (got != 0 && unlikely(is_raw(mbufs[0])))
		return echo_run(q, mbufs, got, n);
	return got;
}

struct rdp_io
echo_io(struct echo_queue *q, const struct rdp_eth *eth)
{
	*q = (struct echo_queue){.eth = *eth};
	return (struct rdp_io){.ctx = q, .rx_burst = rx_burst, .tx_burst = rdp_eth_tx_burst};
}
