/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/* Neighbour discovery and ICMPv6 echo: a good frame of each, and every way to spoil it. */

#include <string.h>

#include <CUnit/CUnit.h>

#include <rte_mbuf.h>

#include "rdp/icmp6.h"
#include "rdp/neigh.h"

#include "l2_tests.h"

#define V6(...)                                                                                    \
	{                                                                                          \
		.byte = { __VA_ARGS__ }                                                            \
	}

static const struct l2_addr self = {
	.mac = {{0x02, 0, 0, 0, 0, 1}},
	.ip6 = V6(0x20, 0x01, 0x0d, 0xb8, [15] = 1),
	.prefix6_len = 64,
	.gateway6 = V6(0x20, 0x01, 0x0d, 0xb8, [15] = 0xfe),
};
static const struct l2_addr peer = {
	.mac = {{0x02, 0, 0, 0, 0, 2}},
	.ip6 = V6(0x20, 0x01, 0x0d, 0xb8, [13] = 0xab, [15] = 2),
	.prefix6_len = 64,
};
static const struct ip_addr link_local = V6(0xfe, 0x80, [15] = 2);
static const struct ip_addr far = V6(0x20, 0x01, 0x0d, 0xb8, [7] = 1, [15] = 9);
static const struct ip_addr none;

static struct neigh_table table;
static struct rte_mempool *pool;

/* A message of neighbour discovery as it lies in a buffer. */
struct message {
	struct icmp6_frame head;
	uint8_t flags, reserved[3];
	uint8_t target[16];
	uint8_t opt_type, opt_len;
	struct rte_ether_addr opt_mac;
} __attribute__((packed, aligned(2)));

#define MESSAGE_LEN sizeof(struct message)
static_assert(MESSAGE_LEN == 86, "14 + 40 + 24 + 8");

static struct rte_mbuf *
of_bytes(const void *bytes, uint16_t len)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool);
	char *to = m != NULL ? rte_pktmbuf_append(m, len) : NULL;

	CU_ASSERT_PTR_NOT_NULL_FATAL(to);
	memcpy(to, bytes, len);
	return m;
}

static void
target_set(struct message *msg, struct ip_addr ip)
{
	memcpy(msg->target, ip.byte, sizeof(msg->target));
}

static struct message
solicitation(void)
{
	struct message msg = {
		.head.type = ICMP6_SOLICIT, .opt_type = 1, .opt_len = 1, .opt_mac = peer.mac};
	struct rte_ether_addr mac = nd_group_mac(self.ip6);

	target_set(&msg, self.ip6);
	icmp6_address(&msg.head, &peer, &mac, icmp6_solicited_node(self.ip6), 255, 32);
	icmp6_sum(&msg.head);
	return msg;
}

static struct message
advertisement(void)
{
	struct message msg = solicitation();

	icmp6_address(&msg.head, &peer, &self.mac, self.ip6, 255, 32);
	msg.head.type = ICMP6_ADVERTISE;
	msg.flags = 0x60;
	target_set(&msg, peer.ip6);
	msg.opt_type = 2;
	icmp6_sum(&msg.head);
	return msg;
}

/* Whether the frame was counted as this, and given the verdict that belongs to it. */
static bool
counted(struct rte_mbuf *m, enum l2_count what)
{
	uint64_t before = neigh_count(&table, what);
	enum l2_verdict verdict = l2_input(&table, &self, m, 5 * MS);

	return verdict == (l2_replied(what) ? L2_REPLY : L2_DROP) &&
	       neigh_count(&table, what) == before + 1;
}

static bool
input(const struct message *msg, uint16_t len, enum l2_count what)
{
	struct rte_mbuf *m = of_bytes(msg, len);
	bool ok = counted(m, what);

	rte_pktmbuf_free(m);
	return ok;
}

/* With the checksum made right again. */
static bool
changed(struct message *msg, enum l2_count what)
{
	icmp6_sum(&msg->head);
	return input(msg, MESSAGE_LEN, what);
}

static bool
known(struct ip_addr ip)
{
	struct rte_ether_addr mac;

	return neigh_resolve(&table, &self, ip, 5 * MS, &mac) == 0;
}

static void
asked_answers(void)
{
	struct message msg = solicitation();
	struct rte_mbuf *m = of_bytes(&msg, MESSAGE_LEN);
	const struct message *r = rte_pktmbuf_mtod(m, const struct message *);

	neigh_init(&table);
	CU_ASSERT_TRUE(counted(m, L2_ND_REPLIED));
	CU_ASSERT_EQUAL(m->pkt_len, MESSAGE_LEN);
	CU_ASSERT_EQUAL(m->ol_flags, 0);
	CU_ASSERT_TRUE(rte_is_same_ether_addr(&r->head.eth.dst_addr, &peer.mac));
	CU_ASSERT_TRUE(rte_is_same_ether_addr(&r->head.eth.src_addr, &self.mac));
	CU_ASSERT_TRUE(ip_addr_equal(ip_addr_v6(r->head.ip.src_addr), self.ip6));
	CU_ASSERT_TRUE(ip_addr_equal(ip_addr_v6(r->head.ip.dst_addr), peer.ip6));
	CU_ASSERT_EQUAL(r->head.ip.hop_limits, 255);
	CU_ASSERT_EQUAL(r->head.type, ICMP6_ADVERTISE);
	CU_ASSERT_EQUAL(r->flags, 0x60);
	CU_ASSERT_TRUE(ip_addr_equal(ip_addr_v6(r->target), self.ip6));
	CU_ASSERT_EQUAL(r->opt_type, 2);
	CU_ASSERT_TRUE(rte_is_same_ether_addr(&r->opt_mac, &self.mac));
	CU_ASSERT_TRUE(known(peer.ip6));
	/* What we answer, the peer takes. */
	CU_ASSERT_TRUE(neigh_want_request(&table, &peer, self.ip6, MS));
	CU_ASSERT_EQUAL(l2_input(&table, &peer, m, MS), L2_DROP);
	CU_ASSERT_TRUE(neigh_count(&table, L2_ND_LEARNED) == 1);
	rte_pktmbuf_free(m);
}

/* To our own address, from a link-local one, without the option: a neighbour that checks on us. */
static void
unicast_is_answered(void)
{
	struct message msg = solicitation();

	neigh_init(&table);
	icmp6_address(&msg.head, &peer, &self.mac, self.ip6, 255, 24);
	memcpy(msg.head.ip.src_addr, link_local.byte, 16);
	icmp6_sum(&msg.head);
	CU_ASSERT_TRUE(input(&msg, MESSAGE_LEN - 8, L2_ND_REPLIED));
	CU_ASSERT_FALSE(known(link_local));
	icmp6_address(&msg.head, &peer, &self.mac, self.ip6, 255, 32);
	memcpy(msg.head.ip.src_addr, link_local.byte, 16);
	CU_ASSERT_TRUE(changed(&msg, L2_ND_REPLIED));
	CU_ASSERT_TRUE(known(link_local));
}

/* Another host looks whether anybody has the address that is ours. */
static void
probe_is_told(void)
{
	struct message msg = solicitation();
	const struct rte_ether_addr all = {{0x33, 0x33, 0, 0, 0, 1}};
	const struct message *r;
	struct rte_mbuf *m;

	neigh_init(&table);
	memset(msg.head.ip.src_addr, 0, 16);
	CU_ASSERT_TRUE(changed(&msg, L2_ND_MALFORMED)); /* it must not have the option */
	msg.head.ip.payload_len = RTE_BE16(24);
	icmp6_sum(&msg.head);
	m = of_bytes(&msg, MESSAGE_LEN - 8);
	CU_ASSERT_TRUE(counted(m, L2_ND_DEFENDED));
	r = rte_pktmbuf_mtod(m, const struct message *);
	CU_ASSERT_EQUAL(m->pkt_len, MESSAGE_LEN);
	CU_ASSERT_TRUE(rte_is_same_ether_addr(&r->head.eth.dst_addr, &all));
	CU_ASSERT_TRUE(ip_addr_equal(ip_addr_v6(r->head.ip.dst_addr), icmp6_all_nodes));
	CU_ASSERT_EQUAL(r->flags, 0x20);
	CU_ASSERT_FALSE(known(none));
	rte_pktmbuf_free(m);
	/* Not to our own address. */
	icmp6_address(&msg.head, &peer, &self.mac, self.ip6, 255, 24);
	memset(msg.head.ip.src_addr, 0, 16);
	icmp6_sum(&msg.head);
	CU_ASSERT_TRUE(input(&msg, MESSAGE_LEN - 8, L2_ND_MALFORMED));
}

static void
lengths(void)
{
	const uint16_t eth = sizeof(struct rte_ether_hdr), ip = eth + sizeof(struct rte_ipv6_hdr);
	struct message msg = solicitation();
	uint16_t len = 0;

	neigh_init(&table);
	for (; len < eth; len++)
		CU_ASSERT_TRUE(input(&msg, len, L2_ETH_SHORT));
	for (; len < (uint16_t)MESSAGE_LEN; len++)
		CU_ASSERT_TRUE(input(&msg, len, L2_IP_MALFORMED));
	/* The packet may be shorter than the frame, the message than the packet must be. */
	for (len = 0; len < 32; len++) {
		msg = solicitation();
		msg.head.ip.payload_len = rte_cpu_to_be_16(len);
		if (len >= 4)
			icmp6_sum(&msg.head);
		CU_ASSERT_TRUE(input(&msg, MESSAGE_LEN,
			len < 4     ? L2_ICMP_MALFORMED
			: len == 24 ? L2_ND_REPLIED
				    : L2_ND_MALFORMED));
	}
	CU_ASSERT_TRUE(ip < MESSAGE_LEN);
	CU_ASSERT_FALSE(known(peer.ip6));
}

static void
fields(void)
{
	const struct message good = solicitation();
	struct message msg = good;

	neigh_init(&table);
	msg.head.ip.hop_limits = 254;
	CU_ASSERT_TRUE(changed(&msg, L2_ND_MALFORMED));
	msg = good;
	msg.head.code = 1;
	CU_ASSERT_TRUE(changed(&msg, L2_ND_MALFORMED));
	msg = good;
	msg.head.sum ^= 1;
	CU_ASSERT_TRUE(input(&msg, MESSAGE_LEN, L2_ICMP_MALFORMED));
	msg = good;
	target_set(&msg, icmp6_all_nodes);
	CU_ASSERT_TRUE(changed(&msg, L2_ND_MALFORMED));
	msg = good;
	msg.opt_len = 0;
	CU_ASSERT_TRUE(changed(&msg, L2_ND_MALFORMED));
	msg = good;
	msg.opt_len = 2;
	CU_ASSERT_TRUE(changed(&msg, L2_ND_MALFORMED));
	msg = good;
	msg.head.ip.vtc_flow = RTE_BE32(UINT32_C(4) << 28);
	CU_ASSERT_TRUE(changed(&msg, L2_IP_MALFORMED));
	msg = good;
	msg.head.ip.proto = 0; /* hop-by-hop options, as those who ask for groups send */
	CU_ASSERT_TRUE(changed(&msg, L2_IP_NOT_US));
	CU_ASSERT_FALSE(known(peer.ip6));
}

static void
sources(void)
{
	static const struct ip_addr bad[] = {V6([15] = 1), V6([10] = 0xff, 0xff, 10, 0, 0, 2),
		V6(0xff, 0x02, [15] = 5), V6(0x20, 0x01, 0x0d, 0xb8, [15] = 1)};
	struct message msg = solicitation();

	neigh_init(&table);
	for (unsigned int i = 0; i < RTE_DIM(bad); i++) {
		memcpy(msg.head.ip.src_addr, bad[i].byte, 16);
		CU_ASSERT_TRUE(changed(&msg, L2_IP_SOURCE));
	}
}

static void
for_others(void)
{
	struct message msg = solicitation();

	neigh_init(&table);
	target_set(&msg, peer.ip6);
	CU_ASSERT_TRUE(changed(&msg, L2_ND_IGNORED));
	msg = solicitation();
	msg.head.eth.dst_addr = nd_group_mac(peer.ip6);
	CU_ASSERT_TRUE(changed(&msg, L2_ETH_NOT_US));
	msg = solicitation();
	memcpy(msg.head.ip.dst_addr, icmp6_solicited_node(peer.ip6).byte, 16);
	CU_ASSERT_TRUE(changed(&msg, L2_IP_NOT_US));
	/* Somebody who is not on the link is answered, but no neighbour. */
	msg = solicitation();
	memcpy(msg.head.ip.src_addr, far.byte, 16);
	CU_ASSERT_TRUE(changed(&msg, L2_ND_REPLIED));
	CU_ASSERT_FALSE(known(far));
	CU_ASSERT_FALSE(known(peer.ip6));
}

static void
advertisements(void)
{
	struct message msg = advertisement();

	neigh_init(&table);
	CU_ASSERT_TRUE(changed(&msg, L2_ND_IGNORED));
	CU_ASSERT_FALSE(known(peer.ip6));
	CU_ASSERT_TRUE(neigh_want_request(&table, &self, peer.ip6, MS));
	CU_ASSERT_TRUE(changed(&msg, L2_ND_LEARNED));
	CU_ASSERT_TRUE(known(peer.ip6));
	/* To a group, and solicited: nobody asks in the name of a group. */
	memcpy(msg.head.ip.dst_addr, icmp6_all_nodes.byte, 16);
	CU_ASSERT_TRUE(changed(&msg, L2_ND_MALFORMED));
	msg.flags = 0x20;
	CU_ASSERT_TRUE(changed(&msg, L2_ND_LEARNED));
	/* Our own address, by another. */
	target_set(&msg, self.ip6);
	CU_ASSERT_TRUE(changed(&msg, L2_ND_CONFLICT));
}

static struct rte_ether_addr
mac_of(struct ip_addr ip)
{
	struct rte_ether_addr mac = {{0}};

	neigh_resolve(&table, &self, ip, 5 * MS, &mac);
	return mac;
}

/* RFC 4861, 7.2.5: without the flag, an address in force stays. */
static void
override(void)
{
	const struct rte_ether_addr other = {{0x02, 0, 0, 0, 0, 9}};
	struct message msg = advertisement();
	struct rte_ether_addr mac;

	neigh_init(&table);
	neigh_want_request(&table, &self, peer.ip6, MS);
	msg.flags = 0x40;
	CU_ASSERT_TRUE(changed(&msg, L2_ND_LEARNED));
	msg.opt_mac = other;
	CU_ASSERT_TRUE(changed(&msg, L2_ND_IGNORED));
	mac = mac_of(peer.ip6);
	CU_ASSERT_TRUE(rte_is_same_ether_addr(&mac, &peer.mac));
	msg.flags = 0x60;
	CU_ASSERT_TRUE(changed(&msg, L2_ND_LEARNED));
	mac = mac_of(peer.ip6);
	CU_ASSERT_TRUE(rte_is_same_ether_addr(&mac, &other));
}

/* What one host builds, the other answers, and both know each other. */
static void
conversation(void)
{
	struct rte_mbuf *m;

	neigh_init(&table);
	CU_ASSERT_TRUE(neigh_want_request(&table, &self, peer.ip6, 0));
	m = l2_build_request(pool, &self, peer.ip6);
	CU_ASSERT_PTR_NOT_NULL_FATAL(m);
	CU_ASSERT_EQUAL(l2_input(&table, &peer, m, MS), L2_REPLY);
	CU_ASSERT_EQUAL(l2_input(&table, &self, m, MS), L2_DROP);
	CU_ASSERT_TRUE(known(peer.ip6));
	rte_pktmbuf_free(m);
	/* For what is far away the gateway is asked for. */
	m = l2_build_request(pool, &self, far);
	CU_ASSERT_PTR_NOT_NULL_FATAL(m);
	CU_ASSERT_TRUE(ip_addr_equal(
		ip_addr_v6(rte_pktmbuf_mtod(m, struct message *)->target), self.gateway6));
	rte_pktmbuf_free(m);
	m = nd_build_announce(pool, &peer);
	CU_ASSERT_PTR_NOT_NULL_FATAL(m);
	CU_ASSERT_TRUE(counted(m, L2_ND_LEARNED));
	rte_pktmbuf_free(m);
	CU_ASSERT_PTR_NULL(l2_build_request(pool, &self, icmp6_all_nodes));
	CU_ASSERT_PTR_NULL(l2_build_request(pool, &peer, far));
}

static void
next_hops(void)
{
	struct l2_addr all = peer;

	CU_ASSERT_TRUE(ip_addr_equal(neigh_next_hop(&self, peer.ip6), peer.ip6));
	CU_ASSERT_TRUE(ip_addr_equal(neigh_next_hop(&self, link_local), link_local));
	CU_ASSERT_TRUE(ip_addr_equal(neigh_next_hop(&self, far), self.gateway6));
	CU_ASSERT_TRUE(ip_addr_is_none(neigh_next_hop(&peer, far)));
	all.prefix6_len = 0;
	CU_ASSERT_TRUE(ip_addr_equal(neigh_next_hop(&all, far), far));
	/* No address of that family. */
	CU_ASSERT_TRUE(ip_addr_is_none(neigh_next_hop(&self, ip_addr_v4(IP(10, 0, 0, 1)))));
}

/* A flood of strangers of either family finds no room at the expense of those we know. */
static void
flood(void)
{
	const struct rte_ether_addr other = {{0x02, 0, 0, 0, 0, 9}};
	struct ip_addr stranger = peer.ip6;

	neigh_init(&table);
	CU_ASSERT_TRUE(neigh_learn(&table, peer.ip6, &peer.mac, NEIGH_ENTRY, 0));
	for (uint32_t i = 0; i < 100000; i++) {
		stranger.word[2] = rte_cpu_to_be_32(i * 7 + 1);
		neigh_learn(&table, stranger, &other, NEIGH_ENTRY, MS);
		neigh_learn(&table, ip_addr_v4(rte_cpu_to_be_32(RTE_IPV4(10, 0, 0, 0) + i)), &other,
			NEIGH_ENTRY, MS);
	}
	CU_ASSERT_TRUE(known(peer.ip6));
	CU_ASSERT_TRUE(neigh_want_request(&table, &self, link_local, MS));
	CU_ASSERT_TRUE(neigh_learn(&table, link_local, &other, NEIGH_HINT, 2 * MS));
}

static void
echo(void)
{
	struct {
		struct icmp6_frame head;
		uint8_t body[64];
	} f = {.head.type = ICMP6_ECHO_REQUEST, .body = {1, 2, 3, 4, 5}};
	struct rte_mbuf *m;

	neigh_init(&table);
	for (uint16_t len = 0; len <= 64; len++) {
		icmp6_address(&f.head, &peer, &self.mac, self.ip6, 3, (uint16_t)(4 + len));
		icmp6_sum(&f.head);
		m = of_bytes(&f, sizeof(f)); /* what is longer than the packet is padding */
		CU_ASSERT_TRUE(counted(m, len < 4 ? L2_ICMP_MALFORMED : L2_ICMP_REPLIED));
		if (len >= 4) {
			const struct icmp6_frame *r = rte_pktmbuf_mtod(m, struct icmp6_frame *);

			CU_ASSERT_EQUAL(m->pkt_len, sizeof(*r) + len);
			CU_ASSERT_EQUAL(r->type, ICMP6_ECHO_REPLY);
			CU_ASSERT_EQUAL(r->ip.hop_limits, 64);
			CU_ASSERT_EQUAL(memcmp(r->body, f.body, len), 0);
			CU_ASSERT_EQUAL(l2_input(&table, &peer, m, 0), L2_DROP);
			CU_ASSERT_EQUAL(neigh_count(&table, L2_ICMP_IGNORED), len - 3u);
		}
		rte_pktmbuf_free(m);
	}
	/* To a group: the answers of all would come at once. */
	icmp6_address(&f.head, &peer, &self.mac, icmp6_all_nodes, 3, 12);
	icmp6_sum(&f.head);
	m = of_bytes(&f, sizeof(f));
	CU_ASSERT_TRUE(counted(m, L2_ICMP_IGNORED));
	rte_pktmbuf_free(m);
}

/* One who has no address of a family does not answer in its name. */
static void
one_family(void)
{
	const struct l2_addr v4 = {.mac = self.mac, .ip = IP(10, 0, 0, 1)};
	struct message msg = solicitation();
	struct rte_mbuf *m = of_bytes(&msg, MESSAGE_LEN);
	struct rte_ether_hdr *eth = rte_pktmbuf_mtod(m, struct rte_ether_hdr *);

	neigh_init(&table);
	CU_ASSERT_EQUAL(l2_input(&table, &v4, m, 0), L2_DROP);
	eth->dst_addr = self.mac;
	eth->ether_type = RTE_BE16(RTE_ETHER_TYPE_ARP);
	CU_ASSERT_EQUAL(l2_input(&table, &self, m, 0), L2_DROP);
	eth->ether_type = RTE_BE16(RTE_ETHER_TYPE_IPV4);
	CU_ASSERT_EQUAL(l2_input(&table, &self, m, 0), L2_DROP);
	CU_ASSERT_EQUAL(neigh_count(&table, L2_ETH_TYPE), 3);
	rte_pktmbuf_free(m);
}

int
nd_tests(struct rte_mempool *mbufs)
{
	CU_pSuite suite = CU_add_suite("neighbour discovery", NULL, NULL);

	pool = mbufs;
	return suite != NULL && CU_add_test(suite, "who is asked answers", asked_answers) &&
	                       CU_add_test(suite, "unicast is answered", unicast_is_answered) &&
	                       CU_add_test(suite, "a probe is told", probe_is_told) &&
	                       CU_add_test(suite, "lengths", lengths) &&
	                       CU_add_test(suite, "fields", fields) &&
	                       CU_add_test(suite, "sources", sources) &&
	                       CU_add_test(suite, "for others", for_others) &&
	                       CU_add_test(suite, "advertisements", advertisements) &&
	                       CU_add_test(suite, "override", override) &&
	                       CU_add_test(suite, "conversation", conversation) &&
	                       CU_add_test(suite, "next hops", next_hops) &&
	                       CU_add_test(suite, "flood", flood) &&
	                       CU_add_test(suite, "echo", echo) &&
	                       CU_add_test(suite, "one family", one_family)
	               ? 0
	               : -1;
}
