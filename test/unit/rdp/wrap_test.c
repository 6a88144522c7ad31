/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/*
 * Counters that wrap, each started near its end and taken across it under load, over a network that
 * loses, doubles and delays: frame numbers, time stamps, incarnations, and how often somebody was
 * called who does not answer.
 */

#include <errno.h>
#include <stdio.h>

#include "pair.h"

#define REQUESTS 400 /* of each end, a session */
#define TS_WRAP  (UINT64_C(1) << (32 + WIRE_TS_SHIFT))

struct load {
	struct pair p;
	unsigned int left[2];
};

static void
ask(struct node *node)
{
	struct load *load = node->user;
	struct rdp_session *s = node->index == CLIENT ? load->p.c : load->p.s;
	unsigned int *left = &load->left[node->index];

	for (unsigned int i = 0; i < 5 && *left > 0 && s != NULL && s->state == RDP_OPEN; i++) {
		if (node_request(node, s, 24 + *left % 7 * 64, *left % 3 * 160) < 0)
			return;
		--*left;
	}
}

static bool
said_all(void *ctx)
{
	const struct load *load = ctx;

	return load->left[SERVER] + load->left[CLIENT] == 0 && ledger_complete() &&
	       node_quiet(load->p.server) && node_quiet(load->p.client);
}

static void
bad_network(struct net *net)
{
	net->logging = false;
	net->chances = (struct net_chances){
		.drop = 0.1, .copy = 0.1, .delay = 0.1, .delay_max_ns = 50 * NET_US};
}

static void
talk_much(struct load *load)
{
	load->left[SERVER] = REQUESTS;
	load->left[CLIENT] = REQUESTS;
	for (unsigned int i = SERVER; i <= CLIENT; i++) {
		load->p.net->node[i]->user = load;
		load->p.net->node[i]->pump = ask;
	}
	CU_ASSERT(net_run_until(load->p.net, said_all, load, 5 * NET_S));
	load->p.client->pump = NULL;
	load->p.server->pump = NULL;
}

/* Numbers, stamps and incarnations at once, by chance before, at and behind the wrap. */
static void
wrap__all_at_once(void)
{
	static const uint32_t about[] = {0, 0x80000000};

	for (unsigned int i = 0; i < 40; i++) {
		struct load load = {.p = {.net = net_create()}};
		struct net *net = load.p.net;

		net->random += i;
		bad_network(net);
		net->now_ns = TS_WRAP / 2 * (1 + net_random_below(net, 4)) -
		              net_random_below(net, 3 * NET_MS);
		load.p.server = node_start_plain(net, SERVER);
		load.p.client = node_start_plain(net, CLIENT);
		load.p.server->ep->next_inc = UINT32_MAX - net_random_below(net, 2);
		load.p.client->ep->next_inc = UINT32_MAX - net_random_below(net, 2);
		pair_connect(&load.p);
		pair_start_psn(load.p.c, load.p.s, about[i % 2] - net_random_below(net, 300));
		pair_start_psn(load.p.s, load.p.c, about[i / 2 % 2] - net_random_below(net, 300));
		talk_much(&load);
		CU_ASSERT_EQUAL(load.p.client->closed + load.p.server->closed, 0);
		/* Nothing looked so old that it was sent again for that alone. */
		CU_ASSERT(rdp_ep_stats(load.p.client->ep)->tx_retransmit < REQUESTS);
		CU_ASSERT(rdp_ep_stats(load.p.server->ep)->tx_retransmit < REQUESTS);
		pair_free(&load.p);
	}
}

static bool
one_left(void *ctx)
{
	const struct pair *p = ctx;

	return p->client->ep->nb_free == 8 && p->server->ep->nb_free == 8;
}

/* Session after session in the same place, each with its load; frames of the last one come late. */
static void
wrap__incarnations(void)
{
	struct load load = {.p = pair_start(NULL)};
	struct pair *p = &load.p;

	bad_network(p->net);
	p->net->chances.delay_max_ns = 2 * NET_MS;
	p->server->ep->next_inc = UINT32_MAX - 12;
	p->client->ep->next_inc = UINT32_MAX - 8;
	for (unsigned int i = 0; i < 20; i++) {
		pair_connect(p);
		CU_ASSERT(p->c->local_inc != 0 && p->s->local_inc != 0);
		talk_much(&load);
		node_close(p->client, p->c);
		CU_ASSERT(net_run_until(p->net, one_left, p, 5 * NET_S));
	}
	/* One more for each late CONNECT that found its session gone. */
	CU_ASSERT(p->server->opened >= 20);
	CU_ASSERT_EQUAL(p->server->opened, p->server->closed);
	CU_ASSERT_EQUAL(p->client->opened, 20);
	CU_ASSERT(p->client->ep->next_inc < 100);
	CU_ASSERT(p->server->ep->next_inc < 100);
	pair_free(p);
}

/* The initiator gave its session up and nobody heard of it: the next one takes its place, also
 * where its incarnation is the smaller number; and one from before does not come back. */
static void
wrap__later_incarnation_replaces(void)
{
	struct pair p = pair_start(NULL);

	p.client->ep->next_inc = UINT32_MAX - 5;
	for (unsigned int i = 0; i < 12; i++) {
		struct rdp_session *old = p.c;

		pair_keep_next(&p, CLIENT, WIRE_CONNECT);
		/* The same index, so that the listener takes it for the same initiator. */
		if (old != NULL)
			rdp_session_free(old);
		pair_connect(&p);
		CU_ASSERT_EQUAL(p.c->index, 0);
		CU_ASSERT_EQUAL(p.server->opened, i + 1);
		CU_ASSERT_EQUAL(p.server->closed, i);
		CU_ASSERT_EQUAL(p.server->ep->nb_free, 7);
		/* What made the last one arrives once more. */
		if (i > 0)
			net_replay(p.net, i - 1);
		net_run(p.net, NET_MS);
		CU_ASSERT_EQUAL(p.server->opened, i + 1);
		CU_ASSERT_EQUAL(p.server->closed, i);
		CU_ASSERT(node_request(p.client, p.c, 64, 64) >= 0);
		CU_ASSERT(net_run_quiet(p.net, 10 * NET_MS));
		CU_ASSERT(ledger_complete());
	}
	CU_ASSERT_EQUAL(p.client->ep->next_inc, 7);
	pair_free(&p);
}

static void
patient(struct node_conf *conf)
{
	conf->rdp.peer_timeout_ns = 120 * NET_S;
}

/* More calls than a byte counts: they never come in quick succession again. */
static void
wrap__calls_to_nobody(void)
{
	struct pair p = pair_start(patient);

	p.net->port[CLIENT].cut_off = true;
	node_connect(p.client, SERVER);
	net_run(p.net, 115 * NET_S);
	CU_ASSERT_EQUAL(p.client->failed, 0);
	CU_ASSERT_FATAL(p.net->nb_log > 300);
	for (uint32_t i = 9; i < p.net->nb_log; i++)
		CU_ASSERT(p.net->log[i].ns - p.net->log[i - 1].ns >= 50 * NET_MS);
	pair_free(&p);
}

static CU_TestInfo wrap_tests[] = {
	TEST(wrap__all_at_once),
	TEST(wrap__incarnations),
	TEST(wrap__later_incarnation_replaces),
	TEST(wrap__calls_to_nobody),
	CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
	{"wrap", NULL, NULL, NULL, NULL, wrap_tests},
	CU_SUITE_INFO_NULL,
};

int
main(void)
{
	return run_suites("wrap", suites);
}
