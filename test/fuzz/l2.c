/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/*
 * What a host answers beside the protocol: ARP, neighbour discovery and echo requests, for IPv4,
 * IPv6 or both; and the table of neighbours, which strangers fill. Frames are right ones with the
 * input's changes, or all the input's.
 *
 * What must hold: an answer goes back to where the question came from, is complete and has right
 * checksums; the table knows nobody who cannot be a neighbour, and asks no more often than it may.
 */

#include <errno.h>

#include <rte_arp.h>
#include <rte_icmp.h>
#include <rte_ip.h>

#include "fuzz.h"
#include "rdp/icmp6.h"
#include "rdp/l2.h"
#include "rdp/neigh.h"
#include "rdp/strict_pool.h"

#define FRAME_MIN      60
#define FRAME_ROOM     2048
#define OPS_MAX        256
#define IP(a, b, c, d) RTE_BE32(RTE_IPV4(a, b, c, d))

struct arp_frame {
	struct rte_ether_hdr eth;
	struct rte_arp_hdr arp;
} __attribute__((packed, aligned(2)));

struct echo_frame {
	struct rte_ether_hdr eth;
	struct rte_ipv4_hdr ip;
	struct rte_icmp_hdr icmp;
} __attribute__((packed, aligned(2)));

static const struct rte_ether_addr peer_mac = {{0x02, 0, 0, 0, 0, 2}};
static struct l2_addr self;
static struct neigh_table table;
static struct rte_mempool *pool;
static uint64_t now_ns;

/* Addresses on the link, off it, and such that nobody has. */
static rte_be32_t
address(struct input *in)
{
	uint8_t kind = in_u8(in);

	switch (kind % 4) {
	case 0:
		return self.ip;
	case 1:
		return rte_cpu_to_be_32(RTE_IPV4(10, 0, 0, 0) + in_u8(in));
	case 2:
		return self.gateway;
	default:
		return in_u32(in);
	}
}

static struct ip_addr
ip6(uint8_t site, uint8_t host)
{
	return (struct ip_addr){.byte = {0xfd, 0, site, [15] = host}};
}

static struct ip_addr
address6(struct input *in)
{
	uint8_t kind = in_u8(in);
	struct ip_addr ip = {0};

	switch (kind % 8) {
	case 0:
		return self.ip6;
	case 1:
		return icmp6_solicited_node(self.ip6);
	case 2:
		return icmp6_all_nodes;
	case 3:
		return self.gateway6;
	case 4:
		return ip;
	case 5:
		in_bytes(in, ip.byte, sizeof(ip.byte));
		return ip;
	default:
		return ip6(kind & 8 ? 0 : in_u8(in), in_u8(in));
	}
}

/* IPv4 or IPv6, of which self may have one or both. */
static struct ip_addr
either_address(struct input *in)
{
	return in_u8(in) & 1 ? address6(in) : ip_addr_v4(address(in));
}

static uint16_t
put_arp(struct input *in, uint8_t *bytes)
{
	struct arp_frame *f = (struct arp_frame *)bytes;

	*f = (struct arp_frame){
		.eth = {.dst_addr = self.mac,
			.src_addr = peer_mac,
			.ether_type = RTE_BE16(RTE_ETHER_TYPE_ARP)},
		.arp = {.arp_hardware = RTE_BE16(RTE_ARP_HRD_ETHER),
			.arp_protocol = RTE_BE16(RTE_ETHER_TYPE_IPV4),
			.arp_hlen = 6,
			.arp_plen = 4,
			.arp_opcode = in_u8(in) & 1 ? RTE_BE16(RTE_ARP_OP_REPLY)
	                                            : RTE_BE16(RTE_ARP_OP_REQUEST),
			.arp_data = {.arp_sha = peer_mac,
				.arp_sip = address(in),
				.arp_tip = address(in)}},
	};
	if (in_u8(in) & 1)
		memset(&f->eth.dst_addr, 0xff, sizeof(f->eth.dst_addr));
	return sizeof(*f);
}

static uint16_t
put_echo(struct input *in, uint8_t *bytes)
{
	struct echo_frame *f = (struct echo_frame *)bytes;
	uint16_t data = in_u8(in), len = (uint16_t)(sizeof(f->ip) + sizeof(f->icmp) + data);

	*f = (struct echo_frame){
		.eth = {.dst_addr = self.mac,
			.src_addr = peer_mac,
			.ether_type = RTE_BE16(RTE_ETHER_TYPE_IPV4)},
		.ip = {.version_ihl = 0x45,
			.total_length = rte_cpu_to_be_16(len),
			.time_to_live = in_u8(in),
			.next_proto_id = IPPROTO_ICMP,
			.src_addr = address(in),
			.dst_addr = self.ip},
		.icmp = {.icmp_type = RTE_IP_ICMP_ECHO_REQUEST},
	};
	in_bytes(in, f + 1, data);
	return (uint16_t)(sizeof(f->eth) + len);
}

/* A question, or something like it; flags, address and options behind the header. */
static uint16_t
put_icmp6(struct input *in, uint8_t *bytes)
{
	static const uint8_t types[] = {ICMP6_SOLICIT, ICMP6_ADVERTISE, ICMP6_ECHO_REQUEST};
	struct icmp6_frame *f = (struct icmp6_frame *)bytes;
	uint8_t type = in_u8(in);
	uint16_t more = in_u8(in), len = (uint16_t)(4 + 20 + more);
	struct ip_addr from = address6(in), to = address6(in), about = address6(in);

	*f = (struct icmp6_frame){
		.eth = {.dst_addr = self.mac,
			.src_addr = peer_mac,
			.ether_type = RTE_BE16(RTE_ETHER_TYPE_IPV6)},
		.ip = {.vtc_flow = RTE_BE32(6u << 28),
			.payload_len = rte_cpu_to_be_16(len),
			.proto = IPPROTO_ICMPV6,
			.hop_limits = type & 0x40 ? in_u8(in) : UINT8_MAX},
		.type = type < 0xf0 ? types[type % RTE_DIM(types)] : type,
	};
	memcpy(f->ip.src_addr, from.byte, sizeof(from.byte));
	memcpy(f->ip.dst_addr, to.byte, sizeof(to.byte));
	if (to.byte[0] == 0xff && !(type & 0x20))
		f->eth.dst_addr = icmp6_group_mac(to);
	f->body[0] = in_u8(in);
	memcpy(f->body + 4, about.byte, sizeof(about.byte));
	/* The option that most have. */
	f->body[20] = f->type == ICMP6_SOLICIT ? 1 : 2;
	f->body[21] = 1;
	memcpy(f->body + 22, &peer_mac, sizeof(peer_mac));
	if (type & 0x10)
		in_bytes(in, f->body + 20, more);
	return (uint16_t)(offsetof(struct icmp6_frame, type) + len);
}

static void
scramble(struct input *in, uint8_t *bytes, uint16_t len)
{
	for (unsigned int n = in_below(in, 4); n > 0; n--)
		bytes[in_u16(in) % len] ^= in_u8(in);
}

static void
change6(struct input *in, uint8_t *bytes, uint16_t len, bool repair)
{
	struct icmp6_frame *f = (struct icmp6_frame *)bytes;

	scramble(in, bytes, len);
	if (repair && f->ip.proto == IPPROTO_ICMPV6 &&
		rte_be_to_cpu_16(f->ip.payload_len) <= FRAME_ROOM - sizeof(*f))
		icmp6_sum(f);
}

/* Changed before the checksums are made, if that is wanted, so that they are right. */
static void
change(struct input *in, uint8_t *bytes, uint16_t len, bool repair)
{
	struct echo_frame *f = (struct echo_frame *)bytes;

	scramble(in, bytes, len);
	if (!repair)
		return;
	f->ip.hdr_checksum = 0;
	f->ip.hdr_checksum = rte_ipv4_cksum(&f->ip);
	f->icmp.icmp_cksum = 0;
	f->icmp.icmp_cksum = (uint16_t)~rte_raw_cksum(
		&f->icmp, len - sizeof(f->eth) - sizeof(f->ip));
}

static void
check_arp_answer(const struct rte_mbuf *m, const struct arp_frame *asked)
{
	const struct arp_frame *f = rte_pktmbuf_mtod(m, const struct arp_frame *);

	CHECK(asked->arp.arp_opcode == RTE_BE16(RTE_ARP_OP_REQUEST));
	CHECK(asked->arp.arp_data.arp_tip == self.ip);
	CHECK(f->arp.arp_opcode == RTE_BE16(RTE_ARP_OP_REPLY));
	CHECK(rte_is_same_ether_addr(&f->eth.dst_addr, &asked->arp.arp_data.arp_sha));
	CHECK(rte_is_same_ether_addr(&f->arp.arp_data.arp_sha, &self.mac));
	CHECK(f->arp.arp_data.arp_sip == self.ip);
	CHECK(f->arp.arp_data.arp_tip == asked->arp.arp_data.arp_sip);
}

static void
check_echo_answer(const struct rte_mbuf *m, const struct echo_frame *asked, uint16_t asked_len)
{
	const struct echo_frame *f = rte_pktmbuf_mtod(m, const struct echo_frame *);
	uint16_t ip_len = rte_be_to_cpu_16(f->ip.total_length);
	uint16_t icmp_len = (uint16_t)(ip_len - sizeof(f->ip));

	CHECK(asked->ip.dst_addr == self.ip && asked->icmp.icmp_type == RTE_IP_ICMP_ECHO_REQUEST);
	CHECK(ip_len + sizeof(f->eth) <= asked_len && f->ip.total_length == asked->ip.total_length);
	CHECK(f->ip.src_addr == self.ip && f->ip.dst_addr == asked->ip.src_addr);
	CHECK(rte_is_same_ether_addr(&f->eth.dst_addr, &asked->eth.src_addr));
	CHECK(rte_raw_cksum(&f->ip, sizeof(f->ip)) == 0xffff);
	CHECK(rte_raw_cksum(&f->icmp, icmp_len) == 0xffff);
	CHECK(f->icmp.icmp_type == RTE_IP_ICMP_ECHO_REPLY);
	/* Identifier, sequence number and data come back. */
	CHECK(memcmp(&f->icmp.icmp_ident, &asked->icmp.icmp_ident, icmp_len - 4u) == 0);
}

static void
check_advertisement(const struct icmp6_frame *f, const struct icmp6_frame *asked)
{
	CHECK(asked->type == ICMP6_SOLICIT && asked->ip.hop_limits == UINT8_MAX);
	CHECK(ip_addr_equal(ip_addr_v6(asked->body + 4), self.ip6));
	CHECK(ip_addr_equal(ip_addr_v6(f->body + 4), self.ip6));
	CHECK(f->ip.hop_limits == UINT8_MAX && (f->body[0] & 0x20) != 0);
	CHECK(f->body[20] == 2 && f->body[21] == 1 &&
		memcmp(f->body + 22, &self.mac, sizeof(self.mac)) == 0);
}

static void
check_answer6(const struct rte_mbuf *m, const struct icmp6_frame *asked)
{
	struct icmp6_frame *f = rte_pktmbuf_mtod(m, struct icmp6_frame *);
	uint16_t len = rte_be_to_cpu_16(f->ip.payload_len), sum = f->sum;
	bool probe = ip_addr_is_none(ip_addr_v6(asked->ip.src_addr));
	struct ip_addr to = probe ? icmp6_all_nodes : ip_addr_v6(asked->ip.src_addr);
	struct rte_ether_addr mac = probe ? icmp6_group_mac(to) : asked->eth.src_addr;

	CHECK(m->data_len == offsetof(struct icmp6_frame, type) + len);
	CHECK(ip_addr_equal(ip_addr_v6(f->ip.src_addr), self.ip6));
	CHECK(ip_addr_equal(ip_addr_v6(f->ip.dst_addr), to));
	CHECK(rte_is_same_ether_addr(&f->eth.dst_addr, &mac));
	icmp6_sum(f);
	CHECK(f->sum == sum);
	if (f->type == ICMP6_ADVERTISE) {
		check_advertisement(f, asked);
		return;
	}
	CHECK(f->type == ICMP6_ECHO_REPLY && asked->type == ICMP6_ECHO_REQUEST && !probe);
	CHECK(f->ip.payload_len == asked->ip.payload_len);
	CHECK(memcmp(f->body, asked->body, len - 4u) == 0);
}

static void
check_answer(const struct rte_mbuf *m, const uint8_t *asked, uint16_t len)
{
	const struct rte_ether_hdr *eth = rte_pktmbuf_mtod(m, const struct rte_ether_hdr *);

	CHECK(m->data_len == m->pkt_len && m->nb_segs == 1);
	CHECK((m->ol_flags & ~(RTE_MBUF_F_EXTERNAL | RTE_MBUF_F_INDIRECT)) == 0);
	CHECK(rte_is_same_ether_addr(&eth->src_addr, &self.mac));
	if (eth->ether_type == RTE_BE16(RTE_ETHER_TYPE_IPV6)) {
		check_answer6(m, (const struct icmp6_frame *)asked);
		return;
	}
	CHECK(m->data_len <= len && m->data_len >= RTE_MIN(len, FRAME_MIN));
	if (eth->ether_type == RTE_BE16(RTE_ETHER_TYPE_ARP))
		check_arp_answer(m, (const struct arp_frame *)asked);
	else
		check_echo_answer(m, (const struct echo_frame *)asked, len);
}

static uint64_t
counted(void)
{
	uint64_t sum = 0;

	for (unsigned int i = 0; i < L2_NB_COUNTS; i++)
		sum += neigh_count(&table, (enum l2_count)i);
	return sum;
}

static void
give_frame(const uint8_t *bytes, uint16_t len)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool);
	uint64_t before = counted();
	enum l2_verdict verdict;

	CHECK(m != NULL);
	memcpy(rte_pktmbuf_append(m, len), bytes, len);
	/* A solicitation may come without the option that an advertisement has. */
	strict_pool_seal(m, ICMP6_ND_FRAME);
	m->ol_flags |= RTE_MBUF_F_RX_RSS_HASH | RTE_MBUF_F_RX_IP_CKSUM_GOOD;
	verdict = l2_input(&table, &self, m, now_ns);
	CHECK(counted() == before + 1);
	if (verdict == L2_REPLY)
		check_answer(m, bytes, len);
	else
		CHECK(verdict == L2_DROP);
	rte_pktmbuf_free(m);
}

static void
send_frame(struct input *in)
{
	uint8_t bytes[FRAME_ROOM] __rte_aligned(8) = {0};
	uint8_t kind = in_u8(in);
	uint16_t len;

	switch (kind % 5) {
	case 0:
		len = put_arp(in, bytes);
		change(in, bytes, len, false);
		break;
	case 1:
		len = put_echo(in, bytes);
		change(in, bytes, len, !(kind & 0x80));
		break;
	case 2:
	case 3:
		len = put_icmp6(in, bytes);
		change6(in, bytes, len, !(kind & 0x80));
		break;
	default:
		len = in_u8(in);
		in_bytes(in, bytes, len);
		break;
	}
	/* Padding, or a frame that ends too soon. */
	if (kind & 0x40)
		len = (uint16_t)RTE_MIN(len + in_u8(in), FRAME_ROOM);
	if (kind & 0x20)
		len = in_u8(in) % (len + 1);
	give_frame(bytes, len);
}

static bool
on_link(struct ip_addr ip)
{
	return ip_addr_equal(neigh_next_hop(&self, ip), ip);
}

static void
look_up(struct input *in)
{
	struct ip_addr ip = either_address(in), hop = neigh_next_hop(&self, ip);
	struct rte_ether_addr mac;
	int ret = neigh_resolve(&table, &self, ip, now_ns, &mac);

	CHECK(ret == 0 || ret == -EAGAIN || ret == -EHOSTUNREACH || ret == -ENETUNREACH);
	CHECK((ret == -ENETUNREACH) == ip_addr_is_none(hop));
	if (ret == 0)
		CHECK(rte_is_valid_assigned_ether_addr(&mac) && on_link(hop));
}

/* Never two requests for one host at the same time. */
static void
want(struct input *in)
{
	struct ip_addr ip = either_address(in);
	bool first = neigh_want_request(&table, &self, ip, now_ns);
	struct rte_mbuf *m;

	CHECK(!first || !ip_addr_is_none(neigh_next_hop(&self, ip)));
	CHECK(!first || !neigh_want_request(&table, &self, ip, now_ns));
	m = l2_build_request(pool, &self, ip);
	CHECK((m != NULL) == !ip_addr_is_none(neigh_next_hop(&self, ip)));
	rte_pktmbuf_free(m);
}

static void
run_one(struct input *in)
{
	switch (in_below(in, 6)) {
	case 0:
	case 1:
	case 2:
		send_frame(in);
		break;
	case 3:
		now_ns += UINT64_C(1) << in_below(in, 40);
		break;
	case 4:
		look_up(in);
		break;
	default:
		want(in);
		break;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, data + size};
	uint8_t prefix = in_u8(&in) % 33, families = in_u8(&in);

	self = (struct l2_addr){
		.mac = {{0x02, 0, 0, 0, 0, 1}},
		.ip = IP(10, 0, 0, 1),
		.netmask = prefix == 0 ? 0 : rte_cpu_to_be_32(UINT32_MAX << (32 - prefix)),
		.gateway = families & 1 ? IP(10, 0, 0, 254) : 0,
		.prefix6_len = (uint8_t)(families & 2 ? 0 : 4 * prefix),
	};
	if (families & 4)
		self.ip6 = ip6(0, 1);
	if (families & 8)
		self.gateway6 = ip6(0, 254);
	if ((families & 0x14) == 0x14)
		self.ip = 0;
	pool = strict_pool_create("l2", 16, RTE_MBUF_DEFAULT_BUF_SIZE);
	CHECK(pool != NULL);
	now_ns = NEIGH_EXPIRE_NS;
	neigh_init(&table);
	for (unsigned int n = 0; in_left(&in) > 0 && n < OPS_MAX; n++)
		run_one(&in);
	CHECK(strict_pool_free(pool) == 0);
	CHECK(strict_pool_mistakes() == 0);
	return 0;
}
