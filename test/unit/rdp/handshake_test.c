/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/* How sessions begin, and what a stranger can do about it: doc/protocol.md, "Sessions". */

#include "base/status.h"
#include "session_tests.h"

#define STAMP_NS (UINT64_C(1) << RDP_COOKIE_SHIFT)

static const uint8_t steps[] = {WIRE_HELLO, WIRE_CHALLENGE, WIRE_CONNECT, WIRE_ACCEPT};

static unsigned int
sender_of(uint8_t type)
{
	return type == WIRE_HELLO || type == WIRE_CONNECT ? CLIENT : SERVER;
}

static unsigned int
sessions(const struct node *node)
{
	return node->ep->max_sessions - node->ep->nb_free;
}

/* One session at each end, and it works. */
static void
check_one_session(struct pair *p)
{
	CU_ASSERT_EQUAL(p->server->opened, 1);
	CU_ASSERT_EQUAL(p->client->opened, 1);
	CU_ASSERT_EQUAL(sessions(p->server), 1);
	CU_ASSERT_EQUAL(sessions(p->client), 1);
	CU_ASSERT(node_request(p->client, p->c, 64, 64) >= 0);
	CU_ASSERT(net_run_quiet(p->net, 10 * NET_MS));
	CU_ASSERT(ledger_complete());
	CU_ASSERT_EQUAL(p->server->closed + p->client->closed, 0);
}

static void
open__four_messages(void)
{
	struct pair p = pair_start(NULL);
	uint64_t start = p.net->now_ns;

	pair_connect(&p);
	for (unsigned int i = 0; i < RTE_DIM(steps); i++)
		CU_ASSERT_EQUAL(net_logged(p.net, sender_of(steps[i]), steps[i]), 1);
	CU_ASSERT_EQUAL(p.net->nb_log, 4);
	/* Two round trips, and a turn of the loop each. */
	CU_ASSERT(p.net->log[3].ns + p.net->latency_ns - start < 22 * NET_US);
	CU_ASSERT_EQUAL(p.c->peer_node, 1);
	CU_ASSERT_EQUAL(p.s->peer_node, 2);
	check_one_session(&p);
	pair_free(&p);
}

/* Each message lost once, or more often: repeated after 1, 2, 4, ... ms. CONNECTs come in several
 * sizes from the fourth time on, and so do ACCEPTs. */
static void
open__each_message_lost(void)
{
	for (unsigned int i = 0; i < RTE_DIM(steps); i++) {
		unsigned int most = steps[i] == WIRE_CONNECT || steps[i] == WIRE_ACCEPT ? 3 : 5;

		for (unsigned int times = 1; times <= most; times += 2) {
			struct pair p = pair_start(NULL);
			uint64_t start = p.net->now_ns, took;

			p.net->port[sender_of(steps[i])].drop_next[steps[i]] = times;
			pair_connect(&p);
			took = net_find(p.net, SERVER, WIRE_ACCEPT, 0)->ns - start;
			if (steps[i] == WIRE_ACCEPT)
				took = net_find(p.net, SERVER, WIRE_ACCEPT, times)->ns - start;
			CU_ASSERT(took >= ((1u << times) - 1) * NET_MS);
			CU_ASSERT(took < ((1u << times) - 1) * NET_MS + (times + 1) * 66 * NET_US);
			check_one_session(&p);
			pair_free(&p);
		}
	}
}

/* Of two that are to meet on a link that loses a third each way, less than one in 10^9 gives up. */
static void
open__thirty_in_a_row_lost(void)
{
	for (unsigned int i = 0; i < 2; i++) {
		struct pair p = pair_start(NULL);

		p.net->port[sender_of(steps[i])].drop_next[steps[i]] = 30;
		pair_connect(&p);
		check_one_session(&p);
		pair_free(&p);
	}
}

/* Nobody is there: repeated, at most 50 ms apart, until the peer time-out. */
static void
open__nobody_answers(void)
{
	struct pair p = pair_start(NULL);
	uint64_t start = p.net->now_ns, last = 0;

	p.net->port[CLIENT].cut_off = true;
	CU_ASSERT_PTR_NULL(node_open(p.client, SERVER));
	CU_ASSERT_EQUAL(p.client->status, -ETIMEDOUT);
	CU_ASSERT_EQUAL(p.client->failed, 1);
	CU_ASSERT_EQUAL(p.client->closed, 0);
	CU_ASSERT(p.net->now_ns - start >= 2 * NET_S);
	CU_ASSERT(p.net->now_ns - start <= 2 * NET_S + 51 * NET_MS);
	for (uint32_t i = 0; i < p.net->nb_log; i++) {
		uint64_t gap = RTE_MIN(NET_MS << RTE_MIN(i, 10u), 50 * NET_MS);

		last = p.net->log[i].ns;
		CU_ASSERT_EQUAL(p.net->log[i].type, WIRE_HELLO);
		if (i + 1 < p.net->nb_log) {
			CU_ASSERT(p.net->log[i + 1].ns - last >= gap);
			CU_ASSERT(p.net->log[i + 1].ns - last <= gap + 66 * NET_US);
		}
	}
	CU_ASSERT_EQUAL(sessions(p.client), 0);
	pair_free(&p);
}

static void
double_all(void *ctx, const struct net_frame *f, struct net_fate *fate)
{
	fate->copies = f->type == *(const uint8_t *)ctx ? 3 : 0;
}

static void
open__each_message_doubled(void)
{
	for (unsigned int i = 0; i < RTE_DIM(steps); i++) {
		struct pair p = pair_start(NULL);
		uint8_t type = steps[i];

		p.net->script = double_all;
		p.net->script_ctx = &type;
		pair_connect(&p);
		check_one_session(&p);
		pair_free(&p);
	}
}

/* A CONNECT that comes again finds its session, and gets the same answer. */
static void
connect__doubled_gets_the_same_accept(void)
{
	struct pair p = pair_start(NULL);

	pair_keep_next(&p, CLIENT, WIRE_CONNECT);
	pair_connect(&p);
	net_replay(p.net, 0);
	net_run(p.net, NET_MS);
	CU_ASSERT_EQUAL(net_logged(p.net, SERVER, WIRE_ACCEPT), 2);
	CU_ASSERT_EQUAL(net_find(p.net, SERVER, WIRE_ACCEPT, 0)->src_inc,
		net_find(p.net, SERVER, WIRE_ACCEPT, 1)->src_inc);
	check_one_session(&p);
	pair_free(&p);
}

/* From before the session that is open now: an incarnation earlier. */
static void
connect__late_one_is_dropped(void)
{
	struct pair p = pair_start(NULL);

	pair_keep_next(&p, CLIENT, WIRE_CONNECT);
	pair_connect(&p);
	node_close(p.client, p.c);
	CU_ASSERT(net_run_quiet(p.net, 10 * NET_MS));
	pair_connect(&p);
	CU_ASSERT_EQUAL(p.server->opened, 2);
	net_log_clear(p.net);
	net_replay(p.net, 0);
	net_run(p.net, NET_MS);
	CU_ASSERT_EQUAL(rdp_ep_stats(p.server->ep)->rx_stale, 1);
	CU_ASSERT_EQUAL(p.net->nb_log, 0);
	CU_ASSERT_EQUAL(p.server->opened, 2);
	CU_ASSERT_EQUAL(p.server->closed, 1);
	CU_ASSERT_PTR_EQUAL(node_peer_session(p.c, p.server), p.s);
	pair_free(&p);
}

/* A late copy, when its session is gone: what it makes goes away by itself. */
static void
connect__late_one_without_session_ends(void)
{
	struct pair p = pair_start(NULL);

	pair_keep_next(&p, CLIENT, WIRE_CONNECT);
	pair_connect(&p);
	node_close(p.client, p.c);
	CU_ASSERT(net_run_quiet(p.net, 10 * NET_MS));
	net_replay(p.net, 0);
	net_run(p.net, 1200 * NET_MS);
	CU_ASSERT_EQUAL(sessions(p.server), 0);
	CU_ASSERT_EQUAL(sessions(p.client), 0);
	CU_ASSERT_EQUAL(p.client->opened, 1);
	pair_free(&p);
}

/* The initiator's process starts again: a later epoch takes the place of the old session. */
static void
restart__initiator_replaces_its_session(void)
{
	struct pair p = pair_open(NULL);
	uint32_t old_inc = p.s->local_inc;

	CU_ASSERT(node_request(p.client, p.c, 64, 64) >= 0);
	pair_restart(&p, CLIENT, NULL);
	net_run(p.net, NET_MS);
	pair_connect(&p);
	CU_ASSERT_EQUAL(p.server->closed, 1);
	CU_ASSERT_EQUAL(p.server->status, -ECONNRESET);
	CU_ASSERT_EQUAL(p.server->opened, 2);
	CU_ASSERT_EQUAL(sessions(p.server), 1);
	CU_ASSERT_NOT_EQUAL(p.s->local_inc, old_inc);
	CU_ASSERT(node_request(p.client, p.c, 64, 64) >= 0);
	CU_ASSERT(net_run_quiet(p.net, 10 * NET_MS));
	CU_ASSERT(ledger_complete());
	pair_free(&p);
}

static void
one_session(struct node_conf *conf)
{
	conf->rdp.max_sessions = 1;
}

/* The place of the old session is enough. */
static void
restart__initiator_with_a_full_table(void)
{
	struct pair p = pair_open(one_session);

	pair_restart(&p, CLIENT, NULL);
	net_run(p.net, NET_MS);
	pair_connect(&p);
	CU_ASSERT_EQUAL(p.server->closed, 1);
	CU_ASSERT_EQUAL(p.server->opened, 2);
	CU_ASSERT_EQUAL(rdp_ep_stats(p.server->ep)->handshakes_refused, 0);
	pair_free(&p);
}

static void
early_epoch(struct node_conf *conf)
{
	conf->rdp.epoch = conf->rdp.listen ? 1000 : 500;
}

/* An epoch from before is that of a late frame. Should the clock really have been set back, then
 * the next keep-alive of the old session finds nobody, and makes room. */
static void
restart__earlier_epoch_has_to_wait(void)
{
	struct pair p = pair_open(NULL);

	p.s->peer_epoch = 1000;
	pair_restart(&p, CLIENT, early_epoch);
	net_run(p.net, NET_MS);
	node_connect(p.client, SERVER);
	net_run(p.net, 900 * NET_MS);
	CU_ASSERT_EQUAL(p.client->opened, 0);
	CU_ASSERT_EQUAL(p.server->closed, 0);
	net_run(p.net, 500 * NET_MS);
	CU_ASSERT_EQUAL(p.server->closed, 1);
	CU_ASSERT_EQUAL(p.server->status, 0);
	CU_ASSERT_EQUAL(p.server->opened, 2);
	CU_ASSERT_EQUAL(p.client->opened, 1);
	pair_free(&p);
}

/* The listener closed its end, the initiator did not hear of it and begins anew. */
static void
restart__while_the_listener_is_closing(void)
{
	struct pair p = pair_open(NULL);

	node_close(p.server, p.s);
	p.net->port[SERVER].drop_next[WIRE_CLOSE] = 100;
	net_run(p.net, NET_MS);
	pair_restart(&p, CLIENT, NULL);
	pair_connect(&p);
	CU_ASSERT_EQUAL(p.server->closed, 0);
	CU_ASSERT_EQUAL(p.server->opened, 2);
	net_run(p.net, 100 * NET_MS);
	CU_ASSERT_EQUAL(p.server->closed, 0);
	CU_ASSERT_EQUAL(p.client->closed, 0);
	CU_ASSERT_EQUAL(sessions(p.server), 1);
	pair_free(&p);
}

static struct neigh_table neighbours;

static void
asks_for_addresses(struct node_conf *conf)
{
	if (!conf->rdp.listen)
		conf->rdp.neigh = &neighbours;
}

/* An attempt whose peer's Ethernet address is not known yet cannot send; who asks it to end is
 * answered as one that nobody knows. */
static void
resolve__close_for_an_attempt_without_an_address(void)
{
	struct pair p;
	struct wire_ipv4_hdrs h;

	neigh_init(&neighbours);
	p = pair_start(asks_for_addresses);
	p.c = node_connect(p.client, SERVER);
	CU_ASSERT_EQUAL(p.c->state, RDP_RESOLVE);
	h = (struct wire_ipv4_hdrs){
		.eth = {.dst_addr = net_mac(CLIENT),
			.src_addr = net_mac(SERVER),
			.ether_type = RTE_BE16(RTE_ETHER_TYPE_IPV4)},
		.ip = {.version_ihl = 0x45,
			.time_to_live = 64,
			.next_proto_id = IPPROTO_UDP,
			.src_addr = net_ip(SERVER),
			.dst_addr = net_ip(CLIENT)},
		.udp = {.src_port = RTE_BE16(WIRE_UDP_PORT + SERVER),
			.dst_port = RTE_BE16(WIRE_UDP_PORT + CLIENT)},
		.frame = {.version_type = WIRE_VERSION << 4 | WIRE_CLOSE,
			.dst_inc = p.c->local_inc},
	};
	net_repair(&h, sizeof(h));
	net_inject(p.net, CLIENT, &h, sizeof(h));
	net_run(p.net, 20 * NET_US);
	CU_ASSERT_EQUAL(p.c->state, RDP_RESOLVE);
	CU_ASSERT_EQUAL(net_logged(p.net, CLIENT, WIRE_CLOSED), 1);
	CU_ASSERT_EQUAL(p.net->errors, 0);
	pair_free(&p);
}

static void
refuse__not_listening(void)
{
	struct pair p = pair_start(NULL);

	CU_ASSERT_PTR_NULL(node_open(p.server, CLIENT));
	CU_ASSERT_EQUAL(p.server->status, -ECONNREFUSED);
	CU_ASSERT_EQUAL(p.server->failed, 1);
	CU_ASSERT_EQUAL(p.server->closed, 0);
	CU_ASSERT_EQUAL(rdp_ep_stats(p.client->ep)->handshakes_refused, 1);
	CU_ASSERT(p.server->status_ns - NET_START < 12 * NET_US);
	CU_ASSERT_EQUAL(rdp_ep_stats(p.server->ep)->sessions_opened, 0);
	CU_ASSERT_EQUAL(rdp_ep_stats(p.server->ep)->sessions_closed, 0);
	CU_ASSERT_EQUAL(sessions(p.server), 0);
	pair_free(&p);
}

static void
two_at_the_server(struct node_conf *conf)
{
	conf->rdp.max_sessions = conf->rdp.listen ? 2 : 8;
}

static void
refuse__table_full(void)
{
	struct pair p = pair_start(two_at_the_server);
	struct rdp_session *first;

	pair_connect(&p);
	first = p.c;
	pair_connect(&p);
	CU_ASSERT_PTR_NULL(node_open(p.client, SERVER));
	CU_ASSERT_EQUAL(p.client->status, -ECONNREFUSED);
	CU_ASSERT_EQUAL(p.server->opened, 2);
	node_close(p.client, first);
	CU_ASSERT(net_run_quiet(p.net, 10 * NET_MS));
	pair_connect(&p);
	CU_ASSERT_EQUAL(p.server->opened, 3);
	pair_free(&p);
}

static void
many_sessions(struct node_conf *conf)
{
	conf->rdp.max_sessions = 1024;
	conf->mbufs = 4096;
}

/* As many as were asked for, not a few less. */
static void
refuse__nobody_before_the_table_is_full(void)
{
	struct pair p = pair_start(many_sessions);

	for (unsigned int i = 0; i < 1024; i++) {
		node_connect(p.client, SERVER);
		net_run(p.net, 20 * NET_US);
	}
	net_run(p.net, 10 * NET_MS);
	CU_ASSERT_EQUAL(p.client->opened, 1024);
	CU_ASSERT_EQUAL(p.server->opened, 1024);
	CU_ASSERT_EQUAL(p.client->failed, 0);
	pair_free(&p);
}

static void
connect__arguments(void)
{
	struct pair p = pair_start(one_session);
	struct rdp_session *s = NULL;

	CU_ASSERT_EQUAL(rdp_connect(p.client->ep, ip_addr_v4(0), 1, &s), -EINVAL);
	CU_ASSERT_EQUAL(rdp_connect(p.client->ep, ip_addr_v4(net_ip(SERVER)), 0, &s), -EINVAL);
	CU_ASSERT_PTR_NULL(s);
	pair_connect(&p);
	CU_ASSERT_EQUAL(
		rdp_connect(p.client->ep, ip_addr_v4(net_ip(SERVER)), WIRE_UDP_PORT, &s), -ENOSPC);
	pair_free(&p);
}

/* A frame of the handshake that was kept from its receiver; its body. */
static void *
caught_body(struct pair *p, uint8_t type)
{
	struct net_packet *packet;

	pair_keep_next(p, sender_of(type), type);
	node_connect(p->client, SERVER);
	packet = pair_kept(p);
	CU_ASSERT_PTR_NOT_NULL_FATAL(packet);
	return packet->bytes + sizeof(struct wire_ipv4_hdrs);
}

/* Only this one, and none of the client's repetitions. */
static void
send_changed(struct pair *p)
{
	struct net_packet *packet = p->net->jar[p->net->nb_jar - 1];

	net_repair(packet->bytes, packet->len);
	net_inject(p->net, packet->to, packet->bytes, packet->len);
	net_run(p->net, 20 * NET_US);
}

static void
refuse__other_version(void)
{
	struct pair p = pair_start(NULL);
	struct wire_hello *hello = caught_body(&p, WIRE_HELLO);
	const struct wire_refuse *refuse;

	pair_keep_next(&p, SERVER, WIRE_REFUSE);
	hello->version_min = WIRE_VERSION + 1;
	hello->version_max = WIRE_VERSION + 3;
	send_changed(&p);
	refuse = (const void *)(pair_kept(&p)->bytes + sizeof(struct wire_ipv4_hdrs));
	CU_ASSERT_EQUAL(refuse->reason, STATUS_NOTSUP);
	CU_ASSERT_EQUAL(refuse->version_min, WIRE_VERSION);
	CU_ASSERT_EQUAL(refuse->version_max, WIRE_VERSION);
	CU_ASSERT_EQUAL(sessions(p.client), 1);
	net_replay(p.net, p.net->nb_jar - 1);
	net_run(p.net, 20 * NET_US);
	CU_ASSERT_EQUAL(p.client->status, -ECONNREFUSED);
	CU_ASSERT_EQUAL(sessions(p.client), 0);
	pair_free(&p);
}

static void
version__range_with_ours_in_it(void)
{
	struct pair p = pair_start(NULL);
	struct wire_hello *hello = caught_body(&p, WIRE_HELLO);

	hello->version_min = 0;
	hello->version_max = WIRE_VERSION + 3;
	send_changed(&p);
	net_run(p.net, NET_MS / 2);
	CU_ASSERT_EQUAL(p.client->opened, 1);
	pair_free(&p);
}

/* What a later version may ask for beside what this one knows. */
static void
features__unknown_ones_are_ignored(void)
{
	struct pair p = pair_start(NULL);
	struct wire_hello *hello = caught_body(&p, WIRE_CONNECT);

	hello->features |= RTE_BE32(0xfffffff0);
	hello->reserved = RTE_BE16(0xffff);
	send_changed(&p);
	net_run(p.net, NET_MS / 2);
	CU_ASSERT_EQUAL(p.client->opened, 1);
	CU_ASSERT_EQUAL(p.server->opened, 1);
	pair_free(&p);
}

/* No state, no answer, and counted. */
static void
check_no_session(struct pair *p, uint64_t stale)
{
	CU_ASSERT_EQUAL(sessions(p->server), 0);
	CU_ASSERT_EQUAL(p->server->opened, 0);
	CU_ASSERT_EQUAL(rdp_ep_stats(p->server->ep)->rx_stale, stale);
	CU_ASSERT_EQUAL(net_logged(p->net, SERVER, WIRE_ACCEPT), 0);
	CU_ASSERT_EQUAL(net_logged(p->net, SERVER, WIRE_RESET), 0);
}

static void
cookie__wrong(void)
{
	struct pair p = pair_start(NULL);
	struct wire_hello *hello = caught_body(&p, WIRE_CONNECT);

	for (unsigned int bit = 0; bit < 64; bit++) {
		hello->cookie ^= UINT64_C(1) << bit;
		send_changed(&p);
		hello->cookie ^= UINT64_C(1) << bit;
		p.client->session = NULL;
		net_log_clear(p.net);
		p.net->port[CLIENT].cut_off = true;
	}
	check_no_session(&p, 64);
	p.net->port[CLIENT].cut_off = false;
	net_run(p.net, 200 * NET_MS);
	CU_ASSERT_EQUAL(p.client->opened, 1);
	pair_free(&p);
}

/* A cookie is for one address, one port and one attempt. */
static void
cookie__of_another_source(void)
{
	struct pair p = pair_start(NULL);
	struct wire_hello *hello = caught_body(&p, WIRE_CONNECT);
	struct wire_ipv4_hdrs *h = (struct wire_ipv4_hdrs *)hello - 1, right = *h;

	p.net->port[CLIENT].cut_off = true;
	h->ip.src_addr = net_ip(2);
	send_changed(&p);
	*h = right;
	h->udp.src_port ^= RTE_BE16(1);
	send_changed(&p);
	*h = right;
	h->frame.src_inc ^= RTE_BE32(1);
	send_changed(&p);
	*h = right;
	hello->stamp ^= RTE_BE32(1);
	send_changed(&p);
	check_no_session(&p, 4);
	pair_free(&p);
}

static void
cookie__lives_between_one_and_two_stamps(void)
{
	static const struct {
		uint64_t wait;
		bool good;
	} cases[] = {{STAMP_NS / 2, true}, {STAMP_NS - NET_S, true}, {2 * STAMP_NS, false},
		{3 * STAMP_NS, false}};

	for (unsigned int i = 0; i < RTE_DIM(cases); i++) {
		struct pair p = pair_start(NULL);

		caught_body(&p, WIRE_CONNECT);
		CU_ASSERT_EQUAL(node_stop(p.client), 0);
		net_run(p.net, cases[i].wait);
		send_changed(&p);
		CU_ASSERT_EQUAL(p.server->opened, cases[i].good);
		if (!cases[i].good)
			check_no_session(&p, 1);
		pair_free(&p);
	}
}

/* Zero is no incarnation, though its cookie is right: a session that waits for one has it. */
static void
connect__without_an_incarnation(void)
{
	struct pair p = pair_start(NULL);
	struct wire_hello *hello = caught_body(&p, WIRE_CONNECT);
	struct wire_ipv4_hdrs *h = (struct wire_ipv4_hdrs *)hello - 1;
	uint32_t data[4] = {h->ip.src_addr, h->udp.src_port, 0, rte_be_to_cpu_32(hello->stamp)};

	p.net->port[CLIENT].cut_off = true;
	h->frame.src_inc = 0;
	hello->cookie = rte_cpu_to_be_64(rdp_cookie(p.server->ep->cookie_key, data, sizeof(data)));
	send_changed(&p);
	check_no_session(&p, 1);
	pair_free(&p);
}

/* Values that no sane peer sends, with a cookie that is right. */
static void
connect__insane_values(void)
{
	static const struct wire_hello bad[] = {
		{.mtu = RTE_BE16(RDP_MTU_MIN - 1), .window = RTE_BE16(64), .node = RTE_BE16(2)},
		{.mtu = RTE_BE16(0), .window = RTE_BE16(64), .node = RTE_BE16(2)},
		{.mtu = RTE_BE16(1500), .window = RTE_BE16(0), .node = RTE_BE16(2)},
		{.mtu = RTE_BE16(1500), .window = RTE_BE16(4), .node = RTE_BE16(2)},
		{.mtu = RTE_BE16(1500), .window = RTE_BE16(48), .node = RTE_BE16(2)},
		{.mtu = RTE_BE16(1500), .window = RTE_BE16(512), .node = RTE_BE16(2)},
		{.mtu = RTE_BE16(1500), .window = RTE_BE16(64), .node = RTE_BE16(0)},
		{.mtu = RTE_BE16(1500), .window = RTE_BE16(64), .node = RTE_BE16(1024)},
		{.mtu = RTE_BE16(1500), .window = RTE_BE16(64), .node = RTE_BE16(UINT16_MAX)},
	};
	struct pair p = pair_start(NULL);
	struct wire_hello *hello = caught_body(&p, WIRE_CONNECT);

	p.net->port[CLIENT].cut_off = true;
	for (unsigned int i = 0; i < RTE_DIM(bad); i++) {
		hello->mtu = bad[i].mtu;
		hello->window = bad[i].window;
		hello->node = bad[i].node;
		send_changed(&p);
	}
	check_no_session(&p, RTE_DIM(bad));
	pair_free(&p);
}

/* More than was asked for cannot have been agreed, nor can no node have agreed to it. */
static void
accept__insane_values(void)
{
	static const struct {
		uint16_t mtu, window, node, session;
	} bad[] = {{NET_MTU + 1, 64, 1, 0}, {RDP_MTU_MIN - 1, 64, 1, 0}, {0, 64, 1, 0},
		{NET_MTU, 128, 1, 0}, {NET_MTU, 4, 1, 0}, {NET_MTU, 0, 1, 0}, {NET_MTU, 64, 0, 0},
		{NET_MTU, 64, 1024, 0}, {NET_MTU, 64, UINT16_MAX, 0},
		{NET_MTU, 64, 1, WIRE_SESSION_NONE}};

	for (unsigned int i = 0; i < RTE_DIM(bad); i++) {
		struct pair p = pair_start(NULL);
		struct wire_accept *accept = caught_body(&p, WIRE_ACCEPT);

		accept->mtu = rte_cpu_to_be_16(bad[i].mtu);
		accept->window = rte_cpu_to_be_16(bad[i].window);
		accept->node = rte_cpu_to_be_16(bad[i].node);
		accept->session = rte_cpu_to_be_16(bad[i].session);
		send_changed(&p);
		CU_ASSERT_EQUAL(p.client->opened, 0);
		CU_ASSERT_EQUAL(p.client->failed, 1);
		CU_ASSERT_EQUAL(p.client->status, -EPROTO);
		CU_ASSERT_EQUAL(sessions(p.client), 0);
		pair_free(&p);
	}
}

static void
crc_on(struct node_conf *conf)
{
	conf->rdp.crc = true;
}

static void
crc_off(struct node_conf *conf)
{
	conf->rdp.crc = false;
}

/* Either end may ask for it, and neither may refuse it. */
static void
accept__without_the_crc_that_was_asked_for(void)
{
	struct pair p = pair_start(crc_on);
	struct wire_accept *accept = caught_body(&p, WIRE_ACCEPT);

	CU_ASSERT_EQUAL(accept->features, RTE_BE32(WIRE_FEATURE_CRC));
	accept->features = 0;
	send_changed(&p);
	CU_ASSERT_EQUAL(p.client->opened, 0);
	CU_ASSERT_EQUAL(p.client->failed, 1);
	CU_ASSERT_EQUAL(p.client->status, -EPROTO);
	CU_ASSERT_EQUAL(sessions(p.client), 0);
	pair_free(&p);
}

/* The last one that there can be is as good as any. */
static void
accept__of_the_last_node(void)
{
	struct pair p = pair_start(NULL);
	struct wire_accept *accept = caught_body(&p, WIRE_ACCEPT);

	accept->node = RTE_BE16(WIRE_NODE_MAX);
	send_changed(&p);
	CU_ASSERT_EQUAL(p.client->failed, 0);
	CU_ASSERT_EQUAL_FATAL(p.client->opened, 1);
	CU_ASSERT_EQUAL(p.client->session->peer_node, WIRE_NODE_MAX);
	pair_free(&p);
}

/* Then the listener asked. Bits that nobody knows mean nothing. */
static void
accept__with_a_crc_that_was_not_asked_for(void)
{
	struct pair p = pair_start(crc_off);
	struct wire_accept *accept = caught_body(&p, WIRE_ACCEPT);

	CU_ASSERT_EQUAL(accept->features, 0);
	accept->features = RTE_BE32(WIRE_FEATURE_CRC | 0x80);
	send_changed(&p);
	CU_ASSERT_EQUAL(p.client->failed, 0);
	CU_ASSERT_EQUAL_FATAL(p.client->opened, 1);
	CU_ASSERT(p.client->session->crc);
	CU_ASSERT_EQUAL(p.client->session->mss, RTE_ALIGN_FLOOR(NET_MTU - 58u - 4u, 8u));
	pair_free(&p);
}

/* Answers of somebody else, or to another attempt. */
static void
answers__that_were_not_asked_for(void)
{
	static const uint8_t types[] = {WIRE_CHALLENGE, WIRE_ACCEPT};

	for (unsigned int i = 0; i < RTE_DIM(types); i++) {
		struct pair p = pair_start(NULL);
		struct wire_ipv4_hdrs *h = (struct wire_ipv4_hdrs *)caught_body(&p, types[i]) - 1;
		struct wire_ipv4_hdrs right = *h;
		uint8_t state = rdp_session_at(p.client->ep, 0)->state;

		h->ip.src_addr = net_ip(3);
		send_changed(&p);
		*h = right;
		h->udp.src_port ^= RTE_BE16(2);
		send_changed(&p);
		*h = right;
		h->frame.dst_inc ^= RTE_BE32(1);
		send_changed(&p);
		*h = right;
		h->frame.session = RTE_BE16(3);
		send_changed(&p);
		*h = right;
		h->frame.session = RTE_BE16(0xffff);
		send_changed(&p);
		CU_ASSERT_EQUAL(rdp_session_at(p.client->ep, 0)->state, state);
		CU_ASSERT_EQUAL(p.client->opened + p.client->failed, 0);
		pair_free(&p);
	}
}

static uint16_t tweak_mtu[2], tweak_window[2];
static bool tweak_crc[2];

static void
different_wishes(struct node_conf *conf)
{
	unsigned int i = conf->rdp.listen ? SERVER : CLIENT;

	conf->rdp.mtu = tweak_mtu[i];
	conf->rdp.window = tweak_window[i];
	conf->rdp.crc = tweak_crc[i];
}

static void
check_agreed(uint16_t mtu, uint16_t window, bool crc)
{
	struct pair p = pair_open(different_wishes);
	uint16_t mss = (uint16_t)RTE_ALIGN_FLOOR(mtu - 58u - (crc ? 4u : 0), 8u);

	CU_ASSERT_EQUAL(p.c->mss, mss);
	CU_ASSERT_EQUAL(p.s->mss, mss);
	CU_ASSERT_EQUAL(p.c->tx_room, window);
	CU_ASSERT_EQUAL(p.s->tx_room, window);
	CU_ASSERT_EQUAL(p.c->crc, crc);
	CU_ASSERT_EQUAL(p.s->crc, crc);
	CU_ASSERT(node_request(p.client, p.c, mss, mss) >= 0);
	CU_ASSERT(node_request(p.server, p.s, mss, mss) >= 0);
	CU_ASSERT(net_run_quiet(p.net, 10 * NET_MS));
	CU_ASSERT(ledger_complete());
	pair_free(&p);
}

static void
agree__smaller_mtu(void)
{
	/* All residues modulo eight, both ways, and the smallest there is. */
	for (uint16_t mtu = RDP_MTU_MIN; mtu < RDP_MTU_MIN + 9; mtu++) {
		for (unsigned int crc = 0; crc < 2; crc++) {
			tweak_window[SERVER] = tweak_window[CLIENT] = 64;
			tweak_crc[SERVER] = tweak_crc[CLIENT] = crc;
			tweak_mtu[SERVER] = mtu;
			tweak_mtu[CLIENT] = 1500;
			check_agreed(mtu, 64, crc);
			tweak_mtu[CLIENT] = mtu;
			check_agreed(mtu, 64, crc);
			tweak_mtu[SERVER] = 9000;
			check_agreed(mtu, 64, crc);
		}
	}
}

static void
agree__smaller_window(void)
{
	tweak_mtu[SERVER] = tweak_mtu[CLIENT] = 1500;
	tweak_crc[SERVER] = tweak_crc[CLIENT] = false;
	for (uint16_t a = 8; a <= 256; a *= 2) {
		for (uint16_t b = 8; b <= 256; b *= 2) {
			tweak_window[SERVER] = a;
			tweak_window[CLIENT] = b;
			check_agreed(1500, RTE_MIN(a, b), false);
		}
	}
}

static void
agree__crc_if_either_asks(void)
{
	tweak_mtu[SERVER] = tweak_mtu[CLIENT] = 1500;
	tweak_window[SERVER] = tweak_window[CLIENT] = 64;
	for (unsigned int i = 0; i < 4; i++) {
		tweak_crc[SERVER] = i & 1;
		tweak_crc[CLIENT] = i & 2;
		check_agreed(1500, 64, i != 0);
	}
}

static void
talk_at_once(struct node *node, struct rdp_session *s, int status)
{
	CU_ASSERT(node_request(node, s, 64, 64) >= 0);
}

static bool
client_opened(void *ctx)
{
	const struct pair *p = ctx;

	return p->client->opened > 0;
}

/* Bits of the cookie turned over in such a way that the checksum still fits. The attempt does not
 * go on with it until its time is over. */
static void
challenge__damaged(void)
{
	struct pair p = pair_start(NULL);
	struct wire_challenge *c;
	struct net_packet *kept;
	struct rdp_session *s;

	pair_keep_next(&p, SERVER, WIRE_CHALLENGE);
	CU_ASSERT_EQUAL(rdp_connect(p.client->ep, net_addr(p.net, SERVER), WIRE_UDP_PORT, &s), 0);
	kept = pair_kept(&p);
	CU_ASSERT_PTR_NOT_NULL_FATAL(kept);
	c = (struct wire_challenge *)(void *)(kept->bytes + sizeof(struct wire_ipv4_hdrs));
	c->cookie ^= RTE_BE64(0x200);
	net_repair(kept->bytes, kept->len);
	net_replay(p.net, 0);
	CU_ASSERT(net_run_until(p.net, client_opened, &p, 300 * NET_MS));
	CU_ASSERT_EQUAL(p.client->status, 0);
	pair_free(&p);
}

/* The listener may send before the initiator knows that it may. */
static void
open__data_before_accept(void)
{
	struct pair p = pair_start(NULL);

	p.server->on_opened = talk_at_once;
	p.net->port[SERVER].drop_next[WIRE_ACCEPT] = 1;
	pair_connect(&p);
	CU_ASSERT(net_run_quiet(p.net, 100 * NET_MS));
	CU_ASSERT(ledger_complete());
	CU_ASSERT_EQUAL(net_logged(p.net, CLIENT, WIRE_RESET), 0);
	check_one_session(&p);
	pair_free(&p);
}

static void
conf__of_an_endpoint(void)
{
	struct net *net = net_create();
	struct node *node = node_start_plain(net, 0);
	struct rdp_conf good = node->conf, bad;
	struct rdp_ep *ep = NULL;

	CU_ASSERT_EQUAL(rdp_ep_create(NULL, &ep), -EINVAL);
#define REFUSED(field, value)                                                                      \
	do {                                                                                       \
		bad = good;                                                                        \
		bad.field = value;                                                                 \
		CU_ASSERT_EQUAL(rdp_ep_create(&bad, &ep), -EINVAL);                                \
	} while (0)
	REFUSED(io.rx_burst, NULL);
	REFUSED(io.tx_burst, NULL);
	REFUSED(handler, NULL);
	REFUSED(pool, NULL);
	REFUSED(window, 4);
	REFUSED(window, 0);
	REFUSED(window, 100);
	REFUSED(window, 512);
	REFUSED(max_sessions, 0);
	REFUSED(max_sessions, 0xffff);
	REFUSED(mtu, RDP_MTU_MIN - 1);
	REFUSED(mtu, 9000); /* the pool's buffers are too small */
	REFUSED(node, 0);
	REFUSED(node, WIRE_NODE_MAX + 1);
	REFUSED(ip, 0);
	REFUSED(udp_port, 0);
	CU_ASSERT_PTR_NULL(ep);
	net_free(net);
}

CU_TestInfo handshake_tests[] = {
	TEST(open__four_messages),
	TEST(open__each_message_lost),
	TEST(open__thirty_in_a_row_lost),
	TEST(open__nobody_answers),
	TEST(open__each_message_doubled),
	TEST(open__data_before_accept),
	TEST(challenge__damaged),
	TEST(connect__doubled_gets_the_same_accept),
	TEST(connect__late_one_is_dropped),
	TEST(connect__late_one_without_session_ends),
	TEST(connect__arguments),
	TEST(connect__insane_values),
	TEST(connect__without_an_incarnation),
	TEST(accept__insane_values),
	TEST(accept__of_the_last_node),
	TEST(accept__without_the_crc_that_was_asked_for),
	TEST(accept__with_a_crc_that_was_not_asked_for),
	TEST(answers__that_were_not_asked_for),
	TEST(restart__initiator_replaces_its_session),
	TEST(restart__initiator_with_a_full_table),
	TEST(restart__earlier_epoch_has_to_wait),
	TEST(restart__while_the_listener_is_closing),
	TEST(resolve__close_for_an_attempt_without_an_address),
	TEST(refuse__not_listening),
	TEST(refuse__table_full),
	TEST(refuse__nobody_before_the_table_is_full),
	TEST(refuse__other_version),
	TEST(version__range_with_ours_in_it),
	TEST(features__unknown_ones_are_ignored),
	TEST(cookie__wrong),
	TEST(cookie__of_another_source),
	TEST(cookie__lives_between_one_and_two_stamps),
	TEST(agree__smaller_mtu),
	TEST(agree__smaller_window),
	TEST(agree__crc_if_either_asks),
	TEST(conf__of_an_endpoint),
	CU_TEST_INFO_NULL,
};
