/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <rte_malloc.h>

#include "target/target_private.h"

/*
 * Sessions as those who hold locks: their node's id, and an index that no other session has while
 * home knows this one. Each worker deals out its share of the indices.
 */

#define HOLDERS_MAX 65535u

static uint32_t
share_of(const struct target *t)
{
	return RTE_MIN(HOLDERS_MAX / t->nb_workers, (uint32_t)TARGET_HOLDERS);
}

int
holders_create(struct target_worker *w, int socket_id)
{
	uint32_t n = share_of(w->target);

	if (w->index == 0)
		w->target->seat = rte_zmalloc_socket("target_seats",
			(w->target->nb_workers * n + 1) * sizeof(*w->target->seat),
			RTE_CACHE_LINE_SIZE, socket_id);
	w->free_holder = rte_malloc_socket(
		"target_holders", n * sizeof(*w->free_holder), RTE_CACHE_LINE_SIZE, socket_id);
	w->gone = rte_malloc_socket(
		"target_holders", n * sizeof(*w->gone), RTE_CACHE_LINE_SIZE, socket_id);
	if (w->free_holder == NULL || w->gone == NULL || w->target->seat == NULL)
		return -ENOMEM;
	for (uint32_t i = n; i > 0; i--)
		w->free_holder[w->nb_free_holder++] = (uint16_t)(w->index * n + i);
	return 0;
}

void
holders_destroy(struct target_worker *w)
{
	rte_free(w->free_holder);
	rte_free(w->gone);
}

/* 0: there are too many. */
uint32_t
target_holder(struct target_worker *w, struct rdp_session *s)
{
	uint64_t index = s->user[1] >> 32;

	if (unlikely(index == 0)) {
		if (w->nb_free_holder == 0)
			return 0;
		index = w->free_holder[--w->nb_free_holder];
		s->user[1] |= index << 32;
		w->target->seat[index] = (struct target_seat){
			.ep = s->ep,
			.session_inc = s->local_inc,
			.session = s->index,
			.worker = w->index,
		};
	}
	return (uint32_t)s->peer_node << 16 | (uint32_t)index;
}

/* The session has ended: home is told as soon as there is a job for it. */
void
target_holder_end(struct target_worker *w, struct rdp_session *s)
{
	if (s->user[1] >> 32 != 0)
		w->gone[w->nb_gone++] = target_holder(w, s);
}

void
target_holder_free(struct target_worker *w, uint32_t holder)
{
	w->free_holder[w->nb_free_holder++] = (uint16_t)holder;
}

uint32_t
target_holders_tell(struct target_worker *w)
{
	struct target_job *job;
	uint32_t n = 0;

	for (; w->nb_gone > 0 && (job = job_take(w)) != NULL; n++) {
		*job = (struct target_job){
			.owner = w, .at = w, .op = TARGET_OP_GONE, .holder = w->gone[--w->nb_gone]};
		job_go(w->target, w->index, job, JOB_HOME);
	}
	return n;
}

/*
 * Where a request came from that waited. Copied, for its worker may just be dealing out the index
 * anew. @return false: its session has ended.
 */
bool
target_waiter_seat(
	const struct target *t, uint32_t holder, uint64_t waiter, struct target_seat *seat)
{
	*seat = *target_seat(t, holder);
	return seat->session_inc == (rte_be32_t)(waiter >> 16);
}

/* Make it a job of this worker's for the session there. */
void
target_seat_fill(
	struct target_worker *w, const struct target_seat *seat, uint8_t op, struct target_job *job)
{
	*job = (struct target_job){
		.owner = w,
		.at = w->target->worker[seat->worker],
		.ep = seat->ep,
		.session = seat->session,
		.session_inc = seat->session_inc,
		.op = op,
	};
}

/* One of its jobs, of which it has some left. */
struct target_job *
target_seat_job(struct target_worker *w, const struct target_seat *seat, uint8_t op)
{
	struct target_job *job = job_take(w);

	target_seat_fill(w, seat, op, job);
	return job;
}
