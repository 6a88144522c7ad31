/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <stdbool.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_ethdev.h>
#include <rte_malloc.h>
#include <rte_mbuf.h>

#include "options.h"
#include "rdp/neigh.h"
#include "resolve.h"

#define TRIES  20
#define TRY_MS 10
#define BURST  32

static rte_be32_t
netmask(uint8_t len)
{
	return len == 0 ? 0 : rte_cpu_to_be_32(UINT32_MAX << (32 - len));
}

static struct l2_addr
own_address(uint16_t port_id, const struct options *o)
{
	struct l2_addr self = {.mac = {{0}}};

	rte_eth_macaddr_get(port_id, &self.mac);
	if (ip_addr_is_v4(o->link.own.ip)) {
		self.ip = ip_addr_to_v4(o->link.own.ip);
		self.netmask = netmask(o->link.own.prefix_len);
		self.gateway = ip_addr_to_v4(o->link.gateway);
	} else {
		self.ip6 = o->link.own.ip;
		self.prefix6_len = o->link.own.prefix_len;
		self.gateway6 = o->link.gateway;
	}
	return self;
}

static void
send_or_free(uint16_t port_id, struct rte_mbuf *m)
{
	if (m != NULL && rte_eth_tx_burst(port_id, 0, &m, 1) == 0)
		rte_pktmbuf_free(m);
}

/* Take what comes, and answer: who is asked for us asks back. */
static void
listen_for(uint16_t port_id, struct neigh_table *table, const struct l2_addr *self)
{
	uint64_t end = rte_rdtsc() + rte_get_tsc_hz() / 1000 * TRY_MS;
	struct rte_mbuf *m[BURST];

	while (rte_rdtsc() < end) {
		uint16_t n = rte_eth_rx_burst(port_id, 0, m, BURST);

		for (uint16_t i = 0; i < n; i++) {
			if (l2_input(table, self, m[i], 0) == L2_REPLY)
				send_or_free(port_id, m[i]);
			else
				rte_pktmbuf_free(m[i]);
		}
	}
}

void
resolve(uint16_t port_id, struct rte_mempool *pool, const struct options *o,
	struct rte_ether_addr *addr)
{
	struct neigh_table *table = rte_zmalloc("neigh_table", sizeof(*table), 0);
	struct l2_addr self = own_address(port_id, o);
	bool found = false;

	for (int i = 0; table != NULL && i < TRIES && !found; i++) {
		/* The table takes answers of those that were asked. */
		neigh_want_request(table, &self, o->link.server.ip, 0);
		send_or_free(port_id, l2_build_request(pool, &self, o->link.server.ip));
		listen_for(port_id, table, &self);
		found = neigh_resolve(table, &self, o->link.server.ip, 0, addr) == 0;
	}
	if (!found)
		memset(addr, 0xff, sizeof(*addr));
	rte_free(table);
}
