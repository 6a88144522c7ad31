/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <errno.h>
#include <stdlib.h>

#include "../common/fail.h"
#include "locks.h"
#include "run.h"

/*
 * One lock that two sessions want, in turn: while one has it the other waits. An operation is a
 * turn. The holder releases the lock; the other is granted it, and the time between the two is the
 * operation's; the one that had it asks for it again; the new holder adds one to a word that it
 * alone may touch, by a get and a put. When these have completed, the request for the next turn,
 * sent before them, waits at the memory node.
 */
enum step {
	STEP_RELEASED,
	STEP_GRANTED,
	STEP_READ,
	STEP_WRITTEN,
};

#define STEP_SHIFT 16 /* in a cookie: the only slot is 0 */
#define END_MS     2000

struct lockn_state {
	shmx_session_t session[2];
	uint32_t lock;
	uint32_t holder; /* index of the session that has it */
	bool reserved, begun;
	uint8_t parts;    /* of the turn, to complete yet */
	uint64_t token;   /* of the present grant */
	uint64_t word;    /* the library's until the get is done */
	uint64_t initial; /* the word before the first turn */
	uint64_t turns;
};

static uint64_t
step_cookie(enum step step)
{
	return COOKIE_STEP | (uint64_t)step << STEP_SHIFT;
}

static enum step
step_of(const struct shmx_event *ev)
{
	return (enum step)(ev->cookie >> STEP_SHIFT & 3);
}

static uint32_t
lockn_most(const struct options *o)
{
	(void)o;
	return 1;
}

/* As long as it takes: between two slices of a pair it waits, too. */
static int
ask(struct run *run, uint32_t who)
{
	const struct lockn_state *st = run->state;
	struct shmx_lock_req req = {st->lock, false};

	return shmx_lock(
		run->ep, st->session[who], &req, 1, SHMX_FOREVER, NULL, step_cookie(STEP_GRANTED));
}

static int
release(struct run *run, const struct lockn_state *st)
{
	return shmx_unlock(
		run->ep, st->session[st->holder], &st->lock, 1, step_cookie(STEP_RELEASED));
}

static int
lockn_word(struct run *run, uint64_t *word)
{
	return shmx_get_sync(run->ep, run->bench->counters.base, word, sizeof(*word));
}

static int
first_turn(struct run *run, struct lockn_state *st)
{
	struct shmx_lock_req req = {st->lock, false};
	uint64_t cookie = shmx_wait_cookie(run->ep);
	int ret = shmx_lock(run->ep, st->session[0], &req, 1, LOCK_WAIT_US, NULL, cookie);
	struct shmx_event ev;

	if (ret == 0)
		ret = shmx_wait(run->ep, cookie, &ev);
	if (ret != 0)
		return ret;
	st->token = ev.value;
	ret = ask(run, 1);
	st->begun = ret == 0;
	return ret == 0 ? lockn_word(run, &st->initial) : ret;
}

static int
lockn_prepare(struct run *run)
{
	struct bench *b = run->bench;
	struct lockn_state *st = calloc(1, sizeof(*st));
	int ret;

	run->state = st;
	if (st == NULL)
		return fail("out of memory");
	st->session[0] = b->session;
	st->session[1] = b->second;
	ret = locks_reserve(b, "turns", 1, &st->lock);
	if (ret < 0)
		return ret;
	st->reserved = true;
	ret = first_turn(run, st);
	return ret == 0 ? 0 : bench_explain(b, "the first turn", ret);
}

static void
lockn_submit(struct run *run, uint32_t n)
{
	struct lockn_state *st = run->state;

	(void)n;
	run->slots[0].start = rte_rdtsc();
	if (run_started(run, release(run, st)))
		st->parts = 2; /* the release, and what the next holder does */
}

static void
part_done(struct run *run, struct lockn_state *st)
{
	if (--st->parts == 0)
		run_complete(run, 0);
}

static int
granted(struct run *run, struct lockn_state *st, uint64_t token)
{
	int ret;

	run_timed(run, 0);
	if (token <= st->token)
		run_wrong(run, st->lock, token, st->token + 1);
	st->token = token;
	st->holder ^= 1;
	ret = ask(run, st->holder ^ 1);
	if (ret < 0)
		return ret;
	return shmx_get(run->ep, run->bench->counters.base, &st->word, sizeof(st->word),
		step_cookie(STEP_READ));
}

static int
count_turn(struct run *run, struct lockn_state *st)
{
	shmx_addr_t at = run->bench->counters.base;
	uint64_t expected = st->initial + st->turns++;

	if (st->word != expected)
		run_wrong(run, at, st->word, expected);
	st->word++;
	return shmx_put(run->ep, at, &st->word, sizeof(st->word), step_cookie(STEP_WRITTEN));
}

/* Few operations at a time: a window that has no room for them is an error. */
static void
lockn_step(struct run *run, const struct shmx_event *ev)
{
	struct lockn_state *st = run->state;
	int ret = ev->status;

	if (ret == 0 && step_of(ev) == STEP_GRANTED)
		ret = granted(run, st, ev->value);
	else if (ret == 0 && step_of(ev) == STEP_READ)
		ret = count_turn(run, st);
	else if (ret == 0)
		part_done(run, st);
	if (ret < 0 && run->error == 0) {
		run->error = ret;
		if (run->nb_free == 0)
			run_failed(run, 0, ret);
	}
}

static int
lockn_verify(struct run *run)
{
	const struct lockn_state *st = run->state;
	uint64_t word = 0;
	int ret = lockn_word(run, &word);

	if (ret == 0 && word != st->initial + st->turns)
		run_wrong(run, run->bench->counters.base, word, st->initial + st->turns);
	return ret;
}

/* Until that step is done, or it takes too long. */
static void
await(struct run *run, enum step step)
{
	uint64_t end = rte_rdtsc() + END_MS * rte_get_tsc_hz() / 1000;
	struct shmx_event ev;

	while (rte_rdtsc() < end)
		if (shmx_poll(run->ep, &ev, 1) == 1 && ev.type == SHMX_EV_OP &&
			step_of(&ev) == step)
			return;
}

/* The holder lets go, then the one that waited. */
static void
lockn_finish(struct run *run)
{
	struct lockn_state *st = run->state;

	if (st->begun && run->error == 0 && release(run, st) == 0) {
		await(run, STEP_GRANTED);
		st->holder ^= 1;
		if (release(run, st) == 0)
			await(run, STEP_RELEASED);
	}
	if (st->reserved)
		locks_unreserve(run->bench, 1, &st->lock);
}

const struct workload workload_lockn = {
	.name = "lockn",
	.prepare = lockn_prepare,
	.submit = lockn_submit,
	.step = lockn_step,
	.most = lockn_most,
	.verify = lockn_verify,
	.finish = lockn_finish,
};
