/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/* Paths that carry less than both ends take, and drop what is larger without a word. */

#include "session_tests.h"

/* Largest IP datagram that passes from each node. */
static uint16_t most[NET_NODES];

static void
narrow(void *ctx, const struct net_frame *f, struct net_fate *fate)
{
	fate->drop |= f->len - RTE_ETHER_HDR_LEN > most[f->from];
}

/* The same, and CONNECTs without padding come late. */
static void
keep_small(void *ctx, const struct net_frame *f, struct net_fate *fate)
{
	narrow(ctx, f, fate);
	fate->keep = f->type == WIRE_CONNECT && f->len < 200;
}

static struct pair
start_narrow(bool v6, uint16_t from_server, uint16_t from_client)
{
	struct pair p = v6 ? pair_start_v6(NULL) : pair_start(NULL);

	most[SERVER] = from_server;
	most[CLIENT] = from_client;
	p.net->script = narrow;
	return p;
}

/* The session is as wide as the path, told by a counter, and full frames pass both ways. */
static void
check_narrow(bool v6, uint16_t from_server, uint16_t from_client, uint16_t mtu)
{
	struct pair p = start_narrow(v6, from_server, from_client);
	uint64_t begin = p.net->now_ns;

	pair_connect(&p);
	CU_ASSERT(p.net->now_ns - begin < 20 * NET_MS);
	CU_ASSERT_EQUAL(p.c->mtu, mtu);
	CU_ASSERT_EQUAL(p.s->mtu, mtu);
	CU_ASSERT_EQUAL(p.c->mss, RTE_ALIGN_FLOOR(mtu - (v6 ? 82u : 58u) - WIRE_CRC_LEN, 8u));
	CU_ASSERT_EQUAL(p.s->mss, p.c->mss);
	CU_ASSERT_EQUAL(rdp_ep_stats(p.client->ep)->mtu_lowered, 1);
	for (unsigned int i = 0; i < 20; i++) {
		CU_ASSERT(node_request(p.client, p.c, p.c->mss, p.c->mss) >= 0);
		CU_ASSERT(node_request(p.server, p.s, p.s->mss, p.s->mss) >= 0);
	}
	CU_ASSERT(net_run_quiet(p.net, 10 * NET_MS));
	CU_ASSERT(ledger_complete());
	CU_ASSERT_EQUAL(rdp_ep_stats(p.client->ep)->tx_retransmit, 0);
	pair_free(&p);
}

static void
pmtu__the_session_is_as_wide_as_the_path(void)
{
	for (unsigned int v6 = 0; v6 < 2; v6++) {
		check_narrow(v6, 1499, 1499, 1492);
		check_narrow(v6, 1404, 1404, 1400);
		check_narrow(v6, 1280, 1280, 1280);
		/* One direction alone. */
		check_narrow(v6, 1400, UINT16_MAX, 1400);
		check_narrow(v6, UINT16_MAX, 1450, 1450);
	}
}

/* What passes is used whole, and handshakes of full size that get lost do not mean a narrow path.
 */
static void
pmtu__a_wide_path_is_used(void)
{
	struct pair p = start_narrow(false, NET_MTU, NET_MTU);

	p.net->port[CLIENT].drop_next[WIRE_CONNECT] = 2;
	pair_connect(&p);
	CU_ASSERT_EQUAL(p.c->mtu, NET_MTU);
	CU_ASSERT_EQUAL(p.s->mtu, NET_MTU);
	CU_ASSERT_EQUAL(rdp_ep_stats(p.client->ep)->mtu_lowered, 0);
	pair_free(&p);
	/* The peer was away for a while: the first of all that waited decides. */
	p = start_narrow(false, NET_MTU, NET_MTU);
	p.net->port[SERVER].drop_next[WIRE_ACCEPT] = 3;
	pair_connect(&p);
	CU_ASSERT_EQUAL(p.c->mtu, NET_MTU);
	CU_ASSERT_EQUAL(p.s->mtu, NET_MTU);
	pair_free(&p);
}

/* All CONNECTs but the last ones of the first that come in several sizes are lost, for another
 * reason than their size: the path is used whole all the same. */
static void
pmtu__loss_is_no_matter_of_size(void)
{
	for (unsigned int n = 1; n <= 24; n++) {
		struct pair p = start_narrow(n % 2, UINT16_MAX, UINT16_MAX);

		p.net->port[n & 2 ? CLIENT : SERVER].drop_next[n & 2 ? WIRE_CONNECT : WIRE_ACCEPT] =
			n;
		pair_connect(&p);
		CU_ASSERT_EQUAL(p.c->mtu, NET_MTU);
		CU_ASSERT_EQUAL(p.s->mtu, NET_MTU);
		CU_ASSERT_EQUAL(rdp_ep_stats(p.client->ep)->mtu_lowered, 0);
		pair_free(&p);
	}
}

/* The latest word of the initiator counts, not one that comes late. */
static void
pmtu__told_twice(void)
{
	struct pair p = start_narrow(false, 1400, 1400);

	/* One that says 1280 because that is the least that there may be, sent before any ACCEPT.
	 */
	p.net->script = keep_small;
	pair_connect(&p);
	CU_ASSERT_EQUAL(p.s->mtu, 1400);
	CU_ASSERT_FATAL(p.net->nb_jar > 0);
	net_replay(p.net, 0);
	net_run(p.net, NET_MS);
	CU_ASSERT_EQUAL(p.c->mtu, 1400);
	CU_ASSERT_EQUAL(p.s->mtu, 1400);
	pair_free(&p);
}

/* What the initiator found out first comes to be known last. */
static void
swap_news(void *ctx, const struct net_frame *f, struct net_fate *fate)
{
	unsigned int *told = ctx;
	bool widest = f->type == WIRE_ACCEPT && f->len == RTE_ETHER_HDR_LEN + 1420;
	bool tells = f->type == WIRE_CONNECT && f->len == RTE_ETHER_HDR_LEN + RDP_MTU_TELL;

	narrow(NULL, f, fate);
	if (widest || (tells && (*told)++ == 0))
		fate->delay_ns = 10 * NET_US;
}

/* Two answers in one burst: both are told at the same time, and the second one counts, although it
 * arrives first. */
static void
pmtu__told_twice_at_once(void)
{
	struct pair p = start_narrow(false, 1420, 1420);
	unsigned int told = 0;

	p.net->script = swap_news;
	p.net->script_ctx = &told;
	p.net->step_ns = 200 * NET_US;
	pair_connect(&p);
	CU_ASSERT(told >= 2);
	CU_ASSERT_EQUAL(p.c->mtu, 1420);
	CU_ASSERT_EQUAL(p.s->mtu, 1420);
	p.net->step_ns = NET_US;
	pair_free(&p);
}

/* Both ends are not polled for parts of the time, so that what comes meanwhile comes at once. */
struct pauses {
	struct net *net;
	uint64_t period_ns[2], pause_ns[2], phase_ns[2];
};

static void
pauses_choose(struct pauses *p, struct net *net)
{
	p->net = net;
	for (unsigned int i = 0; i < 2; i++) {
		p->period_ns[i] = (1 + net_random_below(net, 30)) * NET_MS;
		p->pause_ns[i] = p->period_ns[i] * net_random_below(net, 10) / 10;
		p->phase_ns[i] = net_random_below(net, 30 * NET_MS);
	}
}

static void
pause(void *ctx, const struct net_frame *f, struct net_fate *fate)
{
	const struct pauses *p = ctx;
	unsigned int to = !f->from;
	uint64_t in = (p->net->now_ns + p->phase_ns[to]) % p->period_ns[to];

	narrow(NULL, f, fate);
	if (in < p->pause_ns[to])
		fate->delay_ns += p->pause_ns[to] - in;
}

/* Whatever is lost, comes twice or late: an open session has one MTU at both ends, and it passes.
 */
static bool
check_unreliable(unsigned int round)
{
	struct pair p = start_narrow(round % 2, UINT16_MAX, UINT16_MAX);
	struct pauses pauses;
	bool open;

	p.net->random += round;
	pauses_choose(&pauses, p.net);
	most[SERVER] = (uint16_t)(RDP_MTU_MIN + net_random_below(p.net, 300));
	most[CLIENT] = (uint16_t)(RDP_MTU_MIN + net_random_below(p.net, 300));
	p.net->chances = (struct net_chances){
		.drop = 0.3, .copy = 0.3, .delay = 0.5, .delay_max_ns = 8 * NET_MS};
	if (round & 2) {
		p.net->script = pause;
		p.net->script_ctx = &pauses;
		p.net->chances.delay_max_ns = 10 * NET_US;
	}
	p.c = node_open(p.client, SERVER);
	open = p.c != NULL;
	p.net->script = narrow;
	net_run(p.net, 20 * NET_MS);
	p.net->chances = (struct net_chances){0};
	if (open && (p.s = node_peer_session(p.c, p.server)) != NULL) {
		CU_ASSERT_EQUAL(p.c->mtu, p.s->mtu);
		CU_ASSERT(p.c->mtu <= most[SERVER] && p.c->mtu <= most[CLIENT]);
		CU_ASSERT(node_request(p.client, p.c, p.c->mss, p.c->mss) >= 0);
		CU_ASSERT(node_request(p.server, p.s, p.s->mss, p.s->mss) >= 0);
		CU_ASSERT(net_run_quiet(p.net, NET_S));
		CU_ASSERT(ledger_complete());
	} else {
		CU_ASSERT(!open);
	}
	pair_free(&p);
	return open;
}

static void
pmtu__on_an_unreliable_path(void)
{
	unsigned int open = 0;

	for (unsigned int i = 0; i < 1000; i++)
		open += check_unreliable(i);
	CU_ASSERT(open > 500);
}

/* Nothing of the least size passes, but something does: told in time, and not as silence. */
static void
pmtu__too_narrow(void)
{
	struct pair p = start_narrow(false, 1279, 1279);
	uint64_t begin = p.net->now_ns;

	CU_ASSERT_PTR_NULL(node_open(p.client, SERVER));
	CU_ASSERT_EQUAL(p.client->status, -EMSGSIZE);
	CU_ASSERT(p.net->now_ns - begin < 100 * NET_MS);
	/* The end that said yes learns that nobody is there. */
	net_run(p.net, 3 * NET_S);
	CU_ASSERT_EQUAL(p.server->opened, p.server->closed);
	pair_free(&p);
}

/* Nothing passes at all: that is no matter of size. */
static void
pmtu__silence_is_no_matter_of_size(void)
{
	struct pair p = start_narrow(false, NET_MTU, 90);

	CU_ASSERT_PTR_NULL(node_open(p.client, SERVER));
	CU_ASSERT_EQUAL(p.client->status, -ETIMEDOUT);
	pair_free(&p);
}

/* A path that becomes narrow under a session ends it, instead of repeating a frame for ever; a new
 * session has what passes. */
static void
pmtu__a_path_that_becomes_narrow(void)
{
	struct pair p = start_narrow(false, NET_MTU, NET_MTU);

	pair_connect(&p);
	most[CLIENT] = most[SERVER] = 1400;
	CU_ASSERT(node_request(p.client, p.c, p.c->mss, 64) >= 0);
	for (unsigned int i = 0; i < 60 && p.client->closed == 0; i++) {
		if (i % 4 == 0)
			pair_frames(p.client, p.c, 1);
		net_run(p.net, 100 * NET_MS);
	}
	CU_ASSERT_EQUAL(p.client->closed, 1);
	CU_ASSERT_EQUAL(p.client->status, -EMSGSIZE);
	pair_connect(&p);
	CU_ASSERT_EQUAL(p.c->mtu, 1400);
	CU_ASSERT(node_request(p.client, p.c, p.c->mss, p.c->mss) >= 0);
	CU_ASSERT(net_run_quiet(p.net, 10 * NET_MS));
	pair_free(&p);
}

/* An ACCEPT is as long as its CONNECT, but never longer than we may send, whatever comes. */
static void
pmtu__accept_within_our_own(void)
{
	for (unsigned int v6 = 0; v6 < 2; v6++) {
		struct pair p = v6 ? pair_start_v6(NULL) : pair_start(NULL);
		uint8_t longer[NET_MTU + 500] __rte_aligned(8) = {0};
		const struct net_packet *kept;

		pair_keep_next(&p, CLIENT, WIRE_CONNECT);
		p.net->logging = true;
		pair_connect(&p);
		kept = p.net->jar[0];
		memcpy(longer, kept->bytes, kept->len);
		net_repair(longer, sizeof(longer));
		net_inject(p.net, SERVER, longer, sizeof(longer));
		net_run(p.net, NET_MS);
		CU_ASSERT(net_logged(p.net, SERVER, WIRE_ACCEPT) >= 2);
		for (uint32_t i = 0; i < p.net->nb_log; i++)
			CU_ASSERT(p.net->log[i].from != SERVER ||
				  p.net->log[i].len <= RTE_ETHER_HDR_LEN + NET_MTU);
		pair_free(&p);
	}
}

CU_TestInfo pmtu_tests[] = {
	TEST(pmtu__the_session_is_as_wide_as_the_path),
	TEST(pmtu__a_wide_path_is_used),
	TEST(pmtu__loss_is_no_matter_of_size),
	TEST(pmtu__told_twice),
	TEST(pmtu__told_twice_at_once),
	TEST(pmtu__on_an_unreliable_path),
	TEST(pmtu__too_narrow),
	TEST(pmtu__silence_is_no_matter_of_size),
	TEST(pmtu__a_path_that_becomes_narrow),
	TEST(pmtu__accept_within_our_own),
	CU_TEST_INFO_NULL,
};
