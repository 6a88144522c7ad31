/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/* Tables that must not overflow, and memory that must not be used after it was given up. */

#include "session_tests.h"

#define MANY 1000

static void
many_sessions(struct node_conf *conf)
{
	conf->mbufs = 4 * MANY;
	conf->rdp.max_sessions = MANY;
}

static struct pair
pair_of_many(void)
{
	struct pair p = pair_start(many_sessions);

	p.net->logging = false;
	for (unsigned int i = 0; i < MANY; i++)
		CU_ASSERT_PTR_NOT_NULL_FATAL(node_open(p.client, SERVER));
	CU_ASSERT(net_run_quiet(p.net, 10 * NET_MS));
	return p;
}

/* An open frame of each session has its place in the queue, and there are no more than that. */
static void
txq__has_room_for_every_open_frame(void)
{
	struct pair p = pair_of_many();
	unsigned int room = 0;

	for (uint16_t i = 0; i < MANY; i++)
		room += node_request(p.client, rdp_session_at(p.client->ep, i), NODE_RECORD_MIN,
				NODE_RECORD_MIN) >= 0;
	CU_ASSERT_FATAL(room <= RDP_TXQ);
	CU_ASSERT(room >= RDP_TXQ / 2);
	CU_ASSERT(net_run_quiet(p.net, 10 * NET_MS));
	CU_ASSERT_EQUAL(p.client->responses_in, room);
	CU_ASSERT_EQUAL(p.client->closed + p.server->closed, 0);
	pair_free(&p);
}

/* All sessions want a keep-alive at once, as after a long sleep. */
static void
txq__keep_alives_of_many_sessions(void)
{
	struct pair p = pair_of_many();

	p.net->now_ns += 1500 * NET_MS;
	rdp_poll(p.client->ep);
	CU_ASSERT_FATAL(p.client->ep->list[RDP_LIST_DIRTY].n <= RDP_TXQ);
	net_run(p.net, 100 * NET_MS);
	CU_ASSERT_EQUAL(p.client->closed + p.server->closed, 0);
	pair_free(&p);
}

/* Frames lost by the hundred are sent again beside those that are being filled. */
static void
txq__retransmissions_leave_room_for_open_frames(void)
{
	struct pair p = pair_of_many();
	struct rdp_ep *ep = p.client->ep;

	for (uint16_t i = 0; i < MANY; i++)
		node_request(p.client, rdp_session_at(ep, i), NODE_RECORD_MIN, 0);
	p.net->port[CLIENT].cut_off = true;
	rdp_flush(ep);
	p.net->port[CLIENT].cut_off = false;
	for (uint16_t i = 0; i < MANY; i++)
		node_request(p.client, rdp_session_at(ep, i), NODE_RECORD_MIN, 0);
	p.net->now_ns += NET_MS;
	rdp_poll(ep);
	CU_ASSERT_FATAL(ep->txq_len + ep->list[RDP_LIST_DIRTY].n <= RDP_TXQ);
	net_run(p.net, 100 * NET_MS);
	CU_ASSERT(ledger_complete());
	CU_ASSERT_EQUAL(p.client->closed + p.server->closed, 0);
	pair_free(&p);
}

/* Responses reserved for a parked frame are written before its session goes. */
static void
park__broken_records_end_the_burst_first(void)
{
	struct pair p = pair_open(NULL);

	p.server->deaf = true;
	CU_ASSERT(node_request(p.client, p.c, 64, 64) >= 0);
	net_run(p.net, 50 * NET_US);
	CU_ASSERT_EQUAL(p.s->parked, 1);
	p.server->deaf = false;
	p.server->break_with = -EPROTO;
	net_run(p.net, 20 * NET_US);
	CU_ASSERT_EQUAL(p.server->closed, 1);
	CU_ASSERT_EQUAL(p.server->nb_staged, 0);
	net_run(p.net, 10 * NET_MS);
	pair_free(&p);
}

/* Who was not polled for long gives the peer a chance to answer before it counts as down. */
static void
silence__of_our_own_is_not_the_peers(void)
{
	struct pair p = pair_open(NULL);

	p.net->now_ns += 3 * NET_S;
	CU_ASSERT(node_request(p.client, p.c, 64, 64) >= 0);
	rdp_flush(p.client->ep);
	CU_ASSERT(net_run_quiet(p.net, 100 * NET_MS));
	CU_ASSERT_EQUAL(p.client->closed + p.server->closed, 0);
	CU_ASSERT(ledger_complete());
	pair_free(&p);
}

static void
rare_keepalive(struct node_conf *conf)
{
	conf->rdp.keepalive_ns = 5 * NET_S;
}

static void
slow_net(struct net *net)
{
	net->latency_ns = NET_MS;
}

/* Keep-alives further apart than the peer time-out: the answer may still take its time. */
static void
silence__keep_alives_are_waited_for(void)
{
	struct pair p = pair_open(rare_keepalive);

	slow_net(p.net);
	net_run(p.net, 12 * NET_S);
	CU_ASSERT_EQUAL(p.client->closed + p.server->closed, 0);
	pair_free(&p);
}

/* And one who is down is found out in time, counted from when he was asked. */
static void
silence__of_the_peer_ends_the_session(void)
{
	struct pair p = pair_open(rare_keepalive);

	net_run(p.net, NET_S);
	p.net->port[SERVER].cut_off = true;
	CU_ASSERT(node_request(p.client, p.c, 64, 64) >= 0);
	net_run(p.net, 1900 * NET_MS);
	CU_ASSERT_EQUAL(p.client->closed, 0);
	net_run(p.net, 300 * NET_MS);
	CU_ASSERT_EQUAL(p.client->closed, 1);
	CU_ASSERT_EQUAL(p.client->status, -ETIMEDOUT);
	pair_free(&p);
}

/* The session of a CLOSED is found at once: strangers who send many do not use up what the peer
 * needs, who has forgotten our index. */
static void
closed__strangers_do_not_hide_the_peers(void)
{
	struct pair p = pair_open(NULL);
	uint8_t bytes[sizeof(struct wire_ipv4_hdrs) + WIRE_CRC_LEN] __rte_aligned(8);
	struct wire_ipv4_hdrs *h = (struct wire_ipv4_hdrs *)bytes;

	memcpy(bytes, &p.c->hdrs.v4, sizeof(*h));
	h->frame.version_type = WIRE_VERSION << 4 | WIRE_CLOSED;
	h->frame.flags = WIRE_F_CRC;
	h->frame.session = RTE_BE16(WIRE_SESSION_NONE);
	p.net->port[SERVER].cut_off = true;
	node_close(p.server, p.s);
	for (unsigned int i = 1; i <= 2 * RDP_RESETS_PER_MS; i++) {
		h->frame.dst_inc = p.s->local_inc ^ rte_cpu_to_be_32(i);
		net_repair(bytes, sizeof(bytes));
		net_inject(p.net, SERVER, bytes, sizeof(bytes));
	}
	net_run(p.net, 10 * NET_US);
	CU_ASSERT_EQUAL(p.server->ep->nb_free, p.server->ep->max_sessions - 1);
	h->frame.dst_inc = p.s->local_inc;
	net_repair(bytes, sizeof(bytes));
	net_inject(p.net, SERVER, bytes, sizeof(bytes));
	net_run(p.net, 10 * NET_US);
	CU_ASSERT_EQUAL(p.server->ep->nb_free, p.server->ep->max_sessions);
	pair_free(&p);
}

/* A flood of HELLOs from nowhere is answered up to a limit; a peer that means it gets through. */
static void
hello__flood(void)
{
	struct pair p = pair_start(NULL);
	const struct {
		struct wire_ipv4_hdrs h;
		struct wire_hello body;
		rte_be32_t crc;
	} __rte_packed __rte_aligned(2) * hello;
	struct net_packet *first;
	uint8_t bytes[sizeof(*hello)] __rte_aligned(8);
	struct wire_ipv4_hdrs *h = (struct wire_ipv4_hdrs *)bytes;
	uint64_t challenges;

	pair_keep_next(&p, CLIENT, WIRE_HELLO);
	CU_ASSERT_PTR_NOT_NULL_FATAL(node_connect(p.client, SERVER));
	first = pair_kept(&p);
	CU_ASSERT_PTR_NOT_NULL_FATAL(first);
	memcpy(bytes, first->bytes, sizeof(bytes));
	challenges = p.net->port[SERVER].count[WIRE_CHALLENGE];
	for (uint32_t i = 0; i < 20 * RDP_HELLOS_PER_MS; i++) {
		h->ip.src_addr = rte_cpu_to_be_32(0x0b000000 + i);
		net_repair(bytes, sizeof(bytes));
		net_inject(p.net, SERVER, bytes, sizeof(bytes));
	}
	net_run(p.net, 200 * NET_US);
	challenges = p.net->port[SERVER].count[WIRE_CHALLENGE] - challenges;
	CU_ASSERT(challenges >= RDP_HELLOS_PER_MS && challenges <= 2 * RDP_HELLOS_PER_MS);
	CU_ASSERT(rdp_ep_stats(p.server->ep)->handshakes_ignored >= 18 * RDP_HELLOS_PER_MS);
	CU_ASSERT_EQUAL(p.server->ep->nb_free, p.server->ep->max_sessions);
	net_run(p.net, 20 * NET_MS);
	CU_ASSERT_EQUAL(p.client->opened, 1);
	pair_free(&p);
}

static bool
answered(void *node)
{
	return ((const struct node *)node)->responses_in > 0;
}

/* Time stamps wrap every 275 s: the latest delivery is known wherever a session begins. */
static void
stamps__begin_anywhere(void)
{
	for (uint64_t at = 20; at < 300; at += 40) {
		struct pair p = pair_start(NULL);

		p.net->now_ns += at * NET_S;
		pair_connect(&p);
		CU_ASSERT((int32_t)(p.c->rack_ts - p.client->ep->now_ts) <= 0);
		CU_ASSERT(node_request(p.client, p.c, 64, 64) >= 0);
		CU_ASSERT(net_run_until(p.net, answered, p.client, 10 * NET_MS));
		CU_ASSERT(p.client->ep->now_ts - p.c->rack_ts < NET_MS >> WIRE_TS_SHIFT);
		pair_free(&p);
	}
}

CU_TestInfo bounds_tests[] = {
	TEST(txq__has_room_for_every_open_frame),
	TEST(txq__keep_alives_of_many_sessions),
	TEST(txq__retransmissions_leave_room_for_open_frames),
	TEST(park__broken_records_end_the_burst_first),
	TEST(silence__of_our_own_is_not_the_peers),
	TEST(silence__keep_alives_are_waited_for),
	TEST(silence__of_the_peer_ends_the_session),
	TEST(closed__strangers_do_not_hide_the_peers),
	TEST(hello__flood),
	TEST(stamps__begin_anywhere),
	CU_TEST_INFO_NULL,
};
