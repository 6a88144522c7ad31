/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/* Answers ping. Everything else that ICMP can say is not for us. */

#include <string.h>

#include <rte_icmp.h>
#include <rte_ip.h>

#include "l2.h"

#define FRAME_MIN (RTE_ETHER_MIN_LEN - RTE_ETHER_CRC_LEN)
#define TTL       64
#define VIHL      (IPVERSION << 4 | sizeof(struct rte_ipv4_hdr) / 4)

struct echo_frame {
	struct rte_ether_hdr eth;
	struct rte_ipv4_hdr ip;
	struct rte_icmp_hdr icmp;
} __attribute__((packed, aligned(2)));

_Static_assert(sizeof(struct echo_frame) == 42, "Ethernet, IPv4 and ICMP headers, no padding");

static bool
sum_right(const void *data, size_t len)
{
	return rte_raw_cksum(data, len) == 0xffff;
}

/* Neither a group, nor a loopback address, nor everyone on our link, nor ourselves. */
static bool
source_possible(const struct l2_addr *self, rte_be32_t be_src)
{
	uint32_t src = rte_be_to_cpu_32(be_src);

	if (src >> 24 == 0 || src >> 24 == 127 || src >= RTE_IPV4(224u, 0, 0, 0))
		return false;
	if (self->netmask != 0 && self->netmask != UINT32_MAX &&
		be_src == (self->ip | ~self->netmask))
		return false;
	return be_src != self->ip;
}

/* L2_NB_COUNTS if the header is in order and the packet is ICMP for us. */
static enum l2_count
ip_check(const struct l2_addr *self, const struct rte_mbuf *m, const struct rte_ipv4_hdr *ip)
{
	uint32_t room = m->data_len - sizeof(struct rte_ether_hdr);

	if (room < sizeof(*ip) || ip->version_ihl >> 4 != IPVERSION ||
		rte_ipv4_hdr_len(ip) < sizeof(*ip))
		return L2_IP_MALFORMED;
	if (ip->version_ihl != RTE_IPV4_VHL_DEF)
		return L2_IP_OPTIONS;
	if (rte_be_to_cpu_16(ip->total_length) > room ||
		rte_be_to_cpu_16(ip->total_length) < sizeof(*ip) || !sum_right(ip, sizeof(*ip)))
		return L2_IP_MALFORMED;
	if ((ip->fragment_offset & ~RTE_BE16(RTE_IPV4_HDR_DF_FLAG)) != 0)
		return L2_IP_FRAGMENT;
	if (!source_possible(self, ip->src_addr))
		return L2_IP_SOURCE;
	if (ip->dst_addr != self->ip || ip->next_proto_id != IPPROTO_ICMP)
		return L2_IP_NOT_US;
	return L2_NB_COUNTS;
}

/* Summed anew: from the old sum alone nobody can tell whether all that remains is zeros, of which
 * the sum is the other of the two zeros (RFC 1624, section 3). */
static void
echo_turn(struct rte_icmp_hdr *icmp, uint16_t len)
{
	icmp->icmp_type = RTE_IP_ICMP_ECHO_REPLY;
	icmp->icmp_cksum = 0;
	icmp->icmp_cksum = (uint16_t)~rte_raw_cksum(icmp, len);
}

static void
ip_turn(const struct l2_addr *self, struct rte_ipv4_hdr *ip)
{
	ip->dst_addr = ip->src_addr;
	ip->src_addr = self->ip;
	ip->type_of_service = 0;
	ip->time_to_live = TTL;
	ip->hdr_checksum = 0;
	ip->hdr_checksum = rte_ipv4_cksum(ip);
}

static void
frame_turn(const struct l2_addr *self, struct rte_mbuf *m, struct echo_frame *f)
{
	uint16_t len = sizeof(f->eth) + rte_be_to_cpu_16(f->ip.total_length);
	uint16_t keep = RTE_MIN(m->data_len, RTE_MAX(len, FRAME_MIN));

	f->eth.dst_addr = f->eth.src_addr;
	f->eth.src_addr = self->mac;
	memset((uint8_t *)f + len, 0, keep - len);
	rte_pktmbuf_trim(m, m->data_len - keep);
	m->ol_flags &= RTE_MBUF_F_EXTERNAL | RTE_MBUF_F_INDIRECT;
	m->tx_offload = 0;
}

enum l2_count
icmp_input(const struct l2_addr *self, struct rte_mbuf *m)
{
	struct echo_frame *f = rte_pktmbuf_mtod(m, struct echo_frame *);
	enum l2_count what = ip_check(self, m, &f->ip);
	uint16_t len;

	if (what != L2_NB_COUNTS)
		return what;
	len = rte_be_to_cpu_16(f->ip.total_length) - sizeof(f->ip);
	if (len < sizeof(f->icmp) || !sum_right(&f->icmp, len))
		return L2_ICMP_MALFORMED;
	if (f->icmp.icmp_type != RTE_IP_ICMP_ECHO_REQUEST || f->icmp.icmp_code != 0)
		return L2_ICMP_IGNORED;
	echo_turn(&f->icmp, len);
	ip_turn(self, &f->ip);
	frame_turn(self, m, f);
	return L2_ICMP_REPLIED;
}
