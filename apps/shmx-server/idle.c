/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <sys/prctl.h>
#include <time.h>

#include <rte_cycles.h>
#include <rte_pause.h>

#include "idle.h"
#include "rx_intr.h"
#include "target/target.h"

#define PAUSES_MAX 16
/* The first sleep; each one that nothing ended is followed by one twice as long. */
#define SLEEP_MIN_US 10
/* Timers, other workers and the main lcore do not interrupt: look after them this often. */
#define INTERRUPT_WAIT_MS 1

int
idle_begin(struct worker *w)
{
	idle_over(w);
	if (w->options->idle == IDLE_SLEEP)
		prctl(PR_SET_TIMERSLACK, 1UL); /* the kernel would add 50 us to each sleep */
	return w->options->idle == IDLE_INTERRUPT ? rx_intr_join(w) : 0;
}

void
idle_end(struct worker *w)
{
	idle_over(w);
	if (w->options->idle == IDLE_INTERRUPT)
		rx_intr_leave(w);
}

static void
pause_turn(const struct worker *w)
{
	uint32_t n = RTE_MIN(w->idle_turns, (uint32_t)PAUSES_MAX);

	for (uint32_t i = 0; i < n; i++)
		rte_pause();
}

static void
micro_sleep(struct worker *w)
{
	const struct timespec ts = {0, w->sleep_us * 1000L};

	nanosleep(&ts, NULL);
	w->sleep_us = RTE_MIN(2 * w->sleep_us, w->options->idle_sleep_us);
}

/* Asleep, a worker does not hold up those who wait for a quiescent state. */
static void
doze(struct worker *w)
{
	uint64_t now;

	target_worker_offline(w->target);
	if (w->options->idle == IDLE_INTERRUPT)
		rx_intr_wait(w, INTERRUPT_WAIT_MS);
	else
		micro_sleep(w);
	target_worker_online(w->target);
	now = rte_rdtsc();
	w->idle_cycles += now - w->last_tsc;
	w->last_tsc = now;
	w->sleeps++;
}

bool
idle_turn(struct worker *w)
{
	if (w->options->idle == IDLE_POLL)
		return false;
	if (w->idle_turns < UINT32_MAX)
		w->idle_turns++;
	if (w->options->idle == IDLE_PAUSE) {
		pause_turn(w);
		return false;
	}
	if (w->idle_turns < w->options->idle_polls)
		return false;
	if (w->options->idle == IDLE_INTERRUPT && !w->armed) {
		/* What came meanwhile did not interrupt: one more turn before sleeping. */
		rx_intr_arm(w, true);
		return false;
	}
	doze(w);
	return true;
}

void
idle_over(struct worker *w)
{
	w->idle_turns = 0;
	w->sleep_us = RTE_MIN((uint32_t)SLEEP_MIN_US, w->options->idle_sleep_us);
	if (w->armed)
		rx_intr_arm(w, false);
}
