/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/* Commands that keep many operations going. */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_ethdev.h>
#include <rte_mempool.h>
#include <rte_memzone.h>

#include "client.h"

#define PENDING_MAX 4000
#define BIG         (256 * 1024)

/* Operations started by `pending` and `flood`; cookies are their numbers. */
static struct {
	unsigned int started, ended;
	unsigned int ok, reset, canceled, other, doubled;
	bool seen[PENDING_MAX];
	bool told, flood;
	uint64_t flooded;
} load;

static uint8_t scratch[64][BIG];

static int
start_one(struct client *c, unsigned int i)
{
	switch (i % 4) {
	case 0:
		return shmx_fetch_add(c->ep, c->area, 1, i);
	case 1:
		return shmx_get(c->ep, c->area + 64, scratch[i % 64], 1000, i);
	case 2:
		return shmx_put(c->ep, c->area + 2048, scratch[0], 1000, i);
	default:
		return i % 256 == 255 ? shmx_put(c->ep, c->area + 4096, scratch[0], BIG, i)
		                      : shmx_get(c->ep, c->area + 4096, scratch[i % 64], 8, i);
	}
}

/* pending N: start as many, or as many as there is room for, and leave them; how many. The area
 * has 4096 bytes and BIG behind them. */
static int
run_pending(struct client *c, char *words[WORDS_MAX])
{
	unsigned int n = (unsigned int)RTE_MIN(number(words[1]), (uint64_t)PENDING_MAX);
	int ret = 0;

	memset(&load, 0, sizeof(load));
	while (load.started < n && (ret = start_one(c, load.started)) == 0)
		load.started++;
	reply_value(c, load.started);
	return ret == -EAGAIN ? 0 : ret;
}

/* flood: keep as many going as there is room for, from now on */
static int
run_flood(struct client *c, char *words[WORDS_MAX])
{
	memset(&load, 0, sizeof(load));
	load.flood = true;
	return 0;
}

static void
count_pending(const struct shmx_event *e)
{
	load.ended++;
	load.doubled += e->cookie >= load.started || load.seen[e->cookie];
	if (e->cookie < load.started)
		load.seen[e->cookie] = true;
	load.ok += e->status == 0;
	load.reset += e->status == -ECONNRESET;
	load.canceled += e->status == -ECANCELED;
	load.other += e->status != 0 && e->status != -ECONNRESET && e->status != -ECANCELED;
}

static void
take_event(const struct shmx_event *e)
{
	if (e->type == SHMX_EV_PEER_DOWN)
		printf("down %s\n", strerrorname_np(-e->status));
	else if (e->type == SHMX_EV_OP && load.flood)
		load.flooded++;
	else if (e->type == SHMX_EV_OP)
		count_pending(e);
}

void
load_poll(struct client *c)
{
	struct shmx_event events[64];
	uint16_t n;

	if (ledger_poll(c) || bank_poll(c) || inbox_poll(c))
		return;
	do {
		for (unsigned int i = 0; load.flood && start_one(c, i % PENDING_MAX) == 0; i++)
			continue;
		n = shmx_poll(c->ep, events, RTE_DIM(events));
		for (uint16_t i = 0; i < n; i++)
			take_event(&events[i]);
	} while (load.flood && n > 0);
	if (load.started > 0 && load.ended >= load.started && !load.told) {
		printf("ended %u ok %u reset %u canceled %u other %u doubled %u\n", load.ended,
			load.ok, load.reset, load.canceled, load.other, load.doubled);
		load.told = true;
	}
	fflush(stdout);
}

static void
count_zone(const struct rte_memzone *zone, void *count)
{
	(void)zone;
	++*(unsigned int *)count;
}

static unsigned int
zones(void)
{
	unsigned int n = 0;

	rte_memzone_walk(count_zone, &n);
	return n;
}

struct in_use {
	unsigned int mbufs;
};

static void
add_in_use(struct rte_mempool *pool, void *arg)
{
	((struct in_use *)arg)->mbufs += rte_mempool_in_use_count(pool);
}

/* Buffers out of all pools: those in rings, caches apart, come and go. */
static unsigned int
buffers(void)
{
	struct in_use in_use = {0};

	rte_mempool_walk(add_in_use, &in_use);
	return in_use.mbufs;
}

static int
churn_round(struct client *c, const char *pool, unsigned int round)
{
	struct shmx_alloc_req req = {.len = 64 + round % 7000};
	uint64_t word = round, found = 0;
	shmx_addr_t addr;
	int ret = shmx_connect_sync(c->ep, &c->peer, &c->session);

	if (ret == 0)
		ret = shmx_pool_open_sync(c->ep, c->session, pool, &req.pool);
	if (ret == 0)
		ret = shmx_alloc_sync(c->ep, &req, &addr);
	if (ret == 0 && round % 16 == 0)
		ret = shmx_put_sync(c->ep, addr, &word, sizeof(word));
	if (ret == 0 && round % 16 == 0)
		ret = shmx_get_sync(c->ep, addr, &found, sizeof(found));
	if (ret == 0 && round % 16 == 0 && found != word)
		ret = -EILSEQ;
	if (ret == 0)
		ret = shmx_free_sync(c->ep, addr);
	if (ret == 0)
		ret = shmx_disconnect(c->ep, c->session);
	return ret;
}

/* churn N POOL: as many rounds of connect, open, alloc, free, disconnect; the round that
 * failed, by how many the buffers and zones in use have grown since the 100th. */
static int
run_churn(struct client *c, char *words[WORDS_MAX])
{
	unsigned int n = (unsigned int)number(words[1]), round, mbufs = 0, nb_zones = 0;
	int ret = 0;

	for (round = 0; round < n && ret == 0; round++) {
		if (round == 100) {
			mbufs = buffers();
			nb_zones = zones();
		}
		/* While earlier sessions are still being closed there may be no room. */
		while ((ret = churn_round(c, words[2], round)) == -ENOSPC)
			shmx_poll(c->ep, NULL, 0);
	}
	reply_value(c, round);
	reply_value(c, buffers() > mbufs ? buffers() - mbufs : 0);
	reply_value(c, zones() - nb_zones);
	return ret;
}

#define STORM_LIVE 200

struct object {
	shmx_addr_t addr;
	uint64_t len, stamp;
};

static uint64_t
rnd(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

static int
object_make(struct client *c, struct object *o, uint64_t *seed)
{
	struct shmx_alloc_req req = {
		.pool = c->pool,
		.len = 16 + rnd(seed) % (rnd(seed) % 8 == 0 ? 100000 : 1000),
		.owner = rnd(seed) % 4 == 0 ? SHMX_OWNER_SELF : SHMX_OWNER_EVERYONE,
	};
	uint64_t found = 1;
	int ret = shmx_alloc_sync(c->ep, &req, &o->addr);

	if (ret == -ENOMEM)
		return 0;
	o->len = req.len;
	o->stamp = rnd(seed);
	if (ret == 0)
		ret = shmx_get_sync(c->ep, o->addr + (o->len - 8) / 8 * 8, &found, 8);
	if (ret == 0 && found != 0)
		ret = -EILSEQ;
	if (ret == 0)
		ret = shmx_put_sync(c->ep, o->addr, &o->stamp, 8);
	if (ret == 0)
		ret = shmx_put_sync(c->ep, o->addr + (o->len - 8) / 8 * 8, &o->stamp, 8);
	return ret;
}

static int
object_end(struct client *c, struct object *o)
{
	uint64_t first = 0, last = 0;
	int ret = shmx_get_sync(c->ep, o->addr, &first, 8);

	if (ret == 0)
		ret = shmx_get_sync(c->ep, o->addr + (o->len - 8) / 8 * 8, &last, 8);
	if (ret == 0 && (first != o->stamp || last != o->stamp))
		ret = -EILSEQ;
	if (ret == 0)
		ret = shmx_free_sync(c->ep, o->addr);
	o->addr = 0;
	return ret;
}

/* One step on an object: make it, or give it away, take it back, or end it. */
static int
storm_step(struct client *c, struct object *o, uint64_t *seed)
{
	struct shmx_event event;
	uint64_t cookie = shmx_wait_cookie(c->ep);
	int ret;

	if (o->addr == 0)
		return object_make(c, o, seed);
	if (rnd(seed) % 3 != 0)
		return object_end(c, o);
	ret = shmx_own(c->ep, o->addr, 64 * (o->len / 64 + (o->len % 64 != 0)),
		rnd(seed) % 2 != 0 ? SHMX_OWNER_SELF : SHMX_OWNER_EVERYONE, cookie);
	return ret == 0 ? shmx_wait(c->ep, cookie, &event) : ret;
}

/* storm N SEED: as many steps of allocation, transfer and release, all freed at the end; how many
 * steps were taken */
static int
run_storm(struct client *c, char *words[WORDS_MAX])
{
	static struct object objects[STORM_LIVE];
	unsigned int n = (unsigned int)number(words[1]), i;
	uint64_t seed = number(words[2]) * 2 + 1;
	int ret = 0;

	memset(objects, 0, sizeof(objects));
	for (i = 0; i < n && ret == 0; i++)
		ret = storm_step(c, &objects[rnd(&seed) % STORM_LIVE], &seed);
	for (unsigned int k = 0; k < STORM_LIVE && ret == 0; k++)
		if (objects[k].addr != 0)
			ret = object_end(c, &objects[k]);
	reply_value(c, i);
	return ret;
}

/* pools N: make, grow, shrink and destroy a pool as often; the round that failed. */
static int
run_pools(struct client *c, char *words[WORDS_MAX])
{
	struct shmx_pool_req req = {.name = words[2], .size = 2 << 20, .max_size = 8 << 20};
	unsigned int n = (unsigned int)number(words[1]), i;
	uint16_t pool;
	int ret = 0;

	for (i = 0; i < n && ret == 0; i++) {
		struct shmx_event event;
		uint64_t cookie = shmx_wait_cookie(c->ep);

		ret = shmx_pool_create_sync(c->ep, c->session, &req, &pool);
		if (ret == 0)
			ret = shmx_pool_grow(c->ep, pool, 4 << 20, cookie);
		if (ret == 0)
			ret = shmx_wait(c->ep, cookie, &event);
		if (ret == 0)
			ret = shmx_pool_shrink(c->ep, pool, 4 << 20, cookie);
		if (ret == 0)
			ret = shmx_wait(c->ep, cookie, &event);
		if (ret == 0)
			ret = shmx_pool_destroy_sync(c->ep, pool, i % 2 == 0);
	}
	reply_value(c, i);
	return ret;
}

/* Every swap finds what the one before it left. Returns how many did not. */
static uint64_t
swap_results(struct client *c, uint64_t *done)
{
	struct shmx_event events[64];
	uint16_t n = shmx_poll(c->ep, events, RTE_DIM(events));
	uint64_t wrong = 0;

	for (uint16_t i = 0; i < n; i++)
		wrong += events[i].status != 0 || events[i].value != events[i].cookie - 1;
	*done += n;
	return wrong;
}

/* order N: as many ordered swaps of one word, as many at a time as there is room for; how many did
 * not come in their order */
static int
run_order(struct client *c, char *words[WORDS_MAX])
{
	const struct shmx_op_attr ordered = {.flags = SHMX_ORDERED};
	uint64_t n = number(words[1]), next = 1, done = 0, wrong = 0, zero = 0;
	int ret = shmx_put_sync(c->ep, c->area, &zero, sizeof(zero));

	if (ret < 0)
		return ret;
	shmx_op_attr_set(c->ep, &ordered);
	while (done < n) {
		while (next <= n && shmx_swap(c->ep, c->area, next, next) == 0)
			next++;
		wrong += swap_results(c, &done);
	}
	shmx_op_attr_set(c->ep, NULL);
	reply_value(c, wrong);
	return 0;
}

const struct command load_commands[] = {
	{"order", 1, run_order},
	{"pending", 1, run_pending},
	{"flood", 0, run_flood},
	{"churn", 2, run_churn},
	{"storm", 2, run_storm},
	{"pools", 2, run_pools},
	{NULL, 0, NULL},
};
