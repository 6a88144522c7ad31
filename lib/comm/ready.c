/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/* The inboxes that have something to deliver, in the order in which their turn comes. */

#include "comm_priv.h"

static void
ready_add(struct comm *c, uint32_t node)
{
	struct comm_inbox *ib = &c->inboxes[node];

	ib->ready_prev = (uint16_t)c->ready_last;
	ib->ready_next = 0;
	if (c->ready_last != 0)
		c->inboxes[c->ready_last].ready_next = (uint16_t)node;
	else
		c->ready_first = node;
	c->ready_last = node;
}

static void
ready_del(struct comm *c, uint32_t node)
{
	const struct comm_inbox *ib = &c->inboxes[node];

	if (ib->ready_prev != 0)
		c->inboxes[ib->ready_prev].ready_next = ib->ready_next;
	else
		c->ready_first = ib->ready_next;
	if (ib->ready_next != 0)
		c->inboxes[ib->ready_next].ready_prev = ib->ready_prev;
	else
		c->ready_last = ib->ready_prev;
}

void
comm_ready_change(struct comm *c, uint32_t node)
{
	struct comm_inbox *ib = &c->inboxes[node];

	if (ib->is_ready) {
		ready_del(c, node);
		c->nb_ready--;
	} else {
		ready_add(c, node);
		c->nb_ready++;
	}
	ib->is_ready = !ib->is_ready;
}

uint32_t
comm_nb_ready(const struct comm *c)
{
	return c->nb_ready;
}

uint32_t
comm_ready(struct comm *c)
{
	uint32_t node = c->ready_first;

	if (node != c->ready_last) {
		ready_del(c, node);
		ready_add(c, node);
	}
	return c->inboxes[node].holder; /* that of node 0, which has no inbox, is 0 */
}
