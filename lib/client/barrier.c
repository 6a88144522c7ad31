/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include "client/client_private.h"

/* Barriers among nodes. */

static bool
is_among(uint16_t node, const uint16_t *nodes, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		if (nodes[i] == node)
			return true;
	return false;
}

int
shmx_barrier(struct shmx_ep *ep, shmx_session_t session, uint32_t barrier, const uint16_t *nodes,
	unsigned int n, uint64_t timeout_us, uint16_t *missing, uint16_t max, uint64_t cookie)
{
	uint32_t ids = n * (uint32_t)sizeof(rte_be16_t);
	struct wire_barrier *req;
	int err;

	if (ep == NULL || !client_nodes_good(nodes, n) || (missing == NULL && max > 0) ||
		!is_among(ep->node, nodes, n))
		return -EINVAL;
	req = (struct wire_barrier *)client_ask(ep, session, WIRE_OP_BARRIER, sizeof(*req), ids,
		OP_BARRIER, missing, max, cookie, &err);
	if (req == NULL)
		return err;
	req->timeout_us = rte_cpu_to_be_64(timeout_us);
	req->barrier = rte_cpu_to_be_32(barrier);
	memset(req->reserved, 0, sizeof(req->reserved));
	wire_pad_clear(req + 1, ids);
	client_nodes_write((rte_be16_t *)(req + 1), nodes, n);
	return 0;
}

uint32_t
client_missing_read(const struct op *op, const void *data, uint32_t len)
{
	const rte_be16_t *id = data;
	uint32_t n = len / (uint32_t)sizeof(*id);
	uint16_t *to = op->dst;

	for (uint32_t i = 0; i < RTE_MIN(n, op->len); i++)
		to[i] = rte_be_to_cpu_16(id[i]);
	return n;
}
