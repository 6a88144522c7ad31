/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <string.h>

#include "rdp/rdp_private.h"

/* A control frame is complete when it is queued: checksums in software, no session behind it. */
static void
control_queue(struct rdp_ep *ep, struct rte_mbuf *m, struct wire_ipv4_hdrs *h, const void *body,
	uint32_t len)
{
	uint32_t ip_len = sizeof(*h) - sizeof(h->eth) + len;

	if (len > 0)
		memcpy(h + 1, body, len);
	m->data_len = (uint16_t)(sizeof(h->eth) + ip_len);
	m->pkt_len = m->data_len;
	h->frame.ts = rte_cpu_to_be_32(ep->now_ts);
	h->ip.total_length = rte_cpu_to_be_16((uint16_t)ip_len);
	h->udp.dgram_len = rte_cpu_to_be_16((uint16_t)(ip_len - sizeof(h->ip)));
	h->ip.hdr_checksum = 0;
	h->ip.hdr_checksum = rte_ipv4_cksum(&h->ip);
	h->udp.dgram_cksum = 0;
	h->udp.dgram_cksum = rte_ipv4_udptcp_cksum(&h->ip, &h->udp);
	rdp_txq_put(ep, m, NULL, false);
}

static struct rte_mbuf *
control_mbuf(struct rdp_ep *ep)
{
	return rdp_txq_taken(ep) < RDP_TXQ ? rdp_mbuf_get(ep) : NULL;
}

void
rdp_send_reply(struct rdp_ep *ep, const struct wire_ipv4_hdrs *to, uint8_t type, uint16_t session,
	rte_be32_t src_inc, const void *body, uint32_t len)
{
	struct rte_mbuf *m = control_mbuf(ep);
	struct wire_ipv4_hdrs *h;

	if (m == NULL)
		return;
	h = rdp_hdrs(m);
	memcpy(h, to, sizeof(*h));
	rte_ether_addr_copy(&to->eth.src_addr, &h->eth.dst_addr);
	rte_ether_addr_copy(&ep->conf.mac, &h->eth.src_addr);
	h->ip.type_of_service = 0;
	h->ip.packet_id = 0;
	h->ip.fragment_offset = RTE_BE16(RTE_IPV4_HDR_DF_FLAG);
	h->ip.time_to_live = 64;
	h->ip.src_addr = to->ip.dst_addr;
	h->ip.dst_addr = to->ip.src_addr;
	h->udp.src_port = to->udp.dst_port;
	h->udp.dst_port = to->udp.src_port;
	memset(&h->frame, 0, sizeof(h->frame));
	h->frame.version_type = (uint8_t)(WIRE_VERSION << 4 | type);
	h->frame.session = rte_cpu_to_be_16(session);
	h->frame.dst_inc = to->frame.src_inc;
	h->frame.src_inc = src_inc;
	control_queue(ep, m, h, body, len);
}

void
rdp_send_control(struct rdp_session *s, uint8_t type, const void *body, uint32_t len)
{
	struct rte_mbuf *m = control_mbuf(s->ep);
	struct wire_ipv4_hdrs *h;

	if (m == NULL)
		return;
	h = rdp_hdrs(m);
	memcpy(h, &s->hdrs, sizeof(*h));
	h->frame.version_type = (uint8_t)(WIRE_VERSION << 4 | type);
	h->frame.flags = 0;
	control_queue(s->ep, m, h, body, len);
}
