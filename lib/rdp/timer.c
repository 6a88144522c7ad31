/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include "rdp/rdp_private.h"

/*
 * One entry a session, in one of two wheels. A timer further away than a turn of the fine one waits
 * in the coarse one and is looked at once more when its turn begins; nothing is cancelled when a
 * frame is acknowledged, the entry looks at the session when it fires. So a frame costs no timer
 * work, and an idle session two looks a keep-alive.
 *
 * A timer fires at the first run in a later slot than its time: never early, a slot late at most.
 * One that is armed while the wheel runs waits for the next run, even if it is due.
 */

static void
slot_insert(struct rdp_session **slot, struct rdp_session *s)
{
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
	struct rdp_ep *ep = s->ep;
	uint64_t tick = RTE_MAX((at_ns >> RDP_WHEEL_SHIFT) + 1, ep->wheel_tick + 1);
	uint64_t last = (ep->wheel_tick >> RDP_COARSE_SHIFT) + RDP_COARSE_SLOTS - 1;

	rdp_timer_disarm(s);
	s->timer_ns = at_ns;
	if (tick - ep->wheel_tick < RDP_WHEEL_SLOTS)
		slot_insert(&ep->wheel[tick % RDP_WHEEL_SLOTS], s);
	else
		slot_insert(
			&ep->coarse[RTE_MIN(tick >> RDP_COARSE_SHIFT, last) % RDP_COARSE_SLOTS], s);
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
run_slot(struct rdp_session **slot)
{
	struct rdp_session *s = *slot;
	uint32_t n = 0;

	/* Detach the whole slot first: a session that arms itself again must not run twice. */
	*slot = NULL;
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

/* Turns of the fine wheel that have begun. */
static uint32_t
run_coarse(struct rdp_ep *ep, uint64_t from, uint64_t to)
{
	uint32_t n = 0;

	if (to - from > RDP_COARSE_SLOTS)
		from = to - RDP_COARSE_SLOTS;
	for (uint64_t t = from + 1; t <= to; t++)
		n += run_slot(&ep->coarse[t % RDP_COARSE_SLOTS]);
	return n;
}

uint32_t
rdp_timer_run(struct rdp_ep *ep)
{
	uint64_t tick = ep->now_ns >> RDP_WHEEL_SHIFT;
	uint64_t from = ep->wheel_tick;
	uint64_t turn = from >> RDP_COARSE_SHIFT;
	uint32_t n = 0;

	if (tick <= from)
		return 0;
	ep->wheel_tick = tick;
	/* After a long sleep one turn sees every entry; walking the rest would find nothing. */
	if (tick - from > RDP_WHEEL_SLOTS)
		from = tick - RDP_WHEEL_SLOTS;
	for (uint64_t t = from + 1; t <= tick; t++)
		n += run_slot(&ep->wheel[t % RDP_WHEEL_SLOTS]);
	/* Last: what is armed meanwhile must not fall into a slot that is still to be run. */
	n += run_coarse(ep, turn, tick >> RDP_COARSE_SHIFT);
	ep->stats.timers += n;
	return n;
}
