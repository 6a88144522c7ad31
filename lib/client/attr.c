/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include "client/client_private.h"

/*
 * Order and deadlines of operations, and giving them up. What is ordered is kept in order by the
 * frames and by the memory node; here it only must not be sent before transfers that come first.
 */

int
shmx_op_attr_set(struct shmx_ep *ep, const struct shmx_op_attr *attr)
{
	static const struct shmx_op_attr none;

	if (ep == NULL)
		return -EINVAL;
	if (attr == NULL)
		attr = &none;
	if ((attr->flags & ~(SHMX_ORDERED | SHMX_FENCED)) != 0)
		return -EINVAL;
	ep->attr = 0;
	if (attr->flags != 0)
		ep->attr |= ATTR_ORDERED;
	if (attr->flags & SHMX_FENCED)
		ep->attr |= ATTR_FENCED;
	if (attr->timeout_us != 0)
		ep->attr |= ATTR_DEADLINE;
	ep->timeout_ns = attr->timeout_us * UINT64_C(1000);
	return 0;
}

static bool
has_parts_for(const struct shmx_ep *ep, const struct bulk *b, const struct rdp_session *s)
{
	for (uint16_t i = b->piece; i < b->pieces; i++)
		if (client_route(ep, b->vec[i].addr) == s)
			return true;
	return false;
}

bool
client_in_order(const struct shmx_ep *ep, const struct rdp_session *s, uint16_t bulk)
{
	if (!(ep->attr & ATTR_ORDERED) || bulk != CLIENT_NONE)
		return true;
	for (uint16_t i = ep->bulk_active; i != CLIENT_NONE; i = ep->bulk[i].next) {
		const struct bulk *b = &ep->bulk[i];

		if (((ep->attr & ATTR_FENCED) || (b->attr & ATTR_ORDERED)) &&
			has_parts_for(ep, b, s))
			return false;
	}
	return true;
}

void
client_attr(struct shmx_ep *ep, struct rdp_session *s, struct wire_record *rec, uint16_t id)
{
	if (ep->attr & ATTR_ORDERED) {
		rec->status = WIRE_REQUEST_ORDERED;
		rdp_order(s);
	}
	if (ep->attr & ATTR_DEADLINE)
		deadline_arm(ep, id);
}

void
client_give_up(struct shmx_ep *ep, uint16_t id, int32_t status)
{
	struct op *op = &ep->op[id];

	/* Data that are lent to a frame which has not left. */
	if (op->kind == OP_STATUS && op->dst != NULL)
		rdp_settle(ep->rdp);
	if (op->kind == OP_GET || op->kind == OP_POOL_INFO || op->kind == OP_OWNERS ||
		op->kind == OP_LOCK_INFO || op->kind == OP_NODE_INFO || op->kind == OP_POOL_NODES ||
		op->kind == OP_NODE_STAT)
		op->kind = OP_SKIP;
	else if (op->kind == OP_VALUE && op->len != 0)
		op->kind = OP_UNDO;
	if (op->timed)
		deadline_disarm(ep, id);
	client_complete(ep, op->cookie, op->session, status, 0, 0);
	op->bulk = OP_GIVEN_UP;
	if (op->kind == OP_LOCK)
		client_lock_give_up(ep, id);
}

int
shmx_cancel(struct shmx_ep *ep, uint64_t cookie)
{
	int ret = -ENOENT;

	if (ep == NULL)
		return -EINVAL;
	if (client_is_polled(ep))
		return -EBUSY;
	for (uint32_t id = 0; id < ep->max_ops; id++) {
		const struct op *op = &ep->op[id];

		if (op->kind == OP_FREE || op->kind == OP_REOPEN || op->bulk != CLIENT_NONE ||
			op->cookie != cookie)
			continue;
		client_give_up(ep, (uint16_t)id, -EINTR);
		ret = 0;
	}
	for (uint16_t i = 0; i < BULK_MAX; i++) {
		if (!ep->bulk[i].used || ep->bulk[i].cookie != cookie)
			continue;
		bulk_give_up(ep, i, -EINTR);
		ret = 0;
	}
	return ret;
}
