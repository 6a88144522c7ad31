/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/* Operations that are handed from thread to thread, by the memory node's side. */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <rte_cycles.h>

#include "client/fixture.h"
#include "target/target_private.h"

#define MANY 2048

static struct fixture fx;
static unsigned int seen[MANY];
static int status_of[MANY];
static uint64_t value_of[MANY];

static void
begin(const struct fixture_conf *conf)
{
	memset(seen, 0, sizeof(seen));
	fixture_up(&fx, conf);
}

/* Until so many operations have ended, or for that long; how many have. */
static unsigned int
take(struct shmx_ep *ep, unsigned int ops, unsigned int ms)
{
	uint64_t end = rte_rdtsc() + rte_get_tsc_hz() / 1000 * ms;
	struct shmx_event e[32];
	unsigned int done = 0;

	while (done < ops && rte_rdtsc() < end) {
		uint16_t n = shmx_poll(ep, e, RTE_DIM(e));

		for (uint16_t i = 0; i < n; i++) {
			if (e[i].type != SHMX_EV_OP || e[i].cookie >= MANY)
				continue;
			seen[e[i].cookie]++;
			status_of[e[i].cookie] = e[i].status;
			value_of[e[i].cookie] = e[i].value;
			done++;
		}
	}
	return done;
}

static unsigned int
count(unsigned int n, int status)
{
	unsigned int found = 0;

	for (unsigned int i = 0; i < n; i++)
		found += seen[i] == 1 && status_of[i] == status;
	return found;
}

static uint32_t
jobs_free(unsigned int worker)
{
	return target_worker_at(fx.target, worker)->nb_free_job;
}

/* Start an operation that is handed over, again and again while a window is full. */
static void
start_grow(uint64_t cookie)
{
	int ret;

	while ((ret = shmx_pool_grow(fx.host[0].ep, fx.pool, MIB * 1024, cookie)) == -EAGAIN)
		take(fx.host[0].ep, 1, 1);
	SAME(ret, 0);
}

/* More than the table holds, while nobody serves them: the rest is told, at once. */
static void
test_table_full(void)
{
	const struct fixture_conf conf = {0};
	unsigned int done, n = TARGET_JOBS + 300;

	begin(&conf);
	fx.control_stopped = true;
	for (unsigned int i = 0; i < n; i++)
		start_grow(i);
	take(fx.host[0].ep, n, 200);
	SAME(count(n, -EBUSY), 300);
	SAME(jobs_free(0), 0);
	SAME(target_worker_stats(target_worker_at(fx.target, 0))->busy, 300);
	/* Data goes on meanwhile; and everything does, once control serves again. */
	fx.control_stopped = false;
	done = take(fx.host[0].ep, TARGET_JOBS, 2000);
	SAME(done, TARGET_JOBS);
	SAME(count(n, -ENOMEM), TARGET_JOBS);
	SAME(jobs_free(0), TARGET_JOBS);
	alloc_of(&fx, 0, 64);
	fixture_down(&fx);
}

/* Sessions that end while their operations are under way: the jobs come back. */
static void
test_session_gone(void)
{
	const struct fixture_conf conf = {.nb_hosts = 2, .workers = 2};
	struct shmx_pool_info info;

	begin(&conf);
	fx.control_stopped = true;
	for (unsigned int i = 0; i < 100; i++)
		start_grow(i);
	take(fx.host[0].ep, 1, 20);
	SAME(jobs_free(0), TARGET_JOBS - 100);
	SAME(shmx_disconnect(fx.host[0].ep, fx.host[0].session), 0);
	SAME(take(fx.host[0].ep, 100, 100), 100);
	SAME(count(100, -ECONNRESET), 100);
	fx.control_stopped = false;
	take(fx.host[0].ep, 1, 50);
	SAME(jobs_free(0), TARGET_JOBS);
	SAME(jobs_free(1), TARGET_JOBS);
	SAME(shmx_pool_stat_sync(fx.host[1].ep, fx.pool, &info), 0);
	SAME(info.size, 8 * MIB);
	fixture_down(&fx);
}

/* No room for the responses: they wait, and leave when there is. */
static void
test_no_room(void)
{
	const struct fixture_conf conf = {.nb_hosts = 2, .workers = 2, .window = 8};
	struct shmx_alloc_req req = {.len = 64};
	struct shmx_ep *ep;
	unsigned int n;

	begin(&conf);
	ep = fx.host[1].ep;
	req.pool = fx.pool;
	/* The client is served in bursts that it answers late: all of them at once, without
	 * coalescing, would need more frames than the window has. */
	for (unsigned int round = 0; round < 20; round++) {
		memset(seen, 0, sizeof(seen));
		for (n = 0; n < 600 && shmx_alloc(ep, &req, n) == 0; n++)
			if (n % 100 == 99)
				shmx_flush(ep);
		SAME(take(ep, n, 2000), n);
		SAME(count(n, 0), n);
		for (unsigned int i = 0; i < n; i++)
			SAME(shmx_free_sync(ep, value_of[i]), 0);
	}
	SAME(jobs_free(0), TARGET_JOBS);
	SAME(jobs_free(1), TARGET_JOBS);
	fixture_down(&fx);
}

/* Every operation that is handed over, from each worker to each home. */
static void
test_every_place(void)
{
	const struct fixture_conf conf = {.nb_hosts = 2, .workers = 3, .pool_max_size = 32 * MIB};
	struct shmx_pool_req preq = {.name = "b", .size = 2 * MIB, .max_size = 16 * MIB};
	uint16_t pools[4];

	begin(&conf);
	for (unsigned int i = 0; i < RTE_DIM(pools); i++) {
		char name[8];

		snprintf(name, sizeof(name), "p%u", i);
		preq.name = name;
		SAME(shmx_pool_create_sync(
			     fx.host[i % 2].ep, fx.host[i % 2].session, &preq, &pools[i]),
			0);
		SAME(shmx_pool_open_sync(
			     fx.host[!(i % 2)].ep, fx.host[!(i % 2)].session, name, &pools[i]),
			0);
	}
	for (unsigned int i = 0; i < 2 * RTE_DIM(pools); i++) {
		struct shmx_ep *ep = fx.host[i % 2].ep;
		uint16_t pool = pools[i / 2];
		struct shmx_alloc_req req = {.pool = pool, .len = 3 * MIB, .name = "x"};
		struct shmx_pool_info info;
		shmx_addr_t addr, found;
		uint64_t len, word = i;

		SAME(shmx_alloc_sync(ep, &req, &addr), -ENOMEM);
		SAME(VALUE(ep, shmx_pool_grow(ep, pool, 4 * MIB, cookie)), 6 * MIB);
		SAME(shmx_alloc_sync(ep, &req, &addr), 0);
		SAME(shmx_lookup_sync(ep, pool, "x", &found, &len), 0);
		SAME(found == addr && len == 3 * MIB, true);
		SAME(shmx_put_sync(ep, addr + 3 * MIB - 8, &word, 8), 0);
		SAME(STATUS(ep, shmx_own(ep, addr, 3 * MIB, SHMX_OWNER_SELF, cookie)), 0);
		SAME(shmx_get_sync(fx.host[!(i % 2)].ep, addr, &word, 8), -EPERM);
		SAME(STATUS(ep, shmx_resize(ep, addr, MIB, cookie)), 0);
		SAME(shmx_get_sync(ep, addr + MIB, &word, 8), -ESTALE);
		SAME(VALUE(ep, shmx_pool_shrink(ep, pool, 4 * MIB, cookie)), 4 * MIB);
		SAME(STATUS(ep, shmx_pool_shrink(ep, pool, 4 * MIB, cookie)), -EBUSY);
		SAME(STATUS(ep, shmx_pool_destroy(ep, pool, false, cookie)), -EBUSY);
		SAME(shmx_free_sync(ep, addr), 0);
		SAME(STATUS(ep, shmx_pool_shrink(ep, pool, 2 * MIB, cookie)), -EBUSY);
		SAME(VALUE(ep, shmx_pool_shrink(ep, pool, 4 * MIB, cookie)), 0);
		SAME(shmx_alloc_sync(ep, &req, &addr), -ENOMEM);
		SAME(VALUE(ep, shmx_pool_grow(ep, pool, 2 * MIB, cookie)), 2 * MIB);
		SAME(shmx_pool_stat_sync(ep, pool, &info), 0);
		SAME(info.size, 2 * MIB);
		SAME(info.used + info.allocs, 0);
		SAME(info.largest_free, 2 * MIB);
	}
	for (unsigned int i = 0; i < RTE_DIM(pools); i++)
		SAME(shmx_pool_destroy_sync(fx.host[i % 2].ep, pools[i], false), 0);
	for (unsigned int i = 0; i < 3; i++)
		SAME(jobs_free(i), TARGET_JOBS);
	fixture_down(&fx);
}

static uint64_t
handed_over(unsigned int worker)
{
	return target_worker_stats(target_worker_at(fx.target, worker))->handed_over;
}

/* Figures that home alone may look for are home's to tell; the list makes do with less. */
static void
test_stat_and_list(void)
{
	const struct fixture_conf conf = {.nb_hosts = 2, .workers = 2};
	struct shmx_pool_info stat = {0}, list[4] = {0};
	uint64_t before;
	shmx_addr_t addr;

	begin(&conf);
	addr = alloc_of(&fx, 0, 64);
	for (unsigned int i = 0; i < 2; i++) {
		struct shmx_ep *ep = fx.host[i].ep;
		bool home = fx.pool % 2 == i;

		before = handed_over(i);
		SAME(shmx_pool_stat_sync(ep, fx.pool, &stat), 0);
		SAME(handed_over(i) - before, !home);
		SAME(stat.largest_free, 8 * MIB - 64);
		before = handed_over(i);
		SAME(VALUE(ep, shmx_pool_list(ep, fx.host[i].session, 0, list, 4, cookie)), 1);
		SAME(handed_over(i) - before, 0);
		SAME(list[0].largest_free, 7 * MIB); /* the class is 7 to 8 MiB */
		list[0].largest_free = stat.largest_free;
		SAME(pool_same(&list[0], &stat), true);
		SAME(stat.pool == fx.pool && stat.size == 8 * MIB && stat.used == 64, true);
		SAME(strcmp(stat.name, "main"), 0);
		SAME(VALUE(ep,
			     shmx_pool_list(ep, fx.host[i].session, fx.pool + 1u, list, 4, cookie)),
			0);
	}
	SAME(shmx_free_sync(fx.host[0].ep, addr), 0);
	SAME(shmx_pool_destroy_sync(fx.host[0].ep, fx.pool, false), 0);
	SAME(shmx_pool_stat_sync(fx.host[1].ep, fx.pool, &stat), -ENOENT);
	SAME(jobs_free(0) + jobs_free(1), 2 * TARGET_JOBS);
	fixture_down(&fx);
}

/* A pool is destroyed while others work on it: each operation ends, and no job is lost. */
static void
test_destroy_at_work(void)
{
	const struct fixture_conf conf = {.nb_hosts = 2, .workers = 2, .pool_max_size = 32 * MIB};
	struct shmx_alloc_req req = {.len = 100000};
	unsigned int n = 0;

	begin(&conf);
	req.pool = fx.pool;
	for (unsigned int i = 0; i < 60; i++) {
		if (i == 30)
			SAME(shmx_pool_destroy(fx.host[0].ep, fx.pool, true, n++), 0);
		SAME(shmx_alloc(fx.host[0].ep, &req, n++), 0);
		SAME(shmx_pool_grow(fx.host[0].ep, fx.pool, 2 * MIB, n++), 0);
		SAME(shmx_pool_shrink(fx.host[0].ep, fx.pool, 2 * MIB, n++), 0);
	}
	SAME(take(fx.host[0].ep, n, 3000), n);
	for (unsigned int i = 0; i < n; i++)
		SAME(status_of[i] == 0 || status_of[i] == -ENOENT || status_of[i] == -EBUSY ||
				status_of[i] == -ENOMEM || status_of[i] == -ENOSPC,
			true);
	SAME(shmx_pool_open_sync(fx.host[1].ep, fx.host[1].session, "main", &fx.pool), -ENOENT);
	SAME(jobs_free(0), TARGET_JOBS);
	SAME(jobs_free(1), TARGET_JOBS);
	fixture_down(&fx);
}

/* ---- a pool goes, and another one gets its id --------------------------------------------- */

enum {
	LATE_FREE,
	LATE_RESIZE,
	LATE_OWN,
	LATE_LOOKUP,
	LATE_STAT,
	LATE_SHRINK,
	LATE_ALLOC,
	LATE_GROW,
	LATE_DESTROY,
	LATE_ALL
};

/* What a host has asked for comes to its worker, and no further. */
static void
to_its_worker(unsigned int host)
{
	shmx_poll(fx.host[host].ep, NULL, 0);
	rdp_poll(fx.host[host].server);
}

/* All that a node may ask of the old pool, which then lies in the ring to its home. */
static void
ask_late(struct shmx_ep *ep, shmx_addr_t addr, struct shmx_pool_info *info)
{
	const struct shmx_alloc_req req = {.pool = fx.pool, .len = 64};

	SAME(shmx_free(ep, addr, LATE_FREE), 0);
	SAME(shmx_resize(ep, addr, 64, LATE_RESIZE), 0);
	SAME(shmx_own(ep, addr, 64, SHMX_OWNER_SELF, LATE_OWN), 0);
	SAME(shmx_lookup(ep, fx.pool, "x", LATE_LOOKUP), 0);
	SAME(shmx_pool_stat(ep, fx.pool, info, LATE_STAT), 0);
	SAME(shmx_pool_shrink(ep, fx.pool, 8 * MIB, LATE_SHRINK), 0);
	SAME(shmx_alloc(ep, &req, LATE_ALLOC), 0);
	SAME(shmx_pool_grow(ep, fx.pool, 2 * MIB, LATE_GROW), 0);
	SAME(shmx_pool_destroy(ep, fx.pool, true, LATE_DESTROY), 0);
	to_its_worker(0);
}

/* By the home's own host, so that nothing of it waits behind what lies in the ring. */
static void
pool_anew(void)
{
	const struct shmx_pool_req req = {.name = "new", .size = 8 * MIB, .max_size = 32 * MIB};
	struct shmx_ep *ep = fx.host[1].ep;

	SAME(shmx_pool_destroy(ep, fx.pool, true, MANY), 0);
	to_its_worker(1);
	SAME(shmx_pool_create(ep, fx.host[1].session, &req, MANY + 1), 0);
	to_its_worker(1);
	fixture_control(&fx);
}

/* None of it is done to the new one. */
static void
test_id_used_again(void)
{
	const struct fixture_conf conf = {.nb_hosts = 2, .workers = 2, .pool_max_size = 32 * MIB};
	struct shmx_alloc_req req = {.len = 4096, .name = "x"};
	struct shmx_pool_info info = {0};
	shmx_addr_t addr, again = 0;
	uint16_t pool;

	begin(&conf);
	req.pool = fx.pool;
	SAME(fx.pool % 2, 1);
	SAME(shmx_alloc_sync(fx.host[1].ep, &req, &addr), 0);
	fx.server_stopped = true;
	ask_late(fx.host[0].ep, addr, &info);
	fixture_control(&fx); /* the extent to grow by is on its way home */
	pool_anew();
	SAME(shmx_alloc(fx.host[1].ep, &req, MANY + 2), 0);
	to_its_worker(1);
	fx.server_stopped = false;
	SAME(take(fx.host[0].ep, LATE_ALL, 500), LATE_ALL);
	SAME(count(LATE_ALL, -ENOENT), LATE_ALL);
	poll_for(fx.host[1].ep, 5);
	SAME(shmx_pool_open_sync(fx.host[0].ep, fx.host[0].session, "new", &pool), 0);
	SAME(pool, fx.pool);
	SAME(shmx_pool_stat_sync(fx.host[0].ep, pool, &info), 0);
	SAME(info.size, 8 * MIB);
	SAME(info.allocs, 1);
	SAME(shmx_lookup_sync(fx.host[0].ep, pool, "x", &again, &(uint64_t){0}), 0);
	SAME(again, addr);
	SAME(jobs_free(0) + jobs_free(1), 2 * TARGET_JOBS);
	fixture_down(&fx);
}

/* The second half of what had begun in the old one. */
static void
test_half_done(void)
{
	const struct fixture_conf conf = {.nb_hosts = 2, .workers = 2, .pool_max_size = 32 * MIB};
	struct shmx_alloc_req req = {.len = 4096};
	uint64_t word = 0x1234, back = 0;
	struct shmx_ep *ep;
	shmx_addr_t addr;
	uint16_t pool;

	begin(&conf);
	ep = fx.host[1].ep;
	req.pool = fx.pool;
	SAME(shmx_alloc_sync(ep, &req, &addr), 0);
	fx.server_stopped = true;
	SAME(shmx_free(ep, addr, 0), 0);
	to_its_worker(1);
	pool_anew();
	SAME(shmx_alloc(ep, &req, 1), 0);
	to_its_worker(1);
	fx.server_stopped = false;
	take(ep, 2, 500);
	SAME(count(2, 0), 2);
	SAME(value_of[1], addr);
	SAME(shmx_pool_open_sync(ep, fx.host[1].session, "new", &pool), 0);
	SAME(shmx_put_sync(ep, addr, &word, 8), 0);
	req.len = 64;
	for (unsigned int i = 0; i < 100; i++) {
		shmx_addr_t other = 0;

		SAME(shmx_alloc_sync(ep, &req, &other), 0);
		SAME(other >= addr + 4096 || other < addr, true);
	}
	SAME(shmx_get_sync(ep, addr, &back, 8), 0);
	SAME(back, word);
	SAME(shmx_free_sync(ep, addr), 0);
	fixture_down(&fx);
}

static const struct named_test tests[] = {
	{"table full", test_table_full},
	{"session gone", test_session_gone},
	{"no room for responses", test_no_room},
	{"every place", test_every_place},
	{"destroyed at work", test_destroy_at_work},
	{"stat and list", test_stat_and_list},
	{"id used again", test_id_used_again},
	{"half done", test_half_done},
};

int
main(void)
{
	return tests_run("jobs", tests, RTE_DIM(tests));
}
