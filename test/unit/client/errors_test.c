/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/* What each call says to arguments that it cannot serve, and that nothing changes then. */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_errno.h>

#include "fixture.h"
#include "mem/mem_priv.h"

#define REGION 8192

static struct fixture fx;
static shmx_addr_t region;
static uint8_t image[REGION];
static struct shmx_pool_info before;

static void
begin(void)
{
	const struct fixture_conf conf = {.nb_hosts = 2, .pool_max_size = 16 * MIB};

	fixture_up(&fx, &conf);
	region = alloc_of(&fx, 0, REGION);
	for (unsigned int i = 0; i < REGION; i++)
		image[i] = (uint8_t)(i * 7 + i / 256);
	SAME(shmx_put_sync(fx.host[0].ep, region, image, REGION), 0);
	memset(&before, 0, sizeof(before));
	SAME(shmx_pool_stat_sync(fx.host[0].ep, fx.pool, &before), 0);
}

static void
end(void)
{
	struct shmx_pool_info after;
	uint8_t copy[REGION];

	memset(&after, 0, sizeof(after));
	SAME(shmx_get_sync(fx.host[0].ep, region, copy, REGION), 0);
	SAME(memcmp(copy, image, REGION), 0);
	SAME(shmx_pool_stat_sync(fx.host[0].ep, fx.pool, &after), 0);
	SAME(pool_same(&after, &before), true);
	/* No event of a refused call is left. */
	SAME(poll_for(fx.host[0].ep, 2), 0);
	fixture_down(&fx);
}

static void
test_data_arguments(void)
{
	struct shmx_ep *ep;
	uint64_t buf[64] = {0};

	begin();
	ep = fx.host[0].ep;
	SAME(shmx_get(NULL, region, buf, 8, 1), -EINVAL);
	SAME(shmx_get(ep, region, NULL, 8, 1), -EINVAL);
	SAME(shmx_get(ep, region, buf, 0, 1), -EINVAL);
	SAME(shmx_get(ep, region, buf, SHMX_LEN_MAX + 1, 1), -EINVAL);
	SAME(shmx_put(NULL, region, buf, 8, 1), -EINVAL);
	SAME(shmx_put(ep, region, NULL, 8, 1), -EINVAL);
	SAME(shmx_put(ep, region, buf, 0, 1), -EINVAL);
	SAME(shmx_put(ep, region, buf, UINT64_MAX, 1), -EINVAL);
	SAME(shmx_fill(NULL, region, 8, 0, 1), -EINVAL);
	SAME(shmx_fill(ep, region, 0, 0, 1), -EINVAL);
	SAME(shmx_fill(ep, region, SHMX_LEN_MAX + 1, 0, 1), -EINVAL);
	SAME(shmx_atomic(NULL, SHMX_SWAP, region, 8, 0, 0, 1), -EINVAL);
	SAME(shmx_atomic(ep, (enum shmx_atomic_op)(SHMX_CAS + 1), region, 8, 0, 0, 1), -EINVAL);
	for (unsigned int width = 0; width < 20; width++)
		if (width != 4 && width != 8)
			SAME(shmx_atomic(ep, SHMX_SWAP, region, width, 0, 0, 1), -EINVAL);
	for (unsigned int off = 1; off < 8; off++)
		SAME(shmx_atomic(ep, SHMX_SWAP, region + off, 8, 0, 0, 1), -EINVAL);
	for (unsigned int off = 1; off < 4; off++)
		SAME(shmx_atomic(ep, SHMX_SWAP, region + off, 4, 0, 0, 1), -EINVAL);
	end();
}

static void
test_vector_arguments(void)
{
	struct shmx_vec vec[SHMX_VEC_MAX + 1];
	struct shmx_ep *ep;
	uint64_t buf[8];

	begin();
	ep = fx.host[0].ep;
	for (unsigned int i = 0; i <= SHMX_VEC_MAX; i++)
		vec[i] = (struct shmx_vec){region, buf, 8};
	SAME(shmx_getv(NULL, vec, 1, 1), -EINVAL);
	SAME(shmx_getv(ep, NULL, 1, 1), -EINVAL);
	SAME(shmx_getv(ep, vec, 0, 1), -EINVAL);
	SAME(shmx_getv(ep, vec, SHMX_VEC_MAX + 1, 1), -EINVAL);
	SAME(shmx_putv(ep, vec, UINT32_MAX, 1), -EINVAL);
	vec[3].len = 0;
	SAME(shmx_putv(ep, vec, 4, 1), -EINVAL);
	vec[3].len = SHMX_LEN_MAX + 1;
	SAME(shmx_putv(ep, vec, 4, 1), -EINVAL);
	vec[3].len = 8;
	vec[3].buf = NULL;
	SAME(shmx_getv(ep, vec, 4, 1), -EINVAL);
	vec[3].buf = buf;
	vec[3].addr = SHMX_ADDR(55, 64);
	memset(buf, 0xee, sizeof(buf));
	SAME(shmx_putv(ep, vec, 4, 1), -ENOTCONN);
	/* One bad piece at the memory node: the others are done, and one event tells. */
	vec[3].addr = SHMX_ADDR(fx.pool, 8 * MIB);
	SAME(STATUS(ep, shmx_getv(ep, vec, 5, cookie)), -EFAULT);
	SAME(memcmp(buf, image, 8), 0);
	end();
}

/* proves: shmx_get shmx_put shmx_getv shmx_putv shmx_fill shmx_atomic -EFAULT -ESTALE */
static void
test_addresses(void)
{
	const struct {
		shmx_addr_t addr;
		uint64_t len;
		int status;
	} cases[] = {
		{0, 8, -ENOTCONN},
		{SHMX_ADDR(0, 4096), 8, -ENOTCONN},
		{SHMX_ADDR(77, 4096), 8, -ENOTCONN},
		{SHMX_ADDR(fx.pool, 8 * MIB), 8, -EFAULT},
		{SHMX_ADDR(fx.pool, 8 * MIB - 4), 8, -EFAULT},
		{SHMX_ADDR(fx.pool, (UINT64_C(1) << 48) - 8), 8, -EFAULT},
		{SHMX_ADDR(fx.pool, (UINT64_C(1) << 48) - 4), 8, -EFAULT},
		{region + REGION, 8, -ESTALE},
		{region + REGION - 4, 8, -ESTALE},
		{region + REGION + MIB, 64, -ESTALE},
		{region, REGION + 64, -ESTALE},
	};
	static uint8_t buf[REGION + 64];

	begin();
	for (unsigned int i = 0; i < RTE_DIM(cases); i++) {
		/* The pool's id and the region were not known before. */
		shmx_addr_t addr = i < 3   ? cases[i].addr
		                   : i < 7 ? SHMX_ADDR(fx.pool, SHMX_ADDR_OFFSET(cases[i].addr))
		                           : region + (const uint64_t[]){REGION, REGION - 4,
							      REGION + MIB, 0}[i - 7];
		struct shmx_ep *ep = fx.host[0].ep;
		struct shmx_vec vec = {addr, buf, cases[i].len};
		int fill = i == 6 ? -EINVAL : cases[i].status; /* told before it is sent */

		memset(buf, 0x5a, sizeof(buf));
		if (i == 10)
			memcpy(buf, image, REGION); /* may be written in part */
		SAME(STATUS(ep, shmx_put(ep, addr, buf, cases[i].len, cookie)), cases[i].status);
		SAME(STATUS(ep, shmx_putv(ep, &vec, 1, cookie)), fill);
		if (i != 10)
			SAME(STATUS(ep, shmx_fill(ep, addr, cases[i].len, 3, cookie)), fill);
		SAME(STATUS(ep, shmx_getv(ep, &vec, 1, cookie)), fill);
		SAME(STATUS(ep, shmx_get(ep, addr, buf, cases[i].len, cookie)), cases[i].status);
		if (addr % 8 == 0 && i != 10)
			SAME(STATUS(ep, shmx_swap(ep, addr, 1, cookie)), cases[i].status);
	}
	end();
}

static void
test_memory_arguments(void)
{
	char name[SHMX_NAME_LEN + 2];
	struct shmx_alloc_req req;
	struct shmx_ep *ep;

	begin();
	ep = fx.host[0].ep;
	memset(name, 'n', sizeof(name));
	name[SHMX_NAME_LEN] = '\0'; /* one too long */
#define ALLOC(expected, ...)                                                                       \
	do {                                                                                       \
		req = (struct shmx_alloc_req){.pool = fx.pool, .len = 64};                         \
		__VA_ARGS__;                                                                       \
		SAME(STATUS(ep, shmx_alloc(ep, &req, cookie)), expected);                          \
	} while (0)
	SAME(shmx_alloc(NULL, &req, 1), -EINVAL);
	SAME(shmx_alloc(ep, NULL, 1), -EINVAL);
	ALLOC(-EINVAL, req.pool = 0);
	ALLOC(-ENOTCONN, req.pool = 999);
	ALLOC(-EINVAL, req.len = 0);
	ALLOC(-EINVAL, req.len = SHMX_LEN_MAX + 1);
	ALLOC(-ENOMEM, req.len = SHMX_LEN_MAX);
	ALLOC(-ENOMEM, req.len = 8 * MIB);
	ALLOC(-EINVAL, req.align = 3);
	ALLOC(-EINVAL, req.align = 96);
	ALLOC(-EINVAL, req.align = 4 << 20);
	ALLOC(-EINVAL, req.owner = (enum shmx_owner)2);
	ALLOC(-EINVAL, req.name = "");
	ALLOC(-EINVAL, req.name = name);
#undef ALLOC
	SAME(shmx_free(NULL, region, 1), -EINVAL);
	SAME(shmx_free(ep, 0, 1), -EINVAL);
	SAME(shmx_free(ep, SHMX_ADDR(99, 64), 1), -ENOTCONN);
	SAME(STATUS(ep, shmx_free(ep, region + 64, cookie)), -ENOENT);
	SAME(STATUS(ep, shmx_free(ep, region + MIB, cookie)), -ENOENT);
	SAME(STATUS(ep, shmx_free(ep, SHMX_ADDR(fx.pool, 8 * MIB), cookie)), -ENOENT);
	SAME(STATUS(ep, shmx_free(ep, region + 1, cookie)), -EINVAL);
	SAME(shmx_resize(NULL, region, 64, 1), -EINVAL);
	SAME(shmx_resize(ep, 0, 64, 1), -EINVAL);
	SAME(shmx_resize(ep, region, 0, 1), -EINVAL);
	SAME(shmx_resize(ep, region, SHMX_LEN_MAX + 1, 1), -EINVAL);
	SAME(shmx_resize(ep, SHMX_ADDR(99, 64), 64, 1), -ENOTCONN);
	SAME(STATUS(ep, shmx_resize(ep, region + 64, 64, cookie)), -ENOENT);
	SAME(STATUS(ep, shmx_resize(ep, region, SHMX_LEN_MAX, cookie)), -ENOMEM);
	SAME(STATUS(ep, shmx_resize(ep, region, 8 * MIB + 64, cookie)), -ENOMEM);
	end();
}

static void
test_names_and_owners(void)
{
	char longest[SHMX_NAME_LEN], name[SHMX_NAME_LEN + 1];
	struct shmx_alloc_req req = {.pool = fx.pool, .len = 64, .name = longest};
	shmx_addr_t addr, found;
	struct shmx_ep *ep;
	uint64_t len;

	begin();
	ep = fx.host[0].ep;
	memset(longest, 'x', sizeof(longest));
	longest[SHMX_NAME_LEN - 1] = '\0';
	memset(name, 'y', sizeof(name));
	name[SHMX_NAME_LEN] = '\0';
	req.pool = fx.pool;
	SAME(shmx_alloc_sync(ep, &req, &addr), 0);
	SAME(shmx_alloc_sync(fx.host[1].ep, &req, &found), -EEXIST);
	SAME(shmx_lookup_sync(fx.host[1].ep, fx.pool, longest, &found, &len), 0);
	SAME(found, addr);
	SAME(len, 64);
	SAME(shmx_lookup_sync(ep, fx.pool, "x", &found, NULL), -ENOENT);
	SAME(shmx_lookup(ep, fx.pool, NULL, 1), -EINVAL);
	SAME(shmx_lookup(ep, fx.pool, "", 1), -EINVAL);
	SAME(shmx_lookup(ep, fx.pool, name, 1), -EINVAL);
	SAME(shmx_lookup(ep, 0, "x", 1), -EINVAL);
	SAME(shmx_lookup(NULL, fx.pool, "x", 1), -EINVAL);
	SAME(shmx_lookup(ep, 999, "x", 1), -ENOTCONN);
	SAME(shmx_own(NULL, region, 64, SHMX_OWNER_SELF, 1), -EINVAL);
	SAME(shmx_own(ep, 0, 64, SHMX_OWNER_SELF, 1), -EINVAL);
	SAME(shmx_own(ep, region, 0, SHMX_OWNER_SELF, 1), -EINVAL);
	SAME(shmx_own(ep, region, 64, (enum shmx_owner)2, 1), -EINVAL);
	SAME(shmx_own(ep, SHMX_ADDR(99, 64), 64, SHMX_OWNER_SELF, 1), -ENOTCONN);
	SAME(STATUS(ep, shmx_own(ep, region + 8, 64, SHMX_OWNER_SELF, cookie)), -EINVAL);
	SAME(STATUS(ep, shmx_own(ep, region, 65, SHMX_OWNER_SELF, cookie)), -EINVAL);
	SAME(STATUS(ep, shmx_own(ep, region + MIB, 64, SHMX_OWNER_SELF, cookie)), -ESTALE);
	SAME(STATUS(ep, shmx_own(ep, region, REGION + MIB, SHMX_OWNER_SELF, cookie)), -ESTALE);
	SAME(STATUS(ep, shmx_own(ep, SHMX_ADDR(fx.pool, 8 * MIB), 64, SHMX_OWNER_SELF, cookie)),
		-EFAULT);
	SAME(shmx_free_sync(ep, addr), 0);
	end();
}

/* Another node's memory: no access, no free, no resize, no taking. */
static void
test_exclusive(void)
{
	struct shmx_alloc_req req = {.len = 4096, .owner = SHMX_OWNER_SELF, .name = "mine"};
	struct shmx_ep *own, *other;
	struct shmx_vec vec;
	uint64_t word = 1, len;
	shmx_addr_t addr, found;

	begin();
	own = fx.host[0].ep;
	other = fx.host[1].ep;
	req.pool = fx.pool;
	SAME(shmx_alloc_sync(own, &req, &addr), 0);
	SAME(shmx_fill_sync(own, addr, 4096, 42), 0);
	SAME(shmx_lookup_sync(other, fx.pool, "mine", &found, &len), 0);
	SAME(shmx_get_sync(other, addr, &word, 8), -EPERM);
	SAME(shmx_put_sync(other, addr, &word, 8), -EPERM);
	vec = (struct shmx_vec){addr, &word, 8};
	SAME(STATUS(other, shmx_getv(other, &vec, 1, cookie)), -EPERM);
	SAME(STATUS(other, shmx_putv(other, &vec, 1, cookie)), -EPERM);
	SAME(shmx_fill_sync(other, addr, 4096, 1), -EPERM);
	SAME(shmx_atomic_sync(other, SHMX_FETCH_ADD, addr, 8, 1, 0, NULL), -EPERM);
	SAME(shmx_free_sync(other, addr), -EPERM);
	SAME(STATUS(other, shmx_resize(other, addr, 64, cookie)), -EPERM);
	SAME(STATUS(other, shmx_own(other, addr, 4096, SHMX_OWNER_SELF, cookie)), -EPERM);
	SAME(STATUS(other, shmx_own(other, addr, 4096, SHMX_OWNER_EVERYONE, cookie)), -EPERM);
	/* Half of it for everyone: across the border is refused, and a free, too. */
	SAME(STATUS(own, shmx_own(own, addr, 2048, SHMX_OWNER_EVERYONE, cookie)), 0);
	SAME(shmx_get_sync(other, addr + 2040, &word, 8), 0);
	SAME(word, 42);
	SAME(shmx_get_sync(other, addr + 2044, &word, 8), -EPERM);
	SAME(shmx_get_sync(other, addr + 2048, &word, 8), -EPERM);
	SAME(shmx_free_sync(other, addr), -EPERM);
	/* The other takes it, and the first is out. */
	SAME(STATUS(other, shmx_own(other, addr, 2048, SHMX_OWNER_SELF, cookie)), 0);
	SAME(shmx_get_sync(own, addr, &word, 8), -EPERM);
	SAME(shmx_free_sync(own, addr), -EPERM);
	SAME(shmx_get_sync(other, addr, &word, 8), 0);
	SAME(word, 42);
	SAME(STATUS(other, shmx_own(other, addr, 2048, SHMX_OWNER_EVERYONE, cookie)), 0);
	SAME(shmx_free_sync(own, addr), 0);
	SAME(shmx_get_sync(own, addr, &word, 8), -ESTALE);
	SAME(shmx_get_sync(other, addr, &word, 8), -ESTALE);
	SAME(shmx_free_sync(own, addr), -ENOENT);
	SAME(shmx_lookup_sync(own, fx.pool, "mine", &found, &len), -ENOENT);
	end();
}

static void
test_pool_create_arguments(void)
{
	char name[SHMX_NAME_LEN + 1];
	uint16_t many[SHMX_NODES_MAX + 1];
	struct shmx_pool_req req;
	struct shmx_ep *ep;
	shmx_session_t s;

	begin();
	ep = fx.host[0].ep;
	s = fx.host[0].session;
	memset(name, 'n', sizeof(name));
	name[SHMX_NAME_LEN] = '\0';
	for (unsigned int i = 0; i < RTE_DIM(many); i++)
		many[i] = (uint16_t)(1 + i);
#define CREATE(expected, ...)                                                                      \
	do {                                                                                       \
		req = (struct shmx_pool_req){.name = "p", .size = 2 * MIB};                        \
		__VA_ARGS__;                                                                       \
		SAME(STATUS(ep, shmx_pool_create(ep, s, &req, cookie)), expected);                 \
	} while (0)
	SAME(shmx_pool_create(NULL, s, &req, 1), -EINVAL);
	SAME(shmx_pool_create(ep, s, NULL, 1), -EINVAL);
	CREATE(-EINVAL, req.name = NULL);
	CREATE(-EINVAL, req.name = "");
	CREATE(-EINVAL, req.name = name);
	CREATE(-EINVAL, req.size = 0);
	CREATE(-EINVAL, req.size = SHMX_LEN_MAX + 1);
	CREATE(-EINVAL, req.max_size = MIB);
	CREATE(-EINVAL, req.max_size = SHMX_LEN_MAX + 1);
	CREATE(-EINVAL, req.granule = 32);
	CREATE(-EINVAL, req.granule = 96);
	CREATE(-EINVAL, req.granule = 8192);
	CREATE(-EINVAL, req.max_size = 8 * MIB, req.grow_by = 2 * MIB);
	CREATE(-EINVAL, req.max_size = 8 * MIB, req.grow_below = 2 * MIB);
	CREATE(-EINVAL, req.grow_by = 2 * MIB, req.grow_below = 2 * MIB);
	CREATE(-EINVAL, req.max_size = 8 * MIB, req.grow_by = 2 * MIB, req.grow_below = MIB,
		req.shrink_above = 3 * MIB - 1);
	CREATE(-EINVAL, req.shrink_above = SHMX_LEN_MAX + 1);
	CREATE(-EINVAL, req.max_size = 8 * MIB, req.grow_by = SHMX_LEN_MAX + 1, req.grow_below = 1);
	CREATE(-EINVAL, req.nb_nodes = 1);
	CREATE(-EINVAL, req.nb_nodes = 1, req.nodes = (const uint16_t[]){0});
	CREATE(-EINVAL, req.nb_nodes = 1, req.nodes = (const uint16_t[]){SHMX_NODE_MAX + 1});
	CREATE(-EINVAL, req.nb_nodes = SHMX_NODES_MAX + 1, req.nodes = many);
	/* proves: shmx_pool_create -EEXIST -ENOMEM */
	CREATE(-EEXIST, req.name = "main");
	CREATE(-ENOMEM, req.size = UINT64_C(64) << 30);
	CREATE(-ENOMEM, req.size = SHMX_LEN_MAX); /* more granules than one piece may have */
#undef CREATE
	SAME(shmx_pool_create(ep, 9, &req, 1), -ENOTCONN);
	SAME(shmx_pool_create(ep, UINT16_MAX, &req, 1), -ENOTCONN);
	end();
}

/* As if the pool had all extents that there may be. */
static void
extents_taken(bool taken)
{
	struct mem_pool_hdr *h = mem_pool_get(fx.mem, fx.pool)->hdr;
	uint32_t from = taken ? MEM_STATE_NONE : MEM_STATE_MAKING;

	for (unsigned int i = 0; i < MEM_EXTENTS; i++)
		if (h->extents[i].state == from)
			h->extents[i].state = taken ? MEM_STATE_MAKING : MEM_STATE_NONE;
}

static void
test_pool_arguments(void)
{
	struct shmx_pool_info info[2];
	char name[SHMX_NAME_LEN + 1];
	struct shmx_ep *ep;
	shmx_session_t s;

	begin();
	ep = fx.host[0].ep;
	s = fx.host[0].session;
	memset(name, 'n', sizeof(name));
	name[SHMX_NAME_LEN] = '\0';
	SAME(shmx_pool_open(NULL, s, "main", 1), -EINVAL);
	SAME(shmx_pool_open(ep, s, NULL, 1), -EINVAL);
	SAME(shmx_pool_open(ep, s, "", 1), -EINVAL);
	SAME(shmx_pool_open(ep, s, name, 1), -EINVAL);
	SAME(shmx_pool_open(ep, 9, "main", 1), -ENOTCONN);
	SAME(STATUS(ep, shmx_pool_open(ep, s, "Main", cookie)), -ENOENT);
	SAME(shmx_pool_destroy(NULL, fx.pool, false, 1), -EINVAL);
	SAME(shmx_pool_destroy(ep, 0, false, 1), -EINVAL);
	SAME(shmx_pool_destroy(ep, 99, true, 1), -ENOTCONN);
	SAME(STATUS(ep, shmx_pool_destroy(ep, fx.pool, false, cookie)), -EBUSY);
	SAME(shmx_pool_grow(NULL, fx.pool, MIB, 1), -EINVAL);
	SAME(shmx_pool_grow(ep, 0, MIB, 1), -EINVAL);
	SAME(shmx_pool_grow(ep, fx.pool, 0, 1), -EINVAL);
	SAME(shmx_pool_grow(ep, 99, MIB, 1), -ENOTCONN);
	SAME(STATUS(ep, shmx_pool_grow(ep, fx.pool, 8 * MIB + 1, cookie)), -ENOMEM);
	extents_taken(true);
	SAME(STATUS(ep, shmx_pool_grow(ep, fx.pool, 2 * MIB, cookie)), -ENOSPC);
	extents_taken(false);
	SAME(STATUS(ep, shmx_pool_grow(ep, fx.pool, SHMX_LEN_MAX, cookie)), -EINVAL);
	SAME(shmx_pool_shrink(ep, fx.pool, 0, 1), -EINVAL);
	SAME(STATUS(ep, shmx_pool_shrink(ep, fx.pool, 2 * MIB, cookie)), -EBUSY);
	SAME(shmx_pool_stat(NULL, fx.pool, info, 1), -EINVAL);
	SAME(shmx_pool_stat(ep, fx.pool, NULL, 1), -EINVAL);
	SAME(shmx_pool_stat(ep, 0, info, 1), -EINVAL);
	SAME(shmx_pool_stat(ep, 99, info, 1), -ENOTCONN);
	SAME(shmx_pool_list(NULL, s, 0, info, 2, 1), -EINVAL);
	SAME(shmx_pool_list(ep, s, 0, NULL, 2, 1), -EINVAL);
	SAME(shmx_pool_list(ep, s, 0, info, 0, 1), -EINVAL);
	SAME(shmx_pool_list(ep, 9, 0, info, 2, 1), -ENOTCONN);
	end();
}

/* Nodes beyond those that the memory node was made for, and names beyond those of a pool. */
static void
test_beyond_the_tables(void)
{
	const struct fixture_conf conf = {.max_nodes = 16};
	const uint16_t nodes[] = {1, 500};
	struct shmx_alloc_req req = {.len = 64, .owner = SHMX_OWNER_NODES, .nodes = nodes};
	struct shmx_pool_req pool_req = {.name = "p", .size = 2 * MIB, .nodes = nodes};
	struct shmx_pool_info info;
	char name[16];
	shmx_addr_t addr, last = 0;
	struct shmx_ep *ep;
	uint16_t pool;
	int ret = 0;

	fixture_up(&fx, &conf);
	ep = fx.host[0].ep;
	req.pool = fx.pool;
	req.nb_nodes = 2;
	pool_req.nb_nodes = 2;
	SAME(shmx_alloc_sync(ep, &req, &addr), -EINVAL);
	SAME(shmx_pool_create_sync(ep, fx.host[0].session, &pool_req, &pool), -EINVAL);
	req = (struct shmx_alloc_req){.pool = fx.pool, .len = 64, .name = name};
	for (unsigned int i = 0; i < 5000 && ret == 0; i++) {
		last = i > 0 ? addr : 0;
		snprintf(name, sizeof(name), "n%u", i);
		ret = shmx_alloc_sync(ep, &req, &addr);
	}
	/* proves: shmx_alloc -ENOSPC */
	SAME(ret, -ENOSPC);
	SAME(shmx_pool_stat_sync(ep, fx.pool, &info), 0);
	SAME(info.allocs, 1024);
	SAME(info.used, 1024 * 64);
	SAME(shmx_free_sync(ep, last), 0);
	SAME(shmx_alloc_sync(ep, &req, &addr), 0);
	fixture_down(&fx);
}

static void
test_ep_arguments(void)
{
	struct shmx_peer peer = {.ip = RTE_BE32(RTE_IPV4(10, 0, 0, 1))};
	struct shmx_ep_conf good, conf;
	shmx_session_t s;

	begin();
	good = (struct shmx_ep_conf){.port = fx.host[0].port, .node = 7, .ip = 1};
#define REFUSED(error, ...)                                                                        \
	do {                                                                                       \
		conf = (struct shmx_ep_conf){.port = good.port, .node = 7, .ip = 1};               \
		__VA_ARGS__;                                                                       \
		CU_ASSERT_PTR_NULL(shmx_ep_create(&conf));                                         \
		SAME(rte_errno, error);                                                            \
	} while (0)
	/* proves: shmx_ep_create EINVAL EBUSY */
	CU_ASSERT_PTR_NULL(shmx_ep_create(NULL));
	SAME(rte_errno, EINVAL);
	REFUSED(EINVAL, conf.port = NULL);
	REFUSED(EINVAL, conf.node = 0);
	REFUSED(EINVAL, conf.node = 1024);
	REFUSED(EINVAL, conf.ip = 0);
	REFUSED(EINVAL, conf.ip = RTE_BE32(UINT32_C(0xe0000001)));
	REFUSED(EINVAL, conf.ip = UINT32_MAX);
	REFUSED(EINVAL, conf.ip = RTE_BE32(RTE_IPV4(127, 0, 0, 1)));
	REFUSED(EINVAL, conf.prefix_len = 33);
	REFUSED(EINVAL, conf.window = 12);
	REFUSED(EINVAL, conf.max_sessions = UINT16_MAX);
	REFUSED(EINVAL, conf.queue = 1);
	REFUSED(EINVAL, conf.cc = SHMX_CC_SWIFT + 1);
	REFUSED(EBUSY, conf.queue = 0);
#undef REFUSED
	/* proves: shmx_port_open EINVAL */
	CU_ASSERT_PTR_NULL(shmx_port_open(NULL));
	SAME(rte_errno, EINVAL);
	CU_ASSERT_PTR_NULL(shmx_port_open(&(struct shmx_port_conf){.spec = NULL}));
	CU_ASSERT_PTR_NULL(shmx_port_open(&(struct shmx_port_conf){.spec = "none:x"}));
	SAME(shmx_port_link_wait(NULL, 1), -EINVAL);
	shmx_port_close(NULL);
	shmx_ep_destroy(NULL);
	SAME(shmx_connect(NULL, &peer, 1, &s), -EINVAL);
	SAME(shmx_connect(fx.host[0].ep, NULL, 1, &s), -EINVAL);
	SAME(shmx_connect(fx.host[0].ep, &peer, 1, NULL), -EINVAL);
	peer.ip = 0;
	SAME(shmx_connect(fx.host[0].ep, &peer, 1, &s), -EINVAL);
	SAME(shmx_disconnect(fx.host[0].ep, 33), -ENOTCONN);
	SAME(shmx_disconnect(fx.host[0].ep, UINT16_MAX), -ENOTCONN);
	SAME(shmx_disconnect(NULL, 0), -EINVAL);
	SAME(shmx_disconnect_sync(NULL, 0), -EINVAL);
	SAME(shmx_session_worker(NULL, 0), -EINVAL);
	SAME(shmx_session_worker(fx.host[0].ep, 33), -ENOTCONN);
	SAME(shmx_session_worker(fx.host[0].ep, UINT16_MAX), -ENOTCONN);
	SAME(shmx_session_cc_set(NULL, 0, SHMX_CC_SWIFT), -EINVAL);
	SAME(shmx_session_cc_set(fx.host[0].ep, 33, SHMX_CC_SWIFT), -ENOTCONN);
	s = fx.host[0].session;
	SAME(shmx_session_cc_set(fx.host[0].ep, s, SHMX_CC_SWIFT), 0);
	SAME(shmx_session_cc_set(fx.host[0].ep, s, SHMX_CC_SWIFT + 1), -EINVAL);
	SAME(shmx_session_cc_set(fx.host[0].ep, s, SHMX_CC_FIXED), 0);
	end();
}

static void
test_node_arguments(void)
{
	struct shmx_node_info nodes[2];
	struct shmx_node_stat stat;
	struct shmx_ep *ep;
	shmx_session_t s;

	begin();
	ep = fx.host[0].ep;
	s = fx.host[0].session;
	SAME(shmx_node_list(NULL, s, 0, nodes, 2, 1), -EINVAL);
	SAME(shmx_node_list(ep, s, 0, NULL, 2, 1), -EINVAL);
	SAME(shmx_node_list(ep, s, 0, nodes, 0, 1), -EINVAL);
	SAME(shmx_node_list(ep, 9, 0, nodes, 2, 1), -ENOTCONN);
	SAME(shmx_node_stat(NULL, s, &stat, 1), -EINVAL);
	SAME(shmx_node_stat(ep, s, NULL, 1), -EINVAL);
	SAME(shmx_node_stat(ep, 9, &stat, 1), -ENOTCONN);
	end();
}

static const struct named_test tests[] = {
	{"data", test_data_arguments},
	{"vectors", test_vector_arguments},
	{"addresses", test_addresses},
	{"memory", test_memory_arguments},
	{"names and owners", test_names_and_owners},
	{"exclusive memory", test_exclusive},
	{"new pools", test_pool_create_arguments},
	{"pools", test_pool_arguments},
	{"nodes", test_node_arguments},
	{"beyond the tables", test_beyond_the_tables},
	{"endpoints and sessions", test_ep_arguments},
};

int
main(void)
{
	return tests_run("errors", tests, RTE_DIM(tests));
}
