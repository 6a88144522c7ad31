/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/*
 * Sessions that end and begin again at any time, processes that die and start again, ends that
 * connect to each other: over a network where frames come twice, damaged, not at all, or seconds
 * late. Whatever takes effect does so once, in its own session, and not behind the begin of the
 * next session of those who sent it.
 */

#include <stdlib.h>

#include "net.h"
#include "node.h"
#include "run.h"

#define NODES    4
#define SENT_MAX 65536

struct way {
	const char *name;
	struct net_chances chances;
	bool all_listen; /**< and connect to each other */
	bool restarts;
	bool ordered;
	bool swift;
};

/* Of a node as a client: how many sessions to each other one it has opened in this life. */
struct life {
	unsigned int begun[NODES];
	unsigned int lives;
};

static struct {
	struct life life[NODES];
	struct {
		uint8_t from, to;
		unsigned int session, lives;
	} sent[SENT_MAX];
} world;

static unsigned int
index_of_peer(const struct rdp_session *s)
{
	return (unsigned int)rte_be_to_cpu_16(s->peer_port) - WIRE_UDP_PORT;
}

static void
on_opened(struct node *node, struct rdp_session *s, int status)
{
	if (status == 0 && s->initiator)
		world.life[node->index].begun[index_of_peer(s)]++;
}

static void
on_request(struct node *node, uint64_t number)
{
	unsigned int from = world.sent[number].from, to = world.sent[number].to;
	const struct life *l = &world.life[from];

	if (to != node->index)
		net_error(node->net, "request %" PRIu64 " came to node %u", number, node->index);
	if (world.sent[number].lives == l->lives && world.sent[number].session != l->begun[to])
		net_error(node->net,
			"request %" PRIu64 " of session %u of node %u took effect in session %u",
			number, world.sent[number].session, from, l->begun[to]);
}

static void
start(struct net *net, unsigned int index, const struct way *way)
{
	struct node_conf conf = node_conf(net, index);
	struct node *node;

	conf.rdp.listen = index == 0 || way->all_listen;
	conf.rdp.no_tail_probe = false;
	conf.rdp.cc = way->swift ? RDP_CC_SWIFT : RDP_CC_FIXED;
	conf.rdp.cc_target_ns = 25 * NET_US;
	node = node_start(net, index, &conf);
	node->on_opened = on_opened;
	node->on_request = on_request;
	world.life[index] = (struct life){.lives = world.life[index].lives + 1};
}

static bool
has_session(const struct node *node, unsigned int to)
{
	for (uint16_t i = 0; i < node->ep->max_sessions; i++) {
		const struct rdp_session *s = node->ep->session[i];

		if (s != NULL && s->initiator && s->state != RDP_CLOSING && index_of_peer(s) == to)
			return true;
	}
	return false;
}

static void
ask(struct node *node, struct rdp_session *s, const struct way *way)
{
	unsigned int n = net_random_below(node->net, 40);

	while (n-- > 0 && ledger_sent() < SENT_MAX) {
		int64_t number = node_request(node, s,
			NODE_RECORD_MIN + net_random_below(node->net, 60) * 8,
			net_random_below(node->net, 2) * 64);
		unsigned int to = index_of_peer(s);

		if (number < 0)
			return;
		if (way->ordered && net_random_below(node->net, 3) == 0)
			rdp_order(s);
		world.sent[number].from = (uint8_t)node->index;
		world.sent[number].to = (uint8_t)to;
		world.sent[number].session = world.life[node->index].begun[to];
		world.sent[number].lives = s->initiator ? world.life[node->index].lives : 0;
	}
}

static void
act(struct node *node, const struct way *way)
{
	struct net *net = node->net;
	unsigned int to = way->all_listen ? net_random_below(net, NODES) : 0;

	if (to != node->index && !has_session(node, to) && net_random_below(net, 4) == 0)
		node_connect(node, to);
	for (uint16_t i = 0; i < node->ep->max_sessions; i++) {
		struct rdp_session *s = rdp_session_at(node->ep, i);

		if (s == NULL || s->state != RDP_OPEN)
			continue;
		if (net_random_below(net, 3) == 0)
			ask(node, s, way);
		if (net_random_below(net, 60) == 0)
			node_close(node, s);
	}
}

static void
end_all(struct net *net)
{
	net->chances = (struct net_chances){0};
	/* What is late still comes. */
	net_run(net, 8 * NET_S);
	CU_ASSERT(ledger_complete());
	for (unsigned int n = 0; n < NODES; n++)
		for (uint16_t i = 0; i < net->node[n]->ep->max_sessions; i++)
			if (rdp_session_at(net->node[n]->ep, i) != NULL)
				node_close(net->node[n], rdp_session_at(net->node[n]->ep, i));
	net_run(net, 5 * NET_S);
	for (unsigned int n = 0; n < NODES; n++) {
		CU_ASSERT_EQUAL(net->node[n]->ep->nb_free, net->node[n]->ep->max_sessions);
		CU_ASSERT(node_quiet(net->node[n]));
	}
}

static void
run_way(const struct way *way, unsigned int round)
{
	struct net *net = net_create();

	net->logging = false;
	net->random += (uint64_t)round << 32;
	net->now_ns += net_random(net) % ((UINT64_C(1) << 32) * WIRE_TS_NS);
	for (unsigned int i = 0; i < NODES; i++)
		start(net, i, way);
	net->chances = way->chances;
	for (unsigned int turn = 0; turn < 1500; turn++) {
		unsigned int n = net_random_below(net, NODES);
		unsigned int wait = net_random_below(net, 20) == 0 ? 50 * 1000 : 500;

		net_run(net, net_random_below(net, wait) * NET_US);
		act(net->node[n], way);
		if (way->restarts && net_random_below(net, 150) == 0) {
			CU_ASSERT_EQUAL(node_stop(net->node[n]), 0);
			start(net, n, way);
		}
	}
	end_all(net);
	if (getenv("SHMX_VERBOSE") != NULL)
		fprintf(stderr,
			"\n%s: %" PRIu64 " requests, %" PRIu64 " arrived, server %u opened\n",
			way->name, ledger_sent(), ledger_count(LEDGER_ARRIVED, 0),
			net->node[0]->opened);
	net_free(net);
}

#define BAD                                                                                        \
	{                                                                                          \
		0.05, 0.1, 0.05, 0.03, 0.02, .delay_max_ns = 3 * NET_S, .flips_max = 1             \
	}

static const struct way ways[] = {
	{"copies", {.copy = 0.3, .delay = 0.2, .delay_max_ns = NET_MS}, .restarts = false},
	{"seconds late", BAD, .ordered = true},
	{"restarts", BAD, .restarts = true},
	{"crossed", BAD, .all_listen = true, .swift = true},
	{"crossed, restarts", BAD, .all_listen = true, .restarts = true},
};

/* SHMX_ROUNDS asks for more than the few of everyday. */
static void
churn__once_and_in_its_session(void)
{
	const char *text = getenv("SHMX_ROUNDS");
	unsigned int rounds = text != NULL ? (unsigned int)strtoul(text, NULL, 0) : 2;

	for (unsigned int round = 0; round < rounds; round++)
		for (unsigned int i = 0; i < RTE_DIM(ways); i++)
			run_way(&ways[i], round);
}

static CU_TestInfo churn_tests[] = {
	TEST(churn__once_and_in_its_session),
	CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
	{"churn", NULL, NULL, NULL, NULL, churn_tests},
	CU_SUITE_INFO_NULL,
};

int
main(void)
{
	return run_suites("churn", suites);
}
