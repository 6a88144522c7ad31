/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <errno.h>
#include <stdlib.h>

#include "../common/fail.h"
#include "locks.h"
#include "run.h"

/*
 * Locks that nobody else wants. An operation acquires one that rests and, when it has it, releases
 * it: at random, or with --pattern sequential the one that has rested longest.
 */
struct lock_state {
	uint32_t nb, nb_rest, nb_held;
	uint32_t first;  /* sequential: the one in `rest` that has rested longest */
	uint32_t *id;    /* of each lock */
	uint64_t *token; /* of its latest grant */
	uint32_t *rest;  /* locks that rest, by number: a stack, or a ring */
	uint32_t *held;  /* slots whose release a full window has put off */
};

static uint32_t
lock_most(const struct options *o)
{
	return o->locks;
}

static void
lock_finish(struct run *run)
{
	struct lock_state *st = run->state;

	if (st->id != NULL)
		locks_unreserve(run->bench, st->nb, st->id);
	free(st->id);
	free(st->token);
	free(st->rest);
	free(st->held);
}

static bool
lock_memory(struct run *run, struct lock_state *st, uint32_t n)
{
	st->token = calloc(n, sizeof(*st->token));
	st->rest = calloc(n, sizeof(*st->rest));
	st->held = calloc(run->nb_slots, sizeof(*st->held));
	return st->token != NULL && st->rest != NULL && st->held != NULL;
}

static int
lock_prepare(struct run *run)
{
	uint32_t n = run->bench->opt.locks, *id = calloc(n, sizeof(*id));
	struct lock_state *st = calloc(1, sizeof(*st));

	run->state = st;
	if (st == NULL || id == NULL || !lock_memory(run, st, n)) {
		free(id);
		return fail("out of memory: give a smaller --locks");
	}
	if (locks_reserve(run->bench, "", n, id) < 0) {
		free(id);
		return -1;
	}
	st->id = id;
	st->nb = n;
	st->nb_rest = n;
	for (uint32_t i = 0; i < n; i++)
		st->rest[i] = i;
	return 0;
}

/* There are at least as many locks as slots: one rests. */
static uint32_t *
lock_choose(struct run *run, const struct lock_state *st)
{
	if (run->stream.sequential)
		return &st->rest[st->first];
	return &st->rest[((stream_random(&run->stream) >> 32) * st->nb_rest) >> 32];
}

static void
lock_taken(const struct run *run, struct lock_state *st, uint32_t *at)
{
	st->nb_rest--;
	if (run->stream.sequential)
		st->first = st->first + 1 < st->nb ? st->first + 1 : 0;
	else
		*at = st->rest[st->nb_rest];
}

static void
lock_rests(const struct run *run, struct lock_state *st, uint32_t lock)
{
	uint32_t at = st->nb_rest++;

	if (run->stream.sequential) {
		at += st->first;
		at -= at >= st->nb ? st->nb : 0;
	}
	st->rest[at] = lock;
}

static void
lock_submit(struct run *run, uint32_t n)
{
	struct lock_state *st = run->state;

	for (uint32_t i = 0; i < n; i++) {
		uint32_t slot = run_slot(run), *at = lock_choose(run, st);
		struct shmx_lock_req req = {st->id[*at], run->bench->opt.shared};
		struct slot *s = &run->slots[slot];

		s->arg = *at;
		s->addr = run_cookie(run, slot);
		if (!run_started(run, shmx_lock(run->ep, run->bench->session, &req, 1, LOCK_WAIT_US,
					      NULL, s->addr | COOKIE_STEP)))
			break;
		lock_taken(run, st, at);
	}
}

/* @return whether the window had room. */
static bool
release(struct run *run, const struct lock_state *st, uint32_t slot)
{
	const struct slot *s = &run->slots[slot];
	int ret = shmx_unlock(run->ep, run->bench->session, &st->id[s->arg], 1, s->addr);

	if (unlikely(ret != 0 && ret != -EAGAIN))
		run->error = ret;
	return ret == 0;
}

static void
lock_step(struct run *run, const struct shmx_event *ev)
{
	struct lock_state *st = run->state;
	uint32_t slot = (uint32_t)ev->cookie;
	uint64_t lock = run->slots[slot].arg;

	if (unlikely(ev->status != 0)) {
		lock_rests(run, st, (uint32_t)lock);
		run_failed(run, slot, ev->status);
		return;
	}
	if (run->check) {
		if (ev->value <= st->token[lock])
			run_wrong(run, st->id[lock], ev->value, st->token[lock] + 1);
		st->token[lock] = ev->value;
	}
	if (st->nb_held > 0 || !release(run, st, slot))
		st->held[st->nb_held++] = slot;
}

static void
lock_go_on(struct run *run)
{
	struct lock_state *st = run->state;

	while (st->nb_held > 0 && release(run, st, st->held[st->nb_held - 1]))
		st->nb_held--;
}

static void
lock_failed(struct run *run, uint32_t slot)
{
	lock_rests(run, run->state, (uint32_t)run->slots[slot].arg);
}

static void
lock_done(struct run *run, uint32_t slot, const struct shmx_event *ev)
{
	(void)ev;
	lock_failed(run, slot);
}

const struct workload workload_lock = {
	.name = "lock",
	.stateful = true,
	.prepare = lock_prepare,
	.submit = lock_submit,
	.done = lock_done,
	.step = lock_step,
	.go_on = lock_go_on,
	.most = lock_most,
	.failed = lock_failed,
	.finish = lock_finish,
};
