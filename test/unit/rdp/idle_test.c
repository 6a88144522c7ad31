/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/* Ten thousand sessions at one endpoint: what the idle ones cost. */

#include "session_tests.h"

/* SHMX_SHORT: not quite so many. */
#define IDLE    (getenv("SHMX_SHORT") != NULL ? 2000u : 10000u)
#define FEWER   1000u /* where the test's network would take long */
#define SECONDS 2
#define COARSE  (20 * NET_US) /* between turns, where seconds pass with something to be done */

static void
many_sessions(struct node_conf *conf)
{
	conf->mbufs = 4096;
	conf->rdp.max_sessions = (uint16_t)(IDLE + 1);
}

static void
fewer_sessions(struct node_conf *conf)
{
	conf->mbufs = 4096;
	conf->rdp.max_sessions = (uint16_t)(FEWER + 1);
}

static struct pair
pair_of_many(pair_tweak_t tweak, unsigned int idle)
{
	struct pair p = pair_start(tweak);

	p.net->logging = false;
	for (unsigned int i = 0; i < idle; i++)
		CU_ASSERT_PTR_NOT_NULL_FATAL(node_open(p.client, SERVER));
	pair_connect(&p);
	return p;
}

struct cost {
	uint64_t data, acks, timers;
};

static struct cost
cost_of(const struct pair *p, unsigned int index)
{
	return (struct cost){
		p->net->port[index].count[WIRE_DATA],
		p->net->port[index].count[WIRE_ACK],
		rdp_ep_stats(p->net->node[index]->ep)->timers,
	};
}

static bool
about(uint64_t value, uint64_t expected)
{
	if (value >= expected - expected / 20 && value <= expected + expected / 20)
		return true;
	printf("%" PRIu64 " is not about %" PRIu64 "\n", value, expected);
	return false;
}

static void
talk(struct node *node)
{
	struct pair *p = node->user;

	CU_ASSERT(node_request(node, p->c, 64, 64) >= 0);
}

/* One keep-alive a second, its acknowledgement, and the few looks of the timers that these need:
 * whether a session beside them is busy or not. */
static void
idle__costs_a_keep_alive(void)
{
	struct pair p = pair_of_many(many_sessions, IDLE);
	struct cost client, server;

	net_run(p.net, 1200 * NET_MS);
	client = cost_of(&p, CLIENT);
	server = cost_of(&p, SERVER);
	p.client->requests_in = p.server->requests_in = 0;
	net_run(p.net, SECONDS * NET_S);
	CU_ASSERT(about(cost_of(&p, CLIENT).data - client.data, SECONDS * IDLE));
	CU_ASSERT(about(cost_of(&p, SERVER).acks - server.acks, SECONDS * IDLE));
	CU_ASSERT_EQUAL(cost_of(&p, SERVER).data - server.data, 0);
	CU_ASSERT_EQUAL(cost_of(&p, CLIENT).acks - client.acks, 0);
	CU_ASSERT(cost_of(&p, CLIENT).timers - client.timers <= 4 * SECONDS * IDLE);
	CU_ASSERT(cost_of(&p, SERVER).timers - server.timers <= 2 * SECONDS * IDLE);
	CU_ASSERT_EQUAL(p.server->requests_in + p.client->requests_in, 0);
	CU_ASSERT_EQUAL(p.client->closed + p.server->closed, 0);
	p.client->user = &p;
	p.client->pump = talk;
	client = cost_of(&p, CLIENT);
	net_run(p.net, 20 * NET_MS);
	p.client->pump = NULL;
	CU_ASSERT(net_run_quiet(p.net, 100 * NET_MS));
	CU_ASSERT(p.client->responses_in > 1000);
	/* 20 ms are a fiftieth of what the others need a second. */
	CU_ASSERT(cost_of(&p, CLIENT).timers - client.timers <= 4 * IDLE / 8);
	CU_ASSERT(ledger_complete());
	pair_free(&p);
}

/* The peer of all of them dies: each is told, once. */
static void
idle__all_end_at_once(void)
{
	struct pair p = pair_of_many(fewer_sessions, FEWER);

	p.net->step_ns = COARSE;
	p.net->port[SERVER].cut_off = true;
	net_run(p.net, 4 * NET_S);
	CU_ASSERT_EQUAL(p.client->closed, FEWER + 1);
	CU_ASSERT_EQUAL(p.client->ep->nb_free, FEWER + 1);
	p.net->port[SERVER].cut_off = false;
	net_run(p.net, 2 * NET_S);
	CU_ASSERT_EQUAL(p.server->ep->nb_free, FEWER + 1);
	pair_free(&p);
}

/*
 * The port takes nothing any more, and most sessions find not even a place in the queue for a
 * keep-alive: their peers are down as those of the others are, and trying costs little.
 */
static void
idle__port_takes_nothing(void)
{
	struct pair p = pair_of_many(fewer_sessions, FEWER);
	uint64_t timers;

	CU_ASSERT(FEWER > RDP_TXQ);
	p.net->step_ns = COARSE;
	timers = cost_of(&p, CLIENT).timers;
	p.net->port[CLIENT].tx_most = 0;
	p.net->port[SERVER].cut_off = true;
	net_run(p.net, 4 * NET_S);
	CU_ASSERT_EQUAL(p.client->closed, FEWER + 1);
	CU_ASSERT(cost_of(&p, CLIENT).timers - timers <= 4 * 12 * FEWER);
	p.net->port[CLIENT].tx_most = 32;
	pair_free(&p);
}

/* Keep-alives that found no place are sent when there is one again, and nothing else happens. */
static void
idle__port_rests(void)
{
	struct pair p = pair_of_many(fewer_sessions, FEWER);

	p.net->step_ns = COARSE;
	net_run(p.net, 500 * NET_MS);
	p.net->port[CLIENT].tx_most = 0;
	net_run(p.net, 1500 * NET_MS);
	p.net->port[CLIENT].tx_most = 32;
	net_run(p.net, 3 * NET_S);
	CU_ASSERT_EQUAL(p.client->closed + p.server->closed, 0);
	pair_free(&p);
}

CU_TestInfo idle_tests[] = {
	TEST(idle__costs_a_keep_alive),
	TEST(idle__all_end_at_once),
	TEST(idle__port_takes_nothing),
	TEST(idle__port_rests),
	CU_TEST_INFO_NULL,
};
