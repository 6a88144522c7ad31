/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/* Full pools, full windows, no buffers, sessions that end: each operation ends exactly once. */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_ethdev.h>
#include <rte_malloc.h>
#include <rte_mbuf.h>

#include "client/client_private.h"
#include "client/lossy.h"

#define MAX_OPS 256
#define COOKIES 4096

static struct fixture fx;

/* Events by cookie, and by status. */
struct tally {
	unsigned int seen[COOKIES];
	int status[COOKIES];
	unsigned int ops, down, connected, doubled;
	int connect_status;
};

static struct tally tally;

static void
tally_event(const struct shmx_event *e)
{
	tally.down += e->type == SHMX_EV_PEER_DOWN;
	tally.connected += e->type == SHMX_EV_CONNECTED;
	if (e->type == SHMX_EV_CONNECTED)
		tally.connect_status = e->status;
	if (e->type != SHMX_EV_OP)
		return;
	tally.ops++;
	if (e->cookie >= COOKIES)
		return;
	tally.doubled += tally.seen[e->cookie]++ > 0;
	tally.status[e->cookie] = e->status;
}

/* Poll for that long, or until so many operations have ended. */
static void
tally_poll(struct shmx_ep *ep, unsigned int ops, unsigned int ms)
{
	uint64_t end = rte_rdtsc() + rte_get_tsc_hz() / 1000 * ms;
	struct shmx_event events[7];

	while (tally.ops < ops && rte_rdtsc() < end) {
		uint16_t n = shmx_poll(ep, events, RTE_DIM(events));

		for (uint16_t i = 0; i < n; i++)
			tally_event(&events[i]);
	}
}

static unsigned int
statuses(int status)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < COOKIES; i++)
		n += tally.seen[i] > 0 && tally.status[i] == status;
	return n;
}

static void
begin(const struct fixture_conf *conf)
{
	memset(&tally, 0, sizeof(tally));
	fixture_up(&fx, conf);
}

static void
test_full_pool(void)
{
	const struct fixture_conf conf = {.pool_size = 4 * MIB};
	struct shmx_alloc_req req = {.len = 100000};
	struct shmx_pool_info info;
	shmx_addr_t addr[64];
	unsigned int n = 0;

	begin(&conf);
	req.pool = fx.pool;
	while (n < 64 && shmx_alloc_sync(fx.host[0].ep, &req, &addr[n]) == 0)
		n++;
	SAME(n, 4 * MIB / 100032);
	SAME(shmx_alloc_sync(fx.host[0].ep, &req, &addr[n]), -ENOMEM);
	for (unsigned int round = 0; round < 3; round++) {
		SAME(shmx_free_sync(fx.host[0].ep, addr[round * 7]), 0);
		SAME(shmx_alloc_sync(fx.host[0].ep, &req, &addr[round * 7]), 0);
		SAME(shmx_alloc_sync(fx.host[0].ep, &req, &addr[n]), -ENOMEM);
	}
	while (n > 0)
		SAME(shmx_free_sync(fx.host[0].ep, addr[--n]), 0);
	req.len = 4 * MIB;
	SAME(shmx_alloc_sync(fx.host[0].ep, &req, &addr[0]), 0);
	SAME(shmx_free_sync(fx.host[0].ep, addr[0]), 0);
	SAME(shmx_pool_stat_sync(fx.host[0].ep, fx.pool, &info), 0);
	SAME(info.used, 0);
	SAME(info.allocs, 0);
	fixture_down(&fx);
}

/* As many as go; then each poll makes room again. */
static void
test_full_window(void)
{
	const struct fixture_conf conf = {.max_ops = MAX_OPS};
	unsigned int started = 0, refused = 0;
	shmx_addr_t word;
	uint64_t value;
	int ret;

	begin(&conf);
	word = alloc_of(&fx, 0, 64);
	while (started < COOKIES) {
		ret = shmx_fetch_add(fx.host[0].ep, word, 1, started);
		if (ret == 0) {
			started++;
			continue;
		}
		SAME(ret, -EAGAIN);
		refused++;
		SAME(started - tally.ops <= MAX_OPS, true);
		tally_poll(fx.host[0].ep, tally.ops + 1, 1000);
	}
	SAME(refused > 0, true);
	tally_poll(fx.host[0].ep, COOKIES, 1000);
	SAME(tally.ops, COOKIES);
	SAME(tally.doubled, 0);
	SAME(statuses(0), COOKIES);
	SAME(shmx_get_sync(fx.host[0].ep, word, &value, 8), 0);
	SAME(value, COOKIES);
	fixture_down(&fx);
}

/* With one frame in flight and one record a frame, everything waits for everything. */
static void
test_small_window(void)
{
	const struct fixture_conf conf = {.max_ops = MAX_OPS, .window = 8};
	static uint8_t out[300000], in[300000];
	shmx_addr_t area;

	begin(&conf);
	area = alloc_of(&fx, 0, sizeof(out));
	for (unsigned int i = 0; i < sizeof(out); i++)
		out[i] = (uint8_t)(i * 31 + i / 1000);
	SAME(shmx_put_sync(fx.host[0].ep, area, out, sizeof(out)), 0);
	SAME(shmx_get_sync(fx.host[0].ep, area, in, sizeof(in)), 0);
	SAME(memcmp(in, out, sizeof(in)), 0);
	fixture_down(&fx);
}

/* All buffers gone: calls refuse or wait, nothing is lost, and it goes on when they are back. */
static void
test_no_mbufs(void)
{
	const struct fixture_conf conf = {.nb_mbufs = 512, .max_ops = MAX_OPS};
	static struct rte_mbuf *taken[65536];
	static uint8_t big[MIB];
	struct rte_mempool *pool;
	unsigned int n = 0, started = 0;
	shmx_addr_t word, area;
	uint64_t value;

	begin(&conf);
	word = alloc_of(&fx, 0, 64);
	area = alloc_of(&fx, 0, sizeof(big));
	pool = fx.host[0].server_port->pool;
	for (unsigned int round = 0; round < 20; round++) {
		while (n < RTE_DIM(taken) && (taken[n] = rte_pktmbuf_alloc(pool)) != NULL)
			n++;
		for (unsigned int i = 0; i < 50; i++)
			started += shmx_fetch_add(fx.host[0].ep, word, 1, started) == 0;
		if (shmx_put(fx.host[0].ep, area, big, sizeof(big), started) == 0)
			started++;
		tally_poll(fx.host[0].ep, UINT32_MAX, 2);
		rte_pktmbuf_free_bulk(taken, n);
		n = 0;
		tally_poll(fx.host[0].ep, started, 1500);
		SAME(tally.ops, started);
	}
	SAME(tally.down, 0);
	SAME(statuses(0), started);
	SAME(shmx_get_sync(fx.host[0].ep, word, &value, 8), 0);
	SAME(value <= started, true);
	fixture_down(&fx);
}

/* The range of a transfer becomes somebody else's, or free, at its end. */
static void
test_bulk_fails_midway(void)
{
	const struct fixture_conf conf = {.nb_hosts = 2};
	static uint8_t big[2 * MIB];
	struct shmx_ep *ep;
	shmx_addr_t area;

	begin(&conf);
	ep = fx.host[0].ep;
	area = alloc_of(&fx, 0, sizeof(big));
	SAME(STATUS(fx.host[1].ep,
		     shmx_own(fx.host[1].ep, area + MIB, 64, SHMX_OWNER_SELF, cookie)),
		0);
	SAME(shmx_put_sync(ep, area, big, sizeof(big)), -EPERM);
	SAME(shmx_get_sync(ep, area, big, sizeof(big)), -EPERM);
	SAME(shmx_fill_sync(ep, area, sizeof(big), 1), -EPERM);
	SAME(shmx_put_sync(ep, area + MIB + 64, big, sizeof(big) - MIB - 64), 0);
	SAME(STATUS(fx.host[1].ep,
		     shmx_own(fx.host[1].ep, area + MIB, 64, SHMX_OWNER_EVERYONE, cookie)),
		0);
	SAME(STATUS(ep, shmx_resize(ep, area, MIB, cookie)), 0);
	SAME(shmx_put_sync(ep, area, big, sizeof(big)), -ESTALE);
	SAME(shmx_put_sync(ep, area, big, 9 * MIB), -ESTALE);
	SAME(shmx_put_sync(ep, area, big, MIB), 0);
	SAME(poll_for(ep, 2), 0);
	fixture_down(&fx);
}

/* Start a bit of everything; returns how many. */
static unsigned int
start_everything(struct shmx_ep *ep, shmx_addr_t area, unsigned int first)
{
	static uint8_t buf[64][MIB / 16];
	static struct shmx_pool_info info;
	struct shmx_alloc_req req = {.pool = fx.pool, .len = 64};
	unsigned int n = first;

	n += shmx_alloc(ep, &req, n) == 0;
	n += shmx_pool_stat(ep, fx.pool, &info, n) == 0;
	for (unsigned int i = 0; i < 20; i++) {
		n += shmx_fetch_add(ep, area, 1, n) == 0;
		n += shmx_get(ep, area, buf[i], 100, n) == 0;
		n += shmx_put(ep, area, buf[i], 1000, n) == 0;
		n += shmx_put(ep, area, buf[i], sizeof(buf[i]), n) == 0;
		n += shmx_get(ep, area, buf[20 + i], sizeof(buf[i]), n) == 0;
	}
	return n - first;
}

/* Sent, half sent, not sent: each ends once, and only what was not sent is said to be so. */
static void
test_disconnect(void)
{
	const struct fixture_conf conf = {.max_ops = 1024};
	struct shmx_peer peer = {.ip = RTE_BE32(RTE_IPV4(10, 0, 0, 1))};
	unsigned int n, unsent;
	struct shmx_ep *ep;
	shmx_addr_t area;
	uint64_t word;

	begin(&conf);
	ep = fx.host[0].ep;
	area = alloc_of(&fx, 0, MIB);
	fx.server_stopped = true;
	for (n = 0; n < 10; n++)
		SAME(shmx_fetch_add(ep, area, 1, n), 0);
	shmx_flush(ep);
	unsent = n;
	SAME(shmx_fetch_add(ep, area, 1, n++), 0);
	shmx_flush(ep);
	SAME(shmx_fetch_add(ep, area, 1, n++), 0);
	SAME(shmx_disconnect(ep, fx.host[0].session), 0);
	SAME(shmx_disconnect(ep, fx.host[0].session), -ENOTCONN);
	SAME(shmx_get(ep, area, &word, 8, 0), -ENOTCONN);
	fx.server_stopped = false;
	tally_poll(ep, n, 1000);
	tally_poll(ep, n + 1, 5);
	SAME(tally.ops, n);
	SAME(tally.doubled, 0);
	SAME(tally.down, 0);
	SAME(tally.status[0], -ECONNRESET);
	SAME(statuses(-ECONNRESET), n - 1);
	SAME(tally.status[unsent + 1], -ECANCELED);
	/* With another session in the same place, a bit of everything. */
	SAME(shmx_connect_sync(ep, &peer, &fx.host[0].session), 0);
	SAME(shmx_pool_open_sync(ep, fx.host[0].session, "main", &fx.pool), 0);
	memset(&tally, 0, sizeof(tally));
	n = start_everything(ep, area, 0);
	SAME(shmx_disconnect(ep, fx.host[0].session), 0);
	tally_poll(ep, n, 1000);
	tally_poll(ep, n + 1, 5);
	SAME(tally.ops, n);
	SAME(tally.doubled, 0);
	SAME(statuses(-ECONNRESET) + statuses(-ECANCELED), n);
	SAME(statuses(-ECANCELED) > 0, true);
	fixture_down(&fx);
}

/* When the call returns the memory node knows, though frames get lost; one that hears nothing does
 * not keep the caller for ever. */
static void
test_disconnect_sync(void)
{
	const struct fixture_conf conf = {.wrap = wrap_lossy};
	struct shmx_peer peer = {.ip = RTE_BE32(RTE_IPV4(10, 0, 0, 1))};
	struct host *h = &fx.host[0];

	begin(&conf);
	for (unsigned int i = 1; i <= 50; i++) {
		lossy = 20;
		SAME(shmx_disconnect_sync(h->ep, h->session), 0);
		lossy = 0;
		SAME(rdp_ep_stats(h->server)->sessions_closed, i);
		SAME(shmx_disconnect_sync(h->ep, h->session), -ENOTCONN);
		SAME(shmx_connect_sync(h->ep, &peer, &h->session), 0);
	}
	lossy_deaf = true;
	SAME(shmx_disconnect_sync(h->ep, h->session), 0);
	lossy_deaf = false;
	SAME(rdp_ep_stats(h->server)->sessions_closed, 50);
	fixture_down(&fx);
}

/* Nothing was sent of a transfer: it took no effect, and its event says so. */
static void
test_disconnect_unsent(void)
{
	const struct fixture_conf conf = {.max_ops = 64};
	static uint8_t big[256 * 1024];
	struct shmx_ep *ep;
	shmx_addr_t area;
	unsigned int n = 0;

	begin(&conf);
	ep = fx.host[0].ep;
	area = alloc_of(&fx, 0, sizeof(big));
	fx.server_stopped = true;
	while (shmx_fetch_add(ep, area, 1, n) == 0)
		n++;
	shmx_flush(ep);
	SAME(shmx_put(ep, area, big, sizeof(big), n), 0);
	SAME(shmx_disconnect(ep, fx.host[0].session), 0);
	fx.server_stopped = false;
	tally_poll(ep, n + 1, 1000);
	SAME(tally.ops, n + 1);
	SAME(tally.status[0], -ECONNRESET);
	SAME(tally.status[n], -ECANCELED);
	fixture_down(&fx);
}

/* A part of a transfer was sent: it may have taken effect, whatever became of the others. */
static void
test_disconnect_half_sent(void)
{
	const struct fixture_conf conf = {0};
	static uint8_t big[4096];
	struct shmx_ep *ep;
	shmx_addr_t area;

	begin(&conf);
	ep = fx.host[0].ep;
	area = alloc_of(&fx, 0, sizeof(big));
	fx.server_stopped = true;
	/* Two parts fill their frames and leave, the third waits in the open one. */
	SAME(shmx_put(ep, area, big, sizeof(big), 0), 0);
	SAME(shmx_disconnect(ep, fx.host[0].session), 0);
	fx.server_stopped = false;
	tally_poll(ep, 1, 1000);
	SAME(tally.ops, 1);
	SAME(tally.status[0], -ECONNRESET);
	fixture_down(&fx);
}

/* A piece was refused, and others were under way: what matters is that these may yet happen. */
static void
test_disconnect_refused_in_part(void)
{
	const struct fixture_conf conf = {.nb_hosts = 2};
	struct shmx_alloc_req req = {.len = 64, .owner = SHMX_OWNER_SELF};
	static uint8_t big[64 * 1024];
	struct shmx_vec vec[2] = {{.buf = big, .len = 8}, {.buf = big, .len = sizeof(big)}};
	struct shmx_ep *ep;

	begin(&conf);
	ep = fx.host[0].ep;
	req.pool = fx.pool;
	SAME(shmx_alloc_sync(fx.host[1].ep, &req, &vec[0].addr), 0);
	vec[1].addr = alloc_of(&fx, 0, sizeof(big));
	SAME(shmx_putv(ep, vec, 2, 0), 0);
	/* The memory node takes one burst of frames, and the answers to these come with the next.
	 */
	shmx_poll(ep, NULL, 0);
	fx.server_stopped = true;
	tally_poll(ep, 1, 1);
	SAME(tally.ops, 0);
	SAME(shmx_disconnect(ep, fx.host[0].session), 0);
	fx.server_stopped = false;
	tally_poll(ep, 1, 1000);
	SAME(tally.ops, 1);
	SAME(tally.status[0], -ECONNRESET);
	fixture_down(&fx);
}

static void
test_peer_silent(void)
{
	const struct fixture_conf conf = {.max_ops = 1024, .peer_timeout_ms = 100};
	struct shmx_peer peer = {.ip = RTE_BE32(RTE_IPV4(10, 0, 0, 1))};
	uint64_t start;
	unsigned int n;
	shmx_addr_t area;

	begin(&conf);
	area = alloc_of(&fx, 0, MIB);
	fx.server_stopped = true;
	n = start_everything(fx.host[0].ep, area, 0);
	start = rte_rdtsc();
	while (tally.down == 0 && rte_rdtsc() - start < rte_get_tsc_hz() * 5)
		tally_poll(fx.host[0].ep, tally.ops + 1, 10);
	SAME((rte_rdtsc() - start) * 10 / rte_get_tsc_hz() < 20, true);
	tally_poll(fx.host[0].ep, n, 1000);
	SAME(tally.down, 1);
	SAME(tally.ops, n);
	SAME(tally.doubled, 0);
	SAME(statuses(-ECONNRESET) + statuses(-ECANCELED), n);
	/* And again, as soon as it answers. */
	fx.server_stopped = false;
	SAME(shmx_connect_sync(fx.host[0].ep, &peer, &fx.host[0].session), 0);
	SAME(shmx_pool_open_sync(fx.host[0].ep, fx.host[0].session, "main", &fx.pool), 0);
	SAME(shmx_atomic_sync(fx.host[0].ep, SHMX_FETCH_ADD, area, 8, 1, 0, NULL), 0);
	fixture_down(&fx);
}

/* Nobody polls for a while, as when a machine is suspended: that is not the peer's silence. */
static void
test_stall(void)
{
	const struct fixture_conf conf = {.peer_timeout_ms = 100};
	struct shmx_peer peer = {.ip = RTE_BE32(RTE_IPV4(10, 0, 0, 1))};
	shmx_session_t s;
	shmx_addr_t word;

	begin(&conf);
	word = alloc_of(&fx, 0, 64);
	fx.server_stopped = true;
	rte_delay_us_sleep(1500000);
	tally_poll(fx.host[0].ep, 1, 20);
	fx.server_stopped = false;
	tally_poll(fx.host[0].ep, 1, 20);
	SAME(tally.down, 0);
	/* In the middle of connecting. */
	SAME(shmx_connect(fx.host[0].ep, &peer, 9, &s), 0);
	fx.server_stopped = true;
	tally_poll(fx.host[0].ep, 1, 1);
	rte_delay_us_sleep(300000);
	tally_poll(fx.host[0].ep, 1, 5);
	fx.server_stopped = false;
	tally_poll(fx.host[0].ep, 1, 50);
	SAME(tally.connected, 1);
	SAME(tally.connect_status, 0);
	for (unsigned int i = 0; i < 3; i++) {
		fx.server_stopped = true;
		SAME(shmx_fetch_add(fx.host[0].ep, word, 1, i), 0);
		tally_poll(fx.host[0].ep, i + 1, 1);
		rte_delay_us_sleep(300000);
		/* It wakes a little later than we. */
		tally_poll(fx.host[0].ep, i + 1, 20);
		fx.server_stopped = false;
		tally_poll(fx.host[0].ep, i + 1, 200);
		SAME(tally.down, 0);
		SAME(tally.ops, i + 1);
		SAME(tally.status[i], 0);
	}
	fixture_down(&fx);
}

/* Events that nobody takes are kept, in order, and count as operations in progress. */
static void
test_kept_events(void)
{
	const struct fixture_conf conf = {.max_ops = 128};
	struct shmx_event e[200];
	unsigned int n = 0, got = 0;
	struct shmx_ep *ep;
	shmx_addr_t word;
	uint64_t value;

	begin(&conf);
	ep = fx.host[0].ep;
	word = alloc_of(&fx, 0, 64);
	for (unsigned int i = 0; i < 1000; i++) {
		n += shmx_fetch_add(ep, word, 1, n) == 0;
		SAME(shmx_poll(ep, NULL, 0), 0);
	}
	SAME(n, 128);
	SAME(shmx_get_sync(ep, word, &value, 8), -EAGAIN);
	SAME(shmx_fill(ep, word, 8, 0, 0), -EAGAIN);
	for (got = 0; got < 28; got++)
		SAME(shmx_poll(ep, &e[got], 1), 1);
	/* A synchronous call leaves those of others alone. */
	SAME(shmx_get_sync(ep, word, &value, 8), 0);
	SAME(value, 128);
	got += shmx_poll(ep, e + got, 150);
	SAME(got, 128);
	for (unsigned int i = 0; i < got; i++) {
		SAME(e[i].cookie, i);
		SAME(e[i].value, i);
		SAME(e[i].status, 0);
	}
	SAME(poll_for(ep, 2), 0);
	fixture_down(&fx);
}

/* Likewise those that are still to come: a synchronous call does not wait for room that polling
 * cannot make, and a transfer does not need any. */
static void
test_kept_and_to_come(void)
{
	const struct fixture_conf conf = {.nb_hosts = 2, .max_ops = 16};
	const struct shmx_lock_req lock = {.lock = 1};
	struct shmx_peer peer = {.ip = RTE_BE32(RTE_IPV4(10, 0, 0, 1))};
	static uint8_t data[20000];
	shmx_session_t other;
	struct shmx_ep *ep;
	shmx_addr_t area;
	uint64_t value;

	begin(&conf);
	ep = fx.host[0].ep;
	area = alloc_of(&fx, 0, sizeof(data));
	SAME(shmx_lock_reserve_sync(fx.host[1].ep, fx.host[1].session, 1, NULL, NULL), 0);
	SAME(shmx_lock_sync(fx.host[1].ep, fx.host[1].session, &lock, 1, 0, NULL), 0);
	for (unsigned int i = 0; i < 8; i++)
		SAME(shmx_fetch_add(ep, area, 1, i), 0);
	for (unsigned int i = 0; i < 200; i++)
		shmx_poll(ep, NULL, 0);
	SAME(client_kept(ep), 8);
	for (unsigned int i = 0; i < 8; i++)
		SAME(shmx_barrier(ep, fx.host[0].session, i, (const uint16_t[]){1, 2}, 2,
			     SHMX_FOREVER, NULL, 0, 100 + i),
			0);
	SAME(shmx_get_sync(ep, area, &value, 8), -EAGAIN);
	SAME(shmx_put_sync(ep, area, data, sizeof(data)), 0);
	SAME(shmx_get_sync(ep, area, data, sizeof(data)), 0);
	SAME(shmx_fill_sync(ep, area, sizeof(data), 7), 0);
	SAME(shmx_connect_sync(ep, &peer, &other), 0);
	tally_poll(ep, 8, 100);
	SAME(tally.ops, 8);
	SAME(shmx_get_sync(ep, area, &value, 8), 0);
	SAME(value, 7);
	fixture_down(&fx);
}

/* Connections that nobody hears of: the endpoint says so instead of losing the events. */
static void
test_kept_connections(void)
{
	const struct fixture_conf conf = {.max_ops = 64};
	struct shmx_peer peer = {.ip = RTE_BE32(RTE_IPV4(10, 0, 0, 1))};
	unsigned int n = 0, refused = 0;
	struct shmx_ep *ep;

	begin(&conf);
	ep = fx.host[0].ep;
	/* Those that were connected, and those that the memory node had no room for. */
	for (unsigned int i = 0; i < 3000; i++) {
		shmx_session_t s;
		int ret = shmx_connect(ep, &peer, 5000 + i, &s);

		if (ret == 0) {
			n++;
			for (unsigned int k = 0; k < 30; k++)
				shmx_poll(ep, NULL, 0);
			shmx_disconnect(ep, s);
			for (unsigned int k = 0; k < 30; k++)
				shmx_poll(ep, NULL, 0);
		} else {
			refused++;
			SAME(ret == -ENOSPC || ret == -EAGAIN, true);
			shmx_poll(ep, NULL, 0);
		}
	}
	tally_poll(ep, UINT32_MAX, 20);
	SAME(tally.connected, n);
	SAME(refused > 0, true);
	SAME(tally.ops, 0);
	fixture_down(&fx);
}

/* Two sessions with one memory node: a pool goes over the one that it was opened on last; and one
 * that was destroyed does not stand in the way of the next with its id. */
static void
test_routes(void)
{
	const struct fixture_conf conf = {0};
	struct shmx_peer peer = {.ip = RTE_BE32(RTE_IPV4(10, 0, 0, 1))};
	struct shmx_pool_req req = {.name = "p", .size = 2 * MIB};
	uint16_t pool, again;
	struct shmx_ep *ep;
	shmx_session_t second;
	shmx_addr_t word;

	begin(&conf);
	ep = fx.host[0].ep;
	word = alloc_of(&fx, 0, 64);
	SAME(shmx_connect_sync(ep, &peer, &second), 0);
	SAME(shmx_pool_create_sync(ep, fx.host[0].session, &req, &pool), 0);
	SAME(shmx_pool_destroy_sync(ep, pool, false), 0);
	CU_ASSERT(shmx_pool_destroy_sync(ep, pool, false) < 0);
	SAME(shmx_pool_create_sync(ep, second, &req, &again), 0);
	SAME(shmx_pool_destroy_sync(ep, again, false), 0);
	SAME(shmx_pool_open_sync(ep, second, "main", &pool), 0);
	SAME(pool, fx.pool);
	SAME(shmx_disconnect(ep, fx.host[0].session), 0);
	SAME(shmx_atomic_sync(ep, SHMX_FETCH_ADD, word, 8, 1, 0, NULL), 0);
	fixture_down(&fx);
}

/* An attempt to connect that is ended has no event. */
static void
test_disconnect_early(void)
{
	const struct fixture_conf conf = {0};
	struct shmx_peer peer = {.ip = RTE_BE32(RTE_IPV4(10, 0, 0, 1))};
	shmx_session_t session;

	begin(&conf);
	for (unsigned int polls = 0; polls < 3; polls++) {
		SAME(shmx_connect(fx.host[0].ep, &peer, 1, &session), 0);
		fx.server_stopped = true;
		for (unsigned int i = 0; i < polls; i++)
			SAME(shmx_poll(fx.host[0].ep, NULL, 0), 0);
		fx.server_stopped = false;
		SAME(shmx_disconnect(fx.host[0].ep, session), 0);
		SAME(poll_for(fx.host[0].ep, 5), 0);
	}
	fixture_down(&fx);
}

/* The answer that a pool is gone comes after that of the next one with its id. */
static void
test_pool_gone_late(void)
{
	const struct fixture_conf conf = {.wrap = wrap_lossy, .rto_min_us = 100000};
	struct shmx_pool_req req = {.name = "p", .size = 2 * MIB};
	struct shmx_pool_info info;
	uint16_t pool, again;
	struct shmx_ep *ep;

	begin(&conf);
	ep = fx.host[0].ep;
	SAME(shmx_pool_create_sync(ep, fx.host[0].session, &req, &pool), 0);
	SAME(shmx_pool_destroy(ep, pool, false, 1), 0);
	shmx_flush(ep);
	lossy_mute = true;
	for (unsigned int i = 0; i < 20; i++)
		server_turn(&fx);
	lossy_mute = false;
	SAME(shmx_cancel(ep, 1), 0);
	SAME(shmx_pool_create_sync(ep, fx.host[0].session, &req, &again), 0);
	SAME(again, pool);
	SAME(poll_for(ep, 20), 1);
	SAME(shmx_pool_stat_sync(ep, again, &info), 0);
	fixture_down(&fx);
}

/* What the application takes between two polls is none of the round trip. */
static void
test_think_time(void)
{
	const struct fixture_conf conf = {0};
	struct rdp_session *s;
	struct shmx_event event;
	struct shmx_ep *ep;
	uint64_t value;
	shmx_addr_t word;

	begin(&conf);
	ep = fx.host[0].ep;
	word = alloc_of(&fx, 0, 64);
	s = rdp_session_at(ep->rdp, fx.host[0].session);
	for (unsigned int i = 0; i < 40; i++) {
		rte_delay_us_block(5000);
		SAME(shmx_get(ep, word, &value, 8, i), 0);
		while (shmx_poll(ep, &event, 1) == 0)
			continue;
		SAME(event.cookie, i);
	}
	SAME(s->srtt < 2000000 >> WIRE_TS_SHIFT, true);
	fixture_down(&fx);
}

/* Endpoints of one port share what they know of neighbours, so they agree on the time. */
static void
test_one_clock(void)
{
	struct shmx_port_conf pc = {.spec = "loopback:clock", .nb_queues = 2};
	struct shmx_ep_conf ec = {.node = 1, .ip = RTE_BE32(RTE_IPV4(10, 0, 0, 2))};
	struct shmx_ep *young, *old;

	ec.port = shmx_port_open(&pc);
	CU_ASSERT_PTR_NOT_NULL_FATAL(ec.port);
	old = shmx_ep_create(&ec);
	rte_delay_us_block(100000);
	ec.queue = 1;
	young = shmx_ep_create(&ec);
	CU_ASSERT_FATAL(old != NULL && young != NULL);
	SAME(rdp_now(young->rdp) >= rdp_now(old->rdp) + 100000000, true);
	shmx_ep_destroy(old);
	shmx_ep_destroy(young);
	shmx_port_close(ec.port);
}

static void
test_most_ops(void)
{
	const struct fixture_conf conf = {.max_ops = 65535};

	begin(&conf);
	fixture_down(&fx);
}

/* What a thread finds that calls while another one polls. */
static int meanwhile[5];

static uint16_t
call_meanwhile(uint16_t port_id, uint16_t queue, struct rte_mbuf *pkts[], uint16_t nb, uint16_t max,
	void *arg)
{
	const struct shmx_peer peer = {.ip = 1};
	struct shmx_ep *ep = arg;
	shmx_session_t session;

	meanwhile[0] = shmx_connect(ep, &peer, 1, &session);
	meanwhile[1] = shmx_disconnect(ep, fx.host[0].session);
	meanwhile[4] = shmx_disconnect_sync(ep, fx.host[0].session);
	meanwhile[2] = shmx_cancel(ep, 1);
	meanwhile[3] = shmx_session_cc_set(ep, fx.host[0].session, SHMX_CC_SWIFT);
	return nb;
}

static void
test_other_thread(void)
{
	const struct fixture_conf conf = {0};
	const struct rte_eth_rxtx_callback *cb;
	uint16_t port;

	fixture_up(&fx, &conf);
	port = shmx_port_id(fx.host[0].port);
	cb = rte_eth_add_rx_callback(port, 0, call_meanwhile, fx.host[0].ep);
	shmx_poll(fx.host[0].ep, NULL, 0);
	rte_eth_remove_rx_callback(port, 0, cb);
	rte_free((void *)(uintptr_t)cb);
	/* proves: shmx_connect shmx_disconnect shmx_disconnect_sync shmx_cancel
	 * shmx_session_cc_set -EBUSY */
	for (unsigned int i = 0; i < RTE_DIM(meanwhile); i++)
		SAME(meanwhile[i], -EBUSY);
	SAME(shmx_session_cc_set(fx.host[0].ep, fx.host[0].session, SHMX_CC_FIXED), 0);
	fixture_down(&fx);
}

static const struct named_test tests[] = {
	{"other thread", test_other_thread},
	{"full pool", test_full_pool},
	{"full window", test_full_window},
	{"small window", test_small_window},
	{"no mbufs", test_no_mbufs},
	{"transfer fails midway", test_bulk_fails_midway},
	{"disconnect", test_disconnect},
	{"disconnect, not connected yet", test_disconnect_early},
	{"disconnect, and the peer knows", test_disconnect_sync},
	{"disconnect, transfer not sent", test_disconnect_unsent},
	{"disconnect, transfer half sent", test_disconnect_half_sent},
	{"disconnect, transfer refused in part", test_disconnect_refused_in_part},
	{"peer silent", test_peer_silent},
	{"stall", test_stall},
	{"kept events", test_kept_events},
	{"kept and to come", test_kept_and_to_come},
	{"kept connections", test_kept_connections},
	{"routes", test_routes},
	{"pool gone late", test_pool_gone_late},
	{"think time", test_think_time},
	{"one clock", test_one_clock},
	{"most operations", test_most_ops},
};

int
main(void)
{
	return tests_run("limits", tests, RTE_DIM(tests));
}
