/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <errno.h>
#include <stdio.h>

#include <rte_errno.h>
#include <rte_malloc.h>

#include "target/nodes.h"
#include "target/target_private.h"

/*
 * Never full: between two workers go jobs of these two. The control thread, and the home of locks
 * and inboxes, pass on what others asked a pool's home for; and the latter sends its carriers.
 */
static unsigned int
ring_size(const struct target *t, unsigned int from, unsigned int to)
{
	bool of_all = from == 0 || to == 0 || from == t->nb_workers || to == t->nb_workers;
	unsigned int jobs = of_all ? t->nb_workers * TARGET_JOBS + COMM_NODE_MAX + 2
	                           : 2 * TARGET_JOBS;

	return rte_align32pow2(jobs + 1);
}

static struct rte_ring *
ring_create(const struct target *t, unsigned int from, unsigned int to, int socket_id)
{
	char name[RTE_RING_NAMESIZE];

	snprintf(name, sizeof(name), "target_%x_%u_%u", (unsigned int)(uintptr_t)t, from, to);
	return rte_ring_create(
		name, ring_size(t, from, to), socket_id, RING_F_SP_ENQ | RING_F_SC_DEQ);
}

static int
create_rings(struct target *t, int socket_id)
{
	for (unsigned int from = 0; from <= t->nb_workers; from++) {
		for (unsigned int to = 0; to <= t->nb_workers; to++) {
			if (from == to)
				continue;
			t->ring[from][to] = ring_create(t, from, to, socket_id);
			if (t->ring[from][to] == NULL)
				return -rte_errno;
		}
	}
	return 0;
}

static int
create_qsbr(struct target *t, int socket_id)
{
	size_t size = rte_rcu_qsbr_get_memsize(t->nb_workers);

	t->qsbr = rte_zmalloc_socket("target_qsbr", size, RTE_CACHE_LINE_SIZE, socket_id);
	if (t->qsbr == NULL)
		return -ENOMEM;
	return rte_rcu_qsbr_init(t->qsbr, t->nb_workers) == 0 ? 0 : -rte_errno;
}

/* Bytes of a bit per pool id. */
static size_t
pool_bits_size(const struct mem *mem)
{
	return ((mem_last_pool(mem) - mem_first_pool(mem)) / 64 + 1u) * sizeof(uint64_t);
}

static int
create_worker(struct target *t, unsigned int index, int socket_id)
{
	struct target_worker *w = rte_zmalloc_socket(
		"target_worker", sizeof(*w), RTE_CACHE_LINE_SIZE, socket_id);

	if (w == NULL)
		return -ENOMEM;
	t->worker[index] = w;
	w->target = t;
	w->mem = t->mem;
	w->alone = t->nb_workers == 1 && !t->mapped;
	w->index = (uint16_t)index;
	w->dirty_pools = rte_zmalloc_socket(
		"target_worker", pool_bits_size(t->mem), RTE_CACHE_LINE_SIZE, socket_id);
	w->nodes = nodes_create(socket_id);
	if (w->dirty_pools == NULL || w->nodes == NULL)
		return -ENOMEM;
	turn_init(w);
	return holders_create(w, socket_id) == 0 ? job_create_all(w, socket_id) : -ENOMEM;
}

static int
create_lives(struct target *t, int socket_id)
{
	size_t n = mem_last_pool(t->mem) - mem_first_pool(t->mem) + 1u;

	t->life = rte_zmalloc_socket(
		"target_lives", n * sizeof(*t->life), RTE_CACHE_LINE_SIZE, socket_id);
	return t->life != NULL ? 0 : -ENOMEM;
}

static int
create_workers(struct target *t, int socket_id)
{
	for (unsigned int i = 0; i < t->nb_workers; i++) {
		int ret = create_worker(t, i, socket_id);

		if (ret < 0)
			return ret;
		if (rte_rcu_qsbr_thread_register(t->qsbr, i) != 0)
			return -rte_errno;
	}
	return 0;
}

int
target_create(const struct target_conf *conf, struct target **target)
{
	struct target *t;
	int ret;

	if (conf == NULL || conf->mem == NULL || conf->nb_workers == 0 ||
		conf->nb_workers > TARGET_WORKERS_MAX)
		return -EINVAL;
	t = rte_zmalloc_socket("target", sizeof(*t), RTE_CACHE_LINE_SIZE, conf->socket_id);
	if (t == NULL)
		return -ENOMEM;
	t->mem = conf->mem;
	t->nb_workers = conf->nb_workers;
	t->mapped = conf->mapped;
	t->clock = conf->clock;
	presence_init(t, conf->owner_grace_ns);
	ret = create_rings(t, conf->socket_id);
	if (ret == 0)
		ret = create_lives(t, conf->socket_id);
	if (ret == 0)
		ret = policy_create(t, conf->socket_id);
	if (ret == 0)
		ret = locks_create(t, conf);
	if (ret == 0)
		ret = create_qsbr(t, conf->socket_id);
	if (ret == 0)
		ret = create_workers(t, conf->socket_id);
	if (ret == 0)
		ret = inboxes_create(t, conf);
	if (ret < 0) {
		target_destroy(t);
		return ret;
	}
	*target = t;
	return 0;
}

static void
destroy_worker(struct target_worker *w)
{
	if (w == NULL)
		return;
	rte_free(w->jobs);
	rte_free(w->free_job);
	rte_free(w->dirty_pools);
	holders_destroy(w);
	send_memory_destroy(w);
	rte_free(w->letters);
	rte_free(w->nodes);
	rte_free(w);
}

void
target_destroy(struct target *t)
{
	if (t == NULL)
		return;
	for (unsigned int i = 0; i < t->nb_workers; i++)
		destroy_worker(t->worker[i]);
	for (unsigned int from = 0; from <= t->nb_workers; from++)
		for (unsigned int to = 0; to <= t->nb_workers; to++)
			rte_ring_free(t->ring[from][to]);
	rte_free(t->qsbr);
	rte_free(t->policy.pool);
	rte_free(t->life);
	locks_destroy(t);
	rte_free(t->seat);
	rte_free(t->carrier);
	rte_free(t);
}

struct target_worker *
target_worker_at(struct target *t, unsigned int index)
{
	return index < t->nb_workers ? t->worker[index] : NULL;
}

void
target_worker_online(struct target_worker *w)
{
	rte_rcu_qsbr_thread_online(w->target->qsbr, w->index);
	w->online = true;
}

void
target_worker_offline(struct target_worker *w)
{
	w->online = false;
	rte_rcu_qsbr_thread_offline(w->target->qsbr, w->index);
}

/* Whether all that this session was to do before has been done, or will be in the same batch. */
static bool
in_order(struct target_worker *w, struct rdp_session *s, const struct wire_record *rec)
{
	if (target_jobs(s) > 0)
		return false;
	target_settle(w);
	if (rec->op > WIRE_OP_CAS)
		target_run_batch(w);
	return true;
}

static int32_t
target_records(void *ctx, struct rdp_session *s, const uint8_t *records, uint32_t len)
{
	struct target_worker *w = ctx;
	uint32_t off = 0, ahead = 0;

	while (off < len) {
		const struct wire_record *rec = (const struct wire_record *)(records + off);
		uint32_t size = wire_request_size(rec, len - off);
		int ret;

		if (unlikely(size == 0)) {
			w->stats.malformed++;
			return -EPROTO;
		}
		if (unlikely(rec->status & WIRE_REQUEST_ORDERED) && !in_order(w, s, rec))
			break;
		if (likely(rec->op <= WIRE_OP_CAS)) {
			ret = target_stage(w, s, rec);
		} else {
			if (off >= ahead && (rec->op == WIRE_OP_LOCK || rec->op == WIRE_OP_UNLOCK))
				ahead = off + locks_prefetch(w, records + off, len - off);
			ret = target_request(w, s, rec);
		}
		if (unlikely(ret < 0))
			break;
		w->stats.ops[rec->op]++;
		off += size;
	}
	return (int32_t)off;
}

/* Whether locks are at home here. */
static inline bool
has_locks(const struct target_worker *w)
{
	return w->index == TARGET_SYNC_HOME && w->target->locks.sync != NULL;
}

static inline bool
has_inboxes(const struct target_worker *w)
{
	return w->index == TARGET_SYNC_HOME && w->target->comm != NULL;
}

static void
target_batch_end(void *ctx)
{
	struct target_worker *w = ctx;

	target_run_batch(w);
	/* Who waits for a lock that was just left is told in the same turn. */
	if (unlikely(has_locks(w) && sync_pending(w->target->locks.sync)))
		locks_serve(w);
	if (unlikely(has_inboxes(w) && comm_nb_ready(w->target->comm) > 0))
		inboxes_serve(w);
}

static int32_t
target_recall(void *ctx, struct rdp_session *s, uint32_t psn, uint8_t *to)
{
	(void)psn;
	return target_read_again(ctx, s, (struct wire_record *)to - 1);
}

static void
target_opened(void *ctx, struct rdp_session *s, int status)
{
	struct target_worker *w = ctx;

	if (status != 0)
		return;
	nodes_opened(w->nodes, s);
	presence_came(w->target, s->peer_node);
}

static void
target_closed(void *ctx, struct rdp_session *s, int status)
{
	struct target_worker *w = ctx;

	/* Jobs of the session find it gone when they come back. */
	target_holder_end(w, s);
	nodes_closed(w->nodes, s);
	presence_went(w->target, s->peer_node);
}

const struct rdp_handler target_handler = {
	.records = target_records,
	.batch_end = target_batch_end,
	.recall = target_recall,
	.opened = target_opened,
	.closed = target_closed,
};

/* Calls that wait cost nothing but, if they have deadlines, a look at the clock. */
static uint32_t
poll_locks(struct target_worker *w)
{
	const struct sync *sync = w->target->locks.sync;

	const struct barrier *b = w->target->locks.barrier;
	uint32_t work = 0;

	if (unlikely(sync_pending(sync) || sync_next_deadline(sync) != SYNC_FOREVER))
		work += locks_serve(w);
	if (unlikely(barrier_pending(b) || barrier_next_deadline(b) != BARRIER_FOREVER))
		work += barriers_serve(w);
	return work;
}

/* The first dirty pool from bit @p from on; UINT32_MAX: none. */
static uint32_t
dirty_from(const struct target_worker *w, uint32_t from)
{
	uint64_t mask = UINT64_MAX << (from % 64);

	for (uint32_t i = from / 64; i < w->nb_dirty; i++, mask = UINT64_MAX)
		if ((w->dirty_pools[i] & mask) != 0)
			return i * 64 + (uint32_t)__builtin_ctzll(w->dirty_pools[i] & mask);
	return UINT32_MAX;
}

/* Clear a little of what was freed, so that it can be handed out again; one pool after another. */
static uint32_t
zero_some(struct target_worker *w)
{
	uint32_t bit = dirty_from(w, w->dirty_next);

	if (bit == UINT32_MAX)
		bit = dirty_from(w, 0);
	if (bit == UINT32_MAX) {
		w->nb_dirty = 0;
		return 0;
	}
	if (mem_zero_step(w->mem, (uint16_t)(mem_first_pool(w->mem) + bit), TARGET_ZERO_STEP) == 0)
		w->dirty_pools[bit / 64] &= ~(UINT64_C(1) << (bit % 64));
	w->dirty_next = bit + 1;
	return 1;
}

/* What waited has the turn's bytes before what comes; of the two that want them, one first and then
 * the other. */
static uint32_t
poll_waiting(struct target_worker *w)
{
	bool due_first = w->turn / TARGET_TURNS % 2 == 0;
	uint32_t work = 0;

	if (unlikely(due_first && w->due.head != NULL))
		work += job_poll_due(w);
	if (unlikely(w->quiescent.head != NULL))
		work += job_poll_quiescent(w);
	if (unlikely(w->due.head != NULL))
		work += job_poll_due(w);
	return work;
}

uint32_t
target_worker_poll(struct target_worker *w)
{
	uint32_t work = turn_begin(w);

	w->nb_lent = 0;
	/* Nothing here is so urgent that every turn of an idle worker should pay for it. */
	if (likely(++w->turn % TARGET_TURNS != 0))
		return work;
	rte_rcu_qsbr_quiescent(w->target->qsbr, w->index);
	work += poll_waiting(w);
	work += job_poll(w->target, w->index);
	if (unlikely(w->unsent.head != NULL))
		work += job_poll_unsent(w);
	if (unlikely(w->later.head != NULL))
		work += job_poll_later(w);
	if (unlikely(w->nb_gone > 0))
		work += target_holders_tell(w);
	if (has_locks(w))
		work += poll_locks(w);
	if (has_inboxes(w))
		work += inboxes_serve(w);
	work += reap_poll(w);
	if (unlikely(w->nb_dirty > 0))
		work += zero_some(w);
	return work;
}

uint32_t
target_control_poll(struct target *t)
{
	return job_poll(t, t->nb_workers) + policy_poll(t);
}

const struct target_stats *
target_worker_stats(const struct target_worker *w)
{
	return &w->stats;
}
