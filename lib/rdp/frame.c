/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <string.h>

#include <rte_memcpy.h>

#include "rdp/rdp_private.h"

/*
 * A frame goes through three steps: it is opened and filled with records, closed (it gets its
 * place in the ring and in the queue), and in rdp_flush() the one that is sent is made of it, with
 * the newest acknowledgement and the checksums. Records may be written until then.
 */

/* What was acknowledged is not sent again, though it waited for a buffer to be sent with. */
static void
txq_forget(const struct rdp_session *s)
{
	struct rdp_ep *ep = s->ep;
	uint16_t n = ep->txq_ready;

	for (uint16_t i = ep->txq_ready; i < ep->txq_len; i++) {
		const struct rdp_txq_entry *e = &ep->txq[i];

		if (e->s != s || !e->kept || !wire_psn_before(rdp_kept(e->m)->psn, s->tx_una))
			ep->txq[n++] = *e;
	}
	ep->txq_len = n;
}

void
rdp_release(struct rdp_session *s)
{
	if (unlikely(s->ep->txq_ready < s->ep->txq_len))
		txq_forget(s);
	for (; s->tx_released != s->tx_una; s->tx_released++)
		rdp_mbuf_put(s->ep, s->ring[s->tx_released % RDP_RING]);
}

void
rdp_frame_close(struct rdp_session *s)
{
	struct rte_mbuf *m = s->open;
	uint32_t len = (uint32_t)(s->wr - rte_pktmbuf_mtod(m, uint8_t *));

	m->data_len = (uint16_t)len;
	m->pkt_len = len + s->lent_len;
	if (unlikely(s->tx_next - s->tx_released >= RDP_RING))
		rdp_release(s);
	s->ring[s->tx_next % RDP_RING] = m;
	s->tx_next++;
	rdp_frame_forget(s);
	rdp_txq_put(s->ep, m, s, true);
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
	struct rdp_kept *k;
	struct rte_mbuf *m;
	uint8_t *records;

	/* A second one, to be sent, has to be there as well. */
	if (unlikely(ep->nb_mbufs < 2 && !rdp_mbuf_refill(ep, 2)))
		return NULL;
	m = rdp_mbuf_get(ep);
	k = rdp_kept(m);
	k->psn = s->tx_next;
	k->sent_ts = ep->now_ts;
	k->flags = 0;
	records = rte_pktmbuf_mtod_offset(m, uint8_t *, RDP_RECORDS_AT);
	s->open = m;
	s->wr = records + size;
	s->end = s->no_coalesce ? s->wr : records + s->mss;
	s->request_end = for_requests ? s->end : records;
	rdp_list_add(s, RDP_LIST_DIRTY);
	if (unlikely(s->cc_gap > 0))
		rdp_cc_sent(s);
	if (unlikely(s->timer_ns > ep->now_ns + ep->rto_min_ns))
		rdp_loss_watch(s);
	return records;
}

/* Whether a frame that is opened now may hold requests. */
static bool
request_room(const struct rdp_session *s)
{
	return likely(rdp_in_flight(s) < s->request_room) || rdp_cc_paced(s, true);
}

static bool
response_room(const struct rdp_session *s)
{
	return likely(rdp_in_flight(s) < s->tx_room) || rdp_cc_paced(s, false);
}

uint8_t *
rdp_request_open(struct rdp_session *s, uint32_t size)
{
	if (s->open != NULL) {
		/* One for responses alone stays open for them. */
		if (s->request_end < s->end)
			return NULL;
		rdp_frame_close(s);
	}
	if (unlikely(!request_room(s) || !open_allowed(s, size)))
		return NULL;
	return frame_open(s, size, true);
}

uint8_t *
rdp_response_open(struct rdp_session *s, uint32_t size)
{
	if (s->open != NULL)
		rdp_frame_close(s);
	if (unlikely(!response_room(s) || !open_allowed(s, size)))
		return NULL;
	return frame_open(s, size, request_room(s));
}

void
rdp_order(struct rdp_session *s)
{
	rdp_kept(s->open)->flags |= WIRE_F_ORDERED;
}

/* The record at @p to has got room for @p len bytes of data that stay where they are. */
static uint8_t *
lend(struct rdp_session *s, uint8_t *to, uint32_t size, const void *data, uint32_t len)
{
	if (to == NULL)
		return NULL;
	s->wr = to + size;
	s->lent_len = (uint16_t)len;
	s->ep->lent = true;
	rdp_kept(s->open)->lent = data;
	if (s->request_end == s->end)
		s->request_end = s->wr;
	s->end = s->wr;
	return to;
}

uint8_t *
rdp_request_lend(struct rdp_session *s, uint32_t size, const void *data, uint32_t len)
{
	return lend(s, rdp_request(s, size + len), size, data, len);
}

uint8_t *
rdp_response_lend(struct rdp_session *s, uint32_t size, const void *data, uint32_t len)
{
	return lend(s, rdp_response(s, size + len), size, data, len);
}

static void
settle_kept(struct rte_mbuf *m)
{
	uint32_t len = rdp_kept_lent(m);

	rte_memcpy(rte_pktmbuf_mtod_offset(m, uint8_t *, m->data_len), rdp_kept(m)->lent, len);
	m->data_len = (uint16_t)(m->data_len + len);
}

static void
settle_open(struct rdp_session *s)
{
	rte_memcpy(s->wr, rdp_kept(s->open)->lent, s->lent_len);
	s->wr += s->lent_len;
	s->lent_len = 0;
	if (s->request_end == s->end)
		s->request_end = s->wr;
	s->end = s->wr;
}

/* Frames for the port get bytes of their own. One that has no room for them, as a transmit callback
 * may have put it there, is lost: it is repeated with what may be sent then. */
static bool
settle_made(struct rte_mbuf *m)
{
	if (m->nb_segs == 1 || rte_pktmbuf_linearize(m) == 0)
		return true;
	rte_pktmbuf_free(m);
	return false;
}

static void
settle_queue(struct rdp_ep *ep)
{
	uint16_t n = 0, ready = 0;

	for (uint16_t i = 0; i < ep->txq_len; i++) {
		const struct rdp_txq_entry *e = &ep->txq[i];

		if (e->kept && rdp_kept_lent(e->m) > 0)
			settle_kept(e->m);
		else if (!e->kept && !settle_made(e->m))
			continue;
		ready += i < ep->txq_ready;
		if (unlikely(n != i))
			ep->txq[n] = *e;
		n++;
	}
	ep->txq_len = n;
	ep->txq_ready = ready;
}

void
rdp_settle(struct rdp_ep *ep)
{
	const struct rdp_list *dirty = &ep->list[RDP_LIST_DIRTY];

	if (!ep->lent)
		return;
	ep->lent = false;
	for (uint16_t i = 0; i < dirty->n; i++)
		if (dirty->item[i]->lent_len > 0)
			settle_open(dirty->item[i]);
	if (unlikely(ep->txq_len > 0))
		settle_queue(ep);
}
