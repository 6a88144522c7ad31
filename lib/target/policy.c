/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <errno.h>

#include <rte_malloc.h>

#include "target/target_private.h"

/*
 * Pools that grow and shrink by themselves. The control thread looks at all of them whenever it is
 * awake, and changes one at a time: it reserves the memory and home attaches it, or home detaches
 * it and control releases it, as for requests by hand. The job that goes between them is its own.
 *
 * An allocation that does not fit takes the same way by itself: to control for an extent, and home
 * again with it. Its place in the ring is behind whatever control prepared before, so that many of
 * them that come at once take one extent, if it is enough for all.
 */

/** After a try that failed: there may be memory, or a free extent, by then. */
#define RETRY_NS UINT64_C(500000000)

int
policy_create(struct target *t, int socket_id)
{
	size_t n = mem_last_pool(t->mem) - mem_first_pool(t->mem) + 1u;

	t->policy.pool = rte_zmalloc_socket(
		"target_policy", n * sizeof(*t->policy.pool), RTE_CACHE_LINE_SIZE, socket_id);
	return t->policy.pool != NULL ? 0 : -ENOMEM;
}

static struct policy_pool *
pool_at(const struct target *t, uint16_t id)
{
	return &t->policy.pool[id - mem_first_pool(t->mem)];
}

/* The pool is gone; the next one with its id begins anew. */
void
policy_forget(struct target *t, uint16_t pool)
{
	if (pool >= mem_first_pool(t->mem) && pool <= mem_last_pool(t->mem))
		*pool_at(t, pool) = (struct policy_pool){0};
}

const struct target_policy_stats *
target_policy_stats(const struct target *t, uint16_t pool)
{
	if (pool < mem_first_pool(t->mem) || pool > mem_last_pool(t->mem))
		return NULL;
	return &pool_at(t, pool)->stats;
}

static void
failed(struct target *t, uint16_t pool, bool grows)
{
	struct policy_pool *p = pool_at(t, pool);

	p->stats.failed += grows;
	p->not_before[grows] = clock_now(&t->clock) + RETRY_NS;
}

/* Whether the last try is too short a time ago. */
static bool
holds_off(const struct target *t, uint16_t pool, bool grows)
{
	uint64_t until = pool_at(t, pool)->not_before[grows];

	return unlikely(until != 0 && clock_now(&t->clock) < until);
}

/* Control: start what is due for a pool. @return whether anything is. */
static bool
begin(struct target *t, uint16_t pool)
{
	struct target_job *job = &t->policy.job;
	uint32_t life = target_life(t, pool);
	uint64_t len = 0;
	enum mem_want want = mem_pool_wants(t->mem, pool, &len);

	if (likely(want == MEM_WANT_NOTHING) || holds_off(t, pool, want == MEM_WANT_GROW))
		return false;
	*job = (struct target_job){
		.op = TARGET_OP_POLICY,
		.pool = pool,
		.life = life,
		.size = len,
		.grows = want == MEM_WANT_GROW,
	};
	if (job->grows && mem_extent_prepare(t->mem, pool, len, &job->extent) < 0) {
		failed(t, pool, true);
		return true;
	}
	t->policy.busy = true;
	job_go(t, t->nb_workers, job, JOB_HOME);
	return true;
}

/* @return changes begun: 0 or 1. */
uint32_t
policy_poll(struct target *t)
{
	uint32_t first = mem_first_pool(t->mem), n = mem_last_pool(t->mem) - first + 1u;

	for (uint32_t i = 0; i < n && !t->policy.busy; i++) {
		uint32_t at = t->policy.next++ % n;

		if (begin(t, (uint16_t)(first + at)))
			return 1;
	}
	return 0;
}

enum job_place
policy_step_home(struct target_worker *w, struct target_job *job)
{
	if (!job->grows) {
		job->err = mem_extent_detach(w->mem, job->pool, job->size, &job->extent);
		return job->err < 0 ? JOB_END : JOB_CONTROL;
	}
	job->err = mem_extent_attach(w->mem, &job->extent);
	return job->err < 0 ? JOB_CONTROL : JOB_END;
}

/* What was taken out, or could not be attached, goes back to the system. */
enum job_place
policy_step_control(struct target *t, struct target_job *job)
{
	if (!job->grows)
		control_wait_quiescent(t);
	mem_extent_release(t->mem, &job->extent);
	return JOB_END;
}

void
policy_job_end(struct target *t, const struct target_job *job)
{
	struct target_policy_stats *st = &pool_at(t, job->pool)->stats;

	t->policy.busy = false;
	if (target_pool_gone(t, job))
		return;
	if (job->err < 0) {
		failed(t, job->pool, job->grows);
		return;
	}
	st->grown += job->grows;
	st->shrunk += !job->grows;
}

/* Home: whether an allocation that does not fit may wait for its pool to grow. */
bool
policy_admits(const struct target_worker *w, const struct target_job *job)
{
	return mem_pool_growth(w->mem, job->pool, job->size) != 0;
}

/* Control: an extent for an allocation, or its release if home could not attach it. */
enum job_place
policy_grow_for(struct target *t, struct target_job *job)
{
	uint64_t len;

	if (job->err < 0) {
		mem_extent_release(t->mem, &job->extent);
		return JOB_ANSWER;
	}
	if (target_pool_gone(t, job))
		return job_done(job, -ENOENT);
	/* That one is home before this job: perhaps it is enough. */
	if (mem_extent_coming(t->mem, job->pool))
		return JOB_HOME;
	job->err = -ENOMEM;
	if (holds_off(t, job->pool, true))
		return JOB_ANSWER;
	len = mem_pool_growth(t->mem, job->pool, job->size);
	if (len == 0)
		return JOB_ANSWER;
	if (mem_extent_prepare(t->mem, job->pool, len, &job->extent) < 0) {
		failed(t, job->pool, true);
		return JOB_ANSWER;
	}
	job->err = 0;
	pool_at(t, job->pool)->stats.grown++;
	return JOB_HOME;
}
