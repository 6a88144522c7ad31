/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/* The CRC of handshake and control frames: doc/protocol.md, "The CRC of a frame". */

#include "session_tests.h"

/* A frame that was sent and never arrived, to be spoiled and sent. */
struct caught {
	struct pair p;
	uint8_t type;
	unsigned int to;
	struct wire_ipv4_hdrs *h;
	uint32_t len;
	uint8_t bytes[2048] __rte_aligned(8);
};

static const uint8_t kinds[] = {WIRE_HELLO, WIRE_CHALLENGE, WIRE_CONNECT, WIRE_ACCEPT, WIRE_REFUSE,
	WIRE_RESET, WIRE_CLOSE, WIRE_CLOSED};

static const uint8_t steps[] = {WIRE_HELLO, WIRE_CHALLENGE, WIRE_CONNECT, WIRE_ACCEPT};

static bool crc_at[2];

static void
crc_as_said(struct node_conf *conf)
{
	conf->rdp.crc = crc_at[conf->rdp.listen ? SERVER : CLIENT];
}

static void
nobody_listens(struct node_conf *conf)
{
	conf->rdp.listen = false;
}

static unsigned int
sender_of(uint8_t type)
{
	return type == WIRE_HELLO || type == WIRE_CONNECT || type == WIRE_CLOSE ? CLIENT : SERVER;
}

/* The newest frame of the jar, to be changed. */
static void
take(struct caught *c)
{
	struct net_packet *packet = pair_kept(&c->p);

	CU_ASSERT_PTR_NOT_NULL_FATAL(packet);
	memset(c->bytes, 0, sizeof(c->bytes));
	memcpy(c->bytes, packet->bytes, packet->len);
	c->len = packet->len;
	c->to = packet->to;
	c->h = (struct wire_ipv4_hdrs *)c->bytes;
	c->type = wire_type(&c->h->frame);
}

/* What makes one of the type be sent. */
static void
provoke(struct caught *c, uint8_t type)
{
	struct pair *p = &c->p;

	*p = type == WIRE_RESET || type == WIRE_CLOSE || type == WIRE_CLOSED
	             ? pair_open(NULL)
	             : pair_start(type == WIRE_REFUSE ? nobody_listens : NULL);
	if (type == WIRE_RESET)
		pair_restart(p, SERVER, NULL);
	pair_keep_next(p, sender_of(type), type);
	if (type == WIRE_RESET)
		pair_frames(p->client, p->c, 1);
	else if (type == WIRE_CLOSE || type == WIRE_CLOSED)
		node_close(p->client, p->c);
	else
		node_connect(p->client, SERVER);
	take(c);
	CU_ASSERT_EQUAL_FATAL(c->type, type);
	/* No repetition. */
	p->client->untimed = true;
	p->server->untimed = true;
	if (rdp_session_at(p->client->ep, 0) != NULL)
		rdp_session_at(p->client->ep, 0)->timer_ns = UINT64_MAX;
}

/* All that a frame can do to whom it reaches, in one number. */
static uint64_t
effects(const struct caught *c)
{
	const struct node *node = c->p.net->node[c->to];
	const struct rdp_session *s = rdp_session_at(node->ep, 0);
	uint64_t n = node->opened + node->failed + node->closed;

	for (unsigned int i = 0; i < NET_TYPES; i++)
		n += c->p.net->port[c->to].count[i];
	n = n << 16 | node->ep->nb_free;
	return n << 16 | (s != NULL ? s->state : UINT8_MAX);
}

static void
arrive(struct caught *c)
{
	net_inject(c->p.net, c->to, c->bytes, c->len);
	net_run(c->p.net, 7 * NET_US);
}

/* Dropped and counted, without effect or answer. */
static void
is_damaged(struct caught *c)
{
	const struct rdp_stats *st = rdp_ep_stats(c->p.net->node[c->to]->ep);
	uint64_t counted = st->rx_bad_checksum, before = effects(c);

	arrive(c);
	CU_ASSERT_EQUAL(st->rx_bad_checksum, counted + 1);
	CU_ASSERT_EQUAL(effects(c), before);
}

/* The right one is believed, and all is over. */
static void
finish(struct caught *c)
{
	uint64_t before = effects(c);

	arrive(c);
	CU_ASSERT_NOT_EQUAL(effects(c), before);
	ledger_reset();
	pair_free(&c->p);
}

static void
set_len(struct caught *c, uint32_t len)
{
	c->len = len;
	c->h->ip.total_length = rte_cpu_to_be_16((uint16_t)(len - 14));
	c->h->udp.dgram_len = rte_cpu_to_be_16((uint16_t)(len - 34));
	c->h->ip.hdr_checksum = 0;
	c->h->ip.hdr_checksum = rte_ipv4_cksum(&c->h->ip);
}

/* The UDP checksum is right for it, because the port says so. */
static void
trust_port(struct caught *c)
{
	c->p.net->port[c->to].rx_ol_flags = RTE_MBUF_F_RX_L4_CKSUM_GOOD;
}

static void
swap(uint16_t *a, uint16_t *b)
{
	uint16_t old = *a;

	*a = *b;
	*b = old;
}

/* Every two words of the frame but the first, which says what it is. */
static void
swap_words(struct caught *c)
{
	uint16_t *word = (uint16_t *)&c->h->frame;
	uint32_t n = RTE_MIN(c->len - (uint32_t)offsetof(struct wire_ipv4_hdrs, frame), 70u) / 2;

	for (uint32_t i = 1; i < n; i++)
		for (uint32_t j = i + 1; j < n; j++) {
			if (word[i] == word[j])
				continue;
			swap(&word[i], &word[j]);
			is_damaged(c);
			swap(&word[i], &word[j]);
		}
}

static void
damage__two_words_swapped(void)
{
	struct caught c;

	for (unsigned int i = 0; i < RTE_DIM(kinds); i++) {
		provoke(&c, kinds[i]);
		CU_ASSERT(c.h->frame.flags & WIRE_F_CRC);
		swap_words(&c);
		finish(&c);
	}
}

static void
damage__of_the_crc_itself(void)
{
	struct caught c;

	for (unsigned int i = 0; i < RTE_DIM(kinds); i++) {
		provoke(&c, kinds[i]);
		trust_port(&c);
		for (uint32_t bit = 0; bit < 8 * WIRE_CRC_LEN; bit++) {
			c.bytes[c.len - 1 - bit / 8] ^= (uint8_t)(1u << bit % 8);
			is_damaged(&c);
			c.bytes[c.len - 1 - bit / 8] ^= (uint8_t)(1u << bit % 8);
		}
		finish(&c);
	}
}

static void
damage__cut(void)
{
	struct caught c;

	for (unsigned int i = 0; i < RTE_DIM(kinds); i++) {
		uint32_t whole;

		provoke(&c, kinds[i]);
		trust_port(&c);
		whole = c.len;
		for (uint32_t len = sizeof(*c.h); len<whole; len += len> 120 ? 97 : 1) {
			set_len(&c, len);
			is_damaged(&c);
		}
		set_len(&c, whole);
		finish(&c);
	}
}

/* A body that is complete with the CRC alone is not complete. */
static void
cut__crc_is_no_body(void)
{
	struct caught c;
	const struct rdp_stats *st;

	provoke(&c, WIRE_HELLO);
	st = rdp_ep_stats(c.p.server->ep);
	c.len -= WIRE_CRC_LEN;
	net_repair(c.bytes, c.len);
	arrive(&c);
	CU_ASSERT_EQUAL(st->rx_malformed, 1);
	CU_ASSERT_EQUAL(c.p.net->port[SERVER].count[WIRE_CHALLENGE], 0);
	c.len += WIRE_CRC_LEN;
	net_repair(c.bytes, c.len);
	finish(&c);
}

/* As an end of before sends it: no flag, and shorter by the CRC unless it is padded. */
static void
strip(struct caught *c)
{
	CU_ASSERT(c->h->frame.flags & WIRE_F_CRC);
	c->h->frame.flags &= (uint8_t)~WIRE_F_CRC;
	if (c->len < 200)
		c->len -= WIRE_CRC_LEN;
	else
		memset(c->bytes + c->len - WIRE_CRC_LEN, 0, WIRE_CRC_LEN);
	net_repair(c->bytes, c->len);
}

/* A flag that damage took away: nobody who put it there before leaves it out. */
static void
session__without_the_crc_it_had(void)
{
	static const uint8_t ends[] = {WIRE_ACCEPT, WIRE_RESET, WIRE_CLOSE, WIRE_CLOSED};
	struct caught c;

	for (unsigned int i = 0; i < RTE_DIM(ends); i++) {
		uint8_t right[2048];
		uint32_t len;

		provoke(&c, ends[i]);
		memcpy(right, c.bytes, sizeof(right));
		len = c.len;
		strip(&c);
		is_damaged(&c);
		memcpy(c.bytes, right, sizeof(right));
		c.len = len;
		finish(&c);
	}
}

/* Who got a CHALLENGE with one does not believe a REFUSE without. */
static void
refuse__without_the_crc_its_challenge_had(void)
{
	struct caught c;

	provoke(&c, WIRE_ACCEPT);
	c.h->frame.version_type = WIRE_VERSION << 4 | WIRE_REFUSE;
	strip(&c);
	is_damaged(&c);
	c.h->frame.flags = WIRE_F_CRC;
	net_repair(c.bytes, c.len);
	arrive(&c);
	CU_ASSERT_EQUAL(c.p.client->failed, 1);
	CU_ASSERT_EQUAL(c.p.client->status, -ECONNREFUSED);
	pair_free(&c.p);
}

/* Of the listener nothing is left that could remember, but the cookie does. */
static void
connect__without_the_crc_its_hello_had(void)
{
	struct caught c, whole;

	provoke(&c, WIRE_CONNECT);
	whole = c;
	strip(&c);
	arrive(&c);
	CU_ASSERT_EQUAL(rdp_ep_stats(c.p.server->ep)->rx_stale, 1);
	CU_ASSERT_EQUAL(c.p.server->opened, 0);
	CU_ASSERT_EQUAL(c.p.net->port[SERVER].count[WIRE_ACCEPT], 0);
	memcpy(c.bytes, whole.bytes, sizeof(c.bytes));
	c.len = whole.len;
	finish(&c);
}

/* One end is of before: it sends no flag, and it does not look at that of others. */
static void
open_with_old(struct caught *c, unsigned int old)
{
	c->p = pair_start(crc_as_said);
	pair_keep_next(&c->p, CLIENT, WIRE_HELLO);
	CU_ASSERT_PTR_NOT_NULL_FATAL(node_connect(c->p.client, SERVER));
	for (unsigned int i = 0; i < RTE_DIM(steps); i++) {
		take(c);
		CU_ASSERT_EQUAL_FATAL(c->type, steps[i]);
		if (sender_of(c->type) == old && (c->h->frame.flags & WIRE_F_CRC))
			strip(c);
		c->h->frame.flags = 0;
		if (sender_of(c->type) != old)
			net_repair(c->bytes, c->len);
		if (i + 1 < RTE_DIM(steps))
			pair_keep_next(&c->p, sender_of(steps[i + 1]), steps[i + 1]);
		net_inject(c->p.net, c->to, c->bytes, c->len);
	}
	net_run(c->p.net, 20 * NET_US);
	CU_ASSERT_EQUAL_FATAL(c->p.client->opened, 1);
	CU_ASSERT_EQUAL_FATAL(c->p.server->opened, 1);
	c->p.c = c->p.client->session;
	c->p.s = c->p.server->session;
}

static void
old__both_roles(void)
{
	struct caught c;

	for (unsigned int i = 0; i < 8; i++) {
		unsigned int old = i & 1;

		crc_at[SERVER] = i & 2;
		crc_at[CLIENT] = i & 4;
		open_with_old(&c, old);
		CU_ASSERT_EQUAL(c.p.c->crc, crc_at[SERVER] || crc_at[CLIENT]);
		CU_ASSERT_EQUAL(c.p.s->crc, c.p.c->crc);
		CU_ASSERT_EQUAL(c.p.c->mss, c.p.s->mss);
		CU_ASSERT(node_request(c.p.client, c.p.c, 64, 64) >= 0);
		CU_ASSERT(net_run_quiet(c.p.net, 10 * NET_MS));
		CU_ASSERT(ledger_complete());
		CU_ASSERT_EQUAL(rdp_ep_stats(c.p.server->ep)->rx_bad_checksum, 0);
		CU_ASSERT_EQUAL(rdp_ep_stats(c.p.client->ep)->rx_bad_checksum, 0);
		pair_free(&c.p);
	}
}

/* Its CLOSE is believed, though the session has a CRC. */
static void
old__closes(void)
{
	struct caught c;

	for (unsigned int old = 0; old < 2; old++) {
		struct node *node;

		crc_at[SERVER] = crc_at[CLIENT] = true;
		open_with_old(&c, old);
		node = c.p.net->node[!old];
		pair_keep_next(&c.p, old, WIRE_CLOSE);
		node_close(c.p.net->node[old], old == CLIENT ? c.p.c : c.p.s);
		take(&c);
		strip(&c);
		arrive(&c);
		CU_ASSERT_EQUAL(node->closed, 1);
		CU_ASSERT_EQUAL(node->status, 0);
		CU_ASSERT_EQUAL(c.p.net->port[!old].count[WIRE_CLOSED], 1);
		net_run(c.p.net, 10 * NET_MS);
		pair_free(&c.p);
	}
}

/* So is its RESET. */
static void
old__resets(void)
{
	struct caught c;

	crc_at[SERVER] = crc_at[CLIENT] = true;
	open_with_old(&c, SERVER);
	pair_restart(&c.p, SERVER, crc_as_said);
	pair_keep_next(&c.p, SERVER, WIRE_RESET);
	CU_ASSERT_EQUAL(pair_frames(c.p.client, c.p.c, 1), 1);
	take(&c);
	strip(&c);
	arrive(&c);
	CU_ASSERT_EQUAL(c.p.client->closed, 1);
	CU_ASSERT_EQUAL(c.p.client->status, -ECONNRESET);
	ledger_reset();
	pair_free(&c.p);
}

/* What a stranger gets is no longer than what it sent, with a CRC or without. */
static void
answer__not_longer_than_the_question(void)
{
	static const uint8_t questions[] = {WIRE_HELLO, WIRE_CLOSE, WIRE_ACK, WIRE_DATA};

	for (unsigned int i = 0; i < 16; i++) {
		struct caught c;
		uint32_t n;

		provoke(&c, WIRE_HELLO);
		if (i & 4)
			strip(&c);
		c.p.server->ep->conf.listen = i & 8;
		c.h->frame.version_type = (uint8_t)(WIRE_VERSION << 4 | questions[i & 3]);
		if ((i & 3) != 0)
			c.len -= (uint32_t)sizeof(struct wire_hello);
		c.h->frame.dst_inc = RTE_BE32(5);
		net_repair(c.bytes, c.len);
		n = c.p.net->nb_log;
		arrive(&c);
		CU_ASSERT_EQUAL_FATAL(c.p.net->nb_log, n + 1);
		CU_ASSERT_EQUAL(c.p.net->log[n].from, SERVER);
		CU_ASSERT(c.p.net->log[n].len <= c.len);
		CU_ASSERT((c.p.net->log[n].flags & WIRE_F_CRC) || (i & 4));
		pair_free(&c.p);
	}
}

/* Who asks for none sends none, to one who asks for none. */
static void
none__where_nobody_asks(void)
{
	struct pair p;

	crc_at[SERVER] = crc_at[CLIENT] = false;
	p = pair_start(crc_as_said);
	pair_connect(&p);
	node_close(p.client, p.c);
	net_run(p.net, NET_MS);
	CU_ASSERT_EQUAL(p.server->closed, 1);
	for (uint32_t i = 0; i < p.net->nb_log; i++)
		CU_ASSERT_EQUAL(p.net->log[i].flags & WIRE_F_CRC, 0);
	pair_free(&p);
}

/* One end asks: from the first answer on, every frame has it. */
static void
one_asks(unsigned int which)
{
	struct pair p;

	crc_at[which] = true;
	crc_at[!which] = false;
	p = pair_start(crc_as_said);
	pair_connect(&p);
	CU_ASSERT_EQUAL(p.net->nb_log, RTE_DIM(steps));
	node_close(p.client, p.c);
	net_run(p.net, NET_MS);
	CU_ASSERT_EQUAL(p.server->closed, 1);
	CU_ASSERT_EQUAL(p.net->log[0].flags & WIRE_F_CRC, which == CLIENT ? WIRE_F_CRC : 0);
	for (uint32_t i = 1; i < p.net->nb_log; i++)
		CU_ASSERT_EQUAL(p.net->log[i].flags & WIRE_F_CRC, WIRE_F_CRC);
	pair_free(&p);
}

static void
all__where_one_asks(void)
{
	one_asks(SERVER);
	one_asks(CLIENT);
}

/* Padded frames are as long as before: it stands at their end. */
static void
padded__as_long_as_the_mtu(void)
{
	for (unsigned int v6 = 0; v6 < 2; v6++) {
		struct pair p = v6 ? pair_start_v6(NULL) : pair_start(NULL);

		pair_connect(&p);
		CU_ASSERT_EQUAL(net_find(p.net, CLIENT, WIRE_CONNECT, 0)->len, NET_MTU + 14);
		CU_ASSERT_EQUAL(net_find(p.net, SERVER, WIRE_ACCEPT, 0)->len, NET_MTU + 14);
		CU_ASSERT(net_find(p.net, CLIENT, WIRE_CONNECT, 0)->flags & WIRE_F_CRC);
		CU_ASSERT(net_find(p.net, SERVER, WIRE_ACCEPT, 0)->flags & WIRE_F_CRC);
		CU_ASSERT_EQUAL(p.c->mtu, NET_MTU);
		pair_free(&p);
	}
}

CU_TestInfo control_crc_tests[] = {
	TEST(damage__two_words_swapped),
	TEST(damage__of_the_crc_itself),
	TEST(damage__cut),
	TEST(cut__crc_is_no_body),
	TEST(session__without_the_crc_it_had),
	TEST(refuse__without_the_crc_its_challenge_had),
	TEST(connect__without_the_crc_its_hello_had),
	TEST(old__both_roles),
	TEST(old__closes),
	TEST(old__resets),
	TEST(answer__not_longer_than_the_question),
	TEST(none__where_nobody_asks),
	TEST(all__where_one_asks),
	TEST(padded__as_long_as_the_mtu),
	CU_TEST_INFO_NULL,
};
