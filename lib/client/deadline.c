/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include "client/client_private.h"

/*
 * A wheel of deadlines. One that is further away than a turn stays in its slot until its turn
 * comes. An operation that completes takes its deadline out.
 */

static uint32_t *
slot_of(struct shmx_ep *ep, uint64_t at_ns)
{
	/* The slot after it: never early. */
	return &ep->deadline_slot[((at_ns >> DEADLINE_SHIFT) + 1) % DEADLINE_SLOTS];
}

static void
timed_set(struct shmx_ep *ep, uint32_t index, bool timed)
{
	if (index < ep->max_ops)
		ep->op[index].timed = timed;
	else
		ep->bulk[index - ep->max_ops].timed = timed;
}

void
deadline_arm(struct shmx_ep *ep, uint32_t index)
{
	uint64_t now = clock_now(&ep->port->clock);
	struct deadline *d = &ep->deadline[index];
	uint32_t *slot = slot_of(ep, now + ep->timeout_ns);

	if (ep->nb_deadlines++ == 0)
		ep->deadline_tick = now >> DEADLINE_SHIFT;
	*d = (struct deadline){.at_ns = now + ep->timeout_ns, .next = *slot};
	if (*slot != 0)
		ep->deadline[*slot - 1].prev = index + 1;
	*slot = index + 1;
	timed_set(ep, index, true);
}

void
deadline_disarm(struct shmx_ep *ep, uint32_t index)
{
	const struct deadline *d = &ep->deadline[index];

	if (d->prev != 0)
		ep->deadline[d->prev - 1].next = d->next;
	else
		*slot_of(ep, d->at_ns) = d->next;
	if (d->next != 0)
		ep->deadline[d->next - 1].prev = d->prev;
	ep->nb_deadlines--;
	timed_set(ep, index, false);
}

static void
run_slot(struct shmx_ep *ep, uint32_t first, uint64_t now)
{
	while (first != 0) {
		uint32_t index = first - 1;

		first = ep->deadline[index].next;
		if (ep->deadline[index].at_ns > now)
			continue;
		if (index < ep->max_ops)
			client_give_up(ep, (uint16_t)index, -ETIMEDOUT);
		else
			bulk_give_up(ep, (uint16_t)(index - ep->max_ops), -ETIMEDOUT);
	}
}

void
deadline_run(struct shmx_ep *ep)
{
	/* The time of the protocol may be that of some polls ago. */
	uint64_t now = clock_now(&ep->port->clock);
	uint64_t tick = now >> DEADLINE_SHIFT;
	uint64_t from = ep->deadline_tick;

	if (tick <= from)
		return;
	/* After a long sleep one turn sees every entry. */
	if (tick - from > DEADLINE_SLOTS)
		from = tick - DEADLINE_SLOTS;
	ep->deadline_tick = tick;
	for (uint64_t t = from + 1; t <= tick; t++)
		run_slot(ep, ep->deadline_slot[t % DEADLINE_SLOTS], now);
}
