/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/* Pools that grow and shrink by themselves, by the memory node's side. */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <rte_cycles.h>

#include "client/fixture.h"
#include "target/target_private.h"

static struct fixture fx;
static uint16_t pool;

/* 4 to 32 MiB; by 4 with less than 2 free, back with more than 6. */
static void
begin(void)
{
	const struct fixture_conf conf = {.nb_hosts = 2, .workers = fixture_workers};
	const struct shmx_pool_req req = {
		.name = "elastic",
		.size = 4 * MIB,
		.max_size = 32 * MIB,
		.grow_below = 2 * MIB,
		.grow_by = 4 * MIB,
		.shrink_above = 6 * MIB,
	};

	fixture_up(&fx, &conf);
	SAME(shmx_pool_create_sync(fx.host[0].ep, fx.host[0].session, &req, &pool), 0);
	SAME(shmx_pool_open_sync(fx.host[1].ep, fx.host[1].session, "elastic", &pool), 0);
}

/* Every job is back, also the one of the control thread. */
static void
end(void)
{
	for (unsigned int i = 0; i < 100; i++)
		server_turn(&fx);
	for (unsigned int i = 0; i < fx.workers; i++)
		SAME(target_worker_at(fx.target, i)->nb_free_job, TARGET_JOBS);
	SAME(fx.target->policy.busy, false);
	fixture_down(&fx);
}

static void
turns_for(unsigned int ms)
{
	uint64_t until = rte_rdtsc() + rte_get_tsc_hz() / 1000 * ms;

	while (rte_rdtsc() < until)
		server_turn(&fx);
}

static int
alloc(unsigned int host, uint64_t len, shmx_addr_t *addr)
{
	const struct shmx_alloc_req req = {.pool = pool, .len = len};

	return shmx_alloc_sync(fx.host[host].ep, &req, addr);
}

static uint64_t
size(void)
{
	struct shmx_pool_info info = {0};

	SAME(shmx_pool_stat_sync(fx.host[0].ep, pool, &info), 0);
	return info.size;
}

static const struct target_policy_stats *
stats(void)
{
	return target_policy_stats(fx.target, pool);
}

/* Without any request, both ways. */
static void
by_itself(void)
{
	shmx_addr_t addr[3];

	begin();
	turns_for(20);
	SAME(size(), 4 * MIB);
	SAME(alloc(0, 3 * MIB, &addr[0]), 0);
	turns_for(20);
	SAME(size(), 8 * MIB);
	SAME(stats()->grown, 1);
	SAME(alloc(1, 4 * MIB, &addr[1]), 0);
	turns_for(20);
	SAME(alloc(0, 4 * MIB, &addr[2]), 0);
	turns_for(20);
	SAME(size(), 16 * MIB);
	for (unsigned int i = 0; i < RTE_DIM(addr); i++)
		SAME(shmx_free_sync(fx.host[0].ep, addr[i]), 0);
	/* A try that finds no wholly free extent is repeated after half a second. */
	turns_for(700);
	SAME(size(), 8 * MIB);
	SAME(stats()->grown, 3);
	SAME(stats()->shrunk, 2);
	SAME(stats()->failed, 0);
	end();
}

/* What does not fit waits for as much as it needs. */
static void
allocation_waits(void)
{
	shmx_addr_t addr;
	uint64_t word = 1;

	begin();
	SAME(alloc(0, 11 * MIB, &addr), 0);
	SAME(shmx_get_sync(fx.host[1].ep, addr + 11 * MIB - 8, &word, 8), 0);
	SAME(word, 0);
	SAME(size(), 16 * MIB);
	SAME(alloc(1, 17 * MIB, &addr), -ENOMEM); /* more than the limit leaves */
	SAME(alloc(1, 16 * MIB, &addr), 0);
	SAME(size(), 32 * MIB);
	SAME(alloc(1, 5 * MIB, &addr), -ENOMEM);
	SAME(stats()->failed, 0);
	end();
}

static unsigned int
take_all(struct shmx_ep *ep, unsigned int n)
{
	struct shmx_event e[32];
	unsigned int done = 0, good = 0;

	while (done < n) {
		uint16_t got = shmx_poll(ep, e, RTE_DIM(e));

		for (uint16_t i = 0; i < got; i++)
			good += e[i].status == 0;
		done += got;
	}
	return good;
}

/* Many at once take what they need, not a step each; and those for whom there is none fail. */
static void
many_at_once(void)
{
	struct shmx_alloc_req req = {.pool = 0, .len = MIB / 4};
	struct shmx_ep *ep;

	begin();
	ep = fx.host[1].ep;
	req.pool = pool;
	SAME(shmx_pool_grow(ep, pool, 2 * MIB, 1000), 0);
	fx.server_stopped = true;
	for (unsigned int i = 0; i < 64; i++)
		SAME(shmx_alloc(ep, &req, i), 0);
	shmx_flush(ep);
	fx.server_stopped = false;
	SAME(take_all(ep, 65), 65);
	SAME(size() <= 24 * MIB, true); /* 16 in use, and two steps */
	for (unsigned int i = 0; i < 80; i++)
		SAME(shmx_alloc(ep, &req, i), 0);
	SAME(take_all(ep, 80), 64);
	SAME(size(), 32 * MIB);
	end();
}

/* The memory node has none left: said at once, and not tried for each request. */
static void
no_memory(void)
{
	struct shmx_pool_req req = {
		.name = "vast",
		.size = 2 * MIB,
		.max_size = UINT64_C(100) << 30,
		.grow_below = 64,
		.grow_by = 2 * MIB,
	};
	shmx_addr_t addr;

	begin();
	SAME(shmx_pool_destroy_sync(fx.host[0].ep, pool, false), 0);
	SAME(shmx_pool_create_sync(fx.host[0].ep, fx.host[0].session, &req, &pool), 0);
	SAME(stats()->grown, 0); /* has the id of the other one, and begins anew */
	SAME(alloc(0, UINT64_C(64) << 30, &addr), -ENOMEM);
	SAME(stats()->failed, 1);
	SAME(alloc(0, 4 * MIB, &addr), -ENOMEM);
	SAME(stats()->failed, 1);
	turns_for(600);
	SAME(alloc(0, 4 * MIB, &addr), 0);
	end();
}

/* The pool goes while it grows: whoever waited is told, and nothing stays behind. */
static void
gone_meanwhile(void)
{
	struct shmx_alloc_req req = {.pool = 0, .len = 8 * MIB};
	struct shmx_event event;
	uint16_t ids[4];
	struct shmx_ep *ep;
	int status;

	for (unsigned int i = 0; i < 20; i++) {
		begin();
		ep = fx.host[0].ep;
		req.pool = pool;
		SAME(shmx_alloc(ep, &req, 1), 0);
		shmx_flush(ep);
		for (unsigned int turn = 0; turn < i; turn++)
			server_turn(&fx);
		SAME(shmx_pool_destroy(fx.host[1].ep, pool, true, 2), 0);
		SAME(take_all(fx.host[1].ep, 1), 1);
		status = finish(ep, 0, 1, &event);
		SAME(status == 0 || status == -ENOENT, true);
		SAME(mem_pool_list(fx.mem, 0, ids, RTE_DIM(ids)), 1);
		end();
	}
}

static const struct named_test tests[] = {
	{"by itself", by_itself},
	{"allocation waits", allocation_waits},
	{"many at once", many_at_once},
	{"no memory", no_memory},
	{"gone meanwhile", gone_meanwhile},
};

int
main(void)
{
	return tests_run_workers(tests, RTE_DIM(tests));
}
