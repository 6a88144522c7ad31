/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include "rdp/rdp_private.h"

/*
 * How short of buffers this endpoint is, 0 to 15: peers slow down by it, before anything has to be
 * dropped. It goes up at once, and down one by one and only when there is some room to spare, so
 * that the peers do not swing.
 */

#define LOOK_TICKS 4 /* of the timer wheel, 0.26 ms: counting a pool visits every lcore's cache */

/* Of the pool, the share that is free when peers begin to slow down, and when they stop. */
#define FREE_LOW(size)  ((size) / 4)
#define FREE_NONE(size) ((size) / 8)

/* Bursts in a row that were full: more frames come than are worked off. The receive ring is the
 * buffer then, and it is in danger if peers may send more than it holds. */
#define FULL_BURSTS   32
#define RX_RING_LEAST 512
#define FULL_MOST     8 /* by itself it asks for half, not for silence */

/* There was none for a moment, and now there are many. */
#define WENT_SHORT 8

/* Sessions looked at in one tick, to tell their peers that they may go on. */
#define TELL_BURST 256

static uint32_t
buffers_level(const struct rdp_ep *ep)
{
	uint32_t size = ep->conf.pool->size;
	uint32_t free = rte_mempool_avail_count(ep->conf.pool);
	uint32_t low = FREE_LOW(size), none = FREE_NONE(size);

	if (free >= low)
		return 0;
	if (free <= none)
		return WIRE_PRESSURE_FULL;
	return 1 + (WIRE_PRESSURE_FULL - 1) * (low - free - 1) / (low - none);
}

static uint32_t
bursts_level(const struct rdp_ep *ep)
{
	uint32_t sessions = ep->max_sessions - (uint32_t)ep->nb_free;

	if (ep->full_bursts < FULL_BURSTS || sessions * (ep->conf.window / 2u) <= RX_RING_LEAST)
		return 0;
	return RTE_MIN(ep->pressure + 1u, (uint32_t)FULL_MOST);
}

static uint32_t
level(struct rdp_ep *ep)
{
	uint64_t failed = ep->stats.no_mbuf - ep->no_mbuf_seen;
	uint32_t buffers = buffers_level(ep);

	ep->no_mbuf_seen += failed;
	if (failed > 0)
		return buffers > 0 ? WIRE_PRESSURE_FULL : WENT_SHORT;
	return RTE_MAX(buffers, bursts_level(ep));
}

/* A peer that was told to send nothing has no frame left that brings it the news. */
static void
tell_some(struct rdp_ep *ep)
{
	uint32_t end = RTE_MIN(ep->tell_next + (uint32_t)TELL_BURST, (uint32_t)ep->max_sessions);

	for (; ep->tell_next < end; ep->tell_next++) {
		struct rdp_session *s = ep->session[ep->tell_next];

		if (s == NULL || s->state != RDP_OPEN || s->told_pressure < WIRE_PRESSURE_FULL)
			continue;
		s->ack_now = true;
		rdp_list_add(s, RDP_LIST_ACK);
	}
}

void
rdp_pressure_run(struct rdp_ep *ep)
{
	uint32_t want;
	uint8_t was = ep->pressure;

	if (ep->pressure < WIRE_PRESSURE_FULL && ep->tell_next < ep->max_sessions)
		tell_some(ep);
	if (++ep->pressure_tick % LOOK_TICKS != 0)
		return;
	want = level(ep);
	if (want > was)
		ep->pressure = (uint8_t)want;
	else if (want + 1 < was || (want == 0 && was > 0))
		ep->pressure--;
	if (was == WIRE_PRESSURE_FULL && ep->pressure < was)
		ep->tell_next = 0;
}

void
rdp_pressure_input(struct rdp_session *s, uint8_t pressure)
{
	struct rdp_ep *ep = s->ep;

	s->peer_pressure = pressure;
	rdp_cc_update(s);
	/* The frame that says "go on" may be lost: ask for it. */
	if (pressure >= WIRE_PRESSURE_FULL && s->timer_ns > ep->now_ns + RDP_PROBE_NS)
		rdp_timer_arm(s, ep->now_ns + RDP_PROBE_NS);
}
