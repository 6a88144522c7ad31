/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/* ARP and ICMP echo: a good frame of each, and every way to spoil it. */

#include <string.h>

#include <CUnit/Basic.h>

#include <rte_arp.h>
#include <rte_eal.h>
#include <rte_icmp.h>
#include <rte_mbuf.h>

#include "rdp/neigh.h"

#include "l2_tests.h"

static const struct l2_addr self = {
	.mac = {{0x02, 0, 0, 0, 0, 1}},
	.ip = IP(10, 0, 0, 1),
	.netmask = IP(255, 255, 255, 0),
	.gateway = IP(10, 0, 0, 254),
};
static const struct rte_ether_addr peer_mac = {{0x02, 0, 0, 0, 0, 2}};
static const struct rte_ether_addr group_mac = {{0x01, 0, 0x5e, 0, 0, 1}};
static const struct rte_ether_addr all_mac = {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};
#define PEER_IP IP(10, 0, 0, 2)

static struct neigh_table table;
static struct rte_mempool *pool;

struct arp_frame {
	struct rte_ether_hdr eth;
	struct rte_arp_hdr arp;
} __attribute__((packed, aligned(2)));

struct echo_frame {
	struct rte_ether_hdr eth;
	struct rte_ipv4_hdr ip;
	struct rte_icmp_hdr icmp;
	uint8_t data[];
} __attribute__((packed, aligned(2)));

/* A frame of len bytes, the first of them from a header. */
static struct rte_mbuf *
frame(const void *head, uint16_t head_len, uint16_t len)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool);
	uint8_t *p;

	CU_ASSERT_PTR_NOT_NULL_FATAL(m);
	p = (uint8_t *)rte_pktmbuf_append(m, len);
	CU_ASSERT_PTR_NOT_NULL_FATAL(p);
	memset(p, 0xa5, len);
	memcpy(p, head, RTE_MIN(head_len, len));
	return m;
}

static struct arp_frame
arp_request(void)
{
	return (struct arp_frame){
		.eth = {.dst_addr = all_mac,
			.src_addr = peer_mac,
			.ether_type = RTE_BE16(RTE_ETHER_TYPE_ARP)},
		.arp = {.arp_hardware = RTE_BE16(RTE_ARP_HRD_ETHER),
			.arp_protocol = RTE_BE16(RTE_ETHER_TYPE_IPV4),
			.arp_hlen = 6,
			.arp_plen = 4,
			.arp_opcode = RTE_BE16(RTE_ARP_OP_REQUEST),
			.arp_data = {.arp_sha = peer_mac, .arp_sip = PEER_IP, .arp_tip = self.ip}},
	};
}

static struct arp_frame
arp_reply(void)
{
	struct arp_frame f = arp_request();

	f.eth.dst_addr = self.mac;
	f.arp.arp_opcode = RTE_BE16(RTE_ARP_OP_REPLY);
	f.arp.arp_data.arp_tha = self.mac;
	return f;
}

/* Whether the frame was counted as this, and given the verdict that belongs to it. */
static bool
counted(struct rte_mbuf *m, enum l2_count what)
{
	bool replied = what == L2_ARP_REPLIED || what == L2_ICMP_REPLIED;
	uint64_t before = neigh_count(&table, what);
	enum l2_verdict verdict = l2_input(&table, &self, m, 5 * MS);

	return verdict == (replied ? L2_REPLY : L2_DROP) && neigh_count(&table, what) == before + 1;
}

static bool
arp_counted(const struct arp_frame *f, uint16_t len, enum l2_count what)
{
	struct rte_mbuf *m = frame(f, sizeof(*f), len);
	bool ok = counted(m, what);

	rte_pktmbuf_free(m);
	return ok;
}

static bool
known(rte_be32_t ip)
{
	struct rte_ether_addr mac;

	return neigh_resolve(&table, &self, ip_addr_v4(ip), 5 * MS, &mac) == 0;
}

static void
arp_answered(void)
{
	struct arp_frame request = arp_request();
	struct rte_mbuf *m = frame(&request, sizeof(request), 60);
	const struct arp_frame *f = rte_pktmbuf_mtod(m, const struct arp_frame *);
	const uint8_t *end = rte_pktmbuf_mtod_offset(m, const uint8_t *, 60);

	neigh_init(&table);
	m->ol_flags = RTE_MBUF_F_RX_RSS_HASH | RTE_MBUF_F_RX_IP_CKSUM_GOOD;
	CU_ASSERT_TRUE(counted(m, L2_ARP_REPLIED));
	CU_ASSERT_EQUAL(m->pkt_len, 60);
	CU_ASSERT_EQUAL(m->ol_flags, 0);
	CU_ASSERT_TRUE(rte_is_same_ether_addr(&f->eth.dst_addr, &peer_mac));
	CU_ASSERT_TRUE(rte_is_same_ether_addr(&f->eth.src_addr, &self.mac));
	CU_ASSERT_EQUAL(f->arp.arp_opcode, RTE_BE16(RTE_ARP_OP_REPLY));
	CU_ASSERT_TRUE(rte_is_same_ether_addr(&f->arp.arp_data.arp_sha, &self.mac));
	CU_ASSERT_TRUE(rte_is_same_ether_addr(&f->arp.arp_data.arp_tha, &peer_mac));
	CU_ASSERT_EQUAL(f->arp.arp_data.arp_sip, self.ip);
	CU_ASSERT_EQUAL(f->arp.arp_data.arp_tip, PEER_IP);
	CU_ASSERT_EQUAL(end[-1], 0); /* no stranger's bytes in the padding */
	CU_ASSERT_TRUE(known(PEER_IP));
	rte_pktmbuf_free(m);
}

static void
arp_lengths(void)
{
	struct arp_frame f = arp_request();
	uint16_t len, eth_len = sizeof(f.eth), arp_len = sizeof(f);

	neigh_init(&table);
	for (len = 0; len < eth_len; len++)
		CU_ASSERT_TRUE(arp_counted(&f, len, L2_ETH_SHORT));
	for (; len < arp_len; len++)
		CU_ASSERT_TRUE(arp_counted(&f, len, L2_ARP_MALFORMED));
	CU_ASSERT_FALSE(known(PEER_IP));
	for (; len < 1500; len += 7)
		CU_ASSERT_TRUE(arp_counted(&f, len, L2_ARP_REPLIED));
}

static void
arp_probe(void)
{
	struct arp_frame f = arp_request();

	neigh_init(&table);
	f.arp.arp_data.arp_sip = 0;
	CU_ASSERT_TRUE(arp_counted(&f, 60, L2_ARP_REPLIED));
	CU_ASSERT_FALSE(known(PEER_IP));
}

static void
arp_fields(void)
{
	const struct arp_frame good = arp_request();
	struct arp_frame f = good;

	neigh_init(&table);
	f.arp.arp_hardware = RTE_BE16(6);
	CU_ASSERT_TRUE(arp_counted(&f, 60, L2_ARP_MALFORMED));
	f = good;
	f.arp.arp_protocol = RTE_BE16(RTE_ETHER_TYPE_IPV6);
	CU_ASSERT_TRUE(arp_counted(&f, 60, L2_ARP_MALFORMED));
	f = good;
	f.arp.arp_hlen = 8;
	CU_ASSERT_TRUE(arp_counted(&f, 60, L2_ARP_MALFORMED));
	f = good;
	f.arp.arp_plen = 16;
	CU_ASSERT_TRUE(arp_counted(&f, 60, L2_ARP_MALFORMED));
	f = good;
	f.arp.arp_opcode = RTE_BE16(RTE_ARP_OP_REVREQUEST);
	CU_ASSERT_TRUE(arp_counted(&f, 60, L2_ARP_MALFORMED));
	f = good;
	f.arp.arp_data.arp_sha = group_mac;
	CU_ASSERT_TRUE(arp_counted(&f, 60, L2_ARP_MALFORMED));
	CU_ASSERT_FALSE(known(PEER_IP));
}

static void
arp_for_others(void)
{
	struct arp_frame f = arp_request();

	neigh_init(&table);
	f.arp.arp_data.arp_tip = IP(10, 0, 0, 3);
	CU_ASSERT_TRUE(arp_counted(&f, 60, L2_ARP_IGNORED));
	CU_ASSERT_FALSE(known(PEER_IP));
	/* Someone off the link is answered, but cannot be a neighbour. */
	f = arp_request();
	f.arp.arp_data.arp_sip = IP(10, 0, 9, 9);
	CU_ASSERT_TRUE(arp_counted(&f, 60, L2_ARP_REPLIED));
	CU_ASSERT_FALSE(known(IP(10, 0, 9, 9)));
	f.arp.arp_data.arp_sip = self.ip;
	CU_ASSERT_TRUE(arp_counted(&f, 60, L2_ARP_CONFLICT));
}

static void
arp_replies(void)
{
	struct arp_frame f = arp_reply();

	neigh_init(&table);
	CU_ASSERT_TRUE(arp_counted(&f, 60, L2_ARP_IGNORED));
	CU_ASSERT_FALSE(known(PEER_IP));
	CU_ASSERT_TRUE(neigh_want_request(&table, &self, ip_addr_v4(PEER_IP), 4 * MS));
	CU_ASSERT_TRUE(arp_counted(&f, 60, L2_ARP_LEARNED));
	CU_ASSERT_TRUE(known(PEER_IP));
	/* An announcement of one we know. */
	f.eth.dst_addr = all_mac;
	f.arp.arp_opcode = RTE_BE16(RTE_ARP_OP_REQUEST);
	f.arp.arp_data.arp_tip = PEER_IP;
	CU_ASSERT_TRUE(arp_counted(&f, 60, L2_ARP_LEARNED));
}

static void
arp_built(void)
{
	struct rte_mbuf *m = l2_build_request(pool, &self, ip_addr_v4(IP(8, 8, 8, 8)));
	const struct arp_frame *f;

	CU_ASSERT_PTR_NOT_NULL_FATAL(m);
	if (m == NULL)
		return;
	f = rte_pktmbuf_mtod(m, const struct arp_frame *);
	CU_ASSERT_EQUAL(m->pkt_len, 60);
	CU_ASSERT_TRUE(rte_is_broadcast_ether_addr(&f->eth.dst_addr));
	CU_ASSERT_EQUAL(f->arp.arp_data.arp_tip, self.gateway);
	CU_ASSERT_EQUAL(f->arp.arp_data.arp_sip, self.ip);
	rte_pktmbuf_free(m);
	CU_ASSERT_PTR_NULL(l2_build_request(pool, &self, ip_addr_v4(IP(224, 0, 0, 1))));
	m = arp_build_announce(pool, &self);
	CU_ASSERT_PTR_NOT_NULL_FATAL(m);
	if (m == NULL)
		return;
	f = rte_pktmbuf_mtod(m, const struct arp_frame *);
	CU_ASSERT_EQUAL(f->arp.arp_data.arp_tip, self.ip);
	rte_pktmbuf_free(m);
}

/* What one host builds, the other answers, and both know each other. */
static void
arp_conversation(void)
{
	const struct l2_addr other = {.mac = peer_mac, .ip = PEER_IP};
	struct rte_mbuf *m;

	neigh_init(&table);
	CU_ASSERT_TRUE(neigh_want_request(&table, &self, ip_addr_v4(PEER_IP), 0));
	m = l2_build_request(pool, &self, ip_addr_v4(PEER_IP));
	CU_ASSERT_PTR_NOT_NULL_FATAL(m);
	CU_ASSERT_EQUAL(l2_input(&table, &other, m, MS), L2_REPLY);
	CU_ASSERT_EQUAL(l2_input(&table, &self, m, MS), L2_DROP);
	CU_ASSERT_TRUE(known(PEER_IP));
	rte_pktmbuf_free(m);
}

/* Sums of a frame that was changed on purpose made right again. */
static void
sums_renew(struct echo_frame *f, uint16_t icmp_len)
{
	f->ip.hdr_checksum = 0;
	f->ip.hdr_checksum = rte_ipv4_cksum(&f->ip);
	f->icmp.icmp_cksum = 0;
	f->icmp.icmp_cksum = ~rte_raw_cksum(&f->icmp, icmp_len);
}

static struct rte_mbuf *
echo(uint16_t data_len, uint16_t pad)
{
	uint16_t icmp_len = sizeof(struct rte_icmp_hdr) + data_len;
	struct echo_frame head = {
		.eth = {.dst_addr = self.mac,
			.src_addr = peer_mac,
			.ether_type = RTE_BE16(RTE_ETHER_TYPE_IPV4)},
		.ip = {.version_ihl = RTE_IPV4_VHL_DEF,
			.type_of_service = 0x10,
			.total_length = rte_cpu_to_be_16(sizeof(head.ip) + icmp_len),
			.packet_id = RTE_BE16(77),
			.fragment_offset = RTE_BE16(RTE_IPV4_HDR_DF_FLAG),
			.time_to_live = 3,
			.next_proto_id = IPPROTO_ICMP,
			.src_addr = PEER_IP,
			.dst_addr = self.ip},
		.icmp = {.icmp_type = RTE_IP_ICMP_ECHO_REQUEST, .icmp_ident = 9, .icmp_seq_nb = 8},
	};
	struct rte_mbuf *m = frame(&head, sizeof(head), sizeof(head) + data_len + pad);

	sums_renew(rte_pktmbuf_mtod(m, struct echo_frame *), icmp_len);
	return m;
}

static void
echo_check_reply(const struct rte_mbuf *m, uint16_t data_len)
{
	const struct echo_frame *f = rte_pktmbuf_mtod(m, const struct echo_frame *);
	uint16_t i;

	CU_ASSERT_EQUAL(rte_raw_cksum(&f->ip, sizeof(f->ip)), 0xffff);
	CU_ASSERT_EQUAL(rte_raw_cksum(&f->icmp, sizeof(f->icmp) + data_len), 0xffff);
	CU_ASSERT_TRUE(rte_is_same_ether_addr(&f->eth.dst_addr, &peer_mac));
	CU_ASSERT_TRUE(rte_is_same_ether_addr(&f->eth.src_addr, &self.mac));
	CU_ASSERT_EQUAL(f->ip.src_addr, self.ip);
	CU_ASSERT_EQUAL(f->ip.dst_addr, PEER_IP);
	CU_ASSERT_EQUAL(f->ip.time_to_live, 64);
	CU_ASSERT_EQUAL(f->icmp.icmp_type, RTE_IP_ICMP_ECHO_REPLY);
	CU_ASSERT_EQUAL(f->icmp.icmp_ident, 9);
	CU_ASSERT_EQUAL(f->icmp.icmp_seq_nb, 8);
	for (i = 0; i < data_len; i++)
		CU_ASSERT_EQUAL(f->data[i], 0xa5);
}

static void
echo_answered(void)
{
	uint16_t data_len;
	struct rte_mbuf *m;

	neigh_init(&table);
	for (data_len = 0; data_len <= 1472; data_len++) {
		m = echo(data_len, data_len % 20);
		m->ol_flags = RTE_MBUF_F_RX_L4_CKSUM_UNKNOWN | RTE_MBUF_F_RX_IP_CKSUM_GOOD;
		CU_ASSERT_TRUE(counted(m, L2_ICMP_REPLIED));
		CU_ASSERT_EQUAL(m->ol_flags, 0);
		CU_ASSERT(m->pkt_len == 42u + data_len || m->pkt_len <= 60);
		CU_ASSERT_EQUAL(m->pkt_len, m->data_len);
		echo_check_reply(m, data_len);
		rte_pktmbuf_free(m);
	}
}

/* The sum has edge values that only some contents reach. */
static void
echo_every_sum(void)
{
	struct echo_frame *f;
	struct rte_mbuf *m;
	uint32_t i;

	neigh_init(&table);
	for (i = 0; i <= UINT16_MAX; i++) {
		m = echo(2, 0);
		f = rte_pktmbuf_mtod(m, struct echo_frame *);
		memcpy(f->data, &i, 2);
		sums_renew(f, 10);
		l2_input(&table, &self, m, 0);
		if (rte_raw_cksum(&f->icmp, 10) != 0xffff || f->icmp.icmp_type != 0)
			break;
		rte_pktmbuf_free(m);
	}
	CU_ASSERT_EQUAL(i, UINT16_MAX + 1);
}

/* What remains when the type has become zero is zeros: their sum is not that of nothing at all. */
static void
echo_of_zeros(void)
{
	struct rte_mbuf *m = echo(2, 0);
	struct echo_frame *f = rte_pktmbuf_mtod(m, struct echo_frame *);

	neigh_init(&table);
	memset(f->data, 0, 2);
	f->icmp.icmp_ident = 0;
	f->icmp.icmp_seq_nb = 0;
	sums_renew(f, 10);
	CU_ASSERT_TRUE(counted(m, L2_ICMP_REPLIED));
	CU_ASSERT_EQUAL(f->icmp.icmp_type, RTE_IP_ICMP_ECHO_REPLY);
	CU_ASSERT_EQUAL(rte_raw_cksum(&f->icmp, 10), 0xffff);
	rte_pktmbuf_free(m);
}

typedef void (*spoil_t)(struct rte_mbuf *m, struct echo_frame *f);

static bool
spoiled(spoil_t spoil, bool renew, enum l2_count what)
{
	struct rte_mbuf *m = echo(32, 0);
	struct echo_frame *f = rte_pktmbuf_mtod(m, struct echo_frame *);
	bool ok;

	spoil(m, f);
	if (renew)
		sums_renew(f, 40);
	ok = counted(m, what);
	rte_pktmbuf_free(m);
	return ok;
}

#define SPOIL(name, code)                                                                          \
	static void name(struct rte_mbuf *m, struct echo_frame *f)                                 \
	{                                                                                          \
		(void)m;                                                                           \
		(void)f;                                                                           \
		code;                                                                              \
	}
SPOIL(ip_sum, f->ip.hdr_checksum ^= 1)
SPOIL(icmp_sum, f->icmp.icmp_cksum ^= 0x100)
SPOIL(data_bit, f->data[31] ^= 0x80)
SPOIL(version, f->ip.version_ihl = 0x65)
SPOIL(header_short, f->ip.version_ihl = 0x44)
SPOIL(options, f->ip.version_ihl = 0x46)
SPOIL(total_long, f->ip.total_length = RTE_BE16(61))
SPOIL(total_huge, f->ip.total_length = RTE_BE16(0xffff))
SPOIL(total_short, f->ip.total_length = RTE_BE16(19))
SPOIL(total_zero, f->ip.total_length = 0)
SPOIL(total_no_icmp, f->ip.total_length = RTE_BE16(27))
SPOIL(more_fragments, f->ip.fragment_offset = RTE_BE16(RTE_IPV4_HDR_MF_FLAG))
SPOIL(fragment, f->ip.fragment_offset = RTE_BE16(5))
SPOIL(reserved_flag, f->ip.fragment_offset = RTE_BE16(0x8000))
SPOIL(source_us, f->ip.src_addr = self.ip)
SPOIL(source_zero, f->ip.src_addr = 0)
SPOIL(source_group, f->ip.src_addr = IP(224, 0, 0, 5))
SPOIL(source_all, f->ip.src_addr = UINT32_MAX)
SPOIL(source_link_all, f->ip.src_addr = IP(10, 0, 0, 255))
SPOIL(source_loop, f->ip.src_addr = IP(127, 0, 0, 1))
SPOIL(to_other, f->ip.dst_addr = IP(10, 0, 0, 9))
SPOIL(to_all, f->ip.dst_addr = UINT32_MAX)
SPOIL(udp, f->ip.next_proto_id = IPPROTO_UDP)
SPOIL(echo_reply, f->icmp.icmp_type = RTE_IP_ICMP_ECHO_REPLY)
SPOIL(unreachable, f->icmp.icmp_type = 3)
SPOIL(code_one, f->icmp.icmp_code = 1)
SPOIL(eth_group_source, f->eth.src_addr = group_mac)
SPOIL(eth_all_source, f->eth.src_addr = all_mac)
SPOIL(eth_zero_source, memset(&f->eth.src_addr, 0, 6))
SPOIL(eth_our_source, f->eth.src_addr = self.mac)
SPOIL(eth_all, f->eth.dst_addr = all_mac)
SPOIL(eth_group, f->eth.dst_addr = group_mac)
SPOIL(eth_other, f->eth.dst_addr = peer_mac)
SPOIL(type_ipv6, f->eth.ether_type = RTE_BE16(RTE_ETHER_TYPE_IPV6))
SPOIL(type_vlan, f->eth.ether_type = RTE_BE16(RTE_ETHER_TYPE_VLAN))

static void
echo_spoiled(void)
{
	static const struct {
		spoil_t spoil;
		bool renew;
		enum l2_count what;
	} cases[] = {
		{ip_sum, false, L2_IP_MALFORMED},
		{icmp_sum, false, L2_ICMP_MALFORMED},
		{data_bit, false, L2_ICMP_MALFORMED},
		{version, true, L2_IP_MALFORMED},
		{header_short, false, L2_IP_MALFORMED},
		{options, false, L2_IP_OPTIONS},
		{total_long, true, L2_IP_MALFORMED},
		{total_huge, true, L2_IP_MALFORMED},
		{total_short, true, L2_IP_MALFORMED},
		{total_zero, true, L2_IP_MALFORMED},
		{total_no_icmp, true, L2_ICMP_MALFORMED},
		{more_fragments, true, L2_IP_FRAGMENT},
		{fragment, true, L2_IP_FRAGMENT},
		{reserved_flag, true, L2_IP_FRAGMENT},
		{source_us, true, L2_IP_SOURCE},
		{source_zero, true, L2_IP_SOURCE},
		{source_group, true, L2_IP_SOURCE},
		{source_all, true, L2_IP_SOURCE},
		{source_link_all, true, L2_IP_SOURCE},
		{source_loop, true, L2_IP_SOURCE},
		{to_other, true, L2_IP_NOT_US},
		{to_all, true, L2_IP_NOT_US},
		{udp, true, L2_IP_NOT_US},
		{echo_reply, true, L2_ICMP_IGNORED},
		{unreachable, true, L2_ICMP_IGNORED},
		{code_one, true, L2_ICMP_IGNORED},
		{eth_group_source, false, L2_ETH_SOURCE},
		{eth_all_source, false, L2_ETH_SOURCE},
		{eth_zero_source, false, L2_ETH_SOURCE},
		{eth_our_source, false, L2_ETH_SOURCE},
		{eth_all, false, L2_ETH_NOT_US},
		{eth_group, false, L2_ETH_NOT_US},
		{eth_other, false, L2_ETH_NOT_US},
		{type_ipv6, false, L2_ETH_TYPE},
		{type_vlan, false, L2_ETH_TYPE},
	};
	unsigned int i;

	neigh_init(&table);
	for (i = 0; i < RTE_DIM(cases); i++) {
		bool ok = spoiled(cases[i].spoil, cases[i].renew, cases[i].what);

		if (!ok)
			fprintf(stderr, "case %u\n", i);
		CU_ASSERT_TRUE(ok);
	}
}

/* Cut anywhere, in a buffer that ends there for a sanitizer to see. */
static void
echo_cut(void)
{
	struct rte_mbuf *m;
	uint16_t len;
	bool ok;

	neigh_init(&table);
	for (len = 0; len < 42 + 32; len++) {
		m = echo(32, 0);
		rte_pktmbuf_trim(m, m->data_len - len);
		ok = counted(m, len < 14 ? L2_ETH_SHORT : L2_IP_MALFORMED);
		CU_ASSERT_TRUE(ok);
		rte_pktmbuf_free(m);
	}
}

static void
mbuf_shapes(void)
{
	struct rte_mbuf *m = echo(32, 0), *tail = echo(32, 0);

	neigh_init(&table);
	rte_pktmbuf_chain(m, tail);
	CU_ASSERT_TRUE(counted(m, L2_MBUF));
	rte_pktmbuf_free(m);
	m = echo(32, 0);
	rte_mbuf_refcnt_update(m, 1);
	CU_ASSERT_TRUE(counted(m, L2_MBUF));
	rte_mbuf_refcnt_update(m, -1);
	CU_ASSERT_TRUE(counted(m, L2_ICMP_REPLIED));
	rte_pktmbuf_free(m);
}

/* Seeded rubbish behind a good Ethernet header: any verdict, no harm. */
static void
rubbish(void)
{
	uint32_t state = 20260101, i, j;
	struct rte_mbuf *m;
	uint8_t *p;

	neigh_init(&table);
	for (i = 0; i < 200000; i++) {
		m = i % 2 != 0 ? echo(i % 64, 0) : frame(&(struct arp_frame){0}, 0, i % 90);
		p = rte_pktmbuf_mtod(m, uint8_t *);
		for (j = 0; j < 3 && m->data_len > 14; j++) {
			state = state * 1664525 + 1013904223;
			p[12 + (state >> 8) % (m->data_len - 12)] = state >> 24;
		}
		l2_input(&table, &self, m, i * MS);
		rte_pktmbuf_free(m);
	}
	CU_ASSERT_EQUAL(rte_mempool_in_use_count(pool), 0);
}

static void
count_names(void)
{
	unsigned int i;

	for (i = 0; i < L2_NB_COUNTS; i++)
		CU_ASSERT_PTR_NOT_NULL(l2_count_name(i));
	CU_ASSERT_PTR_NULL(l2_count_name(L2_NB_COUNTS));
}

static void
no_mbufs(void)
{
	struct rte_mbuf *all[256];
	unsigned int n = 0;

	while (n < RTE_DIM(all) && (all[n] = rte_pktmbuf_alloc(pool)) != NULL)
		n++;
	CU_ASSERT_PTR_NULL(l2_build_request(pool, &self, ip_addr_v4(PEER_IP)));
	CU_ASSERT_PTR_NULL(arp_build_announce(pool, &self));
	while (n > 0)
		rte_pktmbuf_free(all[--n]);
}

static int
l2_tests(void)
{
	CU_pSuite suite = CU_add_suite("arp and icmp", NULL, NULL);

	return suite != NULL && CU_add_test(suite, "arp request answered", arp_answered) &&
	                       CU_add_test(suite, "arp lengths", arp_lengths) &&
	                       CU_add_test(suite, "arp probe", arp_probe) &&
	                       CU_add_test(suite, "arp fields", arp_fields) &&
	                       CU_add_test(suite, "arp for others", arp_for_others) &&
	                       CU_add_test(suite, "arp replies", arp_replies) &&
	                       CU_add_test(suite, "arp built", arp_built) &&
	                       CU_add_test(suite, "arp conversation", arp_conversation) &&
	                       CU_add_test(suite, "echo answered", echo_answered) &&
	                       CU_add_test(suite, "echo with every sum", echo_every_sum) &&
	                       CU_add_test(suite, "echo of zeros", echo_of_zeros) &&
	                       CU_add_test(suite, "echo spoiled", echo_spoiled) &&
	                       CU_add_test(suite, "echo cut", echo_cut) &&
	                       CU_add_test(suite, "mbuf shapes", mbuf_shapes) &&
	                       CU_add_test(suite, "rubbish", rubbish) &&
	                       CU_add_test(suite, "count names", count_names) &&
	                       CU_add_test(suite, "no mbufs", no_mbufs)
	               ? 0
	               : -1;
}

static int
eal_up(void)
{
	char name[] = "l2", huge[] = "--no-huge", pci[] = "--no-pci", conf[] = "--no-shconf",
	     tel[] = "--no-telemetry", log[] = "--log-level=*:warning", m[] = "-m", size[] = "64";
	char *argv[] = {name, huge, pci, conf, tel, log, m, size};

	return rte_eal_init(RTE_DIM(argv), argv);
}

int
main(void)
{
	unsigned int failures;

	if (eal_up() < 0)
		return 1;
	pool = rte_pktmbuf_pool_create("l2", 255, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	if (pool == NULL || CU_initialize_registry() != CUE_SUCCESS || neigh_tests() != 0 ||
		nd_tests(pool) != 0 || l2_tests() != 0)
		return 1;
	CU_basic_set_mode(CU_BRM_NORMAL);
	CU_basic_run_tests();
	failures = CU_get_number_of_failures();
	CU_cleanup_registry();
	rte_mempool_free(pool);
	rte_eal_cleanup();
	return failures != 0;
}
