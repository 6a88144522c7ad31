/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include "rdp/rdp_private.h"

/*
 * One wheel an endpoint, one entry a session. A timer further away than a turn waits in the last
 * slot it can reach and is put back when that comes; nothing is cancelled when a frame is
 * acknowledged, the entry looks at the session when it fires. So a frame costs no timer work.
 *
 * A timer fires at the first run in a later slot than its time: never early, a slot late at most.
 * One that is armed while the wheel runs waits for the next run, even if it is due.
 */

static void
wheel_insert(struct rdp_session *s, uint64_t tick)
{
	struct rdp_session **slot = &s->ep->wheel[tick % RDP_WHEEL_SLOTS];

	s->timer_next = *slot;
	s->timer_prev = slot;
	if (*slot != NULL)
		(*slot)->timer_prev = &s->timer_next;
	*slot = s;
}

void
rdp_timer_disarm(struct rdp_session *s)
{
	if (s->timer_prev == NULL)
		return;
	*s->timer_prev = s->timer_next;
	if (s->timer_next != NULL)
		s->timer_next->timer_prev = s->timer_prev;
	s->timer_prev = NULL;
}

void
rdp_timer_arm(struct rdp_session *s, uint64_t at_ns)
{
	uint64_t first = s->ep->wheel_tick + 1;
	uint64_t last = s->ep->wheel_tick + RDP_WHEEL_SLOTS - 1;
	uint64_t tick = (at_ns >> RDP_WHEEL_SHIFT) + 1;

	rdp_timer_disarm(s);
	s->timer_ns = at_ns;
	wheel_insert(s, RTE_MIN(RTE_MAX(tick, first), last));
}

static void
session_timer(struct rdp_session *s)
{
	if (s->timer_ns > s->ep->now_ns)
		rdp_timer_arm(s, s->timer_ns);
	else if (s->state == RDP_OPEN)
		rdp_loss_timeout(s);
	else
		rdp_handshake_timer(s);
}

static uint32_t
run_slot(struct rdp_ep *ep, uint64_t tick)
{
	struct rdp_session *s = ep->wheel[tick % RDP_WHEEL_SLOTS];
	uint32_t n = 0;

	/* Detach the whole slot first: a session that arms itself again must not run twice. */
	ep->wheel[tick % RDP_WHEEL_SLOTS] = NULL;
	if (s != NULL)
		s->timer_prev = &s;
	while (s != NULL) {
		struct rdp_session *first = s;

		rdp_timer_disarm(first);
		session_timer(first);
		n++;
	}
	return n;
}

uint32_t
rdp_timer_run(struct rdp_ep *ep)
{
	uint64_t tick = ep->now_ns >> RDP_WHEEL_SHIFT;
	uint64_t from = ep->wheel_tick;
	uint32_t n = 0;

	if (tick <= from)
		return 0;
	/* After a long sleep one turn sees every entry; walking the rest would find nothing. */
	if (tick - from > RDP_WHEEL_SLOTS)
		from = tick - RDP_WHEEL_SLOTS;
	ep->wheel_tick = tick;
	for (uint64_t t = from + 1; t <= tick; t++)
		n += run_slot(ep, t);
	return n;
}
