/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <errno.h>
#include <stdlib.h>

#include "../common/fail.h"
#include "inbox.h"
#include "receivers.h"
#include "run.h"

/*
 * Messages to several nodes, by way of the memory node. Each receiver gets them in the order in
 * which they were sent. An operation is over when the last receiver has the message, which is what
 * is timed, and its sending is answered.
 */

#define EVENTS 128

/* In the `arg` of a slot: how much has still to come, each receiver's message and the answer. */
#define ANSWER  (UINT64_C(1) << 32)
#define SAMPLED (UINT64_C(1) << 33)

struct bcast_state {
	struct receivers *rs;
	struct shmx_to to;
	uint16_t nodes[RECEIVERS];
	uint32_t mask;
	uint32_t sent;    /* free-running; no receiver is further behind than there are slots */
	uint32_t order[]; /* slots of what was sent */
};

static uint32_t
bcast_most(const struct options *o)
{
	return inbox_most(options_size(o, WORKLOAD_BCAST));
}

static void
whom(const struct options *o, struct bcast_state *st)
{
	for (uint32_t i = 0; i < st->rs->nb; i++) {
		st->nodes[i] = st->rs->at[i].node;
		st->rs->at[i].come = 0;
	}
	st->to = (struct shmx_to){
		.kind = o->to == BCAST_SET ? SHMX_TO_SET : SHMX_TO_ALL,
		.nodes = st->nodes,
		.nb_nodes = st->rs->nb,
	};
}

static int
bcast_prepare(struct run *run)
{
	uint32_t size = rte_align32pow2(run->nb_slots);
	struct bcast_state *st = calloc(1, sizeof(*st) + size * sizeof(st->order[0]));

	run->state = st;
	if (st == NULL)
		return fail("out of memory");
	st->mask = size - 1;
	st->rs = run->bench->receivers;
	whom(&run->bench->opt, st);
	return receivers_inboxes(run->bench, run->nb_slots, run->size);
}

static void
bcast_submit(struct run *run, uint32_t n)
{
	struct bcast_state *st = run->state;

	for (uint32_t i = 0; i < n; i++) {
		uint32_t slot = run_slot(run);
		uint64_t cookie = run_cookie(run, slot);
		uint8_t *data = run_buffer(run, slot);

		if (run->check)
			content_fill(data, content_at(run, st->sent), run->size, 0);
		run->slots[slot].arg = st->rs->nb | ANSWER |
		                       ((cookie & COOKIE_SAMPLED) != 0 ? SAMPLED : 0);
		if (!run_started(run, shmx_send(run->ep, run->bench->session, &st->to, data,
					      (uint32_t)run->size, cookie | COOKIE_STEP)))
			break;
		st->order[st->sent++ & st->mask] = slot;
	}
}

static inline void
done(struct run *run, uint32_t slot, uint64_t what)
{
	struct slot *s = &run->slots[slot];

	s->arg -= what;
	if ((uint32_t)s->arg == 0 && what != ANSWER && (s->arg & SAMPLED) != 0)
		run_timed(run, slot);
	if ((s->arg & ~SAMPLED) == 0)
		run_complete(run, slot);
}

/*
 * Nobody has what was refused, and nothing sent behind it gets through: that ends the run. Likewise
 * when fewer have it than there are receivers; --to all may reach more.
 */
static void
bcast_step(struct run *run, const struct shmx_event *ev)
{
	const struct bcast_state *st = run->state;
	uint32_t slot = (uint32_t)ev->cookie;

	if (unlikely(ev->status != 0)) {
		run->error = ev->status;
		run_failed(run, slot, ev->status);
		return;
	}
	if (unlikely(ev->value < st->rs->nb))
		run->error = -ENOENT;
	done(run, slot, ANSWER);
}

static void
bcast_heard(struct run *run, struct receiver *r, const struct shmx_event *ev)
{
	const struct bcast_state *st = run->state;
	uint64_t number = r->come;

	if (ev->type == SHMX_EV_PEER_DOWN)
		run->error = -ECONNRESET;
	if (ev->type != SHMX_EV_MESSAGE)
		return;
	if (unlikely(r->come == st->sent || ev->value2 != run->size)) {
		run_wrong(run, number, ev->value2, run->size);
		return;
	}
	if (unlikely(run->check))
		content_check(run, (const uint8_t *)(uintptr_t)ev->value, content_at(run, number),
			run->size, 0);
	r->come++;
	done(run, st->order[number & st->mask], 1);
}

/* The receivers take what there is. */
static void
bcast_go_on(struct run *run)
{
	const struct bcast_state *st = run->state;
	struct shmx_event ev[EVENTS];

	for (uint32_t i = 0; i < st->rs->nb; i++) {
		struct receiver *r = &st->rs->at[i];
		uint16_t n = shmx_poll(r->ep, ev, EVENTS);

		for (uint16_t k = 0; k < n; k++)
			bcast_heard(run, r, &ev[k]);
	}
}

static uint32_t
bcast_fan_out(const struct options *o)
{
	return o->receivers;
}

const struct workload workload_bcast = {
	.name = "bcast",
	.moves_size = true,
	.prepare = bcast_prepare,
	.submit = bcast_submit,
	.step = bcast_step,
	.go_on = bcast_go_on,
	.most = bcast_most,
	.fan_out = bcast_fan_out,
};
