/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_net.h>
#include <rte_tcp.h>
#include <rte_udp.h>

#include "fault/damage.h"
#include "fault/dice.h"
#include "fault/spec.h"

/* A VLAN tag that the port inserts changes no sum. */
#define TX_FLAGS (RTE_MBUF_F_TX_OFFLOAD_MASK & ~(RTE_MBUF_F_TX_VLAN | RTE_MBUF_F_TX_QINQ))
#define RX_FLAGS (RTE_MBUF_F_RX_IP_CKSUM_MASK | RTE_MBUF_F_RX_L4_CKSUM_MASK)
#define HEADERS  (RTE_PTYPE_L2_MASK | RTE_PTYPE_L3_MASK | RTE_PTYPE_L4_MASK)

/* Whether somebody left the checksum of TCP or UDP to others: the sender to this port, or a virtio
 * peer to whoever puts the frame on a wire. */
static bool
l4_sum_open(const struct rte_mbuf *m)
{
	return (m->ol_flags & RTE_MBUF_F_TX_L4_MASK) != 0 ||
	       (m->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK) == RTE_MBUF_F_RX_L4_CKSUM_NONE;
}

static rte_be16_t *
l4_sum_at(struct rte_mbuf *m, uint32_t offset, uint32_t ptype)
{
	switch (ptype & RTE_PTYPE_L4_MASK) {
	case RTE_PTYPE_L4_UDP:
		return &rte_pktmbuf_mtod_offset(m, struct rte_udp_hdr *, offset)->dgram_cksum;
	case RTE_PTYPE_L4_TCP:
		return &rte_pktmbuf_mtod_offset(m, struct rte_tcp_hdr *, offset)->cksum;
	default:
		return NULL;
	}
}

static void
ipv4_complete(struct rte_mbuf *m, const struct rte_net_hdr_lens *lens, rte_be16_t *l4_sum)
{
	struct rte_ipv4_hdr *ip = rte_pktmbuf_mtod_offset(m, struct rte_ipv4_hdr *, lens->l2_len);

	/* A length that leads out of the frame: nothing to be computed. */
	if ((uint32_t)lens->l2_len + rte_be_to_cpu_16(ip->total_length) > m->data_len)
		return;
	if ((m->ol_flags & RTE_MBUF_F_TX_IP_CKSUM) != 0) {
		ip->hdr_checksum = 0;
		ip->hdr_checksum = rte_ipv4_cksum(ip);
	}
	if (l4_sum != NULL) {
		*l4_sum = 0;
		*l4_sum = rte_ipv4_udptcp_cksum(ip, RTE_PTR_ADD(ip, lens->l3_len));
	}
}

static void
ipv6_complete(struct rte_mbuf *m, const struct rte_net_hdr_lens *lens, rte_be16_t *l4_sum)
{
	struct rte_ipv6_hdr *ip = rte_pktmbuf_mtod_offset(m, struct rte_ipv6_hdr *, lens->l2_len);
	uint32_t end = lens->l2_len + sizeof(*ip) + rte_be_to_cpu_16(ip->payload_len);

	/* With extension headers the pseudo header would be another: no frame of ours. */
	if (l4_sum == NULL || lens->l3_len != sizeof(*ip) || end > m->data_len)
		return;
	*l4_sum = 0;
	*l4_sum = rte_ipv6_udptcp_cksum(ip, ip + 1);
}

static void
checksums_complete(struct rte_mbuf *m)
{
	struct rte_net_hdr_lens lens = {0};
	uint32_t ptype = rte_net_get_ptype(m, &lens, HEADERS);
	rte_be16_t *l4_sum = NULL;

	if (l4_sum_open(m))
		l4_sum = l4_sum_at(m, (uint32_t)lens.l2_len + lens.l3_len, ptype);
	if (RTE_ETH_IS_IPV4_HDR(ptype))
		ipv4_complete(m, &lens, l4_sum);
	else if (RTE_ETH_IS_IPV6_HDR(ptype))
		ipv6_complete(m, &lens, l4_sum);
}

/* What is left over for a port to do would be done to the damaged bytes. */
static void
flags_clear(struct rte_mbuf *m)
{
	m->ol_flags &= ~(TX_FLAGS | RX_FLAGS);
	m->tx_offload = 0;
	m->packet_type = RTE_PTYPE_UNKNOWN;
}

struct rte_mbuf *
damage_copy(const struct rte_mbuf *m)
{
	struct rte_mbuf *copy = rte_pktmbuf_copy(m, m->pool, 0, UINT32_MAX);

	if (copy == NULL || copy->nb_segs == 1 || rte_pktmbuf_linearize(copy) == 0)
		return copy;
	rte_pktmbuf_free(copy);
	return NULL;
}

struct rte_mbuf *
damage_own(struct rte_mbuf *m)
{
	struct rte_mbuf *own = m;

	if (rte_mbuf_refcnt_read(m) != 1 || !RTE_MBUF_DIRECT(m) || m->nb_segs != 1) {
		own = damage_copy(m);
		if (own == NULL)
			return NULL;
		rte_pktmbuf_free(m);
	}
	checksums_complete(own);
	flags_clear(own);
	return own;
}

static bool
among(const uint32_t *bits, uint32_t n, uint32_t bit)
{
	for (uint32_t i = 0; i < n; i++)
		if (bits[i] == bit)
			return true;
	return false;
}

void
damage_flip(struct rte_mbuf *m, uint64_t choice, uint32_t max_bits)
{
	uint32_t all = m->data_len * 8u, n, flipped[FAULT_BITS_MAX];
	uint8_t *data = rte_pktmbuf_mtod(m, uint8_t *);
	struct dice d = {choice};

	n = 1 + (uint32_t)dice_below(dice_roll(&d), RTE_MIN(max_bits, (uint32_t)FAULT_BITS_MAX));
	n = RTE_MIN(n, all);
	for (uint32_t i = 0; i < n; i++) {
		uint32_t bit = (uint32_t)dice_below(dice_roll(&d), all);

		/* The same one twice would be no damage. */
		while (among(flipped, i, bit))
			bit = bit + 1 < all ? bit + 1 : 0;
		flipped[i] = bit;
		data[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
}

void
damage_truncate(struct rte_mbuf *m, uint64_t choice, uint32_t min)
{
	struct dice d = {choice};
	uint32_t len = m->data_len;

	if (len > min)
		rte_pktmbuf_trim(m, (uint16_t)(len - min - dice_below(dice_roll(&d), len - min)));
}
