/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/*
 * What may become of every call, whatever it asks for: a table of all of them, each asking for
 * something that is there, goes through what can get in the way. test/checks/errors.py sees to it
 * that none is missing here.
 */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "client/client_private.h"
#include "fixture.h"
#include "target/target_private.h"

#define EP(i)   fx.host[i].ep
#define S(i)    fx.host[i].session
#define NAMED   "named"
#define MAX_OPS 256
#define LOCK    1u

static struct fixture fx;
static shmx_addr_t region; /* 4 KiB, named, of this node */
static uint64_t token;     /* of LOCK, which this node has */

static uint8_t buf[64];
static struct shmx_vec vec[2];
static struct shmx_alloc_req alloc_req;
static struct shmx_pool_info pools[2];
static struct shmx_node_info nodes[2];
static struct shmx_pool_node shares[2];
static struct shmx_node_stat stat;
static struct shmx_lock_info locks[2];
static uint16_t ids[4];

static const uint16_t self[] = {1}, both[] = {1, 2};
static const uint32_t lock_id[] = {LOCK};
static const struct shmx_lock_req other_lock[] = {{.lock = 2}};
static const struct shmx_to everybody = {.kind = SHMX_TO_ALL};
static const struct shmx_pool_req pool_req = {.name = "new", .size = 2 * MIB};

/* What a call needs of the memory node. */
#define ACCOUNT 0x01u /* a place in what it keeps account of */
#define HANDED  0x02u /* likewise, where another worker serves it */
#define SEAT    0x04u /* one of the sessions that may have locks and inboxes */
#define LOCKS   0x08u
#define INBOXES 0x10u
#define POOL    0x20u /* its pool */

struct call {
	const char *name;
	int (*start)(struct shmx_ep *ep, uint64_t cookie);
	unsigned int needs;
};

#define CALL(call, ...)                                                                            \
	static int start_##call(struct shmx_ep *ep, uint64_t cookie)                               \
	{                                                                                          \
		return call(ep, __VA_ARGS__, cookie);                                              \
	}

CALL(shmx_get, region, buf, 8)
CALL(shmx_put, region, buf, 8)
CALL(shmx_getv, vec, 2)
CALL(shmx_putv, vec, 2)
CALL(shmx_fill, region, 8, 0)
CALL(shmx_atomic, SHMX_FETCH_ADD, region, 8, 0, 0)
CALL(shmx_put_fenced, region, buf, 8, LOCK, token)
CALL(shmx_alloc, &alloc_req)
CALL(shmx_free, region)
CALL(shmx_resize, region, 4096)
CALL(shmx_lookup, fx.pool, NAMED)
CALL(shmx_own, region, 64, SHMX_OWNER_SELF)
CALL(shmx_own_nodes, region, 64, SHMX_OWN_ADD, self, 1)
CALL(shmx_own_move, region, 64, self, 1, self, 1)
CALL(shmx_owners, region, 64, ids, 4)
CALL(shmx_lock, S(0), other_lock, 1, SHMX_FOREVER, NULL)
CALL(shmx_unlock, S(0), lock_id, 1)
CALL(shmx_lock_reserve, S(0), 0, NULL)
CALL(shmx_lock_unreserve, S(0), 3)
CALL(shmx_lock_lookup, S(0), NAMED)
CALL(shmx_lock_force, S(0), 4)
CALL(shmx_lock_list, S(0), 0, locks, 2)
CALL(shmx_barrier, S(0), 7, both, 2, 100, ids, 4)
CALL(shmx_inbox_open, S(0), NULL)
CALL(shmx_inbox_close, S(0))
CALL(shmx_signal, S(0), &everybody, 1, 1)
CALL(shmx_send, S(0), &everybody, buf, 8)
CALL(shmx_send_memory, S(0), &everybody, region, 64)
CALL(shmx_message_done, S(0), 1)
CALL(shmx_pool_create, S(0), &pool_req)
CALL(shmx_pool_open, S(0), "main")
CALL(shmx_pool_destroy, fx.pool, false)
CALL(shmx_pool_grow, fx.pool, 2 * MIB)
CALL(shmx_pool_shrink, fx.pool, 2 * MIB)
CALL(shmx_pool_stat, fx.pool, pools)
CALL(shmx_pool_list, S(0), 0, pools, 2)
CALL(shmx_pool_nodes, S(0), fx.pool, 0, shares, 2)
CALL(shmx_node_list, S(0), 0, nodes, 2)
CALL(shmx_node_stat, S(0), &stat)

#define ROW(call, needs)                                                                           \
	{                                                                                          \
#call, start_##call, needs                                                         \
	}

static const struct call calls[] = {
	ROW(shmx_get, POOL),
	ROW(shmx_put, POOL),
	ROW(shmx_getv, POOL),
	ROW(shmx_putv, POOL),
	ROW(shmx_fill, POOL),
	ROW(shmx_atomic, POOL),
	ROW(shmx_put_fenced, POOL | LOCKS),
	ROW(shmx_alloc, POOL | ACCOUNT),
	ROW(shmx_resize, POOL | ACCOUNT),
	ROW(shmx_lookup, POOL | ACCOUNT),
	ROW(shmx_own, POOL | ACCOUNT),
	ROW(shmx_own_nodes, POOL | ACCOUNT),
	ROW(shmx_own_move, POOL | ACCOUNT),
	ROW(shmx_owners, POOL | ACCOUNT),
	ROW(shmx_lock, LOCKS | HANDED | SEAT),
	ROW(shmx_unlock, LOCKS | HANDED),
	ROW(shmx_lock_reserve, LOCKS | ACCOUNT),
	ROW(shmx_lock_unreserve, LOCKS | ACCOUNT),
	ROW(shmx_lock_lookup, LOCKS | ACCOUNT),
	ROW(shmx_lock_force, LOCKS | ACCOUNT),
	ROW(shmx_lock_list, LOCKS | ACCOUNT),
	ROW(shmx_barrier, LOCKS | ACCOUNT | SEAT),
	ROW(shmx_inbox_open, INBOXES | ACCOUNT | SEAT),
	ROW(shmx_inbox_close, INBOXES | ACCOUNT | SEAT),
	ROW(shmx_signal, INBOXES | HANDED | SEAT),
	ROW(shmx_send, INBOXES | SEAT),
	ROW(shmx_send_memory, INBOXES | SEAT | POOL),
	ROW(shmx_message_done, INBOXES | ACCOUNT | SEAT),
	ROW(shmx_pool_create, ACCOUNT),
	ROW(shmx_pool_open, 0),
	ROW(shmx_pool_destroy, POOL | ACCOUNT),
	ROW(shmx_pool_grow, POOL | ACCOUNT),
	ROW(shmx_pool_shrink, POOL | ACCOUNT),
	ROW(shmx_pool_stat, POOL | ACCOUNT),
	ROW(shmx_pool_list, 0),
	ROW(shmx_pool_nodes, 0),
	ROW(shmx_node_list, 0),
	ROW(shmx_node_stat, 0),
	/* Last: what it may do to the others' memory. */
	ROW(shmx_free, POOL | ACCOUNT),
};

#define CALLS RTE_DIM(calls)

/* ---- what there is ------------------------------------------------------------------------ */

static void
memory_begin(void)
{
	const struct shmx_alloc_req req = {
		.pool = fx.pool, .len = 4096, .owner = SHMX_OWNER_SELF, .name = NAMED};

	SAME(shmx_alloc_sync(EP(0), &req, &region), 0);
	alloc_req = (struct shmx_alloc_req){.pool = fx.pool, .len = 64};
	for (unsigned int i = 0; i < RTE_DIM(vec); i++)
		vec[i] = (struct shmx_vec){.addr = region + i * 8, .buf = buf + i * 8, .len = 8};
}

static void
locks_begin(void)
{
	const struct shmx_lock_req req = {.lock = LOCK};
	struct shmx_lock_grant grant;

	for (uint32_t id = 1; id <= 3; id++)
		SAME(shmx_lock_reserve_sync(EP(0), S(0), id, id == LOCK ? NAMED : NULL, NULL), 0);
	SAME(shmx_lock_sync(EP(0), S(0), &req, 1, 0, &grant), 0);
	token = grant.token;
}

static void
begin_as(const struct fixture_conf *conf)
{
	fixture_up(&fx, conf);
	memory_begin();
}

static void
begin(void)
{
	const struct fixture_conf conf = {.nb_hosts = 2,
		.workers = fixture_workers,
		.max_ops = MAX_OPS,
		.pool_max_size = 16 * MIB};

	begin_as(&conf);
	locks_begin();
}

/* Equal: nothing has happened. */
struct state {
	struct shmx_pool_info pool;
	struct sync_usage locks;
	struct comm_usage inboxes;
	uint32_t jobs, seats;
	uint64_t word;
};

static void
state_read(struct state *st)
{
	memset(st, 0, sizeof(*st));
	SAME(shmx_pool_stat_sync(EP(1), fx.pool, &st->pool), 0);
	if (fx.sync != NULL)
		sync_usage(fx.sync, &st->locks);
	if (fx.comm != NULL)
		comm_usage(fx.comm, &st->inboxes);
	for (unsigned int i = 0; i < fx.workers; i++) {
		st->jobs += target_worker_at(fx.target, i)->nb_free_job;
		st->seats += target_worker_at(fx.target, i)->nb_free_holder;
	}
	SAME(shmx_get_sync(EP(0), region, &st->word, 8), 0);
}

static bool
state_same(const struct state *a, const struct state *b)
{
	return pool_same(&a->pool, &b->pool) && a->jobs == b->jobs && a->seats == b->seats &&
	       a->word == b->word && memcmp(&a->locks, &b->locks, sizeof(a->locks)) == 0 &&
	       memcmp(&a->inboxes, &b->inboxes, sizeof(a->inboxes)) == 0;
}

/* A call that names the one which failed. */
static void
same(const struct call *c, int ret, int expected)
{
	if (ret != expected)
		fprintf(stderr, "%s: %d, not %d\n", c->name, ret, expected);
	CU_ASSERT_EQUAL(ret, expected);
}

static int
status_of(const struct call *c, struct shmx_ep *ep)
{
	return STATUS(ep, c->start(ep, cookie));
}

/* Nothing is left of operations whose events have been told. */
static void
idle(struct shmx_ep *ep)
{
	struct shmx_ep_stats st = {.ops_in_progress = 1};
	struct shmx_event e;

	SAME(poll_for(ep, 2), 0);
	for (unsigned int i = 0; i < 100000 && st.ops_in_progress > 0; i++) {
		SAME(shmx_poll(ep, &e, 1), 0);
		shmx_ep_stats_get(ep, &st);
	}
	SAME(st.ops_in_progress, 0);
}

/* ---- at this end -------------------------------------------------------------------------- */

static void
refused__without_an_endpoint(void)
{
	struct state before, after;

	begin();
	state_read(&before);
	/* proves: every operation -EINVAL */
	for (unsigned int i = 0; i < CALLS; i++)
		same(&calls[i], calls[i].start(NULL, 1), -EINVAL);
	idle(EP(0));
	state_read(&after);
	SAME(state_same(&before, &after), true);
	fixture_down(&fx);
}

static void
refused__without_a_session(void)
{
	struct shmx_pool_info before = {0}, after = {0};

	begin();
	SAME(shmx_pool_stat_sync(EP(1), fx.pool, &before), 0);
	SAME(shmx_disconnect(EP(0), S(0)), 0);
	/* proves: every operation -ENOTCONN */
	for (unsigned int i = 0; i < CALLS; i++)
		same(&calls[i], calls[i].start(EP(0), 1), -ENOTCONN);
	idle(EP(0));
	SAME(shmx_pool_stat_sync(EP(1), fx.pool, &after), 0);
	SAME(before.allocs, after.allocs);
	SAME(before.used, after.used);
	fixture_down(&fx);
}

/* As many events as there are operations wait to be taken: no more begins before. */
static void
fill_up(struct shmx_ep *ep)
{
	for (unsigned int i = 0; i < MAX_OPS; i++)
		SAME(shmx_fetch_add(ep, region, 0, i), 0);
	for (unsigned int i = 0; i < 10000 && client_kept(ep) < MAX_OPS; i++)
		shmx_poll(ep, NULL, 0);
}

static void
refused__while_it_is_full(void)
{
	struct state before, after;

	begin();
	state_read(&before);
	fill_up(EP(0));
	/* proves: every operation -EAGAIN */
	for (unsigned int i = 0; i < CALLS; i++)
		same(&calls[i], calls[i].start(EP(0), MAX_OPS), -EAGAIN);
	SAME(poll_for(EP(0), 5), MAX_OPS);
	idle(EP(0));
	state_read(&after);
	SAME(state_same(&before, &after), true);
	/* And what was refused then is done now. */
	for (unsigned int i = 0; i < 4; i++)
		same(&calls[i], status_of(&calls[i], EP(0)), 0);
	fixture_down(&fx);
}

/* ---- on the way --------------------------------------------------------------------------- */

/* All of them are under way, and nobody answers. */
static void
start_all(void)
{
	fx.server_stopped = true;
	for (unsigned int i = 0; i < CALLS; i++)
		same(&calls[i], calls[i].start(EP(0), 1000 + i), 0);
	shmx_flush(EP(0));
}

/* Each has ended once, like this. */
static void
all_ended(int status)
{
	unsigned int seen[CALLS] = {0}, n = 0;
	struct shmx_event e;

	for (unsigned int i = 0; i < 1000000 && n < CALLS; i++) {
		if (shmx_poll(EP(0), &e, 1) == 0)
			continue;
		n++;
		CU_ASSERT_FATAL(e.cookie >= 1000 && e.cookie < 1000 + CALLS);
		seen[e.cookie - 1000]++;
		same(&calls[e.cookie - 1000], e.status, status);
	}
	for (unsigned int i = 0; i < CALLS; i++)
		same(&calls[i], (int)seen[i], 1);
}

/* Whatever it has done by then, it is over: answers come, and tell nobody. */
static void
answered(void)
{
	fx.server_stopped = false;
	poll_for(EP(0), 2);
	idle(EP(0));
}

static void
given_up__when_cancelled(void)
{
	begin();
	start_all();
	for (unsigned int i = 0; i < CALLS; i++)
		same(&calls[i], shmx_cancel(EP(0), 1000 + i), 0);
	/* proves: every operation -EINTR */
	all_ended(-EINTR);
	memset(ids, 0x55, sizeof(ids));
	answered();
	SAME(ids[0] == 0x5555 && ids[3] == 0x5555, true);
	fixture_down(&fx);
}

static void
given_up__when_its_time_is_up(void)
{
	const struct shmx_op_attr soon = {.timeout_us = 500};

	begin();
	SAME(shmx_op_attr_set(EP(0), &soon), 0);
	start_all();
	/* proves: every operation -ETIMEDOUT */
	all_ended(-ETIMEDOUT);
	SAME(shmx_op_attr_set(EP(0), NULL), 0);
	answered();
	fixture_down(&fx);
}

/* A session for one operation, which is ended when that has been sent, or has not. */
static void
ended_session(const struct call *c, bool sent, int status)
{
	const struct shmx_peer peer = {.ip = RTE_BE32(RTE_IPV4(10, 0, 0, 1))};
	struct shmx_event event = {0};
	uint64_t cookie = shmx_wait_cookie(EP(0));

	fx.server_stopped = true;
	same(c, c->start(EP(0), cookie), 0);
	if (sent)
		shmx_flush(EP(0));
	SAME(shmx_disconnect(EP(0), S(0)), 0);
	same(c, shmx_wait(EP(0), cookie, &event), status);
	idle(EP(0));
	fx.server_stopped = false;
	SAME(shmx_connect_sync(EP(0), &peer, &S(0)), 0);
	SAME(shmx_pool_open_sync(EP(0), S(0), "main", &fx.pool), 0);
}

static void
ended__with_its_session(void)
{
	struct shmx_pool_info before = {0}, after = {0};

	begin();
	SAME(shmx_pool_stat_sync(EP(1), fx.pool, &before), 0);
	/* proves: every operation -ECANCELED */
	for (unsigned int i = 0; i < CALLS; i++)
		ended_session(&calls[i], false, -ECANCELED);
	SAME(shmx_pool_stat_sync(EP(1), fx.pool, &after), 0);
	/* It took no effect. */
	SAME(pool_same(&before, &after), true);
	/* proves: every operation -ECONNRESET */
	for (unsigned int i = 0; i < CALLS; i++)
		ended_session(&calls[i], true, -ECONNRESET);
	fixture_down(&fx);
}

/* ---- at the memory node ------------------------------------------------------------------- */

/* Calls of node 2 that need any of this fail so. Its session has the same number. */
static void
all_need(unsigned int needs, int status)
{
	for (unsigned int i = 0; i < CALLS; i++)
		if ((calls[i].needs & needs) != 0)
			same(&calls[i], status_of(&calls[i], EP(1)), status);
}

static void
node__keeps_account_of_so_many(void)
{
	uint32_t free_jobs[TARGET_WORKERS_MAX];
	struct state before, after;

	begin();
	state_read(&before);
	for (unsigned int i = 0; i < fx.workers; i++) {
		free_jobs[i] = target_worker_at(fx.target, i)->nb_free_job;
		target_worker_at(fx.target, i)->nb_free_job = 0;
	}
	/* proves: shmx_alloc shmx_free shmx_resize shmx_lookup shmx_own shmx_own_nodes
	 * shmx_own_move shmx_owners shmx_lock shmx_unlock shmx_lock_reserve shmx_lock_unreserve
	 * shmx_lock_lookup shmx_lock_force shmx_lock_list shmx_barrier shmx_inbox_open
	 * shmx_inbox_close shmx_signal shmx_message_done shmx_pool_create shmx_pool_destroy
	 * shmx_pool_grow shmx_pool_shrink shmx_pool_stat -EBUSY */
	for (unsigned int i = 0; i < CALLS; i++)
		if ((calls[i].needs & (fx.workers > 1 ? ACCOUNT | HANDED : ACCOUNT)) != 0)
			same(&calls[i], status_of(&calls[i], EP(0)), -EBUSY);
	for (unsigned int i = 0; i < fx.workers; i++)
		target_worker_at(fx.target, i)->nb_free_job = free_jobs[i];
	idle(EP(0));
	state_read(&after);
	SAME(pool_same(&before.pool, &after.pool), true);
	SAME(memcmp(&before.locks, &after.locks, sizeof(before.locks)), 0);
	SAME(memcmp(&before.inboxes, &after.inboxes, sizeof(before.inboxes)), 0);
	SAME(before.jobs, after.jobs);
	fixture_down(&fx);
}

static void
node__has_no_locks_and_no_inboxes(void)
{
	const struct fixture_conf conf = {
		.nb_hosts = 2, .workers = fixture_workers, .no_locks = true, .no_inboxes = true};
	struct state before, after;

	begin_as(&conf);
	state_read(&before);
	/* proves: shmx_lock shmx_unlock shmx_lock_reserve shmx_lock_unreserve shmx_lock_lookup
	 * shmx_lock_force shmx_lock_list shmx_barrier shmx_put_fenced shmx_inbox_open
	 * shmx_inbox_close shmx_signal shmx_send shmx_send_memory shmx_message_done -ENOTSUP */
	all_need(LOCKS | INBOXES, -ENOTSUP);
	idle(EP(1));
	state_read(&after);
	SAME(before.jobs, after.jobs);
	SAME(pool_same(&before.pool, &after.pool), true);
	fixture_down(&fx);
}

static void
node__has_no_place_for_another_session(void)
{
	struct state before, after;

	begin();
	state_read(&before);
	/* Node 2 has none yet. */
	for (unsigned int i = 0; i < fx.workers; i++)
		target_worker_at(fx.target, i)->nb_free_holder = 0;
	/* proves: shmx_lock shmx_barrier shmx_inbox_open shmx_inbox_close shmx_signal shmx_send
	 * shmx_send_memory shmx_message_done -ENOSPC */
	all_need(SEAT, -ENOSPC);
	/* It has no lock, either. */
	SAME(STATUS(EP(1), shmx_unlock(EP(1), S(1), lock_id, 1, cookie)), -EPERM);
	idle(EP(1));
	state_read(&after);
	SAME(memcmp(&before.locks, &after.locks, sizeof(before.locks)), 0);
	SAME(memcmp(&before.inboxes, &after.inboxes, sizeof(before.inboxes)), 0);
	SAME(pool_same(&before.pool, &after.pool), true);
	SAME(before.jobs, after.jobs);
	fixture_down(&fx);
}

/* Another node has destroyed the pool: this one still knows the way there. */
static void
node__has_no_such_pool_any_more(void)
{
	uint32_t jobs = 0, after = 0;

	begin();
	for (unsigned int i = 0; i < fx.workers; i++)
		jobs += target_worker_at(fx.target, i)->nb_free_job;
	SAME(shmx_pool_destroy_sync(EP(1), fx.pool, true), 0);
	/* proves: shmx_get shmx_put shmx_getv shmx_putv shmx_fill shmx_atomic shmx_put_fenced
	 * shmx_alloc shmx_free shmx_resize shmx_lookup shmx_own shmx_own_nodes shmx_own_move
	 * shmx_owners shmx_send_memory shmx_pool_destroy shmx_pool_grow shmx_pool_shrink
	 * shmx_pool_stat -ENOENT */
	for (unsigned int i = 0; i < CALLS; i++)
		if ((calls[i].needs & POOL) != 0)
			same(&calls[i], status_of(&calls[i], EP(0)), -ENOENT);
	idle(EP(0));
	for (unsigned int i = 0; i < fx.workers; i++)
		after += target_worker_at(fx.target, i)->nb_free_job;
	SAME(jobs, after);
	fixture_down(&fx);
}

/* ---- the synchronous form ----------------------------------------------------------------- */

struct sync_call {
	const char *name;
	int (*start)(struct shmx_ep *ep);
};

#define SYNC_CALL(call, ...)                                                                       \
	static int start_##call(struct shmx_ep *ep)                                                \
	{                                                                                          \
		return call(ep, __VA_ARGS__);                                                      \
	}

static const struct shmx_peer peer = {.ip = RTE_BE32(RTE_IPV4(10, 0, 0, 1))};
static shmx_session_t session;
static shmx_addr_t result;
static uint32_t lock;
static uint16_t pool;

SYNC_CALL(shmx_connect_sync, &peer, &session)
SYNC_CALL(shmx_get_sync, region, buf, 8)
SYNC_CALL(shmx_put_sync, region, buf, 8)
SYNC_CALL(shmx_fill_sync, region, 8, 0)
SYNC_CALL(shmx_atomic_sync, SHMX_FETCH_ADD, region, 8, 0, 0, NULL)
SYNC_CALL(shmx_alloc_sync, &alloc_req, &result)
SYNC_CALL(shmx_free_sync, region)
SYNC_CALL(shmx_lookup_sync, fx.pool, NAMED, NULL, NULL)
SYNC_CALL(shmx_pool_create_sync, S(0), &pool_req, &pool)
SYNC_CALL(shmx_pool_open_sync, S(0), "main", &pool)
SYNC_CALL(shmx_pool_destroy_sync, fx.pool, false)
SYNC_CALL(shmx_pool_stat_sync, fx.pool, pools)
SYNC_CALL(shmx_lock_reserve_sync, S(0), 0, NULL, NULL)
SYNC_CALL(shmx_lock_lookup_sync, S(0), NAMED, &lock)
SYNC_CALL(shmx_lock_sync, S(0), other_lock, 1, SHMX_FOREVER, NULL)
SYNC_CALL(shmx_unlock_sync, S(0), lock_id, 1)
SYNC_CALL(shmx_barrier_sync, S(0), 7, both, 2, 100)
SYNC_CALL(shmx_inbox_open_sync, S(0), NULL)
SYNC_CALL(shmx_signal_sync, S(0), &everybody, 1, 1)
SYNC_CALL(shmx_send_sync, S(0), &everybody, buf, 8)

#define SYNC_ROW(call)                                                                             \
	{                                                                                          \
#call, start_##call                                                                \
	}

static const struct sync_call sync_calls[] = {
	SYNC_ROW(shmx_connect_sync),
	SYNC_ROW(shmx_get_sync),
	SYNC_ROW(shmx_put_sync),
	SYNC_ROW(shmx_fill_sync),
	SYNC_ROW(shmx_atomic_sync),
	SYNC_ROW(shmx_alloc_sync),
	SYNC_ROW(shmx_free_sync),
	SYNC_ROW(shmx_lookup_sync),
	SYNC_ROW(shmx_pool_create_sync),
	SYNC_ROW(shmx_pool_open_sync),
	SYNC_ROW(shmx_pool_destroy_sync),
	SYNC_ROW(shmx_pool_stat_sync),
	SYNC_ROW(shmx_lock_reserve_sync),
	SYNC_ROW(shmx_lock_lookup_sync),
	SYNC_ROW(shmx_lock_sync),
	SYNC_ROW(shmx_unlock_sync),
	SYNC_ROW(shmx_barrier_sync),
	SYNC_ROW(shmx_inbox_open_sync),
	SYNC_ROW(shmx_signal_sync),
	SYNC_ROW(shmx_send_sync),
};

/* From one on: each says that. */
static void
sync_all(struct shmx_ep *ep, unsigned int from, int status)
{
	for (unsigned int i = from; i < RTE_DIM(sync_calls); i++) {
		int ret = sync_calls[i].start(ep);

		if (ret != status)
			fprintf(stderr, "%s: %d, not %d\n", sync_calls[i].name, ret, status);
		CU_ASSERT_EQUAL(ret, status);
	}
}

static void
sync__bad_arguments(void)
{
	struct state before, after;

	begin();
	state_read(&before);
	/* proves: every call here -EINVAL */
	sync_all(NULL, 0, -EINVAL);
	SAME(shmx_connect_sync(EP(0), &peer, NULL), -EINVAL);
	SAME(shmx_alloc_sync(EP(0), &alloc_req, NULL), -EINVAL);
	SAME(shmx_pool_create_sync(EP(0), S(0), &pool_req, NULL), -EINVAL);
	SAME(shmx_pool_open_sync(EP(0), S(0), "main", NULL), -EINVAL);
	SAME(shmx_lock_lookup_sync(EP(0), S(0), NAMED, NULL), -EINVAL);
	idle(EP(0));
	state_read(&after);
	SAME(state_same(&before, &after), true);
	fixture_down(&fx);
}

/* Connections that nobody hears of, too: until no more may begin. */
static int
connect_on(struct shmx_ep *ep)
{
	int ret = 0;

	for (unsigned int i = 0; i < 10000 && ret != -EAGAIN; i++) {
		shmx_poll(ep, NULL, 0);
		ret = shmx_connect(ep, &peer, i, &session);
		for (unsigned int k = 0; ret == 0 && k < 20; k++)
			shmx_poll(ep, NULL, 0);
		if (ret == 0)
			shmx_disconnect(ep, session);
	}
	return ret;
}

static void
sync__while_it_is_full(void)
{
	struct state before, after;

	begin();
	state_read(&before);
	fill_up(EP(0));
	SAME(connect_on(EP(0)), -EAGAIN);
	/* proves: every call here -EAGAIN
	 * proves: shmx_connect -EAGAIN */
	sync_all(EP(0), 0, -EAGAIN);
	SAME(poll_for(EP(0), 5) > MAX_OPS, true);
	idle(EP(0));
	state_read(&after);
	SAME(pool_same(&before.pool, &after.pool), true);
	SAME(before.jobs, after.jobs);
	fixture_down(&fx);
}

/* What the calls behind them say, and the events of what they started. */
static void
sync__passed_on(void)
{
	const struct shmx_op_attr soon = {.timeout_us = 300};

	begin();
	SAME(shmx_op_attr_set(EP(0), &soon), 0);
	fx.server_stopped = true;
	sync_all(EP(0), 1, -ETIMEDOUT);
	SAME(shmx_op_attr_set(EP(0), NULL), 0);
	fx.server_stopped = false;
	poll_for(EP(0), 2);
	shmx_disconnect(EP(0), S(0));
	sync_all(EP(0), 1, -ENOTCONN);
	idle(EP(0));
	fixture_down(&fx);
}

static const struct named_test tests[] = {
	{"refused__without_an_endpoint", refused__without_an_endpoint},
	{"refused__without_a_session", refused__without_a_session},
	{"refused__while_it_is_full", refused__while_it_is_full},
	{"given_up__when_cancelled", given_up__when_cancelled},
	{"given_up__when_its_time_is_up", given_up__when_its_time_is_up},
	{"ended__with_its_session", ended__with_its_session},
	{"node__keeps_account_of_so_many", node__keeps_account_of_so_many},
	{"node__has_no_locks_and_no_inboxes", node__has_no_locks_and_no_inboxes},
	{"node__has_no_place_for_another_session", node__has_no_place_for_another_session},
	{"node__has_no_such_pool_any_more", node__has_no_such_pool_any_more},
	{"sync__bad_arguments", sync__bad_arguments},
	{"sync__while_it_is_full", sync__while_it_is_full},
	{"sync__passed_on", sync__passed_on},
};

int
main(void)
{
	return tests_run_workers(tests, RTE_DIM(tests));
}
