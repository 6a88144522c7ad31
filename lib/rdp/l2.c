/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <rte_common.h>

#include "icmp6.h"
#include "l2.h"
#include "neigh.h"

static const char *const count_names[] = {
	[L2_ARP_REPLIED] = "arp_replied",
	[L2_ARP_LEARNED] = "arp_learned",
	[L2_ARP_IGNORED] = "arp_ignored",
	[L2_ARP_CONFLICT] = "arp_conflict",
	[L2_ARP_MALFORMED] = "arp_malformed",
	[L2_ND_REPLIED] = "nd_replied",
	[L2_ND_DEFENDED] = "nd_defended",
	[L2_ND_LEARNED] = "nd_learned",
	[L2_ND_IGNORED] = "nd_ignored",
	[L2_ND_CONFLICT] = "nd_conflict",
	[L2_ND_MALFORMED] = "nd_malformed",
	[L2_ICMP_REPLIED] = "icmp_replied",
	[L2_ICMP_IGNORED] = "icmp_ignored",
	[L2_ICMP_MALFORMED] = "icmp_malformed",
	[L2_IP_MALFORMED] = "ip_malformed",
	[L2_IP_OPTIONS] = "ip_options",
	[L2_IP_FRAGMENT] = "ip_fragment",
	[L2_IP_SOURCE] = "ip_source",
	[L2_IP_NOT_US] = "ip_not_us",
	[L2_ETH_SHORT] = "eth_short",
	[L2_ETH_SOURCE] = "eth_source",
	[L2_ETH_NOT_US] = "eth_not_us",
	[L2_ETH_TYPE] = "eth_type",
	[L2_MBUF] = "mbuf",
};

_Static_assert(RTE_DIM(count_names) == L2_NB_COUNTS, "every counter has a name");

const char *
l2_count_name(enum l2_count what)
{
	return (unsigned int)what < L2_NB_COUNTS ? count_names[what] : NULL;
}

/* L2_NB_COUNTS if the frame may be looked into. */
static enum l2_count
frame_check(const struct l2_addr *self, const struct rte_mbuf *m)
{
	const struct rte_ether_hdr *eth = rte_pktmbuf_mtod(m, const struct rte_ether_hdr *);

	if (m->nb_segs != 1 || rte_mbuf_refcnt_read(m) != 1)
		return L2_MBUF;
	if (m->data_len < sizeof(*eth) || m->data_len != m->pkt_len)
		return L2_ETH_SHORT;
	if (!rte_is_valid_assigned_ether_addr(&eth->src_addr) ||
		rte_is_same_ether_addr(&eth->src_addr, &self->mac))
		return L2_ETH_SOURCE;
	return L2_NB_COUNTS;
}

static bool
is_group_of_ours(const struct l2_addr *self, const struct rte_ether_addr *mac)
{
	struct rte_ether_addr solicited = nd_group_mac(self->ip6);
	struct rte_ether_addr all = icmp6_group_mac(icmp6_all_nodes);

	return rte_is_same_ether_addr(mac, &solicited) || rte_is_same_ether_addr(mac, &all);
}

static enum l2_count
dispatch(struct neigh_table *table, const struct l2_addr *self, struct rte_mbuf *m, uint64_t now_ns)
{
	const struct rte_ether_hdr *eth = rte_pktmbuf_mtod(m, const struct rte_ether_hdr *);
	bool to_us = rte_is_same_ether_addr(&eth->dst_addr, &self->mac);

	if (eth->ether_type == RTE_BE16(RTE_ETHER_TYPE_IPV6) && !ip_addr_is_none(self->ip6))
		return to_us || is_group_of_ours(self, &eth->dst_addr)
		               ? icmp6_input(table, self, m, now_ns)
		               : L2_ETH_NOT_US;
	if (self->ip == 0)
		return L2_ETH_TYPE;
	if (eth->ether_type == RTE_BE16(RTE_ETHER_TYPE_ARP))
		return to_us || rte_is_broadcast_ether_addr(&eth->dst_addr)
		               ? arp_input(table, self, m, now_ns)
		               : L2_ETH_NOT_US;
	if (eth->ether_type == RTE_BE16(RTE_ETHER_TYPE_IPV4))
		return to_us ? icmp_input(self, m) : L2_ETH_NOT_US;
	return L2_ETH_TYPE;
}

enum l2_verdict
l2_input(struct neigh_table *table, const struct l2_addr *self, struct rte_mbuf *m, uint64_t now_ns)
{
	enum l2_count what = frame_check(self, m);

	if (what == L2_NB_COUNTS)
		what = dispatch(table, self, m, now_ns);
	__atomic_fetch_add(&table->counts[what], 1, __ATOMIC_RELAXED);
	return l2_replied(what) ? L2_REPLY : L2_DROP;
}

struct rte_mbuf *
l2_build_request(struct rte_mempool *pool, const struct l2_addr *self, struct ip_addr ip)
{
	struct ip_addr hop = neigh_next_hop(self, ip);

	if (ip_addr_is_none(hop))
		return NULL;
	return ip_addr_is_v4(hop) ? arp_build_request(pool, self, ip_addr_to_v4(hop))
	                          : nd_build_request(pool, self, hop);
}
