/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <errno.h>
#include <string.h>

#include "target/target_private.h"

/* Barriers: requests on lib/sync/barrier.h, at home with the locks. */

static_assert(BARRIER_NODES == MEM_NODES_MAX, "owners_bits() writes such sets");

/* Events that one turn takes. */
#define SERVE_EVENTS 32u
#define EVENT_BATCH  8u

bool
barrier_read(struct target_job *job, const struct wire_record *rec)
{
	const struct wire_barrier *b = (const struct wire_barrier *)rec;

	job->size = rte_be_to_cpu_64(b->timeout_us);
	job->lock = rte_be_to_cpu_32(b->barrier);
	return owners_read(job, b + 1, rte_be_to_cpu_32(rec->len)) == 0 && job->nb_nodes > 0;
}

enum job_place
barrier_step(struct target_worker *w, struct target_job *job)
{
	uint64_t deadline = locks_deadline(clock_now(&w->target->clock), job->size);
	struct barrier_set set = {{0}};

	if (job->holder == 0)
		return job_done(job, -ENOSPC);
	owners_bits(job, 0, job->nb_nodes, set.bits);
	job->err = barrier_enter(w->target->locks.barrier, job->lock, job->node, &set, deadline,
		target_waiter(job->session_inc, job->id), job->holder);
	/* The last one is told as the others are. */
	return job->err == 0 || job->err == -EINPROGRESS ? JOB_END : JOB_ANSWER;
}

/* Those who are missing, as many as a record names. */
static void
missing_put(struct target_job *job, const struct barrier_set *missing)
{
	for (uint32_t node = 0; node < BARRIER_NODES && job->nb_nodes < WIRE_NODES_MAX; node++)
		if (barrier_set_has(missing, node))
			job->nodes[job->nb_nodes++] = (uint16_t)node;
}

static void
tell(struct target_worker *w, const struct barrier_event *ev)
{
	struct target_seat seat;
	struct target_job *job;

	if (!target_waiter_seat(w->target, ev->holder, ev->cookie, &seat))
		return;
	job = target_seat_job(w, &seat, WIRE_OP_BARRIER);
	job->id = (rte_be16_t)ev->cookie;
	job->err = ev->status;
	if (ev->status != 0)
		missing_put(job, &ev->missing);
	job_go(w->target, w->index, job, JOB_ANSWER);
}

/* The home worker: who has been waited for, and who has waited long enough. */
uint32_t
barriers_serve(struct target_worker *w)
{
	struct barrier *b = w->target->locks.barrier;
	struct barrier_event events[EVENT_BATCH];
	uint64_t now = barrier_next_deadline(b) != BARRIER_FOREVER ? clock_now(&w->target->clock)
	                                                           : 0;
	uint32_t taken = 0;
	unsigned int n, most;

	do {
		most = RTE_MIN(EVENT_BATCH, w->nb_free_job);
		n = most > 0 ? barrier_poll(b, now, events, most) : 0;
		for (unsigned int i = 0; i < n; i++)
			tell(w, &events[i]);
		taken += n;
	} while (n > 0 && taken < SERVE_EVENTS);
	return taken;
}
