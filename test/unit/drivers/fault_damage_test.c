/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/* Damage, and that whoever gets a damaged frame can find out. */

#include <rte_ip.h>
#include <rte_udp.h>

#include "fault/damage.h"
#include "fault_tests.h"

#define PAYLOAD 41 /* odd, so that the sum has a tail */
#define UDP_LEN (sizeof(struct rte_udp_hdr) + PAYLOAD)

struct ipv4_frame {
	struct rte_ether_hdr eth;
	struct rte_ipv4_hdr ip;
	struct rte_udp_hdr udp;
	uint8_t payload[PAYLOAD];
} __rte_packed __rte_aligned(2);

#define IPV4_LEN (offsetof(struct ipv4_frame, payload) + PAYLOAD)

struct ipv6_frame {
	struct rte_ether_hdr eth;
	struct rte_ipv6_hdr ip;
	struct rte_udp_hdr udp;
	uint8_t payload[PAYLOAD];
} __rte_packed __rte_aligned(2);

static void
udp_fill(struct rte_udp_hdr *udp, uint8_t *payload)
{
	udp->src_port = RTE_BE16(1234);
	udp->dst_port = RTE_BE16(5678);
	udp->dgram_len = RTE_BE16(UDP_LEN);
	for (int i = 0; i < PAYLOAD; i++)
		payload[i] = (uint8_t)(i * 7 + 3);
}

/* With the pseudo-header sum where the checksum belongs, as offloads want it. */
static struct rte_mbuf *
ipv4_make(uint64_t ol_flags)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool);
	struct ipv4_frame *f = (struct ipv4_frame *)rte_pktmbuf_append(m, IPV4_LEN);

	memset(f, 0, IPV4_LEN);
	f->eth.ether_type = RTE_BE16(RTE_ETHER_TYPE_IPV4);
	f->ip.version_ihl = RTE_IPV4_VHL_DEF;
	f->ip.total_length = RTE_BE16(sizeof(f->ip) + UDP_LEN);
	f->ip.time_to_live = 64;
	f->ip.next_proto_id = IPPROTO_UDP;
	f->ip.src_addr = RTE_BE32(0x0a000001);
	f->ip.dst_addr = RTE_BE32(0x0a000002);
	if ((ol_flags & RTE_MBUF_F_TX_IP_CKSUM) == 0)
		f->ip.hdr_checksum = rte_ipv4_cksum(&f->ip);
	udp_fill(&f->udp, f->payload);
	f->udp.dgram_cksum = rte_ipv4_phdr_cksum(&f->ip, 0);
	m->ol_flags = ol_flags;
	m->l2_len = sizeof(f->eth);
	m->l3_len = sizeof(f->ip);
	return m;
}

/* As a receiver verifies: the sum over all of it, the checksum included, is all ones. */
static bool
ipv4_udp_good(const struct rte_mbuf *m)
{
	const struct ipv4_frame *f = rte_pktmbuf_mtod(m, const struct ipv4_frame *);
	uint32_t sum = rte_ipv4_phdr_cksum(&f->ip, 0);

	if (m->data_len < IPV4_LEN || f->udp.dgram_cksum == 0)
		return false;
	sum += rte_raw_cksum(&f->udp, UDP_LEN);
	return (uint16_t)((sum & 0xffff) + (sum >> 16)) == 0xffff;
}

static bool
ipv4_header_good(const struct rte_mbuf *m)
{
	const struct ipv4_frame *f = rte_pktmbuf_mtod(m, const struct ipv4_frame *);

	return rte_raw_cksum(&f->ip, sizeof(f->ip)) == 0xffff;
}

static void
expect_honest(const struct rte_mbuf *m)
{
	CU_ASSERT_EQUAL(m->ol_flags & RTE_MBUF_F_TX_OFFLOAD_MASK, 0);
	CU_ASSERT_EQUAL(m->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK, RTE_MBUF_F_RX_L4_CKSUM_UNKNOWN);
	CU_ASSERT_EQUAL(m->ol_flags & RTE_MBUF_F_RX_IP_CKSUM_MASK, RTE_MBUF_F_RX_IP_CKSUM_UNKNOWN);
	CU_ASSERT_EQUAL(m->packet_type, RTE_PTYPE_UNKNOWN);
	CU_ASSERT_EQUAL(m->tx_offload, 0);
}

static void
completes_on_transmit(void)
{
	struct rte_mbuf *m = damage_own(
		ipv4_make(RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_UDP_CKSUM | RTE_MBUF_F_TX_IP_CKSUM));

	CU_ASSERT_PTR_NOT_NULL_FATAL(m);
	CU_ASSERT_TRUE(ipv4_udp_good(m));
	CU_ASSERT_TRUE(ipv4_header_good(m));
	expect_honest(m);
	rte_pktmbuf_free(m);
}

/* A virtio peer left the sum to others, and this end would have trusted its memory. */
static void
completes_on_receive(void)
{
	struct rte_mbuf *m = damage_own(
		ipv4_make(RTE_MBUF_F_RX_L4_CKSUM_NONE | RTE_MBUF_F_RX_IP_CKSUM_GOOD));

	CU_ASSERT_TRUE(ipv4_udp_good(m));
	CU_ASSERT_TRUE(ipv4_header_good(m));
	expect_honest(m);
	rte_pktmbuf_free(m);
}

/* What was complete, right or wrong, stays as it is. */
static void
leaves_other_sums_alone(void)
{
	static const uint64_t flags[] = {0, RTE_MBUF_F_RX_L4_CKSUM_GOOD,
		RTE_MBUF_F_RX_L4_CKSUM_BAD | RTE_MBUF_F_RX_IP_CKSUM_BAD};

	for (unsigned int i = 0; i < RTE_DIM(flags); i++) {
		struct rte_mbuf *m = ipv4_make(flags[i]), *was = ipv4_make(0);

		m = damage_own(m);
		CU_ASSERT_EQUAL(memcmp(rte_pktmbuf_mtod(m, void *), rte_pktmbuf_mtod(was, void *),
					m->data_len),
			0);
		expect_honest(m);
		rte_pktmbuf_free(m);
		rte_pktmbuf_free(was);
	}
}

static void
completes_ipv6(void)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool);
	struct ipv6_frame *f = (struct ipv6_frame *)rte_pktmbuf_append(m, sizeof(*f));
	uint32_t sum;

	memset(f, 0, sizeof(*f));
	f->eth.ether_type = RTE_BE16(RTE_ETHER_TYPE_IPV6);
	f->ip.vtc_flow = RTE_BE32(0x60000000);
	f->ip.payload_len = RTE_BE16(UDP_LEN);
	f->ip.proto = IPPROTO_UDP;
	f->ip.src_addr[15] = 1;
	f->ip.dst_addr[15] = 2;
	udp_fill(&f->udp, f->payload);
	m->ol_flags = RTE_MBUF_F_TX_IPV6 | RTE_MBUF_F_TX_UDP_CKSUM;
	m = damage_own(m);
	f = rte_pktmbuf_mtod(m, struct ipv6_frame *);
	sum = rte_raw_cksum(&f->udp, UDP_LEN) + rte_ipv6_phdr_cksum(&f->ip, 0);
	CU_ASSERT_EQUAL((uint16_t)((sum & 0xffff) + (sum >> 16)), 0xffff);
	expect_honest(m);
	rte_pktmbuf_free(m);
}

/* Lengths that lie do not lead out of the frame, and short frames are no headers. */
static void
survives_nonsense(void)
{
	struct dice d = {seed};

	for (int i = 0; i < 20000; i++) {
		uint64_t flags = RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_UDP_CKSUM |
		                 RTE_MBUF_F_TX_IP_CKSUM;
		struct rte_mbuf *m = ipv4_make(flags);
		uint8_t *data = rte_pktmbuf_mtod(m, uint8_t *);

		for (int k = 0; k < 4; k++)
			data[12 + dice_below(dice_roll(&d), 34)] = (uint8_t)dice_roll(&d);
		rte_pktmbuf_trim(m, (uint16_t)dice_below(dice_roll(&d), m->data_len));
		m = damage_own(m);
		expect_honest(m);
		rte_pktmbuf_free(m);
	}
	CU_ASSERT_EQUAL(rte_mempool_in_use_count(pool), 0);
}

/* Every single bit behind the Ethernet header, of a frame whose sums nobody had computed yet. */
static void
every_bit_is_found(void)
{
	for (uint32_t bit = 8 * RTE_ETHER_HDR_LEN; bit < 8 * IPV4_LEN; bit++) {
		struct rte_mbuf *m = damage_own(
			ipv4_make(RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_UDP_CKSUM));

		rte_pktmbuf_mtod(m, uint8_t *)[bit / 8] ^= (uint8_t)(1u << bit % 8);
		CU_ASSERT_FALSE_FATAL(ipv4_udp_good(m) && ipv4_header_good(m));
		rte_pktmbuf_free(m);
	}
}

/* A frame that somebody else holds is copied; the other one sees nothing. */
static void
shared_frames_are_copied(void)
{
	struct rte_mbuf *kept = frame_make(pool, 7), *own;

	rte_mbuf_refcnt_update(kept, 1);
	own = damage_own(kept);
	CU_ASSERT_PTR_NOT_EQUAL(own, kept);
	CU_ASSERT_EQUAL(rte_mbuf_refcnt_read(kept), 1);
	damage_flip(own, seed, FAULT_BITS_MAX);
	damage_truncate(own, seed, 1);
	CU_ASSERT_EQUAL(frame_damage(kept, 7), 0);
	CU_ASSERT_EQUAL(kept->pkt_len, FRAME_LEN);
	rte_pktmbuf_free(own);
	own = damage_own(kept);
	CU_ASSERT_PTR_EQUAL(own, kept);
	rte_pktmbuf_free(own);
	CU_ASSERT_EQUAL(rte_mempool_in_use_count(pool), 0);
}

static void
chains_become_one(void)
{
	struct rte_mbuf *m = frame_make(pool, 1), *second = frame_make(pool, 2), *own;

	CU_ASSERT_EQUAL(rte_pktmbuf_chain(m, second), 0);
	own = damage_own(m);
	CU_ASSERT_EQUAL(own->nb_segs, 1);
	CU_ASSERT_EQUAL(own->data_len, 2 * FRAME_LEN);
	CU_ASSERT_EQUAL(rte_mempool_in_use_count(pool), 1);
	rte_pktmbuf_free(own);
}

/* Without buffers the frame stays what it was. */
static void
no_buffer(void)
{
	struct rte_mempool *small = rte_pktmbuf_pool_create(
		"small", 1, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE, -1);
	struct rte_mbuf *only = rte_pktmbuf_alloc(small);

	CU_ASSERT_PTR_NOT_NULL_FATAL(only);
	CU_ASSERT_PTR_NULL(rte_pktmbuf_alloc(small));
	rte_pktmbuf_append(only, 60);
	rte_mbuf_refcnt_update(only, 1);
	CU_ASSERT_PTR_NULL(damage_own(only));
	CU_ASSERT_EQUAL(rte_mbuf_refcnt_read(only), 2);
	CU_ASSERT_PTR_NULL(damage_copy(only));
	rte_pktmbuf_free(only);
	rte_pktmbuf_free(only);
	rte_mempool_free(small);
}

static void
flips_as_many(void)
{
	uint64_t bits[4] = {0}, place[FRAME_LEN / 10] = {0}, n = 0;
	struct dice d = {seed};

	for (int i = 0; i < 20000; i++) {
		struct rte_mbuf *m = frame_make(pool, 9), *good = frame_make(pool, 9);
		unsigned int flipped;

		damage_flip(m, dice_roll(&d), 3);
		flipped = frame_damage(m, 9);
		CU_ASSERT_FATAL(flipped >= 1 && flipped <= 3);
		bits[flipped]++;
		for (int k = 0; k < FRAME_LEN; k++) {
			int differ = __builtin_popcount(rte_pktmbuf_mtod(m, uint8_t *)[k] ^
							rte_pktmbuf_mtod(good, uint8_t *)[k]);

			place[k / 10] += (uint64_t)differ;
			n += (uint64_t)differ;
		}
		rte_pktmbuf_free(m);
		rte_pktmbuf_free(good);
	}
	for (int k = 1; k <= 3; k++)
		CU_ASSERT_SHARE(bits[k], 20000, 100.0 / 3);
	for (int k = 0; k < FRAME_LEN / 10; k++)
		CU_ASSERT_SHARE(place[k], n, 10);
}

/* More bits than the frame has: all of them, once each. */
static void
flips_small_frames(void)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool);
	uint8_t *data = (uint8_t *)rte_pktmbuf_append(m, 2);
	bool all = false;

	for (uint64_t i = 0; i < 1000; i++) {
		data[0] = data[1] = 0;
		damage_flip(m, i, 32);
		CU_ASSERT(data[0] != 0 || data[1] != 0);
		all |= data[0] == 0xff && data[1] == 0xff;
	}
	CU_ASSERT_TRUE(all);
	rte_pktmbuf_trim(m, 2);
	damage_flip(m, 1, 8);
	damage_truncate(m, 1, 1);
	CU_ASSERT_EQUAL(m->data_len, 0);
	rte_pktmbuf_free(m);
}

static void
truncates(void)
{
	uint64_t tenth[10] = {0}, n = 0;
	struct dice d = {seed};

	for (int i = 0; i < 20000; i++) {
		struct rte_mbuf *m = frame_make(pool, 9);

		damage_truncate(m, dice_roll(&d), 20);
		CU_ASSERT_FATAL(m->data_len >= 20 && m->data_len < FRAME_LEN);
		CU_ASSERT_EQUAL(m->pkt_len, m->data_len);
		tenth[(m->data_len - 20) / 8]++;
		n++;
		rte_pktmbuf_free(m);
	}
	for (int k = 0; k < 10; k++)
		CU_ASSERT_SHARE(tenth[k], n, 10);
}

CU_TestInfo damage_tests[] = {
	{"completes sums to be transmitted", completes_on_transmit},
	{"completes sums that came open", completes_on_receive},
	{"leaves other sums alone", leaves_other_sums_alone},
	{"completes sums of IPv6", completes_ipv6},
	{"survives nonsense", survives_nonsense},
	{"every bit is found", every_bit_is_found},
	{"shared frames are copied", shared_frames_are_copied},
	{"chains become one", chains_become_one},
	{"no buffer", no_buffer},
	{"flips as many as asked, anywhere", flips_as_many},
	{"flips small frames", flips_small_frames},
	{"truncates", truncates},
	CU_TEST_INFO_NULL,
};
