/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/* Tail probes, and repetitions that turn out to have been none of the network's fault. */

#include "session_tests.h"

#define WHEEL_NS (UINT64_C(1) << RDP_WHEEL_SHIFT) /* a timer may be late by this */

static void
probing(struct node_conf *conf)
{
	conf->rdp.no_tail_probe = false;
}

static void
probing_swift(struct node_conf *conf)
{
	probing(conf);
	conf->rdp.cc = RDP_CC_SWIFT;
}

static struct pair
pair_warm(pair_tweak_t tweak)
{
	struct pair p = pair_open(tweak);

	for (int i = 0; i < 20; i++) {
		CU_ASSERT(node_request(p.client, p.c, 64, 64) >= 0);
		net_run(p.net, 40 * NET_US);
	}
	CU_ASSERT(net_run_quiet(p.net, NET_MS));
	net_log_clear(p.net);
	return p;
}

static const struct rdp_stats *
stats(const struct pair *p)
{
	return rdp_ep_stats(p->client->ep);
}

/* Two round trips and the peer's delay of an acknowledgement; the time-out is 200 us. */
static void
probe__last_frame_before_the_time_out(void)
{
	struct pair p = pair_warm(probing);
	uint64_t begin = p.net->now_ns;

	p.net->port[CLIENT].drop_next[WIRE_DATA] = 1;
	CU_ASSERT_EQUAL(pair_frames(p.client, p.c, 1), 1);
	CU_ASSERT(net_run_quiet(p.net, NET_MS));
	CU_ASSERT(p.net->now_ns - begin < 45 * NET_US + 2 * WHEEL_NS + 30 * NET_US);
	CU_ASSERT_EQUAL(stats(&p)->tx_probe, 1);
	CU_ASSERT_EQUAL(stats(&p)->tx_retransmit, 1);
	CU_ASSERT_EQUAL(stats(&p)->rto, 0);
	CU_ASSERT_EQUAL(p.c->backoff, 0);
	CU_ASSERT(ledger_complete());
	pair_free(&p);
}

/* The answer to it tells what else is missing. */
static void
probe__brings_the_others(void)
{
	struct pair p = pair_warm(probing);
	uint32_t first = p.c->tx_next;

	CU_ASSERT_EQUAL(pair_frames(p.client, p.c, 2), 2);
	rdp_flush(p.client->ep);
	p.net->port[CLIENT].drop_next[WIRE_DATA] = 3;
	CU_ASSERT_EQUAL(pair_frames(p.client, p.c, 3), 3);
	CU_ASSERT(net_run_quiet(p.net, NET_MS));
	for (uint32_t i = 0; i < 5; i++)
		CU_ASSERT_EQUAL(net_logged_psn(p.net, CLIENT, first + i), i < 2 ? 1 : 2);
	CU_ASSERT_EQUAL(stats(&p)->tx_probe, 1);
	CU_ASSERT_EQUAL(stats(&p)->rto, 0);
	CU_ASSERT(ledger_complete());
	pair_free(&p);
}

/* One probe; then time-outs, that double. */
static void
probe__once(void)
{
	struct pair p = pair_warm(probing);

	p.net->port[CLIENT].cut_off = true;
	CU_ASSERT_EQUAL(pair_frames(p.client, p.c, 1), 1);
	net_run(p.net, 50 * NET_MS);
	CU_ASSERT_EQUAL(stats(&p)->tx_probe, 1);
	CU_ASSERT(stats(&p)->rto >= 6 && stats(&p)->rto <= 9);
	p.net->port[CLIENT].cut_off = false;
	CU_ASSERT(net_run_quiet(p.net, 200 * NET_MS));
	CU_ASSERT(ledger_complete());
	pair_free(&p);
}

/* One frame at a time: the one behind a probe has its own, though the timer is armed for less than
 * a time-out already. */
static void
probe__of_the_frame_behind_one(void)
{
	struct pair p = pair_warm(probing);
	uint64_t begin;

	p.net->port[CLIENT].drop_next[WIRE_DATA] = 1;
	CU_ASSERT(node_request(p.client, p.c, 64, 64) >= 0);
	while (p.client->responses_in < 21)
		net_step(p.net);
	CU_ASSERT_EQUAL(stats(&p)->tx_probe, 1);
	begin = p.net->now_ns;
	p.net->port[CLIENT].drop_next[WIRE_DATA] = 1;
	CU_ASSERT(node_request(p.client, p.c, 64, 64) >= 0);
	while (stats(&p)->tx_retransmit < 2)
		net_step(p.net);
	CU_ASSERT(p.net->now_ns - begin <= 46 * NET_US + WHEEL_NS + NET_US);
	CU_ASSERT(net_run_quiet(p.net, NET_MS));
	CU_ASSERT_EQUAL(stats(&p)->tx_probe, 2);
	CU_ASSERT_EQUAL(stats(&p)->rto, 0);
	CU_ASSERT(ledger_complete());
	pair_free(&p);
}

/* What asks whether a peer takes requests again is a frame like others. */
static void
probe__of_a_keep_alive(void)
{
	struct pair p = pair_warm(probing);
	uint64_t rto_ns = 20 * NET_MS;

	p.c->rttvar = (uint32_t)(rto_ns / 4 / WIRE_TS_NS);
	p.net->port[CLIENT].drop_next[WIRE_DATA] = 1;
	net_run(p.net, NET_S + 5 * NET_MS);
	CU_ASSERT_EQUAL(stats(&p)->tx_probe, 1);
	CU_ASSERT_EQUAL(stats(&p)->rto, 0);
	CU_ASSERT_EQUAL(rdp_in_flight(p.c), 0);
	pair_free(&p);
}

/* None where frames follow each other, nor where it is switched off. */
static void
probe__not_while_frames_follow(void)
{
	struct pair p = pair_warm(probing);

	for (int i = 0; i < 1000; i++) {
		pair_frames(p.client, p.c, 1);
		net_run(p.net, 5 * NET_US);
	}
	CU_ASSERT(net_run_quiet(p.net, NET_MS));
	CU_ASSERT_EQUAL(stats(&p)->tx_retransmit, 0);
	pair_free(&p);
	p = pair_warm(NULL);
	p.net->port[CLIENT].drop_next[WIRE_DATA] = 1;
	CU_ASSERT_EQUAL(pair_frames(p.client, p.c, 1), 1);
	CU_ASSERT(net_run_quiet(p.net, NET_MS));
	CU_ASSERT_EQUAL(stats(&p)->tx_probe, 0);
	CU_ASSERT_EQUAL(stats(&p)->rto, 1);
	pair_free(&p);
}

/* Acknowledgements of the server are late. */
static void
late(void *ctx, const struct net_frame *f, struct net_fate *fate)
{
	if (f->from == SERVER)
		fate->delay_ns = *(const uint64_t *)ctx;
}

/* The path is slow for once: the time-out was in vain, and costs nothing but the frame. */
static void
spurious__time_out(void)
{
	struct pair p = pair_warm(probing_swift);
	uint64_t delay = 900 * NET_US;
	uint32_t cwnd = p.c->cc->window(p.c);

	p.net->script = late;
	p.net->script_ctx = &delay;
	CU_ASSERT_EQUAL(pair_frames(p.client, p.c, 1), 1);
	net_run(p.net, 500 * NET_US);
	CU_ASSERT(stats(&p)->rto >= 1);
	CU_ASSERT(p.c->cc->window(p.c) < cwnd);
	net_run(p.net, 450 * NET_US);
	CU_ASSERT_EQUAL(rdp_in_flight(p.c), 0);
	CU_ASSERT_EQUAL(stats(&p)->tx_spurious, 1);
	p.net->script = NULL;
	CU_ASSERT_EQUAL(p.c->backoff, 0);
	CU_ASSERT(net_run_quiet(p.net, 10 * NET_MS));
	CU_ASSERT(ledger_complete());
	pair_free(&p);
}

/* What congestion control gave away for it, it takes back. */
static void
spurious__is_undone(void)
{
	struct pair p = pair_warm(probing_swift);
	uint32_t cwnd = p.c->cc->window(p.c);

	for (int i = 0; i < 3; i++) {
		p.c->cc->on_timeout(p.c);
		net_run(p.net, 100 * NET_US);
	}
	CU_ASSERT(p.c->cc->window(p.c) < cwnd);
	p.c->cc->on_spurious(p.c);
	CU_ASSERT_EQUAL(p.c->cc->window(p.c), cwnd);
	p.c->cc->on_loss(p.c);
	CU_ASSERT(p.c->cc->window(p.c) < cwnd);
	p.c->cc->on_spurious(p.c);
	CU_ASSERT_EQUAL(p.c->cc->window(p.c), cwnd);
	p.c->cc->on_spurious(p.c);
	CU_ASSERT_EQUAL(p.c->cc->window(p.c), cwnd);
	pair_free(&p);
}

/* A lost frame is no spurious repetition, however it was repeated. */
static void
spurious__not_when_it_was_lost(void)
{
	struct pair p = pair_warm(probing);

	for (int i = 0; i < 50; i++) {
		p.net->port[CLIENT].drop_next[WIRE_DATA] = 1 + (uint32_t)i % 3;
		pair_frames(p.client, p.c, 1 + (unsigned int)i % 7);
		CU_ASSERT(net_run_quiet(p.net, 10 * NET_MS));
	}
	CU_ASSERT(stats(&p)->tx_retransmit >= 50);
	CU_ASSERT_EQUAL(stats(&p)->tx_spurious, 0);
	CU_ASSERT_EQUAL(p.c->reorder, 0);
	pair_free(&p);
}

/* One frame in eight of the client's takes so much longer. */
static void
overtaken(void *ctx, const struct net_frame *f, struct net_fate *fate)
{
	if (f->from == CLIENT && f->type == WIRE_DATA && f->psn % 8 == 3 &&
		!(f->flags & WIRE_F_RETRANSMIT))
		fate->delay_ns = *(const uint64_t *)ctx;
}

static uint64_t
repeated_in(struct pair *p, unsigned int frames)
{
	uint64_t before = stats(p)->tx_retransmit;

	for (unsigned int i = 0; i < frames; i++) {
		pair_frames(p->client, p->c, 1);
		net_run(p->net, 2 * NET_US);
	}
	CU_ASSERT(net_run_quiet(p->net, NET_MS));
	return stats(p)->tx_retransmit - before;
}

/* A path that reorders is learnt: after some repetitions in vain, no more. */
static void
spurious__reordering_is_learnt(void)
{
	struct pair p = pair_warm(probing);
	uint64_t delay = 9 * NET_US;

	p.net->script = overtaken;
	p.net->script_ctx = &delay;
	CU_ASSERT(repeated_in(&p, 100) > 0);
	CU_ASSERT(stats(&p)->tx_spurious > 0);
	repeated_in(&p, 200);
	CU_ASSERT(repeated_in(&p, 100) <= 1);
	CU_ASSERT(ledger_complete());
	pair_free(&p);
}

CU_TestInfo probe_tests[] = {
	TEST(probe__last_frame_before_the_time_out),
	TEST(probe__brings_the_others),
	TEST(probe__once),
	TEST(probe__of_the_frame_behind_one),
	TEST(probe__of_a_keep_alive),
	TEST(probe__not_while_frames_follow),
	TEST(spurious__time_out),
	TEST(spurious__is_undone),
	TEST(spurious__not_when_it_was_lost),
	TEST(spurious__reordering_is_learnt),
	CU_TEST_INFO_NULL,
};
