/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/*
 * Responses to the client, while operations of every kind are in progress: right ones, wrong ones,
 * to requests that were made and to none, in any order, and what is no record at all; while the
 * application starts operations, with an order or a deadline, gives them up, connects and
 * disconnects, and takes events early or late.
 *
 * What must hold: requests are well formed; an operation that was started completes once, with its
 * own cookie; nothing is written to a buffer outside of its operation's time, or beside it; events
 * that wait for the application fit into the place for them.
 */

#include <rte_random.h>

#include "client/client_private.h"
#include "forge.h"
#include "rdp/strict_pool.h"

#define TURNS_MAX 400
#define CALLS     4096
#define CONNECTS  64
#define PENDING   256
#define OPS       48
#define SESSIONS  3
#define VEC       3
#define SERVER    0
#define CLIENT    1
/* Cookies of connections lie above those of operations. */
#define CONNECT_COOKIE 0x10000u

/* An operation of the application. */
struct call {
	bool running;
	bool cancelled; /* its event is still to come */
	unsigned int nb_bufs;
	void *buf[VEC]; /* of their own length each: what is written beside them is found */
};

/* A request that the server has and may answer. */
struct request {
	const struct rdp_session *s;
	struct wire_record rec;
};

/* There is no device behind the port. */
int __wrap_rte_eth_dev_socket_id(uint16_t port_id);

int
__wrap_rte_eth_dev_socket_id(uint16_t port_id)
{
	return SOCKET_ID_ANY;
}

static struct net *net;
static struct shmx_ep *ep;
static struct call calls[CALLS];
static unsigned int nb_calls, running, nb_connects, turns;
static uint32_t tries; /* to reconnect */
static struct request pending[PENDING];
static unsigned int nb_pending;

static void
pending_drop(const struct rdp_session *s)
{
	unsigned int kept = 0;

	for (unsigned int i = 0; i < nb_pending; i++)
		if (pending[i].s != s)
			pending[kept++] = pending[i];
	nb_pending = kept;
}

static int32_t
on_records(void *ctx, struct rdp_session *s, const uint8_t *records, uint32_t len)
{
	uint32_t size;

	for (uint32_t off = 0; off < len; off += size) {
		const struct wire_record *rec = (const struct wire_record *)(records + off);

		size = wire_request_size(rec, len - off);
		CHECK(size != 0 && (rec->status & ~WIRE_REQUEST_ORDERED) == 0);
		CHECK(rte_be_to_cpu_16(rec->id) < OPS);
		if (nb_pending == PENDING)
			memmove(pending, pending + 1, sizeof(*pending) * --nb_pending);
		pending[nb_pending++] = (struct request){s, *rec};
	}
	return (int32_t)len;
}

static void
on_batch_end(void *ctx)
{
}

static void
on_opened(void *ctx, struct rdp_session *s, int status)
{
	CHECK(status == 0);
}

static void
on_closed(void *ctx, struct rdp_session *s, int status)
{
	pending_drop(s);
}

static const struct rdp_handler handler = {
	.records = on_records,
	.batch_end = on_batch_end,
	.opened = on_opened,
	.closed = on_closed,
};

/* One description, or two ids, where there may be any number. */
static uint32_t
right_length(const struct wire_record *rec)
{
	switch (rec->op) {
	case WIRE_OP_POOL_LIST:
		return sizeof(struct wire_pool_info);
	case WIRE_OP_POOL_NODES:
		return sizeof(struct wire_pool_node);
	case WIRE_OP_NODE_LIST:
		return sizeof(struct wire_node_info);
	case WIRE_OP_LOCK_LIST:
		return sizeof(struct wire_lock_info);
	case WIRE_OP_OWNERS:
		return sizeof(struct wire_owners_found) + 2 * sizeof(rte_be16_t);
	default:
		return (uint32_t)forge_response_len(rec->op, rte_be_to_cpu_32(rec->len));
	}
}

/* Data of a response: of pool ids and counts mostly, which are numbers. */
static void
put_data(struct input *in, uint8_t *to, uint32_t len, uint8_t how)
{
	memset(to, 0, wire_pad(len));
	if (how & 1)
		in_bytes(in, to, RTE_MIN(len, 256u));
	else if (len >= 8)
		to[7] = in_u8(in);
}

/* A response to one of the requests, right but for what the input says. */
static void
answer(struct input *in)
{
	struct request r;
	uint16_t modes = in_u16(in);
	uint8_t how = in_u8(in), op, status, *to;
	uint32_t len, size;
	unsigned int i;
	rte_be16_t id;

	if (nb_pending == 0)
		return;
	i = in_below(in, nb_pending);
	r = pending[i];
	/* A request is answered once, or again and again. */
	if (!(how & 0x80))
		pending[i] = pending[--nb_pending];
	op = (uint8_t)in_field(in, modes, r.rec.op | WIRE_RESPONSE);
	status = (uint8_t)in_field(in, modes >> 2, 0);
	id = rte_cpu_to_be_16((uint16_t)in_field(in, modes >> 4, rte_be_to_cpu_16(r.rec.id)));
	len = (uint32_t)in_field(in, modes >> 6, status == 0 ? right_length(&r.rec) : 0);
	/* What is announced may be more than what comes. */
	size = 8 + wire_pad(RTE_MIN(len, 1400u));
	to = size <= r.s->mss ? rdp_response((struct rdp_session *)(uintptr_t)r.s, size) : NULL;
	if (to == NULL)
		return;
	wire_record_write(to, op, status, id, len);
	put_data(in, to + 8, size - 8, how);
}

/* An event, which the client may take or not. */
static void
tell(struct input *in)
{
	static const uint32_t fixed[] = {sizeof(struct wire_signalled), sizeof(struct wire_message),
		sizeof(struct wire_memory_message)};
	struct rdp_session *s = rdp_session_at(net->node[SERVER]->ep, in_below(in, SESSIONS));
	unsigned int kind = in_below(in, RTE_DIM(fixed));
	uint16_t id = in_u8(in) % 80, tail = kind == 1 ? in_u16(in) % 1100 : 0;
	uint32_t size = fixed[kind] + wire_pad(tail);
	uint8_t *to = s != NULL && s->state == RDP_OPEN ? rdp_request(s, size) : NULL;

	if (to == NULL)
		return;
	memset(to, in_u8(in), size);
	wire_record_write(to, (uint8_t)(WIRE_OP_SIGNALLED + kind), 0, rte_cpu_to_be_16(id), tail);
}

/* Bytes that are no answer to anything. */
static void
answer_raw(struct input *in)
{
	struct rdp_session *s = rdp_session_at(net->node[SERVER]->ep, in_below(in, SESSIONS));
	uint32_t len = 8u * (1 + in_u8(in) % 32);
	uint8_t *to = s != NULL && s->state == RDP_OPEN ? rdp_response(s, len) : NULL;

	if (to != NULL)
		in_bytes(in, to, len);
}

static void
buffers_end(struct call *c)
{
	while (c->nb_bufs > 0)
		free(c->buf[--c->nb_bufs]);
}

static void
call_end(struct call *c)
{
	buffers_end(c);
	*c = (struct call){0};
	running--;
}

static volatile unsigned int seen;

static void
take_event(const struct shmx_event *e)
{
	if (e->type >= SHMX_EV_SIGNAL) {
		CHECK(e->type <= SHMX_EV_MEMORY && e->status >= 0 && e->session < SESSIONS);
		if (e->type == SHMX_EV_SIGNAL)
			CHECK(e->value < SHMX_LINES);
		/* It has to be there as a whole. */
		for (uint64_t i = 0; e->type == SHMX_EV_MESSAGE && i < e->value2; i++)
			seen += ((const uint8_t *)(uintptr_t)e->value)[i];
		return;
	}
	CHECK(e->status <= 0);
	if (e->type != SHMX_EV_OP) {
		CHECK(e->type == SHMX_EV_CONNECTED || e->type == SHMX_EV_PEER_DOWN);
		CHECK(e->cookie >= CONNECT_COOKIE && e->cookie < CONNECT_COOKIE + nb_connects);
		CHECK(e->session < SESSIONS);
		/* Pools that lead nowhere lead there now. */
		for (unsigned int pool = 1; pool < 3 && e->type == SHMX_EV_CONNECTED; pool++)
			if (e->status == 0 && ep->route[pool] == CLIENT_NONE)
				ep->route[pool] = e->session;
		return;
	}
	CHECK(e->cookie < nb_calls && calls[e->cookie].running);
	if (calls[e->cookie].cancelled)
		CHECK(e->status == -EINTR || e->status == -ECANCELED);
	call_end(&calls[e->cookie]);
}

static void
poll_events(uint16_t max)
{
	struct shmx_event events[8];
	uint16_t n = shmx_poll(ep, events, RTE_MIN(max, (uint16_t)RTE_DIM(events)));

	CHECK(n <= max);
	CHECK(client_kept(ep) <= client_kept_max(ep));
	for (uint16_t i = 0; i < n; i++)
		take_event(&events[i]);
}

static void
step(unsigned int n, uint16_t max)
{
	for (; n > 0 && turns < TURNS_MAX; n--, turns++) {
		poll_events(max);
		net_step(net);
		CHECK(net->errors == 0);
	}
}

/* A buffer of the call that lives as long as its operation. */
static void *
buffer(struct call *c, uint64_t len)
{
	void *p = malloc(RTE_MAX(len, 1u));

	CHECK(p != NULL && c->nb_bufs < VEC);
	c->buf[c->nb_bufs++] = p;
	return p;
}

static uint64_t
address(struct input *in)
{
	return SHMX_ADDR(1 + in_u8(in) % 3, (uint64_t)in_u8(in) * 8);
}

/* As long as a word, a record, or several. */
static uint64_t
length(struct input *in)
{
	uint8_t kind = in_u8(in);

	return kind < 128 ? kind : (uint64_t)(kind - 127) * (kind < 192 ? 64 : 512);
}

static int
start_vector(struct input *in, struct call *c, uint64_t cookie, bool put)
{
	struct shmx_vec vec[VEC];
	unsigned int n = 1 + in_below(in, VEC);

	for (unsigned int i = 0; i < n; i++) {
		vec[i].addr = address(in);
		vec[i].len = length(in);
		vec[i].buf = buffer(c, vec[i].len);
		memset(vec[i].buf, 0x22, vec[i].len);
	}
	return put ? shmx_putv(ep, vec, n, cookie) : shmx_getv(ep, vec, n, cookie);
}

static int
start_data(struct input *in, struct call *c, uint64_t cookie, unsigned int kind)
{
	uint64_t addr = address(in), len;
	void *buf;

	switch (kind) {
	case 0:
		len = length(in);
		return shmx_get(ep, addr, buffer(c, len), len, cookie);
	case 1:
		len = length(in);
		buf = buffer(c, len);
		memset(buf, 0x33, len);
		return shmx_put(ep, addr, buf, len, cookie);
	case 2:
		return start_vector(in, c, cookie, false);
	case 3:
		return start_vector(in, c, cookie, true);
	case 4:
		return shmx_fill(ep, addr, in_u32(in) % 300000, 5, cookie);
	default:
		return shmx_atomic(ep, (enum shmx_atomic_op)in_below(in, 7), addr,
			in_u8(in) % 4 == 0 ? 4 : 8, 1, 2, cookie);
	}
}

static int
start_memory(struct input *in, struct call *c, uint64_t cookie, unsigned int kind)
{
	static const uint16_t nodes[] = {1, 2, SHMX_NODE_MAX};
	struct shmx_alloc_req req = {.pool = 1 + in_u8(in) % 3, .len = length(in)};
	uint64_t addr = address(in);

	switch (kind) {
	case 0:
		req.name = in_u8(in) % 2 == 0 ? NULL : "name";
		return shmx_alloc(ep, &req, cookie);
	case 1:
		return shmx_free(ep, addr, cookie);
	case 2:
		return shmx_resize(ep, addr, length(in), cookie);
	case 3:
		return shmx_lookup(ep, req.pool, "name", cookie);
	case 4:
		return shmx_own(ep, addr, length(in), SHMX_OWNER_SELF, cookie);
	case 5:
		req.owner = SHMX_OWNER_NODES;
		req.nodes = nodes;
		req.nb_nodes = in_below(in, RTE_DIM(nodes) + 1);
		return shmx_alloc(ep, &req, cookie);
	case 6:
		return shmx_own_move(ep, addr, length(in), nodes, 2, nodes, 3, cookie);
	default:
		return shmx_owners(
			ep, addr, length(in), buffer(c, 3 * sizeof(uint16_t)), 3, cookie);
	}
}

static int
start_nodes(struct call *c, shmx_session_t session, uint64_t cookie, uint16_t n)
{
	if (n == 0)
		return shmx_node_stat(
			ep, session, buffer(c, sizeof(struct shmx_node_stat)), cookie);
	return shmx_node_list(
		ep, session, 1, buffer(c, n * sizeof(struct shmx_node_info)), n, cookie);
}

static int
start_pool(struct input *in, struct call *c, uint64_t cookie, unsigned int kind)
{
	const struct shmx_pool_req req = {.name = "pool", .size = 1 << 21};
	shmx_session_t session = (shmx_session_t)in_below(in, SESSIONS);
	uint16_t pool = 1 + in_u8(in) % 3, n;

	switch (kind) {
	case 0:
		return shmx_pool_create(ep, session, &req, cookie);
	case 1:
		return shmx_pool_open(ep, session, "pool", cookie);
	case 2:
		return shmx_pool_destroy(ep, pool, true, cookie);
	case 3:
		return shmx_pool_grow(ep, pool, 1 << 21, cookie);
	case 4:
		return shmx_pool_shrink(ep, pool, 1 << 21, cookie);
	case 5:
		return shmx_pool_stat(ep, pool, buffer(c, sizeof(struct shmx_pool_info)), cookie);
	default:
		n = in_u8(in);
		if (n >= 240)
			return start_nodes(c, session, cookie, n - 240);
		if (n >= 228)
			return shmx_pool_nodes(ep, session, pool, 0,
				buffer(c, (n - 228u) * sizeof(struct shmx_pool_node)), n - 228,
				cookie);
		n %= 12;
		return shmx_pool_list(
			ep, session, 1, buffer(c, n * sizeof(struct shmx_pool_info)), n, cookie);
	}
}

static int
start_lock(struct input *in, struct call *c, uint64_t cookie, unsigned int kind)
{
	const struct shmx_lock_req req[] = {{.lock = 1}, {.lock = 2, .shared = true}, {.lock = 3}};
	const uint32_t ids[] = {1, 2, 3};
	shmx_session_t session = (shmx_session_t)in_below(in, SESSIONS);
	unsigned int n = in_below(in, RTE_DIM(ids) + 1);

	switch (kind) {
	case 0:
		return shmx_lock(ep, session, req, n, 5,
			buffer(c, n * sizeof(struct shmx_lock_grant)), cookie);
	case 1:
		return shmx_lock(ep, session, req, n, 0, NULL, cookie);
	case 2:
		return shmx_unlock(ep, session, ids, n, cookie);
	case 3:
		return shmx_lock_reserve(ep, session, n, n == 0 ? NULL : "lock", cookie);
	case 4:
		return shmx_lock_list(ep, session, 0, buffer(c, n * sizeof(struct shmx_lock_info)),
			(uint16_t)n, cookie);
	default:
		return shmx_put_fenced(ep, address(in), "fenced", 6, 1, 2, cookie);
	}
}

static int
start_inbox(struct input *in, struct call *c, uint64_t cookie, unsigned int kind)
{
	static const uint16_t nodes[] = {7, 8, 9};
	const struct shmx_inbox_conf small = {.window = 2048};
	shmx_session_t session = (shmx_session_t)in_below(in, SESSIONS);
	const struct shmx_to to = {.kind = (enum shmx_to_kind)in_below(in, 3),
		.node = 8,
		.nodes = nodes,
		.nb_nodes = in_below(in, RTE_DIM(nodes) + 1)};

	switch (kind) {
	case 0:
		return shmx_inbox_open(ep, session, to.nb_nodes > 1 ? &small : NULL, cookie);
	case 1:
		return shmx_inbox_close(ep, session, cookie);
	case 2:
		return shmx_signal(ep, session, &to, 3, 4, cookie);
	case 3:
		return shmx_send(ep, session, &to, "message", to.nb_nodes * 2, cookie);
	case 4:
		return shmx_send_memory(ep, session, &to, address(in), 64, cookie);
	case 5:
		return shmx_message_done(ep, session, 5, cookie);
	default:
		return shmx_barrier(ep, session, 3, nodes, to.nb_nodes, 5,
			buffer(c, 2 * sizeof(uint16_t)), 2, cookie);
	}
}

static void
start_call(struct input *in, bool sync)
{
	unsigned int kind = in_below(in, sync ? 13 : 21);
	struct call *c = &calls[nb_calls];
	int ret;

	if (nb_calls == CALLS)
		return;
	*c = (struct call){.running = true};
	running++;
	if (sync)
		ret = kind < 6 ? start_lock(in, c, nb_calls, kind)
		               : start_inbox(in, c, nb_calls, kind - 6);
	else if (kind < 6)
		ret = start_data(in, c, nb_calls, kind);
	else if (kind < 14)
		ret = start_memory(in, c, nb_calls, kind - 6);
	else
		ret = start_pool(in, c, nb_calls, kind - 14);
	if (ret != 0) {
		CHECK(ret == -EINVAL || ret == -EAGAIN || ret == -ENOTCONN || ret == -EEXIST);
		call_end(c);
		return;
	}
	nb_calls++;
}

/* Its buffers are the caller's from then on. An event may wait for the application already. */
static void
cancel(struct input *in)
{
	unsigned int cookie = nb_calls > 0 ? in_u16(in) % nb_calls : 0;
	struct call *c = &calls[cookie];
	int ret = shmx_cancel(ep, cookie);

	CHECK(ret == 0 || ret == -ENOENT);
	if (ret != 0)
		return;
	CHECK(cookie < nb_calls && c->running && !c->cancelled);
	c->cancelled = true;
	buffers_end(c);
}

static void
set_attr(struct input *in)
{
	struct shmx_op_attr attr = {.flags = in_u8(in) % 5};

	if (attr.flags != 0 || in_u8(in) % 2 == 0)
		attr.timeout_us = in_u8(in) % 2 == 0 ? 0 : in_u16(in);
	CHECK(shmx_op_attr_set(ep, &attr) == (attr.flags < 4 ? 0 : -EINVAL));
}

static void
connect_server(void)
{
	const struct shmx_peer peer = {.ip = net_ip(SERVER),
		.udp_port = WIRE_UDP_PORT + SERVER,
		.reconnect = {.tries = tries, .first_ms = 1, .max_ms = 2}};
	shmx_session_t session;
	int ret;

	if (nb_connects == CONNECTS)
		return;
	ret = shmx_connect(ep, &peer, CONNECT_COOKIE + nb_connects, &session);
	CHECK(ret == 0 || ret == -ENOSPC || ret == -EAGAIN || ret == -ENOMEM);
	nb_connects += ret == 0;
}

static void
run_one(struct input *in)
{
	uint8_t op = in_u8(in);

	if (op >= 247) {
		if (op < 252)
			start_call(in, true);
		else
			tell(in);
		step(op % 3, 8);
		return;
	}
	switch (op % 13) {
	case 0:
	case 1:
		for (unsigned int n = 1 + op / 8 % 4; n > 0; n--)
			start_call(in, false);
		step(op < 128 ? 2 : 0, 8);
		break;
	case 2:
	case 3:
		for (unsigned int n = 1 + op / 8 % 4; n > 0; n--)
			answer(in);
		step(op < 128 ? 2 : 0, 8);
		break;
	case 4:
		answer_raw(in);
		step(op < 128 ? 2 : 0, 8);
		break;
	case 5:
		step(1 + in_below(in, 48), op < 128 ? 8 : 0);
		break;
	case 6:
		connect_server();
		break;
	case 7:
		/* What is lost is sent again, from where the application has it. */
		net->port[CLIENT].drop_next[WIRE_DATA] = 1 + in_below(in, 4);
		break;
	case 8:
		net->now_ns += in_u8(in) * 10 * NET_US;
		step(2, 8);
		break;
	case 9:
		cancel(in);
		break;
	case 10:
		set_attr(in);
		break;
	case 11:
		shmx_session_cc_set(
			ep, (shmx_session_t)in_below(in, SESSIONS), (enum shmx_cc)in_below(in, 3));
		break;
	default:
		shmx_disconnect(ep, (shmx_session_t)in_below(in, SESSIONS));
		break;
	}
}

static void
server_up(uint8_t how)
{
	struct node_conf conf = node_conf(net, SERVER);
	struct node *node;

	conf.rdp.crc = how & 1;
	conf.rdp.window = how & 2 ? 8 : 64;
	conf.rdp.no_coalesce = how & 4;
	conf.rdp.max_sessions = SESSIONS;
	node = node_start(net, SERVER, &conf);
	node->untimed = true; /* time goes in leaps */
	node->ep->handler = &handler;
	forge_no_chance(node);
}

/* An endpoint whose port is the network's. */
static void
client_up(struct rte_mempool *pool, uint8_t how)
{
	static struct port port;
	static struct shmx_port shmx_port;
	struct shmx_ep_conf conf = {
		.port = &shmx_port,
		.node = 7,
		.ip = net_ip(CLIENT),
		.udp_port = WIRE_UDP_PORT + CLIENT,
		.max_ops = OPS,
		.max_sessions = SESSIONS,
		.cc = how & 8 ? SHMX_CC_SWIFT : SHMX_CC_FIXED,
		.crc = how & 16 ? 1 : -1,
		.peer_timeout_ms = 100,
		.keepalive_ms = 20,
	};

	port = (struct port){
		.port_id = 0, .nb_queues = 1, .mtu = NET_MTU, .mac = net_mac(CLIENT), .pool = pool};
	if (how & 32)
		port.caps = PORT_CAP_TX_MULTI_SEGS | PORT_CAP_TX_COPIES | PORT_CAP_TX_UDP_CKSUM;
	net->port[CLIENT].gathers = how & 32;
	shmx_port = (struct shmx_port){.port = &port, .clock = net_clock(net)};
	ep = shmx_ep_create(&conf);
	CHECK(ep != NULL);
	ep->rdp->io = net_io(net, CLIENT);
	/* Nobody here asks for addresses. */
	ep->rdp->conf.neigh = NULL;
	ep->rdp->conf.epoch = 1;
	ep->rdp->next_inc = 0x200;
}

/* Whatever became of it, all that was started comes to an end. */
static void
finish(void)
{
	for (shmx_session_t s = 0; s < SESSIONS; s++)
		shmx_disconnect(ep, s);
	for (unsigned int i = 0; i < CALLS && (running > 0 || client_kept(ep) > 0); i++)
		poll_events(8);
	CHECK(running == 0);
	CHECK(ep->nb_free_op == OPS && ep->nb_deadlines == 0);
	for (unsigned int i = 0; i < BULK_MAX; i++)
		CHECK(!ep->bulk[i].used && !ep->bulk[i].timed);
	for (uint16_t s = 0; s < SESSIONS; s++)
		CHECK(ep->share[s].parts == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, data + size};
	struct rte_mempool *pool;
	uint8_t how;

	net = net_create();
	/* When to connect again is chosen at random. */
	rte_srand(1);
	net->logging = false;
	net->latency_ns = 0;
	net->step_ns = 5000;
	nb_calls = running = nb_connects = nb_pending = turns = 0;
	pool = strict_pool_create("client", 512, RTE_MBUF_DEFAULT_BUF_SIZE);
	CHECK(pool != NULL);
	how = in_u8(&in);
	tries = how >> 6;
	server_up(how);
	client_up(pool, how);
	connect_server();
	step(8, 8);
	while (in_left(&in) > 0 && turns < TURNS_MAX)
		run_one(&in);
	finish();
	net_release(net, CLIENT);
	shmx_ep_destroy(ep);
	CHECK(strict_pool_free(pool) == 0);
	net_free(net);
	return 0;
}
