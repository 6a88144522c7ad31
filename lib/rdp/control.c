/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <string.h>

#include "rdp/rdp_private.h"

/* Over the frame before its last four bytes; in front of the UDP checksum, which counts it. */
static void
put_crc(struct rte_mbuf *m, uint8_t hdr_len)
{
	uint32_t at = hdr_len - (uint32_t)sizeof(struct wire_frame);

	rdp_crc_put(rte_pktmbuf_mtod_offset(m, struct wire_frame *, at),
		m->data_len - at - WIRE_CRC_LEN);
}

/* A control frame is complete when it is queued: checksums in software, no session behind it. The
 * last @p hdr_len bytes of @p hdrs are its headers; zeros follow the body up to @p padded bytes, of
 * which a CRC takes the last. Returns whether there was a buffer and room. */
static bool
control_queue(struct rdp_ep *ep, const union rdp_hdrs *hdrs, uint8_t hdr_len, bool v4,
	const void *body, uint32_t len, uint32_t padded)
{
	struct rte_mbuf *m = rdp_txq_taken(ep) < RDP_TXQ ? rdp_mbuf_get(ep) : NULL;
	bool crc = hdrs->v4.frame.flags & WIRE_F_CRC;
	uint32_t total = RTE_MAX(len + (crc ? WIRE_CRC_LEN : 0), padded);

	if (m == NULL)
		return false;
	m->data_off = (uint16_t)(m->data_off + RDP_RECORDS_AT - hdr_len);
	m->data_len = (uint16_t)(hdr_len + total);
	m->pkt_len = m->data_len;
	memcpy(rte_pktmbuf_mtod(m, uint8_t *), &hdrs->byte[sizeof(*hdrs) - hdr_len], hdr_len);
	if (len > 0)
		memcpy(rte_pktmbuf_mtod_offset(m, uint8_t *, hdr_len), body, len);
	memset(rte_pktmbuf_mtod_offset(m, uint8_t *, hdr_len + len), 0, total - len);
	if (crc)
		put_crc(m, hdr_len);
	rdp_hdrs_finish(m, v4);
	rdp_vlan_offload(ep, m);
	rdp_txq_put(ep, m, NULL, false);
	return true;
}

/* One who put a CRC there gets one. One who did not may not know of it, but does not mind; where
 * there is no body, it would make the answer longer than the question. */
static uint8_t
reply_flags(const struct rdp_ep *ep, const struct wire_frame *answered, uint32_t len)
{
	return (answered->flags & WIRE_F_CRC) || (ep->conf.crc && len > 0) ? WIRE_F_CRC : 0;
}

void
rdp_send_reply(struct rdp_ep *ep, const struct rdp_from *to, const struct wire_frame *answered,
	uint8_t type, uint16_t session, rte_be32_t src_inc, const void *body, uint32_t len,
	uint32_t padded)
{
	union rdp_hdrs h;
	uint8_t hdr_len = rdp_hdrs_fill(ep, &h, &to->mac, to->ip, to->port);

	h.v4.frame.version_type = (uint8_t)(WIRE_VERSION << 4 | type);
	h.v4.frame.flags = reply_flags(ep, answered, len);
	h.v4.frame.session = rte_cpu_to_be_16(session);
	h.v4.frame.dst_inc = answered->src_inc;
	h.v4.frame.src_inc = src_inc;
	h.v4.frame.ts = rte_cpu_to_be_32(ep->now_ts);
	control_queue(ep, &h, hdr_len, ip_addr_is_v4(to->ip), body, len, padded);
}

bool
rdp_send_control(struct rdp_session *s, uint8_t type, const void *body, uint32_t len)
{
	return rdp_send_padded(s, type, body, len, 0);
}

bool
rdp_send_padded(struct rdp_session *s, uint8_t type, const void *body, uint32_t len, uint16_t mtu)
{
	union rdp_hdrs h = s->hdrs;

	h.v4.frame.version_type = (uint8_t)(WIRE_VERSION << 4 | type);
	h.v4.frame.flags = s->ep->conf.crc || s->control_crc ? WIRE_F_CRC : 0;
	h.v4.frame.ts = rte_cpu_to_be_32(s->ep->now_ts);
	return control_queue(s->ep, &h, s->hdr_len, ip_addr_is_v4(s->peer_ip), body, len,
		rdp_body_max(s->peer_ip, mtu));
}
