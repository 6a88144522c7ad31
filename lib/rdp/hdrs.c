/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <string.h>

#include "rdp/rdp_private.h"

/* What stands in front of a frame: the only place that writes IP headers, but for the lengths and
 * checksums of DATA and ACK in tx.c. */

#define HOP_LIMIT 64

static void
fill_v4(const struct rdp_ep *ep, struct wire_ipv4_hdrs *h, rte_be32_t ip, rte_be16_t port)
{
	h->eth.ether_type = RTE_BE16(RTE_ETHER_TYPE_IPV4);
	h->ip.version_ihl = RTE_IPV4_VHL_DEF;
	h->ip.fragment_offset = RTE_BE16(RTE_IPV4_HDR_DF_FLAG);
	h->ip.time_to_live = HOP_LIMIT;
	h->ip.next_proto_id = IPPROTO_UDP;
	h->ip.src_addr = ep->ip;
	h->ip.dst_addr = ip;
	h->udp.src_port = rte_cpu_to_be_16(ep->udp_port);
	h->udp.dst_port = port;
}

static void
fill_v6(const struct rdp_ep *ep, struct wire_ipv6_hdrs *h, struct ip_addr ip, rte_be16_t port)
{
	h->eth.ether_type = RTE_BE16(RTE_ETHER_TYPE_IPV6);
	h->ip.vtc_flow = RTE_BE32(UINT32_C(6) << 28);
	h->ip.proto = IPPROTO_UDP;
	h->ip.hop_limits = HOP_LIMIT;
	memcpy(h->ip.src_addr, ep->self.ip6.byte, sizeof(h->ip.src_addr));
	memcpy(h->ip.dst_addr, ip.byte, sizeof(h->ip.dst_addr));
	h->udp.src_port = rte_cpu_to_be_16(ep->udp_port);
	h->udp.dst_port = port;
}

/* Behind the addresses, which move to make room. @return the new length. */
static uint8_t
put_tag(const struct rdp_ep *ep, union rdp_hdrs *h, uint8_t len)
{
	uint8_t *old = &h->byte[sizeof(*h) - len], *eth = old - WIRE_TAG_LEN;
	const rte_be16_t tag[2] = {RTE_BE16(RTE_ETHER_TYPE_VLAN), rte_cpu_to_be_16(ep->vlan_tci)};

	memmove(eth, old, 2 * RTE_ETHER_ADDR_LEN);
	memcpy(eth + 2 * RTE_ETHER_ADDR_LEN, tag, sizeof(tag));
	return (uint8_t)(len + WIRE_TAG_LEN);
}

uint8_t
rdp_hdrs_fill(const struct rdp_ep *ep, union rdp_hdrs *h, const struct rte_ether_addr *mac,
	struct ip_addr ip, rte_be16_t port)
{
	bool v4 = ip_addr_is_v4(ip);
	struct rte_ether_hdr *eth = v4 ? &h->v4.eth : &h->v6.eth;
	uint8_t len = v4 ? sizeof(h->v4) : sizeof(h->v6);

	memset(h, 0, sizeof(*h));
	rte_ether_addr_copy(mac, &eth->dst_addr);
	rte_ether_addr_copy(&ep->conf.mac, &eth->src_addr);
	if (v4)
		fill_v4(ep, &h->v4, ip_addr_to_v4(ip), port);
	else
		fill_v6(ep, &h->v6, ip, port);
	return ep->vlan_tci != 0 && !ep->conf.tx_vlan_insert ? put_tag(ep, h, len) : len;
}

/* Each lacks the length alone, which each frame adds. */
void
rdp_hdrs_sum(struct rdp_session *s)
{
	bool v4 = ip_addr_is_v4(s->peer_ip);
	const void *addresses = v4 ? (const void *)&s->hdrs.v4.ip.src_addr
	                           : (const void *)&s->hdrs.v6.ip.src_addr;
	const void *ports = v4 ? (const void *)&s->hdrs.v4.udp.src_port
	                       : (const void *)&s->hdrs.v6.udp.src_port;

	s->ip_sum = v4 ? rte_raw_cksum(&s->hdrs.v4.ip, sizeof(s->hdrs.v4.ip)) : 0;
	s->udp_sum = rte_raw_cksum(addresses, v4 ? 8 : 32) + RTE_BE16(IPPROTO_UDP);
	s->frame_sum = rte_raw_cksum(ports, 4) +
	               rte_raw_cksum(&s->hdrs.v4.frame, offsetof(struct wire_frame, psn));
}

static void
finish_v4(const struct rte_mbuf *m, struct rte_ipv4_hdr *ip)
{
	struct rte_udp_hdr *udp = (struct rte_udp_hdr *)(ip + 1);
	uint32_t len = m->data_len - (uint32_t)RTE_PTR_DIFF(ip, rte_pktmbuf_mtod(m, void *));

	ip->total_length = rte_cpu_to_be_16((uint16_t)len);
	udp->dgram_len = rte_cpu_to_be_16((uint16_t)(len - sizeof(*ip)));
	ip->hdr_checksum = 0;
	ip->hdr_checksum = rte_ipv4_cksum(ip);
	udp->dgram_cksum = 0;
	udp->dgram_cksum = rte_ipv4_udptcp_cksum(ip, udp);
}

static void
finish_v6(const struct rte_mbuf *m, struct rte_ipv6_hdr *ip)
{
	struct rte_udp_hdr *udp = (struct rte_udp_hdr *)(ip + 1);
	uint32_t len = m->data_len - (uint32_t)RTE_PTR_DIFF(udp, rte_pktmbuf_mtod(m, void *));

	ip->payload_len = rte_cpu_to_be_16((uint16_t)len);
	udp->dgram_len = ip->payload_len;
	udp->dgram_cksum = 0;
	udp->dgram_cksum = rte_ipv6_udptcp_cksum(ip, udp);
}

void
rdp_hdrs_finish(struct rte_mbuf *m, bool v4)
{
	/* Records stand at one place; what is in front of them does too, seen from there. */
	uint8_t *records = (uint8_t *)m->buf_addr + RTE_PKTMBUF_HEADROOM + RDP_RECORDS_AT;

	if (v4)
		finish_v4(m, &((struct wire_ipv4_hdrs *)records - 1)->ip);
	else
		finish_v6(m, &((struct wire_ipv6_hdrs *)records - 1)->ip);
}

struct rdp_from
rdp_hdrs_from(const struct rte_mbuf *m)
{
	const struct wire_ipv4_hdrs *v4 = rte_pktmbuf_mtod(m, const struct wire_ipv4_hdrs *);
	const struct wire_ipv6_hdrs *v6 = rte_pktmbuf_mtod(m, const struct wire_ipv6_hdrs *);

	if (v4->eth.ether_type == RTE_BE16(RTE_ETHER_TYPE_IPV4))
		return (struct rdp_from){
			v4->eth.src_addr, v4->udp.src_port, ip_addr_v4(v4->ip.src_addr)};
	return (struct rdp_from){v6->eth.src_addr, v6->udp.src_port, ip_addr_v6(v6->ip.src_addr)};
}
