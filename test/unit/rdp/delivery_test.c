/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/* Window, acceptance, acknowledgement, back-pressure: doc/protocol.md, "Delivery". */

#include "session_tests.h"

/* From arrival to the turn that sees it, and the turn that answers. */
#define TURNS_NS (2 * NET_US)

static uint16_t tweak_window;

static void
with_window(struct node_conf *conf)
{
	conf->rdp.window = tweak_window;
	conf->mbufs = 2048;
}

static void
no_coalesce(struct node_conf *conf)
{
	conf->rdp.no_coalesce = true;
}

/* As many frames as requests may have, then none, then again as they are acknowledged. */
static void
window__requests_stop_at_half_and_spare(void)
{
	for (tweak_window = 8; tweak_window <= 256; tweak_window *= 2) {
		struct pair p = pair_open(with_window);
		unsigned int most = tweak_window / 2 + RTE_MAX(tweak_window / 16, 2);

		p.net->port[CLIENT].cut_off = true;
		CU_ASSERT_EQUAL(pair_frames(p.client, p.c, 1000), most);
		CU_ASSERT_EQUAL(rdp_in_flight(p.c), most);
		CU_ASSERT_EQUAL(node_request(p.client, p.c, 64, 0), -1);
		net_run(p.net, 50 * NET_US);
		CU_ASSERT_EQUAL(node_request(p.client, p.c, 64, 0), -1);
		p.net->port[CLIENT].cut_off = false;
		CU_ASSERT(net_run_quiet(p.net, 10 * NET_MS));
		CU_ASSERT_EQUAL(pair_frames(p.client, p.c, 1000), most);
		CU_ASSERT(net_run_quiet(p.net, 10 * NET_MS));
		CU_ASSERT(ledger_complete());
		CU_ASSERT_EQUAL(p.server->requests_in, 2 * most);
		pair_free(&p);
	}
}

static void
window__responses_have_the_other_half(void)
{
	struct pair p = pair_open(NULL);

	p.net->port[CLIENT].cut_off = true;
	CU_ASSERT_EQUAL(pair_frames(p.client, p.c, 1000), 36);
	/* 20 frames of responses the client owes. */
	for (int i = 0; i < 20; i++)
		CU_ASSERT(node_request(p.server, p.s, 64, p.c->mss) >= 0);
	net_run(p.net, 20 * NET_US);
	CU_ASSERT_EQUAL(p.client->requests_in, 20);
	CU_ASSERT_EQUAL(rdp_in_flight(p.c), 56);
	/* And not more than the whole. */
	for (int i = 0; i < 20; i++)
		CU_ASSERT(node_request(p.server, p.s, 64, p.c->mss) >= 0);
	net_run(p.net, 20 * NET_US);
	CU_ASSERT_EQUAL(p.client->requests_in, 28);
	CU_ASSERT_EQUAL(rdp_in_flight(p.c), 64);
	CU_ASSERT_EQUAL(p.c->parked, 1);
	p.net->port[CLIENT].cut_off = false;
	CU_ASSERT(net_run_quiet(p.net, 10 * NET_MS));
	CU_ASSERT(ledger_complete());
	pair_free(&p);
}

static void
ask_in_vain(struct node *node, struct rdp_session *s)
{
	CU_ASSERT_EQUAL(node_request(node, s, 64, 0), -1);
}

/* A frame of the other half holds no requests, and an attempt does not close it either. */
static void
window__no_requests_beside_responses_of_the_other_half(void)
{
	struct pair p = pair_open(NULL);

	p.net->port[CLIENT].cut_off = true;
	CU_ASSERT_EQUAL(pair_frames(p.client, p.c, 1000), 36);
	p.client->no_flush = true;
	p.client->on_records = ask_in_vain;
	for (int i = 0; i < 3; i++) {
		CU_ASSERT(node_request(p.server, p.s, 64, 64) >= 0);
		net_run(p.net, 10 * NET_US);
	}
	CU_ASSERT_EQUAL(p.client->requests_in, 3);
	CU_ASSERT_EQUAL(rdp_in_flight(p.c), 36);
	CU_ASSERT_PTR_NOT_NULL(p.c->open);
	p.client->no_flush = false;
	p.net->port[CLIENT].cut_off = false;
	CU_ASSERT(net_run_quiet(p.net, 10 * NET_MS));
	CU_ASSERT(ledger_complete());
	pair_free(&p);
}

static void
coalesce__many_records_to_a_frame(void)
{
	struct pair p = pair_open(NULL);
	uint32_t fit = p.c->mss / 64u;

	for (uint32_t i = 0; i < fit; i++)
		CU_ASSERT(node_request(p.client, p.c, 64, 64) >= 0);
	CU_ASSERT(net_run_quiet(p.net, NET_MS));
	CU_ASSERT_EQUAL(net_logged(p.net, CLIENT, WIRE_DATA), 1);
	CU_ASSERT_EQUAL(net_logged(p.net, SERVER, WIRE_DATA), 1);
	for (uint32_t i = 0; i < fit + 1; i++)
		CU_ASSERT(node_request(p.client, p.c, 64, 0) >= 0);
	CU_ASSERT(net_run_quiet(p.net, NET_MS));
	CU_ASSERT_EQUAL(net_logged(p.net, CLIENT, WIRE_DATA), 3);
	CU_ASSERT(ledger_complete());
	pair_free(&p);
}

static void
coalesce__off_is_one_to_a_frame(void)
{
	struct pair p = pair_open(no_coalesce);

	for (int i = 0; i < 10; i++)
		CU_ASSERT(node_request(p.client, p.c, 64, 64) >= 0);
	CU_ASSERT(net_run_quiet(p.net, NET_MS));
	CU_ASSERT_EQUAL(net_logged(p.net, CLIENT, WIRE_DATA), 10);
	CU_ASSERT_EQUAL(net_logged(p.net, SERVER, WIRE_DATA), 10);
	CU_ASSERT(ledger_complete());
	pair_free(&p);
}

static void
record__as_large_as_a_frame(void)
{
	struct pair p = pair_open(NULL);

	CU_ASSERT(node_request(p.client, p.c, p.c->mss, p.c->mss) >= 0);
	CU_ASSERT_EQUAL(node_request(p.client, p.c, p.c->mss + 8u, 0), -1);
	CU_ASSERT(net_run_quiet(p.net, NET_MS));
	CU_ASSERT(ledger_complete());
	CU_ASSERT_EQUAL(p.server->requests_in, 1);
	CU_ASSERT(net_find(p.net, CLIENT, WIRE_DATA, 0)->len <= NET_MTU + 14);
	CU_ASSERT(net_find(p.net, CLIENT, WIRE_DATA, 0)->len > NET_MTU + 14 - 8);
	pair_free(&p);
}

static void
record__nothing_leaves_before_flush(void)
{
	struct pair p = pair_open(NULL);

	p.client->no_flush = true;
	for (int i = 0; i < 100; i++)
		CU_ASSERT(node_request(p.client, p.c, 64, 0) >= 0);
	net_run(p.net, 100 * NET_US);
	CU_ASSERT_EQUAL(p.net->nb_log, 0);
	p.client->no_flush = false;
	CU_ASSERT(net_run_quiet(p.net, NET_MS));
	CU_ASSERT(ledger_complete());
	pair_free(&p);
}

/* How long after the arrival of @p n frames in one burst the acknowledgement left. */
static uint64_t
ack_after(unsigned int n)
{
	struct pair p = pair_open(NULL);
	uint64_t arrived, left;

	CU_ASSERT_EQUAL(pair_frames(p.client, p.c, n), n);
	CU_ASSERT(net_run_quiet(p.net, NET_MS));
	CU_ASSERT_EQUAL(net_logged(p.net, SERVER, WIRE_ACK), 1);
	arrived = net_find(p.net, CLIENT, WIRE_DATA, 0)->ns + p.net->latency_ns;
	left = net_find(p.net, SERVER, WIRE_ACK, 0)->ns;
	CU_ASSERT_EQUAL(net_find(p.net, SERVER, WIRE_ACK, 0)->ack, n);
	CU_ASSERT_EQUAL(net_find(p.net, SERVER, WIRE_ACK, 0)->flags & WIRE_F_SACK, 0);
	pair_free(&p);
	return left - arrived;
}

static void
ack__after_25_us(void)
{
	CU_ASSERT(ack_after(1) >= 25 * NET_US);
	CU_ASSERT(ack_after(1) <= 25 * NET_US + TURNS_NS);
	CU_ASSERT(ack_after(3) >= 25 * NET_US);
	CU_ASSERT(ack_after(3) <= 25 * NET_US + TURNS_NS);
}

/* The window is 64, so that of requests 32, and an eighth of it 4. */
static void
ack__after_an_eighth_of_the_request_window(void)
{
	CU_ASSERT(ack_after(4) <= TURNS_NS);
	CU_ASSERT(ack_after(20) <= TURNS_NS);
}

/* The delay counts from the oldest frame, not the newest. */
static void
ack__delay_is_that_of_the_oldest(void)
{
	struct pair p = pair_open(NULL);
	uint64_t first = p.net->now_ns;

	for (int i = 0; i < 3; i++) {
		CU_ASSERT_EQUAL(pair_frames(p.client, p.c, 1), 1);
		net_run(p.net, 10 * NET_US);
	}
	CU_ASSERT(net_run_quiet(p.net, NET_MS));
	CU_ASSERT_EQUAL(net_logged(p.net, SERVER, WIRE_ACK), 1);
	CU_ASSERT(net_find(p.net, SERVER, WIRE_ACK, 0)->ns <=
		  first + p.net->latency_ns + 25 * NET_US + TURNS_NS);
	pair_free(&p);
}

static void
ack__rides_on_data(void)
{
	struct pair p = pair_open(NULL);
	const struct net_frame *answer;

	CU_ASSERT(node_request(p.client, p.c, 64, 64) >= 0);
	CU_ASSERT(net_run_quiet(p.net, NET_MS));
	CU_ASSERT_EQUAL(net_logged(p.net, SERVER, WIRE_ACK), 0);
	CU_ASSERT_EQUAL(net_logged(p.net, CLIENT, WIRE_ACK), 1);
	answer = net_find(p.net, SERVER, WIRE_DATA, 0);
	CU_ASSERT_PTR_NOT_NULL_FATAL(answer);
	CU_ASSERT_EQUAL(answer->ack, 1);
	CU_ASSERT_EQUAL(answer->echo, net_find(p.net, CLIENT, WIRE_DATA, 0)->ts);
	CU_ASSERT(answer->echo_delay <= TURNS_NS / WIRE_TS_NS);
	pair_free(&p);
}

/* A frame is missing: told at once, and which ones have arrived. */
static void
ack__at_once_with_sack_for_a_gap(void)
{
	struct pair p = pair_open(NULL);
	const struct net_frame *ack;

	p.net->port[CLIENT].drop_next[WIRE_DATA] = 1;
	pair_frames(p.client, p.c, 1);
	pair_frames(p.client, p.c, 2);
	net_run(p.net, 6 * NET_US);
	ack = net_find(p.net, SERVER, WIRE_ACK, 0);
	CU_ASSERT_PTR_NOT_NULL_FATAL(ack);
	CU_ASSERT(ack->flags & WIRE_F_SACK);
	CU_ASSERT_EQUAL(ack->ack, 0);
	CU_ASSERT_EQUAL(ack->sack[0], 6);
	CU_ASSERT(net_run_quiet(p.net, NET_MS));
	CU_ASSERT(ledger_complete());
	CU_ASSERT_EQUAL(rdp_ep_stats(p.client->ep)->tx_retransmit, 1);
	/* Whole again: no bitmap. */
	CU_ASSERT_EQUAL(p.s->rx_gaps, 0);
	CU_ASSERT_EQUAL(p.net->log[p.net->nb_log - 1].flags & WIRE_F_SACK, 0);
	pair_free(&p);
}

/* A gap is told even while DATA goes the same way: it has no room for the bitmap. */
static void
ack__with_sack_beside_data(void)
{
	struct pair p = pair_open(NULL);

	p.net->port[CLIENT].drop_next[WIRE_DATA] = 1;
	pair_frames(p.client, p.c, 1);
	CU_ASSERT(node_request(p.client, p.c, 64, 64) >= 0);
	net_run(p.net, 6 * NET_US);
	CU_ASSERT_EQUAL(net_logged(p.net, SERVER, WIRE_DATA), 1);
	CU_ASSERT_EQUAL(net_logged(p.net, SERVER, WIRE_ACK), 1);
	CU_ASSERT(net_run_quiet(p.net, NET_MS));
	CU_ASSERT(ledger_complete());
	pair_free(&p);
}

static void
duplicate__is_acknowledged_again_and_not_delivered(void)
{
	struct pair p = pair_open(NULL);

	pair_keep_next(&p, CLIENT, WIRE_DATA);
	pair_frames(p.client, p.c, 1);
	net_replay(p.net, 0);
	CU_ASSERT(net_run_quiet(p.net, NET_MS));
	for (unsigned int i = 1; i <= 3; i++) {
		unsigned int acks = net_logged(p.net, SERVER, WIRE_ACK);
		uint64_t start = p.net->now_ns;

		net_replay(p.net, 0);
		CU_ASSERT(net_run_quiet(p.net, NET_MS));
		CU_ASSERT_EQUAL(rdp_ep_stats(p.server->ep)->rx_duplicate, i);
		CU_ASSERT_EQUAL(net_logged(p.net, SERVER, WIRE_ACK), acks + 1);
		CU_ASSERT(net_find(p.net, SERVER, WIRE_ACK, acks)->ns - start <=
			  p.net->latency_ns + TURNS_NS);
	}
	CU_ASSERT_EQUAL(p.server->requests_in, 1);
	CU_ASSERT(ledger_complete());
	pair_free(&p);
}

/* One that overtook others, twice. */
static void
duplicate__of_a_frame_ahead(void)
{
	struct pair p = pair_open(NULL);

	p.net->port[CLIENT].drop_next[WIRE_DATA] = 1;
	pair_frames(p.client, p.c, 1);
	pair_keep_next(&p, CLIENT, WIRE_DATA);
	pair_frames(p.client, p.c, 1);
	net_replay(p.net, 0);
	net_replay(p.net, 0);
	net_run(p.net, 7 * NET_US);
	CU_ASSERT_EQUAL(rdp_ep_stats(p.server->ep)->rx_duplicate, 1);
	CU_ASSERT_EQUAL(p.s->rx_gaps, 1);
	CU_ASSERT_EQUAL(p.server->requests_in, 1);
	CU_ASSERT(net_run_quiet(p.net, NET_MS));
	CU_ASSERT(ledger_complete());
	pair_free(&p);
}

/* Number, relative to the next expected, and whether a frame with it is accepted. */
static void
check_acceptance(uint32_t ahead, bool accepted)
{
	struct pair p = pair_open(NULL);
	struct net_packet *frame;
	struct wire_ipv4_hdrs *h;

	pair_start_psn(p.c, p.s, 0xffffff80);
	pair_keep_next(&p, CLIENT, WIRE_DATA);
	pair_frames(p.client, p.c, 1);
	frame = pair_kept(&p);
	h = (struct wire_ipv4_hdrs *)frame->bytes;
	h->frame.psn = rte_cpu_to_be_32(p.s->rx_next + ahead);
	net_repair(frame->bytes, frame->len);
	net_replay(p.net, 0);
	net_run(p.net, 6 * NET_US);
	CU_ASSERT_EQUAL(p.server->requests_in, accepted);
	CU_ASSERT_EQUAL(rdp_ep_stats(p.server->ep)->rx_duplicate, !accepted);
	CU_ASSERT_EQUAL(p.s->rx_gaps, accepted && ahead > 0);
	ledger_reset();
	pair_free(&p);
}

static void
accept__less_than_256_ahead(void)
{
	check_acceptance(0, true);
	check_acceptance(1, true);
	check_acceptance(127, true);
	check_acceptance(128, true);
	check_acceptance(255, true);
	check_acceptance(256, false);
	check_acceptance(257, false);
	check_acceptance(0x7fffffff, false);
	check_acceptance(0x80000000, false);
	check_acceptance((uint32_t)-1, false);
	check_acceptance((uint32_t)-255, false);
	check_acceptance((uint32_t)-256, false);
}

static void
lose_some(void *ctx, const struct net_frame *f, struct net_fate *fate)
{
	struct net *net = ctx;

	fate->drop = net_chance(net, 0.2);
	fate->copies = net_chance(net, 0.1);
	fate->delay_ns = net_chance(net, 0.1) ? net_random_below(net, 30000) : 0;
}

static bool
drained(void *ctx)
{
	struct pair *p = ctx;

	if (ledger_sent() < 600) {
		node_request(p->client, p->c, 400, 400);
		node_request(p->server, p->s, 400, 400);
	}
	return ledger_sent() >= 600 && node_quiet(p->client) && node_quiet(p->server) &&
	       p->net->port[0].arriving == NULL && p->net->port[1].arriving == NULL;
}

/* Loss, copies and disorder while the numbers of both directions go through @p psn. */
static void
check_numbers(uint32_t psn)
{
	struct pair p = pair_open(NULL);

	pair_start_psn(p.c, p.s, psn - 40);
	pair_start_psn(p.s, p.c, psn - 70);
	p.net->script = lose_some;
	p.net->script_ctx = p.net;
	CU_ASSERT(net_run_until(p.net, drained, &p, 10 * NET_S));
	CU_ASSERT(ledger_complete());
	CU_ASSERT_EQUAL(p.client->closed + p.server->closed, 0);
	CU_ASSERT((int32_t)(p.c->tx_next - psn) > 0);
	CU_ASSERT(rdp_ep_stats(p.client->ep)->tx_retransmit < 400);
	pair_free(&p);
}

static void
numbers__wrap(void)
{
	check_numbers(0);
	check_numbers(256);
}

/* No frame was lost since the session began, and then one is. */
static void
numbers__half_way_round(void)
{
	check_numbers(0x80000000);
	check_numbers(0x80000100);
	check_numbers(0xc0000000);
}

static void
check_clock(uint64_t start_ns)
{
	struct pair p = pair_start(NULL);

	CU_ASSERT_EQUAL(node_stop(p.server) + node_stop(p.client), 0);
	p.net->now_ns = start_ns;
	p.server = node_start_plain(p.net, SERVER);
	p.client = node_start_plain(p.net, CLIENT);
	pair_connect(&p);
	p.net->script = lose_some;
	p.net->script_ctx = p.net;
	CU_ASSERT(net_run_until(p.net, drained, &p, 10 * NET_S));
	CU_ASSERT(ledger_complete());
	CU_ASSERT(p.c->srtt << WIRE_TS_SHIFT < 60 * NET_US);
	CU_ASSERT(p.s->srtt << WIRE_TS_SHIFT < 60 * NET_US);
	CU_ASSERT(p.net->now_ns > start_ns + 300 * NET_US);
	pair_free(&p);
}

/* Time stamps wrap every 4.6 minutes, and change their sign in between. */
static void
time_stamps__wrap(void)
{
	check_clock((UINT64_C(1) << 38) - 300 * NET_US);
	check_clock((UINT64_C(1) << 37) - 300 * NET_US);
	check_clock((UINT64_C(1) << 37) + NET_S);
	check_clock((UINT64_C(3) << 38) + NET_S);
}

/* A handler without room: frames wait, in order, and are acknowledged. */
static void
park__frames_wait_and_go_on_in_order(void)
{
	struct pair p = pair_open(NULL);

	p.server->deaf = true;
	CU_ASSERT_EQUAL(pair_frames(p.client, p.c, 30), 30);
	net_run(p.net, 100 * NET_US);
	CU_ASSERT_EQUAL(p.s->parked, 30);
	CU_ASSERT_EQUAL(rdp_ep_stats(p.server->ep)->rx_parked, 30);
	CU_ASSERT_EQUAL(rdp_in_flight(p.c), 0);
	CU_ASSERT_EQUAL(p.server->requests_in, 0);
	p.server->deaf = false;
	CU_ASSERT(net_run_quiet(p.net, NET_MS));
	CU_ASSERT_EQUAL(p.server->requests_in, 30);
	CU_ASSERT_EQUAL(p.server->overtaken, 0);
	CU_ASSERT_EQUAL(rdp_ep_stats(p.client->ep)->tx_retransmit, 0);
	CU_ASSERT(ledger_complete());
	pair_free(&p);
}

static void
ask(struct node *node)
{
	while (node_request(node, node->session, 32, 0) >= 0)
		;
}

static void
ask_regardless(struct node *node)
{
	node->session->peer_pressure = 0;
	rdp_cc_update(node->session);
	ask(node);
}

/* With 64 frames parked the peer is told to ask no more; what was on its way is parked too. */
static void
park__peer_stops_asking_at_64(void)
{
	for (tweak_window = 16; tweak_window <= 256; tweak_window *= 2) {
		struct pair p = pair_open(with_window);

		p.server->deaf = true;
		p.client->pump = ask;
		net_run(p.net, 200 * NET_US);
		CU_ASSERT(p.s->parked >= 64);
		CU_ASSERT(p.s->parked <= 64 + tweak_window / 2 + tweak_window / 16 + 2);
		CU_ASSERT_EQUAL(p.c->peer_pressure, WIRE_PRESSURE_FULL);
		CU_ASSERT_EQUAL(rdp_in_flight(p.c), 0);
		CU_ASSERT_EQUAL(rdp_ep_stats(p.server->ep)->rx_refused, 0);
		CU_ASSERT_EQUAL(rdp_ep_stats(p.client->ep)->tx_retransmit, 0);
		p.client->pump = NULL;
		p.server->deaf = false;
		/* Responses, or the next that is sent at all, tell that there is room again. */
		CU_ASSERT(node_request(p.server, p.s, 64, 64) >= 0);
		CU_ASSERT(net_run_quiet(p.net, NET_MS));
		CU_ASSERT_EQUAL(p.c->peer_pressure, 0);
		CU_ASSERT(node_request(p.client, p.c, 64, 64) >= 0);
		CU_ASSERT(net_run_quiet(p.net, NET_MS));
		CU_ASSERT(ledger_complete());
		pair_free(&p);
	}
}

/* A peer that does not listen is not accepted from, for as long as 256 frames are parked. */
static void
park__at_most_256(void)
{
	struct pair p;

	tweak_window = 256;
	p = pair_open(with_window);
	p.server->deaf = true;
	p.client->pump = ask_regardless;
	net_run(p.net, 5 * NET_MS);
	p.client->pump = NULL;
	CU_ASSERT_EQUAL(p.s->parked, 256);
	CU_ASSERT(rdp_ep_stats(p.server->ep)->rx_refused > 0);
	CU_ASSERT_EQUAL(rdp_in_flight(p.c), 144);
	net_run(p.net, 20 * NET_MS);
	CU_ASSERT_EQUAL(rdp_in_flight(p.c), 144);
	p.server->deaf = false;
	CU_ASSERT(net_run_quiet(p.net, 300 * NET_MS));
	CU_ASSERT(ledger_complete());
	CU_ASSERT_EQUAL(p.client->closed, 0);
	pair_free(&p);
}

/* Twenty frames of responses to one frame of requests, and a window of eight. */
static void
park__frame_consumed_in_pieces(void)
{
	struct pair p;

	tweak_window = 8;
	p = pair_open(with_window);
	for (int i = 0; i < 20; i++)
		CU_ASSERT(node_request(p.client, p.c, 32, p.s->mss) >= 0);
	CU_ASSERT(net_run_quiet(p.net, 10 * NET_MS));
	CU_ASSERT_EQUAL(p.server->requests_in, 20);
	CU_ASSERT_EQUAL(p.server->overtaken, 0);
	CU_ASSERT(ledger_complete());
	CU_ASSERT(rdp_ep_stats(p.server->ep)->rx_parked > 0);
	pair_free(&p);
}

/* Many small requests for large answers, all the time. */
static void
ask_for_much(struct node *node)
{
	while (ledger_sent() < 20000 && node->session != NULL &&
		node_request(node, node->session, 32, node->session->mss) >= 0)
		;
}

static bool
all_answered(void *ctx)
{
	return ledger_sent() >= 20000 && ledger_complete();
}

/* Both ends ask for more than their windows hold, and still every answer goes through. */
static void
park__both_ends_full(void)
{
	for (tweak_window = 8; tweak_window <= 256; tweak_window *= 2) {
		struct pair p = pair_open(with_window);

		p.net->logging = false;
		p.server->pump = ask_for_much;
		p.client->pump = ask_for_much;
		CU_ASSERT(net_run_until(p.net, all_answered, NULL, 200 * NET_MS));
		CU_ASSERT_EQUAL(p.client->closed + p.server->closed, 0);
		pair_free(&p);
	}
}

CU_TestInfo delivery_tests[] = {
	TEST(window__requests_stop_at_half_and_spare),
	TEST(window__responses_have_the_other_half),
	TEST(window__no_requests_beside_responses_of_the_other_half),
	TEST(coalesce__many_records_to_a_frame),
	TEST(coalesce__off_is_one_to_a_frame),
	TEST(record__as_large_as_a_frame),
	TEST(record__nothing_leaves_before_flush),
	TEST(ack__after_25_us),
	TEST(ack__after_an_eighth_of_the_request_window),
	TEST(ack__delay_is_that_of_the_oldest),
	TEST(ack__rides_on_data),
	TEST(ack__at_once_with_sack_for_a_gap),
	TEST(ack__with_sack_beside_data),
	TEST(duplicate__is_acknowledged_again_and_not_delivered),
	TEST(duplicate__of_a_frame_ahead),
	TEST(accept__less_than_256_ahead),
	TEST(numbers__wrap),
	TEST(numbers__half_way_round),
	TEST(time_stamps__wrap),
	TEST(park__frames_wait_and_go_on_in_order),
	TEST(park__peer_stops_asking_at_64),
	TEST(park__at_most_256),
	TEST(park__frame_consumed_in_pieces),
	TEST(park__both_ends_full),
	CU_TEST_INFO_NULL,
};
