/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/* Pools that are for some nodes alone. */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "fixture.h"

#define MAX_SETS 8

static struct fixture fx;
static uint16_t pool;
static const uint16_t both[] = {1, 2}, last[] = {3}, one_too_many[] = {2, 3};

#define EP(i) (fx.host[i].ep)
#define S(i)  (fx.host[i].session)

static int
create(unsigned int host, const char *name, const uint16_t *nodes, unsigned int n, uint16_t *id)
{
	const struct shmx_pool_req req = {.name = name,
		.size = 2 * MIB,
		.max_size = 8 * MIB,
		.nodes = nodes,
		.nb_nodes = (uint16_t)n};

	return shmx_pool_create_sync(EP(host), S(host), &req, id);
}

/* For the first two nodes; made by the third, whose requests find their way there, too. */
static void
begin(void)
{
	const struct fixture_conf conf = {
		.nb_hosts = 3, .workers = fixture_workers, .max_sets = MAX_SETS};

	fixture_up(&fx, &conf);
	SAME(create(2, "club", both, 2, &pool), 0);
	SAME(shmx_pool_open_sync(EP(0), S(0), "club", &pool), 0);
	SAME(shmx_pool_open_sync(EP(1), S(1), "club", &pool), 0);
}

static int
alloc(unsigned int host, enum shmx_owner owner, const uint16_t *nodes, unsigned int n,
	shmx_addr_t *addr)
{
	const struct shmx_alloc_req req = {.pool = pool,
		.len = 4096,
		.owner = owner,
		.name = "table",
		.nodes = nodes,
		.nb_nodes = n};

	return shmx_alloc_sync(EP(host), &req, addr);
}

static int
owners(unsigned int host, shmx_addr_t addr, uint16_t *nodes)
{
	return (int)VALUE(EP(host), shmx_owners(EP(host), addr, 4096, nodes, 4, cookie));
}

/* Everyone is everyone who may. */
static void
everyone(void)
{
	uint16_t nodes[4];
	shmx_addr_t addr;
	uint64_t word = 5;

	begin();
	SAME(alloc(0, SHMX_OWNER_EVERYONE, NULL, 0, &addr), 0);
	SAME(owners(1, addr, nodes), 2);
	SAME(nodes[0] == 1 && nodes[1] == 2, true);
	SAME(shmx_put_sync(EP(1), addr, &word, 8), 0);
	SAME(shmx_get_sync(EP(2), addr, &word, 8), -EPERM);
	SAME(shmx_put_sync(EP(2), addr, &word, 8), -EPERM);
	SAME(STATUS(EP(0), shmx_own(EP(0), addr, 4096, SHMX_OWNER_SELF, cookie)), 0);
	SAME(shmx_get_sync(EP(1), addr, &word, 8), -EPERM);
	SAME(STATUS(EP(0), shmx_own(EP(0), addr, 4096, SHMX_OWNER_EVERYONE, cookie)), 0);
	SAME(shmx_get_sync(EP(1), addr, &word, 8), 0);
	SAME(word, 5);
	SAME(shmx_get_sync(EP(2), addr, &word, 8), -EPERM);
	fixture_down(&fx);
}

/* Nothing that an outsider asks for is done. */
static void
outsider(void)
{
	struct shmx_pool_info info[4], before = {0}, after = {0};
	shmx_addr_t addr, found;
	uint16_t id, nodes[4];
	uint64_t len;

	begin();
	SAME(alloc(0, SHMX_OWNER_EVERYONE, NULL, 0, &addr), 0);
	SAME(shmx_pool_stat_sync(EP(0), pool, &before), 0);
	SAME(shmx_pool_open_sync(EP(2), S(2), "club", &id), -EPERM);
	/* proves: shmx_alloc -EPERM */
	SAME(alloc(2, SHMX_OWNER_EVERYONE, NULL, 0, &found), -EPERM);
	SAME(alloc(2, SHMX_OWNER_SELF, NULL, 0, &found), -EPERM);
	SAME(alloc(2, SHMX_OWNER_NODES, both, 2, &found), -EPERM);
	SAME(shmx_free_sync(EP(2), addr), -EPERM);
	SAME(STATUS(EP(2), shmx_resize(EP(2), addr, 64, cookie)), -EPERM);
	SAME(shmx_lookup_sync(EP(2), pool, "table", &found, &len), -EPERM);
	SAME(STATUS(EP(2), shmx_own(EP(2), addr, 4096, SHMX_OWNER_SELF, cookie)), -EPERM);
	SAME(STATUS(EP(2), shmx_owners(EP(2), addr, 4096, nodes, 4, cookie)), -EPERM);
	SAME(STATUS(EP(2), shmx_pool_grow(EP(2), pool, 2 * MIB, cookie)), -EPERM);
	SAME(STATUS(EP(2), shmx_pool_shrink(EP(2), pool, 2 * MIB, cookie)), -EPERM);
	SAME(shmx_pool_stat_sync(EP(2), pool, &after), -EPERM);
	SAME(shmx_pool_destroy_sync(EP(2), pool, true), -EPERM);
	SAME(shmx_pool_stat_sync(EP(1), pool, &after), 0);
	SAME(pool_same(&before, &after), true);
	memset(info, 0xff, sizeof(info));
	SAME(VALUE(EP(2), shmx_pool_list(EP(2), S(2), 0, info, 4, cookie)), 2);
	SAME(info[1].pool, pool);
	SAME(info[1].name[0] == '\0' && info[1].size == 0 && info[1].allocs == 0, true);
	SAME(VALUE(EP(1), shmx_pool_list(EP(1), S(1), 0, info, 4, cookie)), 2);
	SAME(strcmp(info[1].name, "club"), 0);
	SAME(shmx_pool_destroy_sync(EP(1), pool, true), 0);
	fixture_down(&fx);
}

/* Nor can those who may give it to others. */
static void
handed_out(void)
{
	const struct shmx_to three = {.kind = SHMX_TO_NODE, .node = 3};
	const struct shmx_to set = {.kind = SHMX_TO_SET, .nodes = one_too_many, .nb_nodes = 2};
	const struct shmx_to all = {.kind = SHMX_TO_ALL};
	const struct shmx_to two = {.kind = SHMX_TO_NODE, .node = 2};
	shmx_addr_t addr, other;
	uint16_t nodes[4];

	begin();
	SAME(alloc(0, SHMX_OWNER_NODES, one_too_many, 2, &other), -EPERM);
	SAME(alloc(0, SHMX_OWNER_NODES, last, 1, &other), -EPERM);
	SAME(alloc(0, SHMX_OWNER_SELF, NULL, 0, &addr), 0);
	SAME(STATUS(EP(0), shmx_own_nodes(EP(0), addr, 4096, SHMX_OWN_SET, last, 1, cookie)),
		-EPERM);
	SAME(STATUS(EP(0),
		     shmx_own_nodes(EP(0), addr, 4096, SHMX_OWN_ADD, one_too_many, 2, cookie)),
		-EPERM);
	SAME(STATUS(EP(0), shmx_own_move(EP(0), addr, 4096, both, 1, last, 1, cookie)), -EPERM);
	SAME(STATUS(EP(0), shmx_send_memory(EP(0), S(0), &three, addr, 64, cookie)), -EPERM);
	SAME(STATUS(EP(0), shmx_send_memory(EP(0), S(0), &set, addr, 64, cookie)), -EPERM);
	SAME(STATUS(EP(0), shmx_send_memory(EP(0), S(0), &all, addr, 64, cookie)), -EPERM);
	SAME(owners(0, addr, nodes), 1);
	SAME(nodes[0], 1);
	/* It is not taken from the sender, either: nobody has an inbox. */
	SAME(STATUS(EP(0), shmx_send_memory(EP(0), S(0), &two, addr, 64, cookie)), -ENOENT);
	SAME(STATUS(EP(0), shmx_own_nodes(EP(0), addr, 4096, SHMX_OWN_ADD, &both[1], 1, cookie)),
		0);
	SAME(owners(0, addr, nodes), 2);
	SAME(shmx_free_sync(EP(1), addr), 0);
	fixture_down(&fx);
}

/* A set for each pool while it lives: ids of those that are gone are used again. */
static void
sets(void)
{
	uint16_t id[MAX_SETS + 1];
	char name[16];

	begin();
	for (unsigned int round = 0; round < 3; round++) {
		for (uint16_t i = 0; i < MAX_SETS; i++) {
			const uint16_t pair[] = {2, (uint16_t)(100 + round * 20 + i)};

			snprintf(name, sizeof(name), "p%u", i);
			/* proves: shmx_pool_create -ENOSPC */
			SAME(create(1, name, pair, 2, &id[i]), i < MAX_SETS - 1 ? 0 : -ENOSPC);
		}
		for (unsigned int i = 0; i < MAX_SETS - 1; i++)
			SAME(shmx_pool_destroy_sync(EP(1), id[i], false), 0);
	}
	SAME(shmx_pool_open_sync(EP(1), S(1), "club", &pool), 0);
	fixture_down(&fx);
}

/* Of one node, and of a name as long as may be, in front of as many ids as may be. */
static void
lengths(void)
{
	char name[SHMX_NAME_LEN] = "";
	uint16_t ids[SHMX_NODES_MAX], id;

	begin();
	for (unsigned int i = 0; i < RTE_DIM(ids); i++)
		ids[i] = (uint16_t)(1 + i);
	for (unsigned int len = 1; len < SHMX_NAME_LEN; len++) {
		unsigned int n = len == SHMX_NAME_LEN - 1 ? SHMX_NODES_MAX : 1 + len % 5;

		memset(name, 'n', len);
		SAME(create(0, name, ids, n, &id), 0);
		SAME(shmx_pool_open_sync(EP(2), S(2), name, &id), n >= 3 ? 0 : -EPERM);
		SAME(shmx_pool_destroy_sync(EP(0), id, false), 0);
	}
	fixture_down(&fx);
}

static const struct named_test tests[] = {
	{"everyone", everyone},
	{"outsider", outsider},
	{"handed out", handed_out},
	{"sets", sets},
	{"lengths", lengths},
};

int
main(void)
{
	return tests_run_workers(tests, RTE_DIM(tests));
}
