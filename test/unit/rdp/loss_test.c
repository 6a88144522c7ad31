/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/* Loss, time-outs, keep-alive and the end of patience: doc/protocol.md, "Delivery". */

#include "session_tests.h"

#define WHEEL_NS (UINT64_C(1) << RDP_WHEEL_SHIFT) /* a timer may be late by this */
#define RTT_NS   (10 * NET_US)

/* Give the estimators some round trips of small requests and their answers. */
static void
warm_up(struct pair *p)
{
	for (int i = 0; i < 20; i++) {
		CU_ASSERT(node_request(p->client, p->c, 64, 64) >= 0);
		CU_ASSERT(node_request(p->server, p->s, 64, 64) >= 0);
		net_run(p->net, 40 * NET_US);
	}
	CU_ASSERT(net_run_quiet(p->net, NET_MS));
	net_log_clear(p->net);
}

/* When a number left for the @p nth time. */
static uint64_t
sent_at(const struct net *net, unsigned int from, uint32_t psn, unsigned int nth)
{
	for (uint32_t i = 0; i < net->nb_log; i++)
		if (net->log[i].from == from && net->log[i].type == WIRE_DATA &&
			net->log[i].psn == psn && nth-- == 0)
			return net->log[i].ns;
	return 0;
}

static void
loss__one_frame_comes_again_after_a_round_trip(void)
{
	struct pair p = pair_open(NULL);
	uint32_t lost;
	uint64_t took;

	warm_up(&p);
	lost = p.c->tx_next;
	p.net->port[CLIENT].drop_next[WIRE_DATA] = 1;
	for (int i = 0; i < 10; i++) {
		pair_frames(p.client, p.c, 1);
		net_run(p.net, NET_US);
	}
	CU_ASSERT(net_run_quiet(p.net, NET_MS));
	CU_ASSERT_EQUAL(net_logged_psn(p.net, CLIENT, lost), 2);
	took = sent_at(p.net, CLIENT, lost, 1) - sent_at(p.net, CLIENT, lost, 0);
	CU_ASSERT(took >= RTT_NS);
	CU_ASSERT(took <= 2 * RTT_NS);
	for (uint32_t i = 1; i < 10; i++)
		CU_ASSERT_EQUAL(net_logged_psn(p.net, CLIENT, lost + i), 1);
	CU_ASSERT_EQUAL(rdp_ep_stats(p.client->ep)->tx_retransmit, 1);
	CU_ASSERT_EQUAL(rdp_ep_stats(p.client->ep)->rto, 0);
	CU_ASSERT(ledger_complete());
	pair_free(&p);
}

/* Repetitions say so, carry the same number and a new time. */
static void
loss__repetition_is_marked(void)
{
	struct pair p = pair_open(NULL);
	const struct net_frame *first, *again;

	warm_up(&p);
	p.net->port[CLIENT].drop_next[WIRE_DATA] = 1;
	pair_frames(p.client, p.c, 3);
	CU_ASSERT(net_run_quiet(p.net, NET_MS));
	first = net_find(p.net, CLIENT, WIRE_DATA, 0);
	again = net_find(p.net, CLIENT, WIRE_DATA, 3);
	CU_ASSERT_PTR_NOT_NULL_FATAL(again);
	CU_ASSERT_EQUAL(again->psn, first->psn);
	CU_ASSERT_EQUAL(first->flags & WIRE_F_RETRANSMIT, 0);
	CU_ASSERT_NOT_EQUAL(again->flags & WIRE_F_RETRANSMIT, 0);
	CU_ASSERT_EQUAL(again->ts, (uint32_t)(again->ns >> WIRE_TS_SHIFT));
	CU_ASSERT_EQUAL(again->len, first->len);
	pair_free(&p);
}

/* Overtaken, by less than a quarter of a round trip: that is no loss. */
static void
loss__not_every_overtaking_is_one(void)
{
	struct pair p = pair_open(NULL);

	warm_up(&p);
	pair_keep_next(&p, CLIENT, WIRE_DATA);
	pair_frames(p.client, p.c, 5);
	net_run(p.net, NET_US);
	net_replay(p.net, 0);
	CU_ASSERT(net_run_quiet(p.net, NET_MS));
	CU_ASSERT_EQUAL(rdp_ep_stats(p.client->ep)->tx_retransmit, 0);
	CU_ASSERT(ledger_complete());
	pair_free(&p);
}

/* The repetition is lost too, and again: only evidence or a time-out brings the next. */
static void
loss__repetition_lost(void)
{
	for (unsigned int times = 2; times <= 4; times++) {
		struct pair p = pair_open(NULL);
		uint32_t lost;

		warm_up(&p);
		lost = p.c->tx_next;
		p.net->port[CLIENT].drop_next[WIRE_DATA] = 1;
		pair_frames(p.client, p.c, 1);
		pair_frames(p.client, p.c, 4);
		p.net->port[CLIENT].drop_next[WIRE_DATA] = times - 1;
		CU_ASSERT(net_run_quiet(p.net, 10 * NET_MS));
		CU_ASSERT_EQUAL(net_logged_psn(p.net, CLIENT, lost), times + 1);
		CU_ASSERT_EQUAL(rdp_ep_stats(p.client->ep)->tx_retransmit, times);
		CU_ASSERT(ledger_complete());
		pair_free(&p);
	}
}

/* What tells of the loss comes in one burst with the end of the session: nothing is repeated, and
 * nobody is asked for lent data of a session that has gone. */
static void
loss__nothing_is_repeated_after_the_end(void)
{
	struct pair p = pair_open(NULL);

	warm_up(&p);
	p.net->port[CLIENT].drop_next[WIRE_DATA] = 1;
	pair_keep_next(&p, SERVER, WIRE_ACK);
	CU_ASSERT_EQUAL(pair_frames(p.client, p.c, 1), 1);
	net_run(p.net, RTT_NS / 2);
	CU_ASSERT_EQUAL(pair_frames(p.client, p.c, 3), 3);
	CU_ASSERT_PTR_NOT_NULL_FATAL(pair_kept(&p));
	pair_keep_next(&p, SERVER, WIRE_CLOSE);
	node_close(p.server, p.s);
	net_run(p.net, 50 * NET_US);
	CU_ASSERT_EQUAL_FATAL(p.net->nb_jar, 2);
	net_replay(p.net, 0);
	net_replay(p.net, 1);
	net_run(p.net, 20 * NET_US);
	CU_ASSERT_EQUAL(p.client->closed, 1);
	CU_ASSERT_EQUAL(rdp_ep_stats(p.client->ep)->tx_retransmit, 0);
	pair_free(&p);
}

static void
late_answers(void *ctx, const struct net_frame *f, struct net_fate *fate)
{
	fate->delay_ns = f->from == SERVER ? 150 * NET_US : 0;
}

/* What was sent again is not sent once more because its acknowledgement is slow, whatever the
 * clock says. */
static void
loss__slow_acknowledgement_is_no_second_loss(void)
{
	static const uint64_t starts[] = {NET_S, UINT64_C(1) << 37, (UINT64_C(1) << 38) - NET_MS,
		(UINT64_C(3) << 37) + NET_S};

	for (unsigned int i = 0; i < RTE_DIM(starts); i++) {
		struct pair p = pair_start(NULL);
		uint32_t lost;

		p.net->now_ns = starts[i];
		CU_ASSERT_EQUAL(node_stop(p.server) + node_stop(p.client), 0);
		p.server = node_start_plain(p.net, SERVER);
		p.client = node_start_plain(p.net, CLIENT);
		pair_connect(&p);
		warm_up(&p);
		lost = p.c->tx_next;
		p.net->port[CLIENT].drop_next[WIRE_DATA] = 1;
		pair_frames(p.client, p.c, 5);
		net_run(p.net, 14 * NET_US);
		CU_ASSERT_EQUAL(net_logged_psn(p.net, CLIENT, lost), 2);
		/* From here on answers take ten times as long. */
		p.net->script = late_answers;
		CU_ASSERT(net_run_quiet(p.net, NET_MS));
		CU_ASSERT_EQUAL(net_logged_psn(p.net, CLIENT, lost), 2);
		CU_ASSERT_EQUAL(rdp_ep_stats(p.client->ep)->rto, 0);
		pair_free(&p);
	}
}

/* Nothing was sent after the lost one: the time-out, 200 us. */
static void
timeout__of_the_last_frame(void)
{
	struct pair p = pair_open(NULL);
	uint64_t took;
	uint32_t lost;

	warm_up(&p);
	lost = p.c->tx_next;
	p.net->port[CLIENT].drop_next[WIRE_DATA] = 1;
	pair_frames(p.client, p.c, 1);
	CU_ASSERT(net_run_quiet(p.net, NET_MS));
	CU_ASSERT_EQUAL(net_logged_psn(p.net, CLIENT, lost), 2);
	took = sent_at(p.net, CLIENT, lost, 1) - sent_at(p.net, CLIENT, lost, 0);
	CU_ASSERT(took >= 200 * NET_US);
	CU_ASSERT(took <= 200 * NET_US + WHEEL_NS);
	CU_ASSERT_EQUAL(rdp_ep_stats(p.client->ep)->rto, 1);
	CU_ASSERT(ledger_complete());
	pair_free(&p);
}

/* The same in the middle of traffic, when the timer was armed for an older frame. */
static void
timeout__of_the_last_frame_after_others(void)
{
	for (unsigned int before = 1; before < 40; before++) {
		struct pair p = pair_open(NULL);
		uint64_t took;
		uint32_t lost;

		for (unsigned int i = 0; i < before; i++) {
			pair_frames(p.client, p.c, 1);
			net_run(p.net, 9 * NET_US);
		}
		lost = p.c->tx_next;
		p.net->port[CLIENT].drop_next[WIRE_DATA] = 1;
		pair_frames(p.client, p.c, 1);
		CU_ASSERT(net_run_quiet(p.net, NET_MS));
		CU_ASSERT_EQUAL(net_logged_psn(p.net, CLIENT, lost), 2);
		took = sent_at(p.net, CLIENT, lost, 1) - sent_at(p.net, CLIENT, lost, 0);
		CU_ASSERT(took >= 200 * NET_US);
		CU_ASSERT(took <= 200 * NET_US + 2 * WHEEL_NS);
		pair_free(&p);
	}
}

/* Doubled each time, up to 100 ms. */
static void
timeout__doubles(void)
{
	struct pair p = pair_open(NULL);
	uint32_t lost;

	warm_up(&p);
	lost = p.c->tx_next;
	p.net->port[CLIENT].cut_off = true;
	pair_frames(p.client, p.c, 1);
	net_run(p.net, NET_S);
	CU_ASSERT(net_logged_psn(p.net, CLIENT, lost) >= 15);
	for (unsigned int i = 0; i < 15; i++) {
		uint64_t gap = sent_at(p.net, CLIENT, lost, i + 1) -
		               sent_at(p.net, CLIENT, lost, i);
		uint64_t want = RTE_MIN(200 * NET_US << i, 100 * NET_MS);

		CU_ASSERT(gap >= want);
		CU_ASSERT(gap <= want + 2 * WHEEL_NS);
	}
	p.net->port[CLIENT].cut_off = false;
	CU_ASSERT(net_run_quiet(p.net, 200 * NET_MS));
	CU_ASSERT(ledger_complete());
	CU_ASSERT_EQUAL(p.c->backoff, 0);
	pair_free(&p);
}

/* Nobody heard of 20 frames: one time-out, and its acknowledgement brings the others at once. */
static void
timeout__one_brings_all(void)
{
	struct pair p = pair_open(NULL);

	warm_up(&p);
	p.net->port[CLIENT].drop_next[WIRE_DATA] = 20;
	pair_frames(p.client, p.c, 20);
	CU_ASSERT(net_run_quiet(p.net, 400 * NET_US));
	CU_ASSERT_EQUAL(rdp_ep_stats(p.client->ep)->rto, 1);
	CU_ASSERT_EQUAL(rdp_ep_stats(p.client->ep)->tx_retransmit, 20);
	CU_ASSERT(ledger_complete());
	pair_free(&p);
}

static void
lose_repetitions(void *ctx, const struct net_frame *f, struct net_fate *fate)
{
	const uint32_t *psn = ctx;

	fate->drop |= f->type == WIRE_DATA && f->psn == *psn && (f->flags & WIRE_F_RETRANSMIT);
}

/* After a break in the line the next time-out is as short as ever. */
static void
timeout__is_short_again_after_a_break(void)
{
	struct pair p = pair_open(NULL);
	uint64_t took;
	uint32_t last;

	warm_up(&p);
	p.net->port[CLIENT].cut_off = true;
	last = p.c->tx_next + 7;
	pair_frames(p.client, p.c, 8);
	net_run(p.net, 60 * NET_MS);
	CU_ASSERT_EQUAL(net_logged_psn(p.net, CLIENT, last), 1);
	/* The line is back. All come again, but the last is lost: first among others, which tells,
	 * and then alone, which nothing tells. */
	p.net->port[CLIENT].cut_off = false;
	p.net->script = lose_repetitions;
	p.net->script_ctx = &last;
	while (net_logged_psn(p.net, CLIENT, last) < 3)
		net_step(p.net);
	p.net->script = NULL;
	CU_ASSERT(net_run_quiet(p.net, 200 * NET_MS));
	CU_ASSERT_EQUAL(net_logged_psn(p.net, CLIENT, last), 4);
	took = sent_at(p.net, CLIENT, last, 3) - sent_at(p.net, CLIENT, last, 2);
	CU_ASSERT(took <= 200 * NET_US + 2 * WHEEL_NS);
	CU_ASSERT(ledger_complete());
	pair_free(&p);
}

/* The timer of the frame before comes due while the next one is being filled. */
static void
timeout__watches_a_frame_that_was_open(void)
{
	struct pair p = pair_open(NULL);

	warm_up(&p);
	p.net->port[CLIENT].drop_next[WIRE_DATA] = 1;
	rdp_timer_arm(p.c, p.net->now_ns);
	CU_ASSERT(node_request(p.client, p.c, 64, 0) >= 0);
	p.net->now_ns += 2 * WHEEL_NS;
	CU_ASSERT(net_run_quiet(p.net, NET_MS));
	CU_ASSERT_EQUAL(rdp_ep_stats(p.client->ep)->rto, 1);
	CU_ASSERT(ledger_complete());
	pair_free(&p);
}

/* It comes due while the next frame is full, and waits for the flush. */
static void
timeout__watches_a_frame_that_was_closed(void)
{
	struct pair p = pair_open(NULL);

	warm_up(&p);
	p.net->port[CLIENT].drop_next[WIRE_DATA] = 2;
	p.c->no_coalesce = true;
	rdp_timer_arm(p.c, p.net->now_ns);
	CU_ASSERT(node_request(p.client, p.c, 64, 0) >= 0);
	CU_ASSERT(node_request(p.client, p.c, 64, 0) >= 0);
	p.net->now_ns += 2 * WHEEL_NS;
	CU_ASSERT(net_run_quiet(p.net, NET_MS));
	CU_ASSERT_EQUAL(rdp_ep_stats(p.client->ep)->rto, 1);
	CU_ASSERT(ledger_complete());
	pair_free(&p);
}

static void
double_delay(void *ctx, const struct net_frame *f, struct net_fate *fate)
{
	fate->delay_ns = *(const uint64_t *)ctx;
}

/* The estimate follows the path, and a slower one does not cause repetitions for long. */
static void
rtt__follows_the_path(void)
{
	struct pair p = pair_open(NULL);
	uint64_t more = 0, before;

	p.net->script = double_delay;
	p.net->script_ctx = &more;
	warm_up(&p);
	CU_ASSERT(p.c->srtt << WIRE_TS_SHIFT >= RTT_NS);
	CU_ASSERT(p.c->srtt << WIRE_TS_SHIFT <= RTT_NS + 2 * NET_US);
	more = 300 * NET_US;
	for (int i = 0; i < 60; i++) {
		CU_ASSERT(node_request(p.client, p.c, 64, 64) >= 0);
		net_run(p.net, 2 * NET_MS);
	}
	CU_ASSERT(p.c->srtt << WIRE_TS_SHIFT >= 600 * NET_US);
	CU_ASSERT(p.c->srtt << WIRE_TS_SHIFT <= 630 * NET_US);
	before = rdp_ep_stats(p.client->ep)->tx_retransmit;
	CU_ASSERT(before <= 10);
	for (int i = 0; i < 60; i++) {
		CU_ASSERT(node_request(p.client, p.c, 64, 64) >= 0);
		net_run(p.net, 2 * NET_MS);
	}
	CU_ASSERT_EQUAL(rdp_ep_stats(p.client->ep)->tx_retransmit, before);
	CU_ASSERT(ledger_complete());
	pair_free(&p);
}

/* The path was long; it has become short while frames were in flight all the time, and the last of
 * them is lost. */
static void
timeout__of_a_path_that_became_short(void)
{
	struct pair p = pair_open(NULL);
	uint64_t more = 10 * NET_MS, until;

	p.net->script = double_delay;
	p.net->script_ctx = &more;
	for (int i = 0; i < 20; i++) {
		CU_ASSERT(node_request(p.client, p.c, 64, 64) >= 0);
		net_run(p.net, 30 * NET_MS);
	}
	CU_ASSERT(p.c->srtt << WIRE_TS_SHIFT >= 15 * NET_MS);
	CU_ASSERT(node_request(p.client, p.c, 64, 64) >= 0);
	net_run(p.net, 5 * NET_MS);
	more = 0;
	until = p.net->now_ns + 5 * NET_MS;
	while (p.net->now_ns < until || rdp_in_flight(p.c) == 0) {
		node_request(p.client, p.c, 64, 64);
		net_run(p.net, 3 * NET_US);
	}
	CU_ASSERT(p.c->srtt << WIRE_TS_SHIFT <= 2 * RTT_NS);
	p.net->port[CLIENT].drop_next[WIRE_DATA] = 1;
	CU_ASSERT(node_request(p.client, p.c, 64, 64) >= 0);
	CU_ASSERT(net_run_quiet(p.net, NET_MS));
	CU_ASSERT(ledger_complete());
	pair_free(&p);
}

/* The application did something else for a while: what it sends then is not old already. */
static void
rtt__after_a_pause_of_the_application(void)
{
	struct pair p = pair_open(NULL);

	warm_up(&p);
	p.net->now_ns += 5 * NET_MS;
	CU_ASSERT(node_request(p.client, p.c, 64, 64) >= 0);
	rdp_flush(p.client->ep);
	CU_ASSERT_EQUAL(p.net->log[0].ts, (uint32_t)(p.net->now_ns >> WIRE_TS_SHIFT));
	CU_ASSERT(net_run_quiet(p.net, NET_MS));
	CU_ASSERT_EQUAL(rdp_ep_stats(p.client->ep)->tx_retransmit, 0);
	CU_ASSERT(p.c->srtt << WIRE_TS_SHIFT <= RTT_NS + 2 * NET_US);
	pair_free(&p);
}

/* The peer's delay is taken off: an acknowledgement that waited 25 us is no slower path. */
static void
rtt__without_the_delay_of_acknowledgements(void)
{
	struct pair p = pair_open(NULL);

	for (int i = 0; i < 40; i++) {
		pair_frames(p.client, p.c, 1);
		net_run(p.net, 100 * NET_US);
	}
	CU_ASSERT(p.c->srtt << WIRE_TS_SHIFT >= RTT_NS);
	CU_ASSERT(p.c->srtt << WIRE_TS_SHIFT <= RTT_NS + 2 * NET_US);
	pair_free(&p);
}

/* One end has only acknowledged, for longer than the sign of a time stamp lasts. Then it sends,
 * and measures, and finds a loss as quickly as ever. */
static void
rtt__after_a_long_one_way_conversation(void)
{
	struct pair p = pair_open(NULL);
	uint32_t lost;

	p.net->logging = false;
	p.net->step_ns = 10 * NET_US;
	for (int i = 0; i < 1450; i++) { /* 145 s */
		CU_ASSERT(node_request(p.client, p.c, 64, 0) >= 0);
		net_run(p.net, 100 * NET_MS);
	}
	CU_ASSERT_EQUAL(net_logged(p.net, SERVER, WIRE_DATA), 0);
	p.net->step_ns = 500;
	p.net->logging = true;
	CU_ASSERT(node_request(p.server, p.s, 64, 0) >= 0);
	CU_ASSERT(net_run_quiet(p.net, NET_MS));
	CU_ASSERT(p.s->srtt << WIRE_TS_SHIFT >= RTT_NS);
	CU_ASSERT(p.s->srtt << WIRE_TS_SHIFT <= RTT_NS + 2 * NET_US);
	lost = p.s->tx_next;
	p.net->port[SERVER].drop_next[WIRE_DATA] = 1;
	pair_frames(p.server, p.s, 1);
	pair_frames(p.server, p.s, 4);
	CU_ASSERT(net_run_quiet(p.net, NET_MS));
	CU_ASSERT_EQUAL(rdp_ep_stats(p.server->ep)->rto, 0);
	CU_ASSERT_EQUAL(net_logged_psn(p.net, SERVER, lost), 2);
	CU_ASSERT(sent_at(p.net, SERVER, lost, 1) - sent_at(p.net, SERVER, lost, 0) < 2 * RTT_NS);
	CU_ASSERT(ledger_complete());
	pair_free(&p);
}

static void
one_at_a_time(struct node *node)
{
	struct pair *p = node->user;

	if (node->responses_in == ledger_sent())
		node_request(node, p->c, 64, 64);
}

static bool
thousand_answers(void *node)
{
	return ((const struct node *)node)->responses_in >= 1000;
}

/* However many frames are lost, what is measured is the path, not the time-outs. */
static void
rtt__of_a_path_that_loses_half(void)
{
	struct pair p = pair_open(NULL);

	p.net->logging = false;
	p.net->chances.drop = 0.5;
	p.client->user = &p;
	p.client->pump = one_at_a_time;
	CU_ASSERT(net_run_until(p.net, thousand_answers, p.client, 100 * NET_S));
	p.client->pump = NULL;
	CU_ASSERT(p.c->srtt << WIRE_TS_SHIFT < 60 * NET_US);
	CU_ASSERT(p.s->srtt << WIRE_TS_SHIFT < 60 * NET_US);
	p.net->chances.drop = 0;
	CU_ASSERT(net_run_quiet(p.net, NET_S));
	CU_ASSERT(ledger_complete());
	pair_free(&p);
}

static void
no_crc(struct node_conf *conf)
{
	conf->rdp.crc = false;
}

/* The port holds on to what it sent: repetitions are copies. net.c sees to it that the first
 * ones do not change. */
static void
retransmit__while_the_port_holds_the_first(void)
{
	for (unsigned int crc = 0; crc < 2; crc++) {
		struct pair p = pair_open(crc ? NULL : no_crc);

		p.net->port[CLIENT].keeps = 200;
		warm_up(&p);
		for (int round = 0; round < 10; round++) {
			p.net->port[CLIENT].drop_next[WIRE_DATA] = 4;
			pair_frames(p.client, p.c, 9);
			CU_ASSERT(net_run_quiet(p.net, 10 * NET_MS));
		}
		CU_ASSERT(rdp_ep_stats(p.client->ep)->tx_retransmit >= 40);
		CU_ASSERT(rdp_ep_stats(p.client->ep)->tx_retransmit <= 45);
		CU_ASSERT(ledger_complete());
		pair_free(&p);
	}
}

/* Pressure is that of now in each frame, also of one that goes again. */
static void
retransmit__with_the_pressure_of_now(void)
{
	struct pair p = pair_open(NULL);

	p.client->ep->pressure = 5;
	p.net->port[CLIENT].drop_next[WIRE_DATA] = 2;
	pair_frames(p.client, p.c, 1);
	p.client->ep->pressure = 10;
	CU_ASSERT(net_run_quiet(p.net, 10 * NET_MS));
	CU_ASSERT_EQUAL(net_logged(p.net, CLIENT, WIRE_DATA), 3);
	CU_ASSERT_EQUAL(net_find(p.net, CLIENT, WIRE_DATA, 0)->flags >> WIRE_PRESSURE_SHIFT, 5);
	/* It falls by one every quarter of a millisecond, for there are buffers. */
	for (unsigned int i = 1; i < 3; i++) {
		unsigned int now = net_find(p.net, CLIENT, WIRE_DATA, i)->flags >>
		                   WIRE_PRESSURE_SHIFT;

		CU_ASSERT(now >= 7);
		CU_ASSERT(now <= 10);
	}
	pair_free(&p);
}

/* Lost, and not yet sent again because the port takes nothing: once in the queue is enough. */
static void
retransmit__once_while_the_port_is_full(void)
{
	struct pair p = pair_open(NULL);

	warm_up(&p);
	p.net->port[CLIENT].drop_next[WIRE_DATA] = 5;
	pair_frames(p.client, p.c, 10);
	p.net->port[CLIENT].tx_most = 0;
	net_run(p.net, 10 * NET_MS);
	CU_ASSERT_EQUAL(p.client->ep->txq_len, 5);
	p.net->port[CLIENT].tx_most = 32;
	CU_ASSERT(net_run_quiet(p.net, 10 * NET_MS));
	CU_ASSERT_EQUAL(rdp_ep_stats(p.client->ep)->tx_retransmit, 5);
	CU_ASSERT(ledger_complete());
	pair_free(&p);
}

/* Acknowledged while its repetition still waits for the port. */
static void
retransmit__acknowledged_in_the_queue(void)
{
	struct pair p = pair_open(NULL);

	warm_up(&p);
	p.net->port[SERVER].cut_off = true;
	pair_frames(p.client, p.c, 10);
	net_run(p.net, 100 * NET_US);
	p.net->port[CLIENT].tx_most = 0;
	net_run(p.net, 2 * NET_MS);
	CU_ASSERT_EQUAL(p.client->ep->txq_len, 1);
	p.net->port[SERVER].cut_off = false;
	pair_frames(p.server, p.s, 1);
	net_run(p.net, 100 * NET_US);
	CU_ASSERT_EQUAL(rdp_in_flight(p.c), 0);
	p.net->port[CLIENT].tx_most = 32;
	CU_ASSERT(net_run_quiet(p.net, 10 * NET_MS));
	CU_ASSERT_EQUAL(rdp_ep_stats(p.server->ep)->rx_duplicate, 1);
	CU_ASSERT(ledger_complete());
	pair_free(&p);
}

/* Idle: one frame and its acknowledgement a second, from whichever end. */
static void
keepalive__one_a_second(void)
{
	struct pair p = pair_open(NULL);
	unsigned int data, acks;

	net_run(p.net, 10 * NET_S + NET_S / 2);
	data = net_logged(p.net, CLIENT, WIRE_DATA) + net_logged(p.net, SERVER, WIRE_DATA);
	acks = net_logged(p.net, CLIENT, WIRE_ACK) + net_logged(p.net, SERVER, WIRE_ACK);
	CU_ASSERT(data >= 10);
	CU_ASSERT(data <= 11);
	CU_ASSERT_EQUAL(acks, data);
	CU_ASSERT_EQUAL(p.net->nb_log, data + acks);
	CU_ASSERT_EQUAL(p.client->closed + p.server->closed, 0);
	CU_ASSERT_EQUAL(rdp_ep_stats(p.client->ep)->rto + rdp_ep_stats(p.server->ep)->rto, 0);
	pair_free(&p);
}

static void
client_listens_long(struct node_conf *conf)
{
	if (!conf->rdp.listen)
		conf->rdp.keepalive_ns = 3600 * NET_S;
}

static void
keepalive__of_one_end_is_enough(void)
{
	struct pair p = pair_open(client_listens_long);

	net_run(p.net, 10 * NET_S + NET_S / 2);
	CU_ASSERT_EQUAL(net_logged(p.net, CLIENT, WIRE_DATA), 0);
	CU_ASSERT_EQUAL(net_logged(p.net, SERVER, WIRE_DATA), 9);
	CU_ASSERT_EQUAL(net_logged(p.net, CLIENT, WIRE_ACK), 9);
	pair_free(&p);
}

static void
keepalive__not_while_there_is_traffic(void)
{
	struct pair p = pair_open(NULL);

	p.net->step_ns = 10 * NET_US;
	for (int i = 0; i < 50; i++) {
		CU_ASSERT(node_request(p.client, p.c, 64, 64) >= 0);
		net_run(p.net, 100 * NET_MS);
	}
	CU_ASSERT_EQUAL(net_logged(p.net, CLIENT, WIRE_DATA), 50);
	CU_ASSERT_EQUAL(net_logged(p.net, SERVER, WIRE_DATA), 50);
	pair_free(&p);
}

/* With requests in flight: the peer time-out, and the last time-out of a frame. */
static void
peer_down__while_busy(void)
{
	struct pair p = pair_open(NULL);
	uint64_t start;

	warm_up(&p);
	start = p.net->now_ns;
	p.net->port[SERVER].cut_off = true;
	CU_ASSERT(node_request(p.client, p.c, 64, 64) >= 0);
	net_run(p.net, 3 * NET_S);
	CU_ASSERT_EQUAL(p.client->closed, 1);
	CU_ASSERT_EQUAL(p.client->status, -ETIMEDOUT);
	CU_ASSERT(p.client->status_ns - start >= 2 * NET_S);
	CU_ASSERT(p.client->status_ns - start <= 2 * NET_S + 101 * NET_MS);
	pair_free(&p);
}

/* Idle: a keep-alive and the peer time-out. Both ends find out. */
static void
peer_down__while_idle(void)
{
	struct pair p = pair_open(NULL);
	uint64_t start;

	warm_up(&p);
	start = p.net->now_ns;
	p.net->port[SERVER].cut_off = true;
	p.net->port[CLIENT].cut_off = true;
	net_run(p.net, 4 * NET_S);
	CU_ASSERT_EQUAL(p.client->closed, 1);
	CU_ASSERT_EQUAL(p.client->status, -ETIMEDOUT);
	CU_ASSERT(p.client->status_ns - start >= 2 * NET_S);
	CU_ASSERT(p.client->status_ns - start <= 3 * NET_S + 101 * NET_MS);
	CU_ASSERT_EQUAL(p.server->closed, 1);
	CU_ASSERT_EQUAL(p.server->status, -ETIMEDOUT);
	CU_ASSERT(p.server->status_ns - start <= 3 * NET_S + NET_S / 8 + 101 * NET_MS);
	pair_free(&p);
}

/* It answers again just in time. */
static void
peer_down__not_when_it_comes_back(void)
{
	struct pair p = pair_open(NULL);

	warm_up(&p);
	p.net->port[SERVER].cut_off = true;
	CU_ASSERT(node_request(p.client, p.c, 64, 64) >= 0);
	net_run(p.net, 1800 * NET_MS);
	p.net->port[SERVER].cut_off = false;
	CU_ASSERT(net_run_quiet(p.net, 300 * NET_MS));
	CU_ASSERT_EQUAL(p.client->closed + p.server->closed, 0);
	CU_ASSERT(ledger_complete());
	pair_free(&p);
}

static void
lose_one_number(void *ctx, const struct net_frame *f, struct net_fate *fate)
{
	fate->drop |= f->from == CLIENT && f->type == WIRE_DATA && f->psn == *(uint32_t *)ctx;
}

/* A small frame that never arrives, whoever is to blame for that, is no reason to wait for ever:
 * the session ends though the peer is heard, and not before a frame that is merely unlucky would.
 */
static void
peer_down__though_it_is_heard(void)
{
	struct pair p = pair_open(NULL);
	uint32_t psn;
	uint64_t start;

	warm_up(&p);
	psn = p.c->tx_next;
	p.net->script = lose_one_number;
	p.net->script_ctx = &psn;
	start = p.net->now_ns;
	CU_ASSERT(node_request(p.client, p.c, 64, 64) >= 0);
	for (unsigned int i = 0; i < 120 && p.client->closed == 0; i++) {
		pair_frames(p.server, p.s, 1);
		net_run(p.net, 100 * NET_MS);
	}
	CU_ASSERT_EQUAL(p.client->closed, 1);
	CU_ASSERT_EQUAL(p.client->status, -ETIMEDOUT);
	CU_ASSERT(p.client->status_ns - start >= 8 * NET_S);
	CU_ASSERT(p.client->status_ns - start <= 8 * NET_S + 101 * NET_MS);
	pair_free(&p);
}

static void
long_keepalive(struct node_conf *conf)
{
	conf->rdp.keepalive_ns = 60 * NET_S;
}

/* Silence is held against a peer only while it was asked something: not the time before. */
static void
peer_down__silence_counts_from_the_question(void)
{
	struct pair p = pair_open(long_keepalive);

	warm_up(&p);
	net_run(p.net, 10 * NET_S);
	p.net->port[CLIENT].drop_next[WIRE_DATA] = 4;
	CU_ASSERT(node_request(p.client, p.c, 64, 64) >= 0);
	CU_ASSERT(net_run_quiet(p.net, 100 * NET_MS));
	CU_ASSERT_EQUAL(p.client->closed, 0);
	CU_ASSERT(ledger_complete());
	pair_free(&p);
}

/* The process did not run for ten seconds: little to do then, and nobody is given up. */
static void
stall__of_ten_seconds(void)
{
	for (int busy = 0; busy < 2; busy++) {
		struct pair p = pair_open(NULL);
		uint32_t most = 0;

		warm_up(&p);
		if (busy)
			pair_frames(p.client, p.c, 5);
		p.net->now_ns += 10 * NET_S;
		for (int i = 0; i < 100; i++) {
			uint32_t work = rdp_poll(p.client->ep);

			most = RTE_MAX(most, work);
			rdp_flush(p.client->ep);
			p.net->now_ns += 500;
		}
		CU_ASSERT(most <= 10);
		CU_ASSERT(net_run_quiet(p.net, 500 * NET_MS));
		CU_ASSERT_EQUAL(p.client->closed + p.server->closed, 0);
		CU_ASSERT_EQUAL(p.c->state, RDP_OPEN);
		CU_ASSERT(p.net->nb_log < 40);
		CU_ASSERT(ledger_complete());
		pair_free(&p);
	}
}

/* One end sleeps for longer than the peer time-out, while the other asks in vain. */
static void
stall__of_the_peer(void)
{
	struct pair p = pair_open(NULL);
	struct node *server = p.server;

	warm_up(&p);
	p.net->node[SERVER] = NULL; /* nobody polls it */
	CU_ASSERT(node_request(p.client, p.c, 64, 64) >= 0);
	net_run(p.net, 3 * NET_S);
	CU_ASSERT_EQUAL(p.client->closed, 1);
	CU_ASSERT_EQUAL(p.client->status, -ETIMEDOUT);
	p.net->node[SERVER] = server;
	net_run(p.net, 100 * NET_MS);
	CU_ASSERT_EQUAL(p.server->closed, 1);
	CU_ASSERT_EQUAL(p.server->status, -ECONNRESET);
	pair_connect(&p);
	pair_free(&p);
}

CU_TestInfo loss_tests[] = {
	TEST(loss__one_frame_comes_again_after_a_round_trip),
	TEST(loss__repetition_is_marked),
	TEST(loss__not_every_overtaking_is_one),
	TEST(loss__repetition_lost),
	TEST(loss__nothing_is_repeated_after_the_end),
	TEST(loss__slow_acknowledgement_is_no_second_loss),
	TEST(timeout__of_the_last_frame),
	TEST(timeout__of_the_last_frame_after_others),
	TEST(timeout__doubles),
	TEST(timeout__one_brings_all),
	TEST(timeout__is_short_again_after_a_break),
	TEST(timeout__watches_a_frame_that_was_open),
	TEST(timeout__watches_a_frame_that_was_closed),
	TEST(timeout__of_a_path_that_became_short),
	TEST(rtt__follows_the_path),
	TEST(rtt__after_a_pause_of_the_application),
	TEST(rtt__without_the_delay_of_acknowledgements),
	TEST(rtt__after_a_long_one_way_conversation),
	TEST(rtt__of_a_path_that_loses_half),
	TEST(retransmit__while_the_port_holds_the_first),
	TEST(retransmit__with_the_pressure_of_now),
	TEST(retransmit__once_while_the_port_is_full),
	TEST(retransmit__acknowledged_in_the_queue),
	TEST(keepalive__one_a_second),
	TEST(keepalive__of_one_end_is_enough),
	TEST(keepalive__not_while_there_is_traffic),
	TEST(peer_down__while_busy),
	TEST(peer_down__while_idle),
	TEST(peer_down__not_when_it_comes_back),
	TEST(peer_down__though_it_is_heard),
	TEST(peer_down__silence_counts_from_the_question),
	TEST(stall__of_ten_seconds),
	TEST(stall__of_the_peer),
	CU_TEST_INFO_NULL,
};
