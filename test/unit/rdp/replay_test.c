/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/* Every message of a session that is over, again, in every state of the next one; and two ends that
 * connect to each other. */

#include "session_tests.h"

static unsigned int
sessions(const struct node *node)
{
	return node->ep->max_sessions - node->ep->nb_free;
}

/* The messages of a whole session in the jar: who sends it, and what. */
static const struct {
	unsigned int from;
	uint8_t type;
} messages[] = {
	{CLIENT, WIRE_HELLO},
	{SERVER, WIRE_CHALLENGE},
	{CLIENT, WIRE_CONNECT},
	{SERVER, WIRE_ACCEPT},
	{CLIENT, WIRE_DATA},
	{SERVER, WIRE_ACK},
	{CLIENT, WIRE_CLOSE},
	{SERVER, WIRE_CLOSED},
	{SERVER, WIRE_RESET},
};

static void
collect(struct pair *p)
{
	for (unsigned int i = 0; i + 1 < RTE_DIM(messages); i++)
		pair_keep_next(p, messages[i].from, messages[i].type);
	pair_connect(p);
	CU_ASSERT(node_request(p->client, p->c, 64, 0) >= 0);
	CU_ASSERT(net_run_quiet(p->net, 20 * NET_MS));
	node_close(p->client, p->c);
	CU_ASSERT(net_run_quiet(p->net, 20 * NET_MS));
	/* A frame of a session that is gone is answered by a RESET. */
	pair_keep_next(p, SERVER, WIRE_RESET);
	net_replay(p->net, 4);
	net_run(p->net, NET_MS);
	CU_ASSERT_EQUAL_FATAL(p->net->nb_jar, RTE_DIM(messages));
	CU_ASSERT_EQUAL(sessions(p->client) + sessions(p->server), 0);
}

enum at {
	AT_NOTHING,
	AT_HELLO,
	AT_CONNECT,
	AT_OPEN,
	AT_CLIENT_CLOSING,
	AT_SERVER_CLOSING,
	ATS,
};

static void
reach(struct pair *p, enum at at)
{
	struct net_port *port = p->net->port;

	port[SERVER].drop_next[WIRE_CHALLENGE] = at == AT_HELLO ? 3 : 0;
	port[SERVER].drop_next[WIRE_ACCEPT] = at == AT_CONNECT ? 3 : 0;
	if (at == AT_HELLO || at == AT_CONNECT) {
		node_connect(p->client, SERVER);
		net_run(p->net, 500 * NET_US);
	} else if (at != AT_NOTHING) {
		pair_connect(p);
	}
	port[SERVER].drop_next[WIRE_CLOSED] = at == AT_CLIENT_CLOSING ? 3 : 0;
	port[CLIENT].drop_next[WIRE_CLOSED] = at == AT_SERVER_CLOSING ? 3 : 0;
	if (at == AT_CLIENT_CLOSING)
		node_close(p->client, p->c);
	if (at == AT_SERVER_CLOSING)
		node_close(p->server, p->s);
}

/* All goes on as if nothing had come. */
static void
check_goes_on(struct pair *p, enum at at, unsigned int opened)
{
	net_run(p->net, 30 * NET_MS);
	if (at == AT_HELLO || at == AT_CONNECT || at == AT_OPEN) {
		CU_ASSERT_EQUAL(p->client->opened, opened + 1);
		CU_ASSERT_PTR_NOT_NULL_FATAL(p->client->session);
		CU_ASSERT(node_request(p->client, p->client->session, 64, 64) >= 0);
		net_run(p->net, 10 * NET_MS);
		CU_ASSERT(ledger_complete());
		node_close(p->client, p->client->session);
	}
	net_run(p->net, 2 * NET_S);
	CU_ASSERT_EQUAL(sessions(p->client) + sessions(p->server), 0);
	CU_ASSERT_EQUAL(p->client->failed, 0);
}

static void
replay__every_message_in_every_state(void)
{
	for (enum at at = AT_NOTHING; at < ATS; at++) {
		for (unsigned int i = 0; i < RTE_DIM(messages); i++) {
			struct pair p = pair_start(NULL);
			unsigned int opened;

			collect(&p);
			opened = p.client->opened;
			reach(&p, at);
			for (unsigned int times = 0; times < 3; times++)
				net_replay(p.net, i);
			check_goes_on(&p, at, opened);
			pair_free(&p);
		}
	}
}

static void
both_listen(struct node_conf *conf)
{
	conf->rdp.listen = true;
}

/* Each side's HELLO leaves at any distance from the other's: one session, and it works. */
static void
crossed__one_session(void)
{
	for (unsigned int apart = 0; apart <= 12; apart++) {
		struct pair p = pair_start(both_listen);
		bool server_first = apart % 2 == 0;

		node_connect(server_first ? p.server : p.client, server_first ? CLIENT : SERVER);
		net_run(p.net, apart * NET_US / 2);
		node_connect(server_first ? p.client : p.server, server_first ? SERVER : CLIENT);
		net_run(p.net, 10 * NET_MS);
		CU_ASSERT_EQUAL(p.client->opened, 1);
		CU_ASSERT_EQUAL(p.server->opened, 1);
		CU_ASSERT_EQUAL(sessions(p.client), 1);
		CU_ASSERT_EQUAL(sessions(p.server), 1);
		CU_ASSERT(node_request(p.client, p.client->session, 64, 64) >= 0);
		CU_ASSERT(node_request(p.server, p.server->session, 64, 64) >= 0);
		net_run(p.net, 3 * NET_S);
		CU_ASSERT(ledger_complete());
		CU_ASSERT_EQUAL(p.client->closed + p.server->closed, 0);
		pair_free(&p);
	}
}

/* The one whose attempt gives way is asked by nobody, after all: its own goes on. */
static void
crossed__messages_lost(void)
{
	static const uint8_t types[] = {WIRE_HELLO, WIRE_CHALLENGE, WIRE_CONNECT, WIRE_ACCEPT};

	for (unsigned int i = 0; i < RTE_DIM(types) * 4; i++) {
		struct pair p = pair_start(both_listen);

		p.net->port[i / 4 % 2].drop_next[types[i % 4]] = 1 + i / 8;
		node_connect(p.server, CLIENT);
		node_connect(p.client, SERVER);
		/* An end that nobody knows any more is found out by a keep-alive. */
		net_run(p.net, 1500 * NET_MS);
		CU_ASSERT_EQUAL(sessions(p.client), 1);
		CU_ASSERT_EQUAL(sessions(p.server), 1);
		CU_ASSERT_EQUAL(p.client->failed + p.server->failed, 0);
		pair_free(&p);
	}
}

/* A CONNECT of the attempt that gave way is doubled and late: it is known by its incarnation. */
static void
crossed__late_connect(void)
{
	struct pair p = pair_start(both_listen);

	p.net->port[CLIENT].keep_next[WIRE_CONNECT] = 1;
	node_connect(p.server, CLIENT);
	node_connect(p.client, SERVER);
	net_run(p.net, 10 * NET_MS);
	CU_ASSERT_EQUAL_FATAL(p.net->nb_jar, 1);
	CU_ASSERT_EQUAL(sessions(p.client), 1);
	CU_ASSERT_EQUAL(sessions(p.server), 1);
	net_replay(p.net, 0);
	net_run(p.net, 10 * NET_MS);
	CU_ASSERT_EQUAL(p.server->opened, 1);
	CU_ASSERT_EQUAL(sessions(p.server), 1);
	CU_ASSERT(node_request(p.client, p.client->session, 64, 64) >= 0);
	CU_ASSERT(net_run_quiet(p.net, 10 * NET_MS));
	CU_ASSERT(ledger_complete());
	pair_free(&p);
}

static void
three_from_one(struct node_conf *conf)
{
	conf->rdp.max_per_source = 3;
}

/* So many sessions from one address, and those of others beside them. */
static void
source__has_its_share(void)
{
	struct pair p = pair_start(three_from_one);
	struct node *other = node_start_plain(p.net, 2);

	for (unsigned int round = 0; round < 3; round++) {
		for (unsigned int i = round == 0 ? 0 : 2; i < 3; i++)
			pair_connect(&p);
		CU_ASSERT_PTR_NULL(node_open(p.client, SERVER));
		CU_ASSERT_EQUAL(p.client->status, -ECONNREFUSED);
		CU_ASSERT_PTR_NOT_NULL(node_open(other, SERVER));
		node_close(p.client, p.c);
		net_run(p.net, 10 * NET_MS);
	}
	CU_ASSERT_EQUAL(sessions(p.server), 2 + 3);
	pair_free(&p);
}

CU_TestInfo replay_tests[] = {
	TEST(replay__every_message_in_every_state),
	TEST(crossed__one_session),
	TEST(crossed__messages_lost),
	TEST(crossed__late_connect),
	TEST(source__has_its_share),
	CU_TEST_INFO_NULL,
};
