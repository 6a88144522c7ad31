/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/* Sessions that come back by themselves. */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <rte_cycles.h>

#include "client/client_private.h"
#include "fixture.h"

#define LIMIT_MS 3000

static struct fixture fx;
static struct shmx_ep *ep;
static struct shmx_event got[256];
static unsigned int nb_got;

static void
begin(struct shmx_reconnect reconnect)
{
	const struct fixture_conf conf = {
		.peer_timeout_ms = 100,
		.reconnect = reconnect,
	};

	fixture_up(&fx, &conf);
	ep = fx.host[0].ep;
	nb_got = 0;
}

/* Collect events until one of this type comes. */
static const struct shmx_event *
wait_event(enum shmx_event_type type)
{
	uint64_t end = rte_rdtsc() + rte_get_tsc_hz() / 1000 * LIMIT_MS;

	while (rte_rdtsc() < end) {
		unsigned int from = nb_got;

		nb_got += shmx_poll(ep, got + nb_got, 1);
		if (nb_got > from && got[from].type == type)
			return &got[from];
	}
	CU_FAIL("no such event");
	return &got[0];
}

static void
test_off_by_default(void)
{
	const struct shmx_reconnect none = {0};

	begin(none);
	server_restart(&fx, 0);
	SAME(shmx_fetch_add(ep, SHMX_ADDR(fx.pool, 0), 1, 7), 0);
	SAME(wait_event(SHMX_EV_PEER_DOWN)->status, -ECONNRESET);
	SAME(poll_for(ep, 50), 0);
	SAME(shmx_disconnect(ep, fx.host[0].session), -ENOTCONN);
	fixture_down(&fx);
}

/* Operations end once, then the session, which comes back under its handle with its pools. */
static void
test_comes_back(void)
{
	/* Late enough for all that is looked at before. */
	const struct shmx_reconnect policy = {.tries = 5, .first_ms = 50, .max_ms = 50};
	const struct shmx_event *e;
	shmx_addr_t word;
	uint64_t value = 0;

	begin(policy);
	word = alloc_of(&fx, 0, 64);
	for (unsigned int round = 0; round < 20; round++) {
		unsigned int seen[8] = {0};

		nb_got = 0;
		server_restart(&fx, 0);
		for (unsigned int i = 0; i < RTE_DIM(seen); i++)
			SAME(shmx_fetch_add(ep, word, 1, i), 0);
		SAME(wait_event(SHMX_EV_PEER_DOWN)->status, -ECONNRESET);
		SAME(nb_got, RTE_DIM(seen) + 1);
		for (unsigned int i = 0; i < RTE_DIM(seen); i++) {
			SAME(got[i].type, SHMX_EV_OP);
			SAME(got[i].status, -ECONNRESET);
			seen[got[i].cookie]++;
		}
		for (unsigned int i = 0; i < RTE_DIM(seen); i++)
			SAME(seen[i], 1);
		SAME(shmx_get(ep, word, &value, 8, 1), -ENOTCONN);
		e = wait_event(SHMX_EV_CONNECTED);
		SAME(nb_got, RTE_DIM(seen) + 2);
		SAME(e->status, 0);
		SAME(e->value, 100);
		SAME(e->value2, 2 + round);
		SAME(e->session, fx.host[0].session);
		SAME(shmx_put_sync(ep, word, &(uint64_t){round}, 8), 0);
		SAME(shmx_get_sync(ep, word, &value, 8), 0);
		SAME(value, round);
	}
	SAME(poll_for(ep, 20), 0);
	fixture_down(&fx);
}

static void
test_gives_up(void)
{
	const struct shmx_reconnect policy = {.tries = 2, .first_ms = 1, .max_ms = 8};
	struct shmx_peer peer = {.ip = RTE_BE32(RTE_IPV4(10, 0, 0, 1))};

	begin(policy);
	fx.server_stopped = true;
	SAME(wait_event(SHMX_EV_PEER_DOWN)->status, -ETIMEDOUT);
	SAME(wait_event(SHMX_EV_CONNECTED)->status, -ETIMEDOUT);
	SAME(nb_got, 2);
	SAME(shmx_disconnect(ep, fx.host[0].session), -ENOTCONN);
	SAME(shmx_alloc(ep, &(struct shmx_alloc_req){.pool = fx.pool, .len = 64}, 1), -ENOTCONN);
	SAME(poll_for(ep, 50), 0);
	fx.server_stopped = false;
	/* The handle is free for another session. */
	SAME(shmx_connect_sync(ep, &peer, &fx.host[0].session), 0);
	SAME(shmx_pool_open_sync(ep, fx.host[0].session, "main", &fx.pool), 0);
	fixture_down(&fx);
}

static void
test_disconnect_while_down(void)
{
	const struct shmx_reconnect policy = {.tries = SHMX_TRIES_FOREVER, .first_ms = 50};
	struct shmx_peer peer = {.ip = RTE_BE32(RTE_IPV4(10, 0, 0, 1))};
	shmx_session_t s[64];

	begin(policy);
	server_restart(&fx, 0);
	SAME(shmx_fetch_add(ep, SHMX_ADDR(fx.pool, 0), 1, 7), 0);
	wait_event(SHMX_EV_PEER_DOWN);
	SAME(shmx_disconnect(ep, fx.host[0].session), 0);
	SAME(shmx_disconnect(ep, fx.host[0].session), -ENOTCONN);
	SAME(poll_for(ep, 150), 0);
	/* All handles are there. */
	for (unsigned int i = 0; i < RTE_DIM(s); i++)
		SAME(shmx_connect(ep, &peer, i, &s[i]), 0);
	SAME(shmx_connect(ep, &peer, 0, &s[0]), -ENOSPC);
	fixture_down(&fx);
}

/* A pool that is not there any more, or is another one of that name, is not led to. */
static void
test_other_pools(void)
{
	const struct shmx_reconnect policy = {.tries = 5, .first_ms = 1, .max_ms = 8};
	struct shmx_pool_req req = {.name = "gone", .size = 2 * MIB};
	uint16_t gone = 0, kept = 0;
	uint64_t word;

	begin(policy);
	SAME(shmx_pool_create_sync(ep, fx.host[0].session, &req, &gone), 0);
	req.name = "kept";
	SAME(shmx_pool_create_sync(ep, fx.host[0].session, &req, &kept), 0);
	SAME(shmx_pool_open_sync(ep, fx.host[0].session, "kept", &kept), 0);
	SAME(mem_pool_destroy_begin(fx.mem, gone, true), 0);
	SAME(mem_pool_destroy_end(fx.mem, gone), 0);
	server_restart(&fx, 0);
	SAME(shmx_fetch_add(ep, SHMX_ADDR(kept, 0), 1, 7), 0);
	wait_event(SHMX_EV_PEER_DOWN);
	SAME(wait_event(SHMX_EV_CONNECTED)->status, 0);
	SAME(shmx_get(ep, SHMX_ADDR(gone, 64), &word, 8, 1), -ENOTCONN);
	SAME(shmx_get_sync(ep, SHMX_ADDR(kept, 64), &word, 8), -ESTALE);
	SAME(shmx_get_sync(ep, SHMX_ADDR(fx.pool, 64), &word, 8), -ESTALE);
	fixture_down(&fx);
}

/* One that ends again and again before anybody takes an event leaves all of them to be taken. */
static void
test_nobody_takes_events(void)
{
	const struct shmx_reconnect policy = {.tries = SHMX_TRIES_FOREVER, .first_ms = 1};
	unsigned int down = 0, up = 0;

	begin(policy);
	for (unsigned int i = 0; i < 10; i++) {
		server_restart(&fx, 0);
		shmx_fetch_add(ep, SHMX_ADDR(fx.pool, 0), 1, 7);
		for (unsigned int k = 0; k < 5000; k++) {
			shmx_poll(ep, NULL, 0);
			rte_delay_us_block(1);
		}
	}
	while (shmx_poll(ep, got, 1) > 0) {
		down += got[0].type == SHMX_EV_PEER_DOWN;
		up += got[0].type == SHMX_EV_CONNECTED;
	}
	CU_ASSERT(down > 0 && down <= 10);
	CU_ASSERT(up == down || up + 1 == down);
	fixture_down(&fx);
}

/* While the answer to a look-up is on its way the pool is forgotten, and its place taken by one
 * that is opened over another session: that one stays. */
static void
test_place_taken(void)
{
	const struct shmx_reconnect policy = {.tries = 5, .first_ms = 1, .max_ms = 8};
	struct shmx_peer peer = {.ip = RTE_BE32(RTE_IPV4(10, 0, 0, 1)), .reconnect = policy};
	shmx_session_t other;
	uint32_t index = 0;

	begin(policy);
	SAME(shmx_connect_sync(ep, &peer, &other), 0);
	while (!ep->kept_pool[index].used)
		index++;
	ep->link[fx.host[0].session].state = LINK_REOPEN;
	ep->link[fx.host[0].session].next = index + 1;
	kept_pool_del(ep, fx.pool);
	SAME(shmx_pool_open(ep, other, "main", 7), 0);
	SAME(ep->kept_pool[index].session, other);
	link_reopened(ep, fx.host[0].session, index, fx.pool);
	SAME(wait_event(SHMX_EV_CONNECTED)->session, fx.host[0].session);
	SAME(ep->kept_pool[index].used, true);
	SAME(wait_event(SHMX_EV_OP)->status, 0);
	SAME(ep->kept_pool[index].pool, fx.pool);
	fixture_down(&fx);
}

/* Transfers, too, those included that have parts to start: all are told before it is. */
static void
test_end_comes_last(void)
{
	const struct shmx_reconnect policy = {.tries = 5, .first_ms = 20, .max_ms = 20};
	static uint8_t buf[4][MIB];
	shmx_addr_t area;

	begin(policy);
	area = alloc_of(&fx, 0, MIB);
	server_restart(&fx, 0);
	for (unsigned int i = 0; i < 2; i++) {
		SAME(shmx_get(ep, area, buf[2 * i], MIB, 2 * i), 0);
		SAME(shmx_put(ep, area, buf[2 * i + 1], MIB, 2 * i + 1), 0);
	}
	SAME(wait_event(SHMX_EV_PEER_DOWN)->status, -ECONNRESET);
	SAME(nb_got, 5);
	for (unsigned int i = 0; i < 4; i++) {
		SAME(got[i].type, SHMX_EV_OP);
		CU_ASSERT(got[i].status == -ECONNRESET || got[i].status == -ECANCELED);
	}
	SAME(wait_event(SHMX_EV_CONNECTED)->status, 0);
	SAME(poll_for(ep, 20), 0);
	fixture_down(&fx);
}

/* A session that comes back is told with its first cookie, which a synchronous call may have made:
 * the next one with that cookie is another. */
static void
test_cookie_comes_again(void)
{
	const struct shmx_reconnect policy = {.tries = 5, .first_ms = 1, .max_ms = 1};
	struct shmx_event e;
	uint64_t first;

	begin(policy);
	first = ep->connect_cookie[fx.host[0].session];
	/* When as many as there are have been made. */
	ep->wait_cookies = 0;
	CU_ASSERT(shmx_wait_cookie(ep) != first);
	/* Also when it has not been polled, and its place is another's. */
	server_restart(&fx, 0);
	for (unsigned int i = 0; i < 1000000 && client_kept(ep) < 2; i++)
		shmx_poll(ep, NULL, 0);
	SAME(client_kept(ep), 2);
	ep->connect_cookie[fx.host[0].session] = 0;
	ep->wait_cookies = 0;
	CU_ASSERT(shmx_wait_cookie(ep) != first);
	SAME(shmx_poll(ep, &e, 1), 1);
	SAME(e.type, SHMX_EV_PEER_DOWN);
	SAME(shmx_poll(ep, &e, 1), 1);
	SAME(e.type, SHMX_EV_CONNECTED);
	SAME(e.cookie, first);
	fixture_down(&fx);
}

static const struct named_test tests[] = {
	{"off by default", test_off_by_default},
	{"comes back", test_comes_back},
	{"gives up", test_gives_up},
	{"disconnect while down", test_disconnect_while_down},
	{"other pools", test_other_pools},
	{"nobody takes events", test_nobody_takes_events},
	{"place taken", test_place_taken},
	{"end comes last", test_end_comes_last},
	{"cookie comes again", test_cookie_comes_again},
};

int
main(void)
{
	return tests_run("reconnect", tests, RTE_DIM(tests));
}
