/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_errno.h>

#include "nodes.h"
#include "shmx_sync.h"

#define LINK_MS  10000
#define IDLE_US  10
#define PEER_MS  10000
#define TOLD_MAX 20 /* of what is wrong */

/* Words of sets begin and end here. Ascending; 1 is the memory node. */
static const uint16_t node_ids[NODES] = {
	2, 3, 63, 64, 65, 127, 128, 129, 255, 256, 511, 512, 640, 777, 1022, 1023};

static int
node_create(struct node *n, const char *dir, unsigned int i)
{
	char spec[256];
	struct shmx_port_conf pc = {.spec = spec, .nb_mbufs = 1024};
	struct shmx_ep_conf ec = {
		.ip = htonl(0x0a000002 + i),
		.node = node_ids[i],
		.peer_timeout_ms = PEER_MS,
	};
	const struct shmx_peer peer = {.ip = htonl(0x0a000001)};

	snprintf(spec, sizeof(spec), "virtio_user:path=%s/%u.sock", dir, i + 1);
	n->port = shmx_port_open(&pc);
	if (n->port == NULL || shmx_port_link_wait(n->port, LINK_MS) < 0)
		return -1;
	ec.port = n->port;
	n->ep = shmx_ep_create(&ec);
	return n->ep != NULL ? shmx_connect_sync(n->ep, &peer, &n->session) : -1;
}

int
nodes_create(struct nodes *s, const char *dir)
{
	memcpy(s->m.id, node_ids, sizeof(s->m.id));
	for (unsigned int i = 0; i < NODES; i++) {
		int ret = node_create(&s->node[i], dir, i);

		if (ret < 0) {
			fprintf(stderr, "node %u does not connect: %d\n", node_ids[i], ret);
			return -1;
		}
	}
	return 0;
}

void
nodes_destroy(struct nodes *s)
{
	for (unsigned int i = 0; i < NODES; i++) {
		if (s->node[i].ep != NULL)
			shmx_ep_destroy(s->node[i].ep);
		if (s->node[i].port != NULL)
			shmx_port_close(s->node[i].port);
	}
	for (unsigned int i = 0; i < POOLS; i++)
		free(s->busy[i]);
	model_destroy(&s->m);
}

/* ---- pools ---------------------------------------------------------------------------------- */

static const struct {
	const char *name;
	uint32_t granule, percent;
} pools[POOLS] = {{"a", 64, 50}, {"b", 64, 15}, {"c", 256, 15}, {"d", 1024, 20}};

static int
pool_make(struct nodes *s, unsigned int i, uint64_t bytes)
{
	const struct shmx_pool_req req = {
		.name = pools[i].name,
		.size = RTE_ALIGN_CEIL(bytes * pools[i].percent / 100, UINT64_C(2) << 20),
		.granule = pools[i].granule,
	};
	struct mpool *p = &s->m.pool[i];
	uint16_t id;
	int ret = shmx_pool_create_sync(s->node[0].ep, s->node[0].session, &req, &id);

	for (unsigned int k = 1; k < NODES && ret == 0; k++)
		ret = shmx_pool_open_sync(s->node[k].ep, s->node[k].session, req.name, &id);
	p->id = id;
	p->granule = req.granule;
	p->nb = (uint32_t)(req.size / req.granule);
	snprintf(p->name, sizeof(p->name), "%s", req.name);
	s->busy[i] = calloc(p->nb, 1);
	return s->busy[i] == NULL ? -ENOMEM : ret;
}

int
nodes_pools(struct nodes *s, uint64_t bytes)
{
	for (unsigned int i = 0; i < POOLS; i++) {
		int ret = pool_make(s, i, bytes);

		if (ret < 0) {
			fprintf(stderr, "pool %s: %d\n", pools[i].name, ret);
			return -1;
		}
	}
	return 0;
}

/* ---- operations ----------------------------------------------------------------------------- */

static const char *const kind_name[OP_KINDS] = {
	"alloc", "free", "resize", "own", "put", "get", "owners", "lookup", "stat"};

void
wrong(struct nodes *s, const struct op *op, const char *what, uint64_t is, uint64_t should)
{
	const struct mpool *p = &s->m.pool[op->pool];

	if (s->wrong++ >= TOLD_MAX)
		return;
	printf("wrong: %s is %" PRId64 ", not %" PRId64 ": %s by node %u in pool %s of granules of "
	       "%u bytes: granule %u, %u granules, byte %" PRIu64 ", %" PRIu64
	       " bytes, alignment %u, change %d to 0x%x from 0x%x, owners of the first 0x%x\n",
		what, (int64_t)is, (int64_t)should, kind_name[op->kind], s->m.id[op->node], p->name,
		p->granule, op->g, op->n, op->off, op->len, op->align, op->change.how,
		op->change.nodes, op->change.from, op->g < p->nb ? p->cell[op->g].owners : 0);
	fflush(stdout);
}

struct op *
op_take(struct nodes *s, unsigned int node, enum kind kind, unsigned int most)
{
	struct node *n = &s->node[node];
	struct op *op = n->op;

	if (n->under_way >= most)
		return NULL;
	while (op->used)
		op++;
	memset(op, 0, offsetof(struct op, ids));
	op->used = true;
	op->kind = kind;
	op->node = (uint8_t)node;
	n->under_way++;
	s->under_way++;
	return op;
}

void
op_drop(struct nodes *s, struct op *op)
{
	op->used = false;
	s->node[op->node].under_way--;
	s->under_way--;
}

static uint32_t
ids_of(const struct nodes *s, uint32_t owners, uint16_t *ids)
{
	return model_ids(&s->m, owners, ids, SHMX_NODES_MAX);
}

static int
alloc_start(struct nodes *s, struct op *op, struct shmx_ep *ep, uint64_t cookie)
{
	uint16_t ids[SHMX_NODES_MAX];
	char name[16];
	const struct shmx_alloc_req req = {
		.pool = (uint16_t)s->m.pool[op->pool].id,
		.len = op->len,
		.align = op->align,
		.owner = op->change.how == HOW_EVERYONE ? SHMX_OWNER_EVERYONE
	                 : op->change.how == HOW_SELF   ? SHMX_OWNER_SELF
	                                                : SHMX_OWNER_NODES,
		.name = op->name != 0 ? name : NULL,
		.nodes = ids,
		.nb_nodes = ids_of(s, op->change.nodes, ids),
	};

	model_name(op->name, name);
	return shmx_alloc(ep, &req, cookie);
}

static int
own_start(struct nodes *s, struct op *op, struct shmx_ep *ep, uint64_t cookie)
{
	static const enum shmx_own_how how[] = {
		[HOW_SET] = SHMX_OWN_SET, [HOW_ADD] = SHMX_OWN_ADD, [HOW_DROP] = SHMX_OWN_DROP};
	const struct change *c = &op->change;
	shmx_addr_t addr = address(s, op->pool, op->off);
	uint16_t ids[SHMX_NODES_MAX], from[SHMX_NODES_MAX];
	unsigned int n = ids_of(s, c->nodes, ids);

	switch (c->how) {
	case HOW_EVERYONE:
		return shmx_own(ep, addr, op->len, SHMX_OWNER_EVERYONE, cookie);
	case HOW_SELF:
		return shmx_own(ep, addr, op->len, SHMX_OWNER_SELF, cookie);
	case HOW_MOVE:
		return shmx_own_move(
			ep, addr, op->len, from, ids_of(s, c->from, from), ids, n, cookie);
	default:
		return shmx_own_nodes(ep, addr, op->len, how[c->how], ids, n, cookie);
	}
}

static int
call(struct nodes *s, struct op *op, uint64_t cookie)
{
	struct shmx_ep *ep = s->node[op->node].ep;
	shmx_addr_t addr = address(s, op->pool, op->off);
	uint16_t pool = (uint16_t)s->m.pool[op->pool].id;
	char name[16];

	switch (op->kind) {
	case OP_ALLOC:
		return alloc_start(s, op, ep, cookie);
	case OP_FREE:
		return shmx_free(ep, addr, cookie);
	case OP_RESIZE:
		return shmx_resize(ep, addr, op->len, cookie);
	case OP_OWN:
		return own_start(s, op, ep, cookie);
	case OP_PUT:
		return shmx_put(ep, addr, op->data, op->len, cookie);
	case OP_GET:
		return shmx_get(ep, addr, op->data, op->len, cookie);
	case OP_OWNERS:
		return shmx_owners(ep, addr, op->len, op->ids, IDS_MAX, cookie);
	case OP_LOOKUP:
		model_name(op->name, name);
		return shmx_lookup(ep, pool, name, cookie);
	default:
		return shmx_pool_stat(ep, pool, &op->info, cookie);
	}
}

static void
lock(struct nodes *s, const struct op *op)
{
	memset(s->busy[op->pool] + op->lock, op->locks, op->nb_lock);
	if (op->name != 0)
		s->name_busy[op->pool][op->name] = op->locks;
}

static void
count(struct nodes *s, const struct op *op, int sign)
{
	s->fresh += (uint32_t)sign * op->fresh;
	s->exact += (unsigned int)sign * op->exact;
	s->allocs += (unsigned int)sign * (op->kind == OP_ALLOC);
}

bool
op_start(struct nodes *s, struct op *op)
{
	const struct node *n = &s->node[op->node];
	int ret = call(s, op, (uint64_t)(op - n->op));

	if (ret != 0) {
		if (ret != -EAGAIN)
			wrong(s, op, "what the call returned", (uint64_t)ret, 0);
		op_drop(s, op);
		return false;
	}
	if (op->locks)
		lock(s, op);
	count(s, op, 1);
	return true;
}

static void
finish(struct nodes *s, struct op *op)
{
	if (op->locks) {
		op->locks = false;
		lock(s, op);
	}
	count(s, op, -1);
	op_drop(s, op);
}

/* ---- polling -------------------------------------------------------------------------------- */

static void
heard(struct nodes *s, unsigned int node, const struct shmx_event *event)
{
	struct op *op = &s->node[node].op[event->cookie % OPS_MAX];

	if (event->type != SHMX_EV_OP) {
		printf("wrong: the session of node %u has ended: %d\n", s->m.id[node],
			event->status);
		exit(1);
	}
	op_end(s, op, event);
	if (!op->landed)
		finish(s, op);
}

void
nodes_poll(struct nodes *s)
{
	struct shmx_event events[OPS_MAX];
	unsigned int sum = 0;

	for (unsigned int k = 0; k < NODES; k++) {
		uint16_t n = shmx_poll(s->node[k].ep, events, OPS_MAX);

		for (uint16_t i = 0; i < n; i++)
			heard(s, k, &events[i]);
		sum += n;
	}
	if (s->landed > 0)
		op_look_again(s);
	if (sum == 0)
		rte_delay_us_sleep(IDLE_US);
}

void
nodes_settle(struct nodes *s)
{
	while (s->under_way > 0)
		nodes_poll(s);
}

void
op_look_again(struct nodes *s)
{
	for (unsigned int k = 0; k < NODES; k++)
		for (struct op *op = s->node[k].op; op < s->node[k].op + OPS_MAX; op++) {
			if (!op->used || !op->landed)
				continue;
			op_end(s, op, NULL);
			if (!op->landed)
				finish(s, op);
		}
}
