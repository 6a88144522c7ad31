/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include "wire/record.h"

#define NONE   WIRE_TAIL_NONE, 0
#define DATA   WIRE_TAIL_DATA, WIRE_DATA_MAX
#define NAME   WIRE_TAIL_NAME, WIRE_NAME_MAX
#define NODES  WIRE_TAIL_NODES, 2 * WIRE_NODES_MAX
#define OWNERS WIRE_TAIL_OWNERS, RTE_ALIGN_CEIL(WIRE_NAME_MAX, 8) + 2 * WIRE_NODES_MAX
#define WANTS  WIRE_TAIL_WANTS, WIRE_LOCKS_MAX * sizeof(struct wire_lock_want)
#define LOCKS  WIRE_TAIL_LOCKS, WIRE_LOCKS_MAX * sizeof(rte_be32_t)
#define GRANTS WIRE_TAIL_GRANTS, WIRE_LOCKS_MAX * sizeof(struct wire_lock_grant)
#define SEND   WIRE_TAIL_SEND, 2 * WIRE_NODES_MAX + WIRE_MESSAGE_MAX

const struct wire_op_info wire_op_table[256] = {
	[WIRE_OP_GET] = {sizeof(struct wire_get), NONE},
	[WIRE_OP_PUT] = {sizeof(struct wire_put), DATA},
	[WIRE_OP_FILL] = {sizeof(struct wire_fill), NONE},
	[WIRE_OP_FETCH_ADD] = {sizeof(struct wire_atomic), NONE},
	[WIRE_OP_FETCH_AND] = {sizeof(struct wire_atomic), NONE},
	[WIRE_OP_FETCH_OR] = {sizeof(struct wire_atomic), NONE},
	[WIRE_OP_FETCH_XOR] = {sizeof(struct wire_atomic), NONE},
	[WIRE_OP_SWAP] = {sizeof(struct wire_atomic), NONE},
	[WIRE_OP_CAS] = {sizeof(struct wire_cas), NONE},
	[WIRE_OP_NOP] = {sizeof(struct wire_record), NONE},
	[WIRE_OP_ALLOC] = {sizeof(struct wire_alloc), NAME},
	[WIRE_OP_FREE] = {sizeof(struct wire_free), NONE},
	[WIRE_OP_RESIZE] = {sizeof(struct wire_resize), NONE},
	[WIRE_OP_LOOKUP] = {sizeof(struct wire_lookup), NAME},
	[WIRE_OP_OWN] = {sizeof(struct wire_own), NODES},
	[WIRE_OP_OWNERS] = {sizeof(struct wire_owners), NONE},
	[WIRE_OP_ALLOC_FOR] = {sizeof(struct wire_alloc_for), OWNERS},
	[WIRE_OP_POOL_CREATE] = {sizeof(struct wire_pool_create), OWNERS},
	[WIRE_OP_POOL_DESTROY] = {sizeof(struct wire_pool), NONE},
	[WIRE_OP_POOL_GROW] = {sizeof(struct wire_pool), NONE},
	[WIRE_OP_POOL_SHRINK] = {sizeof(struct wire_pool), NONE},
	[WIRE_OP_POOL_OPEN] = {sizeof(struct wire_pool_open), NAME},
	[WIRE_OP_POOL_LIST] = {sizeof(struct wire_pool_list), NONE},
	[WIRE_OP_POOL_STAT] = {sizeof(struct wire_pool), NONE},
	[WIRE_OP_POOL_NODES] = {sizeof(struct wire_pool_nodes), NONE},
	[WIRE_OP_LOCK] = {sizeof(struct wire_lock), WANTS},
	[WIRE_OP_UNLOCK] = {sizeof(struct wire_unlock), LOCKS},
	[WIRE_OP_LOCK_RESERVE] = {sizeof(struct wire_lock_id), NAME},
	[WIRE_OP_LOCK_UNRESERVE] = {sizeof(struct wire_lock_id), NONE},
	[WIRE_OP_LOCK_LOOKUP] = {sizeof(struct wire_lock_lookup), NAME},
	[WIRE_OP_LOCK_LIST] = {sizeof(struct wire_lock_list), NONE},
	[WIRE_OP_LOCK_FORCE] = {sizeof(struct wire_lock_id), NONE},
	[WIRE_OP_PUT_FENCED] = {sizeof(struct wire_put_fenced), DATA},
	[WIRE_OP_SIGNAL] = {sizeof(struct wire_signal), NODES},
	[WIRE_OP_SEND] = {sizeof(struct wire_send), SEND},
	[WIRE_OP_SEND_MEMORY] = {sizeof(struct wire_send_memory), NODES},
	[WIRE_OP_INBOX_OPEN] = {sizeof(struct wire_inbox_open), NONE},
	[WIRE_OP_INBOX_CLOSE] = {sizeof(struct wire_record), NONE},
	[WIRE_OP_INBOX_CREDIT] = {sizeof(struct wire_inbox_credit), NONE},
	[WIRE_OP_MESSAGE_DONE] = {sizeof(struct wire_message_done), NONE},
	[WIRE_OP_BARRIER] = {sizeof(struct wire_barrier), NODES},
	[WIRE_OP_LOCK_RETURN] = {sizeof(struct wire_lock_return), GRANTS},
	[WIRE_OP_LOCK_CANCEL] = {sizeof(struct wire_lock_cancel), NONE},
	[WIRE_OP_NODE_LIST] = {sizeof(struct wire_node_list), NONE},
	[WIRE_OP_STAT] = {sizeof(struct wire_record), NONE},
};

static const char *const names[WIRE_OP_MAX] = {
	[WIRE_OP_GET] = "get",
	[WIRE_OP_PUT] = "put",
	[WIRE_OP_FILL] = "fill",
	[WIRE_OP_FETCH_ADD] = "fetch-add",
	[WIRE_OP_FETCH_AND] = "fetch-and",
	[WIRE_OP_FETCH_OR] = "fetch-or",
	[WIRE_OP_FETCH_XOR] = "fetch-xor",
	[WIRE_OP_SWAP] = "swap",
	[WIRE_OP_CAS] = "compare-and-swap",
	[WIRE_OP_NOP] = "nop",
	[WIRE_OP_ALLOC] = "alloc",
	[WIRE_OP_FREE] = "free",
	[WIRE_OP_RESIZE] = "resize",
	[WIRE_OP_LOOKUP] = "lookup",
	[WIRE_OP_OWN] = "own",
	[WIRE_OP_OWNERS] = "owners",
	[WIRE_OP_ALLOC_FOR] = "alloc-for",
	[WIRE_OP_POOL_CREATE] = "pool-create",
	[WIRE_OP_POOL_DESTROY] = "pool-destroy",
	[WIRE_OP_POOL_GROW] = "pool-grow",
	[WIRE_OP_POOL_SHRINK] = "pool-shrink",
	[WIRE_OP_POOL_OPEN] = "pool-open",
	[WIRE_OP_POOL_LIST] = "pool-list",
	[WIRE_OP_POOL_STAT] = "pool-stat",
	[WIRE_OP_POOL_NODES] = "pool-nodes",
	[WIRE_OP_LOCK] = "lock",
	[WIRE_OP_UNLOCK] = "unlock",
	[WIRE_OP_LOCK_RESERVE] = "lock-reserve",
	[WIRE_OP_LOCK_UNRESERVE] = "lock-unreserve",
	[WIRE_OP_LOCK_LOOKUP] = "lock-lookup",
	[WIRE_OP_LOCK_LIST] = "lock-list",
	[WIRE_OP_LOCK_FORCE] = "lock-force",
	[WIRE_OP_PUT_FENCED] = "put-fenced",
	[WIRE_OP_SIGNAL] = "signal",
	[WIRE_OP_SEND] = "send",
	[WIRE_OP_SEND_MEMORY] = "send-memory",
	[WIRE_OP_INBOX_OPEN] = "inbox-open",
	[WIRE_OP_INBOX_CLOSE] = "inbox-close",
	[WIRE_OP_INBOX_CREDIT] = "inbox-credit",
	[WIRE_OP_MESSAGE_DONE] = "message-done",
	[WIRE_OP_BARRIER] = "barrier",
	[WIRE_OP_LOCK_RETURN] = "lock-return",
	[WIRE_OP_LOCK_CANCEL] = "lock-cancel",
	[WIRE_OP_NODE_LIST] = "node-list",
	[WIRE_OP_STAT] = "stat",
};

const char *
wire_op_name(uint8_t op)
{
	op &= (uint8_t)~WIRE_RESPONSE;
	return op < WIRE_OP_MAX && names[op] != NULL ? names[op] : "unknown";
}
