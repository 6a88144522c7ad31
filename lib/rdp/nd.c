/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/* Neighbour discovery (RFC 4861), a host's part without routers; doc/protocol.md has the rules. */

#include <string.h>

#include "icmp6.h"
#include "neigh.h"

#define HOP_LIMIT 255 /* a router would have made it less: it comes from the link */

#define OPT_SOURCE_MAC 1
#define OPT_TARGET_MAC 2

#define F_SOLICITED 0x40
#define F_OVERRIDE  0x20

/* From the type on; `flags` is reserved in a solicitation. */
struct nd {
	uint8_t type;
	uint8_t code;
	uint16_t sum;
	uint8_t flags;
	uint8_t reserved[3];
	uint8_t target[16];
} __attribute__((packed, aligned(2)));

/* The link-layer address, in either direction. */
struct nd_mac {
	uint8_t type;
	uint8_t len; /* in units of eight bytes */
	struct rte_ether_addr mac;
} __attribute__((packed, aligned(2)));

#define ND_LEN (sizeof(struct nd) + sizeof(struct nd_mac))

_Static_assert(sizeof(struct icmp6_frame) - 4 + ND_LEN == ICMP6_ND_FRAME,
	"a message, of which four bytes are in the frame, with one option");

/* Look for a link-layer address. @return false: an option has no length, or leaves the message. */
static bool
options_read(const struct nd *nd, uint16_t len, uint8_t want, const struct rte_ether_addr **mac)
{
	const uint8_t *at = (const uint8_t *)(nd + 1), *end = (const uint8_t *)nd + len;

	*mac = NULL;
	while (at < end) {
		const struct nd_mac *opt = (const struct nd_mac *)at;

		if (end - at < 8 || opt->len == 0 || 8 * opt->len > end - at)
			return false;
		if (opt->type == want && opt->len == 1)
			*mac = &opt->mac;
		at += 8 * opt->len;
	}
	return true;
}

static bool
is_group(struct ip_addr ip)
{
	return ip.byte[0] == 0xff;
}

static void
mac_put(struct nd *nd, uint8_t type, const struct rte_ether_addr *mac)
{
	struct nd_mac *opt = (struct nd_mac *)(nd + 1);

	*opt = (struct nd_mac){.type = type, .len = 1, .mac = *mac};
}

/* The advertisement of our address, in the frame of the solicitation. */
static enum l2_count
answer(const struct l2_addr *self, struct rte_mbuf *m)
{
	struct icmp6_frame *f = rte_pktmbuf_mtod(m, struct icmp6_frame *);
	struct ip_addr asker = ip_addr_v6(f->ip.src_addr);
	bool probe = ip_addr_is_none(asker);
	struct ip_addr to = probe ? icmp6_all_nodes : asker;
	struct rte_ether_addr mac = probe ? icmp6_group_mac(to) : f->eth.src_addr;
	struct nd *nd = (struct nd *)&f->type;
	uint16_t len = ICMP6_ND_FRAME;

	/* A solicitation of a probe has no option, and the buffer room for one. */
	if (m->data_len < len && rte_pktmbuf_append(m, (uint16_t)(len - m->data_len)) == NULL)
		return L2_MBUF;
	m->data_len = len;
	m->pkt_len = len;
	nd->type = ICMP6_ADVERTISE;
	nd->flags = probe ? F_OVERRIDE : F_SOLICITED | F_OVERRIDE;
	memset(nd->reserved, 0, sizeof(nd->reserved));
	mac_put(nd, OPT_TARGET_MAC, &self->mac);
	icmp6_address(f, self, &mac, to, HOP_LIMIT, ND_LEN);
	icmp6_sum(f);
	return probe ? L2_ND_DEFENDED : L2_ND_REPLIED;
}

/* A neighbour by its own word; one off the link cannot be one. */
static bool
learn(struct neigh_table *table, const struct l2_addr *self, struct ip_addr ip,
	const struct rte_ether_addr *mac, enum neigh_word word, uint64_t now_ns)
{
	if (mac == NULL || !ip_addr_equal(neigh_next_hop(self, ip), ip))
		return false;
	return neigh_learn(table, ip, mac, word, now_ns);
}

static enum l2_count
solicited(struct neigh_table *table, const struct l2_addr *self, struct rte_mbuf *m, uint16_t len,
	uint64_t now_ns)
{
	const struct icmp6_frame *f = rte_pktmbuf_mtod(m, const struct icmp6_frame *);
	const struct nd *nd = (const struct nd *)&f->type;
	struct ip_addr src = ip_addr_v6(f->ip.src_addr), dst = ip_addr_v6(f->ip.dst_addr);
	bool for_us = ip_addr_equal(ip_addr_v6(nd->target), self->ip6);
	const struct rte_ether_addr *mac;

	if (!options_read(nd, len, OPT_SOURCE_MAC, &mac))
		return L2_ND_MALFORMED;
	if (ip_addr_is_none(src) && (mac != NULL || !is_group(dst)))
		return L2_ND_MALFORMED;
	if (ip_addr_equal(dst, icmp6_all_nodes) || !for_us)
		return L2_ND_IGNORED;
	learn(table, self, src, mac, NEIGH_ENTRY, now_ns);
	return answer(self, m);
}

static enum l2_count
advertised(struct neigh_table *table, const struct l2_addr *self, struct rte_mbuf *m, uint16_t len,
	uint64_t now_ns)
{
	const struct icmp6_frame *f = rte_pktmbuf_mtod(m, const struct icmp6_frame *);
	const struct nd *nd = (const struct nd *)&f->type;
	struct ip_addr target = ip_addr_v6(nd->target);
	const struct rte_ether_addr *mac;

	if (!options_read(nd, len, OPT_TARGET_MAC, &mac) ||
		ip_addr_is_none(ip_addr_v6(f->ip.src_addr)) ||
		((nd->flags & F_SOLICITED) && is_group(ip_addr_v6(f->ip.dst_addr))))
		return L2_ND_MALFORMED;
	if (ip_addr_equal(target, self->ip6))
		return L2_ND_CONFLICT;
	return learn(table, self, target, mac, nd->flags & F_OVERRIDE ? NEIGH_UPDATE : NEIGH_HINT,
		       now_ns)
	               ? L2_ND_LEARNED
	               : L2_ND_IGNORED;
}

enum l2_count
nd_input(struct neigh_table *table, const struct l2_addr *self, struct rte_mbuf *m, uint16_t len,
	uint64_t now_ns)
{
	const struct icmp6_frame *f = rte_pktmbuf_mtod(m, const struct icmp6_frame *);
	const struct nd *nd = (const struct nd *)&f->type;

	if (f->ip.hop_limits != HOP_LIMIT || f->code != 0 || len < sizeof(*nd) ||
		is_group(ip_addr_v6(nd->target)))
		return L2_ND_MALFORMED;
	if (f->type == ICMP6_SOLICIT)
		return solicited(table, self, m, len, now_ns);
	return advertised(table, self, m, len, now_ns);
}

/* A message about @p target to a group. */
static struct rte_mbuf *
build(struct rte_mempool *pool, const struct l2_addr *self, uint8_t type, struct ip_addr target,
	struct ip_addr group)
{
	const uint16_t len = ICMP6_ND_FRAME;
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool);
	struct rte_ether_addr mac = icmp6_group_mac(group);
	struct icmp6_frame *f;
	struct nd *nd;

	if (m == NULL)
		return NULL;
	f = (struct icmp6_frame *)rte_pktmbuf_append(m, len);
	if (f == NULL) {
		rte_pktmbuf_free(m);
		return NULL;
	}
	nd = (struct nd *)&f->type;
	memset(nd, 0, sizeof(*nd));
	nd->type = type;
	nd->flags = type == ICMP6_ADVERTISE ? F_OVERRIDE : 0;
	memcpy(nd->target, target.byte, sizeof(nd->target));
	mac_put(nd, type == ICMP6_ADVERTISE ? OPT_TARGET_MAC : OPT_SOURCE_MAC, &self->mac);
	icmp6_address(f, self, &mac, group, HOP_LIMIT, ND_LEN);
	icmp6_sum(f);
	return m;
}

struct rte_mbuf *
nd_build_request(struct rte_mempool *pool, const struct l2_addr *self, struct ip_addr ip)
{
	return build(pool, self, ICMP6_SOLICIT, ip, icmp6_solicited_node(ip));
}

struct rte_mbuf *
nd_build_announce(struct rte_mempool *pool, const struct l2_addr *self)
{
	return build(pool, self, ICMP6_ADVERTISE, self->ip6, icmp6_all_nodes);
}

struct rte_ether_addr
nd_group_mac(struct ip_addr ip)
{
	return icmp6_group_mac(icmp6_solicited_node(ip));
}
