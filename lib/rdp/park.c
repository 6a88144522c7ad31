/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include "rdp/rdp_private.h"

/*
 * Frames that were accepted, with requests in them that found no room for their responses, or that
 * the handler puts off. They are offered again when frames of the session arrive, and at the end of
 * each poll: a handler that refuses a record is asked about it once more for each of these, and
 * about none before it.
 */

void
rdp_park(struct rdp_session *s, struct rte_mbuf *m, uint16_t offset, uint16_t len)
{
	m->next = NULL;
	m->data_off = (uint16_t)(m->data_off + offset);
	m->data_len = len;
	m->pkt_len = len;
	if (s->park_head == NULL)
		s->park_head = m;
	else
		s->park_tail->next = m;
	s->park_tail = m;
	s->parked++;
	s->ep->stats.rx_parked++;
	rdp_list_add(s, RDP_LIST_PARKED);
}

static void
park_again(struct rdp_session *s, struct rte_mbuf *m, uint16_t done)
{
	rte_pktmbuf_adj(m, done);
	m->next = s->park_head;
	if (s->park_head == NULL)
		s->park_tail = m;
	s->park_head = m;
	s->parked++;
}

/* Offer the records of the oldest frame. Returns whether to go on with the next. The handler may
 * close the session, so the frame is not the session's meanwhile. */
static bool
unpark_first(struct rdp_session *s)
{
	struct rdp_ep *ep = s->ep;
	struct rte_mbuf *m = s->park_head;
	int32_t done;

	s->park_head = m->next;
	s->parked--;
	m->next = NULL;
	done = ep->handler->records(
		ep->handler_ctx, s, rte_pktmbuf_mtod(m, const uint8_t *), m->data_len);
	if (done != 0)
		ep->handler->batch_end(ep->handler_ctx);
	if (done < 0)
		rdp_session_fail(s, done);
	if (done < m->data_len && s->state == RDP_OPEN) {
		park_again(s, m, (uint16_t)done);
		return false;
	}
	rte_pktmbuf_free(m);
	return s->state == RDP_OPEN;
}

bool
rdp_unpark(struct rdp_session *s)
{
	while (s->park_head != NULL && unpark_first(s))
		;
	return s->state == RDP_OPEN;
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
		if (s->state != RDP_OPEN || !rdp_unpark(s) || s->park_head == NULL)
			rdp_list_del(s, RDP_LIST_PARKED);
	}
	/* What waits is offered in every poll. */
	if (list->n > 0)
		ep->idle_skip = 0;
}
