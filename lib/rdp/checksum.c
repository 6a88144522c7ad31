/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <rte_mbuf.h>

#include "rdp/checksum.h"

/* From the IP addresses to the end of the frame header lie 46 bytes, summed in one go: five words
 * and what is new in a sixth that overlaps the fifth. */
static inline uint16_t
datagram_sum(const struct wire_ipv4_hdrs *h)
{
	const uint8_t *p = (const uint8_t *)&h->ip.src_addr;
	uint32_t len = rte_be_to_cpu_16(h->udp.dgram_len);
	unsigned __int128 sum = RTE_BE16(IPPROTO_UDP) + h->udp.dgram_len;
	uint64_t word[6];

	static_assert(sizeof(*h) - offsetof(struct wire_ipv4_hdrs, ip.src_addr) == 46, "six words");
	memcpy(word, p, 40);
	memcpy(&word[5], p + 38, sizeof(word[5]));
	for (int i = 0; i < 5; i++)
		sum += word[i];
	sum += word[5] >> 16;
	return checksum_add(
		h + 1, len - (uint32_t)(sizeof(h->udp) + sizeof(h->frame)), checksum_fold128(sum));
}

bool
checksum_good(const struct rte_mbuf *m, const struct wire_ipv4_hdrs *h)
{
	uint64_t l4 = m->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK;

	if ((m->ol_flags & RTE_MBUF_F_RX_IP_CKSUM_MASK) == RTE_MBUF_F_RX_IP_CKSUM_BAD ||
		l4 == RTE_MBUF_F_RX_L4_CKSUM_BAD)
		return false;
	/* NONE: a virtio peer left it to an offload that never ran; the data is intact. */
	if (l4 == RTE_MBUF_F_RX_L4_CKSUM_GOOD || l4 == RTE_MBUF_F_RX_L4_CKSUM_NONE)
		return true;
	return h->udp.dgram_cksum != 0 && datagram_sum(h) == 0xffff;
}

/* The two addresses, and all that the length counts, lie in one piece. */
static uint16_t
datagram_sum_v6(const struct wire_ipv6_hdrs *h)
{
	uint32_t len = rte_be_to_cpu_16(h->udp.dgram_len);

	return checksum_add(h->ip.src_addr, (uint32_t)(2 * sizeof(h->ip.src_addr)) + len,
		(uint64_t)RTE_BE16(IPPROTO_UDP) + h->udp.dgram_len);
}

bool
checksum_good_v6(const struct rte_mbuf *m, const struct wire_ipv6_hdrs *h)
{
	uint64_t l4 = m->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK;

	/* NONE: as above. */
	if (l4 == RTE_MBUF_F_RX_L4_CKSUM_GOOD || l4 == RTE_MBUF_F_RX_L4_CKSUM_NONE)
		return true;
	return l4 != RTE_MBUF_F_RX_L4_CKSUM_BAD && h->udp.dgram_cksum != 0 &&
	       datagram_sum_v6(h) == 0xffff;
}
