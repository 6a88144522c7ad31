/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include "rdp/rdp_private.h"

/*
 * Frames that were accepted, but whose records have not all been handed over.
 *
 * In the park are those whose requests found no room for their responses, or that the handler puts
 * off. They are offered again when frames of the session arrive, and at the end of each poll: a
 * handler that refuses a record is asked about it once more for each of these, and about none
 * before it.
 *
 * In a list of their own are those that must not overtake others: until all frames before them have
 * arrived and left the park.
 */

static void
count(struct rdp_session *s, int n)
{
	s->parked = (uint16_t)(s->parked + n);
	s->ep->parked = (uint32_t)((int)s->ep->parked + n);
}

static void
keep(struct rdp_session *s, struct rte_mbuf *m, uint32_t psn, uint16_t offset, uint16_t len)
{
	m->next = NULL;
	m->data_off = (uint16_t)(m->data_off + offset);
	m->data_len = len;
	m->pkt_len = len;
	m->hash.usr = psn;
	count(s, 1);
	s->ep->stats.rx_parked++;
	rdp_list_add(s, RDP_LIST_PARKED);
}

static void
park(struct rdp_session *s, struct rte_mbuf *m)
{
	if (s->park_head == NULL)
		s->park_head = m;
	else
		s->park_tail->next = m;
	s->park_tail = m;
}

void
rdp_park(struct rdp_session *s, struct rte_mbuf *m, uint32_t psn, uint16_t offset, uint16_t len)
{
	keep(s, m, psn, offset, len);
	park(s, m);
}

/* By number; most come in order. */
static void
wait_in_order(struct rdp_session *s, struct rte_mbuf *m)
{
	struct rte_mbuf **at = &s->ordered;

	while (*at != NULL && wire_psn_before((*at)->hash.usr, m->hash.usr))
		at = &(*at)->next;
	m->next = *at;
	*at = m;
}

/* Whether all frames before this one have arrived, and none of them waits. */
static bool
in_turn(const struct rdp_session *s, uint32_t psn)
{
	if (!wire_psn_before(psn, s->rx_next) ||
		(s->ordered != NULL && wire_psn_before(s->ordered->hash.usr, psn)))
		return false;
	for (const struct rte_mbuf *m = s->park_head; m != NULL; m = m->next)
		if (wire_psn_before(m->hash.usr, psn))
			return false;
	return true;
}

/* Offer what is left of a frame, which is in no list: the handler may close the session. Returns
 * whether it was consumed; otherwise it is still the caller's if the session is still open. */
static bool
offer(struct rdp_session *s, struct rte_mbuf *m)
{
	struct rdp_ep *ep = s->ep;
	int32_t done = ep->handler->records(
		ep->handler_ctx, s, rte_pktmbuf_mtod(m, const uint8_t *), m->data_len);

	if (done != 0)
		ep->handler->batch_end(ep->handler_ctx);
	if (done < 0)
		rdp_session_fail(s, done);
	if (done < m->data_len && s->state == RDP_OPEN) {
		rte_pktmbuf_adj(m, (uint16_t)done);
		return false;
	}
	rte_pktmbuf_free(m);
	return true;
}

/* Until one has to wait again. */
static void
unpark(struct rdp_session *s)
{
	while (s->state == RDP_OPEN && s->park_head != NULL) {
		struct rte_mbuf *m = s->park_head;

		s->park_head = m->next;
		m->next = NULL;
		count(s, -1);
		if (offer(s, m))
			continue;
		m->next = s->park_head;
		if (s->park_head == NULL)
			s->park_tail = m;
		s->park_head = m;
		count(s, 1);
		return;
	}
}

static void
run_ordered(struct rdp_session *s)
{
	while (s->state == RDP_OPEN && s->ordered != NULL && in_turn(s, s->ordered->hash.usr)) {
		struct rte_mbuf *m = s->ordered;

		s->ordered = m->next;
		m->next = NULL;
		count(s, -1);
		if (offer(s, m))
			continue;
		count(s, 1);
		park(s, m);
	}
}

bool
rdp_deliver_waiting(struct rdp_session *s, struct rte_mbuf *m, const struct wire_frame *f,
	uint16_t offset, uint16_t len)
{
	struct rdp_ep *ep = s->ep;
	uint32_t psn = rte_be_to_cpu_32(f->psn);
	bool mine = false;
	int32_t done;

	/* Those in the park come first, but do not keep this one from being offered: it may hold
	 * responses. Those that wait for others come behind it: it may be what they wait for. */
	unpark(s);
	if (s->state != RDP_OPEN)
		return true;
	if ((f->flags & WIRE_F_ORDERED) && !in_turn(s, psn)) {
		keep(s, m, psn, offset, len);
		wait_in_order(s, m);
		return false;
	}
	done = ep->handler->records(
		ep->handler_ctx, s, rte_pktmbuf_mtod_offset(m, const uint8_t *, offset), len);
	if (done < 0)
		rdp_session_fail(s, done);
	if (done < len && s->state == RDP_OPEN) {
		rdp_park(s, m, psn, (uint16_t)(offset + done), (uint16_t)(len - done));
		mine = true;
	}
	run_ordered(s);
	return !mine;
}

void
rdp_park_run(struct rdp_ep *ep)
{
	struct rdp_list *list = &ep->list[RDP_LIST_PARKED];

	for (uint16_t i = list->n; i-- > 0;) {
		struct rdp_session *s;

		if (i >= list->n) /* the handler has closed others */
			continue;
		s = list->item[i];
		unpark(s);
		run_ordered(s);
		if (s->state != RDP_OPEN || s->parked == 0)
			rdp_list_del(s, RDP_LIST_PARKED);
	}
	/* What waits is offered in every poll. */
	if (list->n > 0)
		ep->idle_skip = 0;
}

static void
free_list(struct rte_mbuf **list)
{
	while (*list != NULL) {
		struct rte_mbuf *m = *list;

		*list = m->next;
		m->next = NULL;
		rte_pktmbuf_free(m);
	}
}

void
rdp_park_clear(struct rdp_session *s)
{
	free_list(&s->park_head);
	free_list(&s->ordered);
	count(s, -s->parked);
}
