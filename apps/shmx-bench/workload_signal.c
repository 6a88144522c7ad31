/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <stdlib.h>

#include "../common/fail.h"
#include "inbox.h"
#include "run.h"

/*
 * Signals to this node itself, by way of the memory node. An operation is over when it is answered
 * and as many signals have been heard as operations are over with it: signals of one line that have
 * not been heard add up to one event.
 */
struct signal_state {
	uint64_t heard, over;
	uint64_t sent[SHMX_LINES], got[SHMX_LINES];
	uint32_t nb_answered;
	uint64_t answered[]; /* cookies of operations whose signal has perhaps not been heard */
};

static int
signal_prepare(struct run *run)
{
	struct signal_state *st;

	st = calloc(1, sizeof(*st) + run->nb_slots * sizeof(st->answered[0]));
	run->state = st;
	return st != NULL ? inbox_open(run->bench, 0, 0) : fail("out of memory");
}

static void
signal_submit(struct run *run, uint32_t n)
{
	const struct shmx_to to = shmx_to_node((uint16_t)run->bench->opt.link.node);
	struct signal_state *st = run->state;

	for (uint32_t i = 0; i < n; i++) {
		uint32_t slot = run_slot(run);
		uint8_t line = slot % SHMX_LINES;

		if (!run_started(run, shmx_signal(run->ep, run->bench->session, &to, line, 1,
					      run_cookie(run, slot) | COOKIE_STEP)))
			break;
		st->sent[line]++;
	}
}

static void
take_over(struct run *run, struct signal_state *st)
{
	while (st->nb_answered > 0 && st->over < st->heard) {
		uint64_t cookie = st->answered[--st->nb_answered];

		if ((cookie & COOKIE_SAMPLED) != 0)
			run_timed(run, (uint32_t)cookie);
		run_complete(run, (uint32_t)cookie);
		st->over++;
	}
}

static void
signal_step(struct run *run, const struct shmx_event *ev)
{
	struct signal_state *st = run->state;
	uint32_t slot = (uint32_t)ev->cookie;

	if (ev->status != 0) {
		st->sent[slot % SHMX_LINES]--;
		run_failed(run, slot, ev->status);
		return;
	}
	st->answered[st->nb_answered++] = ev->cookie;
	take_over(run, st);
}

static void
signal_heard(struct run *run, const struct shmx_event *ev)
{
	struct signal_state *st = run->state;

	st->heard += ev->value2;
	st->got[ev->value] += ev->value2;
	take_over(run, st);
}

static int
signal_verify(struct run *run)
{
	const struct signal_state *st = run->state;

	for (unsigned int i = 0; i < SHMX_LINES; i++)
		if (st->got[i] != st->sent[i])
			run_wrong(run, i, st->got[i], st->sent[i]);
	return 0;
}

const struct workload workload_signal = {
	.name = "signal",
	.prepare = signal_prepare,
	.submit = signal_submit,
	.step = signal_step,
	.heard = signal_heard,
	.verify = signal_verify,
};
