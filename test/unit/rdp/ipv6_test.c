/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/* Conversations over IPv6, and of hosts with addresses of both families. */

#include "rdp/icmp6.h"
#include "rdp/neigh.h"
#include "session_tests.h"

#define OVERHEAD 82u /* bytes of the MTU that are not records */

static struct pair
open_v6(pair_tweak_t tweak)
{
	struct pair p = pair_start_v6(tweak);

	pair_connect(&p);
	net_log_clear(p.net);
	return p;
}

static uint16_t wanted_mtu;
static bool wanted_crc;

static void
wishes(struct node_conf *conf)
{
	conf->rdp.mtu = wanted_mtu;
	conf->rdp.crc = wanted_crc;
	conf->rdp.tx_udp_cksum = wanted_mtu % 2;
}

/* All residues modulo eight; the largest frames both ways. */
static void
ipv6__frames_fill_the_mtu(void)
{
	for (unsigned int i = 0; i < 18; i++) {
		struct pair p;
		uint16_t mss;

		wanted_mtu = (uint16_t)(RDP_MTU_MIN + i / 2);
		wanted_crc = i % 2;
		p = open_v6(wishes);
		mss = (uint16_t)RTE_ALIGN_FLOOR(wanted_mtu - OVERHEAD - (wanted_crc ? 4u : 0), 8u);
		CU_ASSERT_EQUAL(p.c->mss, mss);
		CU_ASSERT_EQUAL(p.s->mss, mss);
		CU_ASSERT(node_request(p.client, p.c, mss, mss) >= 0);
		CU_ASSERT(node_request(p.server, p.s, mss, mss) >= 0);
		CU_ASSERT(net_run_quiet(p.net, 10 * NET_MS));
		CU_ASSERT(ledger_complete());
		CU_ASSERT_EQUAL(net_find(p.net, CLIENT, WIRE_DATA, 0)->len,
			mss + 96u + (wanted_crc ? 4u : 0));
		pair_free(&p);
	}
}

/* Loss, repetition, selective acknowledgement and the end: nothing of that knows the family. */
static void
ipv6__session_from_begin_to_end(void)
{
	struct pair p = open_v6(NULL);

	p.net->port[CLIENT].drop_next[WIRE_DATA] = 1;
	CU_ASSERT_EQUAL(pair_frames(p.client, p.c, 5), 5);
	CU_ASSERT(net_run_quiet(p.net, 10 * NET_MS));
	CU_ASSERT_EQUAL(p.server->requests_in, 5);
	CU_ASSERT(rdp_ep_stats(p.client->ep)->tx_retransmit >= 1);
	node_close(p.client, p.c);
	CU_ASSERT(net_run_quiet(p.net, NET_MS));
	CU_ASSERT_EQUAL(p.server->closed, 1);
	CU_ASSERT_EQUAL(p.server->status, 0);
	pair_free(&p);
}

/* A restarted server does not know the session: told at once. */
static void
ipv6__restart_is_noticed(void)
{
	struct pair p = open_v6(NULL);

	pair_restart(&p, SERVER, NULL);
	CU_ASSERT_EQUAL(pair_frames(p.client, p.c, 1), 1);
	net_run(p.net, NET_MS);
	CU_ASSERT_EQUAL(p.client->closed, 1);
	CU_ASSERT_EQUAL(p.client->status, -ECONNRESET);
	pair_free(&p);
}

/* A DATA frame that was caught, to be spoiled and sent. */
struct caught {
	struct pair p;
	const struct rdp_stats *st; /* of the server */
	struct wire_ipv6_hdrs *h;
	struct wire_ipv6_hdrs right;
	uint32_t len;
	uint8_t bytes[2048] __rte_aligned(8);
};

static void
catch_one(struct caught *c)
{
	struct net_packet *packet;

	c->p = open_v6(NULL);
	pair_keep_next(&c->p, CLIENT, WIRE_DATA);
	CU_ASSERT_EQUAL(pair_frames(c->p.client, c->p.c, 1), 1);
	packet = pair_kept(&c->p);
	CU_ASSERT_PTR_NOT_NULL_FATAL(packet);
	c->st = rdp_ep_stats(c->p.server->ep);
	c->len = packet->len;
	memcpy(c->bytes, packet->bytes, packet->len);
	c->h = (struct wire_ipv6_hdrs *)c->bytes;
	c->right = *c->h;
}

/* Send it as it is now; the next one begins from what is right. */
static void
send_spoiled(struct caught *c)
{
	net_inject(c->p.net, SERVER, c->bytes, c->len);
	net_run(c->p.net, 10 * NET_US);
	*c->h = c->right;
}

#define SPOILED(c, counter)                                                                        \
	do {                                                                                       \
		uint64_t before = (c)->st->counter;                                                \
		send_spoiled(c);                                                                   \
		CU_ASSERT_EQUAL((c)->st->counter, before + 1);                                     \
	} while (0)

static void
ipv6__spoiled_headers(void)
{
	struct caught c;

	catch_one(&c);
	c.h->ip.payload_len = rte_cpu_to_be_16(
		(uint16_t)(rte_be_to_cpu_16(c.h->ip.payload_len) + 1));
	SPOILED(&c, rx_malformed);
	c.h->udp.dgram_len = RTE_BE16(41);
	SPOILED(&c, rx_malformed);
	c.h->ip.payload_len = c.h->udp.dgram_len = RTE_BE16(41); /* a byte less than a header */
	SPOILED(&c, rx_malformed);
	c.h->ip.payload_len = c.h->udp.dgram_len = 0;
	SPOILED(&c, rx_malformed);
	c.h->ip.vtc_flow = RTE_BE32(UINT32_C(4) << 28);
	SPOILED(&c, rx_other);
	c.h->ip.proto = 44; /* a fragment */
	SPOILED(&c, rx_other);
	c.h->ip.dst_addr[15] ^= 8;
	SPOILED(&c, rx_other);
	c.h->udp.dgram_cksum = 0;
	SPOILED(&c, rx_bad_checksum);
	c.h->udp.dgram_cksum ^= RTE_BE16(1);
	SPOILED(&c, rx_bad_checksum);
	c.h->ip.src_addr[15] ^= 8; /* the pseudo header is part of the sum */
	SPOILED(&c, rx_bad_checksum);
	CU_ASSERT_EQUAL(c.p.server->requests_in, 0);
	/* The class of traffic and the hop limit are the network's. */
	c.h->ip.vtc_flow |= RTE_BE32(0x0ff00000);
	c.h->ip.hop_limits = 1;
	send_spoiled(&c);
	CU_ASSERT_EQUAL(c.p.server->requests_in, 1);
	pair_free(&c.p);
}

/* What no host has, whatever the checksum says: above all not an address of the other family. */
static void
ipv6__sources_that_cannot_be(void)
{
	static const uint8_t bad[][16] = {{0}, {[15] = 1}, {0xff, 0x02, [15] = 1},
		{[10] = 0xff, [11] = 0xff, [12] = 10, [15] = 2}};
	struct caught c;

	catch_one(&c);
	for (unsigned int i = 0; i < RTE_DIM(bad); i++) {
		memcpy(c.h->ip.src_addr, bad[i], 16);
		net_repair(c.bytes, c.len);
		SPOILED(&c, rx_malformed);
	}
	CU_ASSERT_EQUAL(c.p.server->requests_in, 0);
	pair_free(&c.p);
}

static void
ipv6__reserved_bytes_are_not_looked_at(void)
{
	struct caught c;

	catch_one(&c);
	c.h->reserved = RTE_BE32(0x12345678);
	net_repair(c.bytes, c.len);
	send_spoiled(&c);
	CU_ASSERT_EQUAL(c.p.server->requests_in, 1);
	pair_free(&c.p);
}

/* Runts, and whatever comes with the type of IPv6. */
static void
ipv6__short_frames(void)
{
	struct caught c;
	uint32_t len;

	catch_one(&c);
	c.p.net->port[CLIENT].cut_off = true;
	len = c.len;
	for (c.len = 0; c.len < len; c.len++) {
		uint64_t before = c.st->rx_other + c.st->rx_malformed;

		send_spoiled(&c);
		CU_ASSERT_EQUAL(c.st->rx_other + c.st->rx_malformed, before + 1);
	}
	CU_ASSERT_EQUAL(c.p.server->requests_in, 0);
	pair_free(&c.p);
}

/* A cookie is for one address. */
static void
ipv6__cookie_of_another_source(void)
{
	struct pair p = pair_start_v6(NULL);
	struct net_packet *packet;
	struct wire_ipv6_hdrs *h;

	pair_keep_next(&p, CLIENT, WIRE_CONNECT);
	node_connect(p.client, SERVER);
	packet = pair_kept(&p);
	CU_ASSERT_PTR_NOT_NULL_FATAL(packet);
	h = (struct wire_ipv6_hdrs *)packet->bytes;
	p.net->port[CLIENT].cut_off = true;
	for (unsigned int i = 0; i < 16; i++) {
		h->ip.src_addr[i] ^= 0x10;
		net_repair(packet->bytes, packet->len);
		net_replay(p.net, p.net->nb_jar - 1);
		net_run(p.net, 10 * NET_US);
		h->ip.src_addr[i] ^= 0x10;
	}
	CU_ASSERT_EQUAL(p.server->opened, 0);
	CU_ASSERT_EQUAL(rdp_ep_stats(p.server->ep)->rx_stale, 16);
	CU_ASSERT_EQUAL(rdp_ep_stats(p.server->ep)->rx_malformed, 0);
	pair_free(&p);
}

/* Nodes 1 to 3 connect to node 0. @return how many may. */
static unsigned int
connect_three(bool v6)
{
	struct net *net = net_create();
	struct node_conf conf;
	unsigned int opened = 0;

	net->v6 = v6;
	for (unsigned int i = 0; i < 4; i++) {
		conf = node_conf(net, i);
		conf.rdp.max_per_source = 2;
		node_start(net, i, &conf);
	}
	for (unsigned int i = 1; i < 4; i++)
		opened += node_open(net->node[i], 0) != NULL;
	net_free(net);
	return opened;
}

/* A host has all of a /64: all of it counts as one source, an address of IPv4 by itself. */
static void
ipv6__sources_are_counted_by_their_prefix(void)
{
	CU_ASSERT_EQUAL(connect_three(true), 2);
	CU_ASSERT_EQUAL(connect_three(false), 3);
}

/* A server with addresses of both families, a client of each. */
static void
ipv6__both_families_at_once(void)
{
	struct net *net = net_create();
	struct node_conf conf = node_conf(net, SERVER);
	struct node *server, *v4, *v6;
	struct rdp_session *s;

	conf.rdp.ip6 = net_ip6(SERVER);
	server = node_start(net, SERVER, &conf);
	v4 = node_start_plain(net, 1);
	net->v6 = true;
	v6 = node_start_plain(net, 2);
	CU_ASSERT_PTR_NOT_NULL_FATAL(node_open(v6, SERVER));
	CU_ASSERT_EQUAL(
		rdp_connect(v6->ep, ip_addr_v4(net_ip(SERVER)), WIRE_UDP_PORT, &s), -EAFNOSUPPORT);
	net->v6 = false;
	CU_ASSERT_PTR_NOT_NULL_FATAL(node_open(v4, SERVER));
	CU_ASSERT_EQUAL(rdp_connect(v4->ep, net_ip6(SERVER), WIRE_UDP_PORT, &s), -EAFNOSUPPORT);
	CU_ASSERT(node_request(v4, v4->session, 64, 64) >= 0);
	CU_ASSERT(node_request(v6, v6->session, 64, 64) >= 0);
	CU_ASSERT(net_run_quiet(net, 10 * NET_MS));
	CU_ASSERT(ledger_complete());
	CU_ASSERT_EQUAL(server->requests_in, 2);
	net_free(net);
}

/* One who has no address of IPv4 is not 0.0.0.0 either. */
static void
ipv6__alone(void)
{
	struct pair p = open_v6(NULL);
	uint8_t bytes[sizeof(struct wire_ipv4_hdrs)] __rte_aligned(8) = {0};
	struct wire_ipv4_hdrs *h = (struct wire_ipv4_hdrs *)bytes;
	const struct rdp_stats *st = rdp_ep_stats(p.server->ep);

	h->eth.ether_type = RTE_BE16(RTE_ETHER_TYPE_IPV4);
	h->ip.version_ihl = RTE_IPV4_VHL_DEF;
	h->ip.next_proto_id = IPPROTO_UDP;
	h->udp.dst_port = RTE_BE16(WIRE_UDP_PORT);
	h->frame.version_type = WIRE_VERSION << 4 | WIRE_DATA;
	net_repair(bytes, sizeof(bytes));
	net_inject(p.net, SERVER, bytes, sizeof(bytes));
	net_run(p.net, 10 * NET_US);
	CU_ASSERT_EQUAL(st->rx_other, 1);
	CU_ASSERT_EQUAL(st->rx_stale, 0);
	pair_free(&p);
}

static struct neigh_table neighbours;

static void
knows_neighbours(struct node_conf *conf)
{
	conf->rdp.neigh = &neighbours;
}

/* Who asks whether an address is taken has none to be told, and sends no option: the answer, made
 * of the question, is longer than it. */
static void
ipv6__probe_for_our_address(void)
{
	struct ip_addr ours = net_ip6(SERVER);
	struct ip_addr group = icmp6_solicited_node(ours);
	struct l2_addr stranger = {.mac = net_mac(3)};
	struct rte_ether_addr mac = icmp6_group_mac(group);
	uint8_t bytes[sizeof(struct icmp6_frame) + 20] __rte_aligned(2) = {0};
	struct icmp6_frame *f = (struct icmp6_frame *)bytes;
	struct pair p;

	neigh_init(&neighbours);
	p = pair_start_v6(knows_neighbours);
	f->type = ICMP6_SOLICIT;
	memcpy(&f->body[4], ours.byte, sizeof(ours.byte));
	icmp6_address(f, &stranger, &mac, group, UINT8_MAX, 24);
	icmp6_sum(f);
	net_inject(p.net, SERVER, bytes, sizeof(bytes));
	net_run(p.net, 10 * NET_US);
	CU_ASSERT_EQUAL(neigh_count(&neighbours, L2_ND_DEFENDED), 1);
	CU_ASSERT_EQUAL(p.net->port[SERVER].others, 1);
	pair_free(&p);
}

CU_TestInfo ipv6_tests[] = {
	TEST(ipv6__frames_fill_the_mtu),
	TEST(ipv6__session_from_begin_to_end),
	TEST(ipv6__restart_is_noticed),
	TEST(ipv6__spoiled_headers),
	TEST(ipv6__sources_that_cannot_be),
	TEST(ipv6__reserved_bytes_are_not_looked_at),
	TEST(ipv6__short_frames),
	TEST(ipv6__cookie_of_another_source),
	TEST(ipv6__sources_are_counted_by_their_prefix),
	TEST(ipv6__both_families_at_once),
	TEST(ipv6__alone),
	TEST(ipv6__probe_for_our_address),
	CU_TEST_INFO_NULL,
};
