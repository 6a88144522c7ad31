/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/* An endpoint that runs short of buffers slows its peers down, and loses nothing. */

#include "cc_tests.h"

#define SERVER_MBUFS 480
#define CLIENT_MBUFS 4096
#define SESSIONS     8
#define LOOK_NS      (4 * (UINT64_C(1) << RDP_WHEEL_SHIFT))

static void
few_buffers(struct node_conf *conf)
{
	conf->mbufs = conf->rdp.listen ? SERVER_MBUFS : CLIENT_MBUFS;
	conf->rdp.window = 256;
}

static void
ask_all(struct node *node)
{
	for (uint16_t i = 0; i < SESSIONS; i++) {
		struct rdp_session *s = rdp_session_at(node->ep, i);

		while (s != NULL && s->state == RDP_OPEN &&
			node_request(node, s, 1024, NODE_RECORD_MIN) >= 0)
			;
	}
}

static struct pair
pair_of_many(void)
{
	struct pair p = pair_start(few_buffers);

	p.net->own_pool = true;
	for (unsigned int i = 0; i < SESSIONS; i++)
		CU_ASSERT_PTR_NOT_NULL_FATAL(node_open(p.client, SERVER));
	CU_ASSERT(net_run_quiet(p.net, 10 * NET_MS));
	return p;
}

/* Take buffers away from an endpoint, as an application with a shared pool does. */
static unsigned int
take(struct node *node, struct rte_mbuf **taken, unsigned int leave)
{
	unsigned int n = 0;

	while (rte_mempool_avail_count(node->pool) > leave)
		taken[n++] = rte_pktmbuf_alloc(node->pool);
	return n;
}

/* Its requests wait for room for their responses, one session more after the other: together they
 * would take more buffers than there are. */
static void
pressure__parked_frames_slow_the_peers(void)
{
	struct pair p = pair_of_many();

	p.net->logging = false;
	p.server->deaf = true;
	for (uint16_t i = 0; i < SESSIONS; i++) {
		struct rdp_session *s = rdp_session_at(p.client->ep, i);

		for (unsigned int n = 0; n < 20; n++) {
			for (unsigned int k = 0; k < 4; k++)
				node_request(p.client, s, 1024, NODE_RECORD_MIN);
			net_run(p.net, 50 * NET_US);
		}
	}
	CU_ASSERT(p.server->ep->pressure > 0);
	CU_ASSERT_EQUAL(p.net->no_buffer, 0);
	CU_ASSERT_EQUAL(rdp_ep_stats(p.server->ep)->no_mbuf, 0);
	CU_ASSERT_EQUAL(rdp_ep_stats(p.server->ep)->rx_refused, 0);
	p.server->deaf = false;
	CU_ASSERT(net_run_quiet(p.net, 100 * NET_MS));
	net_run(p.net, 16 * LOOK_NS);
	CU_ASSERT_EQUAL(p.server->ep->pressure, 0);
	CU_ASSERT_EQUAL(rdp_ep_stats(p.client->ep)->tx_retransmit, 0);
	CU_ASSERT(ledger_complete());
	pair_free(&p);
}

/* The less there are, the higher the pressure, and the fewer frames with requests fly. */
static void
pressure__rises_as_buffers_go(void)
{
	struct rte_mbuf *taken[SERVER_MBUFS];
	struct pair p = pair_open(few_buffers);
	unsigned int last_pressure = 0, last_room = p.c->request_room, n = 0;

	CU_ASSERT_EQUAL(last_room, 144);
	for (unsigned int leave = 115; leave > 60; leave -= 12) {
		n += take(p.server, taken + n, leave);
		net_run(p.net, 2 * LOOK_NS);
		CU_ASSERT(node_request(p.client, p.c, 64, 64) >= 0);
		net_run(p.net, 100 * NET_US);
		CU_ASSERT(p.c->peer_pressure > last_pressure);
		CU_ASSERT(p.c->request_room < last_room);
		last_pressure = p.c->peer_pressure;
		last_room = p.c->request_room;
	}
	CU_ASSERT(last_pressure < WIRE_PRESSURE_FULL);
	CU_ASSERT(last_room > 0);
	CU_ASSERT_EQUAL(p.c->tx_room, 256);
	rte_pktmbuf_free_bulk(taken, n);
	CU_ASSERT(net_run_quiet(p.net, 10 * NET_MS));
	net_run(p.net, 16 * LOOK_NS);
	CU_ASSERT_EQUAL(p.server->ep->pressure, 0);
	CU_ASSERT_EQUAL(rdp_ep_stats(p.client->ep)->tx_retransmit, 0);
	CU_ASSERT(ledger_complete());
	pair_free(&p);
}

static bool
may_ask(void *ctx)
{
	const struct pair *p = ctx;

	return p->c->request_room > 0;
}

/* With none left nobody asks; when there are some, the peer is told though nothing goes its way,
 * and asks for the news when it is lost. */
static void
pressure__stops_and_goes_on(void)
{
	for (int lost = 0; lost < 2; lost++) {
		struct rte_mbuf *taken[SERVER_MBUFS];
		struct pair p = pair_open(few_buffers);
		unsigned int n = take(p.server, taken, 10);

		net_run(p.net, 2 * LOOK_NS);
		CU_ASSERT(node_request(p.client, p.c, 64, 64) >= 0);
		net_run(p.net, 100 * NET_US);
		CU_ASSERT_EQUAL(p.c->peer_pressure, WIRE_PRESSURE_FULL);
		CU_ASSERT_EQUAL(node_request(p.client, p.c, 64, 64), -1);
		CU_ASSERT_PTR_NOT_NULL(rdp_response_open(p.c, 0));
		rdp_flush(p.client->ep);
		CU_ASSERT(net_run_quiet(p.net, NET_MS));
		p.net->port[SERVER].drop_next[WIRE_ACK] = lost ? 1 : 0;
		rte_pktmbuf_free_bulk(taken, n);
		CU_ASSERT(net_run_until(p.net, may_ask, &p, lost ? 12 * NET_MS : NET_MS));
		CU_ASSERT(node_request(p.client, p.c, 64, 64) >= 0);
		CU_ASSERT(net_run_quiet(p.net, 20 * NET_MS));
		CU_ASSERT(ledger_complete());
		pair_free(&p);
	}
}

/* At a level's edge it does not swing: one buffer more or less changes nothing. */
static void
pressure__does_not_swing(void)
{
	struct rte_mbuf *taken[SERVER_MBUFS];
	struct pair p = pair_open(few_buffers);
	unsigned int changes = 0, n = take(p.server, taken, 80);
	uint8_t last;

	net_run(p.net, 2 * LOOK_NS);
	last = p.server->ep->pressure;
	CU_ASSERT(last > 0);
	for (unsigned int i = 0; i < 40; i++) {
		if (i % 2 == 0)
			rte_pktmbuf_free(taken[--n]);
		else
			taken[n++] = rte_pktmbuf_alloc(p.server->pool);
		net_run(p.net, LOOK_NS);
		changes += p.server->ep->pressure != last;
		last = p.server->ep->pressure;
	}
	CU_ASSERT(changes <= 1);
	rte_pktmbuf_free_bulk(taken, n);
	pair_free(&p);
}

/* Bursts that are always full ask peers for less while they could fill the receive ring; a single
 * session, which cannot, is left alone. */
static void
pressure__full_bursts(void)
{
	for (unsigned int sessions = 1; sessions <= SESSIONS; sessions += SESSIONS - 1) {
		struct pair p = sessions == 1 ? pair_open(few_buffers) : pair_of_many();
		uint8_t most = 0;

		for (unsigned int i = 0; i < 100; i++) {
			p.server->ep->full_bursts = 1000;
			p.net->now_ns += UINT64_C(1) << RDP_WHEEL_SHIFT;
			rdp_pressure_run(p.server->ep);
			most = RTE_MAX(most, p.server->ep->pressure);
		}
		CU_ASSERT_EQUAL(most, sessions == 1 ? 0 : 8);
		pair_free(&p);
	}
}

/* Saturated by all sessions for a while, with buffers for a part of what they may send. */
static void
pressure__under_load_nothing_is_lost(void)
{
	struct pair p = pair_of_many();

	p.net->logging = false;
	p.client->pump = ask_all;
	net_run(p.net, getenv("SHMX_SHORT") != NULL ? NET_MS : 5 * NET_MS);
	p.client->pump = NULL;
	CU_ASSERT(net_run_quiet(p.net, 100 * NET_MS));
	CU_ASSERT(ledger_complete());
	CU_ASSERT_EQUAL(p.client->closed + p.server->closed, 0);
	pair_free(&p);
}

CU_TestInfo pressure_tests[] = {
	TEST(pressure__parked_frames_slow_the_peers),
	TEST(pressure__rises_as_buffers_go),
	TEST(pressure__stops_and_goes_on),
	TEST(pressure__does_not_swing),
	TEST(pressure__full_bursts),
	TEST(pressure__under_load_nothing_is_lost),
	CU_TEST_INFO_NULL,
};
