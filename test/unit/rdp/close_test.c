/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/* How sessions end: in good order, by RESET, and from inside any callback. */

#include "session_tests.h"

static unsigned int
sessions(const struct node *node)
{
	return node->ep->max_sessions - node->ep->nb_free;
}

static void
check_both_gone(struct pair *p, unsigned int client_closed, unsigned int server_closed)
{
	CU_ASSERT_EQUAL(p->client->closed, client_closed);
	CU_ASSERT_EQUAL(p->server->closed, server_closed);
	CU_ASSERT_EQUAL(sessions(p->client), 0);
	CU_ASSERT_EQUAL(sessions(p->server), 0);
}

static void
close__is_answered(void)
{
	struct pair p = pair_open(NULL);

	node_close(p.client, p.c);
	CU_ASSERT_EQUAL(p.c->state, RDP_CLOSING);
	CU_ASSERT(net_run_quiet(p.net, 30 * NET_US));
	check_both_gone(&p, 0, 1);
	CU_ASSERT_EQUAL(p.server->status, 0);
	CU_ASSERT_EQUAL(p.net->nb_log, 2);
	CU_ASSERT_EQUAL(net_logged(p.net, CLIENT, WIRE_CLOSE), 1);
	CU_ASSERT_EQUAL(net_logged(p.net, SERVER, WIRE_CLOSED), 1);
	CU_ASSERT_EQUAL(rdp_ep_stats(p.client->ep)->sessions_closed, 1);
	CU_ASSERT_EQUAL(rdp_ep_stats(p.server->ep)->sessions_closed, 1);
	pair_free(&p);
}

static void
close__messages_lost(void)
{
	static const uint8_t types[] = {WIRE_CLOSE, WIRE_CLOSED};

	for (unsigned int i = 0; i < RTE_DIM(types); i++) {
		for (unsigned int times = 1; times <= 4; times++) {
			struct pair p = pair_open(NULL);

			p.net->port[i == 0 ? CLIENT : SERVER].drop_next[types[i]] = times;
			node_close(p.client, p.c);
			CU_ASSERT(net_run_quiet(p.net, 20 * NET_MS));
			check_both_gone(&p, 0, 1);
			CU_ASSERT_EQUAL(net_logged(p.net, CLIENT, WIRE_CLOSE), times + 1);
			CU_ASSERT_EQUAL(p.server->status, 0);
			pair_free(&p);
		}
	}
}

/* Five times in vain, 31 ms; the other end finds out by asking. */
static void
close__never_heard(void)
{
	struct pair p = pair_open(NULL);
	uint64_t start = p.net->now_ns;

	p.net->port[CLIENT].drop_next[WIRE_CLOSE] = 100;
	node_close(p.client, p.c);
	net_run(p.net, 30 * NET_MS);
	CU_ASSERT_EQUAL(sessions(p.client), 1);
	net_run(p.net, 2 * NET_MS);
	CU_ASSERT_EQUAL(sessions(p.client), 0);
	CU_ASSERT_EQUAL(net_logged(p.net, CLIENT, WIRE_CLOSE), 5);
	for (unsigned int i = 0; i < 5; i++) {
		uint64_t at = net_find(p.net, CLIENT, WIRE_CLOSE, i)->ns - start;

		CU_ASSERT(at >= ((1u << i) - 1) * NET_MS);
		CU_ASSERT(at <= ((1u << i) - 1) * NET_MS + (i + 1) * 66 * NET_US);
	}
	/* The keep-alive of the end that was connected to. */
	net_run(p.net, NET_S + NET_S / 8);
	check_both_gone(&p, 0, 1);
	CU_ASSERT_EQUAL(p.server->status, -ECONNRESET);
	pair_free(&p);
}

static void
close__both_at_once(void)
{
	struct pair p = pair_open(NULL);

	node_close(p.client, p.c);
	node_close(p.server, p.s);
	CU_ASSERT(net_run_quiet(p.net, 30 * NET_US));
	check_both_gone(&p, 0, 0);
	pair_free(&p);
}

/* What had been written and not sent goes with the session, and every buffer comes back. */
static void
close__with_frames_everywhere(void)
{
	struct pair p = pair_open(NULL);

	p.net->port[CLIENT].cut_off = true;
	pair_frames(p.client, p.c, 5); /* in flight */
	p.net->port[CLIENT].tx_most = 0;
	pair_frames(p.client, p.c, 5);                      /* queued */
	CU_ASSERT(node_request(p.client, p.c, 64, 0) >= 0); /* open */
	CU_ASSERT_EQUAL(p.client->ep->txq_len, 5);
	node_close(p.client, p.c);
	CU_ASSERT_EQUAL(p.client->ep->txq_len, 1);
	p.net->port[CLIENT].tx_most = 32;
	p.net->port[CLIENT].cut_off = false;
	CU_ASSERT(net_run_quiet(p.net, 30 * NET_US));
	check_both_gone(&p, 0, 1);
	pair_free(&p);
}

/* Who has not heard of the end of a session is told by the one that comes after it: a request of
 * the old one that is still under way then has no effect any more. */
static void
close__next_session_ends_it(void)
{
	struct pair p = pair_open(NULL);
	int64_t number;

	pair_keep_next(&p, CLIENT, WIRE_DATA);
	number = node_request(p.client, p.c, 64, 0);
	CU_ASSERT_PTR_NOT_NULL_FATAL(pair_kept(&p));
	p.net->port[CLIENT].drop_next[WIRE_CLOSE] = 5;
	node_close(p.client, p.c);
	net_step(p.net);
	pair_connect(&p);
	CU_ASSERT_EQUAL(sessions(p.client), 1);
	CU_ASSERT_EQUAL(sessions(p.server), 1);
	CU_ASSERT_EQUAL(p.server->status, -ECONNRESET);
	net_replay(p.net, 0);
	net_run(p.net, 30 * NET_US);
	CU_ASSERT_EQUAL(ledger_state((uint64_t)number) & LEDGER_ARRIVED, 0);
	pair_free(&p);
}

/* Also when sessions with several peers ended in another order than they begin again in. */
static void
close__next_session_has_its_index(void)
{
	struct pair p = pair_open(NULL);
	struct node_conf conf = node_conf(p.net, 2);
	struct node *other;
	struct rdp_session *to_other;
	uint16_t index[2] = {p.c->index, 0};

	conf.rdp.listen = true;
	other = node_start(p.net, 2, &conf);
	to_other = node_open(p.client, 2);
	CU_ASSERT_PTR_NOT_NULL_FATAL(to_other);
	index[1] = to_other->index;
	p.net->port[CLIENT].drop_next[WIRE_CLOSE] = 100;
	node_close(p.client, p.c);
	net_run(p.net, NET_MS);
	node_close(p.client, to_other);
	net_run(p.net, 40 * NET_MS);
	CU_ASSERT_EQUAL(sessions(p.client), 0);
	CU_ASSERT_EQUAL(sessions(p.server) + sessions(other), 2);
	CU_ASSERT_EQUAL(node_open(p.client, SERVER)->index, index[0]);
	CU_ASSERT_EQUAL(node_open(p.client, 2)->index, index[1]);
	CU_ASSERT_EQUAL(sessions(p.server), 1);
	CU_ASSERT_EQUAL(sessions(other), 1);
	pair_free(&p);
}

/* A session with somebody else in between does not take the index. */
static void
close__next_session_finds_its_index_free(void)
{
	struct pair p = pair_open(NULL);
	struct node_conf conf = node_conf(p.net, 2);
	int64_t number;

	conf.rdp.listen = true;
	node_start(p.net, 2, &conf);
	pair_keep_next(&p, CLIENT, WIRE_DATA);
	number = node_request(p.client, p.c, 64, 0);
	CU_ASSERT_PTR_NOT_NULL_FATAL(pair_kept(&p));
	p.net->port[CLIENT].drop_next[WIRE_CLOSE] = RDP_CLOSE_TRIES;
	node_close(p.client, p.c);
	net_run(p.net, 40 * NET_MS);
	CU_ASSERT_EQUAL(sessions(p.client), 0);
	CU_ASSERT_PTR_NOT_NULL_FATAL(node_open(p.client, 2));
	pair_connect(&p);
	CU_ASSERT_EQUAL(sessions(p.server), 1);
	net_replay(p.net, 0);
	net_run(p.net, 30 * NET_US);
	CU_ASSERT_EQUAL(ledger_state((uint64_t)number) & LEDGER_ARRIVED, 0);
	pair_free(&p);
}

/* Two sessions in one queue: only the frames of the one that ended leave it. */
static void
close__leaves_the_queue_of_others(void)
{
	struct pair p = pair_open(NULL);
	struct rdp_session *first = p.c;

	pair_connect(&p);
	p.net->port[CLIENT].tx_most = 0;
	for (int i = 0; i < 6; i++) {
		pair_frames(p.client, first, 1);
		pair_frames(p.client, p.c, 1);
	}
	p.client->no_flush = true;
	CU_ASSERT(node_request(p.client, p.c, 64, 0) >= 0);
	rdp_response_open(p.c, NODE_RECORD_MIN); /* one that is queued, not finished */
	memset(p.c->wr - NODE_RECORD_MIN, 0, NODE_RECORD_MIN);
	CU_ASSERT_EQUAL(p.client->ep->txq_len, 13);
	CU_ASSERT_EQUAL(p.client->ep->txq_ready, 12);
	node_close(p.client, first);
	CU_ASSERT_EQUAL(p.client->ep->txq_ready, 6);
	CU_ASSERT_EQUAL(p.client->ep->txq_len, 8);
	p.net->port[CLIENT].tx_most = 32;
	p.client->no_flush = false;
	p.server->blind = true;
	CU_ASSERT(net_run_quiet(p.net, 100 * NET_US));
	CU_ASSERT_EQUAL(sessions(p.client), 1);
	CU_ASSERT_EQUAL(p.server->closed, 1);
	pair_free(&p);
}

/* Before it was open: nobody is told, and nothing is left behind. */
static void
close__during_the_handshake(void)
{
	static const uint8_t types[] = {WIRE_HELLO, WIRE_CHALLENGE, WIRE_CONNECT, WIRE_ACCEPT};

	for (unsigned int i = 0; i < RTE_DIM(types); i++) {
		struct pair p = pair_start(NULL);

		pair_keep_next(&p, i % 2 == 0 ? CLIENT : SERVER, types[i]);
		p.c = node_connect(p.client, SERVER);
		CU_ASSERT_PTR_NOT_NULL_FATAL(pair_kept(&p));
		node_close(p.client, p.c);
		CU_ASSERT_EQUAL(sessions(p.client), 0);
		net_replay(p.net, 0);
		net_run(p.net, 2 * NET_S);
		CU_ASSERT_EQUAL(sessions(p.server), 0);
		CU_ASSERT_EQUAL(p.client->opened + p.client->failed + p.client->closed, 0);
		CU_ASSERT_EQUAL(p.server->opened, p.server->closed);
		CU_ASSERT_EQUAL(rdp_ep_stats(p.client->ep)->sessions_closed, 0);
		pair_free(&p);
	}
}

/* The restarted listener knows nothing: one round trip tells. */
static void
reset__after_the_listener_restarted(void)
{
	struct pair p = pair_open(NULL);
	uint64_t start;

	pair_restart(&p, SERVER, NULL);
	net_run(p.net, NET_MS);
	start = p.net->now_ns;
	CU_ASSERT(node_request(p.client, p.c, 64, 64) >= 0);
	net_run(p.net, NET_MS);
	CU_ASSERT_EQUAL(p.client->closed, 1);
	CU_ASSERT_EQUAL(p.client->status, -ECONNRESET);
	CU_ASSERT(p.client->status_ns - start <= 12 * NET_US);
	CU_ASSERT_EQUAL(rdp_ep_stats(p.server->ep)->resets_sent, 1);
	CU_ASSERT_EQUAL(rdp_ep_stats(p.server->ep)->rx_stale, 1);
	check_both_gone(&p, 1, 0);
	pair_connect(&p);
	pair_free(&p);
}

static void
reset__lost_comes_with_the_repetition(void)
{
	struct pair p = pair_open(NULL);

	pair_restart(&p, SERVER, NULL);
	p.net->port[SERVER].drop_next[WIRE_RESET] = 2;
	CU_ASSERT(node_request(p.client, p.c, 64, 64) >= 0);
	net_run(p.net, NET_MS);
	CU_ASSERT_EQUAL(p.client->closed, 1);
	CU_ASSERT_EQUAL(p.client->status, -ECONNRESET);
	pair_free(&p);
}

/* Idle, and the peer has restarted: the keep-alive finds out. */
static void
reset__by_keepalive(void)
{
	struct pair p = pair_open(NULL);

	pair_restart(&p, SERVER, NULL);
	net_run(p.net, 1100 * NET_MS);
	check_both_gone(&p, 1, 0);
	CU_ASSERT_EQUAL(p.client->status, -ECONNRESET);
	pair_free(&p);
}

static void
reset__at_most_sixteen_a_millisecond(void)
{
	struct pair p = pair_open(NULL);
	struct net_packet *frame;

	pair_keep_next(&p, CLIENT, WIRE_DATA);
	pair_frames(p.client, p.c, 1);
	frame = pair_kept(&p);
	CU_ASSERT_EQUAL(node_stop(p.client), 0);
	((struct wire_ipv4_hdrs *)frame->bytes)->frame.dst_inc ^= RTE_BE32(5);
	net_repair(frame->bytes, frame->len);
	for (int ms = 0; ms < 3; ms++) {
		uint64_t slot = (p.net->now_ns >> 20) + 1;

		net_run(p.net, (slot << 20) - p.net->now_ns);
		for (int i = 0; i < 100; i++)
			net_inject(p.net, SERVER, frame->bytes, frame->len);
		net_run(p.net, NET_MS / 2);
		CU_ASSERT_EQUAL(rdp_ep_stats(p.server->ep)->resets_sent, (ms + 1) * 16u);
		CU_ASSERT_EQUAL(rdp_ep_stats(p.server->ep)->rx_stale, (ms + 1) * 100u);
	}
	CU_ASSERT_EQUAL(p.server->closed, 0);
	pair_free(&p);
}

/* Frames of a session from before on the same index: dropped, and no harm to the one of now. */
static void
stale__frames_of_an_old_incarnation(void)
{
	static const uint8_t types[] = {WIRE_DATA, WIRE_ACK, WIRE_CLOSE, WIRE_CLOSED, WIRE_RESET};

	for (unsigned int i = 0; i < RTE_DIM(types); i++) {
		struct pair p = pair_open(NULL);
		struct wire_ipv4_hdrs *h;
		struct net_packet *frame;

		pair_keep_next(&p, CLIENT, WIRE_DATA);
		pair_frames(p.client, p.c, 1);
		frame = pair_kept(&p);
		node_close(p.client, p.c);
		CU_ASSERT(net_run_quiet(p.net, NET_MS));
		pair_connect(&p);
		net_log_clear(p.net);
		h = (struct wire_ipv4_hdrs *)frame->bytes;
		h->frame.version_type = (uint8_t)(WIRE_VERSION << 4 | types[i]);
		net_repair(frame->bytes, frame->len);
		net_replay(p.net, 0);
		net_run(p.net, NET_MS);
		CU_ASSERT_EQUAL(p.server->closed, 1);
		CU_ASSERT_EQUAL(p.client->closed, 0);
		CU_ASSERT_EQUAL(p.server->requests_in, 0);
		CU_ASSERT_EQUAL(sessions(p.server), 1);
		CU_ASSERT_EQUAL(p.s->state, RDP_OPEN);
		CU_ASSERT_EQUAL(p.c->state, RDP_OPEN);
		CU_ASSERT_EQUAL(net_logged(p.net, SERVER, WIRE_ACK), 0);
		pair_free(&p);
	}
}

/* Whoever hears of the end of a session may end it once more, and start others. */
static void
close_it(struct node *node, struct rdp_session *s, int status)
{
	node_close(node, s);
}

static void
callback__close_in_opened(void)
{
	struct pair p = pair_start(NULL);

	p.server->on_opened = close_it;
	node_connect(p.client, SERVER);
	net_run(p.net, 100 * NET_MS);
	p.server->on_opened = NULL;
	net_run(p.net, 3 * NET_S);
	CU_ASSERT_EQUAL(sessions(p.server), sessions(p.client));
	CU_ASSERT_EQUAL(p.server->closed, 0);
	pair_free(&p);

	p = pair_start(NULL);
	p.client->on_opened = close_it;
	node_connect(p.client, SERVER);
	net_run(p.net, 100 * NET_MS);
	check_both_gone(&p, 0, 1);
	pair_free(&p);
}

static void
callback__close_in_opened_that_failed(void)
{
	struct pair p = pair_start(NULL);

	p.server->on_opened = close_it;
	CU_ASSERT_PTR_NULL(node_open(p.server, CLIENT));
	CU_ASSERT_EQUAL(p.server->failed, 1);
	check_both_gone(&p, 0, 0);
	pair_free(&p);
}

static void
callback__close_in_closed(void)
{
	struct pair p = pair_open(NULL);

	p.server->on_closed = close_it;
	node_close(p.client, p.c);
	net_run(p.net, 100 * NET_MS);
	check_both_gone(&p, 0, 1);
	/* The index is there once. */
	pair_connect(&p);
	pair_connect(&p);
	CU_ASSERT_EQUAL(sessions(p.server), 2);
	pair_free(&p);
}

static void
close_others(struct node *node, struct rdp_session *s, int status)
{
	for (uint16_t i = 0; i < node->conf.max_sessions; i++) {
		struct rdp_session *other = rdp_session_at(node->ep, i);

		if (other != NULL && other != s)
			node_close(node, other);
	}
}

/* The peer died with three sessions: all fail in one poll, and the first closes the others. */
static void
callback__close_others_in_closed(void)
{
	struct pair p = pair_open(NULL);

	pair_connect(&p);
	pair_connect(&p);
	p.server->on_closed = close_others;
	CU_ASSERT_EQUAL(node_stop(p.client), 0);
	net_run(p.net, 4 * NET_S);
	CU_ASSERT_EQUAL(sessions(p.server), 0);
	CU_ASSERT_EQUAL(p.server->status, -ETIMEDOUT);
	pair_free(&p);
}

static void
connect_again(struct node *node, struct rdp_session *s, int status)
{
	node_connect(node, SERVER);
}

static void
callback__connect_in_closed(void)
{
	struct pair p = pair_open(NULL);

	p.client->on_closed = connect_again;
	node_close(p.server, p.s);
	net_run(p.net, NET_MS);
	CU_ASSERT_EQUAL(p.client->opened, 2);
	CU_ASSERT_EQUAL(p.client->closed, 1);
	CU_ASSERT_EQUAL(sessions(p.client), 1);
	CU_ASSERT_EQUAL(sessions(p.server), 1);
	pair_free(&p);
}

static void
close_this(struct node *node, struct rdp_session *s)
{
	node->on_records = NULL;
	node_close(node, s);
}

/* With more of its frames behind it in the burst. */
static void
callback__close_in_records(void)
{
	struct pair p = pair_open(NULL);

	pair_frames(p.client, p.c, 10);
	p.server->on_records = close_this;
	net_run(p.net, 100 * NET_MS);
	CU_ASSERT_EQUAL(p.server->requests_in, 1);
	check_both_gone(&p, 1, 0);
	CU_ASSERT_EQUAL(p.client->status, 0);
	pair_free(&p);
}

/* A session that is closed while it refuses a record has nothing parked afterwards. */
static void
callback__close_in_records_and_refuse(void)
{
	struct pair p = pair_open(NULL);

	pair_frames(p.client, p.c, 10);
	p.server->deaf = true;
	p.server->on_records = close_this;
	net_run(p.net, 100 * NET_MS);
	CU_ASSERT_EQUAL(p.server->requests_in, 0);
	check_both_gone(&p, 1, 0);
	CU_ASSERT_EQUAL(p.server->ep->list[RDP_LIST_PARKED].n, 0);
	pair_free(&p);
}

/* The handler closes, and says besides that the peer broke the protocol. */
static void
callback__close_in_records_and_break(void)
{
	struct pair p = pair_open(NULL);

	pair_frames(p.client, p.c, 1);
	p.server->break_with = -EPROTO;
	p.server->on_records = close_this;
	net_run(p.net, 100 * NET_MS);
	check_both_gone(&p, 1, 0);
	pair_free(&p);
}

static void
close_if_three_parked(struct node *node, struct rdp_session *s)
{
	if (s->parked >= 3)
		close_this(node, s);
}

/* From inside records() of a parked frame that is offered again. */
static void
callback__close_while_parked(void)
{
	struct pair p = pair_open(NULL);

	pair_connect(&p); /* a second one, parked as well */
	p.server->deaf = true;
	pair_frames(p.client, p.c, 5);
	pair_frames(p.client, rdp_session_at(p.client->ep, 0), 5);
	net_run(p.net, 8 * NET_US);
	CU_ASSERT_EQUAL(p.server->ep->list[RDP_LIST_PARKED].n, 2);
	p.server->on_records = close_if_three_parked;
	net_run(p.net, 100 * NET_MS);
	CU_ASSERT_EQUAL(p.server->ep->list[RDP_LIST_PARKED].n, 1);
	p.server->deaf = false;
	net_run(p.net, 100 * NET_MS);
	CU_ASSERT_EQUAL(p.server->requests_in, 5);
	CU_ASSERT_EQUAL(sessions(p.server), 1);
	CU_ASSERT_EQUAL(p.client->closed, 1);
	pair_free(&p);
}

static void
close_others_from_records(struct node *node, struct rdp_session *s)
{
	node->on_records = NULL;
	close_others(node, s, 0);
}

static void
callback__close_others_while_parked(void)
{
	struct pair p = pair_open(NULL);

	for (int i = 0; i < 3; i++)
		pair_connect(&p);
	p.server->deaf = true;
	for (uint16_t i = 0; i < 4; i++)
		pair_frames(p.client, rdp_session_at(p.client->ep, i), 5);
	net_run(p.net, 8 * NET_US);
	CU_ASSERT_EQUAL(p.server->ep->list[RDP_LIST_PARKED].n, 4);
	p.server->on_records = close_others_from_records;
	net_run(p.net, 100 * NET_MS);
	CU_ASSERT_EQUAL(sessions(p.server), 1);
	p.server->deaf = false;
	net_run(p.net, 100 * NET_MS);
	CU_ASSERT_EQUAL(p.server->requests_in, 5);
	CU_ASSERT_EQUAL(p.client->closed, 3);
	pair_free(&p);
}

/* A peer that breaks the protocol: the session ends, and both ends hear of it. */
static void
broken__records(void)
{
	struct pair p = pair_open(NULL);

	pair_frames(p.client, p.c, 10);
	p.server->break_with = -EPROTO;
	net_run(p.net, 3 * NET_S);
	check_both_gone(&p, 1, 1);
	CU_ASSERT_EQUAL(p.server->status, -EPROTO);
	CU_ASSERT_EQUAL(p.client->status, -ECONNRESET);
	CU_ASSERT(p.client->status_ns - p.server->status_ns < 500 * NET_US);
	pair_free(&p);
}

/* The same in a parked frame, half of which was good and has been answered. */
static void
broken__parked_records(void)
{
	struct pair p = pair_open(NULL);

	p.server->deaf = true;
	for (int i = 0; i < 4; i++)
		CU_ASSERT(node_request(p.client, p.c, 64, 64) >= 0);
	net_run(p.net, 8 * NET_US);
	CU_ASSERT_EQUAL(p.s->parked, 1);
	p.server->deaf = false;
	p.server->break_with = -EPROTO;
	net_run(p.net, 3 * NET_S);
	check_both_gone(&p, 1, 1);
	CU_ASSERT_EQUAL(p.server->status, -EPROTO);
	pair_free(&p);
}

/* Frames behind the one that broke the protocol are not looked at, parked or not. */
static void
broken__nothing_is_delivered_afterwards(void)
{
	struct pair p = pair_open(NULL);

	p.server->deaf = true;
	pair_frames(p.client, p.c, 5);
	net_run(p.net, 8 * NET_US);
	CU_ASSERT_EQUAL(p.s->parked, 5);
	p.server->deaf = false;
	p.server->break_with = -EPROTO;
	net_run(p.net, 3 * NET_S);
	CU_ASSERT_EQUAL(p.server->requests_in, 1);
	check_both_gone(&p, 1, 1);
	pair_free(&p);
}

/* CLOSE arrives while frames are parked: the session ends, and they go with it. */
static void
close__by_the_peer_of_a_parked_session(void)
{
	struct pair p = pair_open(NULL);

	p.server->deaf = true;
	pair_frames(p.client, p.c, 5);
	net_run(p.net, 8 * NET_US);
	node_close(p.client, p.c);
	net_run(p.net, NET_MS);
	check_both_gone(&p, 0, 1);
	CU_ASSERT_EQUAL(p.server->requests_in, 0);
	pair_free(&p);
}

static void
many(struct node_conf *conf)
{
	conf->rdp.keepalive_ns = 3600 * NET_S;
}

/* Ten thousand sessions one after the other cost what one costs. */
static void
churn__ten_thousand_sessions(void)
{
	struct pair p = pair_open(many);
	struct rdp_session *spare;

	p.net->logging = false;
	for (int i = 0; i < 10000; i++) {
		CU_ASSERT_FATAL(i % 3 != 0 || node_request(p.client, p.c, 64, 64) >= 0);
		if (i % 2 == 0)
			node_close(p.client, p.c);
		else
			node_close(p.server, p.s);
		net_run(p.net, 15 * NET_US);
		p.c = node_open(p.client, SERVER);
		CU_ASSERT_PTR_NOT_NULL_FATAL(p.c);
		p.s = p.server->session;
	}
	CU_ASSERT_EQUAL(sessions(p.client), 1);
	CU_ASSERT_EQUAL(sessions(p.server), 1);
	CU_ASSERT_EQUAL(p.server->opened, 10001);
	CU_ASSERT_EQUAL(p.client->closed + p.server->closed, 10000);
	spare = p.server->ep->spare;
	CU_ASSERT(spare == NULL || spare->timer_next == NULL);
	for (unsigned int id = 0; id < RDP_LISTS; id++)
		CU_ASSERT_EQUAL(p.server->ep->list[id].n, 0);
	pair_free(&p);
}

CU_TestInfo close_tests[] = {
	TEST(close__is_answered),
	TEST(close__messages_lost),
	TEST(close__never_heard),
	TEST(close__both_at_once),
	TEST(close__with_frames_everywhere),
	TEST(close__next_session_ends_it),
	TEST(close__next_session_has_its_index),
	TEST(close__next_session_finds_its_index_free),
	TEST(close__leaves_the_queue_of_others),
	TEST(close__during_the_handshake),
	TEST(close__by_the_peer_of_a_parked_session),
	TEST(reset__after_the_listener_restarted),
	TEST(reset__lost_comes_with_the_repetition),
	TEST(reset__by_keepalive),
	TEST(reset__at_most_sixteen_a_millisecond),
	TEST(stale__frames_of_an_old_incarnation),
	TEST(callback__close_in_opened),
	TEST(callback__close_in_opened_that_failed),
	TEST(callback__close_in_closed),
	TEST(callback__close_others_in_closed),
	TEST(callback__connect_in_closed),
	TEST(callback__close_in_records),
	TEST(callback__close_in_records_and_refuse),
	TEST(callback__close_in_records_and_break),
	TEST(callback__close_while_parked),
	TEST(callback__close_others_while_parked),
	TEST(broken__records),
	TEST(broken__parked_records),
	TEST(broken__nothing_is_delivered_afterwards),
	TEST(churn__ten_thousand_sessions),
	CU_TEST_INFO_NULL,
};
