/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include "rdp/rdp_private.h"

bool
rdp_checksum_good(const struct rte_mbuf *m, const struct wire_ipv4_hdrs *h)
{
	uint64_t l4 = m->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK;

	if ((m->ol_flags & RTE_MBUF_F_RX_IP_CKSUM_MASK) == RTE_MBUF_F_RX_IP_CKSUM_BAD ||
		l4 == RTE_MBUF_F_RX_L4_CKSUM_BAD)
		return false;
	/* NONE: a virtio peer left it to an offload that never ran; the data is intact. */
	if (l4 == RTE_MBUF_F_RX_L4_CKSUM_GOOD || l4 == RTE_MBUF_F_RX_L4_CKSUM_NONE)
		return true;
	/* Over a datagram with its checksum in place the sum is all ones, which is returned in the
	 * form that says "computed" (RFC 768). Zero would mean that the sender had computed none.
	 */
	return h->udp.dgram_cksum != 0 && rte_ipv4_udptcp_cksum(&h->ip, &h->udp) == 0xffff;
}
