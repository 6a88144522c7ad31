/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <rte_mbuf.h>

#include "rdp/checksum.h"

bool
checksum_good(const struct rte_mbuf *m, const struct wire_ipv4_hdrs *h)
{
	uint64_t l4 = m->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK;
	uint32_t len = rte_be_to_cpu_16(h->udp.dgram_len);
	uint32_t pseudo = RTE_BE16(IPPROTO_UDP) + h->udp.dgram_len;

	if ((m->ol_flags & RTE_MBUF_F_RX_IP_CKSUM_MASK) == RTE_MBUF_F_RX_IP_CKSUM_BAD ||
		l4 == RTE_MBUF_F_RX_L4_CKSUM_BAD)
		return false;
	/* NONE: a virtio peer left it to an offload that never ran; the data is intact. */
	if (l4 == RTE_MBUF_F_RX_L4_CKSUM_GOOD || l4 == RTE_MBUF_F_RX_L4_CKSUM_NONE)
		return true;
	pseudo += checksum_add(&h->ip.src_addr, 2 * sizeof(h->ip.src_addr), 0);
	return h->udp.dgram_cksum != 0 && checksum_add(&h->udp, len, pseudo) == 0xffff;
}
