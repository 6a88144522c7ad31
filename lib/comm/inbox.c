/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/* Inboxes come and go, and so do those that have them. */

#include "comm_priv.h"

/* With the defaults put in. */
static int
limits_check(struct comm_limits *l)
{
	if (l->bytes == 0)
		l->bytes = 65536;
	if (l->window == 0)
		l->window = 65536;
	if (l->ref_bytes == 0)
		l->ref_bytes = 64u << 20;
	if (l->bytes < COMM_BYTES_MIN || l->bytes > COMM_BYTES_MAX || l->window < COMM_BYTES_MIN ||
		l->window > COMM_BYTES_MAX || l->policy > COMM_KEEP)
		return -EINVAL;
	return 0;
}

static void
inbox_new(struct comm *c, uint32_t node)
{
	memset(&c->inboxes[node], 0, sizeof(c->inboxes[node]));
	comm_queue_init(c, node);
	c->open[node / 64] |= UINT64_C(1) << node % 64;
	c->used.nb_inboxes++;
}

int
comm_open(struct comm *c, uint32_t holder, const struct comm_limits *limits)
{
	uint32_t node = comm_node_of(holder);
	struct comm_limits l = *limits;
	struct comm_inbox *ib;

	if (node == 0 || node > COMM_NODE_MAX || limits_check(&l) != 0)
		return -EINVAL;
	ib = &c->inboxes[node];
	if (ib->holder != 0)
		return ib->holder == holder ? -EALREADY : -EBUSY;
	if (!comm_is_open(c, node))
		inbox_new(c, node);
	ib->holder = holder;
	ib->bytes_limit = l.bytes;
	ib->ref_bytes_limit = l.ref_bytes;
	ib->window = l.window;
	ib->policy = l.policy;
	ib->handed = ib->consumed = 0;
	comm_ready_update(c, node);
	return 0;
}

static void
inbox_close(struct comm *c, uint32_t node)
{
	struct comm_inbox *ib = &c->inboxes[node];

	comm_loans_return(c, node, false);
	comm_queue_drop(c, node);
	ib->holder = 0;
	ib->loaded = 0;
	comm_ready_update(c, node);
	c->open[node / 64] &= ~(UINT64_C(1) << node % 64);
	c->used.nb_inboxes--;
}

int
comm_close(struct comm *c, uint32_t holder)
{
	if (comm_inbox_of(c, holder) == NULL)
		return -ENOENT;
	inbox_close(c, comm_node_of(holder));
	return 0;
}

int
comm_discard(struct comm *c, uint32_t node)
{
	if (!comm_is_open(c, node))
		return -ENOENT;
	if (c->inboxes[node].holder != 0)
		return -EBUSY;
	inbox_close(c, node);
	return 0;
}

void
comm_revoke(struct comm *c, uint32_t holder)
{
	struct comm_run *run = &c->runs[holder % COMM_INDICES];
	struct comm_inbox *ib = comm_inbox_of(c, holder);
	uint32_t node = comm_node_of(holder);

	if (run->holder == holder)
		run->refused = 0;
	if (ib == NULL)
		return;
	if (ib->policy == COMM_DROP) {
		inbox_close(c, node);
		return;
	}
	comm_unload(c, holder, true);
	comm_loans_return(c, node, true);
	ib->died_holder = holder;
	ib->holder = 0;
	comm_ready_update(c, node);
}

/* What is loaded has not arrived. */
static uint64_t
signals_pending(const struct comm_inbox *ib)
{
	uint64_t n = 0;
	uint32_t i;

	for (i = 0; i < COMM_LINES; i++)
		n += ib->pending[i] + ib->loaded_count[i];
	return n;
}

int
comm_info(const struct comm *c, uint32_t node, struct comm_info *info)
{
	const struct comm_inbox *ib;

	if (!comm_is_open(c, node))
		return -ENOENT;
	ib = &c->inboxes[node];
	*info = (struct comm_info){
		.holder = ib->holder,
		.died_holder = ib->died_holder,
		.policy = ib->policy,
		.nb_messages = ib->nb_messages + ib->loaded_messages,
		.bytes = ib->bytes,
		.bytes_limit = ib->bytes_limit,
		.nb_refs = ib->nb_loans,
		.ref_bytes = ib->ref_bytes,
		.ref_bytes_limit = ib->ref_bytes_limit,
		.lines = ib->lines | ib->loaded_lines,
		.signals = signals_pending(ib),
		.window = ib->window,
		.unread = ib->handed - ib->loaded_bytes - ib->consumed,
		.received = ib->received,
		.refused = ib->refused,
	};
	return 0;
}
