/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/*
 * One conversation, from HELLO to CLOSED, with loss, parked frames and a keep-alive in it; and
 * again and again with buffers missing at each point of it, or a port that takes few frames.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/plain.h"
#include "common/stingy.h"
#include "pair.h"

#define REQUESTS 40 /* of each end */
#define NEVER    UINT64_MAX

enum short_pool {
	SHORT_SERVER,
	SHORT_CLIENT,
	SHORT_WIRE, /* buffers to receive into */
	SHORT_NONE,
};

static const char *const pool_name[] = {"server", "client", "wire", "none"};

/* What is in short supply. */
struct shortage {
	enum short_pool pool;
	uint64_t from, n;
	bool slow_port;
};

struct talk {
	struct pair p;
	unsigned int left[2];
	bool slow_port;
};

static struct rdp_io wire;

/* The endpoint keeps no buffers at hand, so that each one it needs is asked for. */
static uint16_t
receive(void *ctx, struct rte_mbuf **mbufs, uint16_t n)
{
	const struct net_port *port = ctx;
	const struct node *node = port->net->node[port->index];

	if (node != NULL) {
		rte_mempool_put_bulk(node->pool, (void **)node->ep->mbufs, node->ep->nb_mbufs);
		node->ep->nb_mbufs = 0;
	}
	return wire.rx_burst(ctx, mbufs, n);
}

static void
configure(struct node_conf *conf)
{
	wire = conf->rdp.io;
	conf->rdp.io.rx_burst = receive;
	conf->mbufs = 512;
	conf->rdp.window = 16;
	conf->rdp.keepalive_ns = 2 * NET_MS;
}

/* Lost: every seventh frame with records, when it is sent first, and every fifth without. */
static void
lose(void *ctx, const struct net_frame *f, struct net_fate *fate)
{
	if (f->type == WIRE_DATA)
		fate->drop = f->psn % 7 == 3 && !(f->flags & WIRE_F_RETRANSMIT);
	else if (f->type == WIRE_ACK)
		fate->drop = f->nth % 5 == 2;
}

/* None, one, two or four. */
static uint16_t
few(struct net *net)
{
	return (uint16_t)(net_random_below(net, 3) * net_random_below(net, 3));
}

static void
ask(struct node *node)
{
	struct talk *talk = node->user;
	struct rdp_session *s = node->index == CLIENT ? talk->p.c : node->session;
	unsigned int *left = &talk->left[node->index];

	if (talk->slow_port)
		node->net->port[node->index].tx_most = few(node->net);
	for (unsigned int i = 0; i < 4 && *left > 0 && s != NULL && s->state == RDP_OPEN; i++) {
		uint32_t answer = *left % 4 == 0 ? 0 : 104 + *left % 5 * 304;

		if (node_request(node, s, 24 + *left % 3 * 400, answer) < 0)
			return;
		--*left;
	}
}

static bool
opened(void *ctx)
{
	const struct talk *talk = ctx;

	return talk->p.client->opened + talk->p.client->failed > 0 && talk->p.server->opened > 0;
}

static bool
said_all(void *ctx)
{
	const struct talk *talk = ctx;

	return talk->left[SERVER] + talk->left[CLIENT] == 0 && ledger_complete() &&
	       node_quiet(talk->p.server) && node_quiet(talk->p.client);
}

static bool
both_gone(void *ctx)
{
	const struct talk *talk = ctx;

	return talk->p.server->closed > 0 && talk->p.client->ep->nb_free == 8 &&
	       talk->p.server->ep->nb_free == 8;
}

static bool
ask_and_answer(struct talk *talk)
{
	struct net *net = talk->p.net;

	talk->p.c = node_connect(talk->p.client, SERVER);
	if (talk->p.c == NULL || !net_run_until(net, opened, talk, NET_S))
		return false;
	/* The server has no ears for a while: frames are parked. */
	talk->p.server->deaf = true;
	net_run(net, 200 * NET_US);
	talk->p.server->deaf = false;
	return net_run_until(net, said_all, talk, NET_S);
}

static bool
idle_and_close(struct talk *talk)
{
	struct net *net = talk->p.net;

	if (!talk->slow_port) {
		talk->p.client->pump = NULL;
		talk->p.server->pump = NULL;
	}
	net_run(net, 5 * NET_MS);
	if (talk->p.client->closed + talk->p.server->closed > 0)
		return false;
	node_close(talk->p.client, talk->p.c);
	return net_run_until(net, both_gone, talk, NET_S);
}

static struct rte_mempool *
pool_of(const struct talk *talk, enum short_pool pool)
{
	if (pool == SHORT_NONE)
		return NULL;
	return pool == SHORT_SERVER   ? talk->p.server->pool
	       : pool == SHORT_CLIENT ? talk->p.client->pool
	                              : talk->p.net->wire;
}

/* What the conversation is meant to go through. */
static void
check_way(const struct talk *talk, const struct shortage *shortage)
{
	const struct rdp_stats *server = rdp_ep_stats(talk->p.server->ep);
	const struct rdp_stats *client = rdp_ep_stats(talk->p.client->ep);

	CU_ASSERT(server->rx_parked > 0);
	CU_ASSERT(server->tx_retransmit > 0 && client->tx_retransmit > 0);
	CU_ASSERT(!shortage->slow_port || server->tx_full + client->tx_full > 50);
	if (shortage->n > 0 && !shortage->slow_port)
		CU_ASSERT(server->no_mbuf + client->no_mbuf + talk->p.net->no_buffer > 0);
}

/* All of it. @return how often the pool was asked. */
static uint64_t
converse(const struct shortage *shortage)
{
	struct talk talk = {.p = pair_start(configure),
		.left = {REQUESTS, REQUESTS},
		.slow_port = shortage->slow_port};
	static uint64_t count;
	struct rte_mempool *pool = pool_of(&talk, shortage->pool);
	uint64_t asked = 0;
	int status;
	bool right;

	talk.p.net->logging = false;
	talk.p.net->random += count++;
	talk.p.net->script = lose;
	/* Repetitions of what the port has not let go of need a copy. */
	talk.p.net->port[CLIENT].keeps = 6;
	talk.p.net->port[SERVER].keeps = 6;
	for (unsigned int i = SERVER; i <= CLIENT; i++) {
		talk.p.net->node[i]->user = &talk;
		talk.p.net->node[i]->pump = ask;
	}
	if (pool != NULL)
		stingy_begin(pool, shortage->from, shortage->n);
	right = ask_and_answer(&talk) && idle_and_close(&talk);
	if (pool != NULL)
		asked = stingy_end(pool);
	status = talk.p.server->status;
	/* Five times the client says that it closes: if none of them leaves, its silence does. */
	right = right && talk.p.client->closed == 0 && talk.p.server->closed == 1 &&
	        (status == 0 || (status == -ECONNRESET && shortage->n >= RDP_CLOSE_TRIES)) &&
	        ledger_sent() == 2 * REQUESTS && ledger_count(LEDGER_ARRIVED, 0) == 2 * REQUESTS;
	CU_ASSERT(right);
	if (!right)
		net_error(talk.p.net,
			"%s pool, %" PRIu64 " refused from %" PRIu64
			" on: opened %u/%u, left %u/%u, closed %u/%u with %d",
			pool_name[shortage->pool], shortage->n, shortage->from,
			talk.p.server->opened, talk.p.client->opened, talk.left[SERVER],
			talk.left[CLIENT], talk.p.server->closed, talk.p.client->closed, status);
	check_way(&talk, shortage);
	pair_free(&talk.p);
	return asked;
}

/* SHMX_SHORT: only some of the points, others each time. */
static uint64_t
stride(void)
{
	return getenv("SHMX_SHORT") != NULL ? 10 : 1;
}

static uint64_t
first(void)
{
	return plain_seed() % stride();
}

/* Refuse at every point at which an undisturbed conversation asks, one time or several. */
static void
refuse_everywhere(enum short_pool pool)
{
	static const uint64_t n[] = {1, 3, 10};
	uint64_t asked = converse(&(struct shortage){pool, NEVER, 0, false});

	CU_ASSERT(asked > 50);
	for (unsigned int i = 0; i < RTE_DIM(n); i++)
		for (uint64_t from = 1 + first(); from <= asked; from += stride())
			converse(&(struct shortage){pool, from, n[i], false});
}

static void
shortage__of_the_servers_buffers(void)
{
	refuse_everywhere(SHORT_SERVER);
}

static void
shortage__of_the_clients_buffers(void)
{
	refuse_everywhere(SHORT_CLIENT);
}

static void
shortage__of_buffers_to_receive_into(void)
{
	refuse_everywhere(SHORT_WIRE);
}

/* The port takes no frame, or one, or a few: each time anew. */
static void
shortage__of_room_in_the_port(void)
{
	for (uint64_t i = 0; i < 200; i += stride())
		converse(&(struct shortage){SHORT_NONE, NEVER, 0, true});
}

static void
shortage__of_both(void)
{
	for (uint64_t from = 1 + first(); from < 100; from += stride()) {
		converse(&(struct shortage){SHORT_CLIENT, from, 10, true});
		converse(&(struct shortage){SHORT_SERVER, from, 10, true});
	}
}

/* What is refused during the handshake is not taken for a path that carries less. No more than an
 * attempt outlasts, which is 16 HELLOs. */
static void
connect_short(enum short_pool short_of, uint64_t from, uint64_t n)
{
	struct talk talk = {.p = pair_start(configure)};
	struct rte_mempool *pool = pool_of(&talk, short_of);
	const struct net_frame *f;

	stingy_begin(pool, from, n);
	pair_connect(&talk.p);
	stingy_end(pool);
	CU_ASSERT_EQUAL(talk.p.c->mtu, NET_MTU);
	CU_ASSERT_EQUAL(talk.p.s->mtu, NET_MTU);
	CU_ASSERT_EQUAL(rdp_ep_stats(talk.p.client->ep)->mtu_lowered, 0);
	/* Nor is a smaller size tried when there was no buffer for the full one. */
	f = net_find(talk.p.net, CLIENT, WIRE_CONNECT, 0);
	CU_ASSERT_FATAL(f != NULL);
	CU_ASSERT_EQUAL(f->len, NET_MTU + RTE_ETHER_HDR_LEN);
	pair_free(&talk.p);
}

static void
shortage__is_no_narrow_path(void)
{
	for (uint64_t n = 1; n <= 14; n++) {
		for (uint64_t from = 1; from <= 5; from++) {
			connect_short(SHORT_SERVER, from, n);
			connect_short(SHORT_CLIENT, from, n);
			connect_short(SHORT_WIRE, from, n);
		}
	}
}

static CU_TestInfo shortage_tests[] = {
	TEST(shortage__of_the_servers_buffers),
	TEST(shortage__of_the_clients_buffers),
	TEST(shortage__of_buffers_to_receive_into),
	TEST(shortage__of_room_in_the_port),
	TEST(shortage__of_both),
	TEST(shortage__is_no_narrow_path),
	CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
	{"shortage", NULL, NULL, NULL, NULL, shortage_tests},
	CU_SUITE_INFO_NULL,
};

int
main(void)
{
	return run_suites("shortage", suites);
}
