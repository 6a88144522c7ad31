/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <rte_cycles.h>

#include "control.h"
#include "figures.h"
#include "target/target.h"
#include "workers.h"

/* Quick to answer who creates pools one after the other, cheap when nobody does. */
#define SLEEP_BUSY_US  200
#define SLEEP_AWAKE_US 1000
#define SLEEP_IDLE_US  10000
#define AWAKE_ROUNDS   200 /* without work, before the long sleeps begin */

static volatile sig_atomic_t stop_asked;

static void
on_signal(int number)
{
	stop_asked = number;
}

void
control_catch_signals(void)
{
	struct sigaction sa = {.sa_handler = on_signal};

	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGHUP, &sa, NULL);
	sa.sa_handler = SIG_IGN;
	sigaction(SIGPIPE, &sa, NULL); /* whoever read the figures may go */
}

static unsigned int
sleep_us(uint32_t idle_rounds)
{
	if (idle_rounds == 0)
		return SLEEP_BUSY_US;
	return idle_rounds < AWAKE_ROUNDS ? SLEEP_AWAKE_US : SLEEP_IDLE_US;
}

/* A signal cuts it short. */
static void
doze(unsigned int us)
{
	const struct timespec ts = {0, us * 1000L};

	nanosleep(&ts, NULL);
}

static void
print_due(const struct server *s, struct figures *last, uint64_t period)
{
	struct figures now;

	if (period == 0 || rte_rdtsc() - last->tsc < period)
		return;
	figures_read(s, &now);
	figures_print(last, &now);
	*last = now;
}

static void
say_ready(const struct server *s)
{
	printf("shmx-server: ready: node %u, UDP port %u, %u port%s, %u queue%s, %u worker%s\n",
		s->options->node, s->options->udp_port, s->nb_ports, s->nb_ports == 1 ? "" : "s",
		s->nb_pairs, s->nb_pairs == 1 ? "" : "s", s->nb_workers,
		s->nb_workers == 1 ? "" : "s");
	fflush(stdout);
}

int
control_run(struct server *s, struct problem *p)
{
	uint64_t period = s->options->stats_period * rte_get_tsc_hz();
	uint32_t idle_rounds = 0;
	struct figures last;

	figures_read(s, &last);
	say_ready(s);
	while (stop_asked == 0) {
		if (!workers_running(s))
			return problem_set(p, "a worker has given up: stopping");
		if (target_control_poll(s->target) != 0)
			idle_rounds = 0;
		else if (idle_rounds < AWAKE_ROUNDS)
			idle_rounds++;
		ask_serve(&s->ask);
		print_due(s, &last, period);
		doze(sleep_us(idle_rounds));
	}
	printf("shmx-server: stopping: %s\n", strsignal(stop_asked));
	return 0;
}
