/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

/*
 * What leaves the ports of a compute node and of a memory node, byte by byte: whole records, with
 * zeros where the protocol has nothing, and never what a buffer held before.
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_ethdev.h>
#include <rte_malloc.h>

#include "client/client_private.h"
#include "common/memcheck.h"
#include "fixture.h"
#include "lossy.h"

#define SOIL    0xee
#define MBUFS   1024
#define LEN_MAX 40
#define BULK    9001
#define LENT    1400

static struct fixture fx;
static unsigned int wrong;
static unsigned int sent[256]; /* records, by operation */

static void
complain(const struct wire_record *rec, const char *what)
{
	if (wrong++ < 10)
		fprintf(stderr, "%s%s of %u bytes: %s\n", wire_op_name(rec->op),
			rec->op & WIRE_RESPONSE ? ", response" : "", rte_be_to_cpu_32(rec->len),
			what);
}

static bool
zeros(const void *at, size_t n)
{
	const uint8_t *p = at;

	for (; n > 0; n--)
		if (*p++ != 0)
			return false;
	return true;
}

/* Fields of requests that are reserved. */
static bool
reserved_clear(const struct wire_record *rec)
{
	switch (rec->op) {
	case WIRE_OP_ALLOC:
		return zeros(((const struct wire_alloc *)rec)->reserved, 3);
	case WIRE_OP_LOOKUP:
		return zeros(((const struct wire_lookup *)rec)->reserved, 6);
	case WIRE_OP_OWN:
		return zeros(((const struct wire_own *)rec)->reserved, 5);
	case WIRE_OP_ALLOC_FOR:
		return zeros(((const struct wire_alloc_for *)rec)->reserved, 3);
	case WIRE_OP_POOL_CREATE:
		return zeros(((const struct wire_pool_create *)rec)->reserved, 3);
	case WIRE_OP_POOL_DESTROY:
	case WIRE_OP_POOL_GROW:
	case WIRE_OP_POOL_SHRINK:
	case WIRE_OP_POOL_STAT:
		return zeros(((const struct wire_pool *)rec)->reserved, 6);
	case WIRE_OP_POOL_LIST:
		return zeros(((const struct wire_pool_list *)rec)->reserved, 4);
	case WIRE_OP_POOL_NODES:
		return zeros(((const struct wire_pool_nodes *)rec)->reserved, 2);
	case WIRE_OP_LOCK_RESERVE:
	case WIRE_OP_LOCK_UNRESERVE:
	case WIRE_OP_LOCK_FORCE:
		return zeros(((const struct wire_lock_id *)rec)->reserved, 4);
	case WIRE_OP_LOCK_LIST:
		return zeros(((const struct wire_lock_list *)rec)->reserved, 2);
	case WIRE_OP_LOCK_CANCEL:
		return zeros(((const struct wire_lock_cancel *)rec)->reserved, 2);
	case WIRE_OP_PUT_FENCED:
		return zeros(((const struct wire_put_fenced *)rec)->reserved, 4);
	case WIRE_OP_SEND:
	case WIRE_OP_SEND_MEMORY:
		return zeros(((const struct wire_send *)rec)->reserved, 2);
	case WIRE_OP_INBOX_OPEN:
		return zeros(((const struct wire_inbox_open *)rec)->reserved, 7);
	case WIRE_OP_MESSAGE:
	case WIRE_OP_MEMORY_MESSAGE:
		return zeros(((const struct wire_message *)rec)->reserved, 6);
	case WIRE_OP_BARRIER:
		return zeros(((const struct wire_barrier *)rec)->reserved, 4);
	case WIRE_OP_NODE_LIST:
		return zeros(((const struct wire_node_list *)rec)->reserved, 4);
	default:
		return true;
	}
}

static bool
is_event(const struct wire_record *rec)
{
	return rec->op >= WIRE_OP_SIGNALLED && rec->op <= WIRE_OP_MEMORY_MESSAGE;
}

static bool
padding_clear(const struct wire_record *rec)
{
	uint32_t len = rte_be_to_cpu_32(rec->len), from = sizeof(*rec);

	if (rec->op == WIRE_OP_MESSAGE)
		from = sizeof(struct wire_message);
	else if (is_event(rec))
		return true;
	else if (!(rec->op & WIRE_RESPONSE)) {
		if (wire_op_table[rec->op].tail == WIRE_TAIL_NONE)
			return true;
		from = wire_op_table[rec->op].fixed;
	}
	return zeros((const uint8_t *)rec + from + len, wire_pad(len) - len);
}

/* The name of a pool takes all of its field. */
static bool
names_clear(const struct wire_record *rec)
{
	const struct wire_pool_info *info = (const struct wire_pool_info *)(rec + 1);
	uint32_t n = rte_be_to_cpu_32(rec->len) / sizeof(*info);
	uint8_t op = rec->op & ~WIRE_RESPONSE & UINT8_MAX;

	if (!(rec->op & WIRE_RESPONSE) || (op != WIRE_OP_POOL_LIST && op != WIRE_OP_POOL_STAT))
		return true;
	for (; n > 0; n--, info++)
		if (!zeros(info->name + info->name_len, sizeof(info->name) - info->name_len))
			return false;
	return true;
}

/* @return its size; 0: nothing behind it can be told. */
static uint32_t
look_at(const struct wire_record *rec, uint32_t room)
{
	bool response = rec->op & WIRE_RESPONSE;
	uint32_t size = response ? wire_response_size(rec, room) : wire_request_size(rec, room);

	if (is_event(rec))
		size = wire_event_size(rec, room);
	sent[rec->op]++;
	if (size == 0)
		complain(rec, "malformed");
	else if (VALGRIND_CHECK_MEM_IS_DEFINED(rec, size) != 0)
		complain(rec, "has bytes that nobody wrote");
	else if (!response && rec->status != 0)
		complain(rec, "has a status");
	else if (!response && !reserved_clear(rec))
		complain(rec, "uses reserved fields");
	else if (!padding_clear(rec))
		complain(rec, "is padded with something");
	else if (!names_clear(rec))
		complain(rec, "has something behind a name");
	return size;
}

static uint16_t
on_transmit(uint16_t port_id, uint16_t queue, struct rte_mbuf *pkts[], uint16_t nb, void *ctx)
{
	for (uint16_t i = 0; i < nb; i++) {
		const struct wire_ipv4_hdrs *h = rte_pktmbuf_mtod(pkts[i], const void *);
		uint32_t len = pkts[i]->data_len, at = sizeof(*h), size;

		if (h->eth.ether_type != RTE_BE16(RTE_ETHER_TYPE_IPV4) ||
			wire_type(&h->frame) != WIRE_DATA)
			continue;
		for (; at < len; at += size) {
			size = look_at(
				rte_pktmbuf_mtod_offset(pkts[i], const void *, at), len - at);
			if (size == 0)
				break;
		}
	}
	return nb;
}

/* Every buffer was in use for something secret before. */
static void
soil(struct rte_mempool *pool)
{
	static struct rte_mbuf *m[4 * MBUFS];
	unsigned int n = 0;

	while (n < RTE_DIM(m) && (m[n] = rte_pktmbuf_alloc(pool)) != NULL)
		memset(m[n++]->buf_addr, SOIL, rte_pktmbuf_data_room_size(pool));
	SAME(n >= MBUFS, true);
	while (n > 0) {
		n--;
		VALGRIND_MAKE_MEM_UNDEFINED(m[n]->buf_addr, rte_pktmbuf_data_room_size(pool));
		rte_pktmbuf_free(m[n]);
	}
}

static void
data_of_any_length(struct shmx_ep *ep, shmx_addr_t area)
{
	static uint8_t buf[BULK];
	struct shmx_vec vec[3];

	memset(buf, 0x11, sizeof(buf));
	for (unsigned int len = 1; len <= LEN_MAX; len++) {
		SAME(shmx_put_sync(ep, area, buf, len), 0);
		SAME(shmx_get_sync(ep, area, buf, len), 0);
		SAME(shmx_fill_sync(ep, area, len, 0), 0);
		for (unsigned int i = 0; i < RTE_DIM(vec); i++)
			vec[i] = (struct shmx_vec){area + i * 64, buf, len + i};
		SAME(STATUS(ep, shmx_putv(ep, vec, RTE_DIM(vec), cookie)), 0);
		SAME(STATUS(ep, shmx_getv(ep, vec, RTE_DIM(vec), cookie)), 0);
	}
	SAME(shmx_put_sync(ep, area, buf, sizeof(buf)), 0);
	SAME(shmx_get_sync(ep, area, buf, sizeof(buf)), 0);
	for (unsigned int op = SHMX_FETCH_ADD; op <= SHMX_CAS; op++)
		for (unsigned int width = 4; width <= 8; width += 4)
			SAME(shmx_atomic_sync(ep, (enum shmx_atomic_op)op, area, width, 1, 2, NULL),
				0);
}

/* The data of a put that is lost and given up do not travel again. */
static void
given_up(struct shmx_ep *ep, shmx_addr_t area)
{
	static uint8_t buf[LENT];
	struct shmx_event event;

	SAME(shmx_put(ep, area, buf, sizeof(buf), 1), 0);
	lossy_deaf = true;
	shmx_flush(ep);
	server_turn(&fx);
	lossy_deaf = false;
	SAME(shmx_cancel(ep, 1), 0);
	SAME(shmx_wait(ep, 1, &event), -EINTR);
	while (ep->nb_free_op < ep->max_ops)
		shmx_poll(ep, NULL, 0);
}

static void
names_of_any_length(struct shmx_ep *ep, shmx_session_t session)
{
	char name[SHMX_NAME_LEN];
	struct shmx_alloc_req alloc = {.pool = fx.pool, .len = 64, .name = name};
	struct shmx_pool_req pool = {
		.name = name, .size = 2 * MIB, .max_size = 4 * MIB, .quota = MIB};

	for (unsigned int len = 1; len < sizeof(name); len += len < 20 ? 1 : 7) {
		struct shmx_pool_node nodes[4];
		struct shmx_pool_info info[4];
		shmx_addr_t addr = 0;
		uint16_t id = 0;

		memset(name, 'n', len);
		name[len] = '\0';
		SAME(shmx_alloc_sync(ep, &alloc, &addr), 0);
		SAME(shmx_lookup_sync(ep, fx.pool, name, NULL, NULL), 0);
		SAME(STATUS(ep, shmx_own(ep, addr, 64, SHMX_OWNER_SELF, cookie)), 0);
		SAME(STATUS(ep, shmx_resize(ep, addr, 32, cookie)), 0);
		SAME(shmx_free_sync(ep, addr), 0);
		SAME(shmx_free_sync(ep, addr), -ENOENT);
		SAME(shmx_pool_create_sync(ep, session, &pool, &id), 0);
		SAME(shmx_pool_open_sync(ep, session, name, &id), 0);
		SAME(STATUS(ep, shmx_pool_grow(ep, id, 2 * MIB, cookie)), 0);
		SAME(shmx_pool_stat_sync(ep, id, info), 0);
		SAME(VALUE(ep, shmx_pool_list(ep, session, 0, info, 4, cookie)), 2);
		SAME(VALUE(ep, shmx_pool_nodes(ep, session, id, 0, nodes, 4, cookie)), 0);
		SAME(STATUS(ep, shmx_pool_shrink(ep, id, 2 * MIB, cookie)), 0);
		SAME(shmx_pool_destroy_sync(ep, id, false), 0);
	}
}

/* The first node is the host's. */
static void
owners_of_any_number(struct shmx_ep *ep)
{
	uint16_t nodes[SHMX_NODES_MAX], found[SHMX_NODES_MAX];
	struct shmx_alloc_req req = {.pool = fx.pool, .len = 64, .owner = SHMX_OWNER_NODES};

	for (unsigned int i = 0; i < RTE_DIM(nodes); i++)
		nodes[i] = (uint16_t)(i + 1);
	req.nodes = nodes;
	for (unsigned int n = 1; n <= RTE_DIM(nodes); n += n < 10 ? 1 : 9) {
		shmx_addr_t addr = 0;

		req.nb_nodes = n;
		req.name = n % 3 == 0 ? NULL : &"odd name"[n % 8];
		SAME(shmx_alloc_sync(ep, &req, &addr), 0);
		SAME(VALUE(ep, shmx_owners(ep, addr, 64, found, RTE_DIM(found), cookie)), n);
		SAME(memcmp(found, nodes, n * sizeof(nodes[0])), 0);
		SAME(STATUS(ep, shmx_own_nodes(ep, addr, 64, SHMX_OWN_ADD, nodes, n, cookie)), 0);
		SAME(STATUS(ep, shmx_own_move(ep, addr, 64, nodes, n, nodes, 1, cookie)), 0);
		SAME(shmx_free_sync(ep, addr), 0);
	}
}

static void
locks_of_any_number(struct shmx_ep *ep, shmx_session_t session, shmx_addr_t area)
{
	struct shmx_lock_req req[SHMX_LOCKS_MAX];
	uint32_t ids[SHMX_LOCKS_MAX];
	struct shmx_lock_info info[8];
	static uint8_t buf[SHMX_INLINE_MAX];

	for (uint32_t n = 1; n <= SHMX_LOCKS_MAX; n++) {
		uint64_t token;

		ids[n - 1] = n;
		req[n - 1] = (struct shmx_lock_req){.lock = n};
		SAME(VALUE(ep,
			     shmx_lock_reserve(ep, session, n, &"some name of a lock"[n], cookie)),
			n);
		SAME(VALUE(ep, shmx_lock_lookup(ep, session, &"some name of a lock"[n], cookie)),
			n);
		token = VALUE(ep, shmx_lock(ep, session, req, n, 0, NULL, cookie));
		SAME(STATUS(ep, shmx_put_fenced(ep, area, buf, n * 7, 1, token, cookie)), 0);
		SAME(STATUS(ep, shmx_unlock(ep, session, ids, n, cookie)), 0);
		/* Granted to nobody: it goes back by itself. */
		SAME(shmx_lock(ep, session, req, n, 0, NULL, 4711), 0);
		SAME(shmx_cancel(ep, 4711), 0);
		poll_for(ep, 1);
	}
	CU_ASSERT(VALUE(ep, shmx_lock_list(ep, session, 0, info, 8, cookie)) > 0);
	SAME(VALUE(ep, shmx_lock_force(ep, session, 1, cookie)), 0);
	for (uint32_t n = 1; n <= SHMX_LOCKS_MAX; n++)
		SAME(STATUS(ep, shmx_lock_unreserve(ep, session, n, cookie)), 0);
}

/* Events of an inbox, until there are none. */
static unsigned int
heard(struct shmx_ep *ep)
{
	struct shmx_event e;
	unsigned int n = 0;

	for (unsigned int i = 0; i < 300; i++)
		n += shmx_poll(ep, &e, 1) == 1 && e.type >= SHMX_EV_SIGNAL;
	return n;
}

/* To itself, for the other end is looked at as well. */
static void
messages_of_any_length(struct shmx_ep *ep, shmx_session_t session)
{
	const uint16_t nodes[] = {1, 901, 902, 903, 904};
	static uint8_t buf[SHMX_MESSAGE_MAX];
	struct shmx_to to = {.kind = SHMX_TO_SET, .nodes = nodes};

	SAME(STATUS(ep, shmx_inbox_open(ep, session, NULL, cookie)), 0);
	for (uint32_t len = 0; len < 20; len++) {
		to.nb_nodes = 1 + len % 5;
		SAME(VALUE(ep, shmx_send(ep, session, &to, buf, len * 53, cookie)), 1);
		SAME(VALUE(ep, shmx_signal(ep, session, &to, (uint8_t)len, 1, cookie)), 1);
		SAME(heard(ep), 2);
	}
	for (unsigned int n = 1; n <= RTE_DIM(nodes); n++) {
		struct shmx_alloc_req req = {.pool = fx.pool, .len = 64};
		struct shmx_event e = {0};
		shmx_addr_t addr = 0;

		to.nb_nodes = n;
		SAME(shmx_alloc_sync(ep, &req, &addr), 0);
		SAME(VALUE(ep, shmx_send_memory(ep, session, &to, addr, 64, cookie)), 1);
		while (e.type != SHMX_EV_MEMORY)
			shmx_poll(ep, &e, 1);
		SAME(STATUS(ep, shmx_message_done(ep, session, e.cookie, cookie)), 0);
	}
	/* Enough for the library to tell what it has consumed. */
	for (unsigned int i = 0; i < 40; i++)
		SAME(VALUE(ep, shmx_send(ep, session, &to, buf, sizeof(buf), cookie)), 1);
	SAME(heard(ep), 40);
	SAME(STATUS(ep, shmx_inbox_close(ep, session, cookie)), 0);
}

static void
barriers_of_any_number(struct shmx_ep *ep, shmx_session_t session)
{
	const uint16_t nodes[] = {1, 901, 902, 903, 904, 905, 906, 907, 908};

	for (unsigned int n = 1; n <= RTE_DIM(nodes); n++)
		SAME(STATUS(ep, shmx_barrier(ep, session, n, nodes, n, 500, NULL, 0, cookie)),
			n == 1 ? 0 : -ETIMEDOUT);
}

static void
nodes_and_counters(struct shmx_ep *ep, shmx_session_t session)
{
	struct shmx_node_info info[2];
	struct shmx_node_stat stat;

	SAME(VALUE(ep, shmx_node_list(ep, session, 0, info, 2, cookie)), 1);
	SAME(STATUS(ep, shmx_node_stat(ep, session, &stat, cookie)), 0);
}

static void
test_every_byte(void)
{
	const struct fixture_conf conf = {.nb_mbufs = MBUFS, .wrap = wrap_lossy};
	const struct rte_eth_rxtx_callback *cb[2];
	uint16_t port[2];

	fixture_up(&fx, &conf);
	wrong = 0;
	memset(sent, 0, sizeof(sent));
	port[0] = fx.host[0].server_port->port_id;
	port[1] = shmx_port_id(fx.host[0].port);
	soil(fx.host[0].server_port->pool);
	for (unsigned int i = 0; i < 2; i++)
		cb[i] = rte_eth_add_tx_callback(port[i], 0, on_transmit, NULL);
	data_of_any_length(fx.host[0].ep, alloc_of(&fx, 0, 2 * BULK));
	names_of_any_length(fx.host[0].ep, fx.host[0].session);
	owners_of_any_number(fx.host[0].ep);
	nodes_and_counters(fx.host[0].ep, fx.host[0].session);
	given_up(fx.host[0].ep, alloc_of(&fx, 0, LENT));
	locks_of_any_number(fx.host[0].ep, fx.host[0].session, alloc_of(&fx, 0, 1024));
	messages_of_any_length(fx.host[0].ep, fx.host[0].session);
	barriers_of_any_number(fx.host[0].ep, fx.host[0].session);
	SAME(wrong, 0);
	/* All there are, or this test has to learn one. */
	for (unsigned int op = 0; op < WIRE_RESPONSE; op++) {
		bool event = op >= WIRE_OP_SIGNALLED && op <= WIRE_OP_MEMORY_MESSAGE;

		SAME(sent[op] > 0, event || wire_op_table[op].fixed > 0);
		SAME(sent[op | WIRE_RESPONSE] > 0, wire_op_table[op].fixed > 0);
	}
	for (unsigned int i = 0; i < 2; i++) {
		rte_eth_remove_tx_callback(port[i], 0, cb[i]);
		rte_free((void *)(uintptr_t)cb[i]);
	}
	fixture_down(&fx);
}

static const struct named_test tests[] = {
	{"every byte", test_every_byte},
};

int
main(void)
{
	return tests_run("frames", tests, RTE_DIM(tests));
}
