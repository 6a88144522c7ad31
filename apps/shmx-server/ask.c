/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <errno.h>

#include <rte_cycles.h>

#include "ask.h"

#define STEP_US 200

static bool
move(struct ask *a, uint32_t from, uint32_t to)
{
	return __atomic_compare_exchange_n(
		&a->state, &from, to, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
}

void
ask_answer(struct ask *a)
{
	if (!move(a, ASK_WAITING, ASK_WORKING))
		return;
	a->fn(a->arg);
	__atomic_store_n(&a->state, ASK_ANSWERED, __ATOMIC_RELEASE);
}

int
ask(struct ask *a, void (*fn)(void *arg), void *arg, unsigned int timeout_ms)
{
	unsigned int steps = timeout_ms * 1000 / STEP_US;

	a->fn = fn;
	a->arg = arg;
	__atomic_store_n(&a->state, ASK_WAITING, __ATOMIC_RELEASE);
	while (!move(a, ASK_ANSWERED, ASK_IDLE)) {
		if (steps == 0 && move(a, ASK_WAITING, ASK_IDLE))
			return -ETIMEDOUT;
		/* An owner that has begun will come to an end: its answer uses arg. */
		if (steps > 0)
			steps--;
		rte_delay_us_sleep(STEP_US);
	}
	return 0;
}
