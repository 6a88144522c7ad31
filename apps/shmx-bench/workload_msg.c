/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <stdlib.h>

#include "../common/fail.h"
#include "inbox.h"
#include "run.h"

/*
 * Messages to this node itself, by way of the memory node. They come in the order in which they
 * were sent, so the oldest that has not come is the one that comes. An operation is over when the
 * message is here, which is what is timed, and its sending is answered.
 */
#define NONE UINT32_MAX

/* In the `arg` of a slot. */
#define HALF    1u /* the message, or the answer, is here */
#define SAMPLED 2u

struct msg_state {
	uint32_t mask;
	uint32_t sent, come; /* free-running; so many are between as there are slots at most */
	uint64_t number;     /* of the next message sent, and of the next that comes */
	uint64_t expected;
	uint32_t order[]; /* slots of what is between */
};

static uint32_t
msg_most(const struct options *o)
{
	return inbox_most(options_size(o, WORKLOAD_MSG));
}

static int
msg_prepare(struct run *run)
{
	uint32_t size = rte_align32pow2(run->nb_slots);
	struct msg_state *st = calloc(1, sizeof(*st) + size * sizeof(st->order[0]));

	run->state = st;
	if (st == NULL)
		return fail("out of memory");
	st->mask = size - 1;
	return inbox_open(run->bench, run->nb_slots, run->size);
}

static void
msg_submit(struct run *run, uint32_t n)
{
	const struct shmx_to to = shmx_to_node((uint16_t)run->bench->opt.link.node);
	struct msg_state *st = run->state;

	for (uint32_t i = 0; i < n; i++) {
		uint32_t slot = run_slot(run);
		uint64_t cookie = run_cookie(run, slot);
		uint8_t *data = run_buffer(run, slot);

		if (run->check)
			content_fill(data, content_at(run, st->number), run->size, 0);
		run->slots[slot].arg = (cookie & COOKIE_SAMPLED) != 0 ? SAMPLED : 0;
		if (!run_started(run, shmx_send(run->ep, run->bench->session, &to, data,
					      (uint32_t)run->size, cookie | COOKIE_STEP)))
			break;
		st->order[st->sent++ & st->mask] = slot;
		st->number++;
	}
}

static void
half_done(struct run *run, uint32_t slot)
{
	struct slot *s = &run->slots[slot];

	if ((s->arg & HALF) != 0)
		run_complete(run, slot);
	s->arg |= HALF;
}

/* A message that was refused will not come. */
static void
refused(struct msg_state *st, uint32_t slot)
{
	for (uint32_t i = st->come; i != st->sent; i++)
		if (st->order[i & st->mask] == slot)
			st->order[i & st->mask] = NONE;
}

static void
msg_step(struct run *run, const struct shmx_event *ev)
{
	uint32_t slot = (uint32_t)ev->cookie;

	if (likely(ev->status == 0)) {
		half_done(run, slot);
		return;
	}
	refused(run->state, slot);
	run_failed(run, slot, ev->status);
}

/* The slot of the message that comes, and in `expected` its number. */
static uint32_t
next_slot(struct msg_state *st)
{
	uint32_t slot = NONE;

	while (slot == NONE && st->come != st->sent) {
		slot = st->order[st->come++ & st->mask];
		st->expected++;
	}
	return slot;
}

static void
msg_heard(struct run *run, const struct shmx_event *ev)
{
	struct msg_state *st = run->state;
	uint32_t slot = next_slot(st);

	if (unlikely(slot == NONE || ev->value2 != run->size)) {
		run_wrong(run, st->expected, ev->value2, run->size);
		return;
	}
	if (unlikely((run->slots[slot].arg & SAMPLED) != 0))
		run_timed(run, slot);
	if (unlikely(run->check))
		content_check(run, (const uint8_t *)(uintptr_t)ev->value,
			content_at(run, st->expected - 1), run->size, 0);
	half_done(run, slot);
}

const struct workload workload_msg = {
	.name = "msg",
	.moves_size = true,
	.prepare = msg_prepare,
	.submit = msg_submit,
	.step = msg_step,
	.heard = msg_heard,
	.most = msg_most,
};
