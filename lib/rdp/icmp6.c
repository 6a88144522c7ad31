/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/* ICMP for IPv6 (RFC 4443): answers ping, and hands on what is about neighbours. */

#include <string.h>

#include "checksum.h"
#include "icmp6.h"

#define HOP_LIMIT 64

const struct ip_addr icmp6_all_nodes = {.byte = {0xff, 0x02, [15] = 1}};

struct ip_addr
icmp6_solicited_node(struct ip_addr ip)
{
	return (struct ip_addr){
		.byte = {0xff, 0x02, [11] = 1, [12] = 0xff, ip.byte[13], ip.byte[14], ip.byte[15]}};
}

struct rte_ether_addr
icmp6_group_mac(struct ip_addr group)
{
	return (struct rte_ether_addr){
		{0x33, 0x33, group.byte[12], group.byte[13], group.byte[14], group.byte[15]}};
}

void
icmp6_address(struct icmp6_frame *f, const struct l2_addr *self, const struct rte_ether_addr *mac,
	struct ip_addr to, uint8_t hop_limit, uint16_t len)
{
	f->eth.dst_addr = *mac;
	f->eth.src_addr = self->mac;
	f->eth.ether_type = RTE_BE16(RTE_ETHER_TYPE_IPV6);
	f->ip.vtc_flow = RTE_BE32(UINT32_C(6) << 28);
	f->ip.payload_len = rte_cpu_to_be_16(len);
	f->ip.proto = IPPROTO_ICMPV6;
	f->ip.hop_limits = hop_limit;
	memcpy(f->ip.src_addr, self->ip6.byte, sizeof(f->ip.src_addr));
	memcpy(f->ip.dst_addr, to.byte, sizeof(f->ip.dst_addr));
}

void
icmp6_sum(struct icmp6_frame *f)
{
	f->sum = 0;
	f->sum = rte_ipv6_udptcp_cksum(&f->ip, &f->type);
}

/* Not a group, none but for a probe, not ours, and not one that stands for IPv4. */
static bool
source_possible(const struct l2_addr *self, struct ip_addr src)
{
	if (ip_addr_is_none(src))
		return true;
	return ip_addr_is_host(src) && !ip_addr_is_v4(src) && !ip_addr_equal(src, self->ip6);
}

static bool
to_us(const struct l2_addr *self, struct ip_addr dst)
{
	return ip_addr_equal(dst, self->ip6) || ip_addr_equal(dst, icmp6_all_nodes) ||
	       ip_addr_equal(dst, icmp6_solicited_node(self->ip6));
}

/* L2_NB_COUNTS if the header is in order and the packet is ICMPv6 for us. */
static enum l2_count
ip_check(const struct l2_addr *self, const struct rte_mbuf *m, const struct rte_ipv6_hdr *ip)
{
	uint32_t room = m->data_len - sizeof(struct rte_ether_hdr);

	if (room < sizeof(*ip) || (ip->vtc_flow & RTE_BE32(0xf0000000)) != RTE_BE32(0x60000000) ||
		rte_be_to_cpu_16(ip->payload_len) > room - sizeof(*ip))
		return L2_IP_MALFORMED;
	if (!source_possible(self, ip_addr_v6(ip->src_addr)))
		return L2_IP_SOURCE;
	if (!to_us(self, ip_addr_v6(ip->dst_addr)) || ip->proto != IPPROTO_ICMPV6)
		return L2_IP_NOT_US;
	return L2_NB_COUNTS;
}

/* The two addresses, and the message, lie in one piece. */
static bool
sum_right(const struct icmp6_frame *f, uint16_t len)
{
	return checksum_add(f->ip.src_addr, 2 * (uint32_t)sizeof(f->ip.src_addr) + len,
		       (uint64_t)RTE_BE16(IPPROTO_ICMPV6) + f->ip.payload_len) == 0xffff;
}

static enum l2_count
echo(const struct l2_addr *self, struct rte_mbuf *m, uint16_t len)
{
	struct icmp6_frame *f = rte_pktmbuf_mtod(m, struct icmp6_frame *);
	struct ip_addr asker = ip_addr_v6(f->ip.src_addr);
	struct rte_ether_addr mac = f->eth.src_addr;

	/* A group is not answered: one question would bring many answers. */
	if (f->code != 0 || !ip_addr_equal(ip_addr_v6(f->ip.dst_addr), self->ip6) ||
		ip_addr_is_none(asker))
		return L2_ICMP_IGNORED;
	if (len < 8)
		return L2_ICMP_MALFORMED;
	f->type = ICMP6_ECHO_REPLY;
	icmp6_address(f, self, &mac, asker, HOP_LIMIT, len);
	icmp6_sum(f);
	m->data_len = (uint16_t)(sizeof(f->eth) + sizeof(f->ip) + len);
	m->pkt_len = m->data_len;
	return L2_ICMP_REPLIED;
}

enum l2_count
icmp6_input(
	struct neigh_table *table, const struct l2_addr *self, struct rte_mbuf *m, uint64_t now_ns)
{
	struct icmp6_frame *f = rte_pktmbuf_mtod(m, struct icmp6_frame *);
	enum l2_count what = ip_check(self, m, &f->ip);
	uint16_t len;

	if (what != L2_NB_COUNTS)
		return what;
	len = rte_be_to_cpu_16(f->ip.payload_len);
	if (len < 4 || !sum_right(f, len))
		return L2_ICMP_MALFORMED;
	switch (f->type) {
	case ICMP6_ECHO_REQUEST:
		what = echo(self, m, len);
		break;
	case ICMP6_SOLICIT:
	case ICMP6_ADVERTISE:
		what = nd_input(table, self, m, len, now_ns);
		break;
	default:
		return L2_ICMP_IGNORED;
	}
	if (l2_replied(what)) {
		m->ol_flags &= RTE_MBUF_F_EXTERNAL | RTE_MBUF_F_INDIRECT;
		m->tx_offload = 0;
	}
	return what;
}
