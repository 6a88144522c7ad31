/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/*
 * One conversation of a compute node with a memory node, from the question for the Ethernet address
 * to the end of the session; again and again with a buffer missing at each point of it, or over
 * ports that take few frames. Both nodes have one pool.
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_ethdev.h>

#include "client/client_private.h"
#include "common/plain.h"
#include "common/stingy.h"
#include "fixture.h"
#include "rdp/rdp_private.h"

#define OPS_MAX   128
#define ADDS      30
#define BULK      5000
#define PATIENCE  2 /* s */
#define NEVER     UINT64_MAX
#define CHUNK     1024
#define AREA      UINT64_C(16384)
#define NOT_ENDED INT32_MAX

static struct fixture fx;
static struct chance chance;

/* What was started and what came of it. The cookie is the index. */
static struct talk {
	unsigned int started, ended;
	struct shmx_event event[OPS_MAX];
	unsigned int seen[OPS_MAX];
	unsigned int others; /* events that nobody waits for */
	uint64_t deadline;
	unsigned int wrong;
	uint64_t from, n; /* the shortage */
} talk;

static void
wrong(const char *what, int64_t value)
{
	talk.wrong++;
	CU_FAIL("conversation");
	fprintf(stderr, "\n%" PRIu64 " refused from %" PRIu64 " on: %s: %" PRId64 "\n", talk.n,
		talk.from, what, value);
}

/* The endpoint keeps no buffers at hand, so that each one it needs is asked for. */
static void
drain(struct rdp_ep *ep)
{
	rte_mempool_put_bulk(ep->conf.pool, (void **)ep->mbufs, ep->nb_mbufs);
	ep->nb_mbufs = 0;
}

static void
take(const struct shmx_event *e)
{
	if (e->type == SHMX_EV_PEER_DOWN || e->cookie >= talk.started) {
		talk.others++;
		return;
	}
	talk.ended += talk.seen[e->cookie]++ == 0;
	talk.event[e->cookie] = *e;
}

/* A turn of both. @return whether there is patience left. */
static bool
turn(void)
{
	struct shmx_event events[8];
	uint16_t n;

	drain(fx.host[0].ep->rdp);
	drain(fx.host[0].server);
	n = shmx_poll(fx.host[0].ep, events, RTE_DIM(events));
	for (uint16_t i = 0; i < n; i++)
		take(&events[i]);
	return rte_rdtsc() < talk.deadline;
}

/* Start an operation, again and again while a window is full or buffers are short. */
#define START(call)                                                                                \
	do {                                                                                       \
		uint64_t cookie = talk.started;                                                    \
		int ret;                                                                           \
                                                                                                   \
		while ((ret = (call)) == -EAGAIN && turn())                                        \
			;                                                                          \
		if (ret == 0)                                                                      \
			talk.started++;                                                            \
		else                                                                               \
			wrong(#call, ret);                                                         \
	} while (0)

/* Until all that was started has ended. */
static void
wait_all(void)
{
	while (talk.ended < talk.started && turn())
		;
	if (talk.ended < talk.started)
		wrong("operations without an end", talk.started - talk.ended);
}

/* Of the operation that was started last. */
static uint64_t
value(void)
{
	return talk.event[talk.started - 1].value;
}

static void
use_memory(struct shmx_ep *ep, shmx_session_t session, shmx_addr_t area)
{
	static uint8_t out[BULK], in[BULK], small[3][CHUNK];
	static struct shmx_pool_info info[2];
	struct shmx_vec vec[3];

	for (unsigned int i = 0; i < BULK; i++)
		out[i] = (uint8_t)chance_next(&chance);
	memset(in, 0, sizeof(in));
	for (unsigned int i = 0; i < 3; i++)
		vec[i] = (struct shmx_vec){area + 64 + i * CHUNK, small[i], CHUNK};
	START(shmx_put(ep, area + 64, out, BULK, cookie));
	for (unsigned int i = 0; i < ADDS; i++)
		START(shmx_fetch_add(ep, area, 1, cookie));
	START(shmx_fill(ep, area + 8192, 4096, UINT64_C(0x0101010101010101), cookie));
	wait_all();
	START(shmx_get(ep, area + 64, in, BULK, cookie));
	START(shmx_getv(ep, vec, 3, cookie));
	START(shmx_own(ep, area, AREA, SHMX_OWNER_SELF, cookie));
	START(shmx_pool_stat(ep, fx.pool, &info[0], cookie));
	START(shmx_pool_list(ep, session, 0, &info[1], 1, cookie));
	START(shmx_resize(ep, area, AREA - 64, cookie));
	START(shmx_cas(ep, area, ADDS, 7, cookie));
	wait_all();
	if (value() != ADDS)
		wrong("additions", (int64_t)value());
	if (memcmp(in, out, BULK) != 0 || memcmp(small[0], out, CHUNK) != 0 ||
		memcmp(small[2], out + 2 * CHUNK, CHUNK) != 0)
		wrong("bytes differ", 0);
	START(shmx_putv(ep, vec, 3, cookie));
	START(shmx_get(ep, area + 12280, in, 8, cookie));
	wait_all();
	if (in[0] != 1 || in[7] != 1)
		wrong("fill", in[0]);
}

/* Each memory once, and nothing is left of it. */
static void
use_pools(struct shmx_ep *ep, shmx_session_t session)
{
	struct shmx_alloc_req alloc = {.pool = fx.pool, .len = AREA, .name = "thing"};
	struct shmx_pool_req pool = {.name = "other", .size = 2 * MIB, .max_size = 4 * MIB};
	shmx_addr_t area;
	uint16_t other;

	START(shmx_pool_open(ep, session, "main", cookie));
	wait_all();
	START(shmx_alloc(ep, &alloc, cookie));
	wait_all();
	area = value();
	use_memory(ep, session, area);
	START(shmx_lookup(ep, fx.pool, "thing", cookie));
	wait_all();
	if (value() != area)
		wrong("looked up", (int64_t)value());
	START(shmx_pool_create(ep, session, &pool, cookie));
	wait_all();
	other = (uint16_t)value();
	START(shmx_pool_grow(ep, other, 2 * MIB, cookie));
	START(shmx_free(ep, area, cookie));
	wait_all();
	START(shmx_pool_destroy(ep, other, false, cookie));
	wait_all();
}

static unsigned int
in_use(void)
{
	drain(fx.host[0].ep->rdp);
	drain(fx.host[0].server);
	return rte_mempool_in_use_count(fx.host[0].server_port->pool);
}

/* The sessions end at both ends, and all buffers are back. */
static void
check_end(void)
{
	struct rdp_ep *client = fx.host[0].ep->rdp, *server = fx.host[0].server;

	while ((client->nb_free + 1 < client->max_sessions ||
		       server->nb_free + 1 < server->max_sessions || in_use() > 0) &&
		turn())
		;
	if (client->nb_free + 1 < client->max_sessions)
		wrong("sessions of the compute node", client->max_sessions - client->nb_free);
	if (server->nb_free + 1 < server->max_sessions)
		wrong("sessions of the memory node", server->max_sessions - server->nb_free);
	if (in_use() > 0)
		wrong("buffers are missing", in_use());
	if (fx.host[0].ep->nb_free_op != fx.host[0].ep->max_ops)
		wrong("operations in progress", fx.host[0].ep->nb_free_op);
}

static void
check_events(void)
{
	if (talk.others > 0)
		wrong("events unasked", talk.others);
	for (unsigned int i = 0; i < talk.started; i++) {
		if (talk.seen[i] != 1)
			wrong("events of one operation", talk.seen[i]);
		if (talk.event[i].status != 0)
			wrong("status", talk.event[i].status);
	}
}

/* @return how often buffers were asked for. */
static uint64_t
converse(uint64_t from, uint64_t n)
{
	struct shmx_peer peer = {.ip = RTE_BE32(RTE_IPV4(10, 0, 0, 1))};
	struct rte_mempool *pool = fx.host[0].server_port->pool;
	struct shmx_ep *ep = fx.host[0].ep;
	shmx_session_t session = 0;
	uint64_t asked;

	memset(&talk, 0, sizeof(talk));
	talk.deadline = rte_rdtsc() + PATIENCE * rte_get_tsc_hz();
	talk.from = from;
	talk.n = n;
	/* The peer's Ethernet address has to be asked for again. */
	neigh_init(&fx.host[0].port->neigh);
	stingy_begin(pool, from, n);
	START(shmx_connect(ep, &peer, cookie, &session));
	wait_all();
	use_pools(ep, session);
	if (shmx_disconnect(ep, session) != 0)
		wrong("disconnect", 0);
	check_end();
	check_events();
	asked = stingy_end(pool);
	return asked;
}

static void
begin(void)
{
	const struct fixture_conf conf = {.max_ops = 64, .window = 16};

	fixture_up(&fx, &conf);
	chance.state = plain_seed();
	/* Its own session stays idle, and leads nowhere. */
	memset(&talk, 0, sizeof(talk));
	talk.deadline = UINT64_MAX;
	while (rdp_in_flight(rdp_session_at(fx.host[0].ep->rdp, fx.host[0].session)) > 0)
		turn();
}

/* Refuse at every point at which an undisturbed conversation asks, one time or several. */
static void
test_no_buffers(void)
{
	static const uint64_t n[] = {1, 2, 8};
	uint64_t asked, failed = 0;

	begin();
	asked = converse(NEVER, 0);
	SAME(asked > 50, true);
	for (unsigned int i = 0; i < RTE_DIM(n); i++) {
		for (uint64_t from = 1; from <= asked && failed < 5; from++) {
			converse(from, n[i]);
			failed += talk.wrong > 0;
		}
	}
	fixture_down(&fx);
}

/* None, one, two or four frames. */
static uint16_t
few(uint16_t port_id, uint16_t queue, struct rte_mbuf *pkts[], uint16_t nb, void *ctx)
{
	uint16_t most = (uint16_t)(chance_below(&chance, 3) * chance_below(&chance, 3));

	return RTE_MIN(nb, most);
}

static void
test_slow_ports(void)
{
	uint16_t port[2], failed = 0;
	const struct rte_eth_rxtx_callback *cb[2];

	begin();
	port[0] = fx.host[0].server_port->port_id;
	port[1] = shmx_port_id(fx.host[0].port);
	for (unsigned int i = 0; i < 2; i++)
		cb[i] = rte_eth_add_tx_callback(port[i], 0, few, NULL);
	for (unsigned int i = 0; i < 200 && failed < 5; i++) {
		converse(NEVER, 0);
		failed += talk.wrong > 0;
	}
	/* And with a buffer missing now and then besides. */
	for (unsigned int i = 0; i < 100 && failed < 5; i++) {
		converse(1 + chance_below(&chance, 100), 3);
		failed += talk.wrong > 0;
	}
	SAME(fx.host[0].server->stats.tx_full > 100, true);
	SAME(fx.host[0].ep->rdp->stats.tx_full > 100, true);
	for (unsigned int i = 0; i < 2; i++)
		rte_eth_remove_tx_callback(port[i], 0, cb[i]);
	fixture_down(&fx);
}

static const struct named_test tests[] = {
	{"no buffers", test_no_buffers},
	{"slow ports", test_slow_ports},
};

int
main(void)
{
	return tests_run("shortage", tests, RTE_DIM(tests));
}
