/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#ifndef WIRE_RECORD_H
#define WIRE_RECORD_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rte_branch_prediction.h>
#include <rte_byteorder.h>
#include <rte_common.h>

/**
 * Records: operation requests and their responses inside a DATA frame. Layouts and rules stand
 * in doc/protocol.md, section "Records". Every record starts with the same eight bytes, is a
 * multiple of eight bytes long and starts on an eight-byte boundary of the datagram; multi-byte
 * fields are in network byte order.
 */

enum wire_op {
	WIRE_OP_GET = 1,
	WIRE_OP_PUT = 2,
	WIRE_OP_FILL = 3,
	WIRE_OP_FETCH_ADD = 4,
	WIRE_OP_FETCH_AND = 5,
	WIRE_OP_FETCH_OR = 6,
	WIRE_OP_FETCH_XOR = 7,
	WIRE_OP_SWAP = 8,
	WIRE_OP_CAS = 9,
	WIRE_OP_NOP = 10,

	WIRE_OP_ALLOC = 16,
	WIRE_OP_FREE = 17,
	WIRE_OP_RESIZE = 18,
	WIRE_OP_LOOKUP = 19,
	WIRE_OP_OWN = 20,
	WIRE_OP_OWNERS = 21,
	WIRE_OP_ALLOC_FOR = 22,

	WIRE_OP_POOL_CREATE = 24,
	WIRE_OP_POOL_DESTROY = 25,
	WIRE_OP_POOL_GROW = 26,
	WIRE_OP_POOL_SHRINK = 27,
	WIRE_OP_POOL_OPEN = 28,
	WIRE_OP_POOL_LIST = 29,
	WIRE_OP_POOL_STAT = 30,
	WIRE_OP_POOL_NODES = 31,

	WIRE_OP_LOCK = 32,
	WIRE_OP_UNLOCK = 33,
	WIRE_OP_LOCK_RESERVE = 34,
	WIRE_OP_LOCK_UNRESERVE = 35,
	WIRE_OP_LOCK_LOOKUP = 36,
	WIRE_OP_LOCK_LIST = 37,
	WIRE_OP_LOCK_FORCE = 38,
	WIRE_OP_PUT_FENCED = 39,

	WIRE_OP_SIGNAL = 40,
	WIRE_OP_SEND = 41,
	WIRE_OP_SEND_MEMORY = 42,
	WIRE_OP_INBOX_OPEN = 43,
	WIRE_OP_INBOX_CLOSE = 44,
	WIRE_OP_INBOX_CREDIT = 45,
	WIRE_OP_MESSAGE_DONE = 46,

	WIRE_OP_BARRIER = 48,
	WIRE_OP_LOCK_RETURN = 49,
	WIRE_OP_LOCK_CANCEL = 50,

	/* Events: the memory node tells, and gets no response. */
	WIRE_OP_SIGNALLED = 56,
	WIRE_OP_MESSAGE = 57,
	WIRE_OP_MEMORY_MESSAGE = 58,

	WIRE_OP_NODE_LIST = 60,
	WIRE_OP_STAT = 61,

	WIRE_OP_MAX
};

/** Set in `op` of a response. */
#define WIRE_RESPONSE 0x80u

/**
 * Set in `status` of a request: it takes effect after all requests of the session that were handed
 * over before it. With WIRE_F_ORDERED in its frame, those are all that were sent before it.
 */
#define WIRE_REQUEST_ORDERED 0x01u

struct wire_record {
	uint8_t op;     /**< enum wire_op, WIRE_RESPONSE */
	uint8_t status; /**< response: enum status; request: 0 or WIRE_REQUEST_ORDERED */
	rte_be16_t id;  /**< the requester's, copied into the response */
	rte_be32_t len; /**< see each operation; response: bytes of data that follow */
} __rte_packed __rte_aligned(8);

static_assert(sizeof(struct wire_record) == 8, "part of the protocol");

/** Most bytes of data one GET or PUT record may carry; less where the MTU is small. */
#define WIRE_DATA_MAX 8192

/** Most bytes one FILL record may cover, so that no record takes long to execute. */
#define WIRE_FILL_MAX 65536

#define WIRE_NAME_MAX  63  /**< bytes of a name, no terminator on the wire */
#define WIRE_NODES_MAX 128 /**< node ids in one record */

/** GET: len = bytes wanted. Response data: the bytes. */
struct wire_get {
	struct wire_record rec;
	rte_be64_t addr;
};

/** NOP is a header alone, len = 0: it has no effect, and is answered. */

/** PUT: len = bytes of data behind this. FILL: len = bytes to fill, no data. */
struct wire_put {
	struct wire_record rec;
	rte_be64_t addr;
};

struct wire_fill {
	struct wire_record rec;
	rte_be64_t addr;
	rte_be64_t pattern; /**< its eight bytes in this order, from addr on */
};

/** FETCH_*, SWAP: len = width, 4 or 8. Response data: eight bytes, the value found. */
struct wire_atomic {
	struct wire_record rec;
	rte_be64_t addr;
	rte_be64_t operand;
};

struct wire_cas {
	struct wire_record rec;
	rte_be64_t addr;
	rte_be64_t compare;
	rte_be64_t swap;
};

/** Who owns memory: everyone, or the requesting node alone. */
enum wire_owner {
	WIRE_OWNER_EVERYONE = 0,
	WIRE_OWNER_SELF = 1,
};

/** What becomes of an allocation when none of its owners has a session any more. */
enum wire_death {
	WIRE_DEATH_KEEP = 0,
	WIRE_DEATH_FREE = 1, /**< not with WIRE_OWNER_EVERYONE */
};

/** ALLOC: len = bytes of the name behind this, 0 for none. Response data: the address. */
struct wire_alloc {
	struct wire_record rec;
	rte_be64_t size;
	rte_be16_t pool;
	uint8_t align_log2;
	uint8_t owner;    /**< enum wire_owner */
	uint8_t on_death; /**< enum wire_death */
	uint8_t reserved[3];
};

/** FREE. Response: no data. */
struct wire_free {
	struct wire_record rec;
	rte_be64_t addr;
};

/** RESIZE. Response: no data; the address stays. */
struct wire_resize {
	struct wire_record rec;
	rte_be64_t addr;
	rte_be64_t size;
};

/** LOOKUP: len = bytes of the name behind this. Response data: address, length. */
struct wire_lookup {
	struct wire_record rec;
	rte_be16_t pool;
	uint8_t reserved[6];
};

/**
 * ALLOC_FOR: ALLOC for the nodes whose ids stand behind the name. len = bytes behind this: the
 * name, padded to eight, and two bytes for each node.
 */
struct wire_alloc_for {
	struct wire_record rec;
	rte_be64_t size;
	rte_be16_t pool;
	uint8_t align_log2;
	uint8_t name_len; /**< 0: no name */
	uint8_t on_death; /**< enum wire_death */
	uint8_t reserved[3];
};

/** What becomes of the owners that a range has. */
enum wire_own_how {
	WIRE_OWN_SET = 0,  /**< they are replaced */
	WIRE_OWN_ADD = 1,  /**< others are added */
	WIRE_OWN_DROP = 2, /**< some are taken out; one has to stay */
	WIRE_OWN_MOVE = 3, /**< they are replaced, if they are exactly those that are named */
};

/**
 * OWN: a granule-aligned range. len = bytes of node ids behind this, two each: 0 for the owner that
 * is named here. Response: no data.
 */
struct wire_own {
	struct wire_record rec;
	rte_be64_t addr;
	rte_be64_t size;
	uint8_t owner; /**< enum wire_owner; 0 with node ids */
	uint8_t how;   /**< enum wire_own_how; SET without node ids */
	uint8_t from;  /**< MOVE: so many of the ids, the last ones, are those of the owners so far
	                */
	uint8_t reserved[5];
};

/** OWNERS: len = most node ids wanted. Response data: struct wire_owners_found and the ids. */
struct wire_owners {
	struct wire_record rec;
	rte_be64_t addr;
	rte_be64_t size;
};

#define WIRE_OWNERS_EVERYONE 0xffff /**< instead of their number; no ids follow */

struct wire_owners_found {
	rte_be64_t size;  /**< bytes from `addr` on that have the same owners, at most those asked
	                     for */
	rte_be16_t nodes; /**< how many they are, also when fewer ids were wanted */
	uint8_t reserved[6];
};

/**
 * POOL_CREATE: len = bytes behind this: of the name, padded to eight, and of the ids of those nodes
 * that may use the pool; without ids, of the name alone, and all may. Response data: pool id in
 * eight bytes.
 */
struct wire_pool_create {
	struct wire_record rec;
	rte_be64_t size;
	rte_be64_t max_size;
	rte_be32_t granule;
	uint8_t name_len;
	uint8_t reserved[3];
	rte_be64_t grow_below;   /**< free bytes; 0: it does not grow by itself */
	rte_be64_t grow_by;      /**< bytes; 0 with grow_below only */
	rte_be64_t shrink_above; /**< free bytes; 0: it does not shrink by itself */
	rte_be64_t quota;        /**< bytes that one node may hold; 0: no limit */
};

/**
 * POOL_DESTROY (bytes = 1: even with live allocations), POOL_GROW, POOL_SHRINK (bytes = by how
 * much), POOL_STAT (bytes = 0). Response data: GROW, SHRINK the new size; STAT one
 * struct wire_pool_info.
 */
struct wire_pool {
	struct wire_record rec;
	rte_be64_t bytes;
	rte_be16_t pool;
	uint8_t reserved[6];
};

/** POOL_OPEN: len = bytes of the name behind this. Response data: pool id in eight bytes. */
struct wire_pool_open {
	struct wire_record rec;
};

/** POOL_LIST: len = 0. Response data: struct wire_pool_info of pools with id >= first. */
struct wire_pool_list {
	struct wire_record rec;
	rte_be16_t first;
	rte_be16_t max;
	uint8_t reserved[4];
};

struct wire_pool_info {
	rte_be64_t size;
	rte_be64_t max_size;
	rte_be64_t used;
	rte_be64_t largest_free;
	rte_be64_t allocs;
	rte_be32_t granule;
	rte_be16_t extents;
	rte_be16_t pool;
	uint8_t name_len;
	char name[WIRE_NAME_MAX];
	rte_be64_t quota; /**< of one node; 0: none */
	rte_be64_t held;  /**< of that, by the node that asks */
	rte_be64_t grow_below;
	rte_be64_t grow_by;
	rte_be64_t shrink_above;
	rte_be16_t nodes;  /**< how many may use it; 0: all */
	uint8_t memory[6]; /**< number of the memory that it lies in, network order; 0: not told */
};

/**
 * POOL_NODES: len = 0. Response data: struct wire_pool_node of nodes with id >= first that may use
 * a pool which is not for all, or hold some of one with a quota.
 */
struct wire_pool_nodes {
	struct wire_record rec;
	rte_be16_t first;
	rte_be16_t max;
	rte_be16_t pool;
	uint8_t reserved[2];
};

struct wire_pool_node {
	rte_be64_t held; /**< bytes; 0 also without a quota */
	rte_be16_t node;
	uint8_t reserved[6];
};

/** Most locks that one LOCK, UNLOCK or LOCK_RETURN names. */
#define WIRE_LOCKS_MAX 16

/** Instead of a time-out: wait for as long as it takes. */
#define WIRE_FOREVER UINT64_MAX

/**
 * LOCK: len = bytes of struct wire_lock_want behind this, one for each lock. Response data: as many
 * struct wire_lock_grant, in ascending order of the lock ids; comes when all are granted.
 */
struct wire_lock {
	struct wire_record rec;
	rte_be64_t timeout_us; /**< 0: do not wait */
};

struct wire_lock_want {
	rte_be32_t lock;
	uint8_t shared; /**< 1: with others who share it; 0: alone */
	uint8_t reserved[3];
};

struct wire_lock_grant {
	rte_be64_t token; /**< fencing token */
	rte_be32_t lock;
	rte_be16_t died; /**< node whose session ended while it had the lock; 0: none since */
	uint8_t reserved[2];
};

/** UNLOCK: len = bytes of the lock ids behind this, four each. Response: no data. */
struct wire_unlock {
	struct wire_record rec;
};

/**
 * LOCK_RETURN, of grants nobody waits for any more: len = bytes of struct wire_lock_grant behind
 * this, as they came. Those that were lost meanwhile are passed over. Response: no data.
 */
struct wire_lock_return {
	struct wire_record rec;
};

/** LOCK_CANCEL, of a LOCK that still waits: it gets CANCELED. Response: no data, in any case. */
struct wire_lock_cancel {
	struct wire_record rec;
	rte_be32_t lock; /**< one of those it is for */
	rte_be16_t call; /**< its id */
	uint8_t reserved[2];
};

/**
 * LOCK_RESERVE (len = bytes of the name behind this, 0 for none; lock 0: any that is free),
 * LOCK_UNRESERVE, LOCK_FORCE (len = 0). Response data: RESERVE the id in eight bytes; FORCE how
 * many had it, in eight bytes.
 */
struct wire_lock_id {
	struct wire_record rec;
	rte_be32_t lock;
	uint8_t reserved[4];
};

/** LOCK_LOOKUP: len = bytes of the name behind this. Response data: the id in eight bytes. */
struct wire_lock_lookup {
	struct wire_record rec;
};

/** LOCK_LIST: len = 0. Response data: struct wire_lock_info of reserved locks with id >= first. */
struct wire_lock_list {
	struct wire_record rec;
	rte_be32_t first;
	rte_be16_t max;
	uint8_t reserved[2];
};

#define WIRE_LOCK_EXCLUSIVE 0x1u /**< `holder` has it alone */
#define WIRE_LOCK_DIED      0x2u /**< the next grant will tell of `died` */

struct wire_lock_info {
	rte_be64_t token; /**< of the latest grant */
	rte_be32_t lock;
	rte_be32_t shared;  /**< holders that share it */
	rte_be32_t waiting; /**< requests in its queue */
	rte_be16_t holder;  /**< node */
	rte_be16_t died;    /**< node */
	uint8_t flags;      /**< WIRE_LOCK_* */
	uint8_t name_len;
	char name[WIRE_NAME_MAX];
	uint8_t reserved[7];
};

/** PUT_FENCED: PUT, if the node has `lock` alone by the grant with this token. */
struct wire_put_fenced {
	struct wire_record rec;
	rte_be64_t addr;
	rte_be64_t token;
	rte_be32_t lock;
	uint8_t reserved[4];
};

/** Whom a signal or message is for. */
enum wire_to {
	WIRE_TO_NODE = 0, /**< `node` */
	WIRE_TO_SET = 1,  /**< the nodes whose ids are in the record */
	WIRE_TO_ALL = 2,  /**< all with an inbox but the sender's */
};

/** Most bytes of a message that travels inside its record. */
#define WIRE_MESSAGE_MAX 1024

/** Signals of a node are counted on so many lines. */
#define WIRE_LINES 64

/** SIGNAL: len = bytes of node ids behind this, with WIRE_TO_SET. Response data: how many in eight
 * bytes. */
struct wire_signal {
	struct wire_record rec;
	rte_be32_t count;
	rte_be16_t node;
	uint8_t to; /**< enum wire_to */
	uint8_t line;
};

/**
 * SEND: len = bytes behind this: with WIRE_TO_SET node ids, padded to eight; then the message.
 * Response data: how many in eight bytes.
 */
struct wire_send {
	struct wire_record rec;
	rte_be16_t run; /**< changes when what was refused is sent again */
	rte_be16_t node;
	uint8_t to;    /**< enum wire_to */
	uint8_t nodes; /**< ids behind this */
	uint8_t reserved[2];
};

/** SEND_MEMORY: likewise, without a message: len = bytes of node ids. An allocation is sent. */
struct wire_send_memory {
	struct wire_send send;
	rte_be64_t addr;
	rte_be64_t size; /**< of the message, from the first byte of the allocation on */
};

/** What becomes of an inbox when the session that opened it ends. */
enum wire_inbox_policy {
	WIRE_INBOX_DROP = 0,
	WIRE_INBOX_KEEP = 1, /**< it waits for the node to open it again */
};

/** INBOX_OPEN. Response: no data. */
struct wire_inbox_open {
	struct wire_record rec;
	rte_be32_t bytes;  /**< that may wait; 0: as the memory node likes */
	rte_be32_t window; /**< that may be sent and not consumed */
	rte_be64_t memory; /**< bytes of memory that may be sent and not done with; 0: likewise */
	uint8_t policy;    /**< enum wire_inbox_policy */
	uint8_t reserved[7];
};

/** INBOX_CLOSE: a header alone. Response: no data. */

/** INBOX_CREDIT. Response: no data. */
struct wire_inbox_credit {
	struct wire_record rec;
	rte_be64_t consumed; /**< bytes of MESSAGE and MEMORY_MESSAGE records since it was opened */
};

/** MESSAGE_DONE. Response: no data. */
struct wire_message_done {
	struct wire_record rec;
	rte_be64_t message; /**< from MEMORY_MESSAGE */
};

/** SIGNALLED: id = line, len = 0. */
struct wire_signalled {
	struct wire_record rec;
	rte_be64_t count;
};

/** MESSAGE: len = bytes of the message behind this. */
struct wire_message {
	struct wire_record rec;
	rte_be16_t node; /**< of the sender */
	uint8_t reserved[6];
};

/** MEMORY_MESSAGE: len = 0. */
struct wire_memory_message {
	struct wire_record rec;
	rte_be16_t node;
	uint8_t reserved[6];
	rte_be64_t addr;
	rte_be64_t size;
	rte_be64_t message; /**< for MESSAGE_DONE */
};

/**
 * BARRIER: len = bytes of node ids behind this: of all that have to come, the requester too.
 * Response: no data, when all have come; TIMEDOUT: the ids of those who have not.
 */
struct wire_barrier {
	struct wire_record rec;
	rte_be64_t timeout_us;
	rte_be32_t barrier;
	uint8_t reserved[4];
};

/** NODE_LIST: len = 0. Response data: struct wire_node_info of nodes with id >= first. */
struct wire_node_list {
	struct wire_record rec;
	rte_be16_t first;
	rte_be16_t max;
	uint8_t reserved[4];
};

/** A node that has sessions with the memory node. */
struct wire_node_info {
	uint8_t ip[16];     /**< IPv4 as ::ffff:a.b.c.d; zero: just changing */
	rte_be32_t workers; /**< bit i: worker i has some of them */
	rte_be32_t sessions;
	rte_be16_t node;
	rte_be16_t udp_port; /**< it and the address are those of one of the sessions */
	uint8_t reserved[4];
};

/** STAT is a header alone, len = 0. Response data: struct wire_stat_info, of all workers. */

#define WIRE_STAT_OPS 64

struct wire_stat_info {
	rte_be64_t op_errors;
	rte_be64_t bytes_read;
	rte_be64_t bytes_written;
	rte_be64_t handed_over;
	rte_be64_t busy;
	rte_be64_t malformed;
	rte_be32_t nodes; /**< that have sessions */
	rte_be32_t sessions;
	rte_be16_t workers;
	uint8_t reserved[6];
	rte_be64_t ops[WIRE_STAT_OPS]; /**< requests, by enum wire_op */
};

static_assert(WIRE_OP_MAX <= WIRE_STAT_OPS, "each is counted");
static_assert(sizeof(struct wire_get) == 16, "part of the protocol");
static_assert(sizeof(struct wire_put) == 16, "part of the protocol");
static_assert(sizeof(struct wire_fill) == 24, "part of the protocol");
static_assert(sizeof(struct wire_atomic) == 24, "part of the protocol");
static_assert(sizeof(struct wire_cas) == 32, "part of the protocol");
static_assert(sizeof(struct wire_alloc) == 24, "part of the protocol");
static_assert(sizeof(struct wire_free) == 16, "part of the protocol");
static_assert(sizeof(struct wire_resize) == 24, "part of the protocol");
static_assert(sizeof(struct wire_lookup) == 16, "part of the protocol");
static_assert(sizeof(struct wire_own) == 32, "part of the protocol");
static_assert(sizeof(struct wire_owners) == 24, "part of the protocol");
static_assert(sizeof(struct wire_owners_found) == 16, "part of the protocol");
static_assert(sizeof(struct wire_alloc_for) == 24, "part of the protocol");
static_assert(
	offsetof(struct wire_alloc_for, name_len) == offsetof(struct wire_alloc, owner) &&
		offsetof(struct wire_alloc_for, on_death) ==
			offsetof(struct wire_alloc, on_death) &&
		offsetof(struct wire_alloc_for, reserved) == offsetof(struct wire_alloc, reserved),
	"they begin alike, but for one byte");
static_assert(sizeof(struct wire_pool_create) == 64, "part of the protocol");
static_assert(sizeof(struct wire_pool) == 24, "part of the protocol");
static_assert(sizeof(struct wire_pool_list) == 16, "part of the protocol");
static_assert(sizeof(struct wire_pool_info) == 160, "part of the protocol");
static_assert(sizeof(struct wire_pool_nodes) == 16, "part of the protocol");
static_assert(sizeof(struct wire_pool_node) == 16, "part of the protocol");
static_assert(sizeof(struct wire_lock) == 16, "part of the protocol");
static_assert(sizeof(struct wire_lock_want) == 8, "part of the protocol");
static_assert(sizeof(struct wire_lock_grant) == 16, "part of the protocol");
static_assert(sizeof(struct wire_unlock) == 8, "part of the protocol");
static_assert(sizeof(struct wire_lock_return) == 8, "part of the protocol");
static_assert(sizeof(struct wire_lock_cancel) == 16, "part of the protocol");
static_assert(sizeof(struct wire_lock_id) == 16, "part of the protocol");
static_assert(sizeof(struct wire_lock_list) == 16, "part of the protocol");
static_assert(sizeof(struct wire_lock_info) == 96, "part of the protocol");
static_assert(sizeof(struct wire_put_fenced) == 32, "part of the protocol");
static_assert(sizeof(struct wire_signal) == 16, "part of the protocol");
static_assert(sizeof(struct wire_send) == 16, "part of the protocol");
static_assert(sizeof(struct wire_send_memory) == 32, "part of the protocol");
static_assert(sizeof(struct wire_inbox_open) == 32, "part of the protocol");
static_assert(sizeof(struct wire_inbox_credit) == 16, "part of the protocol");
static_assert(sizeof(struct wire_message_done) == 16, "part of the protocol");
static_assert(sizeof(struct wire_signalled) == 16, "part of the protocol");
static_assert(sizeof(struct wire_message) == 16, "part of the protocol");
static_assert(sizeof(struct wire_memory_message) == 40, "part of the protocol");
static_assert(sizeof(struct wire_barrier) == 24, "part of the protocol");
static_assert(sizeof(struct wire_node_list) == 16, "part of the protocol");
static_assert(sizeof(struct wire_node_info) == 32, "part of the protocol");
static_assert(sizeof(struct wire_stat_info) == 576, "part of the protocol");

/** What the length field of a request means for the size of its record. */
enum wire_tail {
	WIRE_TAIL_NONE = 0,   /**< nothing follows the fixed part */
	WIRE_TAIL_DATA = 1,   /**< len bytes of data follow */
	WIRE_TAIL_NAME = 2,   /**< len bytes of a name */
	WIRE_TAIL_NODES = 3,  /**< len bytes of node ids */
	WIRE_TAIL_OWNERS = 4, /**< len bytes of a name and node ids; POOL_CREATE: perhaps no ids */
	WIRE_TAIL_LOCKS = 5,  /**< len bytes of lock ids */
	WIRE_TAIL_WANTS = 6,  /**< len bytes of struct wire_lock_want */
	WIRE_TAIL_SEND = 7,   /**< len bytes of node ids and a message */
	WIRE_TAIL_GRANTS = 8, /**< len bytes of struct wire_lock_grant */
};

struct wire_op_info {
	uint8_t fixed; /**< bytes of the fixed part; 0: no such operation */
	uint8_t tail;  /**< enum wire_tail */
	uint16_t most; /**< bytes that may follow */
};

/** Indexed by the request's op, all 256 values. */
extern const struct wire_op_info wire_op_table[256];

/**
 * Write a record header, as one store: what reads it back soon, the checksum, then does not
 * wait for pieces of it to arrive in the cache.
 */
static inline void
wire_record_write(void *to, uint8_t op, uint8_t status, rte_be16_t id, uint32_t len)
{
	const struct wire_record rec = {
		.op = op, .status = status, .id = id, .len = rte_cpu_to_be_32(len)};
	uint64_t word;

#if RTE_BYTE_ORDER == RTE_LITTLE_ENDIAN
	word = rec.op | (uint64_t)rec.status << 8 | (uint64_t)rec.id << 16 |
	       (uint64_t)rec.len << 32;
#else
	word = (uint64_t)rec.op << 56 | (uint64_t)rec.status << 48 | (uint64_t)rec.id << 32 |
	       rec.len;
#endif
	__builtin_memcpy(to, &word, sizeof(word));
}

/** Name of an operation for people; "unknown" for others. */
const char *wire_op_name(uint8_t op);

static inline uint32_t
wire_pad(uint32_t len)
{
	return RTE_ALIGN_CEIL(len, 8u);
}

/** Zeros where data of @p len bytes at @p to is padded; before the data is put there. */
static inline void
wire_pad_clear(void *to, uint32_t len)
{
	if (len % 8 != 0)
		__builtin_memset((uint8_t *)to + RTE_ALIGN_FLOOR(len, 8u), 0, 8);
}

/**
 * Size of the request record at @p rec of which @p room bytes are there; 0 when the record is
 * malformed: unknown operation, or longer than the room.
 */
static inline uint32_t
wire_request_size(const struct wire_record *rec, uint32_t room)
{
	const struct wire_op_info *info;
	uint32_t size, len;

	if (unlikely(room < sizeof(*rec)))
		return 0;
	info = &wire_op_table[rec->op];
	size = info->fixed;
	if (info->tail != WIRE_TAIL_NONE) {
		len = rte_be_to_cpu_32(rec->len);
		if (unlikely(len > info->most))
			return 0;
		size += wire_pad(len);
	}
	return likely(size <= room) ? size : 0;
}

/**
 * Size of the event record at @p rec of which @p room bytes are there; 0 when it is none, or
 * malformed.
 */
static inline uint32_t
wire_event_size(const struct wire_record *rec, uint32_t room)
{
	uint32_t len, size;

	if (unlikely(room < sizeof(*rec)))
		return 0;
	len = rte_be_to_cpu_32(rec->len);
	switch (rec->op) {
	case WIRE_OP_MESSAGE:
		if (unlikely(len > WIRE_MESSAGE_MAX))
			return 0;
		size = (uint32_t)sizeof(struct wire_message) + wire_pad(len);
		break;
	case WIRE_OP_SIGNALLED:
		size = sizeof(struct wire_signalled);
		break;
	case WIRE_OP_MEMORY_MESSAGE:
		size = sizeof(struct wire_memory_message);
		break;
	default:
		return 0;
	}
	return likely(size <= room) ? size : 0;
}

/** Size of the response record at @p rec of which @p room bytes are there; 0 when malformed. */
static inline uint32_t
wire_response_size(const struct wire_record *rec, uint32_t room)
{
	uint32_t len;

	if (unlikely(room < sizeof(*rec)))
		return 0;
	len = rte_be_to_cpu_32(rec->len);
	if (unlikely(len > WIRE_DATA_MAX))
		return 0;
	len = (uint32_t)sizeof(*rec) + wire_pad(len);
	return likely(len <= room) ? len : 0;
}

#endif /* WIRE_RECORD_H */
