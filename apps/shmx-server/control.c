/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <rte_cycles.h>

#include "../common/prompt.h"
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
	/* EAL, which starts meanwhile, is not made for calls that are cut short. */
	struct sigaction sa = {.sa_handler = on_signal, .sa_flags = (int)SA_RESTART};

	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGHUP, &sa, NULL);
	sa.sa_handler = SIG_IGN;
	sigaction(SIGPIPE, &sa, NULL); /* whoever read the figures may go */
}

bool
control_stop_asked(void)
{
	return stop_asked != 0;
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

/* Until something comes in at the prompt, if there is one. Returns whether to go on. */
static bool
rest(const struct server *s, unsigned int us)
{
	if (s->options->interactive)
		return prompt_turn(us) == PROMPT_OPEN;
	doze(us);
	return true;
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

/* ---- what the prompt asks for */

static struct figures shown;

static void
show_stats(void *ctx)
{
	struct figures now;

	figures_read(ctx, &now);
	figures_print(&shown, &now);
}

static void
clear_stats(void *ctx)
{
	figures_read(ctx, &shown);
}

static int
open_prompt(struct server *s, struct problem *p)
{
	static struct prompt_conf conf = {
		.prompt = "shmx-server> ",
		.show_stats = show_stats,
		.clear_stats = clear_stats,
	};

	conf.ports = &s->faults;
	conf.ctx = s;
	clear_stats(s);
	return prompt_open(&conf) == 0 ? 0 : problem_set(p, "no memory for the prompt");
}

/* Until a signal, or until the prompt is left. */
static int
serve(struct server *s, struct problem *p)
{
	uint64_t period = s->options->stats_period * rte_get_tsc_hz();
	uint32_t idle_rounds = 0;
	struct figures last;

	figures_read(s, &last);
	do {
		if (!workers_running(s))
			return problem_set(p, "a worker has given up: stopping");
		if (target_control_poll(s->target) != 0)
			idle_rounds = 0;
		else if (idle_rounds < AWAKE_ROUNDS)
			idle_rounds++;
		ask_serve(&s->ask);
		print_due(s, &last, period);
	} while (stop_asked == 0 && rest(s, sleep_us(idle_rounds)));
	return 0;
}

int
control_run(struct server *s, struct problem *p)
{
	int ret = 0;

	say_ready(s);
	if (s->options->interactive)
		ret = open_prompt(s, p);
	if (ret == 0)
		ret = serve(s, p);
	prompt_close();
	if (ret == 0)
		printf("shmx-server: stopping: %s\n",
			stop_asked != 0 ? strsignal(stop_asked) : "quit");
	return ret;
}
