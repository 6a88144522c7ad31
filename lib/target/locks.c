/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <errno.h>
#include <string.h>

#include <rte_random.h>

#include "target/target_private.h"

/*
 * Locks: requests on lib/sync, at its home. LOCK and UNLOCK that reach home from the network are
 * served on the spot, all others as jobs. A LOCK that has to wait leaves nothing behind here: what
 * is told of it by lib/sync names its session.
 *
 * Who may write because of a lock, by its token, is checked where the write is staged. So where
 * there are several workers nobody is told of a lock before all of them have passed a quiescent
 * state since it was left.
 */

/* Grants, or calls that waited, that one step takes from who died. */
#define REVOKE_STEP 64u

/* Events that one turn takes. */
#define SERVE_EVENTS 32u
#define EVENT_BATCH  8u

/* Records that are looked at ahead, so that their locks are in the cache when they are served. */
#define LOOK_AHEAD 16u

int
locks_create(struct target *t, const struct target_conf *conf)
{
	const struct barrier_conf barriers = {.seed = (uint32_t)rte_rand()};
	int err = 0;

	t->locks.sync = conf->sync;
	if (conf->sync == NULL)
		return 0;
	t->locks.barrier = barrier_create(&barriers, &err);
	return err;
}

void
locks_destroy(struct target *t)
{
	barrier_destroy(t->locks.barrier);
}

/* ---- off the wire ------------------------------------------------------------------------- */

/* Entries of @p size bytes behind the record; 0: it is malformed. */
static unsigned int
entries(const struct wire_record *rec, size_t size)
{
	uint32_t len = rte_be_to_cpu_32(rec->len);

	return len % size == 0 ? (unsigned int)(len / size) : 0;
}

static unsigned int
wants_read(const struct wire_record *rec, struct sync_want *wants)
{
	const struct wire_lock_want *from =
		(const struct wire_lock_want *)((const struct wire_lock *)rec + 1);
	unsigned int n = entries(rec, sizeof(*from));

	for (unsigned int i = 0; i < n; i++)
		wants[i] = (struct sync_want){
			.lock = rte_be_to_cpu_32(from[i].lock),
			.mode = from[i].shared ? SYNC_SHARED : SYNC_EXCLUSIVE,
		};
	return n;
}

static unsigned int
left_read(const struct wire_record *rec, uint32_t *ids)
{
	const rte_be32_t *lock = (const rte_be32_t *)((const struct wire_unlock *)rec + 1);
	unsigned int n = entries(rec, sizeof(*lock));

	for (unsigned int i = 0; i < n; i++)
		ids[i] = rte_be_to_cpu_32(lock[i]);
	return n;
}

/* 0, too, when one names a node that cannot be: the next holder would be told of it. */
static unsigned int
returned_read(const struct wire_record *rec, struct wire_lock_grant *grants)
{
	unsigned int n = entries(rec, sizeof(*grants));

	memcpy(grants, (const struct wire_lock_return *)rec + 1, n * sizeof(*grants));
	for (unsigned int i = 0; i < n; i++)
		if (rte_be_to_cpu_16(grants[i].died) > WIRE_NODE_MAX)
			return 0;
	return n;
}

uint32_t
locks_prefetch(const struct target_worker *w, const uint8_t *records, uint32_t len)
{
	const struct sync *sync = w->target->locks.sync;
	uint32_t off = 0;

	for (unsigned int i = 0; i < LOOK_AHEAD && sync != NULL && off < len; i++) {
		const struct wire_record *rec = (const struct wire_record *)(records + off);
		uint32_t size = wire_request_size(rec, len - off);
		const rte_be32_t *lock = NULL;

		if (unlikely(size == 0))
			break;
		if (rec->op == WIRE_OP_LOCK)
			lock = &((const struct wire_lock_want *)((const struct wire_lock *)rec + 1))
			                ->lock;
		else if (rec->op == WIRE_OP_UNLOCK)
			lock = (const rte_be32_t *)((const struct wire_unlock *)rec + 1);
		if (likely(lock != NULL && rte_be_to_cpu_32(rec->len) >= sizeof(*lock)))
			sync_prefetch(sync, rte_be_to_cpu_32(*lock));
		off += size;
	}
	return RTE_MAX(off, 1u);
}

bool
locks_read(struct target_job *job, const struct wire_record *rec)
{
	const struct wire_lock_id *id = (const struct wire_lock_id *)rec;
	const struct wire_lock_list *list = (const struct wire_lock_list *)rec;
	const struct wire_lock_cancel *cancel = (const struct wire_lock_cancel *)rec;

	switch (rec->op) {
	case WIRE_OP_LOCK:
		job->size = rte_be_to_cpu_64(((const struct wire_lock *)rec)->timeout_us);
		job->nb_locks = (uint8_t)wants_read(rec, job->wants);
		return job->nb_locks > 0;
	case WIRE_OP_BARRIER:
		return barrier_read(job, rec);
	case WIRE_OP_UNLOCK:
		job->nb_locks = (uint8_t)left_read(rec, job->left);
		return job->nb_locks > 0;
	case WIRE_OP_LOCK_RETURN:
		job->nb_locks = (uint8_t)returned_read(rec, job->grants);
		return job->nb_locks > 0;
	case WIRE_OP_LOCK_CANCEL:
		job->lock = rte_be_to_cpu_32(cancel->lock);
		job->waiter = target_waiter(job->session_inc, cancel->call);
		return true;
	case WIRE_OP_LOCK_LOOKUP:
		job->values = 1;
		return target_name_read((const struct wire_lock_lookup *)rec + 1, rec, job->name);
	case WIRE_OP_LOCK_LIST:
		job->lock = rte_be_to_cpu_32(list->first);
		job->most = rte_be_to_cpu_16(list->max);
		return true;
	default:
		job->lock = rte_be_to_cpu_32(id->lock);
		job->values = rec->op != WIRE_OP_LOCK_UNRESERVE;
		return rec->op != WIRE_OP_LOCK_RESERVE || target_name_read(id + 1, rec, job->name);
	}
}

/* ---- who waits ---------------------------------------------------------------------------- */

static uint16_t
node_of(uint32_t holder)
{
	return (uint16_t)(holder >> 16);
}

static struct wire_lock_grant
grant_wire(const struct sync_grant *g)
{
	return (struct wire_lock_grant){
		.token = rte_cpu_to_be_64(g->token),
		.lock = rte_cpu_to_be_32(g->lock),
		.died = rte_cpu_to_be_16(g->died ? node_of(g->died_holder) : 0),
	};
}

static struct sync_grant
grant_read(const struct wire_lock_grant *g)
{
	uint32_t node = rte_be_to_cpu_16(g->died);

	return (struct sync_grant){
		.token = rte_be_to_cpu_64(g->token),
		.lock = rte_be_to_cpu_32(g->lock),
		.died = node != 0,
		.died_holder = node << 16,
	};
}

uint64_t
locks_deadline(uint64_t now, uint64_t timeout_us)
{
	return timeout_us >= (SYNC_FOREVER - now) / 1000 ? SYNC_FOREVER : now + timeout_us * 1000;
}

static int
acquire(struct target_locks *l, uint32_t holder, const struct sync_want *wants, unsigned int n,
	uint64_t now, uint64_t timeout_us, uint64_t cookie, struct sync_grant *grants)
{
	uint64_t deadline = timeout_us == 0 ? SYNC_TRY : locks_deadline(now, timeout_us);

	return sync_acquire(l->sync, holder, wants, n, deadline, cookie, grants);
}

/* ---- on the spot -------------------------------------------------------------------------- */

/* @return whether there was room. */
static bool
answer_grants(struct rdp_session *s, rte_be16_t id, const struct sync_grant *grants, unsigned int n)
{
	uint32_t len = n * (uint32_t)sizeof(struct wire_lock_grant);
	uint8_t *to = rdp_response(s, (uint32_t)sizeof(struct wire_record) + len);
	struct wire_lock_grant *grant;

	if (unlikely(to == NULL))
		return false;
	target_response(to, WIRE_OP_LOCK, STATUS_OK, id, len);
	grant = (struct wire_lock_grant *)(to + sizeof(struct wire_record));
	for (unsigned int i = 0; i < n; i++)
		grant[i] = grant_wire(&grants[i]);
	return true;
}

int
locks_lock(struct target_worker *w, struct rdp_session *s, const struct wire_record *rec)
{
	struct target_locks *l = &w->target->locks;
	struct sync_want wants[SYNC_CALL_MAX];
	struct sync_grant grants[SYNC_CALL_MAX];
	uint64_t timeout_us = rte_be_to_cpu_64(((const struct wire_lock *)rec)->timeout_us);
	uint32_t holder;
	unsigned int n;
	int ret;

	if (!target_at_home(w) || l->sync == NULL)
		return target_start_job(w, s, rec);
	n = wants_read(rec, wants);
	holder = target_holder(w, s);
	if (unlikely(n == 0 || holder == 0))
		return target_respond_status(w, s, rec, n == 0 ? STATUS_INVAL : STATUS_NOSPC);
	ret = acquire(l, holder, wants, n, rdp_now(s->ep), timeout_us,
		target_waiter(s->local_inc, rec->id), grants);
	if (unlikely(ret == -EINPROGRESS))
		return 0;
	if (unlikely(ret < 0))
		return target_respond_status(w, s, rec, status_from_errno(ret));
	if (unlikely(!answer_grants(s, rec->id, grants, n))) {
		/* Nothing has happened: the request comes again. */
		sync_take_back(l->sync, holder, grants, n);
		return -EAGAIN;
	}
	return 0;
}

int
locks_unlock(struct target_worker *w, struct rdp_session *s, const struct wire_record *rec)
{
	struct target_locks *l = &w->target->locks;
	uint32_t ids[SYNC_CALL_MAX];
	unsigned int n;
	uint8_t *to;
	int ret = -EINVAL;

	if (!target_at_home(w) || l->sync == NULL)
		return target_start_job(w, s, rec);
	to = rdp_response(s, sizeof(*rec));
	if (unlikely(to == NULL))
		return -EAGAIN;
	/* What was written under the lock before this comes first. */
	target_run_batch(w);
	n = left_read(rec, ids);
	if (likely(n > 0))
		ret = sync_release(l->sync, target_holder(w, s), ids, n);
	w->stats.op_errors += ret != 0;
	target_response(to, WIRE_OP_UNLOCK, status_from_errno(ret), rec->id, 0);
	return 0;
}

/* ---- as jobs ------------------------------------------------------------------------------ */

/* Somebody lost a lock: what he wrote by it may still be staged at another worker. */
static void
note_release(struct target_worker *w)
{
	struct target_locks *l = &w->target->locks;

	if (w->target->nb_workers == 1)
		return;
	l->released = rte_rcu_qsbr_start(w->target->qsbr);
	l->letting_go = true;
}

/* Where a job goes that tells of a grant. */
static enum job_place
tell_grant(struct target_worker *w, struct target_job *job)
{
	struct target_locks *l = &w->target->locks;

	if (l->letting_go && rte_rcu_qsbr_check(w->target->qsbr, l->released, false) == 1)
		l->letting_go = false;
	if (!l->letting_go)
		return JOB_ANSWER;
	job->token = l->released;
	job->step = 1;
	return JOB_QUIESCENT;
}

static void
grants_put(struct target_job *job, const struct sync_grant *grants, unsigned int n)
{
	job->nb_locks = (uint8_t)n;
	for (unsigned int i = 0; i < n; i++)
		job->grants[i] = grant_wire(&grants[i]);
}

static enum job_place
step_lock(struct target_worker *w, struct target_job *job)
{
	struct target_locks *l = &w->target->locks;
	struct sync_want wants[SYNC_CALL_MAX];
	struct sync_grant grants[SYNC_CALL_MAX];
	int ret;

	if (job->step > 0) /* the grace period is over */
		return JOB_ANSWER;
	if (job->holder == 0)
		return job_done(job, -ENOSPC);
	memcpy(wants, job->wants, sizeof(wants));
	ret = acquire(l, job->holder, wants, job->nb_locks, clock_now(&w->target->clock), job->size,
		target_waiter(job->session_inc, job->id), grants);
	if (ret == -EINPROGRESS)
		return JOB_END;
	if (ret < 0)
		return job_done(job, ret);
	grants_put(job, grants, job->nb_locks);
	return tell_grant(w, job);
}

static enum job_place
step_unlock(struct target_worker *w, struct target_job *job)
{
	int ret = sync_release(w->target->locks.sync, job->holder, job->left, job->nb_locks);

	if (ret == 0)
		note_release(w);
	return job_done(job, ret);
}

/* Nobody wrote by them, so nobody has to be waited for. */
static enum job_place
step_return(struct target_worker *w, struct target_job *job)
{
	struct sync_grant grants[SYNC_CALL_MAX];

	for (unsigned int i = 0; i < job->nb_locks; i++)
		grants[i] = grant_read(&job->grants[i]);
	return job_done(
		job, sync_take_back(w->target->locks.sync, job->holder, grants, job->nb_locks));
}

/* One that does not wait any more has been answered, or will be. */
static enum job_place
step_cancel(struct target_worker *w, struct target_job *job)
{
	sync_cancel(w->target->locks.sync, job->holder, job->lock, job->waiter);
	return job_done(job, 0);
}

static enum job_place
step_reserve(struct target_worker *w, struct target_job *job)
{
	uint32_t id = 0;
	int ret = sync_reserve(
		w->target->locks.sync, job->lock, job->name[0] != '\0' ? job->name : NULL, &id);

	job->value[0] = id;
	return job_done(job, ret);
}

static enum job_place
step_lookup(struct target_worker *w, struct target_job *job)
{
	uint32_t id = 0;
	int ret = sync_lookup(w->target->locks.sync, job->name, &id);

	job->value[0] = id;
	return job_done(job, ret);
}

static enum job_place
step_force(struct target_worker *w, struct target_job *job)
{
	unsigned int n = sync_force(w->target->locks.sync, job->lock, REVOKE_STEP);

	job->value[0] += n;
	note_release(w);
	return n == REVOKE_STEP ? JOB_LATER : job_done(job, 0);
}

static enum job_place
step_gone(struct target_worker *w, struct target_job *job)
{
	const struct target_locks *l = &w->target->locks;

	if (l->sync != NULL && job->step == 0) {
		note_release(w);
		if (sync_revoke(l->sync, job->holder, REVOKE_STEP) == REVOKE_STEP ||
			barrier_revoke(l->barrier, job->holder, REVOKE_STEP) == REVOKE_STEP)
			return JOB_LATER;
		job->step = 1;
	}
	/* What comes back has to find its inbox as it was. */
	if (inbox_ends(w->target, job->holder))
		return JOB_LATER;
	inbox_gone(w, job->holder);
	return JOB_END;
}

static void
info_wire(const struct sync_info *from, struct wire_lock_info *to)
{
	size_t len = strnlen(from->name, WIRE_NAME_MAX);

	*to = (struct wire_lock_info){
		.token = rte_cpu_to_be_64(from->token),
		.lock = rte_cpu_to_be_32(from->id),
		.shared = rte_cpu_to_be_32(from->nb_shared),
		.waiting = rte_cpu_to_be_32(from->nb_waiting),
		.holder = rte_cpu_to_be_16(from->exclusive ? node_of(from->holder) : 0),
		.died = rte_cpu_to_be_16(from->died ? node_of(from->died_holder) : 0),
		.flags = (uint8_t)((from->exclusive ? WIRE_LOCK_EXCLUSIVE : 0) |
				   (from->died ? WIRE_LOCK_DIED : 0)),
		.name_len = (uint8_t)len,
	};
	memcpy(to->name, from->name, len);
}

/* The table may have long stretches of free ids: these go on in the next turn. */
static enum job_place
step_list(struct target_worker *w, struct target_job *job)
{
	uint32_t most = RTE_MIN(job->most, (uint32_t)TARGET_LOCKS_LISTED);
	struct sync_info info;
	int ret;

	while (job->nb_locks < most) {
		ret = sync_next(w->target->locks.sync, job->lock, &info);
		if (ret == -ENOENT)
			break;
		job->lock = info.id;
		if (ret == -EAGAIN)
			return JOB_LATER;
		info_wire(&info, &job->locks[job->nb_locks++]);
		job->lock++;
	}
	return job_done(job, 0);
}

enum job_place
locks_step(struct target_worker *w, struct target_job *job)
{
	if (job->op == TARGET_OP_GONE)
		return step_gone(w, job);
	if (w->target->locks.sync == NULL)
		return job_done(job, -ENOTSUP);
	switch (job->op) {
	case WIRE_OP_BARRIER:
		return barrier_step(w, job);
	case WIRE_OP_LOCK:
		return step_lock(w, job);
	case WIRE_OP_UNLOCK:
		return step_unlock(w, job);
	case WIRE_OP_LOCK_RETURN:
		return step_return(w, job);
	case WIRE_OP_LOCK_CANCEL:
		return step_cancel(w, job);
	case WIRE_OP_LOCK_RESERVE:
		return step_reserve(w, job);
	case WIRE_OP_LOCK_UNRESERVE:
		return job_done(job, sync_unreserve(w->target->locks.sync, job->lock));
	case WIRE_OP_LOCK_LOOKUP:
		return step_lookup(w, job);
	case WIRE_OP_LOCK_LIST:
		return step_list(w, job);
	default:
		return step_force(w, job);
	}
}

uint32_t
locks_len(const struct target_job *job)
{
	return job->nb_locks * (job->op == WIRE_OP_LOCK ? (uint32_t)sizeof(job->grants[0])
							: (uint32_t)sizeof(job->locks[0]));
}

/* ---- calls that have waited --------------------------------------------------------------- */

/* On the spot, if there is room; otherwise, and where others have to be waited for, as a job. */
static void
tell(struct target_worker *w, const struct sync_event *ev)
{
	rte_be16_t id = (rte_be16_t)ev->cookie;
	struct target_seat seat;
	struct target_job *job;
	struct rdp_session *s;

	if (!target_waiter_seat(w->target, ev->holder, ev->cookie, &seat))
		return;
	if (target_at_home(w) && ev->status == 0) {
		s = job_session(seat.ep, seat.session, seat.session_inc);
		if (s == NULL || answer_grants(s, id, ev->grants, ev->nb_grants))
			return;
	}
	job = target_seat_job(w, &seat, WIRE_OP_LOCK);
	job->id = id;
	job->err = ev->status;
	grants_put(job, ev->grants, ev->nb_grants);
	job_go(w->target, w->index, job, ev->status == 0 ? tell_grant(w, job) : JOB_ANSWER);
}

/* The home worker: hand on what was left, end what has waited long enough. */
uint32_t
locks_serve(struct target_worker *w)
{
	struct sync *sync = w->target->locks.sync;
	struct sync_event events[EVENT_BATCH];
	uint64_t now = sync_next_deadline(sync) != SYNC_FOREVER ? clock_now(&w->target->clock) : 0;
	uint32_t taken = 0;
	unsigned int n, most;

	do {
		most = RTE_MIN(EVENT_BATCH, w->nb_free_job);
		n = most > 0 ? sync_poll(sync, now, events, most) : 0;
		for (unsigned int i = 0; i < n; i++)
			tell(w, &events[i]);
		taken += n;
	} while (n > 0 && taken < SERVE_EVENTS);
	return taken;
}
