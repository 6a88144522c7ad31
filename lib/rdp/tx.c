/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <string.h>

#include <rte_memcpy.h>

#include "rdp/checksum.h"
#include "rdp/rdp_private.h"

/* What goes to the port: frames made of kept ones, acknowledgements, and answers of others. */

/* Whether the UDP checksum is left to the port. */
static inline bool
sum_by_port(const struct rdp_ep *ep, uint32_t len)
{
	return len > CHECKSUM_SOFT_MAX && ep->tx_udp_cksum;
}

/*
 * Small frames are summed here even where the port could do it: telling a virtio port about it,
 * and its looking the frame over to find the place, takes longer. The header's part comes from
 * registers: reading back in words what was just written in bytes would wait for the cache.
 */
static inline uint16_t
frame_sum(const struct rdp_session *s, const struct wire_frame *f, uint16_t len, uint64_t body)
{
	uint64_t sum = (uint64_t)s->udp_sum + s->frame_sum + 2 * (uint64_t)len + f->psn + f->ack +
	               f->ts + f->echo + f->echo_delay;

	/* Version, type and flags make one 16-bit word; the template's are in frame_sum. */
	sum += RTE_BE16((uint16_t)(f->flags ^ s->hdrs.v4.frame.flags));
	if (f->version_type != s->hdrs.v4.frame.version_type)
		sum += RTE_BE16((uint16_t)(WIRE_ACK - WIRE_DATA) << 8);
	return checksum_fold(sum + checksum_fold(body));
}

/* The UDP checksum, or what the port wants to find in its place. */
static inline void
udp_checksum(const struct rdp_ep *ep, const struct rdp_session *s, struct rte_mbuf *m,
	struct rte_udp_hdr *udp, const struct wire_frame *f, uint64_t body)
{
	uint16_t sum;

	if (sum_by_port(ep, m->pkt_len)) {
		udp->dgram_cksum = checksum_fold(s->udp_sum + udp->dgram_len);
		m->l2_len = RTE_ETHER_HDR_LEN;
		m->l3_len = sizeof(struct rte_ipv4_hdr);
		m->ol_flags = RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_UDP_CKSUM;
		return;
	}
	sum = (uint16_t)~frame_sum(s, f, udp->dgram_len, body);
	/* Zero means none (RFC 768). */
	udp->dgram_cksum = sum != 0 ? sum : 0xffff;
}

static void
wide_finish_v4(const struct rdp_ep *ep, const struct rdp_session *s, struct rte_mbuf *m,
	struct wire_ipv4_hdrs *h, uint64_t body)
{
	uint32_t l2_len = s->hdr_len - (uint32_t)(sizeof(*h) - sizeof(h->eth));
	uint32_t len = m->pkt_len - l2_len;

	h->ip.total_length = rte_cpu_to_be_16((uint16_t)len);
	h->ip.hdr_checksum = (uint16_t)~checksum_fold(s->ip_sum + h->ip.total_length);
	h->udp.dgram_len = rte_cpu_to_be_16((uint16_t)(len - sizeof(h->ip)));
	udp_checksum(ep, s, m, &h->udp, &h->frame, body);
	if (m->ol_flags != 0)
		m->l2_len = l2_len;
}

static void
wide_finish_v6(const struct rdp_ep *ep, const struct rdp_session *s, struct rte_mbuf *m,
	struct wire_ipv6_hdrs *h, uint64_t body)
{
	uint32_t l2_len = s->hdr_len - (uint32_t)(sizeof(*h) - sizeof(h->eth));

	h->ip.payload_len = rte_cpu_to_be_16((uint16_t)(m->pkt_len - l2_len - sizeof(h->ip)));
	h->udp.dgram_len = h->ip.payload_len;
	udp_checksum(ep, s, m, &h->udp, &h->frame, body);
	if (m->ol_flags != 0) {
		m->l2_len = l2_len;
		m->l3_len = sizeof(h->ip);
		m->ol_flags = RTE_MBUF_F_TX_IPV6 | RTE_MBUF_F_TX_UDP_CKSUM;
	}
}

/* Headers that are longer: those in front of the frame, down into the headroom. */
static __rte_noinline void
wide_finish(const struct rdp_ep *ep, const struct rdp_session *s, struct rte_mbuf *m, uint64_t body)
{
	uint8_t *records = rte_pktmbuf_mtod_offset(m, uint8_t *, RDP_RECORDS_AT);
	uint32_t before = s->hdr_len - (uint32_t)sizeof(struct wire_frame);

	m->data_off = (uint16_t)(m->data_off + RDP_RECORDS_AT - s->hdr_len);
	memcpy(rte_pktmbuf_mtod(m, uint8_t *), &s->hdrs.byte[sizeof(s->hdrs) - s->hdr_len], before);
	if (ip_addr_is_v4(s->peer_ip))
		wide_finish_v4(ep, s, m, (struct wire_ipv4_hdrs *)records - 1, body);
	else
		wide_finish_v6(ep, s, m, (struct wire_ipv6_hdrs *)records - 1, body);
	if (ep->vlan_tci != 0)
		rdp_vlan_offload(ep, m);
}

static inline void
frame_checksums(const struct rdp_ep *ep, const struct rdp_session *s, struct rte_mbuf *m,
	struct wire_ipv4_hdrs *h, uint64_t body)
{
	uint32_t len = m->pkt_len - (uint32_t)sizeof(h->eth) - (uint32_t)sizeof(h->ip);
	uint16_t ip_len = rte_cpu_to_be_16((uint16_t)(len + sizeof(h->ip)));

	if (unlikely(s->wide)) {
		wide_finish(ep, s, m, body);
		return;
	}
	h->ip.total_length = ip_len;
	h->ip.hdr_checksum = (uint16_t)~checksum_fold(s->ip_sum + ip_len);
	h->udp.dgram_len = rte_cpu_to_be_16((uint16_t)len);
	udp_checksum(ep, s, m, &h->udp, &h->frame, body);
}

/* Into the room that the frame has for it at its end. @return its part of the sum. */
static uint32_t
frame_crc(const struct rdp_session *s, const struct rte_mbuf *m, struct wire_frame *f)
{
	return rdp_crc_put(f, m->pkt_len - s->hdr_len + (uint32_t)sizeof(*f) - WIRE_CRC_LEN);
}

/* Put in what is known last: acknowledgement, times, checksums. @p body is the sum of what stands
 * behind the headers, but for a CRC; any number where the port makes it. */
static inline void
frame_finish(struct rdp_ep *ep, struct rdp_session *s, struct rte_mbuf *m, uint64_t body)
{
	struct wire_ipv4_hdrs *h = rdp_hdrs(m);
	uint64_t delay = (ep->now_ns - s->rx_ns) >> WIRE_TS_SHIFT;
	uint8_t pressure = likely(s->parked < RDP_PARK_FULL) ? ep->pressure : WIRE_PRESSURE_FULL;

	s->told_pressure = pressure;
	h->frame.flags |= (uint8_t)(pressure << WIRE_PRESSURE_SHIFT);
	h->frame.ack = rte_cpu_to_be_32(s->rx_next);
	h->frame.ts = rte_cpu_to_be_32(ep->now_ts);
	h->frame.echo = rte_cpu_to_be_32(s->rx_ts);
	h->frame.echo_delay = rte_cpu_to_be_16((uint16_t)RTE_MIN(delay, UINT16_MAX));
	if (unlikely(s->crc))
		body = (uint64_t)checksum_fold(body) + frame_crc(s, m, &h->frame);
	frame_checksums(ep, s, m, h, body);
	s->ack_owed = 0;
}

/* Bodies too long to be summed on the way, and lent data: attached where the port copies anyway. */
static uint64_t
body_long(struct rdp_ep *ep, const struct rdp_session *s, struct rte_mbuf *m, struct rte_mbuf *kept)
{
	uint8_t *to = (uint8_t *)(rdp_hdrs(m) + 1);
	uint32_t len = kept->data_len - (uint32_t)RDP_RECORDS_AT;
	uint32_t lent = rdp_kept_lent(kept);
	bool by_port = sum_by_port(ep, m->pkt_len);
	struct rte_mbuf *tail = NULL;

	/* The peer's core had this buffer last: ask for all its lines at once, not store by store.
	 */
	for (uint32_t at = 0; at < len + lent; at += RTE_CACHE_LINE_SIZE)
		__builtin_prefetch(to + at, 1);
	rte_memcpy(to, rdp_hdrs(kept) + 1, len);
	if (lent > 0 && ep->tx_gather && by_port && !s->crc)
		tail = rdp_mbuf_attach(ep, rdp_kept(kept)->lent, lent);
	if (tail != NULL) {
		m->next = tail;
		m->nb_segs = 2;
		m->data_len = (uint16_t)(m->pkt_len - lent);
	} else if (lent > 0) {
		rte_memcpy(to + len, rdp_kept(kept)->lent, lent);
	}
	return by_port ? 0 : checksum_add(to, len + lent, 0);
}

/* The frame to be sent, of a kept one; NULL: no buffer. */
static inline struct rte_mbuf *
frame_make(struct rdp_ep *ep, struct rdp_session *s, struct rte_mbuf *kept)
{
	struct rte_mbuf *m = rdp_mbuf_get(ep);
	struct rdp_kept *k = rdp_kept(kept);
	struct wire_ipv4_hdrs *h;
	uint64_t body;

	if (unlikely(m == NULL))
		return NULL;
	h = rdp_hdrs(m);
	memcpy(h, &s->hdrs.v4, sizeof(*h));
	h->frame.psn = rte_cpu_to_be_32(k->psn);
	h->frame.flags |= k->flags;
	m->pkt_len = kept->pkt_len + s->tx_extra;
	m->data_len = (uint16_t)m->pkt_len;
	k->sent_ts = ep->now_ts;
	if (likely(kept->pkt_len <= CHECKSUM_SOFT_MAX && rdp_kept_lent(kept) == 0))
		body = checksum_copy(
			h + 1, rdp_hdrs(kept) + 1, kept->data_len - (uint32_t)sizeof(*h));
	else
		body = body_long(ep, s, m, kept);
	frame_finish(ep, s, m, body);
	return m;
}

static bool
send_ack(struct rdp_session *s)
{
	struct rdp_ep *ep = s->ep;
	struct rte_mbuf *m;
	struct wire_ipv4_hdrs *h;
	uint32_t len = 0;

	if (rdp_txq_taken(ep) >= RDP_TXQ || (m = rdp_mbuf_get(ep)) == NULL)
		return false;
	h = rdp_hdrs(m);
	memcpy(h, &s->hdrs.v4, sizeof(*h));
	h->frame.version_type = WIRE_VERSION << 4 | WIRE_ACK;
	h->frame.psn = rte_cpu_to_be_32(s->tx_next);
	if (s->rx_gaps > 0) {
		h->frame.flags |= WIRE_F_SACK;
		rdp_sack_build(s, (struct wire_sack *)(h + 1));
		len = sizeof(struct wire_sack);
	}
	m->pkt_len = (uint32_t)sizeof(*h) + len + s->tx_extra;
	m->data_len = (uint16_t)m->pkt_len;
	frame_finish(ep, s, m, checksum_add(h + 1, len, 0));
	s->ack_now = false;
	ep->stats.tx_ack++;
	rdp_txq_put(ep, m, s, false);
	return true;
}

bool
rdp_queued(const struct rdp_session *s, uint32_t psn)
{
	const struct rdp_ep *ep = s->ep;

	for (uint16_t i = 0; i < ep->txq_len; i++) {
		const struct rdp_txq_entry *e = &ep->txq[i];

		if (e->s != s)
			continue;
		if (e->kept ? rdp_kept(e->m)->psn == psn
			    : wire_type(rdp_made_frame(s, e->m)) == WIRE_DATA &&
					rdp_made_frame(s, e->m)->psn == rte_cpu_to_be_32(psn))
			return true;
	}
	return false;
}

/* Lent data were let go of after the first sending: ask for what takes their place. */
static void
recall(struct rdp_session *s, struct rte_mbuf *kept)
{
	struct rdp_ep *ep = s->ep;
	int32_t len = ep->handler->recall(ep->handler_ctx, s, rdp_kept(kept)->psn,
		rte_pktmbuf_mtod_offset(kept, uint8_t *, kept->data_len));

	kept->data_len = (uint16_t)(kept->data_len + len);
	kept->pkt_len = kept->data_len;
}

bool
rdp_retransmit(struct rdp_session *s, uint32_t psn)
{
	struct rdp_ep *ep = s->ep;
	struct rte_mbuf *kept = s->ring[psn % RDP_RING];

	if (rdp_txq_taken(ep) >= RDP_TXQ || rdp_queued(s, psn))
		return false;
	if (rdp_kept_lent(kept) > 0)
		recall(s, kept);
	rdp_kept(kept)->flags |= WIRE_F_RETRANSMIT;
	ep->stats.tx_retransmit++;
	rdp_txq_put(ep, kept, s, true);
	return true;
}

/* Acknowledge where no frame was going the same way. */
static void
flush_acks(struct rdp_ep *ep)
{
	struct rdp_list *list = &ep->list[RDP_LIST_ACK];

	for (uint16_t i = list->n; i-- > 0;) {
		struct rdp_session *s = list->item[i];
		bool due = s->ack_now || s->ack_owed >= s->window / 16 ||
		           ep->now_ns - s->ack_ns >= ep->ack_delay_ns;

		if ((s->ack_owed > 0 || s->ack_now) && (!due || !send_ack(s)))
			continue;
		rdp_list_del_at(ep, RDP_LIST_ACK, i);
	}
}

/* Make what is to be sent next, up to entry @p end of the queue; less without buffers. */
static inline void
flush_make(struct rdp_ep *ep, uint16_t end)
{
	for (; ep->txq_ready < end; ep->txq_ready++) {
		struct rdp_txq_entry *e = &ep->txq[ep->txq_ready];
		struct rte_mbuf *m = e->m;

		if (likely(e->kept))
			m = frame_make(ep, e->s, m);
		if (unlikely(m == NULL))
			return;
		e->m = m;
		e->kept = false;
	}
}

/* Send @p n frames of the queue from entry @p first on. @return how many the port took. */
static uint16_t
flush_burst(struct rdp_ep *ep, uint16_t first, uint16_t n)
{
	struct rte_mbuf *burst[RDP_TX_BURST];
	uint16_t sent;

	for (uint16_t i = 0; i < n; i++)
		burst[i] = ep->txq[first + i].m;
	sent = ep->io.tx_burst(ep->io.ctx, burst, n);
	if (unlikely(sent < n)) {
		/* A transmit callback of the port may have put others in their place. */
		for (uint16_t i = sent; i < n; i++)
			ep->txq[first + i].m = burst[i];
		ep->stats.tx_full++;
	}
	return sent;
}

/* The kept frame that one for the port was made of, if it is still in flight. */
static struct rdp_kept *
made_of(const struct rdp_txq_entry *e)
{
	const struct wire_frame *f;
	uint32_t psn;

	if (e->s == NULL)
		return NULL;
	f = rdp_made_frame(e->s, e->m);
	psn = rte_be_to_cpu_32(f->psn);
	if (wire_type(f) != WIRE_DATA || psn - e->s->tx_una >= rdp_in_flight(e->s))
		return NULL;
	return rdp_kept(e->s->ring[psn % RDP_RING]);
}

/* The same with frames that were there in a flush before this one, and leave only now. */
static uint16_t
flush_late(struct rdp_ep *ep, uint16_t first, uint16_t n)
{
	struct rdp_kept *kept[RDP_TX_BURST] = {NULL};
	uint16_t sent;

	for (uint16_t i = 0; i < n; i++)
		kept[i] = made_of(&ep->txq[first + i]);
	sent = flush_burst(ep, first, n);
	for (uint16_t i = 0; i < sent; i++) {
		if (kept[i] == NULL)
			continue;
		kept[i]->sent_ts = ep->now_ts;
		rdp_loss_watch(ep->txq[first + i].s);
	}
	ep->txq_late -= RTE_MIN(sent, ep->txq_late);
	return sent;
}

/* In bursts, so that the peer is at work on the first while the next is made. What finds no buffer
 * or no room in the port's ring waits for the next flush. */
static void
flush_txq(struct rdp_ep *ep)
{
	uint16_t done = 0, n, sent;

	do {
		flush_make(ep, (uint16_t)RTE_MIN(done + RDP_TX_BURST, ep->txq_len));
		n = (uint16_t)RTE_MIN(ep->txq_ready - done, RDP_TX_BURST);
		if (unlikely(n == 0))
			sent = 0;
		else if (unlikely(ep->txq_late > 0))
			sent = flush_late(ep, done, n);
		else
			sent = flush_burst(ep, done, n);
		done += sent;
	} while (sent == RDP_TX_BURST);
	ep->stats.tx_frames += done;
	if (unlikely(done > 0 && done < ep->txq_len))
		memmove(ep->txq, ep->txq + done, (ep->txq_len - done) * sizeof(ep->txq[0]));
	ep->txq_len -= done;
	ep->txq_ready -= done;
}

/* Frames are left in the queue: since when nothing has left it is what timers want to know. */
static void
flush_rest(struct rdp_ep *ep)
{
	if (ep->stats.tx_frames == ep->tx_seen)
		return;
	ep->tx_seen = ep->stats.tx_frames;
	ep->tx_moved_ns = ep->now_ns;
}

/* Give up what nobody needs any more: frames read, and frames acknowledged. */
static void
flush_release(struct rdp_ep *ep)
{
	struct rdp_list *list = &ep->list[RDP_LIST_RELEASE];

	while (ep->nb_held > 0)
		rdp_mbuf_put(ep, ep->held[--ep->nb_held]);
	while (list->n > 0) {
		rdp_release(list->item[list->n - 1]);
		rdp_list_del_at(ep, RDP_LIST_RELEASE, list->n - 1);
	}
}

void
rdp_flush_turn(struct rdp_ep *ep)
{
	struct rdp_list *dirty = &ep->list[RDP_LIST_DIRTY];

	for (uint16_t i = 0; i < dirty->n; i++) {
		struct rdp_session *s = dirty->item[i];

		s->in_lists &= (uint8_t) ~(1u << RDP_LIST_DIRTY);
		if (s->open != NULL)
			rdp_frame_close(s);
	}
	dirty->n = 0;
	if (!ep->clock_fresh && (ep->txq_len > 0 || ep->list[RDP_LIST_ACK].n > 0))
		rdp_clock_read(ep);
	if (ep->txq_len > 0)
		flush_txq(ep);
	if (unlikely(ep->txq_ready < ep->txq_len)) {
		/* No buffer: there will be once those are given up that nobody needs. */
		flush_release(ep);
		flush_txq(ep);
	}
	if (ep->list[RDP_LIST_ACK].n > 0) {
		flush_acks(ep);
		if (ep->txq_len > 0)
			flush_txq(ep);
	}
	ep->txq_late = ep->txq_len;
	if (unlikely(ep->txq_len > 0)) {
		flush_rest(ep);
		rdp_settle(ep);
	}
	flush_release(ep);
}

void
rdp_flush(struct rdp_ep *ep)
{
	/* The last poll may be long ago, and what leaves now must not look old. */
	ep->clock_fresh = false;
	rdp_flush_turn(ep);
}
