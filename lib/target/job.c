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
	list_init(&w->due);
	list_init(&w->later);
	list_init(&w->unsent);
	return 0;
}

struct target_job *
job_take(struct target_worker *w)
{
	return w->nb_free_job > 0 ? w->free_job[--w->nb_free_job] : NULL;
}

/* The session a request came from; NULL when it has ended since. */
struct rdp_session *
job_session(struct rdp_ep *ep, uint16_t index, rte_be32_t local_inc)
{
	struct rdp_session *s = rdp_session_at(ep, index);

	return s != NULL && s->local_inc == local_inc && s->state == RDP_OPEN ? s : NULL;
}

static struct rdp_session *
session_of(const struct target_job *job)
{
	return job_session(job->ep, job->session, job->session_inc);
}

/* Bytes of data in the response. */
static uint32_t
data_len(const struct target_job *job)
{
	if (job->op == WIRE_OP_BARRIER)
		return job->err == -ETIMEDOUT ? nodes_len(job) : 0;
	if (job->err != 0)
		return 0;
	if (job->op == WIRE_OP_OWNERS)
		return owners_len(job);
	if (job->op == WIRE_OP_LOCK || job->op == WIRE_OP_LOCK_LIST)
		return locks_len(job);
	return job->op == WIRE_OP_POOL_STAT ? (uint32_t)sizeof(job->info)
	                                    : job->values * (uint32_t)sizeof(uint64_t);
}

static void
data_write(const struct target_job *job, uint8_t *to, uint32_t len)
{
	/* They lie in the job as they travel. */
	if (job->op == WIRE_OP_POOL_STAT || job->op == WIRE_OP_LOCK ||
		job->op == WIRE_OP_LOCK_LIST) {
		memcpy(to, &job->info, len);
		return;
	}
	if (job->op == WIRE_OP_OWNERS && len > 0) {
		owners_write(job, to);
		return;
	}
	if (job->op == WIRE_OP_BARRIER) {
		nodes_write(job, to);
		return;
	}
	for (uint32_t i = 0; i * 8 < len; i++) {
		rte_be64_t be = rte_cpu_to_be_64(job->value[i]);

		memcpy(to + i * 8, &be, sizeof(be));
	}
}

/* Nothing of it counts any more: neither what its session waits for nor whom it was about. */
static void
job_end(struct target_worker *w, struct target_job *job)
{
	struct rdp_session *s = job->counted ? session_of(job) : NULL;

	if (s != NULL)
		target_jobs_add(s, job->op, -1);
	if (job->op == TARGET_OP_DELIVER) {
		inbox_delivered(w, job);
		return;
	}
	if (job->op == TARGET_OP_GONE)
		target_holder_free(w, job->holder);
	w->free_job[w->nb_free_job++] = job;
}

static bool
respond(struct rdp_session *s, const struct target_job *job)
{
	uint32_t len = data_len(job);
	uint8_t *to = rdp_response(s, (uint32_t)sizeof(struct wire_record) + wire_pad(len));

	if (to == NULL)
		return false;
	target_response(to, job->op, status_from_errno(job->err), job->id, len);
	/* Behind all that came from the inbox, also when frames are lost. */
	if (job->op == WIRE_OP_INBOX_CLOSE)
		rdp_order(s);
	data_write(job, to + sizeof(struct wire_record), len);
	return true;
}

/* Where the session is, if somebody waits there: answer. Returns whether there was room. */
static bool
job_answer(struct target_worker *w, struct target_job *job)
{
	struct rdp_session *s = job->ep != NULL ? session_of(job) : NULL;

	if (s != NULL &&
		!(job->op == TARGET_OP_DELIVER ? inbox_deliver(s, job) : respond(s, job))) {
		list_put(&w->unsent, job);
		return false;
	}
	w->stats.op_errors += job->err != 0;
	return true;
}

static bool
is_at_sync_home(const struct target_job *job)
{
	if (job->op == WIRE_OP_SEND_MEMORY)
		return send_memory_at_inboxes(job);
	return target_is_sync(job->op) || target_is_comm(job->op);
}

static unsigned int
index_of(const struct target *t, const struct target_job *job, enum job_place place)
{
	switch (place) {
	case JOB_CONTROL:
		return t->nb_workers;
	case JOB_ANSWER:
		return job->at->index;
	case JOB_END:
		return job->owner != NULL ? job->owner->index : t->nb_workers;
	default:
		return is_at_sync_home(job) ? TARGET_SYNC_HOME : target_home(t, job->pool);
	}
}

static enum job_place
first_place(const struct target_job *job)
{
	return job->op == WIRE_OP_POOL_CREATE || job->op == WIRE_OP_POOL_GROW ? JOB_CONTROL
	                                                                      : JOB_HOME;
}

/* Go on with a job that is here and has its next step at @p place, until it leaves or waits. */
void
job_go(struct target *t, unsigned int here, struct target_job *job, enum job_place place)
{
	for (;;) {
		unsigned int to = index_of(t, job, place);

		if (to != here) {
			/* Never full: see ring_size(). */
			job->place = (uint8_t)place;
			rte_ring_sp_enqueue(t->ring[here][to], job);
			return;
		}
		switch (place) {
		case JOB_ANSWER:
			if (!job_answer(t->worker[here], job))
				return;
			place = JOB_END;
			break;
		case JOB_END:
			if (job->owner != NULL)
				job_end(t->worker[here], job);
			else
				policy_job_end(t, job);
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
		case JOB_TURN:
			list_put(&t->worker[here]->due, job);
			return;
		case JOB_LATER:
			list_put(&t->worker[here]->later, job);
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

/* Those that found nothing left in an earlier turn. */
uint32_t
job_poll_due(struct target_worker *w)
{
	uint32_t n = 0;

	for (; w->turn_bytes > 0 && w->due.head != NULL; n++)
		job_go(w->target, w->index, list_take(&w->due), JOB_HOME);
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
job_poll_later(struct target_worker *w)
{
	return try_again(w, &w->later, JOB_HOME);
}

uint32_t
job_poll_unsent(struct target_worker *w)
{
	return try_again(w, &w->unsent, JOB_ANSWER);
}
