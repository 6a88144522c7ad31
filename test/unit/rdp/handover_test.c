/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/* Two endpoints behind one address, and a port that gives frames to either of them at random. */

#include <rte_errno.h>

#include "session_tests.h"
#include "workers.h"

#define MEMBERS  2
#define STRIDE   8
#define SESSIONS 6

static unsigned int
at_random(const struct workers *w, const struct rte_mbuf *m)
{
	return net_random_below(w->net, MEMBERS);
}

static uint64_t
handed_over(const struct workers *w)
{
	return rdp_ep_stats(w->worker[0]->ep)->handed_over +
	       rdp_ep_stats(w->worker[1]->ep)->handed_over;
}

/* Whatever comes to whichever worker: each record takes effect once, nobody is refused, reset or
 * taken for stale, and sessions end at both ends. */
static void
handover__frames_steered_at_random(void)
{
	static struct workers w;
	struct rdp_session *s[SESSIONS];
	uint64_t before;

	workers_start(&w, MEMBERS, STRIDE, at_random);
	for (unsigned int i = 0; i < SESSIONS; i++) {
		s[i] = node_open(w.client, SERVER);
		CU_ASSERT_PTR_NOT_NULL_FATAL(s[i]);
	}
	/* A copy of a CONNECT may have made a session at the other one, too: it goes. */
	net_run(w.net, 1500 * NET_MS);
	CU_ASSERT_EQUAL(workers_sessions(w.worker[0]) + workers_sessions(w.worker[1]), SESSIONS);
	before = handed_over(&w);
	for (unsigned int round = 0; round < 200; round++) {
		for (unsigned int i = 0; i < SESSIONS; i++)
			node_request(w.client, s[i], 64, 64);
		net_run(w.net, 20 * NET_US);
	}
	CU_ASSERT(net_run_quiet(w.net, 100 * NET_MS));
	CU_ASSERT(ledger_complete());
	CU_ASSERT(handed_over(&w) - before > 200);
	for (unsigned int i = 0; i < MEMBERS; i++) {
		CU_ASSERT_EQUAL(rdp_ep_stats(w.worker[i]->ep)->handover_full, 0);
		CU_ASSERT_EQUAL(rdp_ep_stats(w.worker[i]->ep)->resets_sent, 0);
		CU_ASSERT_EQUAL(w.worker[i]->closed, 0);
	}
	for (unsigned int i = 0; i < SESSIONS; i++)
		node_close(w.client, s[i]);
	net_run(w.net, 100 * NET_MS);
	CU_ASSERT_EQUAL(workers_sessions(w.client), 0);
	CU_ASSERT_EQUAL(workers_sessions(w.worker[0]) + workers_sessions(w.worker[1]), 0);
	workers_free(&w);
}

/* The client starts again: its RESET names no index, and finds the session all the same. */
static void
handover__reset_finds_its_session(void)
{
	for (unsigned int round = 0; round < 20; round++) {
		static struct workers w;
		unsigned int at;

		workers_start(&w, MEMBERS, STRIDE, at_random);
		CU_ASSERT_PTR_NOT_NULL_FATAL(node_open(w.client, SERVER));
		net_run(w.net, NET_MS);
		at = workers_sessions(w.worker[1]) > 0;
		CU_ASSERT_EQUAL(node_stop(w.client), 0);
		w.client = node_start_plain(w.net, CLIENT);
		CU_ASSERT(node_request(w.worker[at], w.worker[at]->session, 64, 0) >= 0);
		net_run(w.net, NET_MS);
		CU_ASSERT_EQUAL(w.worker[at]->closed, 1);
		CU_ASSERT_EQUAL(w.worker[at]->status, -ECONNRESET);
		workers_free(&w);
	}
}

/* One that does not keep up loses frames, which are counted, and sent again. */
static void
handover__full_ring_is_counted(void)
{
	static struct workers w;
	struct rte_mbuf *fill[HANDOVER_RING];
	struct rdp_session *s;
	unsigned int at, n = 0;

	workers_start(&w, MEMBERS, STRIDE, at_random);
	s = node_open(w.client, SERVER);
	CU_ASSERT_PTR_NOT_NULL_FATAL(s);
	net_run(w.net, NET_MS);
	at = workers_sessions(w.worker[1]) > 0;
	w.net->node[workers_node(at)] = NULL; /* is not polled */
	while (rte_ring_enqueue(w.handover->ring[at], fill) == 0)
		n++;
	for (unsigned int i = 0; i < 20; i++) {
		CU_ASSERT(node_request(w.client, s, 64, 64) >= 0);
		net_run(w.net, 10 * NET_US);
	}
	CU_ASSERT(rdp_ep_stats(w.worker[!at]->ep)->handover_full > 0);
	for (void *none; n > 0; n--)
		rte_ring_dequeue(w.handover->ring[at], &none);
	w.net->node[workers_node(at)] = w.worker[at];
	CU_ASSERT(net_run_quiet(w.net, 100 * NET_MS));
	CU_ASSERT(ledger_complete());
	workers_free(&w);
}

/* A worker that gets nothing but what others hand over is at work all the same. */
static void
handover__counts_as_work(void)
{
	static struct workers w;
	struct rdp_session *s;
	struct rdp_ep *owner, *other;
	unsigned int at, found = 0;

	workers_start(&w, MEMBERS, STRIDE, at_random);
	s = node_open(w.client, SERVER);
	CU_ASSERT_PTR_NOT_NULL_FATAL(s);
	net_run(w.net, NET_MS);
	at = workers_sessions(w.worker[1]) > 0;
	owner = w.worker[at]->ep;
	other = w.worker[!at]->ep;
	for (unsigned int i = 0; i < 50; i++) {
		uint64_t before = rdp_ep_stats(other)->handed_over;

		CU_ASSERT(node_request(w.client, s, 64, 0) >= 0);
		rdp_flush(w.client->ep);
		w.net->now_ns += 10 * NET_US;
		rdp_poll(other);
		if (rdp_ep_stats(other)->handed_over > before) {
			owner->idle_skip = RDP_IDLE_SKIP;
			CU_ASSERT(rdp_poll(owner) > 0);
			found++;
		}
		net_run(w.net, 200 * NET_US);
	}
	CU_ASSERT(found > 10);
	CU_ASSERT(net_run_quiet(w.net, 10 * NET_MS));
	CU_ASSERT(ledger_complete());
	workers_free(&w);
}

/* RESETs of nobody's sessions do not all go round. */
static void
handover__few_strangers_go_round(void)
{
	static struct workers w;
	struct rdp_session *s;
	struct net_packet *packet;
	struct wire_ipv4_hdrs *h;
	uint64_t before;

	workers_start(&w, MEMBERS, STRIDE, at_random);
	s = node_open(w.client, SERVER);
	CU_ASSERT_PTR_NOT_NULL_FATAL(s);
	net_run(w.net, NET_MS);
	w.net->port[CLIENT].keep_next[WIRE_DATA] = 1;
	CU_ASSERT(node_request(w.client, s, 64, 0) >= 0);
	net_run(w.net, NET_MS);
	packet = w.net->jar[0];
	h = (struct wire_ipv4_hdrs *)packet->bytes;
	h->frame.version_type = WIRE_VERSION << 4 | WIRE_RESET;
	h->frame.session = RTE_BE16(WIRE_SESSION_NONE);
	before = handed_over(&w);
	for (uint32_t i = 0; i < 1000; i++) {
		h->frame.dst_inc = i;
		net_repair(packet->bytes, packet->len);
		net_inject(w.net, SERVER, packet->bytes, packet->len);
		net_run(w.net, NET_US);
	}
	CU_ASSERT(handed_over(&w) - before >= RDP_RESETS_PER_MS);
	CU_ASSERT(handed_over(&w) - before <= 3 * MEMBERS * RDP_RESETS_PER_MS);
	workers_free(&w);
}

static void
handover__sizes(void)
{
	CU_ASSERT_PTR_NULL(handover_create(0, 8, SOCKET_ID_ANY));
	CU_ASSERT_EQUAL(rte_errno, EINVAL);
	CU_ASSERT_PTR_NULL(handover_create(HANDOVER_MAX + 1, 8, SOCKET_ID_ANY));
	CU_ASSERT_PTR_NULL(handover_create(2, 32768, SOCKET_ID_ANY));
	CU_ASSERT_EQUAL(rte_errno, EINVAL);
}

CU_TestInfo handover_tests[] = {
	TEST(handover__frames_steered_at_random),
	TEST(handover__reset_finds_its_session),
	TEST(handover__full_ring_is_counted),
	TEST(handover__counts_as_work),
	TEST(handover__few_strangers_go_round),
	TEST(handover__sizes),
	CU_TEST_INFO_NULL,
};
