/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/*
 * Whatever the network does, every request takes effect once and is answered once, everything
 * drains, and no buffer is lost. Both ends ask and answer.
 */

#include <stdio.h>
#include <stdlib.h>

#include "net.h"
#include "node.h"
#include "run.h"

#define DRAIN_NS (60 * NET_S)

struct trial {
	const char *name;
	struct net_chances chances;
	uint16_t window;
	uint16_t mtu;
	bool no_coalesce;
	bool crc;
	bool offload;
	bool v6;
	uint16_t vlan;
	bool insert;      /**< the ports put in tags */
	bool strip;       /**< and take them out */
	uint16_t keeps;   /**< frames a port holds on to after they were sent */
	uint16_t tx_most; /**< frames it takes at once, up to */
	uint32_t requests;
	bool small; /**< records of a few words only, many to a frame */
	bool swift;
	uint64_t gbps; /**< of the links; 0: no limit */
	bool thin;     /**< one end asks, the next time when it has been answered */
};

/* What a node has to send still. */
struct load {
	const struct trial *trial;
	uint32_t left;
	struct rdp_session *s;
};

static uint32_t
record_size(struct net *net, const struct trial *t, const struct rdp_session *s)
{
	uint32_t most = t->small ? 64 : s->mss;

	if (net_random_below(net, 8) != 0)
		most = RTE_MIN(most, 200u);
	return NODE_RECORD_MIN + net_random_below(net, (most - NODE_RECORD_MIN) / 8 + 1) * 8;
}

static void
send_some(struct node *node)
{
	struct load *load = node->user;
	struct net *net = node->net;
	uint32_t n = node->closed > 0 ? 0 : net_random_below(net, 12);

	net->port[node->index].tx_most = (uint16_t)net_random_below(net, load->trial->tx_most + 1u);
	for (uint32_t i = 0; i < n && load->left > 0; i++) {
		uint32_t answer = net_random_below(net, 4) == 0
		                          ? 0
		                          : record_size(net, load->trial, load->s);

		if (node_request(node, load->s, record_size(net, load->trial, load->s), answer) < 0)
			return;
		load->left--;
	}
}

/* Little goes on: timers come due between two frames as often as not. */
static void
send_one(struct node *node)
{
	struct load *load = node->user;
	uint64_t last = ledger_sent() - 1;

	if (load->left == 0 || node->closed > 0 ||
		(last != UINT64_MAX && !(ledger_state(last) & LEDGER_ANSWERED)) ||
		net_random_below(node->net, 64) != 0)
		return;
	load->left -= node_request(node, load->s, NODE_RECORD_MIN, NODE_RECORD_MIN) >= 0;
}

static bool
all_done(void *ctx)
{
	const struct net *net = ctx;

	if (net->node[0]->closed + net->node[1]->closed > 0)
		return true;
	for (unsigned int i = 0; i < 2; i++)
		if (((const struct load *)net->node[i]->user)->left > 0 ||
			!node_quiet(net->node[i]))
			return false;
	return net->port[0].arriving == NULL && net->port[1].arriving == NULL;
}

static struct node *
start(struct net *net, unsigned int index, const struct trial *t)
{
	struct node_conf conf = node_conf(net, index);

	conf.rdp.window = t->window;
	conf.rdp.no_tail_probe = false;
	conf.rdp.mtu = t->mtu != 0 ? t->mtu : NET_MTU;
	conf.rdp.no_coalesce = t->no_coalesce;
	conf.rdp.crc = t->crc;
	conf.rdp.cc = t->swift ? RDP_CC_SWIFT : RDP_CC_FIXED;
	conf.rdp.cc_target_ns = 25 * NET_US;
	conf.rdp.tx_udp_cksum = t->offload;
	conf.rdp.tx_vlan_insert = t->insert;
	net->port[index].strips = t->strip;
	net->port[index].keeps = t->keeps;
	return node_start(net, index, &conf);
}

static void
report(struct net *net, const struct trial *t, uint64_t begin)
{
	const struct rdp_stats *a = rdp_ep_stats(net->node[0]->ep);
	const struct rdp_stats *b = rdp_ep_stats(net->node[1]->ep);

	if (getenv("SHMX_VERBOSE") != NULL)
		fprintf(stderr,
			"\n%s: %" PRIu64 " us, frames %" PRIu64 "/%" PRIu64 " retransmits %" PRIu64
			"/%" PRIu64 " rto %" PRIu64 "/%" PRIu64 " acks %" PRIu64 "/%" PRIu64
			" dup %" PRIu64 "/%" PRIu64 " bad %" PRIu64,
			t->name, (net->now_ns - begin) / 1000, a->tx_frames, b->tx_frames,
			a->tx_retransmit, b->tx_retransmit, a->rto, b->rto, a->tx_ack, b->tx_ack,
			a->rx_duplicate, b->rx_duplicate, a->rx_bad_checksum + b->rx_bad_checksum);
}

/* Repetitions are worth it only where something was lost, late or damaged. */
static void
check_retransmits(struct net *net, const struct trial *t)
{
	for (unsigned int i = 0; i < 2; i++) {
		const struct rdp_stats *st = rdp_ep_stats(net->node[i]->ep);
		const struct net_chances *c = &t->chances;
		double bad = c->drop + c->flip + c->cut + c->delay;
		double most = (double)st->tx_frames * (bad * 4 + 0.01) + 10;

		CU_ASSERT((double)st->tx_retransmit <= most);
		if ((double)st->tx_retransmit > most)
			fprintf(stderr, "\n%s: %" PRIu64 " retransmits of %" PRIu64 " frames",
				t->name, st->tx_retransmit, st->tx_frames);
	}
}

static void
run_trial(const struct trial *t, uint64_t round)
{
	struct net *net = net_create();
	struct node *server, *client;
	struct load load[2] = {
		{.trial = t, .left = t->thin ? 0 : t->requests}, {.trial = t, .left = t->requests}};
	uint64_t requests = load[0].left + load[1].left, begin;

	net->logging = false;
	net->seed += round << 32;
	net->random = net->seed;
	/* Time stamps begin anywhere. */
	net->now_ns += net_random(net) % ((UINT64_C(1) << 32) * WIRE_TS_NS);
	net->v6 = t->v6;
	net->vlan = t->vlan;
	net->gbps = t->gbps;
	server = start(net, 0, t);
	client = start(net, 1, t);
	begin = net->now_ns;
	net->chances = t->chances;
	net->chances.flips_max = 1; /* the handshake has nothing but the UDP checksum */
	load[1].s = node_open(client, 0);
	CU_ASSERT_PTR_NOT_NULL_FATAL(load[1].s);
	load[0].s = server->session;
	CU_ASSERT_PTR_NOT_NULL_FATAL(load[0].s);
	net->chances.flips_max = t->crc ? 9 : 1;
	for (unsigned int i = 0; i < 2; i++) {
		net->node[i]->user = &load[i];
		net->node[i]->pump = t->thin ? send_one : send_some;
	}
	CU_ASSERT(net_run_until(net, all_done, net, DRAIN_NS));
	CU_ASSERT_EQUAL(server->closed + client->closed, 0);
	if (server->closed + client->closed > 0)
		net_error(net, "%s: session closed with %d, %d", t->name, server->status,
			client->status);
	CU_ASSERT_EQUAL(ledger_sent(), requests);
	CU_ASSERT(ledger_complete());
	report(net, t, begin);
	check_retransmits(net, t);
	net_free(net);
}

#define REORDER (15 * NET_US)

static const struct trial trials[] = {
	{"clean", {0}, 64, .crc = true, .tx_most = 32, .requests = 4000},
	{"clean, small records", {0}, 64, .tx_most = 32, .requests = 8000, .small = true},
	{"1 % lost", {.drop = 0.01}, 64, .crc = true, .tx_most = 32, .requests = 4000},
	{"10 % lost", {.drop = 0.1}, 64, .tx_most = 32, .requests = 3000},
	{"30 % lost", {.drop = 0.3}, 64, .crc = true, .tx_most = 32, .requests = 2000},
	{"30 % lost, window 8", {.drop = 0.3}, 8, .tx_most = 4, .requests = 1000},
	{"30 % lost, window 256", {.drop = 0.3}, 256, .tx_most = 32, .requests = 3000},
	{"10 % lost, one by one", {.drop = 0.1}, 64, .tx_most = 32, .requests = 3000, .thin = true},
	{"30 % lost, one by one", {.drop = 0.3}, 64, .tx_most = 32, .requests = 1500, .thin = true},
	{"10 % lost, Swift", {.drop = 0.1}, 64, .tx_most = 32, .requests = 3000, .swift = true},
	{"30 % lost, Swift", {.drop = 0.3}, 64, .tx_most = 32, .requests = 1000, .swift = true},
	{"1 % lost, Swift, a slow link", {.drop = 0.01}, 64, .tx_most = 32, .requests = 500,
		.swift = true, .gbps = 1},
	{"late, Swift", {.delay = 0.5, .delay_max_ns = 3 * NET_MS}, 64, .tx_most = 32,
		.requests = 500, .swift = true},
	{"doubled", {.copy = 0.5}, 64, .crc = true, .tx_most = 32, .requests = 2000},
	{"reordered", {.delay = 0.2, .delay_max_ns = REORDER}, 128, .tx_most = 32,
		.requests = 3000},
	{"late", {.delay = 0.05, .delay_max_ns = 3 * NET_MS}, 64, .tx_most = 32, .requests = 3000},
	{"damaged, CRC", {.flip = 0.1}, 64, .crc = true, .tx_most = 32, .requests = 3000},
	{"damaged, UDP checksum", {.flip = 0.1}, 64, .tx_most = 32, .requests = 3000},
	{"cut", {.cut = 0.1}, 64, .tx_most = 32, .requests = 2000},
	{"everything, CRC", {0.1, 0.1, 0.1, 0.1, 0.05, .delay_max_ns = 100 * NET_US}, 128,
		.crc = true, .tx_most = 32, .requests = 3000, .keeps = 8},
	{"everything, no CRC", {0.1, 0.1, 0.1, 0.1, 0.05, .delay_max_ns = 100 * NET_US}, 64,
		.tx_most = 32, .requests = 3000, .offload = true},
	{"everything, alone", {0.05, 0.1, 0.1, 0.02, 0.02, .delay_max_ns = 50 * NET_US}, 256,
		.no_coalesce = true, .tx_most = 16, .requests = 3000, .small = true},
	{"everything, slow port", {0.05, 0.05, 0.1, 0.02, 0.02, .delay_max_ns = 50 * NET_US}, 32,
		.crc = true, .tx_most = 2, .requests = 1500, .keeps = 64},
	{"everything, CRC, IPv6", {0.1, 0.1, 0.1, 0.1, 0.05, .delay_max_ns = 100 * NET_US}, 128,
		.crc = true, .tx_most = 32, .requests = 3000, .keeps = 8, .v6 = true},
	{"everything, no CRC, IPv6", {0.1, 0.1, 0.1, 0.1, 0.05, .delay_max_ns = 100 * NET_US}, 64,
		.tx_most = 32, .requests = 3000, .offload = true, .v6 = true},
	{"everything, VLAN", {0.1, 0.1, 0.1, 0.1, 0.05, .delay_max_ns = 100 * NET_US}, 64,
		.crc = true, .tx_most = 32, .requests = 2000, .offload = true, .vlan = 7},
	{"everything, VLAN by the port", {0.1, 0.1, 0.1, 0.1, 0.05, .delay_max_ns = 100 * NET_US},
		64, .tx_most = 32, .requests = 2000, .offload = true, .vlan = 4094, .insert = true,
		.strip = true},
	{"everything, VLAN, IPv6", {0.1, 0.1, 0.1, 0.1, 0.05, .delay_max_ns = 100 * NET_US}, 64,
		.tx_most = 32, .requests = 2000, .offload = true, .v6 = true, .vlan = 1,
		.strip = true},
	{"everything, small frames", {0.05, 0.05, 0.1, 0.02, 0.02, .delay_max_ns = 50 * NET_US}, 16,
		.mtu = 1300, .no_coalesce = true, .tx_most = 8, .requests = 1500},
};

/* SHMX_ROUNDS asks for more than the few of everyday. */
static void
random__every_request_once(void)
{
	const char *text = getenv("SHMX_ROUNDS");
	uint64_t rounds = text != NULL ? strtoull(text, NULL, 0) : 4;

	for (uint64_t round = 0; round < rounds; round++)
		for (unsigned int i = 0; i < RTE_DIM(trials); i++)
			run_trial(&trials[i], round);
}

static CU_TestInfo random_tests[] = {
	TEST(random__every_request_once),
	CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
	{"random", NULL, NULL, NULL, NULL, random_tests},
	CU_SUITE_INFO_NULL,
};

int
main(void)
{
	return run_suites("random", suites);
}
