/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include "base/ip_addr.h"
#include "client/client_private.h"

static_assert(SHMX_OPS_MAX == WIRE_STAT_OPS, "each operation is told");

int
shmx_node_list(struct shmx_ep *ep, shmx_session_t session, uint16_t first,
	struct shmx_node_info *info, uint16_t max, uint64_t cookie)
{
	struct wire_node_list *rec;
	int err;

	if (ep == NULL || info == NULL || max == 0)
		return -EINVAL;
	rec = (struct wire_node_list *)client_ask(ep, session, WIRE_OP_NODE_LIST, sizeof(*rec), 0,
		OP_NODE_INFO, info, max, cookie, &err);
	if (rec == NULL)
		return err;
	rec->first = rte_cpu_to_be_16(first);
	rec->max = rte_cpu_to_be_16(max);
	memset(rec->reserved, 0, sizeof(rec->reserved));
	return 0;
}

int
shmx_node_stat(
	struct shmx_ep *ep, shmx_session_t session, struct shmx_node_stat *stat, uint64_t cookie)
{
	const struct wire_record *rec;
	int err;

	if (ep == NULL || stat == NULL)
		return -EINVAL;
	rec = client_ask(
		ep, session, WIRE_OP_STAT, sizeof(*rec), 0, OP_NODE_STAT, stat, 1, cookie, &err);
	return rec != NULL ? 0 : err;
}

const char *
shmx_op_name(unsigned int op)
{
	return op < WIRE_OP_MAX && wire_op_table[op].fixed != 0 ? wire_op_name((uint8_t)op) : NULL;
}

static void
info_decode(struct shmx_node_info *to, const struct wire_node_info *from)
{
	struct ip_addr ip = ip_addr_v6(from->ip);

	*to = (struct shmx_node_info){
		.node = rte_be_to_cpu_16(from->node),
		.udp_port = rte_be_to_cpu_16(from->udp_port),
		.sessions = rte_be_to_cpu_32(from->sessions),
		.workers = rte_be_to_cpu_32(from->workers),
	};
	if (ip_addr_is_v4(ip))
		to->ip = ip_addr_to_v4(ip);
	else
		memcpy(to->ip6, ip.byte, sizeof(to->ip6));
}

bool
client_nodes_read(struct shmx_ep *ep, uint16_t id, const void *data, uint32_t len, uint64_t *count)
{
	const struct wire_node_info *info = data;
	const struct op *op = &ep->op[id];
	uint32_t n = len / (uint32_t)sizeof(*info);

	if (len % sizeof(*info) != 0 || n > op->len)
		return false;
	for (uint32_t i = 0; i < n; i++)
		info_decode((struct shmx_node_info *)op->dst + i, info + i);
	*count = n;
	return true;
}

bool
client_node_stat_read(struct shmx_ep *ep, uint16_t id, const void *data, uint32_t len)
{
	const struct wire_stat_info *from = data;
	struct shmx_node_stat *to = ep->op[id].dst;

	if (len != sizeof(*from))
		return false;
	*to = (struct shmx_node_stat){
		.op_errors = rte_be_to_cpu_64(from->op_errors),
		.bytes_read = rte_be_to_cpu_64(from->bytes_read),
		.bytes_written = rte_be_to_cpu_64(from->bytes_written),
		.handed_over = rte_be_to_cpu_64(from->handed_over),
		.busy = rte_be_to_cpu_64(from->busy),
		.malformed = rte_be_to_cpu_64(from->malformed),
		.nodes = rte_be_to_cpu_32(from->nodes),
		.sessions = rte_be_to_cpu_32(from->sessions),
		.workers = rte_be_to_cpu_16(from->workers),
	};
	for (unsigned int i = 0; i < WIRE_STAT_OPS; i++)
		to->ops[i] = rte_be_to_cpu_64(from->ops[i]);
	return true;
}
