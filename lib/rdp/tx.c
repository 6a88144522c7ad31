/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <string.h>

#include "rdp/checksum.h"
#include "rdp/rdp_private.h"

/*
 * A frame goes through three steps: it is opened and filled with records, closed (it gets its
 * place in the ring and in the queue), and finished in rdp_flush(), where the newest
 * acknowledgement and the checksums are put in. Records may be written until then.
 */

bool
rdp_mbuf_refill(struct rdp_ep *ep)
{
	struct rte_mempool *pool = ep->conf.pool;

	for (unsigned int n = RDP_MBUF_CACHE / 2; n > 0; n /= 4) {
		if (rte_mempool_get_bulk(pool, (void **)ep->mbufs, n) == 0) {
			ep->nb_mbufs = (uint16_t)n;
			return true;
		}
	}
	ep->stats.no_mbuf++;
	return false;
}

void
rdp_mbuf_spill(struct rdp_ep *ep)
{
	unsigned int n = RDP_MBUF_CACHE / 2;

	/* The lower half: it has lain there longest. */
	rte_mempool_put_bulk(ep->conf.pool, (void **)ep->mbufs, n);
	memmove(ep->mbufs, ep->mbufs + n, (RDP_MBUF_CACHE - n) * sizeof(ep->mbufs[0]));
	ep->nb_mbufs = (uint16_t)(RDP_MBUF_CACHE - n);
}

void
rdp_txq_put(struct rdp_ep *ep, struct rte_mbuf *m, struct rdp_session *s)
{
	ep->txq[ep->txq_len].m = m;
	ep->txq[ep->txq_len].s = s;
	ep->txq_len++;
}

void
rdp_release(struct rdp_session *s)
{
	for (; s->tx_released != s->tx_una; s->tx_released++)
		rdp_mbuf_put(s->ep, s->ring[s->tx_released % RDP_RING]);
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

static void
frame_close(struct rdp_session *s)
{
	struct rte_mbuf *m = s->open;
	uint32_t len = (uint32_t)(s->wr - rte_pktmbuf_mtod(m, uint8_t *));

	if (s->crc)
		len += WIRE_CRC_LEN;
	m->data_len = (uint16_t)len;
	m->pkt_len = len;
	/* One reference for the port, one for the ring until the frame is acknowledged. */
	rte_mbuf_refcnt_set(m, 2);
	if (unlikely(s->tx_next - s->tx_released >= RDP_RING))
		rdp_release(s);
	s->ring[s->tx_next % RDP_RING] = m;
	s->tx_next++;
	rdp_frame_forget(s);
	rdp_txq_put(s->ep, m, s);
}

static bool
open_allowed(const struct rdp_session *s, uint32_t size)
{
	/* Some places are kept for acknowledgements and handshakes. */
	return rdp_txq_taken(s->ep) < RDP_TXQ - RDP_TX_BURST && size <= s->mss &&
	       s->state == RDP_OPEN;
}

static uint8_t *
frame_open(struct rdp_session *s, uint32_t size, bool for_requests)
{
	struct rdp_ep *ep = s->ep;
	struct wire_ipv4_hdrs *h;
	struct rte_mbuf *m = rdp_mbuf_get(ep);
	uint8_t *records;

	if (unlikely(m == NULL))
		return NULL;
	h = rdp_hdrs(m);
	memcpy(h, &s->hdrs, sizeof(*h));
	h->frame.psn = rte_cpu_to_be_32(s->tx_next);
	h->frame.ts = rte_cpu_to_be_32(ep->now_ts);
	records = (uint8_t *)(h + 1);
	s->open = m;
	s->wr = records + size;
	s->end = s->no_coalesce ? s->wr : records + s->mss;
	s->request_end = for_requests ? s->end : records;
	rdp_list_add(s, RDP_LIST_DIRTY);
	if (unlikely(s->timer_ns > ep->now_ns + ep->rto_min_ns) && rdp_in_flight(s) == 0)
		rdp_timer_arm(s, ep->now_ns + rdp_rto_ns(s));
	return records;
}

/* Whether a frame that is opened now may hold requests. */
static bool
request_room(const struct rdp_session *s)
{
	return rdp_in_flight(s) < s->request_room && s->peer_pressure < WIRE_PRESSURE_FULL;
}

uint8_t *
rdp_request_open(struct rdp_session *s, uint32_t size)
{
	if (s->open != NULL) {
		/* One for responses alone stays open for them. */
		if (s->request_end < s->end)
			return NULL;
		frame_close(s);
	}
	if (unlikely(!request_room(s) || !open_allowed(s, size)))
		return NULL;
	return frame_open(s, size, true);
}

uint8_t *
rdp_response_open(struct rdp_session *s, uint32_t size)
{
	if (s->open != NULL)
		frame_close(s);
	if (unlikely(rdp_in_flight(s) >= s->tx_room || !open_allowed(s, size)))
		return NULL;
	return frame_open(s, size, request_room(s));
}

/*
 * Small frames are summed here even where the port could do it: telling a virtio port about it,
 * and its looking the frame over to find the place, takes longer. The header's part comes from
 * registers: reading back in words what was just written in bytes would wait for the cache.
 */
static inline uint16_t
frame_sum(const struct rdp_session *s, const struct rte_mbuf *m, const struct wire_ipv4_hdrs *h,
	uint16_t len)
{
	uint64_t sum = (uint64_t)s->udp_sum + s->frame_sum + 2 * (uint64_t)len + h->frame.psn +
	               h->frame.ack + h->frame.ts + h->frame.echo + h->frame.echo_delay;

	/* Version, type and flags make one 16-bit word; the template's are in frame_sum. */
	sum += RTE_BE16((uint16_t)(h->frame.flags ^ s->hdrs.frame.flags));
	if (h->frame.version_type != s->hdrs.frame.version_type)
		sum += RTE_BE16((uint16_t)(WIRE_ACK - WIRE_DATA) << 8);
	return checksum_add(h + 1, m->pkt_len - (uint32_t)sizeof(*h), sum);
}

static inline void
frame_checksums(const struct rdp_ep *ep, const struct rdp_session *s, struct rte_mbuf *m,
	struct wire_ipv4_hdrs *h)
{
	uint32_t len = m->pkt_len - (uint32_t)sizeof(h->eth) - (uint32_t)sizeof(h->ip);
	uint16_t udp_len = rte_cpu_to_be_16((uint16_t)len);
	uint16_t ip_len = rte_cpu_to_be_16((uint16_t)(len + sizeof(h->ip)));
	uint16_t sum;

	h->ip.total_length = ip_len;
	h->ip.hdr_checksum = (uint16_t)~checksum_fold(s->ip_sum + ip_len);
	h->udp.dgram_len = udp_len;
	if (m->pkt_len > CHECKSUM_SOFT_MAX && ep->tx_udp_cksum) {
		h->udp.dgram_cksum = checksum_fold(s->udp_sum + udp_len);
		m->l2_len = sizeof(h->eth);
		m->l3_len = sizeof(h->ip);
		m->ol_flags = RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_UDP_CKSUM;
		return;
	}
	sum = (uint16_t)~frame_sum(s, m, h, udp_len);
	/* Zero means none (RFC 768). */
	h->udp.dgram_cksum = sum != 0 ? sum : 0xffff;
	m->ol_flags = 0;
}

static void
frame_crc(struct rte_mbuf *m, struct wire_ipv4_hdrs *h)
{
	uint32_t len = m->pkt_len - offsetof(struct wire_ipv4_hdrs, frame) - WIRE_CRC_LEN;
	rte_be32_t crc = rte_cpu_to_be_32(wire_crc32c(&h->frame, len));

	memcpy((uint8_t *)&h->frame + len, &crc, sizeof(crc));
}

/* Put in what is known last: acknowledgement, times, checksums. */
static inline void
frame_finish(struct rdp_ep *ep, struct rdp_session *s, struct rte_mbuf *m)
{
	struct wire_ipv4_hdrs *h = rdp_hdrs(m);
	uint64_t delay = (ep->now_ns - s->rx_ns) >> WIRE_TS_SHIFT;
	uint8_t pressure = likely(s->parked < RDP_PARK_FULL) ? ep->pressure : WIRE_PRESSURE_FULL;

	h->frame.flags |= (uint8_t)(pressure << WIRE_PRESSURE_SHIFT);
	h->frame.ack = rte_cpu_to_be_32(s->rx_next);
	h->frame.ts = rte_cpu_to_be_32(ep->now_ts);
	h->frame.echo = rte_cpu_to_be_32(s->rx_ts);
	h->frame.echo_delay = rte_cpu_to_be_16((uint16_t)RTE_MIN(delay, UINT16_MAX));
	if (unlikely(s->crc))
		frame_crc(m, h);
	frame_checksums(ep, s, m, h);
	s->ack_owed = 0;
}

bool
rdp_send_ack(struct rdp_session *s)
{
	struct rdp_ep *ep = s->ep;
	struct rte_mbuf *m;
	struct wire_ipv4_hdrs *h;
	uint32_t len = sizeof(*h);

	if (rdp_txq_taken(ep) >= RDP_TXQ || (m = rdp_mbuf_get(ep)) == NULL)
		return false;
	h = rdp_hdrs(m);
	memcpy(h, &s->hdrs, sizeof(*h));
	h->frame.version_type = WIRE_VERSION << 4 | WIRE_ACK;
	h->frame.psn = rte_cpu_to_be_32(s->tx_next);
	if (s->rx_gaps > 0) {
		h->frame.flags |= WIRE_F_SACK;
		rdp_sack_build(s, (struct wire_sack *)(h + 1));
		len += sizeof(struct wire_sack);
	}
	len += s->crc ? WIRE_CRC_LEN : 0;
	m->data_len = (uint16_t)len;
	m->pkt_len = len;
	s->ack_now = false;
	ep->stats.tx_ack++;
	rdp_txq_put(ep, m, s);
	return true;
}

static bool
in_txq(const struct rdp_ep *ep, const struct rte_mbuf *m)
{
	for (uint16_t i = 0; i < ep->txq_len; i++)
		if (ep->txq[i].m == m)
			return true;
	return false;
}

void
rdp_retransmit(struct rdp_session *s, uint32_t psn)
{
	struct rdp_ep *ep = s->ep;
	struct rte_mbuf *m = s->ring[psn % RDP_RING];

	if (rdp_txq_taken(ep) >= RDP_TXQ)
		return;
	if (rte_mbuf_refcnt_read(m) == 1) {
		rte_mbuf_refcnt_set(m, 2);
	} else if (in_txq(ep, m)) {
		return;
	} else {
		/* The port has not let go of the first copy: it must not change under it. */
		struct rte_mbuf *copy = rte_pktmbuf_copy(m, ep->conf.pool, 0, UINT32_MAX);

		if (copy == NULL) {
			ep->stats.no_mbuf++;
			return;
		}
		rte_mbuf_refcnt_set(copy, 2);
		s->ring[psn % RDP_RING] = copy;
		rte_pktmbuf_free(m);
		m = copy;
	}
	rdp_hdrs(m)->frame.flags = (s->crc ? WIRE_F_CRC : 0) | WIRE_F_RETRANSMIT;
	ep->stats.tx_retransmit++;
	rdp_txq_put(ep, m, s);
}

/* Acknowledge where no frame was going the same way. */
static void
flush_acks(struct rdp_ep *ep)
{
	struct rdp_list *list = &ep->list[RDP_LIST_ACK];

	for (uint16_t i = list->n; i-- > 0;) {
		struct rdp_session *s = list->item[i];
		bool due = s->ack_now || s->ack_owed >= s->request_room / 8 ||
		           ep->now_ns - s->ack_ns >= ep->ack_delay_ns;

		if ((s->ack_owed > 0 || s->ack_now) && (!due || !rdp_send_ack(s)))
			continue;
		rdp_list_del_at(ep, RDP_LIST_ACK, i);
	}
}

static void
flush_finish(struct rdp_ep *ep)
{
	for (; ep->txq_ready < ep->txq_len; ep->txq_ready++) {
		struct rdp_txq_entry *e = &ep->txq[ep->txq_ready];

		if (e->s != NULL)
			frame_finish(ep, e->s, e->m);
	}
}

static void
flush_burst(struct rdp_ep *ep)
{
	struct rte_mbuf *burst[RDP_TX_BURST];
	uint16_t done = 0;

	while (done < ep->txq_len) {
		uint16_t n = RTE_MIN(ep->txq_len - done, RDP_TX_BURST), sent;

		for (uint16_t i = 0; i < n; i++)
			burst[i] = ep->txq[done + i].m;
		sent = ep->io.tx_burst(ep->io.ctx, burst, n);
		done += sent;
		if (sent < n) {
			/* A transmit callback of the port may have put others in their place. */
			for (uint16_t i = sent; i < n; i++)
				ep->txq[done - sent + i].m = burst[i];
			ep->stats.tx_full++;
			break;
		}
	}
	ep->stats.tx_frames += done;
	if (done < ep->txq_len)
		memmove(ep->txq, ep->txq + done, (ep->txq_len - done) * sizeof(ep->txq[0]));
	ep->txq_len -= done;
	ep->txq_ready = ep->txq_len;
}

void
rdp_flush_turn(struct rdp_ep *ep)
{
	struct rdp_list *dirty = &ep->list[RDP_LIST_DIRTY];

	for (uint16_t i = 0; i < dirty->n; i++) {
		struct rdp_session *s = dirty->item[i];

		s->in_lists &= (uint8_t) ~(1u << RDP_LIST_DIRTY);
		if (s->open != NULL)
			frame_close(s);
	}
	dirty->n = 0;
	if (!ep->clock_fresh && (ep->txq_ready < ep->txq_len || ep->list[RDP_LIST_ACK].n > 0))
		rdp_clock_read(ep);
	flush_finish(ep);
	if (ep->list[RDP_LIST_ACK].n > 0) {
		flush_acks(ep);
		flush_finish(ep);
	}
	if (ep->txq_len > 0)
		flush_burst(ep);
	flush_release(ep);
}

void
rdp_flush(struct rdp_ep *ep)
{
	/* The last poll may be long ago, and what leaves now must not look old. */
	ep->clock_fresh = false;
	rdp_flush_turn(ep);
}
