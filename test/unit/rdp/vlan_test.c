/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/* Tagged frames, and frames of others on the same wire. */

#include "session_tests.h"

#define ID 7

struct caught {
	struct pair p;
	const struct rdp_stats *st; /* of the server */
	struct rte_vlan_hdr *tag;
	uint32_t len;
	uint8_t bytes[2048] __rte_aligned(8);
};

static struct pair
open_vlan(bool v6)
{
	struct pair p = {.net = net_create()};

	p.net->vlan = ID;
	p.net->v6 = v6;
	p.server = node_start_plain(p.net, SERVER);
	p.client = node_start_plain(p.net, CLIENT);
	pair_connect(&p);
	net_log_clear(p.net);
	return p;
}

/* A DATA frame of the client that does not arrive. */
static void
catch_one(struct caught *c, bool v6)
{
	struct net_packet *packet;

	c->p = open_vlan(v6);
	pair_keep_next(&c->p, CLIENT, WIRE_DATA);
	CU_ASSERT_EQUAL(pair_frames(c->p.client, c->p.c, 1), 1);
	packet = pair_kept(&c->p);
	CU_ASSERT_PTR_NOT_NULL_FATAL(packet);
	c->p.net->port[CLIENT].cut_off = true;
	c->st = rdp_ep_stats(c->p.server->ep);
	c->len = packet->len;
	memcpy(c->bytes, packet->bytes, packet->len);
	c->tag = (struct rte_vlan_hdr *)(c->bytes + sizeof(struct rte_ether_hdr));
}

static void
send_it(struct caught *c, uint32_t len)
{
	net_inject(c->p.net, SERVER, c->bytes, len);
	net_run(c->p.net, 10 * NET_US);
}

/* The tag is of the link and takes nothing of the MTU. Priorities are the sender's, and any will
 * do. */
static void
vlan__frames_have_tags(void)
{
	for (unsigned int v6 = 0; v6 < 2; v6++) {
		struct pair p = open_vlan(v6);
		uint32_t overhead = v6 ? 82 : 58, headers = v6 ? 100 : 76;

		CU_ASSERT_EQUAL(p.c->mss, RTE_ALIGN_FLOOR(NET_MTU - overhead - WIRE_CRC_LEN, 8u));
		CU_ASSERT(node_request(p.client, p.c, p.c->mss, p.c->mss) >= 0);
		CU_ASSERT(net_run_quiet(p.net, 10 * NET_MS));
		CU_ASSERT(ledger_complete());
		CU_ASSERT_EQUAL(net_find(p.net, CLIENT, WIRE_DATA, 0)->len,
			p.c->mss + headers + WIRE_CRC_LEN);
		pair_free(&p);
	}
}

static void
vlan__frames_of_others(void)
{
	struct caught c;

	catch_one(&c, false);
	for (uint16_t id = 0; id < 4096; id++) {
		if (id == ID)
			continue;
		c.tag->vlan_tci = rte_cpu_to_be_16(id);
		send_it(&c, c.len);
	}
	CU_ASSERT_EQUAL(c.st->rx_vlan, 4095);
	/* None at all. */
	c.tag->vlan_tci = RTE_BE16(ID);
	c.bytes[12] = 0x08;
	send_it(&c, c.len);
	/* Two of them. */
	c.bytes[12] = 0x88;
	c.bytes[13] = 0xa8;
	send_it(&c, c.len);
	CU_ASSERT_EQUAL(c.st->rx_vlan, 4097);
	CU_ASSERT_EQUAL(c.p.server->requests_in, 0);
	c.bytes[12] = 0x81;
	c.bytes[13] = 0;
	c.tag->vlan_tci = RTE_BE16(0xf000 | ID);
	send_it(&c, c.len);
	CU_ASSERT_EQUAL(c.p.server->requests_in, 1);
	pair_free(&c.p);
}

static void
vlan__short_frames(void)
{
	struct caught c;

	catch_one(&c, false);
	for (uint32_t len = 0; len < c.len; len++)
		send_it(&c, len);
	CU_ASSERT_EQUAL(c.st->rx_vlan, sizeof(struct rte_ether_hdr) + WIRE_TAG_LEN);
	CU_ASSERT_EQUAL(c.st->rx_vlan + c.st->rx_other + c.st->rx_malformed, c.len);
	CU_ASSERT_EQUAL(c.p.server->requests_in, 0);
	pair_free(&c.p);
}

/* An end without a VLAN does not look into tagged frames. */
static void
vlan__tagged_for_one_without(void)
{
	struct caught c;
	struct pair p = pair_open(NULL);
	const struct rdp_stats *st = rdp_ep_stats(p.server->ep);

	pair_free(&p);
	catch_one(&c, false);
	p = pair_open(NULL);
	st = rdp_ep_stats(p.server->ep);
	net_inject(p.net, SERVER, c.bytes, c.len);
	net_run(p.net, 10 * NET_US);
	CU_ASSERT_EQUAL(st->rx_other, 1);
	CU_ASSERT_EQUAL(st->rx_stale, 0);
	pair_free(&p);
	pair_free(&c.p);
}

/* An end without an address of IPv6 is at none, not at the one that says so. */
static void
vlan__no_address(void)
{
	struct caught c;
	struct pair p;
	struct wire_ipv6_hdrs *h;

	catch_one(&c, true);
	/* The addresses of Ethernet stand before the tag. */
	h = (struct wire_ipv6_hdrs *)(c.bytes + WIRE_TAG_LEN);
	memset(h->ip.dst_addr, 0, sizeof(h->ip.dst_addr));
	net_repair(c.bytes, c.len);
	p = open_vlan(false);
	net_inject(p.net, SERVER, c.bytes, c.len);
	net_run(p.net, 10 * NET_US);
	CU_ASSERT_EQUAL(rdp_ep_stats(p.server->ep)->rx_other, 1);
	CU_ASSERT_EQUAL(rdp_ep_stats(p.server->ep)->resets_sent, 0);
	pair_free(&p);
	pair_free(&c.p);
}

CU_TestInfo vlan_tests[] = {
	TEST(vlan__frames_have_tags),
	TEST(vlan__frames_of_others),
	TEST(vlan__short_frames),
	TEST(vlan__tagged_for_one_without),
	TEST(vlan__no_address),
	CU_TEST_INFO_NULL,
};
