/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/* Memory that ends with its owners: who goes, who comes back, who was handed it. */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_hash.h>

#include "client/fixture.h"
#include "target/target_private.h"

#define GRACE_MS 100
#define LEN      4096
#define MANY     100000

/* Longer than anything here takes: turns of a worker that wait for something, and seconds. */
#define MANY_TURNS 1000000u
#define HANGS_S    30

static struct fixture fx;

/* The target's time: it goes on when a test says so. A busy machine takes none of it. */
static uint64_t now_ns;

static uint64_t
told(void *ctx)
{
	return *(const uint64_t *)ctx;
}

static void
begin(unsigned int workers)
{
	const struct fixture_conf conf = {.nb_hosts = 3,
		.workers = workers,
		.owner_grace_ms = GRACE_MS,
		.pool_size = 32 * MIB};

	fixture_up(&fx, &conf);
	now_ns = clock_now(&fx.target->clock);
	fx.target->clock.ctx = &now_ns;
	fx.target->clock.source = told;
}

static void
turns_for(unsigned int ms)
{
	for (unsigned int i = 0; i < ms * 4; i++) {
		now_ns += 250000;
		server_turn(&fx);
	}
}

/* One turn of a worker alone, and the time for some. */
static void
turn_alone(struct target_worker *w)
{
	now_ns += 10000;
	target_worker_poll(w);
}

static shmx_addr_t
alloc(unsigned int host, enum shmx_owner owner, enum shmx_on_death on_death)
{
	static const uint16_t both[] = {1, 2};
	const struct shmx_alloc_req req = {.pool = fx.pool,
		.len = LEN,
		.owner = owner,
		.nodes = owner == SHMX_OWNER_NODES ? both : NULL,
		.nb_nodes = owner == SHMX_OWNER_NODES ? 2 : 0,
		.on_death = on_death};
	shmx_addr_t addr = 0;

	SAME(shmx_alloc_sync(fx.host[host].ep, &req, &addr), 0);
	return addr;
}

static void
leave(unsigned int host)
{
	const uint32_t *sessions = &fx.target->presence.sessions[host + 1];
	uint64_t end = rte_rdtsc() + HANGS_S * rte_get_tsc_hz();
	uint32_t before = *sessions;

	SAME(shmx_disconnect(fx.host[host].ep, fx.host[host].session), 0);
	while (*sessions == before && rte_rdtsc() < end)
		shmx_poll(fx.host[host].ep, NULL, 0);
	SAME(*sessions, before - 1);
}

static void
come(unsigned int host)
{
	struct shmx_peer peer = {.ip = rte_cpu_to_be_32(RTE_IPV4(10, 0, 0, 1))};

	SAME(shmx_connect_sync(fx.host[host].ep, &peer, &fx.host[host].session), 0);
}

/* Two graces, and time to walk: the walk may have begun just before. */
static void
mourn(void)
{
	turns_for(2 * GRACE_MS + 50);
}

static bool
lives(shmx_addr_t addr)
{
	struct mem_alloc_info info;

	return mem_alloc_info(fx.mem, addr, &info) == 0;
}

static uint64_t
reaped(void)
{
	uint64_t n = 0;

	for (unsigned int i = 0; i < fx.workers; i++)
		n += target_worker_stats(target_worker_at(fx.target, i))->reaped;
	return n;
}

static void
by_policy(void)
{
	shmx_addr_t kept = alloc(0, SHMX_OWNER_SELF, SHMX_KEEP);
	shmx_addr_t own = alloc(0, SHMX_OWNER_SELF, SHMX_FREE);
	shmx_addr_t shared = alloc(0, SHMX_OWNER_NODES, SHMX_FREE);
	shmx_addr_t everyones = alloc(0, SHMX_OWNER_EVERYONE, SHMX_KEEP);

	leave(0);
	turns_for(GRACE_MS / 2);
	SAME(lives(own), true);
	mourn();
	SAME(lives(own), false);
	SAME(lives(shared), true);
	leave(1);
	mourn();
	SAME(lives(shared), false);
	SAME(lives(kept), true);
	SAME(lives(everyones), true);
	SAME(reaped(), 2);
	come(0);
	SAME(shmx_pool_open_sync(fx.host[0].ep, fx.host[0].session, "main", &fx.pool), 0);
	SAME(shmx_get_sync(fx.host[0].ep, own, &(uint64_t){0}, 8), -ESTALE);
	SAME(shmx_free_sync(fx.host[0].ep, kept), 0);
}

/* Within the grace period, it is as if the node had not gone. */
static void
back_in_time(void)
{
	shmx_addr_t own = alloc(0, SHMX_OWNER_SELF, SHMX_FREE);

	for (unsigned int i = 0; i < 3; i++) {
		leave(0);
		turns_for(GRACE_MS / 4);
		come(0);
	}
	mourn();
	SAME(lives(own), true);
	leave(0);
	mourn();
	SAME(lives(own), false);
}

static void
change(unsigned int host, shmx_addr_t addr, uint64_t len, enum shmx_own_how how, uint16_t node)
{
	struct shmx_ep *ep = fx.host[host].ep;

	SAME(STATUS(ep, shmx_own_nodes(ep, addr, len, how, &node, 1, cookie)), 0);
}

/* The policy stays with the memory; whose it is now decides. */
static void
handed_on(void)
{
	shmx_addr_t all = alloc(0, SHMX_OWNER_SELF, SHMX_FREE);
	shmx_addr_t half = alloc(0, SHMX_OWNER_SELF, SHMX_FREE);
	shmx_addr_t open = alloc(0, SHMX_OWNER_SELF, SHMX_FREE);
	struct shmx_ep *ep = fx.host[0].ep;

	change(0, all, LEN, SHMX_OWN_SET, 2);
	change(0, half + 1024, 64, SHMX_OWN_ADD, 2);
	SAME(STATUS(ep, shmx_own(ep, open + 2048, 64, SHMX_OWNER_EVERYONE, cookie)), 0);
	leave(0);
	mourn();
	SAME(lives(all), true);
	SAME(lives(half), true);
	leave(1);
	mourn();
	SAME(lives(all), false);
	SAME(lives(half), false);
	SAME(lives(open), true);
}

/* Who gets it has gone long ago, and nobody goes afterwards. */
static void
to_the_absent(void)
{
	static const uint16_t third = 3;
	struct shmx_alloc_req req = {.pool = fx.pool,
		.len = LEN,
		.owner = SHMX_OWNER_NODES,
		.nodes = &third,
		.nb_nodes = 1,
		.on_death = SHMX_FREE};
	shmx_addr_t given, made, left, kept;

	leave(2);
	mourn();
	given = alloc(0, SHMX_OWNER_SELF, SHMX_FREE);
	left = alloc(0, SHMX_OWNER_SELF, SHMX_FREE);
	kept = alloc(0, SHMX_OWNER_SELF, SHMX_FREE);
	SAME(shmx_alloc_sync(fx.host[0].ep, &req, &made), 0);
	mourn();
	SAME(lives(made), false);
	change(0, given, LEN, SHMX_OWN_SET, third);
	mourn();
	SAME(lives(given), false);
	change(0, left, LEN, SHMX_OWN_ADD, third);
	change(0, kept, LEN, SHMX_OWN_ADD, third);
	mourn();
	SAME(lives(left), true);
	change(0, left, LEN, SHMX_OWN_DROP, 1);
	mourn();
	SAME(lives(left), false);
	SAME(lives(kept), true);
	come(2);
}

/* It is made when its owner has been mourned already: it had to wait for its pool to grow. */
static void
made_too_late(void)
{
	const struct shmx_pool_req pool = {.name = "late",
		.size = 2 * MIB,
		.max_size = 8 * MIB,
		.grow_below = 64,
		.grow_by = 2 * MIB};
	struct shmx_alloc_req req = {
		.len = 4 * MIB, .owner = SHMX_OWNER_SELF, .on_death = SHMX_FREE};
	struct mem_pool_stat st;

	SAME(shmx_pool_create_sync(fx.host[0].ep, fx.host[0].session, &pool, &req.pool), 0);
	fx.control_stopped = true;
	SAME(shmx_alloc(fx.host[0].ep, &req, 1), 0);
	poll_for(fx.host[0].ep, 20);
	leave(0);
	mourn();
	fx.control_stopped = false;
	turns_for(10);
	SAME(mem_pool_stat(fx.mem, req.pool, &st), 0);
	SAME(st.nb_allocs, 1);
	mourn();
	SAME(mem_pool_stat(fx.mem, req.pool, &st), 0);
	SAME(st.nb_allocs, 0);
	come(0);
}

/* A node has a session here and there: the last one counts. */
static void
last_session(void)
{
	shmx_addr_t own = alloc(0, SHMX_OWNER_SELF, SHMX_FREE);

	presence_came(fx.target, 1);
	leave(0);
	mourn();
	SAME(lives(own), true);
	presence_went(fx.target, 1);
	mourn();
	SAME(lives(own), false);
}

/* Shrunk, grown, named: it remains what it is; and what is freed in time is not freed twice. */
static void
changed(void)
{
	shmx_addr_t small = alloc(0, SHMX_OWNER_SELF, SHMX_FREE);
	shmx_addr_t freed = alloc(0, SHMX_OWNER_SELF, SHMX_FREE);
	shmx_addr_t again;

	SAME(STATUS(fx.host[0].ep, shmx_resize(fx.host[0].ep, small, 64, cookie)), 0);
	SAME(shmx_free_sync(fx.host[0].ep, freed), 0);
	again = alloc(2, SHMX_OWNER_SELF, SHMX_KEEP);
	leave(0);
	leave(2);
	mourn();
	SAME(lives(small), false);
	SAME(lives(again), true);
	SAME(reaped(), 1);
}

/* What lies in an inbox is freed when it has been read, and not before. */
static void
sent(void)
{
	shmx_addr_t addr = alloc(0, SHMX_OWNER_SELF, SHMX_FREE);
	struct target_worker *home = target_worker_at(
		fx.target, target_home(fx.target, mem_addr_pool(addr)));

	SAME(rte_hash_add_key(home->pinned, &addr) >= 0, true);
	leave(0);
	mourn();
	SAME(lives(addr), true);
	SAME(rte_hash_del_key(home->pinned, &addr) >= 0, true);
	mourn();
	SAME(lives(addr), false);
}

static void
errors(void)
{
	struct shmx_alloc_req req = {.pool = fx.pool, .len = 64, .on_death = SHMX_FREE};
	struct shmx_ep *ep = fx.host[0].ep;

	SAME(shmx_alloc(ep, &req, 1), -EINVAL);
	req.owner = SHMX_OWNER_SELF;
	req.on_death = (enum shmx_on_death)2;
	SAME(shmx_alloc(ep, &req, 1), -EINVAL);
}

static void (*const cases[])(void) = {by_policy, back_in_time, handed_on, to_the_absent,
	made_too_late, last_session, changed, sent, errors};

static void
all(unsigned int workers)
{
	for (unsigned int i = 0; i < RTE_DIM(cases); i++) {
		begin(workers);
		cases[i]();
		fixture_down(&fx);
	}
}

static void
one_worker(void)
{
	all(1);
}

static void
three_workers(void)
{
	all(3);
}

/* Turns until @p want are gone; the most that went in one of them. Tells how long those took. */
static uint64_t
most_in_a_turn(uint64_t want)
{
	uint64_t most = 0, turns = 0, sum = 0, longest = 0;

	for (unsigned int i = 0; reaped() < want && i < MANY_TURNS; i++) {
		uint64_t before = reaped(), begin = rte_rdtsc(), took;

		turn_alone(target_worker_at(fx.target, i % fx.workers));
		took = rte_rdtsc() - begin;
		if (reaped() == before)
			continue;
		most = RTE_MAX(most, reaped() - before);
		longest = RTE_MAX(longest, took);
		sum += took;
		turns++;
	}
	printf("%u workers: %" PRIu64 " turns, %.1f us each, the longest %.1f ", fx.workers, turns,
		1e6 * (double)sum / (double)RTE_MAX(turns, 1u) / (double)rte_get_tsc_hz(),
		1e6 * (double)longest / (double)rte_get_tsc_hz());
	return most;
}

static int
alloc_mortal(uint64_t len, uint16_t set, uint64_t *addr)
{
	const struct mem_alloc_req req = {.len = len, .pool = fx.pool, .set = set, .mortal = true};

	return mem_alloc_for(fx.mem, &req, addr);
}

/* In bounded steps, and never at the cost of a client's requests. */
static void
many(void)
{
	struct mem_pool_stat st;
	uint16_t set;
	uint64_t addr;

	for (unsigned int workers = 1; workers <= 2; workers++) {
		begin(workers);
		SAME(mem_set_of_node(fx.mem, 1, &set), 0);
		for (unsigned int i = 0; i < MANY; i++)
			CU_ASSERT_EQUAL_FATAL(alloc_mortal(64, set, &addr), 0);
		leave(0);
		SAME(most_in_a_turn(MANY) <= 16, true);
		turns_for(10);
		SAME(reaped(), MANY);
		SAME(mem_pool_stat(fx.mem, fx.pool, &st), 0);
		SAME(st.nb_allocs, 0);
		SAME(st.used, 0);
		fixture_down(&fx);
	}
}

/* One allocation with so many owners that it takes many turns, and changes meanwhile. */
static void
in_pieces(void)
{
	const uint64_t len = 24 * MIB;
	int ret = -EAGAIN;
	uint16_t set[2];
	uint64_t addr;

	begin(1);
	for (uint16_t i = 0; i < 2; i++)
		SAME(mem_set_of_node(fx.mem, i + 1, &set[i]), 0);
	SAME(alloc_mortal(len, set[0], &addr), 0);
	for (uint64_t off = 0; off < len; off += 8192)
		SAME(mem_own_set(fx.mem, addr + off, 64, set[1]), 0);
	leave(0);
	leave(1);
	mourn();
	SAME(lives(addr), false);
	/* It is cleared first, which takes turns, too. */
	for (unsigned int i = 0; i < MANY_TURNS && ret == -EAGAIN; i++) {
		turn_alone(target_worker_at(fx.target, 0));
		ret = alloc_mortal(len, set[0], &addr);
	}
	SAME(ret, 0);
	/* Somebody owns its end. */
	SAME(mem_set_of_node(fx.mem, 3, &set[1]), 0);
	SAME(mem_own_set(fx.mem, addr + len - 64, 64, set[1]), 0);
	presence_came(fx.target, 1);
	presence_went(fx.target, 1);
	mourn();
	SAME(lives(addr), true);
	fixture_down(&fx);
}

/* What a host has asked for is done, and no worker looks for anything meanwhile. */
static void
served(unsigned int host)
{
	shmx_poll(fx.host[host].ep, NULL, 0);
	rdp_poll(fx.host[host].server);
	fixture_control(&fx);
}

/* The pool goes, with all that is in it, and another one gets its id. */
static void
pool_anew(unsigned int host)
{
	const struct shmx_pool_req req = {.name = "new", .size = 32 * MIB};
	struct shmx_ep *ep = fx.host[host].ep;

	fx.server_stopped = true;
	SAME(shmx_pool_destroy(ep, fx.pool, true, 1), 0);
	served(host);
	SAME(mem_pool_exists(fx.mem, fx.pool), false);
	SAME(shmx_pool_create(ep, fx.host[host].session, &req, 2), 0);
	served(host);
	SAME(mem_pool_exists(fx.mem, fx.pool), true);
	fx.server_stopped = false;
}

/* Of a pool with many pieces, which a walk stands in when it goes. */
static uint64_t
half_walked(uint64_t len, uint16_t set)
{
	struct target_worker *w = target_worker_at(fx.target, 0);
	uint16_t other;
	uint64_t addr;

	SAME(mem_set_of_node(fx.mem, 2, &other), 0);
	SAME(alloc_mortal(len, set, &addr), 0);
	for (uint64_t off = 0; off < len; off += 8192)
		SAME(mem_own_set(fx.mem, addr + off, 64, other), 0);
	leave(0);
	leave(1);
	for (unsigned int i = 0; w->reap.next <= addr && i < MANY_TURNS; i++)
		turn_alone(w);
	SAME(w->reap.here.addr, addr);
	SAME(w->reap.next > addr && w->reap.next < addr + len, true);
	return addr;
}

/* What was found in a pool that goes says nothing of the one that gets its id. */
static void
pool_goes(void)
{
	const uint64_t len = 24 * MIB;
	struct mem_alloc_req req = {.len = len};
	uint64_t addr, again = 0;
	uint16_t set;

	begin(1);
	SAME(mem_set_of_node(fx.mem, 1, &set), 0);
	addr = half_walked(len, set);
	pool_anew(2);
	/* As long and at the same place, of a node that is gone: but to be kept. */
	req.pool = fx.pool;
	req.set = set;
	SAME(mem_alloc_for(fx.mem, &req, &again), 0);
	SAME(again, addr);
	mourn();
	SAME(lives(again), true);
	SAME(reaped(), 0);
	/* Nothing of it is forgotten either: what ends with its owners does so in the new pool. */
	SAME(alloc_mortal(LEN, set, &addr), 0);
	come(0);
	leave(0);
	mourn();
	SAME(lives(addr), false);
	SAME(lives(again), true);
	fixture_down(&fx);
}

/* Likewise when the memory was on its way back, and waits for the other workers. */
static void
pool_goes_half_done(void)
{
	struct mem_alloc_req req = {.len = LEN};
	struct target_worker *home;
	uint64_t addr, again;
	struct mem_pool_stat st;
	unsigned int jobs, host;
	uint16_t set;

	begin(2);
	host = target_home(fx.target, fx.pool) == 0 ? 2 : 1;
	home = target_worker_at(fx.target, target_home(fx.target, fx.pool));
	SAME(mem_set_of_node(fx.mem, 1, &set), 0);
	SAME(alloc_mortal(LEN, set, &addr), 0);
	leave(0);
	jobs = home->nb_free_job;
	for (unsigned int i = 0; reaped() == 0 && i < MANY_TURNS; i++)
		turn_alone(home);
	SAME(reaped(), 1);
	SAME(home->nb_free_job, jobs - 1);
	pool_anew(host);
	req.pool = fx.pool;
	req.set = set;
	SAME(mem_alloc_for(fx.mem, &req, &again), 0);
	SAME(again, addr);
	SAME(mem_free_begin(fx.mem, again, 0, &(struct mem_freed){0}), 0);
	mourn();
	/* A free has begun there, and is not for the old one to end. */
	SAME(mem_pool_stat(fx.mem, fx.pool, &st), 0);
	SAME(st.used, LEN);
	SAME(home->nb_free_job, jobs);
	fixture_down(&fx);
}

static const struct named_test tests[] = {
	{"one worker", one_worker},
	{"three workers", three_workers},
	{"many", many},
	{"in pieces", in_pieces},
	{"pool goes", pool_goes},
	{"pool goes, half done", pool_goes_half_done},
};

int
main(void)
{
	return tests_run("reap", tests, RTE_DIM(tests));
}
