/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <string.h>

#include <CUnit/CUnit.h>

#include "mem/mem_access.h"
#include "seat.h"
#include "world.h"

#define MAX_NODES 16
#define NODE_ID   100

static struct seat bug_seat[PLAN_WORKERS], watcher_seat[PLAN_WORKERS];

static struct mem_conf
mem_conf(const struct memnode *m)
{
	return (struct mem_conf){
		.max_nodes = MAX_NODES,
		.max_sets = 16,
		.seed = 1,
		.provider = *m->provider,
	};
}

static uint8_t *
block_of(struct memnode *m)
{
	int err = 0;
	uint8_t *va = mem_access(m->mem, m->block, WORLD_BLOCK, 0, &err);

	CU_ASSERT_PTR_NOT_NULL_FATAL(va);
	return va;
}

static void
make_words(struct memnode *m)
{
	struct world *w = m->world;
	uint64_t dice = ~w->plan.seed;
	uint8_t *va;

	CU_ASSERT_EQUAL_FATAL(
		mem_alloc(m->mem, m->pool, WORLD_BLOCK, 0, MEM_SET_EVERYONE, NULL, &m->block), 0);
	va = block_of(m);
	memset(va, WORLD_FILLING, WORLD_BLOCK);
	for (unsigned int i = 0; i < w->plan.words; i++) {
		uint64_t value = w->plan.few_values ? net_dice(&dice) % 4 : net_dice(&dice);

		if (w->plan.load == LOAD_ADDS)
			value = 0;
		w->first[i] = 0;
		memcpy(&w->first[i], &value, w->plan.width[i]);
		memcpy(va + i * WORLD_GRANULE, &value, w->plan.width[i]);
	}
}

void
memnode_create(struct memnode *m, struct world *w)
{
	struct mem_pool_params params = {.name = WORLD_POOL, .size = MEM_PAGE_SIZE};
	struct mem_conf conf;
	int err = 0;

	*m = (struct memnode){.world = w, .provider = mem_provider_heap_create()};
	CU_ASSERT_PTR_NOT_NULL_FATAL(m->provider);
	conf = mem_conf(m);
	m->mem = mem_create(&conf, &err);
	CU_ASSERT_PTR_NOT_NULL_FATAL(m->mem);
	CU_ASSERT_EQUAL_FATAL(mem_pool_create(m->mem, &params, 0, &m->pool), 0);
	make_words(m);
	memnode_start(m);
}

static void
worker_turn(struct memnode *m, unsigned int i)
{
	rdp_poll(m->ep[i]);
	target_worker_poll(target_worker_at(m->target, i));
	rdp_flush(m->ep[i]);
}

static uint64_t
worker_wake_ns(struct memnode *m, unsigned int i)
{
	for (unsigned int k = 0; k < m->world->plan.workers; k++)
		if (target_worker_at(m->target, k)->nb_free_job < TARGET_JOBS)
			return 0;
	return world_wake_ns(m->ep[i]);
}

static void
turn_0(void *m)
{
	worker_turn(m, 0);
}

static void
turn_1(void *m)
{
	worker_turn(m, 1);
}

static uint64_t
wake_0(void *m)
{
	return worker_wake_ns(m, 0);
}

static uint64_t
wake_1(void *m)
{
	return worker_wake_ns(m, 1);
}

static void
worker_start(struct memnode *m, unsigned int i)
{
	struct world *w = m->world;
	struct rdp_conf conf = {
		.io = net_io(w->net, i),
		.clock = net_clock(w->net),
		.handler = &target_handler,
		.handler_ctx = target_worker_at(m->target, i),
		.pool = w->pool[i],
		.mac = net_mac(i),
		.ip = net_ip(i),
		.udp_port = SHMX_UDP_PORT,
		.node = NODE_ID,
		.epoch = w->net->now_ns,
		.mtu = NET_MTU,
		.window = w->plan.server_window,
		.max_sessions = 16,
		.listen = true,
		.crc = w->plan.server_crc,
		.no_coalesce = w->plan.no_coalesce,
		.rto_min_ns = 200 * NET_US,
		.ack_delay_ns = 25 * NET_US,
		.peer_timeout_ns = w->plan.peer_timeout_ms * NET_MS,
		.keepalive_ns = w->plan.peer_timeout_ms * NET_MS / 2,
		.socket_id = SOCKET_ID_ANY,
	};

	if (w->bug != NULL)
		seat_take(&bug_seat[i], w, i, w->bug, &conf);
	if (w->trace != NULL)
		seat_take(&watcher_seat[i], w, i, &trace_watcher, &conf);
	CU_ASSERT_EQUAL_FATAL(rdp_ep_create(&conf, &m->ep[i]), 0);
	target_worker_online(target_worker_at(m->target, i));
	w->net->guest[i] = (struct net_guest){
		.ctx = m, .turn = i == 0 ? turn_0 : turn_1, .wake_ns = i == 0 ? wake_0 : wake_1};
}

void
memnode_start(struct memnode *m)
{
	struct target_conf conf = {
		.mem = m->mem,
		.nb_workers = m->world->plan.workers,
		.mapped = m->world->plan.mapped,
		.socket_id = SOCKET_ID_ANY,
	};

	CU_ASSERT_EQUAL_FATAL(target_create(&conf, &m->target), 0);
	for (unsigned int i = 0; i < m->world->plan.workers; i++)
		worker_start(m, i);
	m->up = true;
}

void
memnode_stop(struct memnode *m)
{
	if (!m->up)
		return;
	m->up = false;
	for (unsigned int i = 0; i < m->world->plan.workers; i++) {
		m->world->net->guest[i] = (struct net_guest){0};
		net_release(m->world->net, i);
		rdp_ep_destroy(m->ep[i]);
	}
	target_destroy(m->target);
}

void
memnode_move(struct memnode *m)
{
	struct mem_provider *old = m->provider;
	struct mem_conf conf;
	int err = 0;

	m->provider = mem_provider_heap_clone(old);
	CU_ASSERT_PTR_NOT_NULL_FATAL(m->provider);
	mem_detach(m->mem);
	mem_provider_heap_destroy(old);
	conf = mem_conf(m);
	m->mem = mem_attach(&conf, MEM_ATTACH_ADOPT, &err);
	CU_ASSERT_PTR_NOT_NULL_FATAL(m->mem);
}

void
memnode_throw_out(struct memnode *m, unsigned int client)
{
	struct rdp_ep *ep = m->ep[client % m->world->plan.workers];
	struct rdp_session *s = NULL;

	for (uint16_t i = 0; m->up && i < ep->max_sessions; i++) {
		s = rdp_session_at(ep, i);
		if (s != NULL && s->state == RDP_OPEN && s->peer_node == client + 1) {
			rdp_close(s);
			return;
		}
	}
}

void
memnode_free(struct memnode *m)
{
	memnode_stop(m);
	mem_destroy(m->mem);
	mem_provider_heap_destroy(m->provider);
}

static void
read_word(struct world *w, unsigned int word, const uint8_t *va)
{
	struct oper *o = &w->oper[w->opers++];

	*o = (struct oper){
		.begin = w->order++,
		.begin_ns = w->net->now_ns,
		.end_ns = w->net->now_ns,
		.word = (uint8_t)word,
		.act = ACT_GET,
		.width = w->plan.width[word],
		.fate = FATE_DONE,
	};
	o->end = w->order++;
	memcpy(&o->result, va, o->width);
}

void
memnode_read_all(struct memnode *m)
{
	struct world *w = m->world;
	const uint8_t *va = block_of(m);

	for (unsigned int i = 0; i < w->plan.words; i++)
		read_word(w, i, va + i * WORLD_GRANULE);
	for (unsigned int i = 0; i < WORLD_BLOCK; i++) {
		unsigned int word = i / WORLD_GRANULE, at = i % WORLD_GRANULE;

		if ((word >= w->plan.words || at >= w->plan.width[word]) && va[i] != WORLD_FILLING)
			world_complain(w, "byte %u of the block was written to", i);
	}
}
