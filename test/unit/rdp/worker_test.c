/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/* Four endpoints behind one address, and a port that spreads frames over them as RSS does. */

#include <errno.h>

#include <rte_thash.h>

#include "common/plain.h"
#include "session_tests.h"
#include "workers.h"

#define MEMBERS  4
#define STRIDE   32
#define SESSIONS 8

/* The key that Microsoft published RSS with, and most ports have. */
static const uint8_t rss_key[40] = {0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2, 0x41, 0x67,
	0x25, 0x3d, 0x43, 0xa3, 0x8f, 0xb0, 0xd0, 0xca, 0x2b, 0xcb, 0xae, 0x7b, 0x30, 0xb4, 0x77,
	0xcb, 0x2d, 0xa3, 0x80, 0x30, 0xf2, 0x0c, 0x6a, 0x42, 0xb7, 0x3b, 0xbe, 0xac, 0x01, 0xfa};

static unsigned int
rss(uint32_t src, uint32_t dst, uint16_t sport, uint16_t dport)
{
	uint32_t tuple[3] = {src, dst, (uint32_t)sport << 16 | dport};

	/* Of the usual table of 128 queues, which repeat. */
	return rte_softrss(tuple, RTE_DIM(tuple), rss_key) % 128 % MEMBERS;
}

static bool one_queue; /* as a port without RSS */

static unsigned int
by_rss(const struct workers *w, const struct rte_mbuf *m)
{
	const struct wire_ipv4_hdrs *h = rte_pktmbuf_mtod(m, const struct wire_ipv4_hdrs *);

	if (one_queue)
		return 0;
	return rss(rte_be_to_cpu_32(h->ip.src_addr), rte_be_to_cpu_32(h->ip.dst_addr),
		rte_be_to_cpu_16(h->udp.src_port), rte_be_to_cpu_16(h->udp.dst_port));
}

static void
begin(struct workers *w)
{
	one_queue = false;
	workers_start(w, MEMBERS, STRIDE, by_rss);
}

static struct rdp_session *
open_at(struct workers *w, uint8_t worker)
{
	struct rdp_session *s = NULL;

	CU_ASSERT_EQUAL_FATAL(rdp_connect(w->client->ep, ip_addr_v4(net_ip(SERVER)),
				      w->worker[0]->ep->conf.udp_port, &s),
		0);
	rdp_ask_worker(s, worker);
	net_run(w->net, 5 * NET_MS);
	CU_ASSERT_EQUAL_FATAL(s->state, RDP_OPEN);
	return s;
}

/* Each session is where it was asked for, no other worker has heard of it, and all its frames go
 * there without being handed over. */
static void
worker__session_is_where_it_was_asked_for(void)
{
	static struct workers w;
	struct rdp_session *s[SESSIONS];

	begin(&w);
	for (unsigned int i = 0; i < SESSIONS; i++) {
		s[i] = open_at(&w, (uint8_t)(1 + i % MEMBERS));
		CU_ASSERT_EQUAL(s[i]->worker, 1 + i % MEMBERS);
	}
	for (unsigned int i = 0; i < 40 * SESSIONS; i++) {
		CU_ASSERT(node_request(w.client, s[i % SESSIONS], 64, 64) >= 0);
		net_run(w.net, 20 * NET_US);
	}
	CU_ASSERT(net_run_quiet(w.net, 10 * NET_MS));
	CU_ASSERT(ledger_complete());
	for (unsigned int i = 0; i < MEMBERS; i++) {
		CU_ASSERT_EQUAL(workers_sessions(w.worker[i]), SESSIONS / MEMBERS);
		CU_ASSERT_EQUAL(w.worker[i]->requests_in, 40 * SESSIONS / MEMBERS);
		CU_ASSERT_EQUAL(rdp_ep_stats(w.worker[i]->ep)->handed_over, 0);
		CU_ASSERT_EQUAL(rdp_ep_stats(w.worker[i]->ep)->rx_stale, 0);
	}
	workers_free(&w);
}

/* What cannot be had: no RSS, or not so many workers. It ends with what there is. */
static void
worker__what_cannot_be_had(void)
{
	static struct workers w;
	struct rdp_session *s;

	begin(&w);
	s = open_at(&w, MEMBERS + 1);
	CU_ASSERT(s->worker >= 1 && s->worker <= MEMBERS);
	CU_ASSERT_EQUAL(s->ports_tried, 0);
	one_queue = true;
	s = open_at(&w, 3);
	CU_ASSERT_EQUAL(s->worker, 1);
	CU_ASSERT_EQUAL(s->ports_tried, RDP_PORTS);
	CU_ASSERT(node_request(w.client, s, 64, 64) >= 0);
	CU_ASSERT(net_run_quiet(w.net, 10 * NET_MS));
	CU_ASSERT(ledger_complete());
	workers_free(&w);
}

/* The next session to the same place begins where the last one was found. */
static void
worker__again_from_the_same_port(void)
{
	static struct workers w;
	struct rdp_session *s;
	unsigned int tries = 0;

	begin(&w);
	for (unsigned int i = 0; i < MEMBERS; i++) {
		uint8_t port;

		s = open_at(&w, (uint8_t)(1 + i));
		port = s->own_port;
		tries += s->ports_tried;
		node_close(w.client, s);
		net_run(w.net, 5 * NET_MS);
		s = open_at(&w, (uint8_t)(1 + i));
		CU_ASSERT_EQUAL(s->own_port, port);
		CU_ASSERT_EQUAL(s->ports_tried, 0);
		node_close(w.client, s);
		net_run(w.net, 5 * NET_MS);
	}
	CU_ASSERT(tries > 0);
	workers_free(&w);
}

/* No port leads to the worker that is asked for, and the listener has not heard of the end: the
 * next session replaces the last one there all the same, and nothing of that takes effect any more.
 */
static void
worker__again_from_the_same_port_in_vain(void)
{
	static struct workers w;
	struct rdp_session *s;
	int64_t number;
	uint8_t port;

	begin(&w);
	one_queue = true;
	s = open_at(&w, 3);
	port = s->own_port;
	w.net->port[CLIENT].keep_next[WIRE_DATA] = 1;
	number = node_request(w.client, s, 64, 0);
	net_run(w.net, 10 * NET_US);
	CU_ASSERT_EQUAL_FATAL(w.net->nb_jar, 1);
	w.net->port[CLIENT].drop_next[WIRE_CLOSE] = RDP_CLOSE_TRIES;
	node_close(w.client, s);
	net_run(w.net, NET_MS);
	s = open_at(&w, 3);
	CU_ASSERT_EQUAL(s->own_port, port);
	CU_ASSERT_EQUAL(workers_sessions(w.worker[0]), 1);
	net_replay(w.net, 0);
	net_run(w.net, 30 * NET_US);
	CU_ASSERT_EQUAL(ledger_state((uint64_t)number) & LEDGER_ARRIVED, 0);
	workers_free(&w);
}

/* The port spreads frames in another way than before: the next session is at another worker, and
 * the last one ends where it was. */
static void
worker__again_at_another_one(void)
{
	static struct workers w;
	struct rdp_session *s;
	int64_t number;

	begin(&w);
	one_queue = true;
	s = open_at(&w, 0);
	CU_ASSERT_EQUAL(s->worker, 1);
	w.net->port[CLIENT].keep_next[WIRE_DATA] = 1;
	number = node_request(w.client, s, 64, 0);
	net_run(w.net, 10 * NET_US);
	w.net->port[CLIENT].drop_next[WIRE_CLOSE] = RDP_CLOSE_TRIES;
	node_close(w.client, s);
	net_run(w.net, NET_MS);
	one_queue = false;
	s = open_at(&w, 0);
	CU_ASSERT(s->worker != 1);
	CU_ASSERT_EQUAL(workers_sessions(w.worker[0]), 0);
	CU_ASSERT_EQUAL(w.worker[0]->status, -ECONNRESET);
	net_replay(w.net, 0);
	net_run(w.net, NET_MS);
	CU_ASSERT_EQUAL(ledger_state((uint64_t)number) & LEDGER_ARRIVED, 0);
	CU_ASSERT_EQUAL(s->state, RDP_OPEN);
	workers_free(&w);
}

/* Clients anywhere, at random ports: chi-square with three degrees of freedom, of which one in ten
 * thousand exceeds 21.1. */
static void
worker__random_ports_spread_evenly(void)
{
	enum { N = 10000 };
	unsigned int n[MEMBERS] = {0};
	uint64_t dice = plain_seed();
	double chi = 0;

	for (unsigned int i = 0; i < N; i++) {
		uint64_t r = net_dice(&dice);

		n[rss((uint32_t)(RTE_IPV4(10, 0, 0, 0) | (r & 0xffff)), RTE_IPV4(10, 1, 0, 1),
			(uint16_t)(49152 + (r >> 32) % 16320), 51966)]++;
	}
	for (unsigned int i = 0; i < MEMBERS; i++) {
		double off = (double)n[i] - (double)N / MEMBERS;

		chi += off * off * MEMBERS / N;
	}
	CU_ASSERT(chi < 21.1);
}

CU_TestInfo worker_tests[] = {
	TEST(worker__session_is_where_it_was_asked_for),
	TEST(worker__what_cannot_be_had),
	TEST(worker__again_from_the_same_port),
	TEST(worker__again_from_the_same_port_in_vain),
	TEST(worker__again_at_another_one),
	TEST(worker__random_ports_spread_evenly),
	CU_TEST_INFO_NULL,
};
