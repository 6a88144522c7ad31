/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <rte_common.h>

#include "client/client_private.h"

/* Memory with owners: allocating it, and handing it on. */

#define ALIGN_MAX (UINT32_C(2) << 20)

static const uint8_t owner_wire[] = {
	[SHMX_OWNER_EVERYONE] = WIRE_OWNER_EVERYONE,
	[SHMX_OWNER_SELF] = WIRE_OWNER_SELF,
};

static const uint8_t death_wire[] = {
	[SHMX_KEEP] = WIRE_DEATH_KEEP,
	[SHMX_FREE] = WIRE_DEATH_FREE,
};

bool
client_nodes_good(const uint16_t *nodes, unsigned int n)
{
	if (nodes == NULL || n == 0 || n > SHMX_NODES_MAX)
		return false;
	for (unsigned int i = 0; i < n; i++)
		if (nodes[i] == 0 || nodes[i] > SHMX_NODE_MAX)
			return false;
	return true;
}

static uint32_t
nodes_bytes(unsigned int n)
{
	return n * (uint32_t)sizeof(rte_be16_t);
}

rte_be16_t *
client_nodes_write(rte_be16_t *to, const uint16_t *nodes, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		*to++ = rte_cpu_to_be_16(nodes[i]);
	return to;
}

/* ---- allocating --------------------------------------------------------------------------- */

/* ALLOC and ALLOC_FOR begin alike. */
static void
alloc_head_write(struct wire_alloc *alloc, const struct shmx_alloc_req *req)
{
	alloc->size = rte_cpu_to_be_64(req->len);
	alloc->pool = rte_cpu_to_be_16(req->pool);
	alloc->align_log2 = (uint8_t)rte_bsf32(req->align != 0 ? req->align : 64);
	alloc->on_death = death_wire[req->on_death];
	memset(alloc->reserved, 0, sizeof(alloc->reserved));
}

/* What takes it back when nobody hears of it. Others may have found by then what has a name. */
static uint32_t
alloc_undo(uint32_t name_len)
{
	return name_len == 0 ? WIRE_OP_FREE : 0;
}

static int
alloc_one(struct shmx_ep *ep, struct rdp_session *s, const struct shmx_alloc_req *req,
	uint32_t name_len, uint64_t cookie)
{
	struct wire_alloc *alloc = (struct wire_alloc *)client_request(ep, s, WIRE_OP_ALLOC,
		(uint32_t)sizeof(*alloc) + wire_pad(name_len), name_len, OP_VALUE, NULL,
		alloc_undo(name_len), CLIENT_NONE, cookie);

	if (alloc == NULL)
		return -EAGAIN;
	alloc_head_write(alloc, req);
	alloc->owner = owner_wire[req->owner];
	if (name_len > 0)
		client_name_write(alloc + 1, req->name, name_len);
	return 0;
}

static int
alloc_for(struct shmx_ep *ep, struct rdp_session *s, const struct shmx_alloc_req *req,
	uint32_t name_len, uint64_t cookie)
{
	uint32_t room = wire_pad(name_len), len = room + nodes_bytes(req->nb_nodes);
	struct wire_alloc_for *alloc;
	uint8_t *behind;

	alloc = (struct wire_alloc_for *)client_request(ep, s, WIRE_OP_ALLOC_FOR,
		(uint32_t)sizeof(*alloc) + wire_pad(len), len, OP_VALUE, NULL, alloc_undo(name_len),
		CLIENT_NONE, cookie);
	if (alloc == NULL)
		return -EAGAIN;
	alloc_head_write((struct wire_alloc *)alloc, req);
	alloc->name_len = (uint8_t)name_len;
	behind = (uint8_t *)(alloc + 1);
	if (name_len > 0)
		client_name_write(behind, req->name, name_len);
	wire_pad_clear(behind, len);
	client_nodes_write((rte_be16_t *)(behind + room), req->nodes, req->nb_nodes);
	return 0;
}

int
shmx_alloc(struct shmx_ep *ep, const struct shmx_alloc_req *req, uint64_t cookie)
{
	struct rdp_session *s;
	int len = 0;

	if (ep == NULL || req == NULL || req->pool == 0 || req->len == 0 ||
		req->len > SHMX_LEN_MAX || req->align > ALIGN_MAX ||
		(req->align & (req->align - 1)) != 0 || (unsigned int)req->owner > SHMX_OWNER_NODES)
		return -EINVAL;
	if ((unsigned int)req->on_death > SHMX_FREE ||
		(req->on_death == SHMX_FREE && req->owner == SHMX_OWNER_EVERYONE))
		return -EINVAL;
	if (req->name != NULL && (len = client_name_len(req->name)) < 0)
		return -EINVAL;
	if (req->owner == SHMX_OWNER_NODES && !client_nodes_good(req->nodes, req->nb_nodes))
		return -EINVAL;
	s = client_route(ep, SHMX_ADDR(req->pool, 0));
	if (s == NULL)
		return -ENOTCONN;
	return req->owner == SHMX_OWNER_NODES ? alloc_for(ep, s, req, (uint32_t)len, cookie)
	                                      : alloc_one(ep, s, req, (uint32_t)len, cookie);
}

/* ---- handing on --------------------------------------------------------------------------- */

static bool
range_good(const struct shmx_ep *ep, shmx_addr_t addr, uint64_t len)
{
	return ep != NULL && addr != 0 && len != 0 && len <= SHMX_LEN_MAX;
}

/* A request with room for @p n node ids, which the caller writes. NULL: *err says why. */
static struct wire_own *
own_request(struct shmx_ep *ep, shmx_addr_t addr, uint64_t len, unsigned int n, uint64_t cookie,
	int *err)
{
	struct rdp_session *s = client_route(ep, addr);
	struct wire_own *own;
	uint32_t bytes = nodes_bytes(n);

	*err = s == NULL ? -ENOTCONN : -EAGAIN;
	if (s == NULL)
		return NULL;
	own = (struct wire_own *)client_request(ep, s, WIRE_OP_OWN,
		(uint32_t)sizeof(*own) + wire_pad(bytes), bytes, OP_STATUS, NULL, 0, CLIENT_NONE,
		cookie);
	if (own == NULL)
		return NULL;
	own->addr = rte_cpu_to_be_64(addr);
	own->size = rte_cpu_to_be_64(len);
	own->owner = WIRE_OWNER_EVERYONE;
	own->how = WIRE_OWN_SET;
	own->from = 0;
	memset(own->reserved, 0, sizeof(own->reserved));
	wire_pad_clear(own + 1, bytes);
	*err = 0;
	return own;
}

int
shmx_own(struct shmx_ep *ep, shmx_addr_t addr, uint64_t len, enum shmx_owner owner, uint64_t cookie)
{
	struct wire_own *own;
	int err;

	if (!range_good(ep, addr, len) || (unsigned int)owner > SHMX_OWNER_SELF)
		return -EINVAL;
	own = own_request(ep, addr, len, 0, cookie, &err);
	if (own != NULL)
		own->owner = owner_wire[owner];
	return err;
}

static const uint8_t how_wire[] = {
	[SHMX_OWN_SET] = WIRE_OWN_SET,
	[SHMX_OWN_ADD] = WIRE_OWN_ADD,
	[SHMX_OWN_DROP] = WIRE_OWN_DROP,
};

int
shmx_own_nodes(struct shmx_ep *ep, shmx_addr_t addr, uint64_t len, enum shmx_own_how how,
	const uint16_t *nodes, unsigned int n, uint64_t cookie)
{
	struct wire_own *own;
	int err;

	if (!range_good(ep, addr, len) || (unsigned int)how > SHMX_OWN_DROP ||
		!client_nodes_good(nodes, n))
		return -EINVAL;
	own = own_request(ep, addr, len, n, cookie, &err);
	if (own == NULL)
		return err;
	own->how = how_wire[how];
	client_nodes_write((rte_be16_t *)(own + 1), nodes, n);
	return 0;
}

int
shmx_own_move(struct shmx_ep *ep, shmx_addr_t addr, uint64_t len, const uint16_t *from,
	unsigned int nb_from, const uint16_t *to, unsigned int nb_to, uint64_t cookie)
{
	struct wire_own *own;
	int err;

	if (!range_good(ep, addr, len) || !client_nodes_good(from, nb_from) ||
		!client_nodes_good(to, nb_to))
		return -EINVAL;
	own = own_request(ep, addr, len, nb_from + nb_to, cookie, &err);
	if (own == NULL)
		return err;
	own->how = WIRE_OWN_MOVE;
	own->from = (uint8_t)nb_from;
	client_nodes_write(client_nodes_write((rte_be16_t *)(own + 1), to, nb_to), from, nb_from);
	return 0;
}

int
shmx_owners(struct shmx_ep *ep, shmx_addr_t addr, uint64_t len, uint16_t *nodes, uint16_t max,
	uint64_t cookie)
{
	struct rdp_session *s;
	struct wire_owners *owners;

	if (!range_good(ep, addr, len) || (nodes == NULL && max > 0))
		return -EINVAL;
	s = client_route(ep, addr);
	if (s == NULL)
		return -ENOTCONN;
	max = RTE_MIN(max, (uint16_t)WIRE_NODES_MAX);
	owners = (struct wire_owners *)client_request(ep, s, WIRE_OP_OWNERS, sizeof(*owners), max,
		OP_OWNERS, nodes, max, CLIENT_NONE, cookie);
	if (owners == NULL)
		return -EAGAIN;
	owners->addr = rte_cpu_to_be_64(addr);
	owners->size = rte_cpu_to_be_64(len);
	return 0;
}

bool
client_owners_read(struct shmx_ep *ep, uint16_t id, const void *data, uint32_t len, uint64_t *count,
	uint64_t *size)
{
	const struct wire_owners_found *found = data;
	const rte_be16_t *ids = (const rte_be16_t *)(found + 1);
	const struct op *op = &ep->op[id];
	uint32_t n = (len - (uint32_t)sizeof(*found)) / (uint32_t)sizeof(*ids);
	uint16_t *nodes = op->dst;

	if (len < sizeof(*found) || len % sizeof(*ids) != 0 || n > op->len)
		return false;
	for (uint32_t i = 0; i < n; i++)
		nodes[i] = rte_be_to_cpu_16(ids[i]);
	*size = rte_be_to_cpu_64(found->size);
	*count = rte_be_to_cpu_16(found->nodes);
	if (*count == WIRE_OWNERS_EVERYONE)
		*count = SHMX_NODES_ALL;
	return true;
}
