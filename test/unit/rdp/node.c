/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <CUnit/CUnit.h>

#include "live.h"
#include "node.h"
#include "strict_pool.h"

#define CHECKED_SESSIONS 64 /* an endpoint with more is not looked through every turn */
#define UNWRITTEN        0xee

enum record_kind {
	RECORD_REQUEST = 1,
	RECORD_RESPONSE = 2,
};

struct record {
	uint32_t size;
	uint16_t kind;
	uint16_t answer; /* bytes of the response that is wanted */
	uint64_t number;
	uint64_t fill[]; /* pattern_word() of the number */
};

static_assert(sizeof(struct record) + sizeof(uint64_t) == NODE_RECORD_MIN, "one word of pattern");

struct staged {
	struct record *to;
	uint32_t size;
	uint64_t number;
	const struct rdp_session *s;
};

/* Records that were offered, which must stay as they are until the burst ends. */
struct seen_records {
	const uint8_t *records;
	uint32_t len;
	uint32_t crc;
};

struct entry {
	uint8_t state;
	uint16_t answer;
	rte_be32_t inc;
	const struct rdp_session *s;
};

static struct ledger {
	struct entry *entry;
	uint64_t n, size;
} ledger;

/* Make room for one more. */
static void *
grown(void *array, unsigned int n, unsigned int *size, size_t each)
{
	if (n < *size)
		return array;
	*size = *size * 2 + 64;
	array = realloc(array, *size * each);
	if (array == NULL)
		abort();
	return array;
}

static uint64_t
ledger_add(const struct rdp_session *s, uint32_t answer)
{
	if (ledger.n == ledger.size) {
		ledger.size = ledger.size * 2 + 1024;
		ledger.entry = realloc(ledger.entry, ledger.size * sizeof(ledger.entry[0]));
		if (ledger.entry == NULL)
			abort();
	}
	ledger.entry[ledger.n] = (struct entry){
		.state = LEDGER_SENT, .answer = (uint16_t)answer, .inc = s->local_inc, .s = s};
	return ledger.n++;
}

void
ledger_reset(void)
{
	free(ledger.entry);
	memset(&ledger, 0, sizeof(ledger));
}

uint64_t
ledger_sent(void)
{
	return ledger.n;
}

uint8_t
ledger_state(uint64_t number)
{
	return number < ledger.n ? ledger.entry[number].state : 0;
}

uint64_t
ledger_count(uint8_t with, uint8_t without)
{
	uint64_t count = 0;

	for (uint64_t i = 0; i < ledger.n; i++)
		count += (ledger.entry[i].state & (with | without)) == with;
	return count;
}

bool
ledger_complete(void)
{
	for (uint64_t i = 0; i < ledger.n; i++) {
		const struct entry *e = &ledger.entry[i];
		uint8_t want = LEDGER_SENT | LEDGER_ARRIVED | (e->answer > 0 ? LEDGER_ANSWERED : 0);

		if (!(e->state & LEDGER_LOST) && e->state != want)
			return false;
	}
	return true;
}

void
ledger_write_off(const struct rdp_session *s)
{
	for (uint64_t i = 0; i < ledger.n; i++)
		if (ledger.entry[i].s == s && ledger.entry[i].inc == s->local_inc)
			ledger.entry[i].state |= LEDGER_LOST;
}

static uint64_t
pattern_word(uint64_t number, uint16_t kind, uint32_t i)
{
	return (number + kind) * UINT64_C(0x9e3779b97f4a7c15) ^ (i * UINT64_C(0xff51afd7ed558ccd));
}

static uint32_t
words_of(const struct record *r)
{
	return (uint32_t)((r->size - sizeof(*r)) / sizeof(r->fill[0]));
}

static void
record_write(struct record *r, uint32_t size, uint16_t kind, uint32_t answer, uint64_t number)
{
	r->size = size;
	r->kind = kind;
	r->answer = (uint16_t)answer;
	r->number = number;
	for (uint32_t i = 0; i < words_of(r); i++)
		r->fill[i] = pattern_word(number, kind, i);
}

/* Whether these bytes are a whole record as somebody wrote it. */
static bool
record_good(const struct record *r, uint32_t room)
{
	if (room < NODE_RECORD_MIN || r->size < NODE_RECORD_MIN || r->size > room ||
		r->size % 8 != 0 || (r->kind != RECORD_REQUEST && r->kind != RECORD_RESPONSE) ||
		r->number >= ledger.n)
		return false;
	for (uint32_t i = 0; i < words_of(r); i++)
		if (r->fill[i] != pattern_word(r->number, r->kind, i))
			return false;
	return true;
}

static void
stage(struct node *node, const struct rdp_session *s, uint8_t *to, const struct record *request)
{
	memset(to, UNWRITTEN, request->answer);
	node->staged = grown(
		node->staged, node->nb_staged, &node->staged_size, sizeof(node->staged[0]));
	node->staged[node->nb_staged++] = (struct staged){.to = (struct record *)to,
		.size = request->answer,
		.number = request->number,
		.s = s};
}

static bool
request_input(struct node *node, struct rdp_session *s, const struct record *r)
{
	struct entry *e = &ledger.entry[r->number];
	uint8_t *to = NULL;

	if (node->deaf)
		return false;
	if (r->answer > 0 && !node->mute && (to = rdp_response(s, r->answer)) == NULL)
		return false;
	if (e->state & LEDGER_ARRIVED)
		net_error(node->net, "request %" PRIu64 " took effect twice", r->number);
	if (e->inc != s->peer_inc)
		net_error(node->net, "request %" PRIu64 " of another session", r->number);
	if (node->on_request != NULL)
		node->on_request(node, r->number);
	e->state |= LEDGER_ARRIVED;
	node->requests_in++;
	node->overtaken += r->number + 1 < node->last_request;
	node->last_request = r->number + 1;
	if (to != NULL)
		stage(node, s, to, r);
	return true;
}

static void
response_input(struct node *node, struct rdp_session *s, const struct record *r)
{
	struct entry *e = &ledger.entry[r->number];

	if (!(e->state & LEDGER_ARRIVED) || r->size != e->answer)
		net_error(node->net, "response %" PRIu64 " nobody gave", r->number);
	if (e->state & LEDGER_ANSWERED)
		net_error(node->net, "response %" PRIu64 " twice", r->number);
	if (e->inc != s->local_inc)
		net_error(node->net, "response %" PRIu64 " of another session", r->number);
	e->state |= LEDGER_ANSWERED;
	node->responses_in++;
}

static void
remember(struct node *node, const uint8_t *records, uint32_t len)
{
	node->seen = grown(node->seen, node->nb_seen, &node->seen_size, sizeof(node->seen[0]));
	node->seen[node->nb_seen++] = (struct seen_records){
		.records = records, .len = len, .crc = wire_crc32c(records, len)};
}

static int32_t
on_records(void *ctx, struct rdp_session *s, const uint8_t *records, uint32_t len)
{
	struct node *node = ctx;
	uint32_t off = 0;

	if (node->blind)
		return (int32_t)len;
	if (s->state != RDP_OPEN)
		net_error(node->net, "records of a session in state %u", s->state);
	if ((uintptr_t)records % 8 != 0 || len == 0 || len % 8 != 0)
		net_error(node->net, "%u bytes of records at %p", len, (const void *)records);
	while (off < len) {
		const struct record *r = (const struct record *)(records + off);

		if (!record_good(r, len - off)) {
			net_error(node->net, "a record that nobody wrote");
			break;
		}
		if (r->kind == RECORD_RESPONSE)
			response_input(node, s, r);
		else if (!request_input(node, s, r))
			break;
		off += r->size;
	}
	if (off > 0)
		remember(node, records, off);
	if (node->on_records != NULL)
		node->on_records(node, s);
	if (node->break_with < 0) {
		int ret = node->break_with;

		node->break_with = 0;
		return ret;
	}
	return (int32_t)off;
}

static void
on_batch_end(void *ctx)
{
	struct node *node = ctx;

	for (unsigned int i = 0; i < node->nb_seen; i++)
		if (wire_crc32c(node->seen[i].records, node->seen[i].len) != node->seen[i].crc)
			net_error(node->net, "records changed before the burst ended");
	node->nb_seen = 0;
	for (unsigned int i = 0; i < node->nb_staged; i++) {
		const struct staged *g = &node->staged[i];

		if (*(const uint8_t *)g->to != UNWRITTEN)
			net_error(node->net, "room for a response was given away");
		record_write(g->to, g->size, RECORD_RESPONSE, 0, g->number);
	}
	node->nb_staged = 0;
}

static void
on_opened(void *ctx, struct rdp_session *s, int status)
{
	struct node *node = ctx;

	node->status = status;
	node->status_ns = node->net->now_ns;
	if (status == 0) {
		node->opened++;
		node->session = s;
	} else {
		node->failed++;
	}
	if (node->on_opened != NULL)
		node->on_opened(node, s, status);
}

static void
on_closed(void *ctx, struct rdp_session *s, int status)
{
	struct node *node = ctx;

	node->status = status;
	node->closed++;
	node->status_ns = node->net->now_ns;
	ledger_write_off(s);
	if (node->session == s)
		node->session = NULL;
	if (node->on_closed != NULL)
		node->on_closed(node, s, status);
}

static const struct rdp_handler handler = {
	.records = on_records,
	.batch_end = on_batch_end,
	.opened = on_opened,
	.closed = on_closed,
};

struct node_conf
node_conf(struct net *net, unsigned int index)
{
	return (struct node_conf){
		.mbufs = 1024,
		.rdp =
			{
				.io = net_io(net, index),
				.clock = net_clock(net),
				.mac = net_mac(index),
				.vlan = net->vlan,
				.vlan_priority = (uint8_t)(index % 8),
				.ip = net->v6 ? 0 : net_ip(index),
				.ip6 = net->v6 ? net_ip6(index) : ip_addr_v4(0),
				.udp_port = (uint16_t)(WIRE_UDP_PORT + index),
				.node = (uint16_t)(index + 1),
				.epoch = net->now_ns,
				.mtu = NET_MTU,
				.window = 64,
				.max_sessions = 8,
				.listen = index == 0,
				.crc = true,
				.rto_min_ns = 200 * NET_US,
				/* What is told of time-outs is told without it. */
				.no_tail_probe = true,
				.ack_delay_ns = 25 * NET_US,
				.peer_timeout_ns = 2 * NET_S,
				.keepalive_ns = NET_S,
				.socket_id = SOCKET_ID_ANY,
			},
	};
}

struct node *
node_start(struct net *net, unsigned int index, const struct node_conf *conf)
{
	static unsigned int count;
	struct node *node = calloc(1, sizeof(*node));
	char name[RTE_MEMPOOL_NAMESIZE];
	int ret;

	if (node == NULL)
		abort();
	snprintf(name, sizeof(name), "node%u_%u", index, count++);
	node->net = net;
	node->index = index;
	node->pool = strict_pool_create(
		name, conf->mbufs, (uint16_t)(conf->rdp.mtu + RTE_PKTMBUF_HEADROOM + 64));
	CU_ASSERT_PTR_NOT_NULL_FATAL(node->pool);
	node->conf = conf->rdp;
	node->conf.pool = node->pool;
	node->conf.handler = &handler;
	node->conf.handler_ctx = node;
	node->check = conf->rdp.max_sessions <= CHECKED_SESSIONS;
	if (node->check)
		node->watch = live_new(conf->rdp.max_sessions);
	node->turn_ns = net->now_ns;
	ret = rdp_ep_create(&node->conf, &node->ep);
	CU_ASSERT_EQUAL_FATAL(ret, 0);
	net->node[index] = node;
	return node;
}

struct node *
node_start_plain(struct net *net, unsigned int index)
{
	struct node_conf conf = node_conf(net, index);

	return node_start(net, index, &conf);
}

unsigned int
node_stop(struct node *node)
{
	unsigned int missing;

	for (uint16_t i = 0; i < node->conf.max_sessions; i++)
		if (rdp_session_at(node->ep, i) != NULL)
			ledger_write_off(rdp_session_at(node->ep, i));
	net_release(node->net, node->index);
	rdp_ep_destroy(node->ep);
	missing = strict_pool_free(node->pool);
	node->net->node[node->index] = NULL;
	free(node->staged);
	free(node->seen);
	free(node->watch);
	free(node);
	return missing;
}

struct rdp_session *
node_connect(struct node *node, unsigned int to)
{
	struct rdp_session *s = NULL;

	CU_ASSERT_EQUAL(
		rdp_connect(node->ep, net_addr(node->net, to), (uint16_t)(WIRE_UDP_PORT + to), &s),
		0);
	return s;
}

struct opening {
	struct node *node;
	unsigned int before;
};

static bool
decided(void *ctx)
{
	const struct opening *o = ctx;

	return o->node->opened + o->node->failed > o->before;
}

struct rdp_session *
node_open(struct node *node, unsigned int to)
{
	struct opening o = {.node = node, .before = node->opened + node->failed};
	struct rdp_session *s = node_connect(node, to);

	net_run_until(node->net, decided, &o, 10 * NET_S);
	return s != NULL && node->status == 0 && s->state == RDP_OPEN ? s : NULL;
}

void
node_close(struct node *node, struct rdp_session *s)
{
	unsigned int kept = 0;

	ledger_write_off(s);
	if (node->session == s)
		node->session = NULL;
	for (unsigned int i = 0; i < node->nb_staged; i++)
		if (node->staged[i].s != s)
			node->staged[kept++] = node->staged[i];
	node->nb_staged = kept;
	rdp_close(s);
}

int64_t
node_request(struct node *node, struct rdp_session *s, uint32_t size, uint32_t answer)
{
	uint8_t *to = rdp_request(s, size);
	uint64_t number;

	if (to == NULL)
		return -1;
	number = ledger_add(s, answer);
	record_write((struct record *)to, size, RECORD_REQUEST, answer, number);
	return (int64_t)number;
}

struct rdp_session *
node_peer_session(const struct rdp_session *s, struct node *peer)
{
	struct rdp_session *p = rdp_session_at(peer->ep, s->peer_index);

	return p != NULL && p->local_inc == s->peer_inc ? p : NULL;
}

static unsigned int
ring_holes(const struct rdp_session *s)
{
	unsigned int n = 0;

	for (uint32_t psn = s->tx_una; psn != s->tx_next; psn++) {
		struct rte_mbuf *m = s->ring[psn % RDP_RING];

		n += m == NULL || rte_mbuf_refcnt_read(m) != 1 || rdp_kept(m)->psn != psn;
	}
	return n;
}

static unsigned int
bits_of(const uint64_t *bitmap)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < RDP_RING / 64; i++)
		n += (unsigned int)__builtin_popcountll(bitmap[i]);
	return n;
}

static unsigned int
chain_len(const struct rte_mbuf *m)
{
	unsigned int n = 0;

	for (; m != NULL; m = m->next)
		n++;
	return n;
}

static void
check_session(struct node *node, const struct rdp_session *s)
{
	const char *wrong = NULL;

	if (s->state != RDP_FAILED && s->timer_prev == NULL)
		wrong = "has no timer";
	else if (rdp_in_flight(s) > node->conf.window)
		wrong = "has more in flight than its window";
	else if (s->state == RDP_OPEN && ring_holes(s) > 0)
		wrong = "has a hole among its frames in flight";
	else if (bits_of(s->rx_bitmap) != s->rx_gaps)
		wrong = "counts its gaps wrong";
	else if (s->state == RDP_OPEN && bits_of(s->sacked) > rdp_in_flight(s))
		wrong = "believes in too many acknowledgements";
	else if (s->parked > RDP_PARK_MAX ||
		 s->parked != chain_len(s->park_head) + chain_len(s->ordered))
		wrong = "counts parked frames wrong";
	else if ((s->wr == NULL) != (s->open == NULL) || s->wr > s->end)
		wrong = "has half an open frame";
	if (wrong != NULL)
		net_error(node->net, "node %u: session %u in state %u %s", node->index, s->index,
			s->state, wrong);
}

static void
check_lists(struct node *node)
{
	for (unsigned int id = 0; id < RDP_LISTS; id++) {
		const struct rdp_list *list = &node->ep->list[id];

		for (uint16_t i = 0; i < list->n; i++)
			if (node->ep->session[list->item[i]->index] != list->item[i] ||
				!(list->item[i]->in_lists & (1u << id)))
				net_error(node->net, "node %u: list %u names a stranger",
					node->index, id);
	}
}

void
node_check(struct node *node)
{
	struct rdp_ep *ep = node->ep;
	unsigned int used = 0;

	if (node->nb_staged > 0 || node->nb_seen > 0)
		net_error(node->net, "node %u: batch_end() was not called", node->index);
	if (ep->txq_len > RDP_TXQ || ep->txq_ready > ep->txq_len)
		net_error(node->net, "node %u: transmit queue overflow", node->index);
	if (!node->check)
		return;
	check_lists(node);
	for (uint16_t i = 0; i < ep->max_sessions; i++) {
		if (ep->session[i] == NULL)
			continue;
		used++;
		check_session(node, ep->session[i]);
	}
	if (used + ep->nb_free != ep->max_sessions)
		net_error(node->net, "node %u: indices are missing", node->index);
}

/* Nobody may use a session that has gone. */
static void
scribble_spares(struct rdp_ep *ep)
{
	for (struct rdp_session *s = ep->spare; s != NULL; s = s->timer_next) {
		struct rdp_session *next = s->timer_next;

		memset(s, 0xa5, sizeof(*s));
		s->timer_next = next;
	}
}

bool
node_quiet(const struct node *node)
{
	const struct rdp_ep *ep = node->ep;

	if (ep->txq_len > 0)
		return false;
	for (unsigned int id = 0; id < RDP_LISTS; id++)
		if (ep->list[id].n > 0)
			return false;
	for (uint16_t i = 0; i < ep->max_sessions; i++) {
		const struct rdp_session *s = ep->session[i];

		if (s != NULL && (s->state != RDP_OPEN || rdp_in_flight(s) > 0 || s->parked > 0))
			return false;
	}
	return true;
}

uint64_t
node_wake_ns(const struct node *node)
{
	const struct rdp_ep *ep = node->ep;

	if (ep->txq_len > 0 || node->pump != NULL)
		return 0;
	for (unsigned int id = 0; id < RDP_LISTS; id++)
		if (ep->list[id].n > 0)
			return 0;
	return (ep->wheel_tick + 1) << RDP_WHEEL_SHIFT;
}

void
node_turn(struct node *node)
{
	rdp_poll(node->ep);
	node_check(node);
	if (node->check)
		scribble_spares(node->ep);
	if (node->pump != NULL)
		node->pump(node);
	if (!node->no_flush)
		rdp_flush(node->ep);
	node_check(node);
	if (node->check && !node->no_flush)
		live_turn(node);
}
