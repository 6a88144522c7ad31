/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <stdbool.h>
#include <string.h>

#include <rte_arp.h>
#include <rte_cycles.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>

#include "resolve.h"

#define TRIES   20
#define TRY_MS  10
#define BURST   32
#define MIN_LEN 60

struct arp_frame {
	struct rte_ether_hdr eth;
	struct rte_arp_hdr arp;
} __rte_packed __rte_aligned(2);

static void
request_fill(struct arp_frame *f, uint16_t port_id, rte_be32_t own, rte_be32_t ip)
{
	memset(&f->eth.dst_addr, 0xff, sizeof(f->eth.dst_addr));
	rte_eth_macaddr_get(port_id, &f->eth.src_addr);
	f->eth.ether_type = rte_cpu_to_be_16(RTE_ETHER_TYPE_ARP);
	f->arp.arp_hardware = rte_cpu_to_be_16(RTE_ARP_HRD_ETHER);
	f->arp.arp_protocol = rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV4);
	f->arp.arp_hlen = RTE_ETHER_ADDR_LEN;
	f->arp.arp_plen = sizeof(rte_be32_t);
	f->arp.arp_opcode = rte_cpu_to_be_16(RTE_ARP_OP_REQUEST);
	f->arp.arp_data.arp_sha = f->eth.src_addr;
	f->arp.arp_data.arp_sip = own;
	f->arp.arp_data.arp_tip = ip;
}

static void
request_send(uint16_t port_id, struct rte_mempool *pool, rte_be32_t own, rte_be32_t ip)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool);

	if (m == NULL)
		return;
	m->data_len = MIN_LEN;
	m->pkt_len = MIN_LEN;
	memset(rte_pktmbuf_mtod(m, uint8_t *), 0, MIN_LEN);
	request_fill(rte_pktmbuf_mtod(m, struct arp_frame *), port_id, own, ip);
	if (rte_eth_tx_burst(port_id, 0, &m, 1) == 0)
		rte_pktmbuf_free(m);
}

static bool
is_reply(const struct rte_mbuf *m, rte_be32_t ip, struct rte_ether_addr *addr)
{
	const struct arp_frame *f = rte_pktmbuf_mtod(m, const struct arp_frame *);

	if (rte_pktmbuf_data_len(m) < sizeof(*f) ||
		f->eth.ether_type != rte_cpu_to_be_16(RTE_ETHER_TYPE_ARP) ||
		f->arp.arp_opcode != rte_cpu_to_be_16(RTE_ARP_OP_REPLY) ||
		f->arp.arp_data.arp_sip != ip)
		return false;
	*addr = f->arp.arp_data.arp_sha;
	return true;
}

static bool
reply_wait(uint16_t port_id, rte_be32_t ip, struct rte_ether_addr *addr)
{
	uint64_t end = rte_rdtsc() + rte_get_tsc_hz() / 1000 * TRY_MS;
	struct rte_mbuf *m[BURST];
	bool found = false;

	while (!found && rte_rdtsc() < end) {
		uint16_t n = rte_eth_rx_burst(port_id, 0, m, BURST);

		for (uint16_t i = 0; i < n; i++)
			found |= is_reply(m[i], ip, addr);
		rte_pktmbuf_free_bulk(m, n);
	}
	return found;
}

void
resolve(uint16_t port_id, struct rte_mempool *pool, rte_be32_t own, rte_be32_t ip,
	struct rte_ether_addr *addr)
{
	for (int i = 0; i < TRIES; i++) {
		request_send(port_id, pool, own, ip);
		if (reply_wait(port_id, ip, addr))
			return;
	}
	memset(addr, 0xff, sizeof(*addr));
}
