/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "target/target_private.h"

/*
 * What a job does at each station. A change that takes memory or a right away is announced in
 * the map first; its second half waits until every worker has passed a quiescent state, so that
 * nothing checked under the old map is executed after the change was reported.
 */

static int
alloc(struct target_worker *w, struct target_job *job, uint16_t set)
{
	const struct mem_alloc_req req = {
		.len = job->size,
		.align = UINT64_C(1) << job->align_log2,
		.name = job->name[0] != '\0' ? job->name : NULL,
		.pool = job->pool,
		.set = set,
		.node = job->node,
		.mortal = job->mortal,
	};

	return mem_alloc_for(w->mem, &req, &job->value[0]);
}

#define TRIES         63
#define TRIES_CLEARED (16u << 10) /* bytes between two of them, at least */

/*
 * Whether what waits for memory to be cleared may do so: until all that waited when it began to
 * could have been cleared, but not for ever, since what is freed meanwhile may be cleared first.
 */
static bool
may_try_again(const struct target_worker *w, struct target_job *job)
{
	struct mem_pool_stat st;

	if (job->tries == 0 && mem_pool_peek(w->mem, job->pool, &st) == 0)
		job->tries = st.zeroing / TRIES_CLEARED + TRIES;
	return job->tries > 0 && --job->tries > 0;
}

/* The extent that the pool has grown by for it. */
static int
alloc_attach(struct target_worker *w, struct target_job *job)
{
	int ret = job->extent.pages != 0 ? mem_extent_attach(w->mem, &job->extent) : 0;

	if (ret == 0)
		job->extent.pages = 0;
	return ret;
}

static enum job_place
step_alloc(struct target_worker *w, struct target_job *job)
{
	uint16_t set;
	int ret = alloc_attach(w, job);

	if (ret < 0) {
		job->err = ret;
		return JOB_CONTROL;
	}
	/* For an extent it waits anew. */
	if (job->grows)
		job->tries = 0;
	job->grows = false;
	ret = owners_set(w, job, &set);
	if (ret == -ENOSPC && !job->reclaimed)
		return JOB_CONTROL;
	if (ret < 0)
		return job_done(job, ret);
	ret = alloc(w, job, set);
	/* It may fit once what was freed has been cleared. */
	if (ret == -EAGAIN && turn_clear(w, job->pool) > 0)
		ret = alloc(w, job, set);
	if (ret == 0 && job->mortal)
		reap_given(w, set);
	mem_set_release(w->mem, set);
	if (ret == -EAGAIN && !may_try_again(w, job))
		ret = -ENOMEM;
	if (ret == -ENOMEM && policy_admits(w, job)) {
		job->grows = true;
		return JOB_CONTROL;
	}
	return ret == -EAGAIN ? JOB_LATER : job_done(job, ret);
}

static void
end_free(struct target_worker *w, const struct target_job *job)
{
	uint32_t bit = job->pool - mem_first_pool(w->mem);

	if (job->freed.len == 0)
		return;
	mem_free_end(w->mem, &job->freed);
	w->turn_bytes -= (int32_t)job->freed.at_once;
	w->dirty_pools[bit / 64] |= UINT64_C(1) << (bit % 64);
	w->nb_dirty = RTE_MAX(w->nb_dirty, bit / 64 + 1);
}

/* Times that the part of the map is read before an allocation, or an end of it, is given up:
 * whether its owners ask, and whose it was. */
#define FREE_PASSES 2

/* Whatever comes of it: somebody else may own the last granule. */
static void
spend_on_map(struct target_worker *w, const struct target_job *job)
{
	uint64_t len = mem_alloc_len(w->mem, job->addr);

	turn_spend(w, FREE_PASSES * mem_own_bytes(w->mem, job->addr, len));
}

static enum job_place
step_free(struct target_worker *w, struct target_job *job)
{
	int ret;

	if (job->step == 0) {
		if (w->turn_bytes <= 0)
			return JOB_TURN;
		job->step++;
		spend_on_map(w, job);
		if (send_memory_pinned(w, job->addr))
			return job_done(job, -EBUSY);
		ret = mem_free_begin(w->mem, job->addr, job->node, &job->freed);
		if (ret < 0)
			return job_done(job, ret);
		if (job_must_wait(w, job))
			return JOB_QUIESCENT;
	}
	end_free(w, job);
	return job_done(job, 0);
}

/* As if the last of its owners had freed it. */
static enum job_place
step_reap(struct target_worker *w, struct target_job *job)
{
	if (job->step++ == 0) {
		spend_on_map(w, job);
		if (mem_free_begin(w->mem, job->addr, 0, &job->freed) < 0)
			return JOB_END;
		w->stats.reaped++;
		w->stats.reaped_bytes += job->freed.len;
		if (job_must_wait(w, job))
			return JOB_QUIESCENT;
	}
	end_free(w, job);
	return JOB_END;
}

static int
resize(struct target_worker *w, struct target_job *job)
{
	int ret;

	spend_on_map(w, job);
	ret = mem_resize(w->mem, job->addr, job->size, job->node, &job->freed);
	/* As in step_alloc(). */
	if (ret == -EAGAIN && turn_clear(w, job->pool) > 0)
		ret = mem_resize(w->mem, job->addr, job->size, job->node, &job->freed);
	return ret;
}

/* The first try. */
static int
resize_first(struct target_worker *w, struct target_job *job)
{
	struct mem_alloc_info info;
	int ret = resize(w, job);

	if (ret != -EAGAIN)
		return ret;
	if (mem_alloc_find(w->mem, job->addr, &info) < 0)
		return -ENOENT;
	job->value[1] = info.len;
	return may_try_again(w, job) ? -EAGAIN : -ENOMEM;
}

/* The allocation has to be the same still. */
static int
resize_again(struct target_worker *w, struct target_job *job)
{
	struct mem_alloc_info info;

	if (mem_alloc_find(w->mem, job->addr, &info) < 0 || info.len != job->value[1])
		return -ENOENT;
	return may_try_again(w, job) ? resize(w, job) : -ENOMEM;
}

static enum job_place
step_resize(struct target_worker *w, struct target_job *job)
{
	int ret;

	if (job->step == 0) {
		/* One that has waited is tried again whenever it is its turn. */
		if (w->turn_bytes <= 0 && job->tries == 0)
			return JOB_TURN;
		job->step++;
		if (send_memory_pinned(w, job->addr))
			return job_done(job, -EBUSY);
		ret = job->value[1] == 0 ? resize_first(w, job) : resize_again(w, job);
		if (ret == -EAGAIN) {
			job->step = 0;
			return JOB_LATER;
		}
		if (ret < 0)
			return job_done(job, ret);
		if (job->freed.len > 0 && job_must_wait(w, job))
			return JOB_QUIESCENT;
	}
	end_free(w, job);
	return job_done(job, 0);
}

static enum job_place
step_own(struct target_worker *w, struct target_job *job)
{
	int ret;

	if (job->step == 0) {
		if (w->turn_bytes <= 0)
			return JOB_TURN;
		ret = owners_change(w, job);
		if (ret == -ENOSPC && !job->reclaimed)
			return JOB_CONTROL;
		if (ret < 0)
			return job_done(job, ret);
		job->step++;
		if (job_must_wait(w, job))
			return JOB_QUIESCENT;
	}
	return job_done(job, 0);
}

static enum job_place
step_owners(struct target_worker *w, struct target_job *job)
{
	return w->turn_bytes > 0 ? job_done(job, owners_find(w, job)) : JOB_TURN;
}

static enum job_place
step_lookup(struct target_worker *w, struct target_job *job)
{
	return job_done(job,
		mem_alloc_lookup(w->mem, job->pool, job->name, &job->value[0], &job->value[1]));
}

static enum job_place
step_stat(struct target_worker *w, struct target_job *job)
{
	struct mem_pool_stat st;
	int ret = mem_pool_stat(w->mem, job->pool, &st);

	if (ret == 0)
		pools_describe(w->mem, &st, job->node, &job->info);
	return job_done(job, ret);
}

static int
pool_size(const struct target_worker *w, struct target_job *job)
{
	struct mem_pool_stat st;
	int ret = mem_pool_peek(w->mem, job->pool, &st);

	job->value[0] = ret == 0 ? st.size : 0;
	return ret;
}

/* Prepared by the control thread; an error of its came along. */
static enum job_place
step_grow(struct target_worker *w, struct target_job *job)
{
	if (job->err < 0)
		return JOB_ANSWER;
	job->err = mem_extent_attach(w->mem, &job->extent);
	if (job->err < 0)
		return JOB_CONTROL;
	return job_done(job, pool_size(w, job));
}

static enum job_place
step_shrink(struct target_worker *w, struct target_job *job)
{
	int ret = mem_extent_detach(w->mem, job->pool, job->size, &job->extent);

	if (ret == -EAGAIN)
		return may_try_again(w, job) ? JOB_LATER : job_done(job, -EBUSY);
	if (ret < 0)
		return job_done(job, ret);
	pool_size(w, job);
	return JOB_CONTROL;
}

static enum job_place
step_destroy(struct target_worker *w, struct target_job *job)
{
	uint32_t *life;

	job->err = mem_pool_destroy_begin(w->mem, job->pool, job->size == 1);
	if (job->err < 0)
		return JOB_ANSWER;
	life = &w->target->life[job->pool - mem_first_pool(w->mem)];
	__atomic_store_n(life, *life + 1, __ATOMIC_RELEASE);
	send_memory_pool_gone(w, job->pool);
	reap_disturb(w, mem_addr(job->pool, 0), MEM_OFF_MASK);
	return JOB_CONTROL;
}

/* Whether a job at home is for one pool. SEND_MEMORY and READ look by themselves: see their file.
 */
static bool
is_of_pool(const struct target_job *job)
{
	return !target_is_sync(job->op) && !target_is_comm(job->op) && job->op != TARGET_OP_READ;
}

/*
 * Its pool has gone, and another one may have the id. Owners that have been told, and memory that
 * has been given back, went with it; so did the extent that it was to grow by.
 */
static enum job_place
step_too_late(struct target_job *job)
{
	bool half_done = job->step > 0 && (job->op == WIRE_OP_FREE || job->op == WIRE_OP_RESIZE ||
						  job->op == WIRE_OP_OWN);

	job->extent.pages = 0;
	job->err = half_done ? 0 : -ENOENT;
	return job->op == TARGET_OP_REAP || job->op == TARGET_OP_POLICY ? JOB_END : JOB_ANSWER;
}

/* Whether a job may end somebody's right to read memory that is lent to a frame. */
static bool
takes_away(const struct target_job *job)
{
	return job->op == WIRE_OP_FREE || job->op == TARGET_OP_REAP || job->op == WIRE_OP_RESIZE ||
	       job->op == WIRE_OP_OWN || job->op == WIRE_OP_SEND_MEMORY ||
	       (job->op == TARGET_OP_POLICY && !job->grows) || job->op == WIRE_OP_POOL_SHRINK ||
	       job->op == WIRE_OP_POOL_DESTROY;
}

enum job_place
job_step_home(struct target_worker *w, struct target_job *job)
{
	if (is_of_pool(job) && target_pool_gone(w->target, job))
		return step_too_late(job);
	/* A change must not overtake operations that came before it in the same burst. */
	target_run_batch(w);
	if (takes_away(job)) {
		target_settle(w);
		reap_disturb(w, job->addr, job->op == WIRE_OP_OWN ? job->size : 1);
	}
	if (target_is_sync(job->op))
		return locks_step(w, job);
	if (target_is_comm(job->op))
		return inbox_step(w, job);
	switch (job->op) {
	case WIRE_OP_ALLOC:
	case WIRE_OP_ALLOC_FOR:
		return step_alloc(w, job);
	case WIRE_OP_FREE:
		return step_free(w, job);
	case TARGET_OP_REAP:
		return step_reap(w, job);
	case WIRE_OP_RESIZE:
		return step_resize(w, job);
	case WIRE_OP_OWN:
		return step_own(w, job);
	case WIRE_OP_OWNERS:
		return step_owners(w, job);
	case WIRE_OP_LOOKUP:
		return step_lookup(w, job);
	case WIRE_OP_POOL_STAT:
		return step_stat(w, job);
	case WIRE_OP_POOL_GROW:
		return step_grow(w, job);
	case WIRE_OP_POOL_SHRINK:
		return step_shrink(w, job);
	case WIRE_OP_POOL_DESTROY:
		return step_destroy(w, job);
	case TARGET_OP_POLICY:
		return policy_step_home(w, job);
	case TARGET_OP_READ:
		return send_memory_read(w, job);
	default:
		return job_done(job, -ENOTSUP);
	}
}

#define QUIESCENT_SLEEP_US 50

/* The control thread may sleep, and must: a worker may be waiting for its core. */
void
control_wait_quiescent(struct target *t)
{
	uint64_t token = rte_rcu_qsbr_start(t->qsbr);

	while (rte_rcu_qsbr_check(t->qsbr, token, false) == 0)
		usleep(QUIESCENT_SLEEP_US); /* allow(usleep): see above */
}

/* Ids of owner sets that nobody has any more can be used again. */
static enum job_place
control_reclaim(struct target *t, struct target_job *job)
{
	job->reclaimed = true;
	if (mem_set_reclaim_begin(t->mem) > 0) {
		control_wait_quiescent(t);
		mem_set_reclaim_end(t->mem);
	}
	return JOB_HOME;
}

static enum job_place
control_create(struct target *t, struct target_job *job)
{
	struct mem_pool_params params = {
		.size = job->size,
		.max_size = RTE_MAX(job->size, job->max_size),
		.granule = job->granule,
		.grow_below = job->policy.grow_below,
		.grow_by = job->policy.grow_by,
		.shrink_above = job->policy.shrink_above,
		.quota = job->policy.quota,
	};
	uint16_t pool = 0;

	job->err = owners_named(t->mem, job, &params.nodes);
	if (job->err == -ENOSPC && !job->reclaimed) {
		control_reclaim(t, job);
		job->err = owners_named(t->mem, job, &params.nodes);
	}
	if (job->err < 0)
		return JOB_ANSWER;
	memcpy(params.name, job->name, sizeof(params.name));
	job->err = mem_pool_create(t->mem, &params, 0, &pool);
	mem_set_release(t->mem, params.nodes);
	job->value[0] = pool;
	return JOB_ANSWER;
}

static enum job_place
control_grow(struct target *t, struct target_job *job)
{
	if (target_pool_gone(t, job))
		return step_too_late(job);
	if (job->step++ > 0) { /* could not be attached */
		mem_extent_release(t->mem, &job->extent);
		return JOB_ANSWER;
	}
	job->err = mem_extent_prepare(t->mem, job->pool, job->size, &job->extent);
	return job->err < 0 ? JOB_ANSWER : JOB_HOME;
}

static enum job_place
control_shrink(struct target *t, struct target_job *job)
{
	control_wait_quiescent(t);
	job->err = mem_extent_release(t->mem, &job->extent);
	return JOB_ANSWER;
}

static enum job_place
control_destroy(struct target *t, struct target_job *job)
{
	control_wait_quiescent(t);
	job->err = mem_pool_destroy_end(t->mem, job->pool);
	policy_forget(t, job->pool);
	return JOB_ANSWER;
}

enum job_place
job_step_control(struct target *t, struct target_job *job)
{
	switch (job->op) {
	case WIRE_OP_POOL_CREATE:
		return control_create(t, job);
	case WIRE_OP_POOL_GROW:
		return control_grow(t, job);
	case WIRE_OP_POOL_SHRINK:
		return control_shrink(t, job);
	case TARGET_OP_POLICY:
		return policy_step_control(t, job);
	case WIRE_OP_ALLOC:
		return policy_grow_for(t, job);
	case WIRE_OP_ALLOC_FOR:
		return job->grows ? policy_grow_for(t, job) : control_reclaim(t, job);
	case WIRE_OP_OWN:
	case WIRE_OP_SEND_MEMORY:
		return control_reclaim(t, job);
	default:
		return control_destroy(t, job);
	}
}
