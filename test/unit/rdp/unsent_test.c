/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/* Frames that wait for a buffer or for room in the port's ring have not been sent: nobody is silent
 * about them, and none of them is lost. */

#include "session_tests.h"

#define MBUFS   512
#define TIMEOUT (100 * NET_MS)
#define COARSE  (10 * NET_US) /* between turns, where time passes with something to be done */

static struct rte_mbuf *taken[2 * MBUFS];
static unsigned int nb_taken;

static void
impatient(struct node_conf *conf)
{
	conf->mbufs = MBUFS;
	conf->rdp.no_coalesce = true;
	conf->rdp.keepalive_ns = 10 * NET_S;
	if (!conf->rdp.listen)
		conf->rdp.peer_timeout_ns = TIMEOUT;
}

static void
impatient_asking(struct node_conf *conf)
{
	impatient(conf);
	if (!conf->rdp.listen)
		conf->rdp.keepalive_ns = TIMEOUT / 10;
}

/* Others that share the pool take all there is, but for @p leave buffers. */
static void
starve(struct node *node, uint16_t leave)
{
	struct rdp_ep *ep = node->ep;

	while (ep->nb_mbufs > leave)
		taken[nb_taken++] = ep->mbufs[--ep->nb_mbufs];
	while ((taken[nb_taken] = rte_pktmbuf_alloc(node->pool)) != NULL)
		nb_taken++;
}

/* Fill so many frames, and let nothing be there to send them with. */
static void
fill_frames(struct pair *p, unsigned int n)
{
	starve(p->client, (uint16_t)(n + 1));
	for (unsigned int i = 0; i < n; i++)
		CU_ASSERT(node_request(p->client, p->c, NODE_RECORD_MIN, 0) >= 0);
	starve(p->client, 0);
}

static void
feed(void)
{
	while (nb_taken > 0)
		rte_pktmbuf_free(taken[--nb_taken]);
}

static struct pair
pair_warm(pair_tweak_t tweak)
{
	struct pair p = pair_open(tweak);

	for (int i = 0; i < 20; i++) {
		CU_ASSERT(node_request(p.client, p.c, 64, 64) >= 0);
		CU_ASSERT(net_run_quiet(p.net, NET_MS));
	}
	p.net->step_ns = COARSE;
	return p;
}

static void
all_is_well(struct pair *p)
{
	CU_ASSERT(net_run_quiet(p->net, NET_MS));
	CU_ASSERT_EQUAL(p->client->closed + p->server->closed, 0);
	CU_ASSERT_EQUAL(p->c->backoff, 0);
	CU_ASSERT(ledger_complete());
	pair_free(p);
}

static void
nothing_was_repeated(const struct pair *p)
{
	CU_ASSERT_EQUAL(rdp_ep_stats(p->client->ep)->rto, 0);
	CU_ASSERT_EQUAL(rdp_ep_stats(p->client->ep)->tx_retransmit, 0);
}

/* Frames are filled, and then there is no buffer to send them with. */
static void
unsent__for_want_of_buffers(void)
{
	struct pair p = pair_warm(impatient);

	fill_frames(&p, 3);
	net_run(p.net, 5 * TIMEOUT);
	CU_ASSERT_EQUAL_FATAL(p.client->closed, 0);
	CU_ASSERT_EQUAL(p.client->ep->txq_len, 3);
	nothing_was_repeated(&p);
	feed();
	CU_ASSERT(net_run_quiet(p.net, 200 * NET_US));
	nothing_was_repeated(&p);
	all_is_well(&p);
}

/* The first was sent and lost: it is repeated when there are buffers. */
static void
unsent__repetition(void)
{
	struct pair p = pair_warm(impatient);

	starve(p.client, 3);
	p.net->port[CLIENT].drop_next[WIRE_DATA] = 1;
	CU_ASSERT_EQUAL(pair_frames(p.client, p.c, 1), 1);
	net_run(p.net, 50 * NET_US);
	starve(p.client, 0);
	net_run(p.net, TIMEOUT / 2);
	CU_ASSERT_EQUAL_FATAL(p.client->closed, 0);
	feed();
	CU_ASSERT(net_run_quiet(p.net, 200 * NET_US));
	CU_ASSERT_EQUAL(rdp_ep_stats(p.client->ep)->tx_retransmit, 1);
	all_is_well(&p);
}

/* A peer that has died keeps the buffers that its frames would be repeated with: it is down all the
 * same, and they come back. */
static void
unsent__for_want_of_what_the_peer_keeps(void)
{
	struct pair p = pair_warm(impatient);

	p.net->port[SERVER].cut_off = p.net->port[CLIENT].cut_off = true;
	CU_ASSERT_EQUAL(pair_frames(p.client, p.c, 3), 3);
	rdp_flush(p.client->ep);
	starve(p.client, 0);
	net_run(p.net, 3 * TIMEOUT);
	CU_ASSERT_EQUAL(p.client->closed, 1);
	CU_ASSERT_EQUAL(p.client->status, -ETIMEDOUT);
	feed();
	ledger_write_off(p.c);
	p.net->port[SERVER].cut_off = p.net->port[CLIENT].cut_off = false;
	CU_ASSERT(net_run_quiet(p.net, 20 * NET_S));
	pair_free(&p);
}

/* As for a buffer, frames may wait for the port. */
static void
unsent__port_is_full(void)
{
	struct pair p = pair_warm(impatient);

	p.net->port[CLIENT].tx_most = 0;
	CU_ASSERT_EQUAL(pair_frames(p.client, p.c, 3), 3);
	net_run(p.net, RDP_PORT_STUCK_NS / 2);
	nothing_was_repeated(&p);
	p.net->port[CLIENT].tx_most = 1;
	CU_ASSERT(net_run_quiet(p.net, 200 * NET_US));
	nothing_was_repeated(&p);
	all_is_well(&p);
}

/* What leaves late counts from then on, whatever headers it has. */
static void
unsent__port_is_full_ipv6(void)
{
	struct pair p = pair_start_v6(impatient);

	pair_connect(&p);
	p.net->port[CLIENT].tx_most = 0;
	CU_ASSERT_EQUAL(pair_frames(p.client, p.c, 3), 3);
	net_run(p.net, RDP_PORT_STUCK_NS / 2);
	p.net->port[CLIENT].tx_most = 32;
	rdp_flush(p.client->ep);
	CU_ASSERT_EQUAL(p.client->ep->txq_len, 0);
	for (uint32_t psn = p.c->tx_una; psn != p.c->tx_next; psn++)
		CU_ASSERT_EQUAL(rdp_sent_ts(p.c, psn), p.client->ep->now_ts);
	CU_ASSERT(net_run_quiet(p.net, 200 * NET_US));
	nothing_was_repeated(&p);
	all_is_well(&p);
}

/* Once it has left it is repeated like any other, however long it had to wait. */
static void
unsent__and_then_lost(void)
{
	struct pair p = pair_warm(impatient);

	p.net->step_ns = 500;
	p.net->port[CLIENT].tx_most = 0;
	CU_ASSERT_EQUAL(pair_frames(p.client, p.c, 1), 1);
	net_run(p.net, RDP_PORT_STUCK_NS * 3 / 4);
	nothing_was_repeated(&p);
	p.net->port[CLIENT].drop_next[WIRE_DATA] = 1;
	p.net->port[CLIENT].tx_most = 32;
	CU_ASSERT(net_run_quiet(p.net, 400 * NET_US));
	all_is_well(&p);
}

static void
unsent__for_want_of_buffers_and_then_lost(void)
{
	struct pair p = pair_warm(impatient);

	p.net->step_ns = 5 * NET_US;
	fill_frames(&p, 3);
	net_run(p.net, 2 * TIMEOUT + TIMEOUT / 3);
	nothing_was_repeated(&p);
	p.net->port[CLIENT].drop_next[WIRE_DATA] = 3;
	feed();
	CU_ASSERT(net_run_quiet(p.net, 400 * NET_US));
	all_is_well(&p);
}

static struct pair
pair_tagged_by_port(void)
{
	struct pair p = {.net = net_create()};

	p.net->vlan = 7;
	for (unsigned int i = 0; i < 2; i++) {
		struct node_conf conf = node_conf(p.net, i);

		impatient(&conf);
		conf.rdp.tx_vlan_insert = true;
		*(i == SERVER ? &p.server : &p.client) = node_start(p.net, i, &conf);
	}
	pair_connect(&p);
	return p;
}

/* Drivers that put in tags in software do so before they see that there is no room. */
static void
unsent__port_is_full_behind_the_tag(void)
{
	struct pair p = pair_tagged_by_port();
	struct rdp_ep *ep = p.client->ep;

	p.net->port[CLIENT].tx_most = 0;
	CU_ASSERT_EQUAL(pair_frames(p.client, p.c, 3), 3);
	CU_ASSERT_EQUAL_FATAL(ep->txq_ready, 3);
	for (uint16_t i = 0; i < ep->txq_ready; i++)
		CU_ASSERT_EQUAL(rte_vlan_insert(&ep->txq[i].m), 0);
	for (uint32_t psn = p.c->tx_una; psn != p.c->tx_next; psn++)
		CU_ASSERT(rdp_queued(p.c, psn));
	net_run(p.net, RDP_PORT_STUCK_NS / 2);
	p.net->port[CLIENT].tx_most = 32;
	CU_ASSERT(net_run_quiet(p.net, 200 * NET_US));
	nothing_was_repeated(&p);
	all_is_well(&p);
}

/* One that takes nothing at all any more is a link that is down. */
static void
unsent__port_is_stuck(void)
{
	struct pair p = pair_warm(impatient);
	uint64_t start = p.net->now_ns;

	p.net->port[CLIENT].tx_most = 0;
	CU_ASSERT_EQUAL(pair_frames(p.client, p.c, 3), 3);
	net_run(p.net, RDP_PORT_STUCK_NS + 2 * TIMEOUT);
	CU_ASSERT_EQUAL(p.client->closed, 1);
	CU_ASSERT_EQUAL(p.client->status, -ETIMEDOUT);
	CU_ASSERT(p.client->status_ns - start >= RDP_PORT_STUCK_NS + TIMEOUT);
	p.net->port[CLIENT].tx_most = 32;
	pair_free(&p);
}

/* What was sent before waits for nothing: a peer that is gone is noticed. */
static void
unsent__others_do_not_hide_silence(void)
{
	struct pair p = pair_warm(impatient);

	p.net->port[SERVER].cut_off = true;
	CU_ASSERT_EQUAL(pair_frames(p.client, p.c, 1), 1);
	net_run(p.net, 10 * NET_MS);
	fill_frames(&p, 3);
	/* Of the one buffer at a time that there is, the question gets its turn. */
	for (unsigned int i = 0; i < 30 && p.client->closed == 0; i++) {
		rte_pktmbuf_free(taken[--nb_taken]);
		net_run(p.net, 10 * NET_MS);
	}
	CU_ASSERT_EQUAL(p.client->closed, 1);
	CU_ASSERT_EQUAL(p.client->status, -ETIMEDOUT);
	feed();
	pair_free(&p);
}

/* An idle session has no buffer to ask with. */
static void
unsent__keep_alive(void)
{
	struct pair p = pair_warm(impatient_asking);

	starve(p.client, 0);
	net_run(p.net, 5 * TIMEOUT);
	CU_ASSERT_EQUAL_FATAL(p.client->closed, 0);
	CU_ASSERT_EQUAL(rdp_in_flight(p.c), 0);
	feed();
	net_run(p.net, 3 * TIMEOUT);
	CU_ASSERT_EQUAL(rdp_ep_stats(p.client->ep)->rto, 0);
	all_is_well(&p);
}

CU_TestInfo unsent_tests[] = {
	TEST(unsent__for_want_of_buffers),
	TEST(unsent__repetition),
	TEST(unsent__for_want_of_what_the_peer_keeps),
	TEST(unsent__port_is_full),
	TEST(unsent__port_is_full_ipv6),
	TEST(unsent__and_then_lost),
	TEST(unsent__for_want_of_buffers_and_then_lost),
	TEST(unsent__port_is_full_behind_the_tag),
	TEST(unsent__port_is_stuck),
	TEST(unsent__others_do_not_hide_silence),
	TEST(unsent__keep_alive),
	CU_TEST_INFO_NULL,
};
