/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <errno.h>
#include <stdio.h>
#include <sys/random.h>

#include <rte_errno.h>
#include <rte_malloc.h>

#include "rdp/handover.h"
#include "rdp/rdp_private.h"

static int
rings_create(struct handover *h, int socket_id)
{
	char name[RTE_RING_NAMESIZE];

	if (getrandom(h->cookie_key, sizeof(h->cookie_key), 0) != sizeof(h->cookie_key))
		return -EIO;
	for (uint16_t i = 0; i < h->nb; i++) {
		snprintf(name, sizeof(name), "ho%u_%p", i, (void *)h);
		h->ring[i] = rte_ring_create(name, HANDOVER_RING, socket_id, RING_F_SC_DEQ);
		if (h->ring[i] == NULL)
			return -rte_errno;
	}
	return 0;
}

struct handover *
handover_create(uint16_t nb, uint16_t stride, int socket_id)
{
	struct handover *h;
	int ret = -EINVAL;

	if (nb > 0 && nb <= HANDOVER_MAX && (uint32_t)nb * stride <= WIRE_SESSION_NONE) {
		h = rte_zmalloc_socket("handover", sizeof(*h), RTE_CACHE_LINE_SIZE, socket_id);
		ret = -ENOMEM;
		if (h != NULL) {
			h->nb = nb;
			h->stride = stride;
			ret = rings_create(h, socket_id);
			if (ret == 0)
				return h;
			handover_free(h);
		}
	}
	rte_errno = -ret;
	return NULL;
}

void
handover_free(struct handover *h)
{
	struct rte_mbuf *m;

	if (h == NULL)
		return;
	for (uint16_t i = 0; i < h->nb; i++) {
		while (h->ring[i] != NULL && rte_ring_sc_dequeue(h->ring[i], (void **)&m) == 0)
			rte_pktmbuf_free(m);
		rte_ring_free(h->ring[i]);
	}
	rte_free(h);
}

/* Sent to another endpoint, or dropped: it is not ours any more. */
static void
send_to(struct rdp_ep *ep, uint16_t owner, struct rte_mbuf *m)
{
	if (rte_ring_mp_enqueue(ep->conf.handover->ring[owner], m) == 0) {
		ep->stats.handed_over++;
	} else {
		ep->stats.handover_full++;
		rdp_mbuf_put(ep, m);
	}
}

/* How far a frame that goes round has come stands in the buffer, in a field that has no meaning for
 * untagged frames. */
static uint16_t
hops_of(const struct rdp_ep *ep, const struct rte_mbuf *m)
{
	return ep->from_ring ? m->vlan_tci_outer : 0;
}

/* The endpoint that it goes to next. */
static uint16_t
hop(const struct rdp_ep *ep, struct rte_mbuf *m)
{
	m->vlan_tci_outer = (uint16_t)(hops_of(ep, m) + 1);
	return (uint16_t)((ep->conf.member + 1) % ep->conf.handover->nb);
}

/* A RESET or CLOSED that names its session by incarnations alone goes round until somebody knows
 * it. */
static bool
pass_on(struct rdp_ep *ep, struct rte_mbuf *m, const struct wire_frame *f)
{
	const struct handover *h = ep->conf.handover;
	uint16_t hops = hops_of(ep, m);

	if ((wire_type(f) != WIRE_RESET && wire_type(f) != WIRE_CLOSED) || hops + 1 >= h->nb ||
		rdp_session_by_inc(ep, f->dst_inc, f->src_inc) != NULL ||
		(hops == 0 && !rdp_reset_allowed(ep)))
		return false;
	send_to(ep, hop(ep, m), m);
	return true;
}

bool
rdp_handover_connect(struct rdp_ep *ep, struct rte_mbuf *m, const struct wire_frame *f)
{
	const struct handover *h = ep->conf.handover;

	if (f->session != RTE_BE16(WIRE_SESSION_NONE) || hops_of(ep, m) + 1 >= h->nb)
		return false;
	/* It is no frame of theirs, and not counted among those. */
	if (rte_ring_mp_enqueue(h->ring[hop(ep, m)], m) == 0)
		return true;
	ep->stats.handover_full++;
	return false;
}

bool
rdp_handover(struct rdp_ep *ep, struct rte_mbuf *m, const struct wire_frame *f)
{
	const struct handover *h = ep->conf.handover;
	uint16_t index = rte_be_to_cpu_16(f->session);
	uint16_t owner = index / h->stride;

	if (index == WIRE_SESSION_NONE)
		return pass_on(ep, m, f);
	if (owner == ep->conf.member || owner >= h->nb)
		return false;
	send_to(ep, owner, m);
	return true;
}

uint16_t
rdp_handover_input(struct rdp_ep *ep)
{
	struct rte_mbuf *mbufs[RDP_RX_BURST];
	unsigned int n = rte_ring_sc_dequeue_burst(
		ep->conf.handover->ring[ep->conf.member], (void **)mbufs, RDP_RX_BURST, NULL);

	if (n == 0)
		return 0;
	rdp_clock_read(ep);
	ep->from_ring = true;
	rdp_input(ep, mbufs, (uint16_t)n);
	ep->from_ring = false;
	return (uint16_t)n;
}
