/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/* Frames that are not what they should be: counted, dropped, and nothing believed of them. */

#include "session_tests.h"

#define FRAME_AT offsetof(struct wire_ipv4_hdrs, frame)

/* A pair, and a DATA frame of the client that never arrived, to be spoiled and sent. */
struct spoiled {
	struct pair p;
	const struct rdp_stats *st; /**< of the server, who receives it */
	struct wire_ipv4_hdrs *h;
	uint32_t len;
	uint8_t bytes[2048] __rte_aligned(8);
};

static void
no_crc(struct node_conf *conf)
{
	conf->rdp.crc = false;
}

static void
spoiled_open(struct spoiled *sp, pair_tweak_t tweak)
{
	struct net_packet *packet;

	sp->p = pair_open(tweak);
	pair_keep_next(&sp->p, CLIENT, WIRE_DATA);
	CU_ASSERT_EQUAL(pair_frames(sp->p.client, sp->p.c, 1), 1);
	packet = pair_kept(&sp->p);
	CU_ASSERT_PTR_NOT_NULL_FATAL(packet);
	sp->st = rdp_ep_stats(sp->p.server->ep);
	sp->len = packet->len;
	memset(sp->bytes, 0, sizeof(sp->bytes));
	memcpy(sp->bytes, packet->bytes, packet->len);
	sp->h = (struct wire_ipv4_hdrs *)sp->bytes;
}

/* Let it arrive, and no repetition of the right one. */
static void
spoiled_send(struct spoiled *sp)
{
	net_inject(sp->p.net, SERVER, sp->bytes, sp->len);
	net_run(sp->p.net, 10 * NET_US);
}

/* No repetition yet. */
static void
spoiled_hold(struct spoiled *sp)
{
	sp->p.client->untimed = true;
	sp->p.c->timer_ns = UINT64_MAX;
}

static void
spoiled_go_on(struct spoiled *sp)
{
	sp->p.client->untimed = false;
	rdp_timer_arm(sp->p.c, sp->p.net->now_ns);
}

/* The right one comes, is taken, and the session is well. */
static void
spoiled_close(struct spoiled *sp)
{
	CU_ASSERT_EQUAL(sp->p.server->requests_in, 0);
	CU_ASSERT(net_run_quiet(sp->p.net, 10 * NET_MS));
	CU_ASSERT_EQUAL(sp->p.server->requests_in, 1);
	CU_ASSERT_EQUAL(sp->p.server->closed + sp->p.client->closed, 0);
	CU_ASSERT_EQUAL(sp->st->resets_sent, 0);
	pair_free(&sp->p);
}

/* The frame as changed, with checksums that are right for it, is malformed. */
static void
spoiled_is_malformed(struct spoiled *sp)
{
	uint64_t before = sp->st->rx_malformed;

	spoiled_send(sp);
	CU_ASSERT_EQUAL(sp->st->rx_malformed, before + 1);
}

static void
spoiled_is_bad(struct spoiled *sp)
{
	uint64_t before = sp->st->rx_bad_checksum;

	spoiled_send(sp);
	CU_ASSERT_EQUAL(sp->st->rx_bad_checksum, before + 1);
}

static void
spoiled_is_other(struct spoiled *sp)
{
	uint64_t before = sp->st->rx_other;

	spoiled_send(sp);
	CU_ASSERT_EQUAL(sp->st->rx_other, before + 1);
}

static void
length__every_cut_is_dropped(void)
{
	struct spoiled sp;
	uint32_t whole;

	spoiled_open(&sp, NULL);
	whole = sp.len;
	for (sp.len = 0; sp.len < whole; sp.len++) {
		if (sp.len < sizeof(*sp.h))
			spoiled_is_other(&sp);
		else
			spoiled_is_malformed(&sp);
		spoiled_hold(&sp);
	}
	spoiled_go_on(&sp);
	spoiled_close(&sp);
}

static void
length__fields_that_disagree(void)
{
	struct spoiled sp;

	spoiled_open(&sp, NULL);
	for (int add = -16; add <= 16; add++) {
		rte_be16_t ip = sp.h->ip.total_length, udp = sp.h->udp.dgram_len;

		if (add == 0)
			continue;
		sp.h->ip.total_length = rte_cpu_to_be_16((uint16_t)(rte_be_to_cpu_16(ip) + add));
		spoiled_is_malformed(&sp);
		sp.h->ip.total_length = ip;
		sp.h->udp.dgram_len = rte_cpu_to_be_16((uint16_t)(rte_be_to_cpu_16(udp) + add));
		spoiled_is_malformed(&sp);
		sp.h->udp.dgram_len = udp;
		spoiled_hold(&sp);
	}
	spoiled_go_on(&sp);
	spoiled_close(&sp);
}

static void
length__agreed_but_shorter_than_headers(void)
{
	struct spoiled sp;

	spoiled_open(&sp, NULL);
	sp.h->ip.total_length = RTE_BE16(40);
	sp.h->udp.dgram_len = RTE_BE16(20);
	spoiled_is_malformed(&sp);
	sp.h->ip.total_length = RTE_BE16(0);
	sp.h->udp.dgram_len = RTE_BE16(0xffff - 19);
	spoiled_is_malformed(&sp);
	spoiled_close(&sp);
}

static void
length__padding_is_no_content(void)
{
	struct spoiled sp;

	spoiled_open(&sp, NULL);
	memset(sp.bytes + sp.len, 0x55, 30);
	sp.len += 30;
	spoiled_send(&sp);
	CU_ASSERT_EQUAL(sp.p.server->requests_in, 1);
	CU_ASSERT(net_run_quiet(sp.p.net, 10 * NET_MS));
	CU_ASSERT(ledger_complete());
	pair_free(&sp.p);
}

static void
header__version_and_type(void)
{
	struct spoiled sp;

	spoiled_open(&sp, NULL);
	for (unsigned int version = 0; version < 16; version++) {
		if (version == WIRE_VERSION)
			continue;
		sp.h->frame.version_type = (uint8_t)(version << 4 | WIRE_DATA);
		net_repair(sp.bytes, sp.len);
		spoiled_is_malformed(&sp);
	}
	spoiled_hold(&sp);
	for (uint8_t type = 0; type < 16; type++) {
		if (type >= WIRE_HELLO && type <= WIRE_CLOSED)
			continue;
		sp.h->frame.version_type = (uint8_t)(WIRE_VERSION << 4 | type);
		net_repair(sp.bytes, sp.len);
		spoiled_is_malformed(&sp);
	}
	spoiled_go_on(&sp);
	spoiled_close(&sp);
}

static void
header__fragments(void)
{
	static const rte_be16_t fields[] = {RTE_BE16(0x2000), RTE_BE16(0x6000), RTE_BE16(1),
		RTE_BE16(0x4001), RTE_BE16(0x1fff)};
	struct spoiled sp;

	spoiled_open(&sp, NULL);
	for (unsigned int i = 0; i < RTE_DIM(fields); i++) {
		sp.h->ip.fragment_offset = fields[i];
		net_repair(sp.bytes, sp.len);
		spoiled_is_malformed(&sp);
	}
	spoiled_close(&sp);
}

static void
header__for_somebody_else(void)
{
	struct spoiled sp;
	struct wire_ipv4_hdrs right;

	spoiled_open(&sp, NULL);
	right = *sp.h;
	sp.h->ip.version_ihl = 0x46;
	spoiled_is_other(&sp);
	*sp.h = right;
	sp.h->ip.next_proto_id = IPPROTO_TCP;
	spoiled_is_other(&sp);
	*sp.h = right;
	sp.h->ip.dst_addr = net_ip(2);
	spoiled_is_other(&sp);
	*sp.h = right;
	sp.h->udp.dst_port ^= RTE_BE16(1);
	spoiled_is_other(&sp);
	*sp.h = right;
	sp.h->eth.ether_type = RTE_BE16(RTE_ETHER_TYPE_IPV6);
	spoiled_is_other(&sp);
	spoiled_close(&sp);
}

static void
checksum__every_single_bit(void)
{
	struct spoiled sp;
	uint64_t dropped = 0, sent = 0;

	spoiled_open(&sp, no_crc);
	/* All that the checksum covers: addresses, and from the UDP header on. */
	for (uint32_t bit = 26 * 8; bit < sp.len * 8; bit++) {
		sp.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		spoiled_send(&sp);
		sent++;
		sp.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		spoiled_hold(&sp);
	}
	dropped = sp.st->rx_bad_checksum + sp.st->rx_malformed + sp.st->rx_other;
	CU_ASSERT_EQUAL(dropped, sent);
	spoiled_go_on(&sp);
	spoiled_close(&sp);
}

static void
checksum__none_is_wrong(void)
{
	struct spoiled sp;

	spoiled_open(&sp, no_crc);
	sp.h->udp.dgram_cksum = 0;
	spoiled_is_bad(&sp);
	spoiled_close(&sp);
}

static void
checksum__port_says_bad(void)
{
	struct spoiled sp;

	spoiled_open(&sp, no_crc);
	sp.p.net->port[SERVER].rx_ol_flags = RTE_MBUF_F_RX_L4_CKSUM_BAD;
	spoiled_is_bad(&sp);
	sp.p.net->port[SERVER].rx_ol_flags = RTE_MBUF_F_RX_IP_CKSUM_BAD;
	spoiled_is_bad(&sp);
	sp.p.net->port[SERVER].rx_ol_flags = 0;
	spoiled_close(&sp);
}

/* The port looked, or a virtio neighbour left it to an offload that never ran. */
static void
checksum__port_vouches(void)
{
	static const uint64_t flags[] = {RTE_MBUF_F_RX_L4_CKSUM_GOOD, RTE_MBUF_F_RX_L4_CKSUM_NONE};
	struct spoiled sp;

	for (unsigned int i = 0; i < RTE_DIM(flags); i++) {
		spoiled_open(&sp, no_crc);
		sp.h->udp.dgram_cksum ^= 1;
		sp.p.net->port[SERVER].rx_ol_flags = flags[i];
		spoiled_send(&sp);
		CU_ASSERT_EQUAL(sp.p.server->requests_in, 1);
		sp.p.net->port[SERVER].rx_ol_flags = 0;
		CU_ASSERT(net_run_quiet(sp.p.net, 10 * NET_MS));
		CU_ASSERT(ledger_complete());
		pair_free(&sp.p);
	}
}

static void
crc__missing_or_wrong(void)
{
	struct spoiled sp;

	spoiled_open(&sp, NULL);
	sp.h->frame.flags &= (uint8_t)~WIRE_F_CRC;
	net_repair(sp.bytes, sp.len);
	spoiled_is_bad(&sp);
	sp.h->frame.flags |= WIRE_F_CRC;
	sp.h->frame.ack ^= RTE_BE32(1);
	sp.p.net->port[SERVER].rx_ol_flags = RTE_MBUF_F_RX_L4_CKSUM_GOOD;
	spoiled_is_bad(&sp);
	sp.h->frame.ack ^= RTE_BE32(1);
	sp.bytes[sp.len - 1] ^= 1;
	spoiled_is_bad(&sp);
	/* No room for one. */
	sp.len = sizeof(*sp.h) + WIRE_CRC_LEN - 1;
	sp.h->ip.total_length = rte_cpu_to_be_16((uint16_t)(sp.len - 14));
	sp.h->udp.dgram_len = rte_cpu_to_be_16((uint16_t)(sp.len - 34));
	spoiled_is_bad(&sp);
	sp.p.net->port[SERVER].rx_ol_flags = 0;
	spoiled_close(&sp);
}

static void
crc__wrong_session_index_is_no_reason_to_reset(void)
{
	struct spoiled sp;
	rte_be16_t right;
	uint32_t sum;

	spoiled_open(&sp, NULL);
	/* Damage that the UDP checksum cannot see. */
	right = sp.h->frame.session;
	sp.h->frame.session ^= RTE_BE16(1);
	sum = sp.h->udp.dgram_cksum + right + (uint16_t)~sp.h->frame.session;
	sp.h->udp.dgram_cksum = (uint16_t)((sum & 0xffff) + (sum >> 16));
	spoiled_is_bad(&sp);
	spoiled_close(&sp);
}

/* Nothing but the UDP checksum, which is weak, says that this was no damage. */
static void
session_index__wrong_for_its_incarnations(void)
{
	struct spoiled sp;

	spoiled_open(&sp, NULL);
	sp.h->frame.session ^= RTE_BE16(1);
	sp.h->frame.flags &= (uint8_t)~WIRE_F_CRC;
	net_repair(sp.bytes, sp.len);
	spoiled_send(&sp);
	CU_ASSERT_EQUAL(sp.st->rx_stale, 1);
	spoiled_close(&sp);
}

static void
ack__of_what_was_never_sent(void)
{
	struct spoiled sp;

	spoiled_open(&sp, NULL);
	pair_frames(sp.p.server, sp.p.s, 3);
	sp.h->frame.ack = rte_cpu_to_be_32(sp.p.s->tx_next + 1);
	sp.h->frame.psn = rte_cpu_to_be_32(sp.p.s->rx_next - 1);
	net_repair(sp.bytes, sp.len);
	net_inject(sp.p.net, SERVER, sp.bytes, sp.len);
	sp.p.net->port[SERVER].cut_off = true;
	net_run(sp.p.net, 10 * NET_US);
	CU_ASSERT_EQUAL(rdp_in_flight(sp.p.s), 3);
	sp.p.net->port[SERVER].cut_off = false;
	spoiled_close(&sp);
}

static void
sack__without_its_bitmap(void)
{
	struct spoiled sp;

	spoiled_open(&sp, no_crc);
	sp.h->frame.version_type = WIRE_VERSION << 4 | WIRE_ACK;
	sp.h->frame.flags = WIRE_F_SACK;
	for (sp.len = sizeof(*sp.h); sp.len < sizeof(*sp.h) + 32; sp.len += 5) {
		net_repair(sp.bytes, sp.len);
		spoiled_is_malformed(&sp);
	}
	CU_ASSERT_EQUAL(sp.p.server->ep->list[RDP_LIST_RECOVER].n, 0);
	spoiled_close(&sp);
}

/* All bits set: nothing may be believed about frames that were not sent. */
static void
sack__of_everything(void)
{
	struct spoiled sp;

	spoiled_open(&sp, no_crc);
	sp.p.net->port[SERVER].cut_off = true;
	pair_frames(sp.p.server, sp.p.s, 3);
	sp.h->frame.version_type = WIRE_VERSION << 4 | WIRE_ACK;
	sp.h->frame.flags = WIRE_F_SACK;
	sp.len = sizeof(*sp.h) + 32;
	memset(sp.bytes + sizeof(*sp.h), 0xff, 32);
	net_repair(sp.bytes, sp.len);
	spoiled_send(&sp);
	CU_ASSERT_EQUAL(sp.p.s->sacked[0], 6);
	CU_ASSERT_EQUAL(sp.p.s->sacked[1] | sp.p.s->sacked[2] | sp.p.s->sacked[3], 0);
	CU_ASSERT_EQUAL(sp.p.s->sack_high, 3);
	sp.p.net->port[SERVER].cut_off = false;
	/* Believed, so never sent again: the liar loses frames. */
	net_run(sp.p.net, 10 * NET_MS);
	pair_free(&sp.p);
}

/* Control frames cut in their bodies. */
static void
control__cut_bodies(void)
{
	static const struct {
		uint8_t type;
		uint32_t body;
	} kinds[] = {{WIRE_HELLO, sizeof(struct wire_hello)},
		{WIRE_CHALLENGE, sizeof(struct wire_challenge)},
		{WIRE_CONNECT, sizeof(struct wire_hello)},
		{WIRE_ACCEPT, sizeof(struct wire_accept)},
		{WIRE_REFUSE, sizeof(struct wire_refuse)}};
	struct spoiled sp;

	spoiled_open(&sp, no_crc);
	for (unsigned int i = 0; i < RTE_DIM(kinds); i++) {
		sp.h->frame.version_type = (uint8_t)(WIRE_VERSION << 4 | kinds[i].type);
		for (uint32_t body = 0; body < kinds[i].body; body++) {
			sp.len = (uint32_t)sizeof(*sp.h) + body;
			net_repair(sp.bytes, sp.len);
			spoiled_is_malformed(&sp);
			spoiled_hold(&sp);
		}
	}
	CU_ASSERT_EQUAL(sp.p.net->port[SERVER].count[WIRE_CHALLENGE], 1);
	spoiled_go_on(&sp);
	spoiled_close(&sp);
}

static struct rte_mbuf *
mbuf_of(struct rte_mempool *pool, const uint8_t *bytes, uint32_t len)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool);

	CU_ASSERT_PTR_NOT_NULL_FATAL(m);
	memcpy(rte_pktmbuf_append(m, (uint16_t)len), bytes, len);
	return m;
}

static void
mbuf__chains_are_dropped(void)
{
	struct spoiled sp;

	spoiled_open(&sp, NULL);
	for (uint32_t first = 14; first < sp.len; first++) {
		struct rte_mbuf *m = mbuf_of(sp.p.net->wire, sp.bytes, first);

		rte_pktmbuf_chain(m, mbuf_of(sp.p.net->wire, sp.bytes + first, sp.len - first));
		rdp_input(sp.p.server->ep, &m, 1);
	}
	CU_ASSERT_EQUAL(sp.st->rx_malformed + sp.st->rx_other, sp.len - 14);
	spoiled_close(&sp);
}

static void
mutate(struct net *net, uint8_t *bytes, uint32_t *len)
{
	static const uint8_t extreme[] = {0x00, 0xff, 0x80, 0x7f, 0x01};
	uint32_t changes = 1 + net_random_below(net, 4);

	for (uint32_t i = 0; i < changes; i++) {
		uint32_t at = FRAME_AT + net_random_below(net, *len - FRAME_AT);

		bytes[at] = net_chance(net, 0.5) ? extreme[net_random_below(net, 5)]
		                                 : (uint8_t)net_random(net);
	}
	if (net_chance(net, 0.2))
		*len = (uint32_t)sizeof(struct wire_ipv4_hdrs) + net_random_below(net, 80);
}

/* One of the kinds a node may be sent, in its place or not. */
static void
one_wild_frame(struct spoiled *sp)
{
	struct net *net = sp->p.net;
	uint8_t bytes[2048] __rte_aligned(8);
	struct wire_ipv4_hdrs *h = (struct wire_ipv4_hdrs *)bytes;
	uint32_t len = sp->len;

	memcpy(bytes, sp->bytes, sizeof(bytes));
	if (net_chance(net, 0.5))
		h->frame.version_type = (uint8_t)(WIRE_VERSION << 4 | net_random_below(net, 16));
	mutate(net, bytes, &len);
	net_repair(bytes, len);
	net_inject(net, SERVER, bytes, len);
	net_run(net, 2 * NET_US);
}

/* Whatever comes, with checksums right: nothing breaks, and the next session works. */
static void
random__wild_frames(void)
{
	struct spoiled sp;

	spoiled_open(&sp, no_crc);
	sp.p.net->logging = false;
	sp.p.server->blind = true;
	for (int i = 0; i < 20000; i++)
		one_wild_frame(&sp);
	sp.p.server->blind = false;
	ledger_write_off(sp.p.c);
	if (sp.p.client->closed == 0)
		node_close(sp.p.client, sp.p.c);
	net_run(sp.p.net, 10 * NET_S);
	pair_connect(&sp.p);
	CU_ASSERT(node_request(sp.p.client, sp.p.c, 64, 64) >= 0);
	CU_ASSERT(net_run_quiet(sp.p.net, 10 * NET_MS));
	CU_ASSERT(ledger_complete());
	pair_free(&sp.p);
}

CU_TestInfo input_tests[] = {
	TEST(length__every_cut_is_dropped),
	TEST(length__fields_that_disagree),
	TEST(length__agreed_but_shorter_than_headers),
	TEST(length__padding_is_no_content),
	TEST(header__version_and_type),
	TEST(header__fragments),
	TEST(header__for_somebody_else),
	TEST(checksum__every_single_bit),
	TEST(checksum__none_is_wrong),
	TEST(checksum__port_says_bad),
	TEST(checksum__port_vouches),
	TEST(crc__missing_or_wrong),
	TEST(crc__wrong_session_index_is_no_reason_to_reset),
	TEST(session_index__wrong_for_its_incarnations),
	TEST(ack__of_what_was_never_sent),
	TEST(sack__without_its_bitmap),
	TEST(sack__of_everything),
	TEST(control__cut_bodies),
	TEST(mbuf__chains_are_dropped),
	TEST(random__wild_frames),
	CU_TEST_INFO_NULL,
};
