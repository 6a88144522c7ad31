/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/* Pools of which one node may hold so much and no more. */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "fixture.h"

#define QUOTA    MIB
#define GRACE_MS 20

static struct fixture fx;
static uint16_t pool;

#define EP(i) (fx.host[i].ep)
#define S(i)  (fx.host[i].session)

static void
begin_with(const struct shmx_pool_req *req)
{
	const struct fixture_conf conf = {
		.nb_hosts = 3, .workers = fixture_workers, .owner_grace_ms = GRACE_MS};

	fixture_up(&fx, &conf);
	SAME(shmx_pool_create_sync(EP(0), S(0), req, &pool), 0);
	for (unsigned int i = 1; i < 3; i++)
		SAME(shmx_pool_open_sync(EP(i), S(i), req->name, &pool), 0);
}

static void
begin(void)
{
	const struct shmx_pool_req req = {
		.name = "shared", .size = 4 * MIB, .max_size = 8 * MIB, .quota = QUOTA - 1};

	begin_with(&req);
}

static int
alloc(unsigned int host, uint64_t len, shmx_addr_t *addr)
{
	const struct shmx_alloc_req req = {.pool = pool, .len = len, .owner = SHMX_OWNER_SELF};

	return shmx_alloc_sync(EP(host), &req, addr);
}

static int
resize(unsigned int host, shmx_addr_t addr, uint64_t len)
{
	return STATUS(EP(host), shmx_resize(EP(host), addr, len, cookie));
}

static struct shmx_pool_info
stat_of(unsigned int host)
{
	struct shmx_pool_info info = {0};

	SAME(shmx_pool_stat_sync(EP(host), pool, &info), 0);
	return info;
}

#define HELD(host) (stat_of(host).held)

static uint64_t
ask_nodes(unsigned int host, uint16_t first, struct shmx_pool_node *nodes, uint16_t max)
{
	memset(nodes, 0xff, max * sizeof(*nodes));
	return VALUE(EP(host), shmx_pool_nodes(EP(host), S(host), pool, first, nodes, max, cookie));
}

/* Each node for itself, to the last granule. */
static void
refused(void)
{
	const struct shmx_alloc_req named = {.pool = 0, .len = 65, .name = "too much"};
	struct shmx_alloc_req req = named;
	shmx_addr_t addr, first;

	begin();
	SAME(alloc(0, QUOTA - 128, &first), 0);
	req.pool = pool;
	SAME(alloc(0, 129, &addr), -EDQUOT);
	SAME(alloc(0, SHMX_LEN_MAX, &addr), -EDQUOT);
	SAME(alloc(0, 64, &addr), 0);
	SAME(shmx_alloc_sync(EP(0), &req, &addr), -EDQUOT);
	SAME(shmx_lookup_sync(EP(0), pool, "too much", NULL, NULL), -ENOENT);
	SAME(HELD(0), QUOTA - 64);
	SAME(stat_of(0).allocs, 2);
	SAME(stat_of(1).quota, QUOTA);
	SAME(HELD(1), 0);
	SAME(alloc(1, QUOTA, &addr), 0);
	SAME(alloc(1, 1, &addr), -EDQUOT);
	SAME(shmx_free_sync(EP(0), first), 0);
	SAME(HELD(0), 64);
	SAME(alloc(0, QUOTA - 64, &addr), 0);
	SAME(HELD(0), QUOTA);
	fixture_down(&fx);
}

/* The other one owns it, makes it longer, and frees it. */
static void
whoever_owns(void)
{
	const uint16_t second[] = {2};
	shmx_addr_t addr, other;

	begin();
	SAME(alloc(0, QUOTA / 2, &addr), 0);
	SAME(STATUS(EP(0), shmx_own_nodes(EP(0), addr, QUOTA / 2, SHMX_OWN_SET, second, 1, cookie)),
		0);
	SAME(HELD(0), QUOTA / 2);
	SAME(HELD(1), 0);
	/* proves: shmx_resize -EDQUOT */
	SAME(resize(1, addr, QUOTA + 1), -EDQUOT);
	SAME(resize(1, addr, QUOTA), 0);
	SAME(HELD(0), QUOTA);
	SAME(alloc(0, 1, &other), -EDQUOT);
	SAME(resize(1, addr, 64), 0);
	SAME(HELD(0), 64);
	SAME(shmx_free_sync(EP(1), addr), 0);
	SAME(HELD(0) + HELD(1), 0);
	fixture_down(&fx);
}

static void
open_inbox(unsigned int host)
{
	SAME(STATUS(EP(host), shmx_inbox_open(EP(host), S(host), NULL, cookie)), 0);
}

static uint64_t
hear_memory(unsigned int host)
{
	struct shmx_event e = {0};

	for (unsigned int i = 0; i < 100000 && e.type != SHMX_EV_MEMORY; i++)
		shmx_poll(EP(host), &e, 1);
	SAME(e.type, SHMX_EV_MEMORY);
	return e.cookie;
}

/* What was sent counts for its sender until the last receiver has read it. */
static void
sent(void)
{
	const struct shmx_to all = {.kind = SHMX_TO_ALL};
	uint64_t message[2];
	shmx_addr_t addr, more;

	begin();
	open_inbox(1);
	open_inbox(2);
	SAME(alloc(0, QUOTA, &addr), 0);
	SAME(VALUE(EP(0), shmx_send_memory(EP(0), S(0), &all, addr, QUOTA, cookie)), 2);
	for (unsigned int i = 0; i < 2; i++)
		message[i] = hear_memory(1 + i);
	SAME(alloc(0, 64, &more), -EDQUOT);
	SAME(STATUS(EP(1), shmx_message_done(EP(1), S(1), message[0], cookie)), 0);
	SAME(HELD(0), QUOTA);
	SAME(HELD(1) + HELD(2), 0);
	SAME(STATUS(EP(2), shmx_message_done(EP(2), S(2), message[1], cookie)), 0);
	poll_for(EP(2), 2);
	SAME(HELD(0), 0);
	SAME(alloc(0, QUOTA, &more), 0);
	fixture_down(&fx);
}

/* What ends with its owners counts no more; what stays counts for the next one with that id. */
static void
owner_dies(void)
{
	struct shmx_alloc_req req = {
		.len = QUOTA / 2, .owner = SHMX_OWNER_SELF, .on_death = SHMX_FREE};
	const struct shmx_peer peer = {.ip = rte_cpu_to_be_32(RTE_IPV4(10, 0, 0, 1))};
	struct shmx_pool_node nodes[2];
	shmx_addr_t addr;

	begin();
	req.pool = pool;
	SAME(shmx_alloc_sync(EP(1), &req, &addr), 0);
	SAME(alloc(1, QUOTA / 4, &addr), 0);
	SAME(alloc(1, QUOTA / 2, &addr), -EDQUOT);
	SAME(ask_nodes(0, 0, nodes, 2), 1);
	SAME(nodes[0].held, QUOTA / 2 + QUOTA / 4);
	SAME(shmx_disconnect(EP(1), S(1)), 0);
	poll_for(EP(1), 10);
	for (unsigned int i = 0; i < 200 && nodes[0].held != QUOTA / 4; i++) {
		poll_for(EP(0), GRACE_MS);
		SAME(ask_nodes(0, 0, nodes, 2), 1);
	}
	SAME(nodes[0].node, 2);
	SAME(nodes[0].held, QUOTA / 4);
	SAME(shmx_connect_sync(EP(1), &peer, &S(1)), 0);
	SAME(shmx_pool_open_sync(EP(1), S(1), "shared", &pool), 0);
	SAME(HELD(1), QUOTA / 4);
	SAME(alloc(1, QUOTA, &addr), -EDQUOT);
	SAME(alloc(1, QUOTA / 4 * 3, &addr), 0);
	fixture_down(&fx);
}

/* Events of n operations; how many ended so. */
static unsigned int
take_all(struct shmx_ep *ep, unsigned int n, int32_t status)
{
	struct shmx_event e[32];
	unsigned int done = 0, same = 0;

	while (done < n) {
		uint16_t got = shmx_poll(ep, e, RTE_DIM(e));

		for (uint16_t i = 0; i < got; i++)
			same += e[i].status == status;
		done += got;
	}
	return same;
}

/* Those that wait for the pool to grow are charged when they are made, and no more than fit. */
static void
while_it_grows(void)
{
	const struct shmx_pool_req req = {.name = "shared",
		.size = 2 * MIB,
		.max_size = 32 * MIB,
		.grow_below = MIB,
		.grow_by = 2 * MIB,
		.quota = 10 * MIB};
	struct shmx_alloc_req one = {.len = 3 * MIB};
	struct shmx_pool_info info;
	shmx_addr_t addr;

	begin_with(&req);
	one.pool = pool;
	fx.server_stopped = true;
	for (uint64_t i = 0; i < 5; i++)
		SAME(shmx_alloc(EP(0), &one, i), 0);
	shmx_flush(EP(0));
	fx.server_stopped = false;
	SAME(take_all(EP(0), 5, -EDQUOT), 2);
	info = stat_of(0);
	SAME(info.held, 9 * MIB);
	SAME(info.used, 9 * MIB);
	/* What may not be had makes no pool grow. */
	poll_for(EP(0), 20);
	info = stat_of(0);
	SAME(alloc(0, 9 * MIB, &addr), -EDQUOT);
	SAME(stat_of(0).size, info.size);
	SAME(alloc(1, 9 * MIB, &addr), 0);
	SAME(HELD(1), 9 * MIB);
	SAME(info.memory, mem_identity(fx.mem));
	SAME(info.grow_below == MIB && info.grow_by == 2 * MIB && info.shrink_above == 0, true);
	fixture_down(&fx);
}

/* One that waits for freed memory to be cleared is charged once. */
static void
while_it_is_cleared(void)
{
	const struct shmx_pool_req req = {.name = "shared", .size = 4 * MIB, .quota = 4 * MIB};
	struct shmx_alloc_req again = {.len = 3 * MIB};
	shmx_addr_t addr;

	begin_with(&req);
	again.pool = pool;
	SAME(alloc(0, 4 * MIB, &addr), 0);
	for (unsigned int i = 0; i < 10; i++) {
		SAME(shmx_free_sync(EP(0), addr), 0);
		SAME(shmx_alloc_sync(EP(0), &again, &addr), 0);
		SAME(HELD(0), 3 * MIB);
	}
	SAME(shmx_free_sync(EP(0), addr), 0);
	SAME(HELD(0), 0);
	fixture_down(&fx);
}

/* Who holds what, and who may: a page at a time. */
static void
told(void)
{
	const uint16_t may[] = {1, 2, 700};
	const struct shmx_pool_req req = {.name = "shared",
		.size = 2 * MIB,
		.granule = 4096,
		.quota = QUOTA,
		.nodes = may,
		.nb_nodes = 3};
	const struct shmx_pool_req open = {.name = "open", .size = 2 * MIB};
	struct shmx_pool_node nodes[4];
	struct shmx_pool_info info[3];
	shmx_addr_t addr;

	begin();
	SAME(shmx_pool_destroy_sync(EP(0), pool, false), 0);
	SAME(shmx_pool_create_sync(EP(0), S(0), &req, &pool), 0);
	SAME(shmx_pool_open_sync(EP(1), S(1), "shared", &pool), 0);
	SAME(alloc(1, 5000, &addr), 0);
	SAME(ask_nodes(0, 0, nodes, 4), 3);
	SAME(nodes[0].node == 1 && nodes[0].held == 0, true);
	SAME(nodes[1].node == 2 && nodes[1].held == 8192, true);
	SAME(nodes[2].node == 700 && nodes[2].held == 0, true);
	SAME(ask_nodes(0, 2, nodes, 1), 1);
	SAME(nodes[0].node, 2);
	SAME(ask_nodes(0, 3, nodes, 1), 1);
	SAME(nodes[0].node, 700);
	SAME(ask_nodes(0, 701, nodes, 4), 0);
	SAME(ask_nodes(0, UINT16_MAX, nodes, 4), 0);
	SAME(stat_of(0).nb_nodes, 3);
	SAME(VALUE(EP(1), shmx_pool_list(EP(1), S(1), pool, info, 1, cookie)), 1);
	SAME(info[0].quota == QUOTA && info[0].held == 8192 && info[0].nb_nodes == 3, true);
	/* To others nothing is told. */
	SAME(STATUS(EP(2), shmx_pool_nodes(EP(2), S(2), pool, 0, nodes, 4, cookie)), -EPERM);
	SAME(VALUE(EP(2), shmx_pool_list(EP(2), S(2), pool, info, 1, cookie)), 1);
	SAME(info[0].quota == 0 && info[0].held == 0 && info[0].nb_nodes == 0, true);
	SAME(STATUS(EP(0), shmx_pool_nodes(EP(0), S(0), 60, 0, nodes, 4, cookie)), -ENOENT);
	/* For all, without a quota: nobody is kept account of. */
	SAME(shmx_pool_create_sync(EP(0), S(0), &open, &pool), 0);
	SAME(alloc(0, 5000, &addr), 0);
	SAME(ask_nodes(2, 0, nodes, 4), 0);
	SAME(stat_of(0).nb_nodes + stat_of(0).quota + HELD(0), 0);
	fixture_down(&fx);
}

static void
arguments(void)
{
	struct shmx_pool_req req = {.name = "wrong", .size = 2 * MIB, .quota = SHMX_LEN_MAX + 1};
	struct shmx_pool_node nodes[1];

	begin();
	SAME(shmx_pool_create(EP(0), S(0), &req, 1), -EINVAL);
	SAME(shmx_pool_nodes(NULL, S(0), pool, 0, nodes, 1, 1), -EINVAL);
	SAME(shmx_pool_nodes(EP(0), S(0), 0, 0, nodes, 1, 1), -EINVAL);
	SAME(shmx_pool_nodes(EP(0), S(0), pool, 0, NULL, 1, 1), -EINVAL);
	SAME(shmx_pool_nodes(EP(0), S(0), pool, 0, nodes, 0, 1), -EINVAL);
	SAME(shmx_pool_nodes(EP(0), 9, pool, 0, nodes, 1, 1), -ENOTCONN);
	fixture_down(&fx);
}

static const struct named_test tests[] = {
	{"refused", refused},
	{"whoever owns", whoever_owns},
	{"sent", sent},
	{"owner dies", owner_dies},
	{"while it grows", while_it_grows},
	{"while it is cleared", while_it_is_cleared},
	{"told", told},
	{"arguments", arguments},
};

int
main(void)
{
	return tests_run_workers(tests, RTE_DIM(tests));
}
