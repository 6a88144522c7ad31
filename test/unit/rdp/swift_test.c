/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/* Swift on one session: when it slows down, by how much, and when it does not. */

#include <errno.h>

#include "cc_tests.h"

#define TARGET_NS (25 * NET_US)
#define WINDOW    64

static void
with_swift(struct node_conf *conf)
{
	conf->rdp.cc = RDP_CC_SWIFT;
	conf->rdp.cc_target_ns = TARGET_NS;
	conf->rdp.window = WINDOW;
}

/* As much as has room, in frames of one record, and the least room seen. */
struct load {
	uint16_t request_room, tx_room;
	unsigned int frames;
};

static void
load_pump(struct node *node)
{
	struct load *l = node->user;
	struct rdp_session *s = node->session;

	while (s != NULL && node_request(node, s, 1400, 64) >= 0)
		l->frames++;
	if (s == NULL)
		return;
	l->request_room = RTE_MIN(l->request_room, s->request_room);
	l->tx_room = RTE_MIN(l->tx_room, s->tx_room);
}

static struct load
run_load(struct pair *p, uint64_t ns)
{
	struct load l = {.request_room = UINT16_MAX, .tx_room = UINT16_MAX};

	p->client->user = &l;
	p->client->pump = load_pump;
	net_run(p->net, ns);
	p->client->pump = NULL;
	return l;
}

static void
delayed(void *ctx, const struct net_frame *f, struct net_fate *fate)
{
	fate->delay_ns = f->from == CLIENT ? *(const uint64_t *)ctx : 0;
}

static uint32_t
cwnd(const struct rdp_session *s)
{
	return s->cc->window(s);
}

/* It has sent for a while, and all has been answered. */
static struct pair
pair_used(void)
{
	struct pair p = pair_open(with_swift);

	run_load(&p, NET_MS);
	CU_ASSERT(net_run_quiet(p.net, NET_MS));
	return p;
}

/* Nothing stands in the way: the window is the one that was negotiated, from the first frame on. */
static void
swift__a_lone_session_has_its_window(void)
{
	struct pair p = pair_open(with_swift);
	struct load l = run_load(&p, 5 * NET_MS);

	CU_ASSERT_EQUAL(l.request_room, WINDOW / 2 + WINDOW / 16);
	CU_ASSERT_EQUAL(l.tx_room, WINDOW);
	CU_ASSERT(l.frames > 5000);
	CU_ASSERT(net_run_quiet(p.net, NET_MS));
	CU_ASSERT_EQUAL(p.s->tx_room, WINDOW);
	pair_free(&p);
}

/* Nor is a long way a congested one, whatever the target. */
static void
swift__a_long_way_is_no_congestion(void)
{
	struct pair p = pair_start(with_swift);
	struct load l;

	p.net->latency_ns = 2 * NET_MS;
	pair_connect(&p);
	l = run_load(&p, 100 * NET_MS);
	CU_ASSERT_EQUAL(l.request_room, WINDOW / 2 + WINDOW / 16);
	CU_ASSERT(net_run_quiet(p.net, 100 * NET_MS));
	pair_free(&p);
}

/* Frames wait in our ring for an application that polls seldom: that is not the network. */
static void
swift__polling_seldom_is_no_congestion(void)
{
	struct pair p = pair_used();

	for (unsigned int i = 0; i < 50; i++) {
		struct node *client = p.client;

		CU_ASSERT(node_request(client, p.c, 1400, 64) >= 0);
		rdp_flush(client->ep);
		p.net->node[CLIENT] = NULL;
		net_run(p.net, 300 * NET_US);
		p.net->node[CLIENT] = client;
		net_run(p.net, 20 * NET_US);
		CU_ASSERT_EQUAL(cwnd(p.c), WINDOW * RDP_CC_ONE);
	}
	CU_ASSERT(net_run_quiet(p.net, 10 * NET_MS));
	pair_free(&p);
}

/* Queues grow: at most a half is taken away in a round trip, and responses always have a frame
 * more than requests. They shrink: it comes back. */
static void
swift__follows_the_delay(void)
{
	struct pair p = pair_open(with_swift);
	uint64_t delay = 0, since = 0;
	uint32_t before;

	p.net->script = delayed;
	p.net->script_ctx = &delay;
	run_load(&p, NET_MS);
	delay = 150 * NET_US;
	before = cwnd(p.c);
	for (unsigned int i = 0; i < 2000; i++) {
		run_load(&p, NET_US);
		CU_ASSERT(p.c->cc_gap > 0 || p.c->tx_room > p.c->request_room);
		if (cwnd(p.c) == before)
			continue;
		if (cwnd(p.c) < before) {
			CU_ASSERT(cwnd(p.c) >= before / 2);
			CU_ASSERT(since == 0 || p.net->now_ns - since >= 100 * NET_US);
			since = p.net->now_ns;
		}
		before = cwnd(p.c);
	}
	CU_ASSERT(cwnd(p.c) < 4 * RDP_CC_ONE);
	delay = 0;
	run_load(&p, 10 * NET_MS);
	CU_ASSERT_EQUAL(cwnd(p.c), WINDOW * RDP_CC_ONE);
	CU_ASSERT(net_run_quiet(p.net, 10 * NET_MS));
	CU_ASSERT(ledger_complete());
	pair_free(&p);
}

/* Less than a frame: frames leave one by one with the gap between, requests and responses alike;
 * and a response passes though a request is in flight. */
static void
swift__paces_below_one_frame(void)
{
	struct pair p = pair_open(with_swift);
	uint64_t delay = 2 * NET_MS, last = 0;
	unsigned int n = 0;

	run_load(&p, NET_MS);
	p.net->script = delayed;
	p.net->script_ctx = &delay;
	run_load(&p, 60 * NET_MS);
	CU_ASSERT(cwnd(p.c) < RDP_CC_ONE);
	CU_ASSERT(p.c->cc_gap > 0);
	net_log_clear(p.net);
	run_load(&p, 100 * NET_MS);
	for (uint32_t i = 0; i < p.net->nb_log; i++) {
		const struct net_frame *f = &p.net->log[i];

		if (f->from != CLIENT || f->type != WIRE_DATA || (f->flags & WIRE_F_RETRANSMIT))
			continue;
		CU_ASSERT(last == 0 || f->ns - last >= 2 * NET_MS);
		last = f->ns;
		n++;
	}
	CU_ASSERT(n >= 2);
	while (rdp_in_flight(p.c) == 0)
		run_load(&p, NET_US);
	CU_ASSERT_EQUAL(node_request(p.client, p.c, 64, 0), -1);
	p.net->now_ns += (uint64_t)p.c->cc_gap << WIRE_TS_SHIFT;
	rdp_poll(p.client->ep);
	if (rdp_in_flight(p.c) == 1)
		CU_ASSERT_PTR_NOT_NULL(rdp_response_open(p.c, 0));
	rdp_flush(p.client->ep);
	delay = 0;
	CU_ASSERT(net_run_quiet(p.net, 200 * NET_MS));
	CU_ASSERT(ledger_complete());
	pair_free(&p);
}

/* When pacing begins, the clock of time stamps may stand anywhere in its turn, and so may that of
 * a session that was paced long ago. */
static void
swift__paces_at_any_time(void)
{
	for (uint32_t eighth = 0; eighth < 8; eighth++) {
		struct pair p = pair_start(with_swift);
		uint64_t delay = 2 * NET_MS;
		uint64_t turn_ns = (UINT64_C(1) << 32) * WIRE_TS_NS;

		p.net->now_ns += turn_ns / 8 * eighth;
		net_run(p.net, NET_US);
		pair_connect(&p);
		run_load(&p, NET_MS);
		p.net->script = delayed;
		p.net->script_ctx = &delay;
		run_load(&p, 60 * NET_MS);
		CU_ASSERT(p.c->cc_gap > 0);
		CU_ASSERT(run_load(&p, 500 * NET_MS).frames >= 4);
		p.net->now_ns += turn_ns / 8 * 5;
		CU_ASSERT(run_load(&p, 500 * NET_MS).frames >= 4);
		delay = 0;
		CU_ASSERT(net_run_quiet(p.net, 200 * NET_MS));
		CU_ASSERT(ledger_complete());
		pair_free(&p);
	}
}

/* Time-outs: a half for each, the smallest window after five, and back when the line is. */
static void
swift__time_outs(void)
{
	struct pair p = pair_used();

	p.net->port[CLIENT].cut_off = true;
	CU_ASSERT(node_request(p.client, p.c, 64, 64) >= 0);
	for (uint32_t half = WINDOW * RDP_CC_ONE / 2; half >= WINDOW * RDP_CC_ONE / 16; half /= 2) {
		uint64_t rto = rdp_ep_stats(p.client->ep)->rto;

		while (rdp_ep_stats(p.client->ep)->rto == rto)
			net_step(p.net);
		CU_ASSERT_EQUAL(cwnd(p.c), half);
	}
	net_run(p.net, 20 * NET_MS);
	CU_ASSERT_EQUAL(cwnd(p.c), RDP_CC_ONE / 1000);
	p.net->port[CLIENT].cut_off = false;
	CU_ASSERT(net_run_quiet(p.net, 200 * NET_MS));
	CU_ASSERT(cwnd(p.c) >= RDP_CC_ONE);
	run_load(&p, 10 * NET_MS);
	CU_ASSERT_EQUAL(cwnd(p.c), WINDOW * RDP_CC_ONE);
	CU_ASSERT(net_run_quiet(p.net, 10 * NET_MS));
	CU_ASSERT(ledger_complete());
	pair_free(&p);
}

/* One loss takes a half, and many in one round trip no more than that. */
static void
swift__losses(void)
{
	for (unsigned int lost = 1; lost <= 9; lost += 8) {
		struct pair p = pair_used();

		p.net->port[CLIENT].drop_next[WIRE_DATA] = lost;
		CU_ASSERT_EQUAL(pair_frames(p.client, p.c, 20), 20);
		while (rdp_ep_stats(p.client->ep)->tx_retransmit == 0)
			net_step(p.net);
		CU_ASSERT_EQUAL(cwnd(p.c), WINDOW * RDP_CC_ONE / 2);
		CU_ASSERT(net_run_quiet(p.net, 10 * NET_MS));
		CU_ASSERT(cwnd(p.c) >= WINDOW * RDP_CC_ONE / 2);
		CU_ASSERT(ledger_complete());
		pair_free(&p);
	}
}

/* What was lost when the window had become small goes again by the frame, not in one burst. */
static void
swift__repeats_no_faster_than_its_window(void)
{
	struct pair p = pair_used();
	uint64_t before;

	p.net->port[CLIENT].drop_next[WIRE_DATA] = 30;
	CU_ASSERT_EQUAL(pair_frames(p.client, p.c, 31), 31);
	p.c->cc_state.swift.cwnd = 4 * RDP_CC_ONE;
	while (rdp_ep_stats(p.client->ep)->tx_retransmit == 0)
		net_step(p.net);
	before = rdp_ep_stats(p.client->ep)->tx_retransmit;
	CU_ASSERT(before <= 4);
	net_run(p.net, 2 * NET_US);
	CU_ASSERT(rdp_ep_stats(p.client->ep)->tx_retransmit <= 4);
	CU_ASSERT(net_run_quiet(p.net, 10 * NET_MS));
	CU_ASSERT_EQUAL(rdp_ep_stats(p.client->ep)->tx_retransmit, 30);
	CU_ASSERT(ledger_complete());
	pair_free(&p);
}

/* From one to the other on an open session, and nothing that does not exist. */
static void
cc__changes_on_an_open_session(void)
{
	struct pair p = pair_open(NULL);
	uint64_t delay = 300 * NET_US;

	p.net->script = delayed;
	p.net->script_ctx = &delay;
	CU_ASSERT_EQUAL(run_load(&p, 5 * NET_MS).request_room, 36);
	CU_ASSERT_EQUAL(rdp_cc_set(p.c, RDP_CC_SWIFT + 1), -EINVAL);
	delay = 0;
	CU_ASSERT(net_run_quiet(p.net, 10 * NET_MS));
	p.client->ep->conf.cc_target_ns = TARGET_NS;
	CU_ASSERT_EQUAL(rdp_cc_set(p.c, RDP_CC_SWIFT), 0);
	CU_ASSERT_EQUAL(run_load(&p, NET_MS).request_room, 36);
	delay = 300 * NET_US;
	CU_ASSERT(run_load(&p, 10 * NET_MS).request_room < 8);
	CU_ASSERT_EQUAL(rdp_cc_set(p.c, RDP_CC_FIXED), 0);
	CU_ASSERT_EQUAL(p.c->request_room, 36);
	CU_ASSERT_EQUAL(p.c->tx_room, 64);
	CU_ASSERT_EQUAL(run_load(&p, 5 * NET_MS).request_room, 36);
	delay = 0;
	CU_ASSERT(net_run_quiet(p.net, 10 * NET_MS));
	node_close(p.client, p.c);
	CU_ASSERT_EQUAL(rdp_cc_set(p.c, RDP_CC_SWIFT), -ENOTCONN);
	CU_ASSERT(ledger_complete());
	pair_free(&p);
}

CU_TestInfo swift_tests[] = {
	TEST(swift__a_lone_session_has_its_window),
	TEST(swift__a_long_way_is_no_congestion),
	TEST(swift__polling_seldom_is_no_congestion),
	TEST(swift__follows_the_delay),
	TEST(swift__paces_below_one_frame),
	TEST(swift__paces_at_any_time),
	TEST(swift__time_outs),
	TEST(swift__losses),
	TEST(swift__repeats_no_faster_than_its_window),
	TEST(cc__changes_on_an_open_session),
	CU_TEST_INFO_NULL,
};
