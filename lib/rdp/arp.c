/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/* Address resolution for IPv4 over Ethernet: RFC 826, RFC 5227. */

#include <string.h>

#include <rte_arp.h>

#include "l2.h"
#include "neigh.h"

#define FRAME_MIN (RTE_ETHER_MIN_LEN - RTE_ETHER_CRC_LEN)

struct arp_frame {
	struct rte_ether_hdr eth;
	struct rte_arp_hdr arp;
} __attribute__((packed, aligned(2)));

_Static_assert(sizeof(struct arp_frame) == 42, "Ethernet and ARP headers without padding");

static bool
well_formed(const struct rte_mbuf *m, const struct rte_arp_hdr *arp)
{
	return m->data_len >= sizeof(struct arp_frame) &&
	       arp->arp_hardware == RTE_BE16(RTE_ARP_HRD_ETHER) &&
	       arp->arp_protocol == RTE_BE16(RTE_ETHER_TYPE_IPV4) &&
	       arp->arp_hlen == RTE_ETHER_ADDR_LEN && arp->arp_plen == sizeof(rte_be32_t) &&
	       (arp->arp_opcode == RTE_BE16(RTE_ARP_OP_REQUEST) ||
		       arp->arp_opcode == RTE_BE16(RTE_ARP_OP_REPLY)) &&
	       rte_is_valid_assigned_ether_addr(&arp->arp_data.arp_sha);
}

static void
fill(struct arp_frame *f, const struct l2_addr *self, const struct rte_ether_addr *to,
	uint16_t opcode, rte_be32_t ip)
{
	f->eth.dst_addr = *to;
	f->eth.src_addr = self->mac;
	f->eth.ether_type = RTE_BE16(RTE_ETHER_TYPE_ARP);
	f->arp = (struct rte_arp_hdr){
		.arp_hardware = RTE_BE16(RTE_ARP_HRD_ETHER),
		.arp_protocol = RTE_BE16(RTE_ETHER_TYPE_IPV4),
		.arp_hlen = RTE_ETHER_ADDR_LEN,
		.arp_plen = sizeof(rte_be32_t),
		.arp_opcode = rte_cpu_to_be_16(opcode),
		.arp_data = {.arp_sha = self->mac, .arp_sip = self->ip, .arp_tip = ip},
	};
	if (opcode == RTE_ARP_OP_REPLY)
		f->arp.arp_data.arp_tha = *to;
}

static enum l2_count
answer(const struct l2_addr *self, struct rte_mbuf *m, struct arp_frame *f)
{
	struct rte_ether_addr asker = f->arp.arp_data.arp_sha;

	fill(f, self, &asker, RTE_ARP_OP_REPLY, f->arp.arp_data.arp_sip);
	if (m->data_len > FRAME_MIN)
		rte_pktmbuf_trim(m, m->data_len - FRAME_MIN);
	memset(f + 1, 0, m->data_len - sizeof(*f));
	m->ol_flags &= RTE_MBUF_F_EXTERNAL | RTE_MBUF_F_INDIRECT;
	m->tx_offload = 0;
	return L2_ARP_REPLIED;
}

static bool
asks_us(const struct l2_addr *self, const struct rte_arp_hdr *arp)
{
	return arp->arp_opcode == RTE_BE16(RTE_ARP_OP_REQUEST) && arp->arp_data.arp_tip == self->ip;
}

/* A neighbour by its own word; one off the link cannot be one. */
static bool
learn(struct neigh_table *table, const struct l2_addr *self, const struct rte_arp_hdr *arp,
	uint64_t now_ns)
{
	struct ip_addr ip = ip_addr_v4(arp->arp_data.arp_sip);

	if (!ip_addr_equal(neigh_next_hop(self, ip), ip))
		return false;
	return neigh_learn(table, ip, &arp->arp_data.arp_sha,
		asks_us(self, arp) ? NEIGH_ENTRY : NEIGH_UPDATE, now_ns);
}

enum l2_count
arp_input(
	struct neigh_table *table, const struct l2_addr *self, struct rte_mbuf *m, uint64_t now_ns)
{
	struct arp_frame *f = rte_pktmbuf_mtod(m, struct arp_frame *);
	bool learned;

	if (!well_formed(m, &f->arp))
		return L2_ARP_MALFORMED;
	if (f->arp.arp_data.arp_sip == self->ip)
		return L2_ARP_CONFLICT;
	learned = learn(table, self, &f->arp, now_ns);
	/* A probe (RFC 5227) comes from 0.0.0.0 and is answered, too. */
	if (asks_us(self, &f->arp))
		return answer(self, m, f);
	return learned ? L2_ARP_LEARNED : L2_ARP_IGNORED;
}

static struct rte_mbuf *
build(struct rte_mempool *pool, const struct l2_addr *self, rte_be32_t ip)
{
	const struct rte_ether_addr everyone = {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool);
	struct arp_frame *f;

	if (m == NULL)
		return NULL;
	f = (struct arp_frame *)rte_pktmbuf_append(m, FRAME_MIN);
	if (f == NULL) {
		rte_pktmbuf_free(m);
		return NULL;
	}
	fill(f, self, &everyone, RTE_ARP_OP_REQUEST, ip);
	memset(f + 1, 0, FRAME_MIN - sizeof(*f));
	return m;
}

struct rte_mbuf *
arp_build_request(struct rte_mempool *pool, const struct l2_addr *self, rte_be32_t ip)
{
	return build(pool, self, ip);
}

struct rte_mbuf *
arp_build_announce(struct rte_mempool *pool, const struct l2_addr *self)
{
	return build(pool, self, self->ip);
}
