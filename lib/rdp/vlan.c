/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <string.h>

#include "rdp/rdp_private.h"

/*
 * 802.1Q. What is sent has its tag in the template of its headers, or the port puts it in; what is
 * received loses it here, unless the port has taken it out: all others see frames without. A frame
 * that has lost four bytes is put back on the boundary of eight bytes that its records need.
 */

#define VLAN_ID 0x0fff

bool
rdp_vlan_tag(const struct rdp_ep *ep, struct rte_mbuf **m)
{
	if (ep->vlan_tci == 0)
		return true;
	if (ep->conf.tx_vlan_insert) {
		rdp_vlan_offload(ep, *m);
		return true;
	}
	(*m)->vlan_tci = ep->vlan_tci;
	return rte_vlan_insert(m) == 0;
}

/* Whether the frame may be moved in its buffer. */
static bool
movable(const struct rte_mbuf *m)
{
	return m->nb_segs == 1 && RTE_MBUF_DIRECT(m) && rte_mbuf_refcnt_read(m) == 1;
}

/* The driver has taken the tag out, and some do so by moving the begin of the frame. */
static bool
realign(struct rte_mbuf *m)
{
	uint8_t *data = rte_pktmbuf_mtod(m, uint8_t *);
	uint16_t off = (uintptr_t)data % 8;

	if (off == 0)
		return true;
	if (!movable(m) || m->data_off < off)
		return false;
	memmove(data - off, data, m->data_len);
	m->data_off = (uint16_t)(m->data_off - off);
	return true;
}

bool
rdp_vlan_untag(const struct rdp_ep *ep, struct rte_mbuf *m)
{
	const uint32_t addresses = 2 * RTE_ETHER_ADDR_LEN;
	uint8_t *data = rte_pktmbuf_mtod(m, uint8_t *);
	const struct rte_vlan_hdr *tag = (const struct rte_vlan_hdr *)(data + RTE_ETHER_HDR_LEN);
	const struct rte_ether_hdr *eth = (const struct rte_ether_hdr *)data;

	if (m->ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED)
		return (m->vlan_tci & VLAN_ID) == ep->conf.vlan && realign(m);
	if (m->data_len < sizeof(*eth) + sizeof(*tag) || !movable(m) ||
		eth->ether_type != RTE_BE16(RTE_ETHER_TYPE_VLAN) ||
		(rte_be_to_cpu_16(tag->vlan_tci) & VLAN_ID) != ep->conf.vlan)
		return false;
	m->data_len -= WIRE_TAG_LEN;
	m->pkt_len -= WIRE_TAG_LEN;
	memmove(data + addresses, data + addresses + WIRE_TAG_LEN, m->data_len - addresses);
	return true;
}
