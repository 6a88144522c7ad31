/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <rte_common.h>

#include "client/client_private.h"

int
client_name_len(const char *name)
{
	size_t len = name != NULL ? strnlen(name, SHMX_NAME_LEN) : 0;

	return len > 0 && len < SHMX_NAME_LEN ? (int)len : -EINVAL;
}

void
client_name_write(void *to, const char *name, uint32_t len)
{
	memset(to, 0, wire_pad(len));
	memcpy(to, name, len);
}

int
shmx_free(struct shmx_ep *ep, shmx_addr_t addr, uint64_t cookie)
{
	struct rdp_session *s;
	struct wire_free *rec;

	if (ep == NULL || addr == 0)
		return -EINVAL;
	s = client_route(ep, addr);
	if (s == NULL)
		return -ENOTCONN;
	rec = (struct wire_free *)client_request(
		ep, s, WIRE_OP_FREE, sizeof(*rec), 0, OP_STATUS, NULL, 0, CLIENT_NONE, cookie);
	if (rec == NULL)
		return -EAGAIN;
	rec->addr = rte_cpu_to_be_64(addr);
	return 0;
}

int
shmx_resize(struct shmx_ep *ep, shmx_addr_t addr, uint64_t len, uint64_t cookie)
{
	struct rdp_session *s;
	struct wire_resize *rec;

	if (ep == NULL || addr == 0 || len == 0 || len > SHMX_LEN_MAX)
		return -EINVAL;
	s = client_route(ep, addr);
	if (s == NULL)
		return -ENOTCONN;
	rec = (struct wire_resize *)client_request(
		ep, s, WIRE_OP_RESIZE, sizeof(*rec), 0, OP_STATUS, NULL, 0, CLIENT_NONE, cookie);
	if (rec == NULL)
		return -EAGAIN;
	rec->addr = rte_cpu_to_be_64(addr);
	rec->size = rte_cpu_to_be_64(len);
	return 0;
}

int
shmx_lookup(struct shmx_ep *ep, uint16_t pool, const char *name, uint64_t cookie)
{
	struct rdp_session *s;
	struct wire_lookup *rec;
	int len = client_name_len(name);

	if (ep == NULL || pool == 0 || len < 0)
		return -EINVAL;
	s = client_route(ep, SHMX_ADDR(pool, 0));
	if (s == NULL)
		return -ENOTCONN;
	rec = (struct wire_lookup *)client_request(ep, s, WIRE_OP_LOOKUP,
		(uint32_t)sizeof(*rec) + wire_pad((uint32_t)len), (uint32_t)len, OP_VALUE2, NULL, 0,
		CLIENT_NONE, cookie);
	if (rec == NULL)
		return -EAGAIN;
	rec->pool = rte_cpu_to_be_16(pool);
	memset(rec->reserved, 0, sizeof(rec->reserved));
	client_name_write(rec + 1, name, (uint32_t)len);
	return 0;
}

/* Where the session may come back, its pools are found again by name. */
static void
keep_pool(struct shmx_ep *ep, shmx_session_t session, rte_be16_t id, const char *name)
{
	struct op *op = &ep->op[rte_be_to_cpu_16(id)];

	op->len = ep->link[session].peer.reconnect.tries > 0 ? kept_pool_add(ep, session, name)
	                                                     : KEPT_NONE;
}

/* A name, and behind what pads it ids of nodes if there are any. */
static uint32_t
create_tail_len(uint32_t name_len, unsigned int nb_nodes)
{
	if (nb_nodes == 0)
		return name_len;
	return wire_pad(name_len) + nb_nodes * (uint32_t)sizeof(rte_be16_t);
}

static void
create_tail_write(uint8_t *to, uint32_t tail, const struct shmx_pool_req *req, uint32_t name_len)
{
	client_name_write(to, req->name, name_len);
	if (req->nb_nodes == 0)
		return;
	wire_pad_clear(to, tail);
	client_nodes_write((rte_be16_t *)(to + wire_pad(name_len)), req->nodes, req->nb_nodes);
}

static bool
policy_valid(const struct shmx_pool_req *req)
{
	if (req->grow_below > SHMX_LEN_MAX || req->grow_by > SHMX_LEN_MAX ||
		req->shrink_above > SHMX_LEN_MAX || req->quota > SHMX_LEN_MAX ||
		(req->grow_below == 0) != (req->grow_by == 0))
		return false;
	return (req->grow_by == 0 || req->max_size > req->size) &&
	       (req->shrink_above == 0 || req->shrink_above >= req->grow_below + req->grow_by);
}

int
shmx_pool_create(struct shmx_ep *ep, shmx_session_t session, const struct shmx_pool_req *req,
	uint64_t cookie)
{
	struct wire_pool_create *rec;
	uint32_t tail;
	int len, err;

	if (ep == NULL || req == NULL || req->size == 0 || req->size > SHMX_LEN_MAX ||
		req->max_size > SHMX_LEN_MAX || (req->max_size != 0 && req->max_size < req->size) ||
		(len = client_name_len(req->name)) < 0 || !policy_valid(req))
		return -EINVAL;
	if (req->granule != 0 &&
		(req->granule < 64 || req->granule > 4096 || !rte_is_power_of_2(req->granule)))
		return -EINVAL;
	if (req->nb_nodes != 0 && !client_nodes_good(req->nodes, req->nb_nodes))
		return -EINVAL;
	tail = create_tail_len((uint32_t)len, req->nb_nodes);
	rec = (struct wire_pool_create *)client_ask(ep, session, WIRE_OP_POOL_CREATE, sizeof(*rec),
		tail, OP_POOL, NULL, 0, cookie, &err);
	if (rec == NULL)
		return err;
	rec->size = rte_cpu_to_be_64(req->size);
	rec->max_size = rte_cpu_to_be_64(req->max_size);
	rec->granule = rte_cpu_to_be_32(req->granule != 0 ? req->granule : 64);
	memset(rec->reserved, 0, sizeof(rec->reserved));
	rec->name_len = (uint8_t)len;
	rec->grow_below = rte_cpu_to_be_64(req->grow_below);
	rec->grow_by = rte_cpu_to_be_64(req->grow_by);
	rec->shrink_above = rte_cpu_to_be_64(req->shrink_above);
	rec->quota = rte_cpu_to_be_64(req->quota);
	create_tail_write((uint8_t *)(rec + 1), tail, req, (uint32_t)len);
	keep_pool(ep, session, rec->rec.id, req->name);
	return 0;
}

int
shmx_pool_open(struct shmx_ep *ep, shmx_session_t session, const char *name, uint64_t cookie)
{
	struct wire_pool_open *rec;
	int len = client_name_len(name), err;

	if (ep == NULL || len < 0)
		return -EINVAL;
	rec = (struct wire_pool_open *)client_ask(ep, session, WIRE_OP_POOL_OPEN, sizeof(*rec),
		(uint32_t)len, OP_POOL, NULL, 0, cookie, &err);
	if (rec == NULL)
		return err;
	client_name_write(rec + 1, name, (uint32_t)len);
	keep_pool(ep, session, rec->rec.id, name);
	return 0;
}

/* Requests that name a pool and a number. */
static int
pool_request(struct shmx_ep *ep, uint16_t pool, uint8_t op, uint64_t bytes, enum op_kind kind,
	void *dst, uint64_t cookie)
{
	uint32_t len = kind == OP_POOL_GONE ? pool : dst != NULL;
	struct rdp_session *s;
	struct wire_pool *rec;

	if (ep == NULL || pool == 0)
		return -EINVAL;
	s = client_route(ep, SHMX_ADDR(pool, 0));
	if (s == NULL)
		return -ENOTCONN;
	rec = (struct wire_pool *)client_request(
		ep, s, op, sizeof(*rec), 0, kind, dst, len, CLIENT_NONE, cookie);
	if (rec == NULL)
		return -EAGAIN;
	rec->bytes = rte_cpu_to_be_64(bytes);
	rec->pool = rte_cpu_to_be_16(pool);
	memset(rec->reserved, 0, sizeof(rec->reserved));
	return 0;
}

int
shmx_pool_destroy(struct shmx_ep *ep, uint16_t pool, bool force, uint64_t cookie)
{
	return pool_request(ep, pool, WIRE_OP_POOL_DESTROY, force, OP_POOL_GONE, NULL, cookie);
}

int
shmx_pool_grow(struct shmx_ep *ep, uint16_t pool, uint64_t bytes, uint64_t cookie)
{
	if (bytes == 0 || bytes > SHMX_LEN_MAX)
		return -EINVAL;
	return pool_request(ep, pool, WIRE_OP_POOL_GROW, bytes, OP_VALUE, NULL, cookie);
}

int
shmx_pool_shrink(struct shmx_ep *ep, uint16_t pool, uint64_t bytes, uint64_t cookie)
{
	if (bytes == 0 || bytes > SHMX_LEN_MAX)
		return -EINVAL;
	return pool_request(ep, pool, WIRE_OP_POOL_SHRINK, bytes, OP_VALUE, NULL, cookie);
}

int
shmx_pool_stat(struct shmx_ep *ep, uint16_t pool, struct shmx_pool_info *info, uint64_t cookie)
{
	if (info == NULL)
		return -EINVAL;
	return pool_request(ep, pool, WIRE_OP_POOL_STAT, 0, OP_POOL_INFO, info, cookie);
}

int
shmx_pool_list(struct shmx_ep *ep, shmx_session_t session, uint16_t first,
	struct shmx_pool_info *info, uint16_t max, uint64_t cookie)
{
	struct wire_pool_list *rec;
	int err;

	if (ep == NULL || info == NULL || max == 0)
		return -EINVAL;
	rec = (struct wire_pool_list *)client_ask(ep, session, WIRE_OP_POOL_LIST, sizeof(*rec), 0,
		OP_POOL_INFO, info, max, cookie, &err);
	if (rec == NULL)
		return err;
	rec->first = rte_cpu_to_be_16(first);
	rec->max = rte_cpu_to_be_16(max);
	memset(rec->reserved, 0, sizeof(rec->reserved));
	return 0;
}

int
shmx_pool_nodes(struct shmx_ep *ep, shmx_session_t session, uint16_t pool, uint16_t first,
	struct shmx_pool_node *nodes, uint16_t max, uint64_t cookie)
{
	struct wire_pool_nodes *rec;
	int err;

	if (ep == NULL || pool == 0 || nodes == NULL || max == 0)
		return -EINVAL;
	rec = (struct wire_pool_nodes *)client_ask(ep, session, WIRE_OP_POOL_NODES, sizeof(*rec), 0,
		OP_POOL_NODES, nodes, max, cookie, &err);
	if (rec == NULL)
		return err;
	rec->first = rte_cpu_to_be_16(first);
	rec->max = rte_cpu_to_be_16(max);
	rec->pool = rte_cpu_to_be_16(pool);
	memset(rec->reserved, 0, sizeof(rec->reserved));
	return 0;
}

bool
client_pool_nodes_read(const struct op *op, const void *data, uint32_t len, uint64_t *count)
{
	const struct wire_pool_node *from = data;
	struct shmx_pool_node *to = op->dst;
	uint32_t n = len / (uint32_t)sizeof(*from);

	if (len % sizeof(*from) != 0 || n > op->len)
		return false;
	for (uint32_t i = 0; i < n; i++)
		to[i] = (struct shmx_pool_node){
			.held = rte_be_to_cpu_64(from[i].held),
			.node = rte_be_to_cpu_16(from[i].node),
		};
	*count = n;
	return true;
}
