/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <errno.h>
#include <string.h>

#include <rte_malloc.h>

#include "target/target_private.h"

/* Moving jobs between threads. What they do stands in steps.c. */

static void
list_init(struct job_list *list)
{
	list->head = NULL;
	list->tail = &list->head;
}

static void
list_put(struct job_list *list, struct target_job *job)
{
	job->next = NULL;
	*list->tail = job;
	list->tail = &job->next;
}

/* The first one, which there is. */
static struct target_job *
list_take(struct job_list *list)
{
	struct target_job *job = list->head;

	list->head = job->next;
	if (list->head == NULL)
		list->tail = &list->head;
	return job;
}

int
job_create_all(struct target_worker *w, int socket_id)
{
	w->jobs = rte_zmalloc_socket(
		"target_jobs", TARGET_JOBS * sizeof(*w->jobs), RTE_CACHE_LINE_SIZE, socket_id);
	w->free_job = rte_zmalloc_socket(
		"target_jobs", TARGET_JOBS * sizeof(*w->free_job), RTE_CACHE_LINE_SIZE, socket_id);
	if (w->jobs == NULL || w->free_job == NULL)
		return -ENOMEM;
	for (uint32_t i = 0; i < TARGET_JOBS; i++)
		w->free_job[w->nb_free_job++] = &w->jobs[i];
	list_init(&w->quiescent);
	list_init(&w->memory);
	list_init(&w->unsent);
	return 0;
}

struct target_job *
job_take(struct target_worker *w)
{
	return w->nb_free_job > 0 ? w->free_job[--w->nb_free_job] : NULL;
}

/* The session the request came from; NULL when it has ended since. */
static struct rdp_session *
session_of(const struct target_job *job)
{
	struct rdp_session *s = rdp_session_at(job->ep, job->session);

	return s != NULL && s->local_inc == job->session_inc && s->state == RDP_OPEN ? s : NULL;
}

/* Bytes of data in the response. */
static uint32_t
data_len(const struct target_job *job)
{
	if (job->err != 0)
		return 0;
	if (job->op == WIRE_OP_OWNERS)
		return owners_len(job);
	return job->op == WIRE_OP_POOL_STAT ? (uint32_t)sizeof(job->info)
	                                    : job->values * (uint32_t)sizeof(uint64_t);
}

static void
data_write(const struct target_job *job, uint8_t *to, uint32_t len)
{
	if (job->op == WIRE_OP_POOL_STAT) {
		memcpy(to, &job->info, len);
		return;
	}
	if (job->op == WIRE_OP_OWNERS && len > 0) {
		owners_write(job, to);
		return;
	}
	for (uint32_t i = 0; i * 8 < len; i++) {
		rte_be64_t be = rte_cpu_to_be_64(job->value[i]);

		memcpy(to + i * 8, &be, sizeof(be));
	}
}

/* Back at its owner: answer, or wait for room. */
static void
job_respond(struct target_worker *w, struct target_job *job)
{
	struct rdp_session *s = session_of(job);
	uint32_t len = data_len(job);
	uint8_t *to;

	if (s != NULL) {
		to = rdp_response(s, (uint32_t)sizeof(struct wire_record) + wire_pad(len));
		if (to == NULL) {
			list_put(&w->unsent, job);
			return;
		}
		target_response(to, job->op, status_from_errno(job->err), job->id, len);
		data_write(job, to + sizeof(struct wire_record), len);
		*target_jobs(s) -= 1;
	}
	w->stats.op_errors += job->err != 0;
	w->free_job[w->nb_free_job++] = job;
}

static unsigned int
index_of(const struct target *t, const struct target_job *job, enum job_place place)
{
	if (place == JOB_CONTROL)
		return t->nb_workers;
	return place == JOB_OWNER ? job->owner->index : target_home(t, job->pool);
}

static enum job_place
first_place(const struct target_job *job)
{
	return job->op == WIRE_OP_POOL_CREATE || job->op == WIRE_OP_POOL_GROW ? JOB_CONTROL
	                                                                      : JOB_HOME;
}

/* Go on with a job that is here and has its next step at @p place, until it leaves or waits. */
static void
job_go(struct target *t, unsigned int here, struct target_job *job, enum job_place place)
{
	for (;;) {
		unsigned int to = index_of(t, job, place);

		if (to != here) {
			/* Never full: each ring has room for all jobs of both ends. */
			job->place = (uint8_t)place;
			rte_ring_sp_enqueue(t->ring[here][to], job);
			return;
		}
		switch (place) {
		case JOB_OWNER:
			job_respond(t->worker[here], job);
			return;
		case JOB_CONTROL:
			place = job_step_control(t, job);
			break;
		case JOB_HOME:
			place = job_step_home(t->worker[here], job);
			break;
		case JOB_QUIESCENT:
			list_put(&t->worker[here]->quiescent, job);
			return;
		case JOB_MEMORY:
			list_put(&t->worker[here]->memory, job);
			return;
		}
	}
}

void
job_run(struct target *t, unsigned int here, struct target_job *job)
{
	enum job_place place = first_place(job);

	if (index_of(t, job, place) != here)
		job->owner->stats.handed_over++;
	job_go(t, here, job, place);
}

uint32_t
job_poll(struct target *t, unsigned int here)
{
	uint32_t n = 0;

	for (unsigned int from = 0; from <= t->nb_workers; from++) {
		struct rte_ring *ring = t->ring[from][here];
		void *job;

		while (ring != NULL && rte_ring_sc_dequeue(ring, &job) == 0) {
			job_go(t, here, job, ((struct target_job *)job)->place);
			n++;
		}
	}
	return n;
}

/* Second halves: tokens grow along the list, so none behind one that is not ready is. */
uint32_t
job_poll_quiescent(struct target_worker *w)
{
	const struct job_list *list = &w->quiescent;
	uint32_t n = 0;

	while (n < TARGET_TURN_ENDS && w->turn_bytes > 0 && list->head != NULL &&
		rte_rcu_qsbr_check(w->target->qsbr, list->head->token, false) == 1) {
		job_go(w->target, w->index, list_take(&w->quiescent), JOB_HOME);
		n++;
	}
	return n;
}

/*
 * Try again what waits in a list, TARGET_TURN_TRIES of them: whoever has to go on waiting goes to
 * its end, and the next turn goes on with the next. None is tried twice in a turn.
 */
static uint32_t
try_again(struct target_worker *w, struct job_list *list, enum job_place place)
{
	struct target_job *const *end = list->tail;
	uint32_t n = 0;
	bool last = false;

	while (n < TARGET_TURN_TRIES && !last) {
		struct target_job *job = list_take(list);

		last = &job->next == end;
		job_go(w->target, w->index, job, place);
		n++;
	}
	return n;
}

uint32_t
job_poll_memory(struct target_worker *w)
{
	return try_again(w, &w->memory, JOB_HOME);
}

uint32_t
job_poll_unsent(struct target_worker *w)
{
	return try_again(w, &w->unsent, JOB_OWNER);
}
