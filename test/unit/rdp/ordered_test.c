/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/* Frames with ordered records wait for those before them; others wait for nobody. */

#include "session_tests.h"

#define MANY 4000

static bool ordered[MANY];
static uint64_t early, overtook;

/* Every number before an ordered one has taken effect. */
static void
on_request(struct node *node, uint64_t number)
{
	bool all = true;

	(void)node;
	for (uint64_t i = number; all && i-- > 0;)
		all = ledger_state(i) & LEDGER_ARRIVED;
	early += ordered[number] && !all;
	overtook += !all;
}

/* A frame of its own, with one request. */
static void
send_one(struct node *node, struct rdp_session *s, bool in_order)
{
	int64_t number = node_request(node, s, 64, 0);

	CU_ASSERT_FATAL(number >= 0 && number < MANY);
	ordered[number] = in_order;
	if (in_order)
		rdp_order(s);
	rdp_flush(node->ep);
}

static struct pair
begin(pair_tweak_t tweak)
{
	struct pair p = pair_open(tweak);

	early = overtook = 0;
	memset(ordered, 0, sizeof(ordered));
	p.server->on_request = on_request;
	return p;
}

static bool
arrived(uint64_t number)
{
	return ledger_state(number) & LEDGER_ARRIVED;
}

/* Of five frames, the second is lost: the ordered fourth waits for it, and nothing else does. */
static void
ordered__waits_for_a_lost_frame(void)
{
	struct pair p = begin(NULL);

	send_one(p.client, p.c, false);
	p.net->port[CLIENT].drop_next[WIRE_DATA] = 1;
	send_one(p.client, p.c, false);
	send_one(p.client, p.c, false);
	send_one(p.client, p.c, true);
	send_one(p.client, p.c, false);
	net_run(p.net, 3 * p.net->latency_ns / 2);
	CU_ASSERT(arrived(0) && !arrived(1) && arrived(2) && !arrived(3) && arrived(4));
	CU_ASSERT_EQUAL(p.s->parked, 1);
	CU_ASSERT(net_run_quiet(p.net, 10 * NET_MS));
	CU_ASSERT(ledger_complete());
	CU_ASSERT_EQUAL(early, 0);
	pair_free(&p);
}

/* Also for one that the handler has not taken yet; what comes after both does not. */
static void
ordered__waits_for_a_parked_frame(void)
{
	struct pair p = begin(NULL);

	p.server->deaf = true;
	send_one(p.client, p.c, false);
	send_one(p.client, p.c, true);
	send_one(p.client, p.c, true);
	net_run(p.net, 3 * p.net->latency_ns);
	CU_ASSERT_EQUAL(p.s->parked, 3);
	p.server->deaf = false;
	CU_ASSERT(net_run_quiet(p.net, 10 * NET_MS));
	CU_ASSERT_EQUAL(p.server->overtaken, 0);
	CU_ASSERT(ledger_complete());
	pair_free(&p);
}

/* The frame that is missing holds nothing: its arrival counts all the same. */
static void
ordered__waits_for_an_empty_frame(void)
{
	struct pair p = begin(NULL);

	p.net->port[CLIENT].drop_next[WIRE_DATA] = 1;
	CU_ASSERT_PTR_NOT_NULL(rdp_response_open(p.c, 0));
	rdp_flush(p.client->ep);
	send_one(p.client, p.c, true);
	net_run(p.net, 3 * p.net->latency_ns / 2);
	CU_ASSERT(!arrived(0));
	CU_ASSERT(net_run_quiet(p.net, 10 * NET_MS));
	CU_ASSERT(ledger_complete());
	pair_free(&p);
}

/* The session ends while some wait. */
static void
ordered__ends_with_its_session(void)
{
	struct pair p = begin(NULL);

	p.net->port[CLIENT].drop_next[WIRE_DATA] = 1;
	send_one(p.client, p.c, false);
	send_one(p.client, p.c, true);
	send_one(p.client, p.c, true);
	net_run(p.net, 3 * p.net->latency_ns / 2);
	CU_ASSERT_EQUAL(p.s->parked, 2);
	ledger_write_off(p.c);
	node_close(p.client, p.c);
	CU_ASSERT(net_run_quiet(p.net, 10 * NET_MS));
	CU_ASSERT_EQUAL(p.server->closed, 1);
	CU_ASSERT(!arrived(1) && !arrived(2));
	pair_free(&p);
}

#define SESSIONS 16
#define FRAMES   30

static void
few_buffers(struct node_conf *conf)
{
	conf->rdp.no_coalesce = true;
	conf->rdp.max_sessions = SESSIONS;
	if (conf->rdp.listen)
		conf->mbufs = 192;
}

/* Of all sessions the first frame is lost. What waits for them must not take all buffers: without
 * one they would never arrive. */
static void
ordered__leaves_buffers_to_what_is_missing(void)
{
	struct pair p = begin(few_buffers);
	struct rdp_session *s[SESSIONS] = {p.c};

	p.net->own_pool = true;
	for (unsigned int i = 1; i < SESSIONS; i++) {
		s[i] = node_open(p.client, SERVER);
		CU_ASSERT_PTR_NOT_NULL_FATAL(s[i]);
	}
	CU_ASSERT(net_run_quiet(p.net, 10 * NET_MS));
	p.net->latency_ns = 100 * NET_US;
	for (unsigned int i = 0; i < SESSIONS * FRAMES; i++) {
		if (i < SESSIONS)
			p.net->port[CLIENT].drop_next[WIRE_DATA] = 1;
		send_one(p.client, s[i % SESSIONS], i >= SESSIONS);
		net_run(p.net, 100);
	}
	CU_ASSERT(net_run_quiet(p.net, NET_S));
	CU_ASSERT_EQUAL(p.client->closed + p.server->closed, 0);
	CU_ASSERT(ledger_complete());
	pair_free(&p);
}

static bool any_order;

static void
pump(struct node *node)
{
	struct pair *p = node->user;

	while (ledger_sent() < MANY && net_chance(p->net, 0.7)) {
		int64_t number = node_request(node, p->c, 64 + 8 * net_random_below(p->net, 60),
			net_chance(p->net, 0.3) ? 64 : 0);

		if (number < 0)
			return;
		ordered[number] = any_order && net_chance(p->net, 0.3);
		if (ordered[number])
			rdp_order(p->c);
	}
	p->server->deaf = net_chance(p->net, 0.1);
}

static bool
is_done(void *ctx)
{
	(void)ctx;
	return ledger_sent() == MANY && ledger_complete();
}

static void
small_window(struct node_conf *conf)
{
	conf->rdp.window = 64;
	conf->rdp.crc = true;
}

static void
check_random(pair_tweak_t tweak)
{
	struct pair p = begin(tweak);

	p.net->chances = (struct net_chances){.drop = 0.05,
		.copy = 0.05,
		.delay = 0.1,
		.flip = tweak != NULL ? 0.02 : 0,
		.delay_max_ns = 50 * NET_US,
		.flips_max = 4};
	p.client->user = &p;
	p.client->pump = pump;
	CU_ASSERT(net_run_until(p.net, is_done, NULL, 20 * NET_S));
	p.client->pump = NULL;
	CU_ASSERT_EQUAL(early, 0);
	CU_ASSERT(overtook > MANY / 50);
	CU_ASSERT_EQUAL(p.server->closed + p.client->closed, 0);
	p.server->deaf = false;
	CU_ASSERT(net_run_quiet(p.net, 100 * NET_MS));
	pair_free(&p);
}

static void
ordered__random(void)
{
	any_order = true;
	check_random(NULL);
	check_random(small_window);
}

/* That the check above can fail: what it counts happens to records that are not ordered. */
static void
ordered__unless_not_asked_for(void)
{
	struct pair p = begin(NULL);

	p.net->port[CLIENT].drop_next[WIRE_DATA] = 1;
	send_one(p.client, p.c, false);
	send_one(p.client, p.c, false);
	ordered[1] = true;
	CU_ASSERT(net_run_quiet(p.net, 10 * NET_MS));
	CU_ASSERT_EQUAL(early, 1);
	pair_free(&p);
}

CU_TestInfo ordered_tests[] = {
	TEST(ordered__waits_for_a_lost_frame),
	TEST(ordered__waits_for_a_parked_frame),
	TEST(ordered__waits_for_an_empty_frame),
	TEST(ordered__ends_with_its_session),
	TEST(ordered__leaves_buffers_to_what_is_missing),
	TEST(ordered__random),
	TEST(ordered__unless_not_asked_for),
	CU_TEST_INFO_NULL,
};
