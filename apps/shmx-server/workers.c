/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <errno.h>
#include <stdio.h>

#include <rte_cycles.h>
#include <rte_errno.h>
#include <rte_launch.h>
#include <rte_lcore.h>
#include <rte_malloc.h>

#include "idle.h"
#include "rdp/rdp.h"
#include "target/target.h"
#include "workers.h"

#define HOUSEKEEPING_TURNS 256 /* power of two */

/* What a target takes. */
#define WORKERS_MAX 32

/* How long the peers get to hear that their sessions end. */
#define CLOSE_MS 20

/* One turn: everything that came in, everything that goes out. Returns work done. */
static inline uint32_t
turn(struct worker *w)
{
	uint32_t work = target_worker_poll(w->target);

	for (unsigned int i = 0; i < w->nb_pairs; i++) {
		work += rdp_poll(w->pairs[i]->ep);
		work += echo_take_work(&w->pairs[i]->io);
	}
	for (unsigned int i = 0; i < w->nb_pairs; i++)
		rdp_flush_turn(w->pairs[i]->ep);
	return work;
}

/* Turns without work after which the clock is read once. */
#define IDLE_LOOKS 16

/*
 * Charge the time since the last look at the clock to what was found then. While nothing comes
 * the clock is read now and then only: reading it takes as long as the rest of an idle turn, and
 * the next frame would wait for it.
 */
static inline void
account(struct worker *w, uint32_t work)
{
	uint64_t now;

	if (work == 0 && !w->was_busy && w->turns % IDLE_LOOKS != 0)
		return;
	now = rte_rdtsc();
	if (w->was_busy)
		w->busy_cycles += now - w->last_tsc;
	else
		w->idle_cycles += now - w->last_tsc;
	w->last_tsc = now;
	w->was_busy = work != 0;
}

static void
run(struct worker *w)
{
	bool slept;

	do {
		do {
			uint32_t work = turn(w);

			account(w, work);
			slept = false;
			if (work == 0)
				slept = idle_turn(w);
			else if (unlikely(w->idle_turns != 0))
				idle_over(w);
		} while (likely(++w->turns % HOUSEKEEPING_TURNS != 0 && !slept));
		ask_serve(&w->ask);
	} while (!__atomic_load_n(&w->stop, __ATOMIC_RELAXED));
}

/* Sessions that still exist, closed or not. */
static uint32_t
sessions_left(const struct worker *w)
{
	uint32_t left = 0;

	for (unsigned int i = 0; i < w->nb_pairs; i++)
		for (uint32_t k = 0; k < w->options->max_sessions; k++)
			left += rdp_session_at(w->pairs[i]->ep, (uint16_t)k) != NULL;
	return left;
}

static void
close_sessions(const struct worker *w)
{
	struct rdp_session *session;

	for (unsigned int i = 0; i < w->nb_pairs; i++) {
		/* Who comes back at once is not to be told goodbye twice. */
		rdp_refuse(w->pairs[i]->ep);
		for (uint32_t k = 0; k < w->options->max_sessions; k++) {
			session = rdp_session_at(w->pairs[i]->ep, (uint16_t)k);
			if (session != NULL)
				rdp_close(session);
		}
	}
}

/* Tell the peers, so that none of them has to find out by a time-out. */
static void
say_goodbye(const struct worker *w)
{
	uint64_t ms = rte_get_tsc_hz() / 1000, next = rte_rdtsc() + ms;
	unsigned int left = CLOSE_MS;

	close_sessions(w);
	while (left > 0 && sessions_left(w) != 0) {
		while (rte_rdtsc() < next)
			for (unsigned int i = 0; i < w->nb_pairs; i++) {
				rdp_poll(w->pairs[i]->ep);
				rdp_flush(w->pairs[i]->ep);
			}
		next += ms;
		left--;
	}
}

static int
worker_main(void *arg)
{
	struct worker *w = arg;
	int ret = idle_begin(w);

	if (ret != 0)
		fprintf(stderr, "shmx-server: worker on lcore %u cannot wait for interrupts: %s\n",
			w->lcore, rte_strerror(-ret));
	target_worker_online(w->target);
	w->last_tsc = rte_rdtsc();
	if (ret == 0)
		run(w);
	say_goodbye(w);
	target_worker_offline(w->target);
	idle_end(w);
	return ret;
}

static int
create_target(struct server *s, struct problem *p)
{
	const struct target_conf conf = {
		.mem = s->mem,
		.sync = s->sync,
		.comm = s->comm,
		.nb_refs = 4096,
		.clock = s->clock,
		.nb_workers = s->nb_workers,
		.owner_grace_ns = s->options->owner_grace_ms * UINT64_C(1000000),
		.socket_id = (int)rte_socket_id(),
	};
	int ret = target_create(&conf, &s->target);

	if (ret == 0)
		return 0;
	return problem_set(p, "no target for %u workers: %s", s->nb_workers, rte_strerror(-ret));
}

int
workers_count(struct server *s, struct problem *p)
{
	unsigned int lcore;

	RTE_LCORE_FOREACH_WORKER (lcore)
		s->nb_workers++;
	if (s->nb_workers == 0)
		return problem_set(p, "no worker lcore: give EAL one beside the main one, such as "
				      "--lcores '0@0,1@0', which puts both on one core");
	if (s->nb_workers > WORKERS_MAX)
		return problem_set(p,
			"%u worker lcores are too many, %d are the most: give EAL "
			"fewer, with -l or --lcores",
			s->nb_workers, WORKERS_MAX);
	return 0;
}

int
workers_create(struct server *s, struct problem *p)
{
	unsigned int lcore, n = 0;
	int ret = create_target(s, p);

	if (ret != 0)
		return ret;
	s->workers = rte_calloc("workers", s->nb_workers, sizeof(*s->workers), RTE_CACHE_LINE_SIZE);
	if (s->workers == NULL)
		return problem_set(p, "no memory for %u workers", s->nb_workers);
	RTE_LCORE_FOREACH_WORKER (lcore) {
		s->workers[n].lcore = lcore;
		s->workers[n].options = s->options;
		s->workers[n].target = target_worker_at(s->target, n);
		n++;
	}
	return 0;
}

void
workers_destroy(struct server *s)
{
	rte_free(s->workers);
	s->workers = NULL;
	target_destroy(s->target);
	s->target = NULL;
}

void
workers_launch(struct server *s)
{
	for (unsigned int i = 0; i < s->nb_workers; i++)
		rte_eal_remote_launch(worker_main, &s->workers[i], s->workers[i].lcore);
}

bool
workers_running(const struct server *s)
{
	for (unsigned int i = 0; i < s->nb_workers; i++)
		if (rte_eal_get_lcore_state(s->workers[i].lcore) != RUNNING)
			return false;
	return true;
}

void
workers_stop(struct server *s)
{
	for (unsigned int i = 0; i < s->nb_workers; i++)
		__atomic_store_n(&s->workers[i].stop, true, __ATOMIC_RELAXED);
	rte_eal_mp_wait_lcore();
}
